/* SPDX-License-Identifier: MIT */
/* Memory stability: growth that does not end, and spikes, against the working set. */
#ifndef PSS_SCORE_MEMORY_H
#define PSS_SCORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "user/config/config.h"
#include "user/report/report.h"
#include "user/window/run.h"

struct score_memory {
	struct pss_score score;
	double typical_bytes; /* median */
	double slope;         /* bytes a second: Theil-Sen over the run */
	double later_slope;   /* over its second half */
	double z;             /* Mann-Kendall */
	bool growing;         /* surely, and by enough to matter */
	double grown;         /* over the run, relative to the typical */
	double horizon_s;     /* until it has doubled or reached the limit; INFINITY: never */
	double spike;         /* root mean square of what is above the trend, relative to the typical */
	double growth_factor, spike_factor;
};

/*
 * Times ascending in seconds, resident bytes; mapped: net bytes mapped, NULL
 * where not known; limit 0: none. count at least 2. seed: of the resamples.
 */
struct score_memory_input {
	const double *time_s, *bytes, *mapped;
	size_t count;
	double limit;
	unsigned resamples;
	uint64_t seed;
};
int score_memory_series(const struct score_memory_input *input, const struct pss_config *config,
			struct score_memory *memory);

/* Of a run's memory readings, or of its operations where they carry memory. 0 or -ENOMEM. */
int score_memory_run(const struct pss_run *run, const struct pss_config *config, unsigned resamples,
		     uint64_t seed, struct score_memory *memory);

#endif
