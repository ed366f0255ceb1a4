/* SPDX-License-Identifier: MIT */
#include "user/window/run.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/synthetic.h"

static struct pss_op op_at(uint64_t end_ns, uint64_t duration_ns)
{
	struct pss_op op = {
		.name_id = 1, .kind = PSS_OP_REQUEST, .weight = 1, .units = 1, .duration_ns = duration_ns};

	op.start_ns = end_ns - duration_ns;
	op.component_ns[PSS_C_ON_CPU] = duration_ns;
	return op;
}

static int feed_op(struct synthetic *synthetic, const struct pss_op *op)
{
	return synthetic_feed(synthetic, PSS_REC_OP, op, sizeof(*op));
}

static struct synthetic *named(uint64_t seed, bool exact)
{
	struct synthetic *synthetic = synthetic_new(seed, exact);

	synthetic_name(synthetic, 1, PSS_OP_REQUEST, "request :80");
	return synthetic;
}

Test(run, contradictions_are_refused)
{
	struct synthetic *synthetic = named(1, false);
	struct pss_op good = op_at(SYNTHETIC_START_NS + 1000000, 1000), op;

	cr_expect_eq(feed_op(synthetic, &good), 0);
	op = good;
	op.kind = PSS_OP_CALL;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO, "another kind than the name's");
	op = good;
	op.kind = 200;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO);
	op = good;
	op.name_id = 77;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO, "a name that was not sent");
	op = good;
	op.weight = 0;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO);
	op = good;
	op.start_ns = 5;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO, "ended before the capture");
	op = good;
	op.duration_ns = UINT64_MAX - 10;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO);
	op = good;
	op.component_ns[3] = UINT64_MAX;
	cr_expect_eq(feed_op(synthetic, &op), -EPROTO);
	cr_expect_eq(synthetic_feed(synthetic, PSS_REC_OP, &good, sizeof(good) - 1), -EPROTO);
	cr_expect_eq(synthetic_feed(synthetic, PSS_REC_META, &synthetic->run.meta, sizeof(struct pss_meta)),
		     -EPROTO, "a second one");
	cr_expect_eq(synthetic_feed(synthetic, 999, "x", 1), 0, "types of the future are skipped");
	cr_expect_eq(synthetic->run.series_count, 1);
	cr_expect_eq(synthetic->run.series[0].samples, 1);
	synthetic_free(synthetic);
}

Test(run, components_are_made_to_sum)
{
	struct synthetic *synthetic = named(1, false);
	struct pss_op op = op_at(SYNTHETIC_START_NS + 1000000, 1000);

	op.component_ns[PSS_C_ON_CPU] = 400;
	cr_assert_eq(feed_op(synthetic, &op), 0);
	op.component_ns[PSS_C_ON_CPU] = 3000;
	op.component_ns[PSS_C_DISK] = 1000;
	cr_assert_eq(feed_op(synthetic, &op), 0);
	const struct pss_window *window = &synthetic->run.series[0].window[0];
	cr_expect_eq(window->component_ns[PSS_C_ON_CPU], 400 + 750);
	cr_expect_eq(window->component_ns[PSS_C_OTHER], 600);
	cr_expect_eq(window->component_ns[PSS_C_DISK], 250);
	synthetic_free(synthetic);
}

Test(run, uncertain_starts_are_left_out)
{
	struct synthetic *synthetic = named(1, false);
	struct pss_op op = op_at(SYNTHETIC_START_NS + 1000000, 1000);

	op.flags = PSS_OPF_UNCERTAIN_START;
	cr_expect_eq(feed_op(synthetic, &op), 0);
	cr_expect_eq(synthetic->run.series_count, 0);
	synthetic_free(synthetic);
}

Test(run, windows_stay_bounded_and_whole)
{
	struct synthetic *synthetic = named(1, false);

	for (uint64_t i = 0; i < 20000; i++) {
		struct pss_op op = op_at(SYNTHETIC_START_NS + i * 700000000, 1000 + i);
		cr_assert_eq(feed_op(synthetic, &op), 0);
	}
	const struct pss_series *series = &synthetic->run.series[0];
	double weight = 0;
	for (size_t i = 0; i < series->windows; i++)
		weight += series->window[i].weight;
	cr_expect_leq(series->windows, PSS_RUN_WINDOWS);
	cr_expect_eq(weight, 20000);
	cr_expect_eq(synthetic->run.interval_ns, 16000000000ULL);
	cr_expect_eq(series->samples, PSS_RUN_SAMPLE);
	double estimate = 0;
	for (size_t i = 0; i < series->samples; i++)
		estimate += pss_sample_weight(series, &series->sample[i]);
	cr_expect_float_eq(estimate, 20000, 400, "the sample stands for all");
	synthetic_free(synthetic);
}

Test(run, many_names_fold_into_other)
{
	struct synthetic *synthetic = synthetic_new(1, false);
	char text[32];

	for (uint32_t i = 1; i <= PSS_RUN_NAMES + 500; i++) {
		struct pss_op op = op_at(SYNTHETIC_START_NS + i, 1);
		snprintf(text, sizeof(text), "request :%u", i);
		synthetic_name(synthetic, i, PSS_OP_REQUEST, text);
		op.name_id = i;
		cr_assert_eq(feed_op(synthetic, &op), 0);
	}
	cr_expect_eq(synthetic->run.series_count, PSS_RUN_NAMES + 1);
	cr_expect_str_eq(synthetic->run.series[PSS_RUN_NAMES].name, "other");
	cr_expect_eq(synthetic->run.series[PSS_RUN_NAMES].window[0].weight, 500);
	synthetic_free(synthetic);
}

Test(run, memory_readings_stay_bounded_and_in_order)
{
	struct synthetic *synthetic = synthetic_new(1, false);
	struct pss_memory memory = {.rss_bytes = 1};

	for (uint64_t i = 0; i < 30000; i++) {
		memory.time_ns = SYNTHETIC_START_NS + i * 1000;
		memory.rss_bytes = 1000 + i;
		cr_assert_eq(synthetic_feed(synthetic, PSS_REC_MEMORY, &memory, sizeof(memory)), 0);
	}
	cr_expect_leq(synthetic->run.memory_count, PSS_RUN_MEMORY);
	cr_expect_gt(synthetic->run.memory_count, PSS_RUN_MEMORY / 3);
	for (size_t i = 0; i < synthetic->run.memory_count; i++)
		cr_assert_eq(synthetic->run.memory[i].rss_bytes, 1000 + i * synthetic->run.memory_stride);
	memory.time_ns = SYNTHETIC_START_NS;
	cr_expect_eq(synthetic_feed(synthetic, PSS_REC_MEMORY, &memory, sizeof(memory)), -EPROTO);
	cr_expect_eq(synthetic->run.rss_peak, 1000 + 29999);
	synthetic_free(synthetic);
}

Test(run, kernel_totals_are_the_report)
{
	struct synthetic *synthetic = named(3, true);
	struct pss_report report;

	for (int w = 0; w < 8; w++) {
		for (int i = 0; i < 1000; i++)
			synthetic_op(synthetic,
				     &(struct synthetic_op){.name_id = 1,
							    .duration_ns = 1e6 + 1e3 * i,
							    .path = 5,
							    .steps = PSS_SC_RECV | PSS_SC_SEND << 8});
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_assert_eq(report.operations, 1);
	const struct pss_report_operation *row = &report.operation[0];
	cr_expect_eq(row->count, 8000);
	cr_expect_eq(row->recorded, 8000);
	cr_expect_float_eq(row->p50_ns, 1.5e6, 0.01 * 1.5e6);
	cr_expect_float_eq(row->p95_ns, 1.95e6, 0.01 * 1.95e6);
	cr_expect_float_eq(row->p99_ns, 1.99e6, 0.01 * 1.99e6);
	cr_expect_float_eq(row->max_ns, 1.999e6, 1);
	cr_expect_float_eq(row->rate_per_s, 1000, 1);
	cr_expect_str_eq(row->path[0].tag, "recv > send");
	cr_expect_eq(report.windows, 8);
	cr_expect_eq(report.window[3].operations, 1000);
	cr_expect_eq(report.operations_seen, 8000);
	pss_report_free(&report);
	synthetic_free(synthetic);
}

static unsigned kinds_of(unsigned requests, unsigned ticks, unsigned forced, struct pss_report *report)
{
	struct synthetic *synthetic = named(4, true);
	struct pss_config config;

	synthetic_name(synthetic, 2, PSS_OP_TICK, "tick");
	for (int w = 0; w < 8; w++) {
		for (unsigned i = 0; i < requests; i++)
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1, .duration_ns = 1e6});
		for (unsigned i = 0; i < ticks; i++)
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 2, .duration_ns = 1e6});
		synthetic_window(synthetic);
	}
	pss_config_defaults(&config);
	config.ops_mask = forced;
	pss_report_init(report);
	cr_assert_eq(run_report(&synthetic->run, &config, report), 0);
	synthetic_free(synthetic);
	return report->scored_kinds;
}

Test(run, kinds_are_chosen_and_said)
{
	struct pss_report report;

	cr_expect_neq(kinds_of(100, 100, 0, &report) & 1u << PSS_OP_REQUEST, 0);
	cr_expect_eq(report.scored_kinds & 1u << PSS_OP_TICK, 0);
	cr_expect_neq(report.scored_why[0], 0);
	pss_report_free(&report);
	cr_expect_eq(kinds_of(1, 100, 0, &report), 1u << PSS_OP_TICK, "too few requests");
	cr_expect_not_null(strstr(report.scored_why, "8"));
	pss_report_free(&report);
	cr_expect_eq(kinds_of(100, 100, 1u << PSS_OP_TICK, &report), 1u << PSS_OP_TICK);
	cr_expect(report.kinds_forced);
	pss_report_free(&report);
	kinds_of(0, 0, 0, &report);
	cr_expect_eq(report.verdict, PSS_VERDICT_INSUFFICIENT);
	pss_report_free(&report);
}

/* Random records of every type, with sizes and fields that lie: nothing may crash, and a report comes out. */
Test(run, any_stream_is_survived)
{
	struct synthetic *synthetic = named(5, false);
	unsigned char payload[1200];
	struct pss_report report;

	for (int i = 0; i < 40000; i++) {
		uint32_t type = (uint32_t)(synthetic_uniform(synthetic) * 13);
		size_t size = (size_t)(synthetic_uniform(synthetic) * sizeof(payload));
		bool plausible = synthetic_uniform(synthetic) < 0.7;
		for (size_t k = 0; k < sizeof(payload); k++)
			payload[k] = plausible && k % 8 > 3
					     ? 0
					     : (unsigned char)(synthetic_uniform(synthetic) * 256);
		if (type == PSS_REC_OP && plausible) {
			struct pss_op op = op_at(
				SYNTHETIC_START_NS + (uint64_t)(synthetic_uniform(synthetic) * 1e17), 7);
			memcpy(&op.duration_ns, payload, sizeof(op.duration_ns));
			memcpy(&op.path, payload + 8, 24);
			memcpy(payload, &op, sizeof(op));
			size = sizeof(op);
		}
		int err = synthetic_feed(synthetic, type, payload, size);
		cr_assert(err == 0 || err == -EPROTO);
	}
	synthetic_report(synthetic, &report);
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		cr_expect(!report.dimension[d].measured ||
			  (report.dimension[d].value >= 0 && report.dimension[d].value <= 1));
	cr_expect(!report.pss.measured || (report.pss.value >= 0 && report.pss.value <= 100));
	pss_report_free(&report);
	synthetic_free(synthetic);
}

Test(run, abnormal_ends_show)
{
	struct synthetic *synthetic = named(6, true);
	struct pss_life life = {.time_ns = SYNTHETIC_START_NS + 5,
				.tgid = 42,
				.type = PSS_LIFE_EXIT,
				.err_class = PSS_ERR_SIGNAL,
				.err_code = 11};
	struct pss_report report;

	for (int w = 0; w < 8; w++) {
		for (int i = 0; i < 50; i++)
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1, .duration_ns = 1e6});
		synthetic_window(synthetic);
	}
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_LIFE, &life, sizeof(life)), 0);
	synthetic_report(synthetic, &report);
	cr_assert_eq(report.errors, 1);
	cr_expect_str_eq(report.error[0].what, "killed by SIGSEGV");
	cr_expect_geq(report.verdict, PSS_VERDICT_UNSTABLE);
	cr_assert_gt(report.findings, 0);
	cr_expect_str_eq(report.finding[0].cause, "crash");
	pss_report_free(&report);
	synthetic_free(synthetic);
}
