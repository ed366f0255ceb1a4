/* SPDX-License-Identifier: MIT */
#include "user/score/pypss.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/exact.h"
#include "user/score/order.h"

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EDOM;
}

/* exp(-strength * amount), which Python refuses when it overflows. */
static int decay(double amount, double strength, double *factor, const char **why)
{
	double power = -strength * amount;
	*factor = exp(power);
	if (isinf(*factor) && isfinite(power))
		return refuse(why, "a decay term overflows (the mean is negative and near zero)");
	return 0;
}

static bool all_finite(const double *value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!isfinite(value[i]))
			return false;
	}
	return true;
}

static bool any_nan(const double *value, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (isnan(value[i]))
			return true;
	}
	return false;
}

int pypss_cv(const double *value, size_t count, double *cv)
{
	struct exact_moments moments;

	*cv = 0;
	if (count < 2)
		return 0;
	if (!all_finite(value, count))
		return -EDOM;
	exact_moments(value, count, &moments);
	if (moments.mean == 0)
		return 0;
	if (isinf(moments.stdev))
		return -EDOM;
	*cv = moments.stdev / moments.mean;
	return 0;
}

double pypss_quantile(const double *value, size_t count, unsigned percent)
{
	size_t place = (count + 1) * percent;
	size_t j = place / 100;
	if (j < 1)
		j = 1;
	if (j > count - 1)
		j = count - 1;
	double delta = (double)place - (double)(j * 100);
	double below = order_statistic(value, count, j - 1), above = order_statistic(value, count, j);
	return (below * (100 - delta) + above * delta) / 100;
}

static double at_rank(const double *value, size_t count, size_t rank, bool nan)
{
	return nan ? order_statistic_python(value, count, rank) : order_statistic(value, count, rank);
}

double pypss_median(const double *value, size_t count)
{
	bool nan = any_nan(value, count) && count <= ORDER_NAN_MOST;
	if (count % 2)
		return at_rank(value, count, count / 2, nan);
	return (at_rank(value, count, count / 2 - 1, nan) + at_rank(value, count, count / 2, nan)) / 2;
}

int pypss_timing(const double *duration, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why)
{
	double cv, steady, tail = 1;

	*score = 1;
	if (count == 0)
		return 0;
	if (pypss_cv(duration, count, &cv))
		return refuse(why, "durations that are not finite, or whose spread no number holds");
	if (count > 1) {
		if (config->score_latency_tail_percentile > 98)
			return refuse(why, "the tail percentile is not one of 99");
		double middle = pypss_quantile(duration, count, 50);
		double high = pypss_quantile(duration, count, config->score_latency_tail_percentile + 1);
		if (middle > 0)
			tail = high / middle;
	}
	int result = decay(cv, config->alpha, &steady, why);
	double excess = tail - 1 > 0 ? tail - 1 : 0;
	*score = steady * (1 / (1 + config->beta * excess));
	return result;
}

/* Python's max(): the first value stays unless another is more. */
static double peak_of(const double *value, size_t count)
{
	double peak = value[0];
	for (size_t i = 1; i < count; i++) {
		if (value[i] > peak)
			peak = value[i];
	}
	return peak;
}

int pypss_memory(const double *memory, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why)
{
	struct exact_moments moments;
	double spike, ratio;

	*score = 1;
	if (count < 2)
		return 0;
	double peak = peak_of(memory, count);
	double median = pypss_median(memory, count) + config->score_memory_epsilon;
	if (median <= config->score_memory_epsilon) {
		*score = peak == 0 ? 1 : 0;
		return 0;
	}
	if (!all_finite(memory, count))
		return refuse(why, "memory that is not finite");
	exact_moments(memory, count, &moments);
	if (isinf(moments.stdev))
		return refuse(why, "memory whose spread no number holds");
	ratio = peak / median;
	int result = decay(moments.stdev / median + (ratio - 1), config->gamma, score, why);
	if (result || !(ratio > config->mem_spike_threshold_ratio))
		return result;
	result = decay(ratio - config->mem_spike_threshold_ratio, config->gamma, &spike, why);
	*score *= spike;
	return result;
}

/* Sample variance of n values of which k are 1 and the rest 0. */
static double binary_variance(size_t k, size_t n)
{
	if ((n >> 26) == 0) /* both products are exact */
		return (double)(k * (n - k)) / (double)(n * (n - 1));
	return (double)((long double)k / (long double)n * (long double)(n - k) / (long double)(n - 1));
}

static size_t longest_failure(const uint8_t *error, size_t count, size_t *total)
{
	size_t longest = 0, now = 0;
	*total = 0;
	for (size_t i = 0; i < count; i++) {
		now = error[i] ? now + 1 : 0;
		*total += error[i] ? 1 : 0;
		if (now > longest)
			longest = now;
	}
	return longest;
}

int pypss_errors(const uint8_t *error, size_t count, const struct pss_pypss_config *config, double *score,
		 const char **why)
{
	double threshold = config->error_spike_threshold, factor;
	size_t total;

	*score = 1;
	if (count == 0)
		return 0;
	size_t longest = longest_failure(error, count, &total);
	double rate = (double)total / (double)count;
	double dispersion = count > 1 && rate > 0 ? binary_variance(total, count) / rate : 0;
	int result = decay(rate + config->score_error_vmr_multiplier * dispersion, config->delta, score, why);
	if (result)
		return result;
	if (rate > threshold) {
		double impact = (rate - threshold) / (1 - threshold);
		*score *= 1 - impact * config->score_error_spike_impact_multiplier;
	}
	if (longest < config->consecutive_error_threshold)
		return 0;
	result = decay((double)longest - config->consecutive_error_threshold + 1,
		       config->delta * config->score_consecutive_error_decay_multiplier, &factor, why);
	*score *= factor;
	return result;
}

double pypss_branching(const size_t *count, size_t tags)
{
	size_t total = 0;
	double entropy = 0;

	if (tags <= 1)
		return 1;
	for (size_t i = 0; i < tags; i++)
		total += count[i];
	for (size_t i = 0; i < tags; i++) {
		double share = (double)count[i] / (double)total;
		if (count[i])
			entropy -= share * log2(share);
	}
	return 1 - entropy / log2((double)tags);
}

/* A plain sum, as Python's sum() is: the threshold is compared with it. */
static double plain_mean(const double *value, size_t count)
{
	double sum = 0;
	for (size_t i = 0; i < count; i++)
		sum += value[i];
	return sum / (double)count;
}

int pypss_concurrency(const double *wait, size_t waits, const double *lag, size_t lags,
		      const struct pss_pypss_config *config, double *score, const char **why)
{
	double cv;
	int result = 0;

	*score = 1;
	if (waits >= 2 && plain_mean(wait, waits) > config->concurrency_wait_threshold) {
		if (pypss_cv(wait, waits, &cv))
			return refuse(why, "wait times that are not finite, or whose spread no number holds");
		result = decay(cv, config->alpha, score, why);
	}
	if (any_nan(lag, lags))
		return refuse(why, "a lag that is no number");
	if (lags) {
		double mean = plain_mean(lag, lags);
		if (mean > 0.01)
			*score *= 1 - (mean * 5 < 1 ? mean * 5 : 1);
	}
	*score = *score > 0 ? *score : 0;
	return result;
}

double pypss_round2(double value)
{
	char text[400];
	if (!isfinite(value))
		return value;
	snprintf(text, sizeof(text), "%.2f", value);
	return strtod(text, NULL);
}

int pypss_round(double value)
{
	return (int)nearbyint(value);
}

/* The tags column as counts by order of appearance, which is how tags are numbered. */
static int branching(const struct pypss_columns *columns, double *score)
{
	uint32_t tags = 0;
	for (size_t i = 0; i < columns->tags; i++) {
		if (columns->tag[i] >= tags)
			tags = columns->tag[i] + 1;
	}
	size_t *count = calloc((size_t)tags + 1, sizeof(*count));
	if (!count)
		return -ENOMEM;
	for (size_t i = 0; i < columns->tags; i++)
		count[columns->tag[i]]++;
	*score = pypss_branching(count, tags);
	free(count);
	return 0;
}

/* Python's max(0.0, min(x, 1.0)): what is not a number becomes 0. */
static double clamp(double value)
{
	if (1 < value)
		return 1;
	return value > 0 ? value : 0;
}

static void combine(const struct pss_config *config, struct pypss_result *result)
{
	double sum = 0, weights = 0;
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		sum += config->weight[i] * result->dimension_unrounded[i];
		weights += config->weight[i];
		result->dimension[i] = pypss_round2(result->dimension_unrounded[i]);
	}
	if (weights > 0)
		sum /= weights;
	result->pss_unrounded = clamp(sum) * 100;
	result->pss = pypss_round(result->pss_unrounded);
}

int pypss_score(const struct pypss_columns *columns, const struct pss_config *config,
		struct pypss_result *result, char *message, size_t size)
{
	const struct pss_pypss_config *constants = &config->pypss;
	double *score = result->dimension_unrounded;
	const char *why = "";
	int error;

	memset(result, 0, sizeof(*result));
	if (columns->records == 0 && columns->lags == 0)
		return 0;
	error = pypss_timing(columns->duration, columns->durations, constants, &score[PSS_DIM_TIMING], &why);
	if (!error)
		error = pypss_memory(columns->memory, columns->memories, constants, &score[PSS_DIM_MEMORY],
				     &why);
	if (!error)
		error = pypss_errors(columns->error, columns->errors, constants, &score[PSS_DIM_ERRORS],
				     &why);
	if (!error)
		error = branching(columns, &score[PSS_DIM_BRANCHING]);
	if (!error)
		error = pypss_concurrency(columns->wait, columns->waits, columns->lag, columns->lags,
					  constants, &score[PSS_DIM_CONCURRENCY], &why);
	if (error == -EDOM)
		snprintf(message, size, "%s", why);
	else if (error)
		snprintf(message, size, "out of memory");
	else
		combine(config, result);
	return error;
}
