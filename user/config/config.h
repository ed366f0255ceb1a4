/* SPDX-License-Identifier: MIT */
/* What a score depends on besides the data. Pure values: no I/O. */
#ifndef PSS_CONFIG_H
#define PSS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

enum pss_scoring { PSS_SCORING_NATIVE = 0, PSS_SCORING_PYPSS = 1 };

/* The five dimensions, in the order of every array indexed by one. */
enum pss_dimension {
	PSS_DIM_TIMING = 0,
	PSS_DIM_MEMORY = 1,
	PSS_DIM_ERRORS = 2,
	PSS_DIM_BRANCHING = 3,
	PSS_DIM_CONCURRENCY = 4,
	PSS_DIM_COUNT = 5,
};

/* JSON key ("timing_stability") and plain label ("timing") of a dimension. */
const char *pss_dimension_key(enum pss_dimension dimension);
const char *pss_dimension_label(enum pss_dimension dimension);

/* Constants of the pypss profile; names follow pypss's own configuration keys. */
struct pss_pypss_config {
	double alpha, beta, gamma, delta;
	double mem_spike_threshold_ratio;
	double error_spike_threshold;
	unsigned consecutive_error_threshold;
	double concurrency_wait_threshold;      /* seconds */
	unsigned score_latency_tail_percentile; /* index into Python's 99 cut points, from 0: 94 is p95 */
	double score_memory_epsilon;
	double score_error_vmr_multiplier;
	double score_error_spike_impact_multiplier;
	double score_consecutive_error_decay_multiplier;
};

struct pss_config {
	enum pss_scoring scoring;
	double weight[PSS_DIM_COUNT];
	struct pss_pypss_config pypss;
	unsigned ops_mask;       /* bit per enum pss_op_kind to score; 0: choose */
	uint64_t interval_ns;    /* window length for what has none of its own */
	unsigned min_operations; /* fewer completed operations: insufficient-data */
	unsigned min_windows;    /* likewise, windows with operations */
	bool live;               /* for a line that is shown for a second: fewer resamples, no findings */
};

/* Defaults of the native profile and of pypss 1.3.1. */
void pss_config_defaults(struct pss_config *config);

#endif
