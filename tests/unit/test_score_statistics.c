/* SPDX-License-Identifier: MIT */
#include "user/score/statistics.h"

#include <criterion/criterion.h>
#include <math.h>

Test(score_statistics, student)
{
	cr_expect_float_eq(student_t95(1), 12.706, 0.001);
	cr_expect_float_eq(student_t95(4), 2.776, 0.001);
	cr_expect_float_eq(student_t95(10), 2.228, 0.005);
	cr_expect_float_eq(student_t95(30), 2.042, 0.001);
	cr_expect_float_eq(student_t95(1e9), 1.96, 0.001);
}

/* Values of the worked example in Wilson (1927) by the closed formula. */
Test(score_statistics, wilson)
{
	double lo, hi;

	wilson_interval(0, 10, &lo, &hi);
	cr_expect_eq(lo, 0);
	cr_expect_float_eq(hi, 0.2775, 0.0005);
	wilson_interval(5, 10, &lo, &hi);
	cr_expect_float_eq(lo, 0.2366, 0.0005);
	cr_expect_float_eq(hi, 0.7634, 0.0005);
	wilson_interval(10, 10, &lo, &hi);
	cr_expect_eq(hi, 1);
}

Test(score_statistics, median)
{
	double odd[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2}, same[] = {7, 7, 7, 7}, one[] = {9};

	cr_expect_eq(median_of(odd, 5), 3);
	cr_expect_eq(median_of(even, 4), 2.5);
	cr_expect_eq(median_of(same, 4), 7);
	cr_expect_eq(median_of(one, 1), 9);
	cr_expect(isnan(median_of(one, 0)));
	for (size_t count = 1; count <= 60; count++) { /* every size, in a scrambled order */
		double value[60];
		for (size_t i = 0; i < count; i++)
			value[i] = (double)(i * 37 % 61 % count);
		double sorted[60];
		for (size_t i = 0; i < count; i++) {
			size_t at = i;
			for (; at && sorted[at - 1] > value[i]; at--)
				sorted[at] = sorted[at - 1];
			sorted[at] = value[i];
		}
		cr_expect_eq(median_of(value, count), (sorted[(count - 1) / 2] + sorted[count / 2]) / 2);
	}
}

Test(score_statistics, trend)
{
	double x[20], y[20];

	for (int i = 0; i < 20; i++) {
		x[i] = i;
		y[i] = 3 * i + (i % 2 ? 0.5 : -0.5);
	}
	y[10] = 1e6; /* one wild value moves nothing */
	struct trend trend = trend_of(x, y, 20);
	cr_expect_float_eq(trend.slope, 3, 0.1);
	cr_expect_leq(trend.lo, trend.slope);
	cr_expect_geq(trend.hi, trend.slope);
	cr_expect_gt(trend.z, 3);
	cr_expect_eq(trend_slope(x, y, 20), trend.slope);
	for (int i = 0; i < 20; i++)
		y[i] = 4;
	trend = trend_of(x, y, 20);
	cr_expect_eq(trend.slope, 0);
	cr_expect_eq(trend.z, 0);
}

Test(score_statistics, selecting_is_sorting)
{
	struct weighted item[60], sorted[60];

	cr_expect(isnan(weighted_select(item, 0, 0.5)));
	for (size_t count = 1; count <= 60; count++) {
		for (int q = 0; q <= 10; q++) {
			for (size_t i = 0; i < count; i++)
				item[i] = (struct weighted){(double)(i * 37 % 61 % 20), (double)(1 + i % 4)};
			for (size_t i = 0; i < count; i++)
				sorted[i] = item[i];
			weighted_sort(sorted, count);
			cr_expect_eq(weighted_select(item, count, q / 10.0),
				     weighted_quantile(sorted, count, q / 10.0));
		}
	}
}

Test(score_statistics, weighted_quantile)
{
	struct weighted item[] = {{3, 1}, {1, 1}, {2, 8}};

	weighted_sort(item, 3);
	cr_expect_eq(weighted_quantile(item, 3, 0.05), 1);
	cr_expect_eq(weighted_quantile(item, 3, 0.5), 2);
	cr_expect_eq(weighted_quantile(item, 3, 0.95), 3);
	cr_expect(isnan(weighted_quantile(item, 0, 0.5)));
}
