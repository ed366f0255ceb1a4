/* SPDX-License-Identifier: MIT */
#include "user/score/score.h"

static enum pss_verdict worse(enum pss_verdict a, enum pss_verdict b)
{
	return a > b ? a : b;
}

static enum pss_verdict verdict_of_score(double pss)
{
	if (pss >= 80)
		return PSS_VERDICT_STABLE;
	if (pss >= 60)
		return PSS_VERDICT_DEGRADED;
	return pss >= 40 ? PSS_VERDICT_UNSTABLE : PSS_VERDICT_CRITICAL;
}

/* Failing calls and memory running out end a service; the other dimensions make it unpleasant. */
static enum pss_verdict verdict_of_dimension(enum pss_dimension dimension, double value)
{
	bool fatal = dimension == PSS_DIM_ERRORS || dimension == PSS_DIM_MEMORY;

	if (value < 0.1)
		return fatal ? PSS_VERDICT_CRITICAL : PSS_VERDICT_UNSTABLE;
	if (value < 0.3)
		return fatal ? PSS_VERDICT_UNSTABLE : PSS_VERDICT_DEGRADED;
	return value < 0.5 ? PSS_VERDICT_DEGRADED : PSS_VERDICT_STABLE;
}

/* An operation that does nothing but fail is a failure even where it is a small part of the whole. */
static enum pss_verdict verdict_of_row(const struct score_row *row)
{
	if (!row->dimension[PSS_DIM_ERRORS].measured || row->errors.rate < 0.9)
		return PSS_VERDICT_STABLE;
	return row->tries_share >= 0.01 ? PSS_VERDICT_UNSTABLE : PSS_VERDICT_DEGRADED;
}

enum pss_verdict score_verdict(const struct score_result *result)
{
	if (!result->pss.measured)
		return PSS_VERDICT_INSUFFICIENT;
	enum pss_verdict verdict = verdict_of_score(result->pss.value);
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		if (result->dimension[d].measured)
			verdict = worse(verdict, verdict_of_dimension((enum pss_dimension)d,
								      result->dimension[d].value));
	for (size_t r = 0; r < result->rows; r++)
		verdict = worse(verdict, verdict_of_row(&result->row[r]));
	if (result->out_of_memory)
		return PSS_VERDICT_CRITICAL;
	return result->crashes >= 1 ? worse(verdict, PSS_VERDICT_UNSTABLE) : verdict;
}
