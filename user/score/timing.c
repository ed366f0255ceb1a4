/* SPDX-License-Identifier: MIT */
/* Timing stability: how alike the durations of an operation are, and stay. */
#include "user/score/sums.h"

#include <math.h>

#define SPREAD_SCALE 2.5 /* standard deviation of log duration that halves the score */
#define TAIL_SCALE 6.0   /* mean log distance of the slowest from the median that halves it */
#define TAIL_SHARE 0.02
#define WIDTH_COST 0.35  /* the most that a wide but steady distribution costs */
#define DRIFT_SCALE 0.65 /* standard deviation of the mean log duration from cell to cell that halves it */

/* Mean residual of the slowest 2 %, over the median. */
static double tail_log(const double *bin)
{
	double total = 0, left, sum = 0;

	for (int i = 0; i < SUMS_RESIDUAL_BINS; i++)
		total += bin[i];
	left = total * TAIL_SHARE;
	for (int i = SUMS_RESIDUAL_BINS - 1; i >= 0 && left > 0; i--) {
		double take = fmin(left, bin[i]);
		sum += take * (SUMS_RESIDUAL_FIRST + SUMS_RESIDUAL_WIDTH * (i + 0.5));
		left -= take;
	}
	if (total <= 0)
		return 0;
	return fmax(0, sum / (total * TAIL_SHARE) - sums_residual_quantile(bin, 0.5));
}

/* 1 at 0, one half at scale; variance may be slightly below 0 by chance. */
static double falling(double variance, double scale)
{
	return 1 / (1 + fmax(variance / (scale * scale), -0.3));
}

double score_timing(const struct score_sums *sums, struct score_timing *detail)
{
	/* Of the upper half: an operation that is quicker than usual does not hurt anybody. */
	double variance = 2 * sums->above2 / sums->weight;
	double tail = tail_log(sums->residual_bin);
	double drift = (sums_moving_variance(&sums->level) + sums_moving_variance(&sums->upper)) / 2;
	double stalled = sums->time_ns > 0 ? sums->stalled_ns / sums->time_ns : 0;
	struct score_timing factor = {
		.spread = falling(variance, SPREAD_SCALE),
		.tail = falling(tail * tail, TAIL_SCALE),
		.drift = falling(drift, DRIFT_SCALE),
		.stall = 1 - stalled,
		.sigma = sqrt(variance),
		.tail_log = tail,
		.drift_log = sqrt(fmax(0, drift)),
		.stalled_share = stalled,
	};

	factor.width = 1 - WIDTH_COST * (1 - factor.spread * factor.tail);
	if (detail)
		*detail = factor;
	return fmax(0, factor.width * factor.drift * factor.stall);
}
