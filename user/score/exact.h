/* SPDX-License-Identifier: MIT */
/*
 * Mean, variance and standard deviation as if computed with real numbers and
 * rounded once at the end, as Python's `statistics` does. The sums are kept as
 * fixed-point integers as wide as doubles reach (Kulisch: Computer Arithmetic
 * and Validity, 2008), so that neither order nor cancellation costs a digit.
 */
#ifndef PSS_EXACT_H
#define PSS_EXACT_H

#include <stddef.h>
#include <stdint.h>

struct exact_moments {
	double mean;
	double variance; /* with n - 1; 0 when count < 2; infinite when no double holds it */
	double stdev;    /* likewise: not the root of the rounded variance */
};

/* All values finite, 0 < count < 2^40. */
void exact_moments(const double *value, size_t count, struct exact_moments *moments);

#endif
