/* SPDX-License-Identifier: MIT */
/*
 * Windows: operations of one name, over one interval, reduced to what scoring
 * needs. Windows merge, so that a run, a fleet and a day are of the same type
 * as a second. Adding and merging commute: the order of arrival never matters.
 */
#ifndef PSS_WINDOW_H
#define PSS_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "include/pss_event.h"
#include "user/window/sketch.h"

/*
 * Paths kept one by one; further ones are folded into one, and counted. Which
 * are kept depends on a hash of the path alone, so that any order of adding
 * and merging keeps the same ones, each with its whole weight.
 */
#define PSS_WINDOW_PATHS 64

struct pss_path_count {
	uint64_t path;  /* signature; 0: none */
	uint64_t steps; /* see struct pss_op; of the operation that brought it in */
	uint32_t tag_id;
	double weight;
};

/* What the kernel counted in the interval: never sampled. */
struct pss_window_exact {
	double operations, units, errors;
	double duration_ns, component_ns[PSS_C_COUNT]; /* sums */
	struct pss_sketch latency;
};

struct pss_window {
	double weight;                    /* estimated operations: sum of op.weight */
	double weight_squares;            /* sum of op.weight squared: how much the estimates rest on */
	double units;                     /* requests: sum of weight * units */
	double errors;                    /* weighted */
	uint64_t recorded;                /* vectors seen: what the estimates rest on */
	double duration_ns;               /* weighted sum */
	double component_ns[PSS_C_COUNT]; /* weighted sums */
	struct pss_sketch latency;        /* of duration in ns, weighted */
	struct pss_path_count *path;      /* owned: at most PSS_WINDOW_PATHS, in order of their hash */
	unsigned paths, path_room;
	double path_overflow;           /* weight of operations whose path had no room */
	struct pss_window_exact *exact; /* owned; NULL: nothing came from the kernel */
};

void pss_window_init(struct pss_window *window);
void pss_window_free(struct pss_window *window);
/* 0 or -ENOMEM; a failed add leaves the window as it was. */
int pss_window_add(struct pss_window *window, const struct pss_op *op);
/* Adds the kernel's totals; pairs: stats->buckets of them. As pss_window_add. */
int pss_window_add_stats(struct pss_window *window, const struct pss_stats *stats,
			 const struct pss_stats_bucket *pairs);
int pss_window_merge(struct pss_window *into, const struct pss_window *from);
/* Only the paths. */
int pss_window_merge_paths(struct pss_window *into, const struct pss_window *from);
/* Index of a path that is kept one by one, or -1. */
int pss_window_find_path(const struct pss_window *window, uint64_t path, uint32_t tag_id);
/* What identifies the path of an operation: its signature and its tag. */
uint64_t pss_path_key(uint64_t path, uint32_t tag_id);

#endif
