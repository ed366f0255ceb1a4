/* SPDX-License-Identifier: MIT */
/* The native profile: operations scored and put together, with 95 % intervals. */
#ifndef PSS_SCORE_H
#define PSS_SCORE_H

#include "user/score/memory.h"
#include "user/score/operation.h"

#define SCORE_NAMES 96 /* operations scored one by one: the largest by time */

struct score_row {
	struct score_operation operation;
	double time_share;            /* of the scored operations' time */
	double tries_share;           /* of their number */
	double weight[PSS_DIM_COUNT]; /* of its score in the dimension's; sum to 1 over the rows */
	struct pss_score dimension[PSS_DIM_COUNT];
	double unclipped[PSS_DIM_COUNT]; /* values before they were clipped to 1 */
	struct pss_score pss;            /* without memory, 0..100 */
	struct score_timing timing;
	struct score_errors errors;
	struct score_branching branching;
	struct score_concurrency concurrency;
	/* causes: components that carry most of the variance in at least 95 % of resamples */
	bool attributed;
	double variance_share[PSS_C_COUNT], tail_share[PSS_C_COUNT];
	int sure_cause; /* enum pss_component, or -1 */
};

struct score_result {
	struct score_row *row; /* owned; largest time first */
	size_t rows;
	struct score_memory memory;
	double crashes; /* processes that ended by themselves and badly */
	unsigned out_of_memory;
	struct pss_score dimension[PSS_DIM_COUNT];
	struct pss_score pss;
	enum pss_verdict verdict;
};

/* kinds: bit per enum pss_op_kind. 0 or -ENOMEM; score_free in any case. */
int score_run(const struct pss_run *run, unsigned kinds, const struct pss_config *config,
	      struct score_result *result);
void score_free(struct score_result *result);

/* Worse than the score alone when a single dimension or operation has failed altogether. */
enum pss_verdict score_verdict(const struct score_result *result);

/* One draw of blocks, shared by all operations: how often each block was drawn. */
struct score_draw {
	unsigned short times[SCORE_BLOCKS];
	size_t blocks;
};
void score_draw_sums(const struct score_operation *operation, const struct score_draw *draw,
		     struct score_sums *sums);

#endif
