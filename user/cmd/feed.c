/* SPDX-License-Identifier: MIT */
#include "user/cmd/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "user/util/log.h"

int feed_take(struct feed *feed, const struct pss_record_head *head, const void *payload)
{
	int error = run_feed(feed->run, head, payload);
	if (error != -EPROTO)
		return error;
	feed->refused[head->type < FEED_TYPES ? head->type : 0]++;
	return 0;
}

void feed_complain(const struct feed *feed)
{
	static const char *const name[FEED_TYPES] = {
		"of unknown type", "about the capture", "of names", "of operations",
		"of totals",       "of memory",         "of life",  "of errors",
		"of losses",       "of costs",          "of ticks", "of the end",
	};
	char text[400] = "";
	uint64_t all = 0;
	int used = 0;
	for (int i = 0; i < FEED_TYPES; i++) {
		if (!feed->refused[i])
			continue;
		if (used >= 0 && (size_t)used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - (size_t)used, "%s%" PRIu64 " %s",
					 all ? ", " : "", feed->refused[i], name[i]);
		all += feed->refused[i];
	}
	if (all)
		pss_log(PSS_LOG_WARN, "%" PRIu64 " records contradict the rest and were left out: %s", all,
			text);
}
