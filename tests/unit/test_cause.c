/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/synthetic.h"

static struct synthetic *requests(uint64_t seed)
{
	struct synthetic *synthetic = synthetic_new(seed, true);

	synthetic_name(synthetic, 1, PSS_OP_REQUEST, "request :80");
	return synthetic;
}

/* Every tenth operation waits for a lock, all of them a little for the network. */
Test(cause, variance_is_the_locks)
{
	struct synthetic *synthetic = requests(1);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 200; i++) {
			bool held = i % 10 == 0;
			double wait = held ? synthetic_lognormal(synthetic, 2e7, 0.3) : 1e5;
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
								       .duration_ns = 1e6 + wait,
								       .wait_ns = wait,
								       .wait = held ? PSS_C_LOCK : PSS_C_NET,
								       .path = 1});
		}
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	const struct pss_report_operation *row = &report.operation[0];
	cr_assert(row->attributed);
	double variance = 0, tail = 0;
	for (int c = 0; c < PSS_C_COUNT; c++) {
		variance += row->variance_share[c];
		tail += row->tail_share[c];
	}
	cr_expect_float_eq(variance, 1, 1e-6);
	cr_expect_float_eq(tail, 1, 1e-6);
	cr_expect_gt(row->variance_share[PSS_C_LOCK], 0.95);
	cr_expect_gt(row->tail_share[PSS_C_LOCK], 0.95);
	cr_assert_gt(report.findings, 0);
	cr_expect_str_eq(report.finding[0].cause, "lock");
	cr_expect_neq(report.finding[0].severity, PSS_SEV_INFO);
	for (size_t i = 1; i < report.findings; i++)
		cr_expect(report.finding[i].severity < report.finding[i - 1].severity ||
			  report.finding[i].loss <= report.finding[i - 1].loss);
	pss_report_free(&report);
	synthetic_free(synthetic);
}

/* Two causes alike: neither is named. */
Test(cause, unsure_is_not_named)
{
	struct synthetic *synthetic = requests(2);
	struct pss_report report;

	for (int w = 0; w < 8; w++) {
		for (int i = 0; i < 60; i++) {
			double wait = synthetic_uniform(synthetic) < 0.1 ? 3e7 : 0;
			bool disk = synthetic_uniform(synthetic) < 0.5;
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
								       .duration_ns = 1e6 + wait,
								       .wait_ns = wait,
								       .wait = disk ? PSS_C_DISK : PSS_C_NET,
								       .path = 1});
		}
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	for (size_t i = 0; i < report.findings; i++)
		if (report.finding[i].dimension == PSS_DIM_TIMING) {
			cr_expect_str_neq(report.finding[i].cause, "disk");
			cr_expect_str_neq(report.finding[i].cause, "network");
		}
	pss_report_free(&report);
	synthetic_free(synthetic);
}

static const struct pss_finding *finding_in(const struct pss_report *report, enum pss_dimension dimension)
{
	for (size_t i = 0; i < report->findings; i++)
		if (report->finding[i].dimension == dimension && report->finding[i].severity > PSS_SEV_INFO)
			return &report->finding[i];
	return NULL;
}

Test(cause, leak_and_errors_are_named)
{
	struct synthetic *synthetic = requests(3);
	struct pss_report report;

	for (int w = 0; w < 20; w++) {
		synthetic_memory(synthetic, 1e8 + 5e6 * w);
		for (int i = 0; i < 200; i++)
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
								       .duration_ns = 1e6,
								       .path = 1,
								       .failed = w % 5 == 2});
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	const struct pss_finding *memory = finding_in(&report, PSS_DIM_MEMORY);
	const struct pss_finding *errors = finding_in(&report, PSS_DIM_ERRORS);
	cr_assert_not_null(memory);
	cr_expect_str_eq(memory->cause, "leak");
	cr_expect(report.growth_significant);
	cr_expect_float_eq(report.growth_bytes_per_s, 5e6, 1e5);
	cr_assert_not_null(errors);
	cr_expect_not_null(strstr(errors->cause, "ECONNRESET"));
	cr_expect_not_null(strstr(errors->evidence, "ECONNRESET"));
	pss_report_free(&report);
	synthetic_free(synthetic);
}

Test(cause, steady_work_has_no_warning)
{
	struct synthetic *synthetic = requests(4);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		synthetic_memory(synthetic, 1e8);
		for (int i = 0; i < 500; i++)
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
								       .duration_ns = synthetic_lognormal(
									       synthetic, 1e6, 0.6),
								       .path = 1});
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_expect_gt(report.pss.value, 90);
	cr_expect_eq(report.verdict, PSS_VERDICT_STABLE);
	for (size_t i = 0; i < report.findings; i++)
		cr_expect_eq(report.finding[i].severity, PSS_SEV_INFO);
	pss_report_free(&report);
	synthetic_free(synthetic);
}
