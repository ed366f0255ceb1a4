/* SPDX-License-Identifier: MIT */
/* The sums of one operation of a run, block by block, ready to be scored. */
#ifndef PSS_SCORE_OPERATION_H
#define PSS_SCORE_OPERATION_H

#include <stdbool.h>
#include <stddef.h>

#include "user/config/config.h"
#include "user/score/sums.h"
#include "user/window/run.h"

/* Contiguous blocks of windows that are resampled. */
#define SCORE_BLOCKS 64

struct score_operation {
	const struct pss_series *series;
	struct score_sums *block; /* owned; every block of the run, empty ones are zero */
	size_t blocks, filled;    /* filled: those with operations in them */
	struct score_sums total;
	const char *why[PSS_DIM_COUNT]; /* static: why a dimension cannot be told; NULL: it can */
};

/* Windows of the longest series: what is divided into blocks. */
size_t score_windows(const struct pss_run *run);
/* Operations that a series stands for, exact where the kernel counted. */
double score_series_operations(const struct pss_series *series);
double score_series_duration(const struct pss_series *series);
/* Windows with operations in them. */
size_t score_series_windows(const struct pss_series *series);

/* 0 or -ENOMEM. Free in any case. */
int score_operation_build(struct score_operation *operation, const struct pss_run *run,
			  const struct pss_series *series, const struct pss_config *config);
void score_operation_free(struct score_operation *operation);

#endif
