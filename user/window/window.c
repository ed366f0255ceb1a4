/* SPDX-License-Identifier: MIT */
#include "user/window/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/window/run.h"

void pss_window_init(struct pss_window *window)
{
	memset(window, 0, sizeof(*window));
	pss_sketch_init(&window->latency);
}

void pss_window_free(struct pss_window *window)
{
	pss_sketch_free(&window->latency);
	if (window->exact)
		pss_sketch_free(&window->exact->latency);
	free(window->exact);
	free(window->path);
	pss_window_init(window);
}

/* The finaliser of splitmix64 (Steele, Lea, Flood: OOPSLA 2014), a bijection. */
uint64_t pss_path_key(uint64_t path, uint32_t tag_id)
{
	uint64_t key = path + 0x9e3779b97f4a7c15ULL * ((uint64_t)tag_id + 1);

	key = (key ^ (key >> 30)) * 0xbf58476d1ce4e5b9ULL;
	key = (key ^ (key >> 27)) * 0x94d049bb133111ebULL;
	return key ^ (key >> 31);
}

static uint64_t entry_key(const struct pss_path_count *entry)
{
	return pss_path_key(entry->path, entry->tag_id);
}

/* Index of the first entry whose key is not below. */
static unsigned path_place(const struct pss_window *window, uint64_t key)
{
	unsigned low = 0, high = window->paths;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (entry_key(&window->path[middle]) < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int pss_window_find_path(const struct pss_window *window, uint64_t path, uint32_t tag_id)
{
	unsigned at = path_place(window, pss_path_key(path, tag_id));

	if (at < window->paths && window->path[at].path == path && window->path[at].tag_id == tag_id)
		return (int)at;
	return -1;
}

static int paths_reserve(struct pss_window *window, unsigned more)
{
	unsigned want = window->paths + more;

	if (want > PSS_WINDOW_PATHS)
		want = PSS_WINDOW_PATHS;
	if (want <= window->path_room)
		return 0;
	unsigned room = window->path_room ? window->path_room : 2;
	while (room < want)
		room *= 2;
	void *path = realloc(window->path, room * sizeof(*window->path));
	if (!path)
		return -ENOMEM;
	window->path = path;
	window->path_room = room;
	return 0;
}

/*
 * Room has been reserved. The paths with the smallest keys stay: one that is
 * put out was never among the smallest of any longer stream either, so that
 * those that stay have been counted from their first operation on.
 */
static void path_add(struct pss_window *window, const struct pss_path_count *entry)
{
	unsigned at = path_place(window, entry_key(entry));

	if (at < window->paths && window->path[at].path == entry->path &&
	    window->path[at].tag_id == entry->tag_id) {
		window->path[at].weight += entry->weight;
		if (entry->steps < window->path[at].steps)
			window->path[at].steps = entry->steps;
		return;
	}
	if (at == PSS_WINDOW_PATHS) {
		window->path_overflow += entry->weight;
		return;
	}
	if (window->paths == PSS_WINDOW_PATHS) {
		window->paths--;
		window->path_overflow += window->path[window->paths].weight;
	}
	memmove(&window->path[at + 1], &window->path[at], (window->paths - at) * sizeof(*window->path));
	window->path[at] = *entry;
	window->paths++;
}

int pss_window_add(struct pss_window *window, const struct pss_op *op)
{
	double weight = op->weight;
	struct pss_path_count entry = {
		.path = op->path,
		.steps = op->path_steps,
		.tag_id = op->tag_id,
		.weight = weight,
	};
	int err = paths_reserve(window, 1);

	if (!err)
		err = pss_sketch_add(&window->latency, (double)op->duration_ns, weight);
	if (err)
		return err;
	path_add(window, &entry);
	window->weight += weight;
	window->weight_squares += weight * weight;
	window->units += weight * (op->units ? op->units : 1);
	window->errors += op->err_class != PSS_ERR_NONE ? weight : 0;
	window->recorded++;
	window->duration_ns += weight * (double)op->duration_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		window->component_ns[i] += weight * (double)op->component_ns[i];
	return 0;
}

static int window_exact(struct pss_window *window)
{
	if (window->exact)
		return 0;
	window->exact = calloc(1, sizeof(*window->exact));
	return window->exact ? 0 : -ENOMEM;
}

/* In a sketch of its own first, so that a failure changes nothing. */
static int stats_sketch(struct pss_sketch *sketch, const struct pss_stats *stats,
			const struct pss_stats_bucket *pairs)
{
	for (uint32_t i = 0; i < stats->buckets; i++) {
		double low = pss_hist_floor(pairs[i].index), high = pss_hist_floor(pairs[i].index + 1);
		double middle = (low + high) / 2;

		if (!pairs[i].count)
			continue;
		if (stats->max_ns && middle > (double)stats->max_ns)
			middle = (double)stats->max_ns;
		int err = pss_sketch_add(sketch, middle, pairs[i].count);
		if (err)
			return err;
	}
	return 0;
}

int pss_window_add_stats(struct pss_window *window, const struct pss_stats *stats,
			 const struct pss_stats_bucket *pairs)
{
	struct pss_sketch sketch;

	pss_sketch_init(&sketch);
	int err = stats_sketch(&sketch, stats, pairs);
	if (!err)
		err = window_exact(window);
	if (!err)
		err = pss_sketch_merge(&window->exact->latency, &sketch);
	pss_sketch_free(&sketch);
	if (err)
		return err;
	struct pss_window_exact *exact = window->exact;
	exact->operations += (double)stats->count;
	exact->units += (double)stats->units;
	exact->errors += (double)stats->errors;
	exact->duration_ns += (double)stats->duration_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		exact->component_ns[i] += (double)stats->component_ns[i];
	return 0;
}

int pss_window_merge_paths(struct pss_window *into, const struct pss_window *from)
{
	int err = paths_reserve(into, from->paths);

	if (err)
		return err;
	for (unsigned i = 0; i < from->paths; i++)
		path_add(into, &from->path[i]);
	into->path_overflow += from->path_overflow;
	return 0;
}

static int merge_exact(struct pss_window *into, const struct pss_window_exact *from)
{
	int err = window_exact(into);

	if (!err)
		err = pss_sketch_merge(&into->exact->latency, &from->latency);
	if (err)
		return err;
	into->exact->operations += from->operations;
	into->exact->units += from->units;
	into->exact->errors += from->errors;
	into->exact->duration_ns += from->duration_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		into->exact->component_ns[i] += from->component_ns[i];
	return 0;
}

int pss_window_merge(struct pss_window *into, const struct pss_window *from)
{
	int err = pss_window_merge_paths(into, from);

	if (!err)
		err = pss_sketch_merge(&into->latency, &from->latency);
	if (!err && from->exact)
		err = merge_exact(into, from->exact);
	if (err)
		return err;
	into->weight += from->weight;
	into->weight_squares += from->weight_squares;
	into->units += from->units;
	into->errors += from->errors;
	into->recorded += from->recorded;
	into->duration_ns += from->duration_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		into->component_ns[i] += from->component_ns[i];
	return 0;
}
