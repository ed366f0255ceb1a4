/* SPDX-License-Identifier: MIT */
/* Between the files that make up a run; nobody else includes this. */
#ifndef PSS_RUN_INTERNAL_H
#define PSS_RUN_INTERNAL_H

#include "user/window/run.h"

/* Longest time between the start of a capture and anything in it: three years. */
#define RUN_LONGEST_NS 100000000000000000ULL
/* Counts beyond this are no counts: they would not be exact in a double. */
#define RUN_COUNT_MOST (1ULL << 53)

/* True when a time lies within the run and before RUN_LONGEST_NS; later records may then end there. */
bool run_time_valid(const struct pss_run *run, uint64_t time_ns);
void run_saw_time(struct pss_run *run, uint64_t time_ns);

int run_add_op(struct pss_run *run, struct pss_op *op);
int run_add_stats(struct pss_run *run, const struct pss_stats *stats, const struct pss_stats_bucket *pairs);
int run_add_memory(struct pss_run *run, const struct pss_memory *memory);
int run_add_errors(struct pss_run *run, const struct pss_errors *errors);
int run_add_life(struct pss_run *run, const struct pss_life *life);

void series_free(struct pss_series *series);
int series_sample(struct pss_series *series, const struct pss_op *op);

#endif
