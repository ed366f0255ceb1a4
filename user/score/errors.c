/* SPDX-License-Identifier: MIT */
/* Error volatility: how many operations fail, and whether they fail in bursts. */
#include "user/score/sums.h"

#include <math.h>

#define RATE_SCALE 0.03 /* error rate that halves the score */
#define BURST_WEIGHT 0.5

double score_error_rate(double rate)
{
	double bad = fmin(1, fmax(0, rate));

	return (1 - bad) / (1 + bad / RATE_SCALE);
}

/*
 * Between cells a rate p varies by chance by p(1-p) times the tries; what it
 * varies more is burstiness. Its standard deviation counts as if the rate were
 * higher by half of it: steady errors are judged by their rate, bursts by what they
 * are like while they last, and a rare error by neither.
 */
double score_errors(const struct score_sums *sums, struct score_errors *detail)
{
	double rate = sums->tries > 0 ? fmin(1, sums->failures / sums->tries) : 0;
	double squares = sums->failures2 - 2 * rate * sums->tries_failures + rate * rate * sums->tries2;
	double chance = rate * (1 - rate) * sums->tries_spread;
	double cells = sums->tries2 > 0 ? sums->tries * sums->tries / sums->tries2 : 0;
	double burst = 0;

	if (cells > 1.5)
		squares *= cells / (cells - 1);
	if (sums->tries2 > 0)
		burst = sqrt(fmax(0, squares - chance) / sums->tries2);
	if (detail)
		*detail = (struct score_errors){
			.rate = rate,
			.burst = burst,
			.dispersion = chance > 0 ? squares / chance : 1,
		};
	return score_error_rate(rate + BURST_WEIGHT * burst);
}
