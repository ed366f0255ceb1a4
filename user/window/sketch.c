/* SPDX-License-Identifier: MIT */
#include "user/window/sketch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Relative error a = 1 %: bucket i holds (g^(i-1), g^i] with g = (1+a)/(1-a). */
#define ACCURACY 0.01
#define GROWTH ((1 + ACCURACY) / (1 - ACCURACY))
#define BUCKET_LAST (PSS_SKETCH_BUCKETS - 1) /* holds 10^12 */
#define SLACK 8                              /* spare buckets on each side when the span grows */

static int bucket_of(double value)
{
	static const double per_bucket = 0.020000666706669435; /* log(GROWTH) */
	double index = ceil(log(value) / per_bucket);

	if (index < 0)
		return 0;
	return index > BUCKET_LAST ? BUCKET_LAST : (int)index;
}

/* The value whose relative distance to both ends of the bucket is the same. */
double pss_sketch_value(int bucket)
{
	return 2 * pow(GROWTH, bucket) / (GROWTH + 1);
}

void pss_sketch_init(struct pss_sketch *sketch)
{
	memset(sketch, 0, sizeof(*sketch));
}

void pss_sketch_free(struct pss_sketch *sketch)
{
	free(sketch->weight);
	pss_sketch_init(sketch);
}

/* Makes room for buckets low..high. */
static int sketch_span(struct pss_sketch *sketch, int low, int high)
{
	int first = sketch->first, end = first + sketch->buckets;
	double *weight;

	if (sketch->buckets && low >= first && high < end)
		return 0;
	if (!sketch->buckets) {
		first = low;
		end = high + 1;
	}
	if (low < first || !sketch->buckets)
		first = low > SLACK ? low - SLACK : 0;
	if (high >= end || !sketch->buckets)
		end = high + SLACK < BUCKET_LAST ? high + SLACK + 1 : BUCKET_LAST + 1;
	weight = calloc((size_t)(end - first), sizeof(*weight));
	if (!weight)
		return -ENOMEM;
	if (sketch->buckets)
		memcpy(weight + (sketch->first - first), sketch->weight,
		       (size_t)sketch->buckets * sizeof(*weight));
	free(sketch->weight);
	sketch->weight = weight;
	sketch->first = first;
	sketch->buckets = end - first;
	return 0;
}

static void sketch_extremes(struct pss_sketch *sketch, double min, double max)
{
	if (sketch->total <= 0 || min < sketch->min)
		sketch->min = min;
	if (sketch->total <= 0 || max > sketch->max)
		sketch->max = max;
}

int pss_sketch_add(struct pss_sketch *sketch, double value, double weight)
{
	if (!isfinite(weight) || weight <= 0 || isnan(value))
		return -EINVAL;
	if (value < 0)
		value = 0;
	if (value < 1) {
		sketch_extremes(sketch, value, value);
		sketch->zero += weight;
		sketch->total += weight;
		return 0;
	}
	int index = bucket_of(value);
	int err = sketch_span(sketch, index, index);
	if (err)
		return err;
	sketch_extremes(sketch, value, value);
	sketch->weight[index - sketch->first] += weight;
	sketch->total += weight;
	return 0;
}

int pss_sketch_merge(struct pss_sketch *into, const struct pss_sketch *from)
{
	if (from->total <= 0)
		return 0;
	if (from->buckets) {
		int err = sketch_span(into, from->first, from->first + from->buckets - 1);
		if (err)
			return err;
	}
	for (int i = 0; i < from->buckets; i++)
		into->weight[from->first - into->first + i] += from->weight[i];
	sketch_extremes(into, from->min, from->max);
	into->zero += from->zero;
	into->total += from->total;
	return 0;
}

static double sketch_clamp(const struct pss_sketch *sketch, double value)
{
	if (value < sketch->min)
		return sketch->min;
	return value > sketch->max ? sketch->max : value;
}

double pss_sketch_quantile(const struct pss_sketch *sketch, double q)
{
	double rank = q * sketch->total, sum = sketch->zero;

	if (sketch->total <= 0 || isnan(q))
		return NAN;
	if (q >= 1)
		return sketch->max;
	if (sum > rank || q <= 0)
		return sketch->min;
	for (int i = 0; i < sketch->buckets; i++) {
		sum += sketch->weight[i];
		if (sketch->weight[i] > 0 && sum >= rank)
			return sketch_clamp(sketch, pss_sketch_value(sketch->first + i));
	}
	return sketch->max;
}

double pss_sketch_cdf(const struct pss_sketch *sketch, double value)
{
	double sum = sketch->zero;

	if (sketch->total <= 0 || isnan(value))
		return NAN;
	if (value < sketch->min)
		return 0;
	if (value >= sketch->max)
		return 1;
	if (value < 1)
		return sum / sketch->total;
	int last = bucket_of(value);
	for (int i = 0; i < sketch->buckets && sketch->first + i <= last; i++)
		sum += sketch->weight[i];
	return fmin(1, sum / sketch->total);
}
