/* SPDX-License-Identifier: MIT */
/* The JSON view, schema "pss-bpf/report/1": docs/report.md. Keys are only ever added. */
#include "user/report/report.h"

#include <string.h>

#include "user/report/json_writer.h"
#include "user/util/number.h"

#define FIXED(field) (field), strnlen((field), sizeof(field))

/* NULL for an empty text: what is not known is null. */
static void text_or_null(struct json_writer *json, const char *key, const char *text, size_t size)
{
	if (size)
		json_put_text(json, key, text, size);
	else
		json_put_null(json, key);
}

static int dimension_digits(const struct pss_report *report)
{
	return report->scoring == PSS_SCORING_PYPSS ? 2 : 4;
}

/* points: as the scoring profile rounded them. */
static void write_points(struct json_writer *json, const struct pss_report *report,
			 const struct pss_score *score, int points)
{
	if (score->measured)
		json_put_integer(json, "pss", points);
	else
		json_put_null(json, "pss");
	if (!pss_report_has_interval(report, score)) {
		json_put_null(json, "pss_ci");
		return;
	}
	json_put_open_flat(json, "pss_ci", '[');
	json_put_integer(json, NULL, pss_report_points(score->lo));
	json_put_integer(json, NULL, pss_report_points(score->hi));
	json_put_close(json, ']');
}

static void write_breakdown(struct json_writer *json, const struct pss_report *report,
			    const struct pss_score *dimension)
{
	int digits = dimension_digits(report);
	json_put_open_flat(json, "breakdown", '{');
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		if (dimension[i].measured)
			json_put_real(json, pss_dimension_key(i), dimension[i].value, digits);
		else
			json_put_null(json, pss_dimension_key(i));
	}
	json_put_close(json, '}');
	json_put_open_flat(json, "breakdown_ci", '{');
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		if (!pss_report_has_interval(report, &dimension[i])) {
			json_put_null(json, pss_dimension_key(i));
			continue;
		}
		json_put_open_flat(json, pss_dimension_key(i), '[');
		json_put_real(json, NULL, dimension[i].lo, digits);
		json_put_real(json, NULL, dimension[i].hi, digits);
		json_put_close(json, ']');
	}
	json_put_close(json, '}');
}

static void write_components(struct json_writer *json, const char *key, const double *value, int digits)
{
	json_put_open_flat(json, key, '{');
	for (int i = 0; i < PSS_C_COUNT; i++)
		json_put_real(json, pss_component_name(i), value[i], digits);
	json_put_close(json, '}');
}

static void write_paths(struct json_writer *json, const struct pss_report_operation *operation)
{
	json_put_unsigned(json, "path_count", operation->path_count);
	json_put_open(json, "paths", '[');
	for (unsigned i = 0; i < operation->paths && i < PSS_REPORT_PATHS; i++) {
		json_put_open_flat(json, NULL, '{');
		json_put_text(json, "tag", FIXED(operation->path[i].tag));
		json_put_real(json, "share", operation->path[i].share, 4);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void write_operation(struct json_writer *json, const struct pss_report *report,
			    const struct pss_report_operation *operation)
{
	json_put_open(json, NULL, '{');
	json_put_string(json, "name", operation->name);
	json_put_string(json, "kind", pss_op_kind_name(operation->kind));
	json_put_bool(json, "scored", operation->scored);
	json_put_unsigned(json, "count", operation->count);
	json_put_unsigned(json, "operations", operation->operations);
	json_put_unsigned(json, "recorded", operation->recorded);
	json_put_unsigned(json, "errors", operation->errors);
	json_put_real(json, "rate_per_s", operation->rate_per_s, 3);
	json_put_real(json, "p50_ns", operation->p50_ns, 0);
	json_put_real(json, "p95_ns", operation->p95_ns, 0);
	json_put_real(json, "p99_ns", operation->p99_ns, 0);
	json_put_real(json, "max_ns", operation->max_ns, 0);
	json_put_real(json, "mean_ns", operation->mean_ns, 0);
	json_put_real(json, "share", operation->share, 4);
	write_points(json, report, &operation->pss, pss_report_points(operation->pss.value));
	write_breakdown(json, report, operation->dimension);
	write_components(json, "components_ns", operation->component_ns, 0);
	if (operation->attributed) {
		write_components(json, "variance_share", operation->variance_share, 4);
		write_components(json, "tail_share", operation->tail_share, 4);
	} else {
		json_put_null(json, "variance_share");
		json_put_null(json, "tail_share");
	}
	write_paths(json, operation);
	json_put_close(json, '}');
}

static void write_memory(struct json_writer *json, const struct pss_report *report)
{
	if (!report->memory_known) {
		json_put_null(json, "memory");
		return;
	}
	json_put_open(json, "memory", '{');
	json_put_open_flat(json, "rss_bytes", '{');
	json_put_unsigned(json, "first", report->rss_first);
	json_put_unsigned(json, "last", report->rss_last);
	json_put_unsigned(json, "peak", report->rss_peak);
	json_put_close(json, '}');
	json_put_real(json, "growth_bytes_per_s", report->growth_bytes_per_s, 1);
	json_put_bool(json, "growth_significant", report->growth_significant);
	if (report->limit_bytes)
		json_put_unsigned(json, "limit_bytes", report->limit_bytes);
	else
		json_put_null(json, "limit_bytes");
	json_put_unsigned(json, "mapped_bytes", report->mapped_bytes);
	json_put_unsigned(json, "unmapped_bytes", report->unmapped_bytes);
	json_put_unsigned(json, "faulted_bytes", report->faulted_bytes);
	json_put_close(json, '}');
}

static void write_findings(struct json_writer *json, const struct pss_report *report)
{
	json_put_open(json, "findings", '[');
	for (size_t i = 0; i < report->findings; i++) {
		const struct pss_finding *finding = &report->finding[i];
		json_put_open(json, NULL, '{');
		json_put_string(json, "dimension", pss_dimension_key(finding->dimension));
		json_put_string(json, "severity", pss_severity_name(finding->severity));
		json_put_string(json, "operation", finding->operation);
		json_put_string(json, "cause", finding->cause);
		json_put_string(json, "evidence", finding->evidence);
		json_put_string(json, "advice", finding->advice);
		json_put_real(json, "loss", finding->loss, 2);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void write_errors(struct json_writer *json, const struct pss_report *report)
{
	json_put_open(json, "errors", '[');
	for (size_t i = 0; i < report->errors; i++) {
		json_put_open_flat(json, NULL, '{');
		json_put_string(json, "endpoint", report->error[i].endpoint);
		json_put_string(json, "what", report->error[i].what);
		json_put_unsigned(json, "count", report->error[i].count);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void write_coverage(struct json_writer *json, const struct pss_report *report)
{
	json_put_open(json, "coverage", '{');
	json_put_unsigned(json, "operations_seen", report->operations_seen);
	json_put_unsigned(json, "operations_recorded", report->operations_recorded);
	json_put_open_flat(json, "lost", '{');
	for (int i = 0; i < PSS_LOST_COUNT; i++)
		if (report->lost[i])
			json_put_unsigned(json, pss_lost_name(i), report->lost[i]);
	json_put_close(json, '}');
	json_put_open(json, "not_measured", '{');
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		if (!report->dimension[i].measured)
			json_put_string(json, pss_dimension_key(i),
					report->dimension[i].why ? report->dimension[i].why : "not known");
	json_put_close(json, '}');
	json_put_bool(json, "incomplete", report->incomplete);
	text_or_null(json, "incomplete_why", FIXED(report->incomplete_why));
	json_put_close(json, '}');
}

static void write_overhead(struct json_writer *json, const struct pss_report *report)
{
	if (!report->overhead_known) {
		json_put_null(json, "overhead");
		return;
	}
	json_put_open(json, "overhead", '{');
	json_put_real(json, "target_cpu_share", report->target_cpu_share, 6);
	json_put_real(json, "per_operation_ns", report->per_operation_ns, 1);
	json_put_string(json, "method", report->overhead_method);
	json_put_close(json, '}');
}

static void write_target(struct json_writer *json, const struct pss_report *report)
{
	const struct pss_meta *meta = &report->meta;
	json_put_open(json, "target", '{');
	if (meta->pid)
		json_put_unsigned(json, "pid", meta->pid);
	else
		json_put_null(json, "pid");
	text_or_null(json, "comm", FIXED(meta->comm));
	text_or_null(json, "exe", FIXED(meta->exe));
	text_or_null(json, "container", FIXED(meta->cgroup));
	text_or_null(json, "runtime", FIXED(meta->runtime));
	json_put_unsigned(json, "processes", report->processes);
	json_put_unsigned(json, "threads", report->threads);
	json_put_unsigned(json, "forks", report->forks);
	json_put_unsigned(json, "execs", report->execs);
	json_put_unsigned(json, "exits", report->exits);
	json_put_real(json, "cpu_share", report->cpu_share, 4);
	json_put_close(json, '}');
}

static const char *end_name(enum pss_end_reason end)
{
	switch (end) {
	case PSS_END_DURATION:
		return "duration";
	case PSS_END_INTERRUPT:
		return "interrupt";
	case PSS_END_TARGET_EXIT:
		return "target-exit";
	}
	return NULL;
}

static void write_capture(struct json_writer *json, const struct pss_report *report)
{
	const struct pss_meta *meta = &report->meta;
	char start[64];
	json_put_open(json, "capture", '{');
	if (meta->start_unix_ns)
		json_put_string(json, "start", format_time_utc(start, sizeof(start), meta->start_unix_ns, 1));
	else
		json_put_null(json, "start");
	json_put_real(json, "duration_s", report->duration_s, 6);
	json_put_string(json, "source", report->from_trace_file ? "trace-file" : "probes");
	if (report->from_trace_file)
		json_put_unsigned(json, "records", report->records);
	json_put_string(json, "end", end_name(report->end));
	json_put_unsigned(json, "interval_ns", meta->interval_ns);
	json_put_unsigned(json, "cpus", meta->cpus);
	text_or_null(json, "kernel", FIXED(meta->kernel));
	text_or_null(json, "host", FIXED(meta->host));
	json_put_close(json, '}');
}

static void write_windows(struct json_writer *json, const struct pss_report *report)
{
	json_put_open(json, "windows", '[');
	for (size_t i = 0; i < report->windows; i++) {
		const struct pss_report_window *window = &report->window[i];
		json_put_open_flat(json, NULL, '{');
		json_put_real(json, "start_s", window->start_s, 3);
		json_put_real(json, "operations", window->operations, 0);
		json_put_real(json, "errors", window->errors, 0);
		json_put_real(json, "p50_ns", window->p50_ns, 0);
		json_put_real(json, "p99_ns", window->p99_ns, 0);
		json_put_close(json, '}');
	}
	json_put_close(json, ']');
}

static void write_kinds(struct json_writer *json, const struct pss_report *report)
{
	json_put_open_flat(json, "scored_kinds", '[');
	for (int i = 1; i < PSS_OP_KINDS; i++)
		if (report->scored_kinds & 1u << i)
			json_put_string(json, NULL, pss_op_kind_name(i));
	json_put_close(json, ']');
	json_put_bool(json, "scored_kinds_forced", report->kinds_forced);
	text_or_null(json, "scored_why", FIXED(report->scored_why));
}

int pss_report_json(const struct pss_report *report, FILE *out)
{
	struct json_writer json;
	char made[64];
	json_put_begin(&json, out);
	json_put_open(&json, NULL, '{');
	json_put_string(&json, "schema", "pss-bpf/report/1");
	/* The one line that differs between two reports of the same records. */
	json_put_string(&json, "made_at", format_time_utc(made, sizeof(made), report->made_unix_ns, 0));
	write_points(&json, report, &report->pss, report->pss_rounded);
	json_put_string(&json, "verdict", pss_verdict_name(report->verdict));
	if (!report->pss.measured)
		json_put_string(&json, "pss_why", report->pss.why);
	json_put_string(&json, "scoring", report->scoring == PSS_SCORING_PYPSS ? "pypss" : "native");
	write_breakdown(&json, report, report->dimension);
	write_kinds(&json, report);
	json_put_open(&json, "operations", '[');
	for (size_t i = 0; i < report->operations; i++)
		write_operation(&json, report, &report->operation[i]);
	json_put_close(&json, ']');
	write_memory(&json, report);
	write_errors(&json, report);
	write_findings(&json, report);
	write_coverage(&json, report);
	write_overhead(&json, report);
	write_target(&json, report);
	write_capture(&json, report);
	write_windows(&json, report);
	json_put_close(&json, '}');
	return json_put_end(&json);
}
