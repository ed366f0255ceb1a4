/* SPDX-License-Identifier: MIT */
/* Durations and waits of an operation, each against what is typical of its path. */
#include "user/score/operation_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/statistics.h"

#define GROUP_VECTORS 30      /* fewer: no median of its own */
#define STALL_TIMES 15.0      /* beyond so many times the typical duration, time is stalled */
#define ERRATIC_TIMES 4.0     /* beyond so many times the typical wait, and ... */
#define ERRATIC_DURATIONS 1.0 /* ... so many typical durations, waiting is erratic */
#define CELL_FULL_WEIGHT 20.0 /* a cell with so many operations has half the weight of a large one */

static int vector_order(const void *a, const void *b)
{
	const struct pss_op *left = ((const struct score_vector *)a)->op,
			    *right = ((const struct score_vector *)b)->op;

	if (left->start_ns != right->start_ns)
		return left->start_ns < right->start_ns ? -1 : 1;
	if (left->duration_ns != right->duration_ns)
		return left->duration_ns < right->duration_ns ? -1 : 1;
	if (left->path != right->path)
		return left->path < right->path ? -1 : 1;
	return memcmp(left->component_ns, right->component_ns, sizeof(left->component_ns));
}

/* In an order that is not that of arrival: sums of doubles depend on it in their last bits. */
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
	qsort(builder->vector, builder->vectors, sizeof(*builder->vector), vector_order);
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

/* Of a component (PSS_C_COUNT: of the duration) over a group; group 0: over all. */
static struct score_typical group_typical(const struct score_builder *builder, struct weighted *item,
					  unsigned group, int component)
{
	struct score_typical typical = {0};
	double zero = 0;
	size_t count = 0;

	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		if (group && vector->group != group)
			continue;
		uint64_t value = component < PSS_C_COUNT ? vector->op->component_ns[component]
							 : vector->op->duration_ns;
		item[count++] = (struct weighted){.value = (double)value, .weight = vector->weight};
		typical.weight += vector->weight;
		zero += value ? 0 : vector->weight;
	}
	if (zero * 2 >= typical.weight)
		return typical;
	typical.median_ns = weighted_select(item, count, 0.5);
	double around = weighted_select(item, count, 0.6) - weighted_select(item, count, 0.4);
	if (around > 0)
		typical.density = 0.2 / around;
	return typical;
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
		builder->typical_ns[g] = group_typical(builder, item, g, PSS_C_COUNT).median_ns;
		for (int c = 0; c < PSS_C_COUNT; c++)
			builder->wait[g][c] = g && !wait_by_path(c) ? builder->wait[0][c]
								    : group_typical(builder, item, g, c);
	}
	if (!builder->groups)
		builder->typical_ns[0] = series_median(builder->series, builder->typical_ns[0]);
	free(item);
	return 0;
}

static void mean_add(struct score_mean *mean, double value, double weight, double trust)
{
	mean->weight += weight;
	mean->x += weight * value;
	mean->trust += trust;
	mean->trust_x += trust * value;
	mean->trust_xx += trust * value * value;
}

struct timed {
	size_t cell;
	double duration_ns, typical_ns, residual, weight, trust;
};

static void timing_add(struct score_builder *builder, const struct timed *timed)
{
	struct score_cell *cell = &builder->cell[timed->cell];
	struct score_sums *sums = &builder->operation->block[cell->block];
	double residual = timed->residual, weight = timed->weight;

	sums->weight += weight;
	sums->above2 += weight * (residual > 0 ? residual * residual : 0);
	sums->time_ns += weight * timed->duration_ns;
	sums->stalled_ns += weight * fmax(0, timed->duration_ns - STALL_TIMES * timed->typical_ns);
	sums->residual_bin[sums_residual_bin(residual)] += weight;
	mean_add(&cell->level, fmax(residual, -1), weight,
		 timed->trust); /* how quick the quick are matters little */
	mean_add(&cell->upper, 2 * fmax(0, residual), weight, timed->trust);
}

static void timing_from_vectors(struct score_builder *builder)
{
	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		struct timed timed = {
			.cell = vector->cell,
			.duration_ns = fmax(1, (double)vector->op->duration_ns),
			.typical_ns = fmax(1, builder->typical_ns[vector->group]),
			.weight = vector->weight,
			.trust = vector->weight * vector->weight,
		};
		timed.residual = log(timed.duration_ns / timed.typical_ns);
		timing_add(builder, &timed);
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
		struct timed timed = {.cell = builder->cell_of[w], .typical_ns = typical};
		double spread = builder->cell[timed.cell].spread;
		for (int i = -1; i < sketch->buckets; i++) { /* -1: what is below 1 ns */
			timed.weight = i < 0 ? sketch->zero : sketch->weight[i];
			timed.duration_ns = i < 0 ? 1 : value[sketch->first + i];
			timed.residual = i < 0 ? -log(typical) : residual[sketch->first + i];
			timed.trust = timed.weight * spread;
			if (timed.weight > 0)
				timing_add(builder, &timed);
		}
	}
}

static double cell_weight(double operations)
{
	return operations / (operations + CELL_FULL_WEIGHT);
}

/* The mean of a cell with its variance by linearisation, as of any ratio of sums. */
static void mean_moves(const struct score_mean *mean, double operations, struct sums_moving *moving)
{
	double cases = mean->trust > 0 ? mean->weight * mean->weight / mean->trust : 0;

	if (cases < 2)
		return;
	double x = mean->x / mean->weight;
	double squares = mean->trust_xx - 2 * x * mean->trust_x + x * x * mean->trust;
	double noise = fmax(0, squares) / (mean->weight * mean->weight) * cases / (cases - 1);
	sums_moving_add(moving, x, noise, cell_weight(operations));
}

void builder_timing(struct score_builder *builder)
{
	if (builder->groups)
		timing_from_vectors(builder);
	else
		timing_from_sketches(builder);
	for (size_t i = 0; i < builder->cells; i++) {
		const struct score_cell *cell = &builder->cell[i];
		struct score_sums *sums = &builder->operation->block[cell->block];
		mean_moves(&cell->level, cell->operations, &sums->level);
		mean_moves(&cell->upper, cell->operations, &sums->upper);
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

/* Which group's median a wait is compared with. */
static unsigned wait_group(const struct score_vector *vector, int component)
{
	return wait_by_path(component) ? vector->group : 0;
}

/*
 * How erratic time changes with the median that it is measured against, over
 * what moves that median: the median of a resample is off by
 * (1/2 - share of waits up to the median) / density, to first order.
 */
static void median_influence(const struct score_builder *builder,
			     double influence[SCORE_GROUPS + 1][PSS_C_COUNT])
{
	for (size_t i = 0; i < builder->vectors; i++) {
		const struct score_vector *vector = &builder->vector[i];
		for (int c = 0; c < PSS_C_COUNT; c++) {
			unsigned group = wait_group(vector, c);
			const struct score_typical *typical = &builder->wait[group][c];
			double wait = (double)vector->op->component_ns[c];
			double beyond = ERRATIC_DURATIONS * builder->typical_ns[vector->group];
			if (typical->density > 0 && wait > ERRATIC_TIMES * typical->median_ns + beyond)
				influence[group][c] -=
					ERRATIC_TIMES * vector->weight / (typical->density * typical->weight);
		}
	}
}

static void waits_add(struct score_builder *builder, const struct score_vector *vector,
		      double influence[SCORE_GROUPS + 1][PSS_C_COUNT])
{
	struct score_sums *sums = &builder->operation->block[builder->cell[vector->cell].block];
	double beyond = ERRATIC_DURATIONS * builder->typical_ns[vector->group];

	sums->waited_of_ns += vector->weight * (double)vector->op->duration_ns;
	for (int c = 0; c < PSS_C_COUNT; c++) {
		unsigned group = wait_group(vector, c);
		double wait = (double)vector->op->component_ns[c], usual = builder->wait[group][c].median_ns;
		double side = wait <= usual ? -0.5 : 0.5; /* sums to 0 over the group */
		double erratic = fmax(0, wait - ERRATIC_TIMES * usual - beyond);
		sums->erratic_ns[c] += vector->weight * (erratic + side * influence[group][c]);
	}
}

void builder_waits(struct score_builder *builder)
{
	double variance[PSS_C_COUNT] = {0}, influence[SCORE_GROUPS + 1][PSS_C_COUNT] = {{0}};

	median_influence(builder, influence);
	for (size_t i = 0; i < builder->vectors; i++) {
		struct score_sums *sums =
			&builder->operation->block[builder->cell[builder->vector[i].cell].block];
		waits_add(builder, &builder->vector[i], influence);
		moments_add(sums, &builder->vector[i]);
	}
	share_variance(builder, variance);
	shares_add(builder, variance);
}
