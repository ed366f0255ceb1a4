/* SPDX-License-Identifier: MIT */
#include "user/window/sketch.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/synthetic.h"

static int double_order(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

Test(sketch, quantiles_within_one_percent)
{
	static double value[20000];
	struct synthetic *synthetic = synthetic_new(1, false);
	struct pss_sketch sketch;

	pss_sketch_init(&sketch);
	for (size_t i = 0; i < 20000; i++) {
		value[i] = synthetic_lognormal(synthetic, 1e5, 3);
		cr_assert_eq(pss_sketch_add(&sketch, value[i], 1), 0);
	}
	qsort(value, 20000, sizeof(*value), double_order);
	for (int q = 1; q < 1000; q++) {
		double exact = value[(size_t)ceil(q / 1000.0 * 20000) - 1];
		if (exact > 1)
			cr_expect_float_eq(pss_sketch_quantile(&sketch, q / 1000.0), exact, 0.0101 * exact);
	}
	cr_expect_eq(pss_sketch_quantile(&sketch, 0), value[0]);
	cr_expect_eq(pss_sketch_quantile(&sketch, 1), value[19999]);
	cr_expect_leq(sketch.buckets, PSS_SKETCH_BUCKETS);
	pss_sketch_free(&sketch);
	synthetic_free(synthetic);
}

Test(sketch, merging_is_adding)
{
	struct synthetic *synthetic = synthetic_new(2, false);
	struct pss_sketch whole, part[3];

	pss_sketch_init(&whole);
	for (int i = 0; i < 3; i++)
		pss_sketch_init(&part[i]);
	for (int i = 0; i < 3000; i++) {
		double value = synthetic_lognormal(synthetic, i % 3 ? 10 : 1e9, 1), weight = 1 + i % 5;
		cr_assert_eq(pss_sketch_add(&whole, value, weight), 0);
		cr_assert_eq(pss_sketch_add(&part[i % 3], value, weight), 0);
	}
	cr_assert_eq(pss_sketch_merge(&part[2], &part[0]), 0);
	cr_assert_eq(pss_sketch_merge(&part[2], &part[1]), 0);
	cr_expect_eq(part[2].total, whole.total);
	for (int q = 0; q <= 100; q++)
		cr_expect_eq(pss_sketch_quantile(&part[2], q / 100.0),
			     pss_sketch_quantile(&whole, q / 100.0));
	pss_sketch_free(&whole);
	for (int i = 0; i < 3; i++)
		pss_sketch_free(&part[i]);
	synthetic_free(synthetic);
}

Test(sketch, odd_values)
{
	struct pss_sketch sketch;

	pss_sketch_init(&sketch);
	cr_expect(isnan(pss_sketch_quantile(&sketch, 0.5)));
	cr_expect(isnan(pss_sketch_cdf(&sketch, 1)));
	cr_expect_neq(pss_sketch_add(&sketch, NAN, 1), 0);
	cr_expect_neq(pss_sketch_add(&sketch, 1, 0), 0);
	cr_expect_neq(pss_sketch_add(&sketch, 1, INFINITY), 0);
	cr_expect_neq(pss_sketch_add(&sketch, 1, NAN), 0);
	cr_expect_eq(sketch.total, 0);
	cr_expect_eq(pss_sketch_add(&sketch, -5, 1), 0);
	cr_expect_eq(pss_sketch_add(&sketch, 1e300, 1), 0);
	cr_expect_eq(pss_sketch_add(&sketch, INFINITY, 2), 0);
	cr_expect_eq(pss_sketch_quantile(&sketch, 0), 0);
	cr_expect_eq(pss_sketch_cdf(&sketch, 1e6), 0.25);
	cr_expect_eq(pss_sketch_cdf(&sketch, INFINITY), 1);
	pss_sketch_free(&sketch);
}
