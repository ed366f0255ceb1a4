/* SPDX-License-Identifier: MIT */
#include "user/score/pypss_report.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

static void feed(struct pss_run *run, uint32_t type, const void *payload, uint32_t size)
{
	struct pss_record_head head = {.type = type, .size = size};
	cr_assert_eq(run_feed(run, &head, payload), 0);
}

static void feed_name(struct pss_run *run, uint32_t id, uint8_t kind, const char *text)
{
	char payload[64];
	struct pss_name name = {.id = id, .kind = kind};
	memcpy(payload, &name, sizeof(name));
	memcpy(payload + sizeof(name), text, strlen(text));
	feed(run, PSS_REC_NAME, payload, (uint32_t)(sizeof(name) + strlen(text)));
}

/* Requests that end in the reverse of the order in which they are fed, and one task that does not count. */
static void make_run(struct pss_run *run, bool failing)
{
	struct pss_meta meta = {.start_ns = 1000, .interval_ns = 1000000000};
	run_init(run);
	feed(run, PSS_REC_META, &meta, sizeof(meta));
	feed_name(run, 1, PSS_OP_REQUEST, "request :80");
	feed_name(run, 2, PSS_OP_TASK, "task");
	for (uint64_t i = 0; i < 20; i++) {
		struct pss_op op = {.name_id = 1, .kind = PSS_OP_REQUEST, .units = 1, .weight = 4, .tid = 1};
		op.start_ns = 1000 + (20 - i) * 10000000;
		op.duration_ns = 4000000;
		op.component_ns[PSS_C_ON_CPU] = 1000000;
		op.component_ns[PSS_C_FAULT] = 1000000;
		op.component_ns[PSS_C_DISK] = 2000000;
		op.rss_bytes = i % 2 ? 50000000 : 0;
		op.path = 5 + i % 2;
		/* Every fourth by time of end; two in a row at the end of time, which come first here. */
		op.err_class = failing && (i < 4) ? PSS_ERR_ERRNO : PSS_ERR_NONE;
		feed(run, PSS_REC_OP, &op, sizeof(op));
	}
	struct pss_op task = {
		.name_id = 2, .kind = PSS_OP_TASK, .weight = 1, .duration_ns = 900000000, .start_ns = 1000};
	feed(run, PSS_REC_OP, &task, sizeof(task));
}

static void report_of(const struct pss_run *run, struct pss_report *report)
{
	struct pss_config config;
	char message[200] = "";
	pss_config_defaults(&config);
	pss_report_init(report);
	report->scored_kinds = 1u << PSS_OP_REQUEST;
	cr_assert_eq(pypss_report(run, NULL, &config, report, message, sizeof(message)), 0, "%s", message);
	cr_expect_eq(report->scoring, PSS_SCORING_PYPSS);
}

Test(pypss_report, columns_of_a_capture)
{
	struct pss_run run;
	struct pss_report report;

	make_run(&run, false);
	report_of(&run, &report);
	cr_expect_eq(report.dimension[PSS_DIM_TIMING].value, 1, "the task is not of a scored kind");
	cr_expect_eq(report.dimension[PSS_DIM_MEMORY].value, 1, "memory that is not known is left out");
	cr_expect_eq(report.dimension[PSS_DIM_ERRORS].value, 1);
	cr_expect_eq(report.dimension[PSS_DIM_BRANCHING].value, 0, "an even two-way branch");
	cr_expect_eq(report.dimension[PSS_DIM_CONCURRENCY].value, 1);
	cr_expect_eq(report.pss_rounded, 85);
	cr_expect_eq(report.verdict, PSS_VERDICT_DEGRADED);
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		cr_expect(report.dimension[i].measured);
		cr_expect_eq(report.dimension[i].lo, report.dimension[i].value);
		cr_expect_eq(report.dimension[i].hi, report.dimension[i].value);
	}
	run_free(&run);
	pss_report_free(&report);
}

/* Four errors in a row among twenty: the run of them counts, so the order of time must have been kept. */
Test(pypss_report, errors_of_a_capture)
{
	struct pss_run run;
	struct pss_report report;
	double want = exp(-(0.2 + 0.5 * (4.0 * 16 / (20 * 19)) / 0.2)) * (1 - (0.2 - 0.1) / 0.9 * 0.5) *
		      exp(-2.0 * 2);

	make_run(&run, true);
	report_of(&run, &report);
	cr_expect_eq(report.dimension[PSS_DIM_ERRORS].value, pypss_round2(want));
	run_free(&run);
	pss_report_free(&report);
}

Test(pypss_report, columns_of_a_trace_file)
{
	double duration[] = {1, 1, 1};
	struct pypss_columns columns = {.records = 3, .duration = duration, .durations = 3};
	struct pss_config config;
	struct pss_report report;
	struct pss_run run;
	char message[200] = "";

	run_init(&run);
	pss_config_defaults(&config);
	pss_report_init(&report);
	cr_assert_eq(pypss_report(&run, &columns, &config, &report, message, sizeof(message)), 0);
	cr_expect_eq(report.pss_rounded, 100);
	cr_expect_eq(report.verdict, PSS_VERDICT_STABLE);

	columns = (struct pypss_columns){0};
	cr_assert_eq(pypss_report(&run, &columns, &config, &report, message, sizeof(message)), 0);
	cr_expect_eq(report.pss_rounded, 0);
	cr_expect(report.pss.measured);
	cr_expect_eq(report.verdict, PSS_VERDICT_INSUFFICIENT);

	duration[1] = INFINITY;
	columns = (struct pypss_columns){.records = 3, .duration = duration, .durations = 3};
	cr_expect_eq(pypss_report(&run, &columns, &config, &report, message, sizeof(message)), -EDOM);
	cr_expect_neq(message[0], '\0');
	pss_report_free(&report);
	run_free(&run);
}
