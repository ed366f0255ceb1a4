/* SPDX-License-Identifier: MIT */
/* Runs of which everything is known, for the tests of scoring: fixed seeds, no clock. */
#ifndef PSS_SYNTHETIC_H
#define PSS_SYNTHETIC_H

#include <stdbool.h>

#include "user/window/run.h"

#define SYNTHETIC_START_NS 1000000000000ULL
#define SYNTHETIC_NAMES 8

struct synthetic {
	struct pss_run run;
	uint64_t state; /* of the random numbers */
	bool exact;     /* totals are sent too, as the kernel does; synthetic_window sends them */
	uint64_t window;
	struct pss_stats stats[SYNTHETIC_NAMES];
	uint32_t histogram[SYNTHETIC_NAMES][PSS_HIST_BUCKETS];
};

struct synthetic *synthetic_new(uint64_t seed, bool exact);
void synthetic_free(struct synthetic *synthetic);

double synthetic_uniform(struct synthetic *synthetic); /* above 0, below 1 */
double synthetic_normal(struct synthetic *synthetic);
/* Log-normal with this median and standard deviation of the logarithm. */
double synthetic_lognormal(struct synthetic *synthetic, double median, double sigma);
double synthetic_exponential(struct synthetic *synthetic, double mean);
unsigned synthetic_poisson(struct synthetic *synthetic, double mean);

int synthetic_feed(struct synthetic *synthetic, uint32_t type, const void *payload, size_t size);
/* Name ids from 1 to SYNTHETIC_NAMES - 1. */
void synthetic_name(struct synthetic *synthetic, uint32_t id, enum pss_op_kind kind, const char *text);

/* An operation that ends somewhere in the present window: on_cpu is what wait leaves of the duration. */
struct synthetic_op {
	uint32_t name_id;
	double duration_ns, wait_ns;
	enum pss_component wait; /* of what kind */
	uint64_t path;
	uint64_t steps;
	bool failed;
};
void synthetic_op(struct synthetic *synthetic, const struct synthetic_op *op);
void synthetic_memory(struct synthetic *synthetic, double rss_bytes);
/* Ends the window: totals, tick. */
void synthetic_window(struct synthetic *synthetic);

/* Report of a run with the default configuration; free with pss_report_free. */
void synthetic_report(struct synthetic *synthetic, struct pss_report *report);
double synthetic_score(struct synthetic *synthetic, enum pss_dimension dimension);

#endif
