/* SPDX-License-Identifier: MIT */
#include "user/score/sums.h"

#include <math.h>

_Static_assert(sizeof(struct score_sums) % sizeof(double) == 0, "sums are doubles only");

void sums_add(struct score_sums *into, const struct score_sums *from)
{
	double *to = (double *)into;
	const double *of = (const double *)from;

	for (size_t i = 0; i < sizeof(*into) / sizeof(double); i++)
		to[i] += of[i];
}

void sums_moving_add(struct sums_moving *moving, double value, double noise, double weight)
{
	moving->weight += weight;
	moving->weight2 += weight * weight;
	moving->x += weight * value;
	moving->xx += weight * value * value;
	moving->noise += weight * noise;
}

double sums_moving_variance(const struct sums_moving *moving)
{
	if (moving->weight <= 0)
		return 0;
	double cells = moving->weight * moving->weight / moving->weight2;
	double mean = moving->x / moving->weight;
	double variance = fmax(0, moving->xx / moving->weight - mean * mean);

	if (cells < 1.5)
		return 0;
	return variance * cells / (cells - 1) - moving->noise / moving->weight;
}

int sums_residual_bin(double residual)
{
	double bin = floor((residual - SUMS_RESIDUAL_FIRST) / SUMS_RESIDUAL_WIDTH);

	if (!(bin > 0))
		return 0;
	return bin < SUMS_RESIDUAL_BINS - 1 ? (int)bin : SUMS_RESIDUAL_BINS - 1;
}

double sums_residual_quantile(const double *bin, double q)
{
	double total = 0, sum = 0;

	for (int i = 0; i < SUMS_RESIDUAL_BINS; i++)
		total += bin[i];
	if (total <= 0)
		return 0;
	for (int i = 0; i < SUMS_RESIDUAL_BINS; i++) {
		if (bin[i] > 0 && sum + bin[i] >= q * total) {
			double within = (q * total - sum) / bin[i];
			return SUMS_RESIDUAL_FIRST + SUMS_RESIDUAL_WIDTH * (i + fmax(0, within));
		}
		sum += bin[i];
	}
	return SUMS_RESIDUAL_FIRST + SUMS_RESIDUAL_WIDTH * SUMS_RESIDUAL_BINS;
}
