/* SPDX-License-Identifier: MIT */
#include "user/report/text_sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"
#include "user/util/number.h"

#define TABLE_ROWS 12
#define CAUSE_ROWS 5
#define CAUSE_COLUMNS 11
#define LEAST_NAME_COLUMNS 16

/* Columns after the name, with the blank before each. */
enum { COUNT_COLUMNS = 7, RATE_COLUMNS = 7, ERROR_COLUMNS = 7, TIME_COLUMNS = 8, SCORE_COLUMNS = 6 };
#define FIGURE_COLUMNS                                                                                       \
	(COUNT_COLUMNS + RATE_COLUMNS + ERROR_COLUMNS + 3 * TIME_COLUMNS + SCORE_COLUMNS + 1 + CAUSE_COLUMNS)

/* The component with the largest of these shares; -1 when none is above 0. */
static int largest_component(const double *share)
{
	int best = -1;
	for (int i = 0; i < PSS_C_COUNT; i++)
		if (isfinite(share[i]) && share[i] > 0 && (best < 0 || share[i] > share[best]))
			best = i;
	return best;
}

/* Too little room for the cause; the section on causes has it. */
static bool is_narrow(const struct paint *paint)
{
	return paint->style.width < FIGURE_COLUMNS + LEAST_NAME_COLUMNS;
}

static void put_table_head(struct paint *paint, unsigned name_columns)
{
	paint_tone(paint, TONE_FAINT);
	paint_cell(paint, "", name_columns, false);
	paint_cell(paint, "count", COUNT_COLUMNS, true);
	paint_cell(paint, "rate/s", RATE_COLUMNS, true);
	paint_cell(paint, "errors", ERROR_COLUMNS, true);
	paint_cell(paint, "p50", TIME_COLUMNS, true);
	paint_cell(paint, "p95", TIME_COLUMNS, true);
	paint_cell(paint, "p99", TIME_COLUMNS, true);
	paint_cell(paint, "score", SCORE_COLUMNS, true);
	fputs(is_narrow(paint) ? "\n" : " varies by\n", paint->out);
	paint_tone(paint, TONE_PLAIN);
}

static void put_figures(struct paint *paint, const struct pss_report_operation *operation)
{
	char text[PSS_NUMBER_SIZE];
	int cause = operation->attributed ? largest_component(operation->variance_share) : -1;
	paint_cell(paint, format_count(text, sizeof(text), (double)operation->count), COUNT_COLUMNS, true);
	paint_cell(paint, format_count(text, sizeof(text), operation->rate_per_s), RATE_COLUMNS, true);
	if (operation->errors && operation->scored)
		paint_tone(paint, TONE_POOR);
	paint_cell(paint, format_count(text, sizeof(text), (double)operation->errors), ERROR_COLUMNS, true);
	if (operation->errors && operation->scored)
		paint_tone(paint, TONE_PLAIN);
	paint_cell(paint, format_duration_ns(text, sizeof(text), operation->p50_ns), TIME_COLUMNS, true);
	paint_cell(paint, format_duration_ns(text, sizeof(text), operation->p95_ns), TIME_COLUMNS, true);
	paint_cell(paint, format_duration_ns(text, sizeof(text), operation->p99_ns), TIME_COLUMNS, true);
	if (operation->pss.measured) {
		snprintf(text, sizeof(text), "%d", pss_report_points(operation->pss.value));
		if (operation->scored)
			paint_tone(paint, paint_score_tone(operation->pss.value / 100));
		paint_cell(paint, text, SCORE_COLUMNS, true);
		if (operation->scored)
			paint_tone(paint, TONE_PLAIN);
	} else {
		paint_cell(paint, "-", SCORE_COLUMNS, true);
	}
	if (!is_narrow(paint))
		fprintf(paint->out, " %s", cause < 0 ? "-" : pss_component_label(cause));
	putc('\n', paint->out);
}

static void put_table_row(struct paint *paint, const struct pss_report_operation *operation,
			  unsigned name_columns)
{
	char *name = paint_safe(paint, operation->name, strlen(operation->name), paint->style.width - 2);
	if (!operation->scored)
		paint_tone(paint, TONE_FAINT);
	fputs("  ", paint->out);
	if (name && text_columns(name) > name_columns - 2) {
		/* A name that is cut is no name: it gets a line of its own. */
		fprintf(paint->out, "%s\n", name);
		paint_cell(paint, "", name_columns, false);
	} else {
		fprintf(paint->out, "%s%*s", name ? name : "",
			(int)(name_columns - 2 - (name ? text_columns(name) : 0)), "");
	}
	put_figures(paint, operation);
	if (!operation->scored)
		paint_tone(paint, TONE_PLAIN);
	free(name);
}

void text_operations(struct paint *paint, const struct pss_report *report)
{
	unsigned room =
		paint->style.width - (is_narrow(paint) ? FIGURE_COLUMNS - CAUSE_COLUMNS - 1 : FIGURE_COLUMNS);
	bool unscored = false;
	if (!report->operations)
		return;
	paint_heading(paint, "Operations");
	put_table_head(paint, room);
	for (size_t i = 0; i < report->operations && i < TABLE_ROWS; i++) {
		put_table_row(paint, &report->operation[i], room);
		unscored |= !report->operation[i].scored;
	}
	paint_tone(paint, TONE_FAINT);
	if (report->operations > TABLE_ROWS)
		fprintf(paint->out, "  and %zu more: --json lists all\n", report->operations - TABLE_ROWS);
	if (report->scored_why[0] && (unscored || report->kinds_forced)) {
		char *why = strndup(report->scored_why, sizeof(report->scored_why));
		fputs("  ", paint->out);
		paint_wrap(paint, 2, why ? why : "");
		free(why);
	}
	paint_tone(paint, TONE_PLAIN);
}

/* "run queue 71 %, on CPU 22 %, ...": the largest, three at most, as many as there is room for. */
static void put_largest(struct paint *paint, const double *share, unsigned room)
{
	bool taken[PSS_C_COUNT] = {false};
	for (int n = 0; n < 3; n++) {
		char text[64];
		int best = -1;
		for (int i = 0; i < PSS_C_COUNT; i++)
			if (!taken[i] && isfinite(share[i]) && (best < 0 || share[i] > share[best]))
				best = i;
		if (best < 0 || share[best] < 0.01)
			break;
		taken[best] = true;
		unsigned length = (unsigned)snprintf(text, sizeof(text), "%s%s %.0f %%", n ? ", " : "  ",
						     pss_component_label(best), fmin(share[best], 1) * 100);
		if (length > room)
			break;
		fputs(text, paint->out);
		room -= length;
	}
}

static void put_share_row(struct paint *paint, const char *label, const double *share)
{
	if (largest_component(share) < 0)
		return;
	fputs("    ", paint->out);
	unsigned columns = paint->style.width / 3 - 2;
	paint_cell(paint, label, 12, false);
	paint_stack(paint, share, columns);
	put_largest(paint, share, paint->style.width - 16 - columns);
	putc('\n', paint->out);
}

static void put_ways(struct paint *paint, const struct pss_report_operation *operation)
{
	char text[PSS_NUMBER_SIZE];
	unsigned shown = operation->paths < PSS_REPORT_PATHS ? operation->paths : PSS_REPORT_PATHS;
	if (operation->path_count < 2)
		return;
	for (unsigned i = 0; i < shown && i < 3; i++) {
		const struct pss_report_path *path = &operation->path[i];
		fputs("    ", paint->out);
		paint_cell(paint, i ? "" : "ways", 12, false);
		paint_cell(paint, format_percent(text, sizeof(text), path->share), 7, true);
		fputs("  ", paint->out);
		paint_word(paint, path->tag[0] ? path->tag : "(without a tag)", sizeof(path->tag),
			   paint->style.width - 26);
		putc('\n', paint->out);
	}
	if (operation->path_count > 3)
		fprintf(paint->out, "%*sand %u more\n", 25, "", operation->path_count - 3);
}

static bool has_causes(const struct pss_report_operation *operation)
{
	/* A trace file knows only that an operation ran or waited for a lock: still worth a row. */
	return operation->scored && largest_component(operation->component_ns) >= 0;
}

static void put_legend(struct paint *paint, const struct pss_report *report)
{
	bool seen[PSS_C_COUNT] = {false};
	for (size_t n = 0, rows = 0; n < report->operations && rows < CAUSE_ROWS; n++) {
		const struct pss_report_operation *operation = &report->operation[n];
		if (!has_causes(operation))
			continue;
		rows++;
		for (int i = 0; i < PSS_C_COUNT; i++)
			seen[i] |= operation->component_ns[i] > 0;
	}
	unsigned used = 0;
	for (int i = 0; i < PSS_C_COUNT; i++) {
		const char *label = pss_component_label(i);
		if (!seen[i])
			continue;
		if (used + 4 + strlen(label) > paint->style.width) {
			putc('\n', paint->out);
			used = 0;
		}
		fputs("  ", paint->out);
		paint_tone(paint, TONE_COMPONENT + i);
		putc(paint_component_letter(i), paint->out);
		paint_tone(paint, TONE_PLAIN);
		fprintf(paint->out, " %s", label);
		used += 4 + (unsigned)strlen(label);
	}
	putc('\n', paint->out);
}

void text_causes(struct paint *paint, const struct pss_report *report)
{
	unsigned rows = 0;
	for (size_t i = 0; i < report->operations && rows < CAUSE_ROWS; i++) {
		const struct pss_report_operation *operation = &report->operation[i];
		if (!has_causes(operation))
			continue;
		if (!rows++)
			paint_heading(paint, "Where the time goes, and what makes it vary");
		fputs("  ", paint->out);
		paint_word(paint, operation->name, strlen(operation->name), paint->style.width - 2);
		putc('\n', paint->out);
		double total = 0, share[PSS_C_COUNT];
		for (int c = 0; c < PSS_C_COUNT; c++)
			total += operation->component_ns[c];
		for (int c = 0; c < PSS_C_COUNT; c++)
			share[c] = operation->component_ns[c] / total;
		put_share_row(paint, "time", share);
		if (operation->attributed) {
			put_share_row(paint, "variance", operation->variance_share);
			put_share_row(paint, "slowest 1 %", operation->tail_share);
		}
		put_ways(paint, operation);
	}
	if (rows)
		put_legend(paint, report);
}
