/* SPDX-License-Identifier: MIT */
#include "user/capture/checks_system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct feature_need {
	enum check_level missing; /* what its absence means */
	const char *since;        /* kernel, for the fix */
	const char *cost;
};

static const struct feature_need needs[FEATURE_COUNT] = {
	[FEATURE_TP_BTF] = {CHECK_FATAL, "5.5", "there is nothing to attach to, so nothing can be measured"},
	[FEATURE_RAW_TP] = {CHECK_FATAL, "4.17", "there is nothing to attach to, so nothing can be measured"},
	[FEATURE_TASK_STORAGE] = {CHECK_FATAL, "5.13",
				  "the state of a thread cannot be kept, so nothing can be measured"},
	[FEATURE_TASK_ITERATOR] =
		{CHECK_LIMITED, "5.8",
		 "what threads had begun before the attach is recognised at its next step only"},
	[FEATURE_RING_BUFFER] = {CHECK_FATAL, "5.8", "records cannot be sent, so nothing can be measured"},
	[FEATURE_RDONLY_CAST] = {CHECK_NOTE, "6.2", "kernel structures are read with a slower helper"},
	[FEATURE_PAGE_FAULTS] = {CHECK_LIMITED, "x86, or a newer kernel",
				 "time in page faults is not told apart from time on the CPU"},
	[FEATURE_RSS_STAT] = {CHECK_LIMITED, "5.8", "memory is polled from /proc: short peaks are missed"},
	[FEATURE_UPROBE] = {CHECK_LIMITED, "CONFIG_UPROBE_EVENTS=y",
			    "functions (--func, --usdt) cannot be probed; requests, calls and the rest can"},
	[FEATURE_UPROBE_MULTI] = {CHECK_NOTE, "6.6",
				  "many function probes attach and detach one by one, slowly"},
	[FEATURE_UPROBE_SESSION] = {CHECK_NOTE, "6.13", "a function's time takes two probes instead of one"},
	[FEATURE_READ_KERNEL] = {CHECK_FATAL, "5.5",
				 "kernel memory cannot be read, so nothing can be measured"},
};

static void judge_missing(const struct system_facts *facts, enum feature feature, struct check *list,
			  size_t *count)
{
	const struct feature_need *need = &needs[feature];
	int error = facts->feature[feature];
	bool refused = error == -EPERM || error == -EACCES;
	struct check *check =
		check_add(list, count, feature_name(feature), need->missing, "%s: %s (%s)",
			  feature_name(feature), refused ? "refused" : "missing", strerror(-error));
	if (need->missing == CHECK_FATAL)
		check->error = error;
	check_cost(check, "%s", need->cost);
	if (refused && feature >= FEATURE_UPROBE && feature <= FEATURE_UPROBE_SESSION)
		check_fix(check, "run it with sudo, or grant CAP_SYS_ADMIN");
	else if (refused)
		check_fix(check, "look for the refusal in the kernel log (dmesg)");
	else if (need->since[0] >= '0' && need->since[0] <= '9')
		check_fix(check, "use a kernel of %s or later", need->since);
	else
		check_fix(check, "needs %s", need->since);
}

size_t checks_features_judge(const struct system_facts *facts, struct check *list, size_t count)
{
	/* The cause has been named once: not again for each of them. */
	bool denied = system_denial(facts) != DENIAL_NONE;
	bool untyped = facts->feature[FEATURE_BTF] < 0;
	for (int i = FEATURE_BTF + 1; i < FEATURE_COUNT; i++) {
		enum feature feature = (enum feature)i;
		int answer = facts->feature[feature];
		if (!answer)
			check_add(list, &count, feature_name(feature), CHECK_OK, "there");
		else if (answer < 0 && !denied && !untyped)
			judge_missing(facts, feature, list, &count);
	}
	return count;
}
