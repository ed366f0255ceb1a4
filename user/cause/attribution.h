/* SPDX-License-Identifier: MIT */
/*
 * What share of the variance of an operation's duration each component
 * carries: Cov(c, T) / Var(T), as VProfiler does with source code and
 * annotations (Huang, Mozafari, Wenisch: EuroSys 2017); here the components come from
 * the kernel and sum to T, so that the shares sum to 1.
 */
#ifndef PSS_ATTRIBUTION_H
#define PSS_ATTRIBUTION_H

#include "user/score/score.h"

/* Vectors below which nothing is said. */
#define ATTRIBUTION_LEAST 100

/* Fills attributed, variance_share, tail_share and sure_cause of a row. */
void cause_attribute(struct score_row *row, uint64_t seed);

/* Shares of the variance from the moments of the sums; false when there is none. */
bool cause_variance(const struct score_sums *sums, double *share);

#endif
