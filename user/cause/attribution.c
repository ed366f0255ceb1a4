/* SPDX-License-Identifier: MIT */
#include "user/cause/attribution.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/statistics.h"

#define DRAWS 200
#define SURE 0.95
/* A coefficient of variation below this is the clock's, not the program's. */
#define LEAST_VARIATION 1e-3

bool cause_variance(const struct score_sums *sums, double *share)
{
	if (sums->moment <= 0)
		return false;
	double mean = sums->moment_t / sums->moment;
	double variance = sums->moment_tt / sums->moment - mean * mean;

	if (!(variance > LEAST_VARIATION * LEAST_VARIATION * mean * mean))
		return false;
	for (int c = 0; c < PSS_C_COUNT; c++)
		share[c] = (sums->moment_ct[c] - sums->moment_c[c] * mean) / (sums->moment * variance);
	return true;
}

static int largest(const double *share)
{
	int best = 0;

	for (int c = 1; c < PSS_C_COUNT; c++)
		if (share[c] > share[best])
			best = c;
	return best;
}

/* The component that carries most in nearly all draws of blocks, or -1. */
static int sure_cause(const struct score_operation *operation, uint64_t seed)
{
	struct random_stream stream = {seed};
	unsigned first[PSS_C_COUNT] = {0};
	struct score_sums sums;
	struct score_draw draw;

	for (unsigned i = 0; i < DRAWS; i++) {
		double share[PSS_C_COUNT];
		memset(&draw, 0, sizeof(draw));
		for (size_t b = 0; b < operation->blocks; b++)
			draw.times[random_below(&stream, operation->blocks)]++;
		score_draw_sums(operation, &draw, &sums);
		if (cause_variance(&sums, share))
			first[largest(share)]++;
	}
	for (int c = 0; c < PSS_C_COUNT; c++)
		if (first[c] >= SURE * DRAWS)
			return c;
	return -1;
}

/* Means of the components over the vectors between two durations. */
static double band_mean(const struct pss_series *series, double low, double high, double *mean)
{
	double total = 0;

	memset(mean, 0, (PSS_C_COUNT + 1) * sizeof(*mean));
	for (size_t i = 0; i < series->samples; i++) {
		const struct pss_op *op = &series->sample[i].op;
		double weight = pss_sample_weight(series, &series->sample[i]);
		if ((double)op->duration_ns < low || (double)op->duration_ns > high)
			continue;
		total += weight;
		mean[PSS_C_COUNT] += weight * (double)op->duration_ns;
		for (int c = 0; c < PSS_C_COUNT; c++)
			mean[c] += weight * (double)op->component_ns[c];
	}
	for (int c = 0; c <= PSS_C_COUNT && total > 0; c++)
		mean[c] /= total;
	return total;
}

/* What the slowest hundredth spends more than the middle fifth, by component. */
static bool tail_shares(const struct pss_series *series, double *share)
{
	struct weighted *item = calloc(series->samples, sizeof(*item));
	double middle[PSS_C_COUNT + 1], tail[PSS_C_COUNT + 1];

	if (!item)
		return false;
	for (size_t i = 0; i < series->samples; i++) {
		item[i].value = (double)series->sample[i].op.duration_ns;
		item[i].weight = pss_sample_weight(series, &series->sample[i]);
	}
	weighted_sort(item, series->samples);
	double p40 = weighted_quantile(item, series->samples, 0.4);
	double p60 = weighted_quantile(item, series->samples, 0.6);
	double p99 = weighted_quantile(item, series->samples, 0.99);
	free(item);
	if (band_mean(series, p40, p60, middle) <= 0 || band_mean(series, p99, INFINITY, tail) <= 0)
		return false;
	double difference = tail[PSS_C_COUNT] - middle[PSS_C_COUNT];
	if (!(difference > 0))
		return false;
	for (int c = 0; c < PSS_C_COUNT; c++)
		share[c] = (tail[c] - middle[c]) / difference;
	return true;
}

void cause_attribute(struct score_row *row, uint64_t seed)
{
	const struct pss_series *series = row->operation.series;

	row->sure_cause = -1;
	if (series->samples < ATTRIBUTION_LEAST)
		return;
	if (!cause_variance(&row->operation.total, row->variance_share))
		return;
	row->attributed = tail_shares(series, row->tail_share);
	if (row->attributed)
		row->sure_cause = sure_cause(&row->operation, seed);
}
