/* SPDX-License-Identifier: MIT */
/* The pypss profile's result in a report that run_report has filled. */
#ifndef PSS_SCORE_PYPSS_REPORT_H
#define PSS_SCORE_PYPSS_REPORT_H

#include "user/score/pypss.h"

/*
 * Replaces PSS, dimensions, verdict and scoring; the rest of the report stays.
 * columns NULL: the run came from a capture, and the columns are made of its
 * recorded operations of the scored kinds, each counted once whatever its
 * weight. 0; -EDOM where pypss raises an error, with one line in `message`;
 * -ENOMEM.
 */
int pypss_report(const struct pss_run *run, const struct pypss_columns *columns,
		 const struct pss_config *config, struct pss_report *report, char *message, size_t size);

#endif
