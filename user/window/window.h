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

/* Paths kept by name; further ones are folded into one, and counted. */
#define PSS_WINDOW_PATHS 32

struct pss_path_count {
	uint64_t path;  /* signature; 0: none */
	uint64_t steps; /* see struct pss_op; of the operation that brought it in */
	uint32_t tag_id;
	double weight;
};

struct pss_window {
	double weight;                    /* estimated operations: sum of op.weight */
	double units;                     /* requests: sum of weight * units */
	double errors;                    /* weighted */
	uint64_t recorded;                /* vectors seen: what the estimates rest on */
	double duration_ns;               /* weighted sum */
	double component_ns[PSS_C_COUNT]; /* weighted sums */
	struct pss_sketch latency;        /* of duration in ns, weighted */
	struct pss_path_count path[PSS_WINDOW_PATHS];
	unsigned paths;
	double path_overflow; /* weight of operations whose path had no room */
};

void pss_window_init(struct pss_window *window);
void pss_window_free(struct pss_window *window);
/* 0 or -ENOMEM; a failed add leaves the window as it was. */
int pss_window_add(struct pss_window *window, const struct pss_op *op);
int pss_window_merge(struct pss_window *into, const struct pss_window *from);

#endif
