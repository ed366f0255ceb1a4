/* SPDX-License-Identifier: MIT */
/*
 * Records on their way into a run, live or from a file. One that contradicts
 * the stream is left out and counted by its type; the rest is still good.
 */
#ifndef PSS_FEED_H
#define PSS_FEED_H

#include "user/window/run.h"

#define FEED_TYPES (PSS_REC_END + 1)

struct feed {
	struct pss_run *run;
	uint64_t refused[FEED_TYPES]; /* by type; 0: of types beyond */
};

/* 0, or a negative errno that ends the stream. */
int feed_take(struct feed *feed, const struct pss_record_head *head, const void *payload);
/* One line of warning when something was left out. */
void feed_complain(const struct feed *feed);

#endif
