/* SPDX-License-Identifier: MIT */
#include "user/report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void pss_report_init(struct pss_report *report)
{
	memset(report, 0, sizeof(*report));
}

void pss_report_free(struct pss_report *report)
{
	for (size_t i = 0; i < report->operations; i++)
		free(report->operation[i].name);
	for (size_t i = 0; i < report->findings; i++) {
		free(report->finding[i].operation);
		free(report->finding[i].cause);
		free(report->finding[i].evidence);
		free(report->finding[i].advice);
	}
	for (size_t i = 0; i < report->errors; i++) {
		free(report->error[i].endpoint);
		free(report->error[i].what);
	}
	free(report->operation);
	free(report->finding);
	free(report->error);
	free(report->window);
	pss_report_init(report);
}

int pss_report_points(double score)
{
	if (!isfinite(score) || score <= 0)
		return 0;
	return score >= 100 ? 100 : (int)nearbyint(score);
}

bool pss_report_has_interval(const struct pss_report *report, const struct pss_score *score)
{
	return score->measured && report->scoring == PSS_SCORING_NATIVE && isfinite(score->lo) &&
	       isfinite(score->hi);
}
