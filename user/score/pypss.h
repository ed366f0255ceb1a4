/* SPDX-License-Identifier: MIT */
/*
 * The scoring profile `pypss`: pypss 1.3.1, to the digit. Sums and moments are
 * exact as in Python's statistics; the rest is done in doubles in the same order.
 *
 * Where pypss raises an error the functions give -EDOM and *why, static text.
 */
#ifndef PSS_SCORE_PYPSS_H
#define PSS_SCORE_PYPSS_H

#include "user/ops/trace_file.h"

struct pypss_result {
	int pss;
	double dimension[PSS_DIM_COUNT]; /* rounded to two digits, as pypss prints them; not clamped */
	double dimension_unrounded[PSS_DIM_COUNT];
	double pss_unrounded; /* clamped to 0..100 */
};

/* 0; -EDOM with one line in `message` where pypss itself raises an error. */
int pypss_score(const struct pypss_columns *columns, const struct pss_config *config,
		struct pypss_result *result, char *message, size_t size);

/* The five dimensions, each of its column alone. 0 or -EDOM. */
int pypss_timing(const double *duration, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why);
int pypss_memory(const double *memory, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why);
int pypss_errors(const uint8_t *error, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why);
/* count[i]: how often the tag that appeared as number i did. */
double pypss_branching(const size_t *count, size_t tags);
/* A lag that is NAN stands for one that is no number. */
int pypss_concurrency(const double *wait, size_t waits, const double *lag, size_t lags,
		      const struct pss_pypss_config *config, double *score, const char **why);

/* Standard deviation over mean; 0 for fewer than two values or a mean of 0. -EDOM: not finite. */
int pypss_cv(const double *value, size_t count, double *cv);
/* Python's exclusive method, percent 1 to 99, count at least 2. Extrapolates in small samples. */
double pypss_quantile(const double *value, size_t count, unsigned percent);
double pypss_median(const double *value, size_t count);
/* To two decimal digits, and to an integer, ties (of the exact binary value) to even. */
double pypss_round2(double value);
int pypss_round(double value);

#endif
