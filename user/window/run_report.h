/* SPDX-License-Identifier: MIT */
/* Between the files that fill a report from a run; nobody else includes this. */
#ifndef PSS_RUN_REPORT_H
#define PSS_RUN_REPORT_H

#include "user/score/score.h"

/* Which kinds to score, and why, in one sentence. Sets scored_kinds, kinds_forced, scored_why. */
void report_choose_kinds(const struct pss_run *run, const struct pss_config *config,
			 struct pss_report *report);

/* All: 0 or -ENOMEM. */
int report_operations(const struct pss_run *run, const struct score_result *result,
		      struct pss_report *report);
int report_windows(const struct pss_run *run, struct pss_report *report);
int report_errors(const struct pss_run *run, struct pss_report *report);

double report_duration_s(const struct pss_run *run);

#endif
