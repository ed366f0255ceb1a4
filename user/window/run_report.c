/* SPDX-License-Identifier: MIT */
/* A run becomes a report. */
#include "user/window/run_report.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "user/cause/findings.h"

double report_duration_s(const struct pss_run *run)
{
	return run->last_ns > run->meta.start_ns ? (double)(run->last_ns - run->meta.start_ns) / 1e9 : 0;
}

static void report_memory(const struct pss_run *run, const struct score_result *result,
			  struct pss_report *report)
{
	const struct score_memory *memory = &result->memory;

	report->growth_bytes_per_s = memory->slope;
	report->growth_significant = memory->growing;
	if (run->from_trace_file)
		report->growth_bytes_per_s = 0; /* its clock has no scale */
	if (!run->memory_count)
		return;
	report->memory_known = true;
	report->rss_first = run->memory[0].rss_bytes;
	report->rss_last = run->last_memory.rss_bytes;
	report->rss_peak = run->rss_peak;
	report->limit_bytes = run->last_memory.limit_bytes;
	report->mapped_bytes = run->last_memory.mapped_bytes;
	report->unmapped_bytes = run->last_memory.unmapped_bytes;
	report->faulted_bytes = run->last_memory.faulted_bytes;
	report->processes = run->last_memory.processes;
	report->threads = run->last_memory.threads;
}

/* All operations of the run carry the cost, whichever kinds are scored. */
static void report_overhead(const struct pss_run *run, struct pss_report *report)
{
	double picoseconds = 0, operations = 0;

	if (!run->has_cost)
		return;
	for (int i = 0; i < PSS_COST_COUNT; i++)
		picoseconds += (double)run->cost.hits[i] * (double)run->cost.picoseconds_per_hit[i];
	for (size_t i = 0; i < report->operations; i++)
		if (report->operation[i].scored)
			operations += (double)report->operation[i].count;
	if (run->cost.target_cpu_ns) {
		report->overhead_known = true;
		report->target_cpu_share = fmin(1, picoseconds / 1e3 / (double)run->cost.target_cpu_ns);
	}
	report->per_operation_ns = operations > 0 ? picoseconds / 1e3 / operations : 0;
	report->overhead_method = "counted events times their cost, calibrated at start";
	double duration = report_duration_s(run);
	report->cpu_share = duration > 0 ? (double)run->cost.target_cpu_ns / 1e9 / duration : 0;
}

static void report_capture(const struct pss_run *run, struct pss_report *report)
{
	report->meta = run->meta;
	report->forks = run->forks;
	report->execs = run->execs;
	report->exits = run->exits;
	report->duration_s = report_duration_s(run);
	report->end = run->end;
	report->from_trace_file = run->from_trace_file;
	report->records = run->trace_records;
	memcpy(report->lost, run->lost, sizeof(report->lost));
}

static void report_scores(const struct pss_config *config, const struct score_result *result,
			  struct pss_report *report)
{
	report->scoring = config->scoring;
	report->pss = result->pss;
	report->pss_rounded = result->pss.measured ? (int)lrint(result->pss.value) : 0;
	report->verdict = result->verdict;
	memcpy(report->dimension, result->dimension, sizeof(report->dimension));
}

int run_report(const struct pss_run *run, const struct pss_config *config, struct pss_report *report)
{
	struct score_result result;

	report_choose_kinds(run, config, report);
	int err = score_run(run, report->scored_kinds, config, &result);
	if (!err) {
		report_scores(config, &result, report);
		report_capture(run, report);
		report_memory(run, &result, report);
		err = report_operations(run, &result, report);
	}
	if (!err)
		report_overhead(run, report);
	if (!err)
		err = report_windows(run, report);
	if (!err)
		err = report_errors(run, report);
	if (!err && !config->live)
		err = cause_findings(run, &result, config, report);
	score_free(&result);
	return err;
}
