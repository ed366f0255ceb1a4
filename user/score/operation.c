/* SPDX-License-Identifier: MIT */
#include "user/score/operation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/operation_internal.h"

#define CELLS_WANTED 16
#define CELL_LEAST 5.0
#define CELL_MOST 10.0

size_t score_windows(const struct pss_run *run)
{
	size_t most = 0;

	for (size_t i = 0; i < run->series_count; i++)
		if (run->series[i].windows > most)
			most = run->series[i].windows;
	return most;
}

double score_series_operations(const struct pss_series *series)
{
	double sum = 0;

	if (series->exact)
		return (double)series->count;
	for (size_t i = 0; i < series->windows; i++)
		sum += series->window[i].weight;
	return sum;
}

double score_series_duration(const struct pss_series *series)
{
	double sum = 0;

	if (series->exact)
		return series->duration_ns;
	for (size_t i = 0; i < series->windows; i++)
		sum += series->window[i].duration_ns;
	return sum;
}

static double window_operations(const struct pss_series *series, size_t index)
{
	const struct pss_window *window = &series->window[index];

	if (series->exact)
		return window->exact ? window->exact->operations : 0;
	return window->weight;
}

size_t score_series_windows(const struct pss_series *series)
{
	size_t count = 0;

	for (size_t i = 0; i < series->windows; i++)
		count += window_operations(series, i) > 0;
	return count;
}

/* What cells are measured out by: vectors, where there are any. */
static double window_evidence(const struct pss_series *series, size_t index)
{
	return series->samples ? (double)series->window[index].recorded : window_operations(series, index);
}

static double cell_size(const struct pss_series *series)
{
	double sum = 0;

	for (size_t i = 0; i < series->windows; i++)
		sum += window_evidence(series, i);
	double size = sum / CELLS_WANTED;
	if (size < CELL_LEAST)
		return CELL_LEAST;
	return size > CELL_MOST ? CELL_MOST : size;
}

/* Divides the windows into cells; returns how many. A small rest joins the last cell. */
static size_t cells_divide(struct score_builder *builder)
{
	const struct pss_series *series = builder->series;
	double size = cell_size(series), sum = 0;
	size_t cells = 0, open_from = 0;

	for (size_t i = 0; i < series->windows; i++) {
		builder->cell_of[i] = (uint16_t)cells;
		sum += window_evidence(series, i);
		if (sum >= size) {
			cells++;
			open_from = i + 1;
			sum = 0;
		}
	}
	if (!cells)
		return 1;
	for (size_t i = open_from; i < series->windows; i++)
		builder->cell_of[i] = (uint16_t)(cells - 1);
	return cells;
}

static void cell_add_window(struct score_cell *cell, const struct pss_series *series, size_t index)
{
	const struct pss_window *window = &series->window[index];
	const struct pss_window_exact *exact = series->exact ? window->exact : NULL;

	cell->weight += window->weight;
	cell->weight2 += window->weight_squares;
	if (series->exact && !exact)
		return;
	cell->operations += exact ? exact->operations : window->weight;
	cell->duration_ns += exact ? exact->duration_ns : window->duration_ns;
	cell->errors += exact ? exact->errors : window->errors;
	for (int i = 0; i < PSS_C_COUNT; i++)
		cell->component_ns[i] += exact ? exact->component_ns[i] : window->component_ns[i];
}

static void cell_settle(struct score_cell *cell, bool exact)
{
	double effective = cell->weight2 > 0 ? cell->weight * cell->weight / cell->weight2 : 0;

	cell->spread = exact || effective <= 0 ? 1 : cell->weight / effective;
}

int builder_cells(struct score_builder *builder)
{
	const struct pss_series *series = builder->series;
	size_t windows = score_windows(builder->run);

	builder->cell_of = calloc(series->windows + 1, sizeof(*builder->cell_of));
	if (!builder->cell_of)
		return -ENOMEM;
	builder->cells = cells_divide(builder);
	builder->cell = calloc(builder->cells, sizeof(*builder->cell));
	if (!builder->cell)
		return -ENOMEM;
	for (size_t i = series->windows; i-- > 0;) {
		struct score_cell *cell = &builder->cell[builder->cell_of[i]];
		cell->block = i * builder->operation->blocks / windows;
		cell_add_window(cell, series, i);
	}
	for (size_t i = 0; i < builder->cells; i++)
		cell_settle(&builder->cell[i], series->exact);
	return 0;
}

static void block_basics(struct score_builder *builder)
{
	for (size_t i = 0; i < builder->cells; i++) {
		const struct score_cell *cell = &builder->cell[i];
		struct score_sums *sums = &builder->operation->block[cell->block];
		if (cell->operations <= 0)
			continue;
		sums->cells++;
		sums->operations += cell->operations;
		sums->duration_ns += cell->duration_ns;
		for (int c = 0; c < PSS_C_COUNT; c++)
			sums->component_ns[c] += cell->component_ns[c];
		sums->tries += cell->operations;
		sums->failures += cell->errors;
		sums->tries2 += cell->operations * cell->operations;
		sums->failures2 += cell->errors * cell->errors;
		sums->tries_failures += cell->operations * cell->errors;
		sums->tries_spread += cell->operations * cell->spread;
	}
}

static int builder_fill(struct score_builder *builder)
{
	int err = builder_cells(builder);

	if (!err)
		err = builder_routes(builder);
	if (!err)
		err = builder_vectors(builder);
	if (!err)
		err = builder_typical(builder);
	if (!err)
		err = builder_novelty(builder);
	if (err)
		return err;
	block_basics(builder);
	builder_timing(builder);
	builder_waits(builder);
	builder_divergence(builder);
	return 0;
}

/* Says which dimensions cannot be told, and why. */
static void operation_lacks(struct score_operation *operation, const struct pss_config *config)
{
	const struct pss_series *series = operation->series;
	const struct score_sums *sums = &operation->total;
	const char *few = NULL;

	if (score_series_operations(series) < config->min_operations)
		few = "too few operations";
	else if (score_series_windows(series) < config->min_windows)
		few = "too short: too few windows with operations";
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		operation->why[i] = few;
	operation->why[PSS_DIM_MEMORY] = "memory is measured for the whole process";
	if (few)
		return;
	if (sums->weight <= 0)
		operation->why[PSS_DIM_TIMING] = "no durations were recorded";
	if (sums->routed <= 0)
		operation->why[PSS_DIM_BRANCHING] = "no paths were recorded";
	if (sums->waited_of_ns <= 0)
		operation->why[PSS_DIM_CONCURRENCY] = "no operation records: waits cannot be told apart";
}

int score_operation_build(struct score_operation *operation, const struct pss_run *run,
			  const struct pss_series *series, const struct pss_config *config)
{
	struct score_builder *builder = calloc(1, sizeof(*builder));
	size_t windows = score_windows(run);
	int err = -ENOMEM;

	memset(operation, 0, sizeof(*operation));
	operation->series = series;
	operation->blocks = windows < SCORE_BLOCKS ? windows : SCORE_BLOCKS;
	operation->block = calloc(operation->blocks + 1, sizeof(*operation->block));
	if (builder && operation->block) {
		builder->run = run;
		builder->series = series;
		builder->operation = operation;
		pss_window_init(&builder->paths);
		err = builder_fill(builder);
		pss_window_free(&builder->paths);
		free(builder->cell_of);
		free(builder->cell);
		free(builder->vector);
	}
	free(builder);
	for (size_t i = 0; !err && i < operation->blocks; i++) {
		sums_add(&operation->total, &operation->block[i]);
		operation->filled += operation->block[i].operations > 0;
	}
	if (!err)
		operation_lacks(operation, config);
	return err;
}

void score_operation_free(struct score_operation *operation)
{
	free(operation->block);
	memset(operation, 0, sizeof(*operation));
}
