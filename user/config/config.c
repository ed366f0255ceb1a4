/* SPDX-License-Identifier: MIT */
#include "user/config/config.h"

#include <string.h>

const char *pss_dimension_key(enum pss_dimension dimension)
{
	static const char *const key[PSS_DIM_COUNT] = {
		[PSS_DIM_TIMING] = "timing_stability",       [PSS_DIM_MEMORY] = "memory_stability",
		[PSS_DIM_ERRORS] = "error_volatility",       [PSS_DIM_BRANCHING] = "branching_entropy",
		[PSS_DIM_CONCURRENCY] = "concurrency_chaos",
	};
	return (unsigned)dimension < PSS_DIM_COUNT ? key[dimension] : "unknown";
}

const char *pss_dimension_label(enum pss_dimension dimension)
{
	static const char *const label[PSS_DIM_COUNT] = {
		[PSS_DIM_TIMING] = "timing",           [PSS_DIM_MEMORY] = "memory",
		[PSS_DIM_ERRORS] = "errors",           [PSS_DIM_BRANCHING] = "branching",
		[PSS_DIM_CONCURRENCY] = "concurrency",
	};
	return (unsigned)dimension < PSS_DIM_COUNT ? label[dimension] : "unknown";
}

void pss_config_defaults(struct pss_config *config)
{
	memset(config, 0, sizeof(*config));
	config->scoring = PSS_SCORING_NATIVE;
	config->weight[PSS_DIM_TIMING] = 0.30;
	config->weight[PSS_DIM_MEMORY] = 0.20;
	config->weight[PSS_DIM_ERRORS] = 0.20;
	config->weight[PSS_DIM_BRANCHING] = 0.15;
	config->weight[PSS_DIM_CONCURRENCY] = 0.15;
	config->pypss = (struct pss_pypss_config){
		.alpha = 2.0,
		.beta = 1.0,
		.gamma = 2.0,
		.delta = 1.0,
		.mem_spike_threshold_ratio = 1.5,
		.error_spike_threshold = 0.1,
		.consecutive_error_threshold = 3,
		.concurrency_wait_threshold = 0.001,
		.score_latency_tail_percentile = 94,
		.score_memory_epsilon = 1e-9,
		.score_error_vmr_multiplier = 0.5,
		.score_error_spike_impact_multiplier = 0.5,
		.score_consecutive_error_decay_multiplier = 2.0,
	};
	config->interval_ns = 1000000000;
	config->min_operations = 30;
	config->min_windows = 4;
}
