/* SPDX-License-Identifier: MIT */
/* Durations and waits of an operation, each against what is typical of its path. */
#include "user/score/operation_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "user/score/statistics.h"

#define GROUP_VECTORS 30      /* fewer: no median of its own */
#define STALL_TIMES 10.0      /* beyond so many times the typical duration, time is stalled */
#define ERRATIC_TIMES 4.0     /* beyond so many times the typical wait, waiting is erratic */
#define CELL_FULL_WEIGHT 20.0 /* a cell with so many operations has half the weight of a large one */

int builder_vectors(struct score_builder *builder)
{
	const struct pss_series *series = builder->series;

	if (!series->samples)
		return 0;
	builder->vector = calloc(series->samples, sizeof(*builder->vector));
	if (!builder->vector)
		return -ENOMEM;
	for (size_t i = 0; i < series->samples; i++) {
		const struct pss_op *op = &series->sample[i].op;
		size_t window = run_window_index(builder->run, op->start_ns + op->duration_ns);
		double weight = pss_sample_weight(series, &series->sample[i]);
		if (weight <= 0 || window >= series->windows)
			continue;
		builder->vector[builder->vectors++] = (struct score_vector){
			.op = op,
			.weight = weight,
			.group = builder->group_of[builder_route(builder, op->path, op->tag_id)],
			.cell = builder->cell_of[window],
		};
	}
	return 0;
}

/* Takes back the groups that have too few vectors; one alone is no group either. */
static void groups_settle(struct score_builder *builder)
{
	size_t count[SCORE_GROUPS + 1] = {0};
	unsigned left = 0;

	for (size_t i = 0; i < builder->vectors; i++)
		count[builder->vector[i].group]++;
	for (unsigned g = 1; g <= builder->groups; g++)
		left += count[g] >= GROUP_VECTORS;
	for (size_t i = 0; i < builder->vectors; i++)
		if (left < 2 || count[builder->vector[i].group] < GROUP_VECTORS)
			builder->vector[i].group = 0;
	if (left < 2)
		builder->groups = 0;
}

/* Median of a component (PSS_C_COUNT: of the duration) over a group; group 0: over all. */
static double group_median(const struct score_builder *builder, struct weighted *item, unsigned group,
			   int component)
{
	double total = 0, zero = 0;
	size_t count = 0;

	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		if (group && vector->group != group)
			continue;
		uint64_t value = component < PSS_C_COUNT ? vector->op->component_ns[component]
							 : vector->op->duration_ns;
		item[count++] = (struct weighted){.value = (double)value, .weight = vector->weight};
		total += vector->weight;
		zero += value ? 0 : vector->weight;
	}
	if (zero * 2 >= total)
		return 0;
	weighted_sort(item, count);
	return weighted_quantile(item, count, 0.5);
}

static double series_median(const struct pss_series *series, double fallback)
{
	struct pss_sketch sketch;
	double median = NAN;
	int err = 0;

	if (!series->exact)
		return fallback;
	pss_sketch_init(&sketch);
	for (size_t i = 0; i < series->windows && !err; i++)
		if (series->window[i].exact)
			err = pss_sketch_merge(&sketch, &series->window[i].exact->latency);
	if (!err)
		median = pss_sketch_quantile(&sketch, 0.5);
	pss_sketch_free(&sketch);
	return isnan(median) ? fallback : median;
}

/* Waits that come with contention are compared with all operations', whatever the path. */
static bool wait_by_path(int component)
{
	return component != PSS_C_LOCK && component != PSS_C_RUNQ && component != PSS_C_FAULT;
}

int builder_typical(struct score_builder *builder)
{
	struct weighted *item = calloc(builder->vectors + 1, sizeof(*item));

	if (!item)
		return -ENOMEM;
	groups_settle(builder);
	for (unsigned g = 0; g <= builder->groups; g++) {
		builder->typical_ns[g] = group_median(builder, item, g, PSS_C_COUNT);
		for (int c = 0; c < PSS_C_COUNT; c++)
			builder->typical_wait_ns[g][c] = g && !wait_by_path(c)
								 ? builder->typical_wait_ns[0][c]
								 : group_median(builder, item, g, c);
	}
	if (!builder->groups)
		builder->typical_ns[0] = series_median(builder->series, builder->typical_ns[0]);
	free(item);
	return 0;
}

static void timing_add(struct score_builder *builder, size_t cell, double duration_ns, double typical_ns,
		       double residual, double weight)
{
	struct score_sums *sums = &builder->operation->block[builder->cell[cell].block];
	int bin = sums_residual_bin(residual);

	sums->weight += weight;
	sums->residual += weight * residual;
	sums->residual2 += weight * residual * residual;
	sums->time_ns += weight * duration_ns;
	sums->stalled_ns += weight * fmax(0, duration_ns - STALL_TIMES * typical_ns);
	sums->residual_bin[bin] += weight;
	builder->cell[cell].bin[bin] += weight;
}

static void timing_from_vectors(struct score_builder *builder)
{
	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		double typical = fmax(1, builder->typical_ns[vector->group]);
		double duration = fmax(1, (double)vector->op->duration_ns);
		timing_add(builder, vector->cell, duration, typical, log(duration / typical), vector->weight);
	}
}

/* Where all operations are compared with one median, the windows' own histograms are exact. */
static void timing_from_sketches(struct score_builder *builder)
{
	const struct pss_series *series = builder->series;
	double typical = fmax(1, builder->typical_ns[0]);
	double value[PSS_SKETCH_BUCKETS], residual[PSS_SKETCH_BUCKETS];

	for (int i = 0; i < PSS_SKETCH_BUCKETS; i++) {
		value[i] = pss_sketch_value(i);
		residual[i] = log(value[i] / typical);
	}
	for (size_t w = 0; w < series->windows; w++) {
		const struct pss_window *window = &series->window[w];
		const struct pss_sketch *sketch = &window->latency;
		if (series->exact && !window->exact)
			continue;
		if (series->exact)
			sketch = &window->exact->latency;
		size_t cell = builder->cell_of[w];
		if (sketch->zero > 0)
			timing_add(builder, cell, 1, typical, -log(typical), sketch->zero);
		for (int i = 0; i < sketch->buckets; i++) {
			int bucket = sketch->first + i;
			if (sketch->weight[i] > 0)
				timing_add(builder, cell, value[bucket], typical, residual[bucket],
					   sketch->weight[i]);
		}
	}
}

static double cell_weight(double operations)
{
	return operations / (operations + CELL_FULL_WEIGHT);
}

/* A quantile of a cell, and its sampling variance by the order statistics around it. */
static void cell_quantile(const struct score_cell *cell, double q, double effective,
			  struct sums_moving *moving)
{
	double around = sqrt(q * (1 - q) / effective);
	double low = sums_residual_quantile(cell->bin, fmax(0.5 / effective, q - around));
	double high = sums_residual_quantile(cell->bin, fmin(1 - 0.5 / effective, q + around));
	double half = (high - low) / 2;

	sums_moving_add(moving, sums_residual_quantile(cell->bin, q), half * half, cell_weight(effective));
}

/* Independent vectors in each cell, where latencies come from the sample. */
static void effective_from_vectors(struct score_builder *builder)
{
	for (size_t i = 0; i < builder->vectors; i++) {
		struct score_cell *cell = &builder->cell[builder->vector[i].cell];
		cell->vector_weight += builder->vector[i].weight;
		cell->vector_weight2 += builder->vector[i].weight * builder->vector[i].weight;
	}
	for (size_t i = 0; i < builder->cells; i++) {
		struct score_cell *cell = &builder->cell[i];
		cell->effective = cell->vector_weight2 > 0
					  ? cell->vector_weight * cell->vector_weight / cell->vector_weight2
					  : 0;
	}
}

void builder_timing(struct score_builder *builder)
{
	if (builder->groups) {
		timing_from_vectors(builder);
		effective_from_vectors(builder);
	} else {
		timing_from_sketches(builder);
	}
	for (size_t i = 0; i < builder->cells; i++) {
		const struct score_cell *cell = &builder->cell[i];
		struct score_sums *sums = &builder->operation->block[cell->block];
		if (cell->effective < 1)
			continue;
		cell_quantile(cell, 0.5, cell->effective, &sums->quantile[0]);
		cell_quantile(cell, 0.9, cell->effective, &sums->quantile[1]);
	}
}

static void moments_add(struct score_sums *sums, const struct score_vector *vector)
{
	double duration = (double)vector->op->duration_ns;

	sums->moment += vector->weight;
	sums->moment_t += vector->weight * duration;
	sums->moment_tt += vector->weight * duration * duration;
	for (int c = 0; c < PSS_C_COUNT; c++) {
		double part = (double)vector->op->component_ns[c];
		sums->moment_c[c] += vector->weight * part;
		sums->moment_ct[c] += vector->weight * part * duration;
	}
}

/*
 * Sampling variance of a component's share in a cell of n operations: the
 * share is a ratio of sums, so by linearisation that of (c - share * T) / (n * mean T).
 */
static void shares_add(struct score_builder *builder, const double *variance)
{
	for (size_t i = 0; i < builder->cells; i++) {
		const struct score_cell *cell = &builder->cell[i];
		struct score_sums *sums = &builder->operation->block[cell->block];
		if (cell->duration_ns <= 0 || cell->operations <= 0)
			continue;
		double n = cell->operations / cell->spread, mean = cell->duration_ns / cell->operations;
		for (int c = 0; c < PSS_C_COUNT; c++)
			sums_moving_add(&sums->share[c], cell->component_ns[c] / cell->duration_ns,
					variance[c] / (n * mean * mean), cell_weight(n));
	}
}

static void share_variance(const struct score_builder *builder, double *variance)
{
	double weight = 0, time = 0, part[PSS_C_COUNT] = {0};

	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		weight += vector->weight;
		time += vector->weight * (double)vector->op->duration_ns;
		for (int c = 0; c < PSS_C_COUNT; c++)
			part[c] += vector->weight * (double)vector->op->component_ns[c];
	}
	for (size_t i = 0; i < builder->vectors && time > 0; i++) {
		const struct score_vector *vector = &builder->vector[i];
		for (int c = 0; c < PSS_C_COUNT; c++) {
			double error = (double)vector->op->component_ns[c] -
				       part[c] / time * (double)vector->op->duration_ns;
			variance[c] += vector->weight / weight * error * error;
		}
	}
}

void builder_waits(struct score_builder *builder)
{
	double variance[PSS_C_COUNT] = {0};

	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		struct score_sums *sums = &builder->operation->block[builder->cell[vector->cell].block];
		const double *typical = builder->typical_wait_ns[vector->group];
		sums->waited_of_ns += vector->weight * (double)vector->op->duration_ns;
		for (int c = 0; c < PSS_C_COUNT; c++)
			sums->erratic_ns[c] += vector->weight * fmax(0, (double)vector->op->component_ns[c] -
										ERRATIC_TIMES * typical[c]);
		moments_add(sums, vector);
	}
	share_variance(builder, variance);
	shares_add(builder, variance);
}
