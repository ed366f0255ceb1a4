/* SPDX-License-Identifier: MIT */
#include "user/score/score.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "user/cause/attribution.h"
#include "user/score/resample.h"
#include "user/score/statistics.h"

/* From the exact totals alone, whose order does not matter. */
static uint64_t run_seed(const struct pss_run *run)
{
	uint64_t seed = 0;

	for (size_t i = 0; i < run->series_count; i++) {
		const struct pss_series *series = &run->series[i];
		/* Hostile files hold sums beyond any integer. */
		uint64_t operations = (uint64_t)fmin(score_series_operations(series), 1e19);
		seed += pss_path_key(operations, (uint32_t)series->windows);
		seed ^= (uint64_t)fmin(score_series_duration(series), 1e19);
	}
	return seed + run->memory_count;
}

struct candidate {
	const struct pss_series *series;
	double time;
};

static int candidate_order(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->time != right->time)
		return left->time > right->time ? -1 : 1;
	return strcmp(left->series->name, right->series->name);
}

/* The series of these kinds, largest time first; returns how many are taken. */
static size_t candidates_of(const struct pss_run *run, unsigned kinds, struct candidate *candidate)
{
	size_t count = 0;

	for (size_t i = 0; i < run->series_count; i++) {
		const struct pss_series *series = &run->series[i];
		if (!(kinds & 1u << series->kind) || score_series_operations(series) <= 0)
			continue;
		candidate[count].series = series;
		candidate[count++].time = score_series_duration(series);
	}
	qsort(candidate, count, sizeof(*candidate), candidate_order);
	return count < SCORE_NAMES ? count : SCORE_NAMES;
}

static void score_set(struct pss_score *score, double value, const char *why)
{
	*score = (struct pss_score){.measured = !why, .why = why};
	if (!why)
		score->value = score->lo = score->hi = value;
}

static void row_score(struct score_row *row, const struct pss_config *config)
{
	const struct score_sums *sums = &row->operation.total;
	double value[PSS_DIM_COUNT];

	for (int d = 0; d < PSS_DIM_COUNT; d++)
		score_set(&row->dimension[d], 0, row->operation.why[d]);
	score_dimensions(row, sums, value);
	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		if (row->dimension[d].measured) {
			row->unclipped[d] = value[d];
			value[d] = fmin(1, value[d]);
			score_set(&row->dimension[d], value[d], NULL);
		}
	}
	if (row->dimension[PSS_DIM_TIMING].measured)
		score_timing(sums, &row->timing);
	if (row->dimension[PSS_DIM_ERRORS].measured)
		score_errors(sums, &row->errors);
	if (row->dimension[PSS_DIM_BRANCHING].measured)
		score_branching(sums, &row->branching);
	if (row->dimension[PSS_DIM_CONCURRENCY].measured)
		score_concurrency(sums, row->operation.series->kind, &row->concurrency);
	double mean = score_weighted(value, config->weight);
	score_set(&row->pss, mean, isnan(mean) ? row->operation.why[PSS_DIM_TIMING] : NULL);
	if (isnan(mean) && !row->pss.why)
		row->pss.why = "nothing could be measured";
}

static void rows_share(struct score_result *result)
{
	double time = 0, tries = 0;

	for (size_t r = 0; r < result->rows; r++) {
		time += score_series_duration(result->row[r].operation.series);
		tries += score_series_operations(result->row[r].operation.series);
	}
	for (size_t r = 0; r < result->rows; r++) {
		struct score_row *row = &result->row[r];
		row->tries_share = score_series_operations(row->operation.series) / tries;
		row->time_share = row->tries_share;
		if (time > 0)
			row->time_share = score_series_duration(row->operation.series) / time;
	}
}

/* A failed operation can be over in no time, so errors weigh by tries as much as by time. */
static double row_share(const struct score_row *row, int dimension)
{
	return dimension == PSS_DIM_ERRORS ? (row->time_share + row->tries_share) / 2 : row->time_share;
}

static void combine_dimension(struct score_result *result, int dimension)
{
	double total = 0, sum = 0;
	const char *why = "no operations were seen";

	for (size_t r = 0; r < result->rows; r++) {
		const struct score_row *row = &result->row[r];
		if (row->dimension[dimension].measured)
			total += row_share(row, dimension);
		else if (!r)
			why = row->dimension[dimension].why;
	}
	for (size_t r = 0; r < result->rows && total > 0; r++) {
		struct score_row *row = &result->row[r];
		if (!row->dimension[dimension].measured)
			continue;
		row->weight[dimension] = row_share(row, dimension) / total;
		sum += row->weight[dimension] * row->dimension[dimension].value;
	}
	score_set(&result->dimension[dimension], sum, total > 0 ? NULL : why);
}

/* Signals that ask a program to end; any other that ended it was not meant to. */
static bool signal_asked_for(int code)
{
	return code == SIGTERM || code == SIGINT || code == SIGHUP || code == SIGQUIT || code == SIGALRM ||
	       code == SIGUSR1 || code == SIGUSR2;
}

static void count_crashes(const struct pss_run *run, struct score_result *result)
{
	for (size_t i = 0; i < run->abnormal_count; i++) {
		const struct pss_life *life = &run->abnormal[i];
		if (life->err_class == PSS_ERR_OOM) {
			result->out_of_memory++;
			result->crashes++;
		} else if (life->err_class == PSS_ERR_SIGNAL && !signal_asked_for(life->err_code)) {
			result->crashes++;
		} else if (life->err_class == PSS_ERR_EXIT && life->tgid == run->meta.pid) {
			result->crashes += 0.5;
		}
	}
}

/* The dimension as a whole, for what happened to the process and not to an operation. */
static void dimension_scale(struct score_result *result, int dimension, double factor)
{
	struct pss_score *score = &result->dimension[dimension];

	if (!score->measured)
		return;
	score->value *= factor;
	score->lo *= factor;
	score->hi *= factor;
}

static void combine(struct score_result *result, const struct pss_config *config)
{
	double value[PSS_DIM_COUNT];

	rows_share(result);
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		if (d != PSS_DIM_MEMORY)
			combine_dimension(result, d);
	result->dimension[PSS_DIM_MEMORY] = result->memory.score;
	dimension_scale(result, PSS_DIM_MEMORY, result->out_of_memory ? 0.2 : 1);
	dimension_scale(result, PSS_DIM_ERRORS, 1 / (1 + result->crashes));
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		value[d] = result->dimension[d].measured ? result->dimension[d].value : NAN;
	const struct pss_score *timing = &result->dimension[PSS_DIM_TIMING];
	double mean = score_weighted(value, config->weight);
	const char *why = timing->measured ? NULL : timing->why;
	score_set(&result->pss, mean, isnan(mean) && !why ? "all weights are 0" : why);
}

static int rows_build(const struct pss_run *run, unsigned kinds, const struct pss_config *config,
		      struct score_result *result)
{
	struct candidate *candidate = calloc(run->series_count + 1, sizeof(*candidate));
	size_t count = candidate ? candidates_of(run, kinds, candidate) : 0;
	int err = 0;

	result->row = calloc(count + 1, sizeof(*result->row));
	if (!candidate || !result->row)
		err = -ENOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		struct score_row *row = &result->row[result->rows++];
		row->sure_cause = -1;
		err = score_operation_build(&row->operation, run, candidate[i].series, config);
		if (!err)
			row_score(row, config);
	}
	free(candidate);
	return err;
}

int score_run(const struct pss_run *run, unsigned kinds, const struct pss_config *config,
	      struct score_result *result)
{
	unsigned resamples = config->live ? RESAMPLES_LIVE : RESAMPLES;
	uint64_t seed = run_seed(run);

	memset(result, 0, sizeof(*result));
	int err = rows_build(run, kinds, config, result);
	if (!err)
		err = score_memory_run(run, config, resamples, seed, &result->memory);
	if (err)
		return err;
	count_crashes(run, result);
	combine(result, config);
	err = score_intervals(result, config, resamples, seed);
	for (size_t r = 0; r < result->rows && !err && !config->live; r++)
		cause_attribute(&result->row[r], seed);
	result->verdict = score_verdict(result);
	return err;
}

void score_free(struct score_result *result)
{
	for (size_t r = 0; r < result->rows; r++)
		score_operation_free(&result->row[r].operation);
	free(result->row);
	memset(result, 0, sizeof(*result));
}
