/* SPDX-License-Identifier: MIT */
#include "tests/unit/example_report.h"

#include <stdlib.h>
#include <string.h>

static struct pss_score score(double value, double lo, double hi)
{
	return (struct pss_score){.measured = true, .value = value, .lo = lo, .hi = hi};
}

static void example_operation(struct pss_report_operation *operation, const char *name, enum pss_op_kind kind,
			      bool scored, double p50_ns)
{
	operation->name = strdup(name);
	operation->kind = kind;
	operation->scored = scored;
	operation->count = 1234567;
	operation->operations = 1234000;
	operation->recorded = 200000;
	operation->errors = 12;
	operation->rate_per_s = 123456.7;
	operation->p50_ns = p50_ns;
	operation->p95_ns = p50_ns * 2.5;
	operation->p99_ns = p50_ns * 9;
	operation->max_ns = p50_ns * 100;
	operation->mean_ns = p50_ns * 1.3;
	operation->share = scored ? 0.7 : 0;
	operation->pss = score(61.5, 58.2, 66.1);
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		operation->dimension[i] = score(0.5 + 0.1 * i, 0.45 + 0.1 * i, 0.55 + 0.1 * i);
	operation->component_ns[PSS_C_ON_CPU] = 6.2e9;
	operation->component_ns[PSS_C_RUNQ] = 3.0e9;
	operation->component_ns[PSS_C_NET] = 0.8e9;
	operation->attributed = true;
	operation->variance_share[PSS_C_ON_CPU] = 0.12;
	operation->variance_share[PSS_C_RUNQ] = 0.91;
	operation->variance_share[PSS_C_NET] = -0.03;
	operation->tail_share[PSS_C_RUNQ] = 0.99;
	operation->tail_share[PSS_C_ON_CPU] = 0.01;
	operation->path_count = 4;
	operation->paths = 2;
	operation->path[0] = (struct pss_report_path){.path = 1, .tag = "recv > send", .share = 0.93};
	operation->path[1] =
		(struct pss_report_path){.path = 2, .tag = "recv > open > read > send", .share = 0.05};
}

static void example_lists(struct pss_report *report)
{
	report->operation = calloc(3, sizeof(*report->operation));
	report->operations = 3;
	example_operation(&report->operation[0], "request :6379", PSS_OP_REQUEST, true, 5600);
	example_operation(&report->operation[1], "call db.internal.example.org:5432", PSS_OP_CALL, true,
			  1.2e6);
	example_operation(&report->operation[2], "tick", PSS_OP_TICK, false, 42000);
	report->finding = calloc(2, sizeof(*report->finding));
	report->findings = 2;
	report->finding[0] = (struct pss_finding){
		.dimension = PSS_DIM_CONCURRENCY,
		.severity = PSS_SEV_CRITICAL,
		.operation = strdup("request :6379"),
		.cause = strdup("run queue"),
		.evidence =
			strdup("71 % of the variance of its latency is time spent runnable and waiting for "
			       "a CPU: 1.2 ms at p99 against 3 us at the median."),
		.advice =
			strdup("Give the process more CPU: look for a quota and for what shares its cores."),
		.loss = 14.2,
	};
	report->finding[1] = (struct pss_finding){
		.dimension = PSS_DIM_MEMORY,
		.severity = PSS_SEV_WARNING,
		.cause = strdup("leak"),
		.evidence =
			strdup("The resident set grows 120 KiB/s, at the same pace through the whole run."),
		.advice = strdup("Look at what is kept for each connection."),
		.loss = 3.1,
	};
	report->error = calloc(2, sizeof(*report->error));
	report->errors = 2;
	report->error[0] = (struct pss_report_error){
		.endpoint = strdup(":6379"), .what = strdup("ECONNRESET in recv"), .count = 12};
	report->error[1] = (struct pss_report_error){.what = strdup("killed by SIGSEGV"), .count = 1};
	report->window = calloc(10, sizeof(*report->window));
	report->windows = 10;
	for (int i = 0; i < 10; i++) {
		report->window[i].start_s = i;
		report->window[i].operations = 100000 + 1000 * i;
		report->window[i].p50_ns = 5600;
		report->window[i].p99_ns = i == 6 ? 2e6 : 50000 + 1000 * i;
	}
}

static void example_meta(struct pss_meta *meta)
{
	meta->start_unix_ns = 1700000000000000000u;
	meta->interval_ns = 1000000000u;
	meta->pid = 1234;
	meta->cpus = 2;
	strcpy(meta->comm, "redis-server");
	strcpy(meta->exe, "/usr/bin/redis-check-rdb");
	strcpy(meta->runtime, "native");
	strcpy(meta->kernel, "6.1.0");
	strcpy(meta->host, "example");
}

void example_report(struct pss_report *report)
{
	pss_report_init(report);
	report->pss = score(62.4, 58.2, 66.1);
	report->pss_rounded = 62;
	report->verdict = PSS_VERDICT_UNSTABLE;
	report->dimension[PSS_DIM_TIMING] = score(0.41, 0.36, 0.47);
	report->dimension[PSS_DIM_MEMORY] = score(0.78, 0.61, 0.9);
	report->dimension[PSS_DIM_ERRORS] = score(1, 0.999, 1);
	report->dimension[PSS_DIM_BRANCHING] = score(0.93, 0.92, 0.94);
	report->dimension[PSS_DIM_CONCURRENCY] = score(0.22, 0.12, 0.33);
	report->scored_kinds = 1u << PSS_OP_REQUEST | 1u << PSS_OP_CALL;
	strcpy(report->scored_why, "Scored on requests and calls: the process answers on sockets.");
	example_lists(report);
	report->memory_known = true;
	report->rss_first = 12 << 20;
	report->rss_last = 14 << 20;
	report->rss_peak = 15 << 20;
	report->growth_bytes_per_s = 122880;
	report->growth_significant = true;
	report->limit_bytes = 512 << 20;
	report->mapped_bytes = 3 << 20;
	report->faulted_bytes = 2 << 20;
	report->operations_seen = 1234567;
	report->operations_recorded = 200000;
	report->lost[PSS_LOST_RING_FULL] = 1034567;
	report->lost[PSS_LOST_IN_FLIGHT] = 3;
	report->overhead_known = true;
	report->target_cpu_share = 0.083;
	report->per_operation_ns = 431;
	report->overhead_method = "events counted, cost of each calibrated at start";
	example_meta(&report->meta);
	report->processes = 1;
	report->threads = 4;
	report->duration_s = 10.003;
	report->cpu_share = 0.97;
	report->end = PSS_END_DURATION;
	report->made_unix_ns = 1700000011000000000u;
}

char *report_as_text(const struct pss_report *report, const struct pss_text_style *style)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int error = out ? pss_report_text(report, style, out) : -1;
	if (out)
		fclose(out);
	if (!error)
		return text;
	free(text);
	return NULL;
}

char *report_as_json(const struct pss_report *report)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int error = out ? pss_report_json(report, out) : -1;
	if (out)
		fclose(out);
	if (!error)
		return text;
	free(text);
	return NULL;
}
