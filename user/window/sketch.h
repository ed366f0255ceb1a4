/* SPDX-License-Identifier: MIT */
/*
 * Mergeable quantile sketch with relative error of at most 1 %: logarithmic
 * buckets as in DDSketch (Masson, Rim, Lee: VLDB 2019), weighted. Memory is
 * bounded: 1,400 buckets span 1 ns to 10^12 ns at that error.
 */
#ifndef PSS_SKETCH_H
#define PSS_SKETCH_H

#include <stddef.h>
#include <stdint.h>

struct pss_sketch {
	double *weight; /* owned; bucket first + i */
	int first;
	int buckets;
	double zero; /* weight of values below 1 */
	double total;
	double min, max; /* exact; undefined while total is 0 */
};

void pss_sketch_init(struct pss_sketch *sketch);
void pss_sketch_free(struct pss_sketch *sketch);
/* What the values of a bucket are taken for. */
double pss_sketch_value(int bucket);
#define PSS_SKETCH_BUCKETS 1383
/* 0 or -ENOMEM. Values below 0 count as 0; weight must be above 0 and finite. */
int pss_sketch_add(struct pss_sketch *sketch, double value, double weight);
int pss_sketch_merge(struct pss_sketch *into, const struct pss_sketch *from);
/* q in 0..1; NAN when empty. */
double pss_sketch_quantile(const struct pss_sketch *sketch, double q);
/* Weight of values at most `value`, over the total; NAN when empty. */
double pss_sketch_cdf(const struct pss_sketch *sketch, double value);

#endif
