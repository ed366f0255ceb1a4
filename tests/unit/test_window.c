/* SPDX-License-Identifier: MIT */
#include "user/window/window.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pss_op op_of(uint64_t duration, uint64_t path, uint32_t weight)
{
	struct pss_op op = {
		.kind = PSS_OP_REQUEST, .duration_ns = duration, .path = path, .weight = weight, .units = 2};

	op.component_ns[PSS_C_ON_CPU] = duration / 3;
	op.component_ns[PSS_C_NET] = duration - duration / 3;
	op.err_class = duration % 7 ? PSS_ERR_NONE : PSS_ERR_ERRNO;
	return op;
}

static void same(const struct pss_window *a, const struct pss_window *b)
{
	cr_expect_eq(a->weight, b->weight);
	cr_expect_eq(a->weight_squares, b->weight_squares);
	cr_expect_eq(a->units, b->units);
	cr_expect_eq(a->errors, b->errors);
	cr_expect_eq(a->recorded, b->recorded);
	cr_expect_eq(a->duration_ns, b->duration_ns);
	cr_expect_eq(memcmp(a->component_ns, b->component_ns, sizeof(a->component_ns)), 0);
	cr_expect_eq(a->path_overflow, b->path_overflow);
	cr_assert_eq(a->paths, b->paths);
	for (unsigned i = 0; i < a->paths; i++)
		cr_expect_eq(memcmp(&a->path[i], &b->path[i], sizeof(a->path[i])), 0);
	for (int q = 0; q <= 20; q++)
		cr_expect_eq(pss_sketch_quantile(&a->latency, q / 20.0),
			     pss_sketch_quantile(&b->latency, q / 20.0));
}

/* More paths than there is room for, in two orders, in one window and in merged ones. */
Test(window, order_and_merging_do_not_matter)
{
	struct pss_window forward, backward, part[3];

	pss_window_init(&forward);
	pss_window_init(&backward);
	for (int i = 0; i < 3; i++)
		pss_window_init(&part[i]);
	for (uint64_t i = 0; i < 5000; i++) {
		struct pss_op op = op_of(1000 + i * 37 % 9973, i * i % 211, 1 + (uint32_t)(i % 3));
		struct pss_op mirror = op_of(1000 + (4999 - i) * 37 % 9973, (4999 - i) * (4999 - i) % 211,
					     1 + (uint32_t)((4999 - i) % 3));
		cr_assert_eq(pss_window_add(&forward, &op), 0);
		cr_assert_eq(pss_window_add(&backward, &mirror), 0);
		cr_assert_eq(pss_window_add(&part[i * 7 % 3], &op), 0);
	}
	cr_expect_eq(forward.paths, PSS_WINDOW_PATHS);
	cr_expect_gt(forward.path_overflow, 0);
	same(&forward, &backward);
	cr_assert_eq(pss_window_merge(&part[1], &part[2]), 0);
	cr_assert_eq(pss_window_merge(&part[1], &part[0]), 0);
	same(&forward, &part[1]);
	double weight = forward.path_overflow;
	for (unsigned i = 0; i < forward.paths; i++)
		weight += forward.path[i].weight;
	cr_expect_eq(weight, forward.weight, "no path is lost");
	pss_window_free(&forward);
	pss_window_free(&backward);
	for (int i = 0; i < 3; i++)
		pss_window_free(&part[i]);
}

Test(window, kernel_totals)
{
	struct pss_stats stats = {
		.count = 10, .units = 30, .errors = 1, .duration_ns = 50000, .max_ns = 9000, .buckets = 2};
	struct pss_stats_bucket pair[2] = {{.index = 200, .count = 9}, {.index = 230, .count = 1}};
	struct pss_window window, other;

	pss_window_init(&window);
	pss_window_init(&other);
	cr_assert_eq(pss_window_add_stats(&window, &stats, pair), 0);
	cr_assert_eq(pss_window_add_stats(&other, &stats, pair), 0);
	cr_assert_eq(pss_window_merge(&window, &other), 0);
	cr_assert_not_null(window.exact);
	cr_expect_eq(window.exact->operations, 20);
	cr_expect_eq(window.exact->units, 60);
	cr_expect_eq(window.exact->errors, 2);
	cr_expect_eq(window.exact->latency.total, 20);
	cr_expect_eq(window.weight, 0, "sampled and counted are kept apart");
	pss_window_free(&window);
	pss_window_free(&other);
}

Test(window, failed_add_changes_nothing)
{
	struct pss_window window;
	struct pss_op op = op_of(1000, 3, 0);

	pss_window_init(&window);
	cr_expect_neq(pss_window_add(&window, &op), 0, "weight 0");
	cr_expect_eq(window.recorded, 0);
	cr_expect_eq(window.paths, 0);
	cr_expect_eq(window.latency.total, 0);
	pss_window_free(&window);
}
