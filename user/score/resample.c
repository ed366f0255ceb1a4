/* SPDX-License-Identifier: MIT */
#include "user/score/resample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/statistics.h"

/* Resamples vary a little less than runs do; by simulation (tests/unit/test_coverage.c). */
#define WIDER 1.2

/* Running moments of one value over the draws. */
struct moments {
	double count, sum, squares;
};

struct interval_set {
	struct moments row[RESAMPLED_NAMES][PSS_DIM_COUNT], row_pss[RESAMPLED_NAMES];
	struct moments dimension[PSS_DIM_COUNT], pss;
	struct score_sums sums;
};

void score_dimensions(const struct score_row *row, const struct score_sums *sums, double *value)
{
	enum pss_op_kind kind = row->operation.series->kind;

	for (int d = 0; d < PSS_DIM_COUNT; d++)
		value[d] = NAN;
	if (row->dimension[PSS_DIM_TIMING].measured && sums->weight > 0)
		value[PSS_DIM_TIMING] = score_timing(sums, NULL);
	if (row->dimension[PSS_DIM_ERRORS].measured && sums->tries > 0)
		value[PSS_DIM_ERRORS] = score_errors(sums, NULL);
	if (row->dimension[PSS_DIM_BRANCHING].measured && sums->routed > 0)
		value[PSS_DIM_BRANCHING] = score_branching(sums, NULL);
	if (row->dimension[PSS_DIM_CONCURRENCY].measured && sums->waited_of_ns > 0)
		value[PSS_DIM_CONCURRENCY] = score_concurrency(sums, kind, NULL);
}

double score_weighted(const double *value, const double *weight)
{
	double sum = 0, total = 0;

	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		if (isnan(value[d]) || weight[d] <= 0)
			continue;
		sum += weight[d] * value[d];
		total += weight[d];
	}
	return total > 0 ? 100 * sum / total : NAN;
}

void score_draw_sums(const struct score_operation *operation, const struct score_draw *draw,
		     struct score_sums *sums)
{
	double *to = (double *)sums;

	memset(sums, 0, sizeof(*sums));
	for (size_t b = 0; b < operation->blocks; b++) {
		const double *of = (const double *)&operation->block[b];
		double times = draw->times[b];
		if (times == 0 || operation->block[b].operations <= 0)
			continue;
		for (size_t i = 0; i < sizeof(*sums) / sizeof(double); i++)
			to[i] += times * of[i];
	}
}

static void moments_add(struct moments *moments, double value)
{
	if (isnan(value))
		return;
	moments->count++;
	moments->sum += value;
	moments->squares += value * value;
}

/* Half the width of the interval; n: how many blocks there were to draw from. */
static double moments_half(const struct moments *moments, double n)
{
	if (moments->count < 2 || n < 2)
		return 0;
	double mean = moments->sum / moments->count;
	double variance = fmax(0, moments->squares / moments->count - mean * mean);

	return WIDER * student_t95(n - 1) * sqrt(variance * n / (n - 1));
}

static void draw_blocks(struct random_stream *stream, size_t blocks, struct score_draw *draw)
{
	memset(draw, 0, sizeof(*draw));
	draw->blocks = blocks;
	for (size_t i = 0; i < blocks; i++)
		draw->times[random_below(stream, blocks)]++;
}

/* The weight of a row in a draw: its share of time for all but errors, which are per try. */
static double draw_weight(const struct score_row *row, const struct score_sums *sums, int dimension)
{
	double time = row->operation.total.duration_ns, tries = row->operation.total.tries, factor = 1;

	if (sums && time > 0)
		factor = sums->duration_ns / time;
	if (sums && dimension == PSS_DIM_ERRORS && tries > 0)
		factor = (factor + sums->tries / tries) / 2;
	return row->weight[dimension] * factor;
}

/* Scores one draw. */
static void draw_score(const struct score_result *result, const struct pss_config *config,
		       const struct score_draw *draw, struct interval_set *set)
{
	double sum[PSS_DIM_COUNT] = {0}, weight[PSS_DIM_COUNT] = {0}, combined[PSS_DIM_COUNT];

	for (size_t r = 0; r < result->rows; r++) {
		const struct score_row *row = &result->row[r];
		double value[PSS_DIM_COUNT];
		bool drawn = r < RESAMPLED_NAMES;
		if (drawn) {
			score_draw_sums(&row->operation, draw, &set->sums);
			score_dimensions(row, &set->sums, value);
			moments_add(&set->row_pss[r], score_weighted(value, config->weight));
		}
		for (int d = 0; d < PSS_DIM_COUNT; d++) {
			if (!drawn)
				value[d] = row->dimension[d].measured ? row->unclipped[d] : NAN;
			else
				moments_add(&set->row[r][d], value[d]);
			if (isnan(value[d]))
				continue;
			double part = draw_weight(row, drawn ? &set->sums : NULL, d);
			sum[d] += part * fmin(1, value[d]);
			weight[d] += part;
		}
	}
	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		combined[d] = weight[d] > 0 ? sum[d] / weight[d] : NAN;
		moments_add(&set->dimension[d], combined[d]);
	}
	if (result->dimension[PSS_DIM_MEMORY].measured)
		combined[PSS_DIM_MEMORY] = result->dimension[PSS_DIM_MEMORY].value;
	moments_add(&set->pss, score_weighted(combined, config->weight));
}

static void score_around(struct pss_score *score, double middle, double half, double most)
{
	if (!score->measured)
		return;
	score->lo = fmax(0, fmin(score->value, middle - half));
	score->hi = fmin(most, fmax(score->value, middle + half));
}

/* Errors that did not happen to be seen: Wilson's interval of the rate, where it is wider. */
static void errors_interval(struct score_row *row)
{
	const struct score_sums *sums = &row->operation.total;
	struct pss_score *score = &row->dimension[PSS_DIM_ERRORS];
	double lo, hi, burst = row->errors.burst / 2;

	if (!score->measured || sums->tries <= 0 || sums->tries_spread <= 0)
		return;
	double tries = sums->tries * sums->tries / sums->tries_spread;
	wilson_interval(row->errors.rate * tries, tries, &lo, &hi);
	score->lo = fmin(score->lo, score_error_rate(hi + burst));
	score->hi = fmax(score->hi, score_error_rate(lo + burst));
}

static double square(double value)
{
	return value * value;
}

/*
 * At least as wide as the rows' own intervals together: the draws know
 * nothing of errors that were not seen, and little of scores that are at 1.
 */
static void combined_interval(struct score_result *result, int dimension)
{
	struct pss_score *score = &result->dimension[dimension];
	double below = 0, above = 0;

	for (size_t r = 0; r < result->rows; r++) {
		const struct score_row *row = &result->row[r];
		const struct pss_score *part = &row->dimension[dimension];
		if (!part->measured)
			continue;
		below += square(row->weight[dimension] * (part->value - part->lo));
		above += square(row->weight[dimension] * (part->hi - part->value));
	}
	if (!score->measured)
		return;
	score->lo = fmax(0, fmin(score->lo, score->value - sqrt(below)));
	score->hi = fmin(1, fmax(score->hi, score->value + sqrt(above)));
}

/* Adds in quadrature what the draws of blocks do not move, or not enough. */
static void pss_interval(struct score_result *result, const struct pss_config *config, double half,
			 const double *drawn)
{
	double total = 0, below = square(half), above = square(half);

	if (!result->pss.measured)
		return;
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		total += result->dimension[d].measured ? config->weight[d] : 0;
	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		const struct pss_score *score = &result->dimension[d];
		double scale = 100 * config->weight[d] / total;
		if (!score->measured)
			continue;
		below += fmax(0, square(scale * (score->value - score->lo)) - square(scale * drawn[d]));
		above += fmax(0, square(scale * (score->hi - score->value)) - square(scale * drawn[d]));
	}
	result->pss.lo = fmax(0, result->pss.value - sqrt(below));
	result->pss.hi = fmin(100, result->pss.value + sqrt(above));
}

static void fill_intervals(struct score_result *result, const struct pss_config *config,
			   const struct interval_set *set)
{
	double blocks = 0, half[PSS_DIM_COUNT] = {0};

	for (size_t r = 0; r < result->rows && r < RESAMPLED_NAMES; r++) {
		struct score_row *row = &result->row[r];
		double n = (double)row->operation.filled;
		blocks = fmax(blocks, n);
		for (int d = 0; d < PSS_DIM_COUNT; d++)
			score_around(&row->dimension[d], row->unclipped[d], moments_half(&set->row[r][d], n),
				     1);
		score_around(&row->pss, row->pss.value, moments_half(&set->row_pss[r], n), 100);
	}
	for (size_t r = 0; r < result->rows; r++)
		errors_interval(&result->row[r]);
	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		if (d == PSS_DIM_MEMORY)
			continue;
		half[d] = moments_half(&set->dimension[d], blocks);
		score_around(&result->dimension[d], result->dimension[d].value, half[d], 1);
		combined_interval(result, d);
	}
	pss_interval(result, config, moments_half(&set->pss, blocks), half);
}

int score_intervals(struct score_result *result, const struct pss_config *config, unsigned resamples,
		    uint64_t seed)
{
	struct interval_set *set = calloc(1, sizeof(*set));
	struct random_stream stream = {seed};
	struct score_draw draw;

	if (!set)
		return -ENOMEM;
	for (unsigned i = 0; i < resamples && result->rows; i++) {
		draw_blocks(&stream, result->row[0].operation.blocks, &draw);
		draw_score(result, config, &draw, set);
	}
	fill_intervals(result, config, set);
	free(set);
	return 0;
}
