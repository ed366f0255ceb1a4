/* SPDX-License-Identifier: MIT */
/* Between the files that build the sums of an operation; nobody else includes this. */
#ifndef PSS_SCORE_OPERATION_INTERNAL_H
#define PSS_SCORE_OPERATION_INTERNAL_H

#include "user/score/operation.h"

/*
 * A weighted mean and its sampling variance. trust: the square of the weight
 * of a sampled vector; for counted operations their number.
 */
struct score_mean {
	double weight, x;
	double trust, trust_x, trust_xx;
};

/*
 * Neighbouring windows with few operations are looked at together, as a cell,
 * so that a quantile of it means something.
 */
struct score_cell {
	size_t block;
	double operations, duration_ns, component_ns[PSS_C_COUNT]; /* exact where known */
	double errors, spread;  /* spread: variance of a count, over the count */
	double weight, weight2; /* recorded operations, and the squares of their weights */
	double route[SUMS_PATHS];
	struct score_mean level, upper; /* of the residuals, and of twice what is above 0 */
};

#define SCORE_GROUPS 20 /* paths with 5 % of the operations or more; 0: all the others */

/* A vector of the sample, with what it stands for. */
struct score_vector {
	const struct pss_op *op;
	double weight;
	unsigned group;
	size_t cell;
};

/* Median of a group, and what its own sampling error rests on. */
struct score_typical {
	double median_ns;
	double density; /* at the median; 0: the median is 0 and certain */
	double weight;  /* of the group */
};

struct score_builder {
	const struct pss_run *run;
	const struct pss_series *series;
	struct score_operation *operation;
	uint16_t *cell_of; /* by window */
	struct score_cell *cell;
	size_t cells;
	struct score_vector *vector;
	size_t vectors;
	struct pss_window paths;                                  /* of the whole run */
	unsigned canonical[SUMS_PATHS];                           /* by path: the one that it counts as */
	double route_share[SUMS_PATHS];                           /* by canonical path */
	unsigned group_of[SUMS_PATHS];                            /* by canonical path */
	unsigned groups;                                          /* without 0 */
	double typical_ns[SCORE_GROUPS + 1];                      /* median duration */
	struct score_typical wait[SCORE_GROUPS + 1][PSS_C_COUNT]; /* of each component */
};

/* All: 0 or -ENOMEM. */
int builder_cells(struct score_builder *builder);
int builder_routes(struct score_builder *builder);
int builder_vectors(struct score_builder *builder);
int builder_typical(struct score_builder *builder);
int builder_novelty(struct score_builder *builder);
void builder_timing(struct score_builder *builder);
void builder_waits(struct score_builder *builder);
void builder_divergence(struct score_builder *builder);
/* Canonical index of a path, SUMS_PATHS - 1 for those without a place. */
unsigned builder_route(const struct score_builder *builder, uint64_t path, uint32_t tag_id);

#endif
