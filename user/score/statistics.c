/* SPDX-License-Identifier: MIT */
#include "user/score/statistics.h"

#include <math.h>
#include <stdlib.h>

#define Z95 1.959963984540054

uint64_t random_next(struct random_stream *stream)
{
	uint64_t z = (stream->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

size_t random_below(struct random_stream *stream, size_t bound)
{
	return (size_t)((double)(random_next(stream) >> 11) * 0x1p-53 * (double)bound);
}

static int weighted_order(const void *a, const void *b)
{
	const struct weighted *left = a, *right = b;

	if (left->value != right->value)
		return left->value < right->value ? -1 : 1;
	if (left->weight != right->weight)
		return left->weight < right->weight ? -1 : 1;
	return 0;
}

void weighted_sort(struct weighted *item, size_t count)
{
	qsort(item, count, sizeof(*item), weighted_order);
}

double weighted_quantile(const struct weighted *sorted, size_t count, double q)
{
	double total = 0, sum = 0;

	for (size_t i = 0; i < count; i++)
		total += sorted[i].weight;
	for (size_t i = 0; i < count; i++) {
		sum += sorted[i].weight;
		if (sum >= q * total)
			return sorted[i].value;
	}
	return count ? sorted[count - 1].value : NAN;
}

static void weighted_swap(struct weighted *a, struct weighted *b)
{
	struct weighted keep = *a;

	*a = *b;
	*b = keep;
}

/* Partition in three (Dijkstra), and on with the part that the rank is in. */
double weighted_select(struct weighted *item, size_t count, double q)
{
	double rank = 0, below = 0;
	size_t left = 0, right = count;

	for (size_t i = 0; i < count; i++)
		rank += item[i].weight;
	rank *= q;
	while (right - left > 1) {
		double pivot = item[left + (right - left) / 2].value, less = 0, same = 0;
		size_t low = left, at = left, high = right;
		while (at < high) {
			if (item[at].value < pivot) {
				less += item[at].weight;
				weighted_swap(&item[low++], &item[at++]);
			} else if (item[at].value > pivot) {
				weighted_swap(&item[at], &item[--high]);
			} else {
				same += item[at++].weight;
			}
		}
		if (low > left && below + less >= rank) {
			right = low;
		} else if (below + less + same >= rank || high == right) {
			return pivot;
		} else {
			below += less + same;
			left = high;
		}
	}
	return count ? item[left].value : NAN;
}

/* Hoare's selection: value[k] becomes the k-th smallest, smaller ones before it. */
static double select_kth(double *value, size_t count, size_t k)
{
	size_t left = 0, right = count - 1;

	while (left < right) {
		double pivot = value[left + (right - left) / 2];
		size_t i = left, j = right;
		for (;;) {
			while (value[i] < pivot)
				i++;
			while (value[j] > pivot)
				j--;
			if (i >= j)
				break;
			double swap = value[i];
			value[i++] = value[j];
			value[j--] = swap;
		}
		size_t end = value[j] > pivot ? j - 1 : j;
		if (k <= end)
			right = end;
		else
			left = end + 1;
	}
	return value[k];
}

double median_of(double *value, size_t count)
{
	if (!count)
		return NAN;
	double upper = select_kth(value, count, count / 2);
	if (count % 2)
		return upper;
	double lower = value[0];
	for (size_t i = 1; i < count / 2; i++)
		lower = fmax(lower, value[i]);
	return (lower + upper) / 2;
}

double student_t95(double degrees_of_freedom)
{
	static const double small[] = {12.706, 4.303, 3.182, 2.776, 2.571};
	double n = degrees_of_freedom;

	if (n < 1)
		n = 1;
	if (n < 6) { /* between the table's points */
		size_t i = (size_t)n - 1;
		double next = i + 1 < 5 ? small[i + 1] : 2.447;
		return small[i] + (n - floor(n)) * (next - small[i]);
	}
	/* Cornish-Fisher: Abramowitz and Stegun 26.7.5. */
	double z = Z95, z3 = z * z * z, z5 = z3 * z * z;
	return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n);
}

void wilson_interval(double failures, double tries, double *lo, double *hi)
{
	double p = failures / tries, z2 = Z95 * Z95;
	double middle = (p + z2 / (2 * tries)) / (1 + z2 / tries);
	double half = Z95 / (1 + z2 / tries) * sqrt(p * (1 - p) / tries + z2 / (4 * tries * tries));

	*lo = failures <= 0 ? 0 : fmax(0, middle - half);
	*hi = failures >= tries ? 1 : fmin(1, middle + half);
}

/* All slopes between pairs of different x; returns how many. */
static size_t pair_slopes(const double *x, const double *y, size_t count, double *slope)
{
	size_t pairs = 0;

	for (size_t i = 0; i + 1 < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (x[j] > x[i])
				slope[pairs++] = (y[j] - y[i]) / (x[j] - x[i]);
	return pairs;
}

#define MOST_PAIRS (TREND_POINTS * (TREND_POINTS - 1) / 2)

double trend_slope(const double *x, const double *y, size_t count)
{
	double slope[MOST_PAIRS];
	size_t pairs = count <= TREND_POINTS ? pair_slopes(x, y, count, slope) : 0;

	return pairs ? median_of(slope, pairs) : 0;
}

/* Variance of Kendall's score, corrected for ties of y. */
static double kendall_variance(const double *y, size_t count)
{
	double n = (double)count, variance = n * (n - 1) * (2 * n + 5);

	for (size_t i = 0; i < count; i++) {
		double ties = 0;
		size_t before = 0;
		for (size_t j = 0; j < count; j++) {
			ties += y[j] == y[i];
			before += j < i && y[j] == y[i];
		}
		if (!before)
			variance -= ties * (ties - 1) * (2 * ties + 5);
	}
	return variance / 18;
}

struct trend trend_of(const double *x, const double *y, size_t count)
{
	struct trend trend = {0};
	double slope[MOST_PAIRS], score = 0;
	size_t pairs = count <= TREND_POINTS ? pair_slopes(x, y, count, slope) : 0;

	if (!pairs)
		return trend;
	for (size_t i = 0; i < pairs; i++)
		score += (slope[i] > 0) - (slope[i] < 0);
	double deviation = sqrt(kendall_variance(y, count));
	if (deviation > 0 && score != 0)
		trend.z = (score - (score > 0 ? 1 : -1)) / deviation;
	double half = Z95 * deviation / 2, middle = (double)(pairs - 1) / 2;
	size_t lo = (size_t)fmax(0, floor(middle - half));
	size_t hi = (size_t)fmin((double)(pairs - 1), ceil(middle + half));
	trend.lo = select_kth(slope, pairs, lo);
	trend.hi = select_kth(slope, pairs, hi);
	trend.slope = median_of(slope, pairs);
	return trend;
}
