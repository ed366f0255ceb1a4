/* SPDX-License-Identifier: MIT */
/* The paths of an operation: which there are, how their mix moves, how many are new. */
#include "user/score/operation_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "user/score/statistics.h"

#define ROUTE_REST (SUMS_PATHS - 1)
#define GROUP_SHARE 0.05 /* of the operations: a way of its own, with its own typical duration */
#define RARE_SHARE 0.01  /* rarer paths are one for the comparison of mixes */

/*
 * Steps without waits for locks, and what they leave side by side folded. A
 * lock is seen in the steps only when it was contended: that is a matter of
 * time, not of way. 0 when the steps are not all known.
 */
static uint64_t steps_without_locks(uint64_t steps)
{
	uint64_t result = 0;
	unsigned last = 0, count = 0;

	if (steps >> 56)
		return 0;
	for (; steps; steps >>= 8) {
		unsigned step = steps & 0xff;
		if (step == PSS_SC_LOCK || step == last)
			continue;
		result |= (uint64_t)step << (8 * count++);
		last = step;
	}
	return result;
}

static bool steps_have_lock(uint64_t steps)
{
	for (; steps; steps >>= 8)
		if ((steps & 0xff) == PSS_SC_LOCK)
			return true;
	return false;
}

/* The most frequent path that differs from this one by its lock waits alone. */
static unsigned route_canonical(const struct pss_window *paths, unsigned index)
{
	uint64_t steps = paths->path[index].steps, plain = steps_without_locks(steps);
	unsigned best = index;
	double weight = 0;

	if (!plain || !steps_have_lock(steps))
		return index;
	for (unsigned i = 0; i < paths->paths; i++) {
		const struct pss_path_count *other = &paths->path[i];
		if (other->weight > weight && other->tag_id == paths->path[index].tag_id &&
		    !steps_have_lock(other->steps) && steps_without_locks(other->steps) == plain) {
			best = i;
			weight = other->weight;
		}
	}
	return best;
}

unsigned builder_route(const struct score_builder *builder, uint64_t path, uint32_t tag_id)
{
	int index = pss_window_find_path(&builder->paths, path, tag_id);

	return index < 0 ? ROUTE_REST : builder->canonical[index];
}

static bool routes_known(const struct score_builder *builder)
{
	const struct pss_window *paths = &builder->paths;

	if (paths->paths != 1)
		return paths->paths > 0;
	return paths->path[0].path || paths->path[0].tag_id;
}

static void routes_share(struct score_builder *builder, double total)
{
	const struct pss_window *paths = &builder->paths;

	builder->canonical[ROUTE_REST] = ROUTE_REST;
	builder->route_share[ROUTE_REST] = paths->path_overflow / total;
	for (unsigned i = 0; i < paths->paths; i++) {
		builder->canonical[i] = route_canonical(paths, i);
		builder->route_share[builder->canonical[i]] += paths->path[i].weight / total;
	}
	for (unsigned i = 0; i < paths->paths; i++)
		if (builder->route_share[i] >= GROUP_SHARE && builder->groups < SCORE_GROUPS)
			builder->group_of[i] = ++builder->groups;
}

int builder_routes(struct score_builder *builder)
{
	const struct pss_series *series = builder->series;
	double total = 0;

	for (size_t i = 0; i < series->windows; i++) {
		int err = pss_window_merge_paths(&builder->paths, &series->window[i]);
		if (err)
			return err;
		total += series->window[i].weight;
	}
	if (total > 0)
		routes_share(builder, total);
	for (size_t i = 0; i < series->windows && total > 0; i++) {
		const struct pss_window *window = &series->window[i];
		struct score_cell *cell = &builder->cell[builder->cell_of[i]];
		for (unsigned p = 0; p < window->paths; p++)
			cell->route[builder_route(builder, window->path[p].path, window->path[p].tag_id)] +=
				window->path[p].weight;
		cell->route[ROUTE_REST] += window->path_overflow;
	}
	return 0;
}

/* One path's part of the Jensen-Shannon divergence between two mixes, in bits. */
static double divergence_part(double p, double q)
{
	double middle = (p + q) / 2, sum = 0;

	if (p > 0)
		sum += p * log2(p / middle);
	if (q > 0)
		sum += q * log2(q / middle);
	return sum / 2;
}

/*
 * What that part is on average when n operations are drawn from the mix q
 * itself: of second order where many are expected, summed over the Poisson
 * distribution where few are.
 */
static double divergence_by_chance(double q, double n)
{
	double expected = q * n;

	if (expected > 8)
		return (1 - q) / (8 * n * M_LN2);
	double probability = exp(-expected), sum = 0;
	for (int k = 0; k < 30; k++) {
		sum += probability * divergence_part(k / n, q);
		probability *= expected / (k + 1);
	}
	return sum * (1 - q);
}

static double cell_divergence(const struct score_builder *builder, const struct score_cell *cell, double n,
			      double total)
{
	double rest_p = 0, rest_q = 0, divergence = 0, chance = 0;

	for (unsigned i = 0; i < SUMS_PATHS; i++) {
		double q = builder->route_share[i], p = cell->route[i] / cell->weight;
		if (q <= 0 && p <= 0)
			continue;
		if (i == ROUTE_REST || q < RARE_SHARE) {
			rest_p += p;
			rest_q += q;
			continue;
		}
		divergence += divergence_part(p, q);
		chance += divergence_by_chance(q, n);
	}
	if (rest_q > 0) {
		divergence += divergence_part(rest_p, rest_q);
		chance += divergence_by_chance(rest_q, n);
	}
	return divergence - chance * fmax(0, 1 - n / total);
}

void builder_divergence(struct score_builder *builder)
{
	double total = 0;

	if (!routes_known(builder))
		return;
	for (size_t i = 0; i < builder->cells; i++)
		if (builder->cell[i].weight2 > 0)
			total += builder->cell[i].weight * builder->cell[i].weight / builder->cell[i].weight2;
	for (size_t i = 0; i < builder->cells; i++) {
		const struct score_cell *cell = &builder->cell[i];
		struct score_sums *sums = &builder->operation->block[cell->block];
		if (cell->weight2 <= 0)
			continue;
		double n = cell->weight * cell->weight / cell->weight2;
		sums->routed += n;
		sums->shift += n * cell_divergence(builder, cell, n, total);
		for (unsigned r = 0; r < SUMS_PATHS; r++)
			sums->path[r] += cell->route[r];
	}
}

struct keyed {
	uint64_t key;
	size_t cell;
};

static int keyed_order(const void *a, const void *b)
{
	const struct keyed *left = a, *right = b;

	return left->key < right->key ? -1 : left->key > right->key;
}

/*
 * Good and Turing: the share of paths seen once is the chance that the next
 * operation takes one never seen.
 */
int builder_novelty(struct score_builder *builder)
{
	if (!routes_known(builder) || !builder->vectors)
		return 0;
	struct keyed *keyed = calloc(builder->vectors, sizeof(*keyed));
	if (!keyed)
		return -ENOMEM;
	for (size_t i = 0; i < builder->vectors; i++) {
		const struct pss_op *op = builder->vector[i].op;
		unsigned route = builder_route(builder, op->path, op->tag_id);
		keyed[i].key = route == ROUTE_REST ? pss_path_key(op->path, op->tag_id) : route;
		keyed[i].cell = builder->vector[i].cell;
	}
	qsort(keyed, builder->vectors, sizeof(*keyed), keyed_order);
	for (size_t i = 0; i < builder->vectors; i++) {
		struct score_sums *sums = &builder->operation->block[builder->cell[keyed[i].cell].block];
		bool alone = (!i || keyed[i - 1].key != keyed[i].key) &&
			     (i + 1 == builder->vectors || keyed[i + 1].key != keyed[i].key);
		sums->fresh_of++;
		sums->fresh += alone;
	}
	free(keyed);
	return 0;
}
