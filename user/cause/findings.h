/* SPDX-License-Identifier: MIT */
/* Says what moved the score, how far, and what to do about it. */
#ifndef PSS_FINDINGS_H
#define PSS_FINDINGS_H

#include "user/score/score.h"

/* Fills report->finding, worst first. 0 or -ENOMEM, and what was found so far is there. */
int cause_findings(const struct pss_run *run, const struct score_result *result,
		   const struct pss_config *config, struct pss_report *report);

#endif
