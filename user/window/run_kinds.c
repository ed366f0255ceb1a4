/* SPDX-License-Identifier: MIT */
/* Which kinds of operations a run is scored on. */
#include <stdarg.h>
#include <stdio.h>

#include "user/util/number.h"
#include "user/window/run_report.h"

#define KIND(kind) (1u << (kind))

/* In the order of preference: what a client sees, what was asked for by name, what is always there. */
static const struct kind_choice {
	unsigned kinds;
	const char *label;
} choice[] = {
	{KIND(PSS_OP_REQUEST) | KIND(PSS_OP_CALL), "requests and calls"},
	{KIND(PSS_OP_FUNC) | KIND(PSS_OP_USDT) | KIND(PSS_OP_PYTHON) | KIND(PSS_OP_TRACE), "functions"},
	{KIND(PSS_OP_TICK), "turns of event loops"},
	{KIND(PSS_OP_TASK), "bursts between waits"},
};
#define CHOICES (sizeof(choice) / sizeof(choice[0]))

static double kinds_operations(const struct pss_run *run, unsigned kinds)
{
	double sum = 0;

	for (size_t i = 0; i < run->series_count; i++)
		if (kinds & KIND(run->series[i].kind))
			sum += score_series_operations(&run->series[i]);
	return sum;
}

static bool kinds_enough(const struct pss_run *run, unsigned kinds, const struct pss_config *config)
{
	for (size_t i = 0; i < run->series_count; i++) {
		const struct pss_series *series = &run->series[i];
		if (kinds & KIND(series->kind) && score_series_operations(series) >= config->min_operations &&
		    score_series_windows(series) >= config->min_windows)
			return true;
	}
	return false;
}

static const char *kinds_label(const struct pss_run *run, size_t which)
{
	if (run->from_trace_file)
		return "the functions of a trace file";
	if (which == 0) {
		if (kinds_operations(run, KIND(PSS_OP_CALL)) <= 0)
			return "requests";
		if (kinds_operations(run, KIND(PSS_OP_REQUEST)) <= 0)
			return "calls";
	}
	return choice[which].label;
}

static void say(struct pss_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct pss_report *report, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(report->scored_why, sizeof(report->scored_why), format, arguments);
	va_end(arguments);
}

static void choose_forced(const struct pss_run *run, unsigned kinds, struct pss_report *report)
{
	char count[PSS_NUMBER_SIZE];
	unsigned others = kinds & ~1u;

	report->scored_kinds = others;
	report->kinds_forced = true;
	format_count(count, sizeof(count), kinds_operations(run, others));
	say(report, "Scored on the kinds of operations that were asked for: %s of them completed.", count);
}

static void choose_best(const struct pss_run *run, size_t best, struct pss_report *report)
{
	char count[PSS_NUMBER_SIZE], better[PSS_NUMBER_SIZE];
	double seen = 0;

	report->scored_kinds = choice[best].kinds;
	format_count(count, sizeof(count), kinds_operations(run, choice[best].kinds));
	for (size_t i = 0; i < best; i++)
		seen += kinds_operations(run, choice[i].kinds);
	format_count(better, sizeof(better), seen);
	if (!best || run->from_trace_file)
		say(report, "Scored on %s: %s completed.", kinds_label(run, best), count);
	else if (seen > 0)
		say(report, "Scored on %s, %s of them: of requests, calls and the like there were only %s.",
		    kinds_label(run, best), count, better);
	else
		say(report, "Scored on %s, %s of them: there were no requests and no calls.",
		    kinds_label(run, best), count);
}

void report_choose_kinds(const struct pss_run *run, const struct pss_config *config,
			 struct pss_report *report)
{
	unsigned forced = config->ops_mask ? config->ops_mask : run->meta.ops_forced;

	if (forced & ~1u) {
		choose_forced(run, forced, report);
		return;
	}
	for (size_t i = 0; i < CHOICES; i++) {
		if (kinds_enough(run, choice[i].kinds, config)) {
			choose_best(run, i, report);
			return;
		}
	}
	for (size_t i = 0; i < CHOICES; i++) {
		if (kinds_operations(run, choice[i].kinds) <= 0)
			continue;
		char count[PSS_NUMBER_SIZE];
		report->scored_kinds = choice[i].kinds;
		format_count(count, sizeof(count), kinds_operations(run, choice[i].kinds));
		say(report,
		    "Too little for a score: of %s %s completed; %u in at least %u windows are needed.",
		    kinds_label(run, i), count, config->min_operations, config->min_windows);
		return;
	}
	report->scored_kinds = choice[0].kinds;
	say(report, "No operation was completed.");
}
