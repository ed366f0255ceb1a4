/* SPDX-License-Identifier: MIT */
/*
 * What the score of one operation rests on: sums over a block of windows.
 * Blocks add up, so that a resample of blocks is scored by the same functions
 * as the run itself.
 */
#ifndef PSS_SCORE_SUMS_H
#define PSS_SCORE_SUMS_H

#include <stddef.h>

#include "user/window/window.h"

/* Logarithm of a duration over the typical one of its path, in bins. */
#define SUMS_RESIDUAL_BINS 256
#define SUMS_RESIDUAL_WIDTH 0.08
#define SUMS_RESIDUAL_FIRST (-6.44) /* so that 0 is in the middle of a bin */
/* The paths kept one by one, and all the rest. */
#define SUMS_PATHS (PSS_WINDOW_PATHS + 1)

/* A quantity that is measured anew in every cell of windows, and its known sampling variance. */
struct sums_moving {
	double weight, weight2, x, xx, noise;
};

/* Doubles only: sums_add walks over them. */
struct score_sums {
	double cells;      /* cells of windows in it */
	double operations; /* exact where the kernel counted */
	double duration_ns;
	/* timing: weights of operations by residual, and of their time */
	double weight, above2;           /* above2: squares of residuals above 0 */
	double time_ns, stalled_ns;      /* time in operations; of it, beyond many times the typical */
	struct sums_moving level, upper; /* mean residual, twice the mean of those above 0 */
	/* errors: by cell n tries, e failures */
	double tries, failures, tries2, failures2, tries_failures, tries_spread;
	/* branching */
	double routed, shift, fresh, fresh_of;
	/* concurrency, by component */
	double waited_of_ns, erratic_ns[PSS_C_COUNT], component_ns[PSS_C_COUNT];
	struct sums_moving share[PSS_C_COUNT];
	/* attribution: moments of duration and components of the sample */
	double moment, moment_t, moment_tt, moment_c[PSS_C_COUNT], moment_ct[PSS_C_COUNT];
	/* weights */
	double path[SUMS_PATHS];
	double residual_bin[SUMS_RESIDUAL_BINS];
};

void sums_add(struct score_sums *into, const struct score_sums *from);
void sums_moving_add(struct sums_moving *moving, double value, double noise, double weight);
/* Variance from cell to cell beyond the sampling noise; can be slightly below 0. */
double sums_moving_variance(const struct sums_moving *moving);
/* Quantile of the residuals, interpolated within its bin; 0 when empty. */
double sums_residual_quantile(const double *bin, double q);
int sums_residual_bin(double residual);

/*
 * Dimensions of a run or a resample: 0 to 1, and a little above 1 by chance
 * where sampling noise is taken off (the caller clips what it shows, not what it
 * draws intervals from). Formulas and their sources: docs/scoring.md.
 */
struct score_timing {
	double spread, tail;        /* 0..1; together they make the width */
	double width, drift, stall; /* factors, 0..1 */
	double sigma, tail_log, drift_log, stalled_share;
};
double score_timing(const struct score_sums *sums, struct score_timing *detail);

struct score_errors {
	double rate, burst; /* errors a try; standard deviation of the rate beyond chance */
	double dispersion;  /* Fano factor over cells, 1 for Poisson */
};
double score_errors(const struct score_sums *sums, struct score_errors *detail);
/* The score of an error rate. */
double score_error_rate(double rate);

struct score_branching {
	double mix, shift, novelty; /* factors */
	double entropy_bits, divergence_bits, fresh_share;
};
double score_branching(const struct score_sums *sums, struct score_branching *detail);

struct score_concurrency {
	double share[PSS_C_COUNT];   /* of the operations' time */
	double erratic[PSS_C_COUNT]; /* of the operations' time, waits far beyond their usual length */
	double moving[PSS_C_COUNT];  /* standard deviation of the share from cell to cell beyond noise */
	double penalty[PSS_C_COUNT]; /* what each adds to the denominator */
};
double score_concurrency(const struct score_sums *sums, enum pss_op_kind kind,
			 struct score_concurrency *detail);

#endif
