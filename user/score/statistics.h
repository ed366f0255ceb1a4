/* SPDX-License-Identifier: MIT */
/* The statistics that scores are made of. Pure functions of their arguments. */
#ifndef PSS_STATISTICS_H
#define PSS_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/* splitmix64: Steele, Lea, Flood, OOPSLA 2014. */
struct random_stream {
	uint64_t state;
};
uint64_t random_next(struct random_stream *stream);
size_t random_below(struct random_stream *stream, size_t bound); /* 0..bound-1 */

struct weighted {
	double value, weight;
};
/* The value at which the weight of all smaller and equal ones reaches q of the total; reorders. NAN when
 * empty. */
double weighted_select(struct weighted *item, size_t count, double q);
void weighted_sort(struct weighted *item, size_t count);
/* Of sorted items; the first whose weight up to it reaches q of the total. NAN when empty. */
double weighted_quantile(const struct weighted *sorted, size_t count, double q);

/* Reorders values. NAN when empty. */
double median_of(double *value, size_t count);

/* Two-sided 95 % point of Student's t. */
double student_t95(double degrees_of_freedom);

/* Wilson's 95 % interval of a proportion (Wilson 1927); tries > 0. */
void wilson_interval(double failures, double tries, double *lo, double *hi);

/*
 * Median of the slopes between all pairs (Theil 1950, Sen 1968), and its 95 %
 * interval by Kendall's variance (Hollander, Wolfe: 9.3). x ascending; count at most
 * TREND_POINTS; all 0 with fewer than two different x.
 */
#define TREND_POINTS 64
struct trend {
	double slope, lo, hi;
	double z; /* Mann-Kendall: standardised, continuity-corrected, tie-corrected */
};
struct trend trend_of(const double *x, const double *y, size_t count);
/* Only the slope: what a resample needs. */
double trend_slope(const double *x, const double *y, size_t count);

#endif
