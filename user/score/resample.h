/* SPDX-License-Identifier: MIT */
/* Block bootstrap: intervals of all scores from one set of draws. */
#ifndef PSS_SCORE_RESAMPLE_H
#define PSS_SCORE_RESAMPLE_H

#include "user/score/score.h"

#define RESAMPLES 200
#define RESAMPLES_LIVE 40
#define RESAMPLED_NAMES 24 /* the largest by time; the others count without an interval */

/* Value of each dimension of one operation; NAN where it cannot be told. */
void score_dimensions(const struct score_row *row, const struct score_sums *sums, double *value);

/* Fills the intervals of rows, dimensions and PSS around the values that are there. */
int score_intervals(struct score_result *result, const struct pss_config *config, unsigned resamples,
		    uint64_t seed);

/* Weighted mean of the dimensions that are no NAN, 0..100; NAN when none is. */
double score_weighted(const double *value, const double *weight);

#endif
