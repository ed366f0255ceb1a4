/* SPDX-License-Identifier: MIT */
#include "user/report/text_sections.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"
#include "user/util/number.h"

#define FINDING_ROWS 10
#define ERROR_ROWS 10
#define MOST_SPARKS 128 /* more than the widest report has room for */

static void put_finding_head(struct paint *paint, const struct pss_finding *finding)
{
	static const enum tone tone[] = {
		[PSS_SEV_INFO] = TONE_FAINT, [PSS_SEV_WARNING] = TONE_FAIR, [PSS_SEV_CRITICAL] = TONE_BAD};
	char points[PSS_NUMBER_SIZE] = "", *text = NULL;
	if (finding->loss >= 0.05)
		snprintf(points, sizeof(points), " (-%.1f points)", finding->loss);
	fputs("  ", paint->out);
	paint_tone(paint, tone[finding->severity]);
	paint_cell(paint, pss_severity_name(finding->severity), 10, false);
	paint_tone(paint, TONE_PLAIN);
	if (asprintf(&text, "%s: %s%s%s%s", pss_dimension_label(finding->dimension), finding->cause,
		     finding->operation ? " in " : "", finding->operation ? finding->operation : "",
		     points) < 0) {
		paint->no_memory = true;
		return;
	}
	paint_tone(paint, TONE_STRONG);
	paint_wrap(paint, 12, text);
	paint_tone(paint, TONE_PLAIN);
	free(text);
}

/* Whether a finding above gives the same advice. */
static bool advised_before(const struct pss_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (report->finding[i].advice &&
		    !strcmp(report->finding[i].advice, report->finding[index].advice))
			return true;
	return false;
}

void text_findings(struct paint *paint, const struct pss_report *report)
{
	if (!report->findings)
		return;
	paint_heading(paint, "Findings");
	for (size_t i = 0; i < report->findings && i < FINDING_ROWS; i++) {
		const struct pss_finding *finding = &report->finding[i];
		put_finding_head(paint, finding);
		if (finding->evidence && finding->evidence[0]) {
			fprintf(paint->out, "%12s", "");
			paint_wrap(paint, 12, finding->evidence);
		}
		if (finding->advice && finding->advice[0] && !advised_before(report, i)) {
			fprintf(paint->out, "%9s%s ", "", paint->style.utf8 ? " \u2192" : "->");
			paint_wrap(paint, 12, finding->advice);
		}
	}
	if (report->findings > FINDING_ROWS)
		fprintf(paint->out, "%12sand %zu lesser ones: --json lists all\n", "",
			report->findings - FINDING_ROWS);
}

/* Operations a second in a window; the last one may be cut short. NAN where it is too short to tell. */
static double window_rate(const struct pss_report *report, size_t index)
{
	const struct pss_report_window *window = &report->window[index];
	double interval = report->window[1].start_s - report->window[0].start_s, length = interval;
	if (index + 1 == report->windows && report->duration_s - window->start_s < interval)
		length = report->duration_s - window->start_s;
	return length >= interval / 5 ? window->operations / length : NAN;
}

static double window_p99(const struct pss_report *report, size_t index)
{
	const struct pss_report_window *window = &report->window[index];
	return window->operations > 0 ? window->p99_ns : NAN;
}

/* Windows brought to as many columns as there are, the largest value in each. */
static double put_spark(struct paint *paint, const struct pss_report *report, const char *label,
			double (*of_window)(const struct pss_report *, size_t))
{
	size_t columns = paint->style.width - 32;
	double value[MOST_SPARKS], most = 0;
	if (columns > report->windows)
		columns = report->windows;
	for (size_t i = 0; i < columns; i++) {
		size_t from = i * report->windows / columns, to = (i + 1) * report->windows / columns;
		value[i] = NAN;
		for (size_t j = from; j < to; j++)
			value[i] = fmax(value[i], of_window(report, j));
		if (isfinite(value[i]))
			most = fmax(most, value[i]);
	}
	fputs("  ", paint->out);
	paint_cell(paint, label, 13, false);
	paint_spark(paint, value, columns);
	return most;
}

void text_time(struct paint *paint, const struct pss_report *report)
{
	char number[PSS_NUMBER_SIZE];
	if (report->windows < 4 || !(report->window[1].start_s > report->window[0].start_s))
		return;
	paint_heading(paint, "Over time");
	double most = put_spark(paint, report, "rate", window_rate);
	fprintf(paint->out, "  most %s/s\n", format_count(number, sizeof(number), most));
	most = put_spark(paint, report, "p99", window_p99);
	fprintf(paint->out, "  most %s\n", format_duration_ns(number, sizeof(number), most));
}

/* "  label        text ..." */
static void put_line(struct paint *paint, const char *label, const char *text)
{
	fputs("  ", paint->out);
	paint_cell(paint, label, 13, false);
	paint_wrap(paint, 15, text);
}

void text_memory(struct paint *paint, const struct pss_report *report)
{
	char first[PSS_NUMBER_SIZE], last[PSS_NUMBER_SIZE], peak[PSS_NUMBER_SIZE], limit[PSS_NUMBER_SIZE];
	char text[256];
	if (!report->memory_known)
		return;
	paint_heading(paint, "Memory");
	format_bytes(limit, sizeof(limit), (double)report->limit_bytes);
	snprintf(text, sizeof(text), "%s at first, %s at last, peak %s%s%s",
		 format_bytes(first, sizeof(first), (double)report->rss_first),
		 format_bytes(last, sizeof(last), (double)report->rss_last),
		 format_bytes(peak, sizeof(peak), (double)report->rss_peak),
		 report->limit_bytes ? ", limit " : "", report->limit_bytes ? limit : "");
	put_line(paint, "resident", text);
	if (report->growth_significant) {
		snprintf(text, sizeof(text), "%s/s, steady",
			 format_bytes(first, sizeof(first), report->growth_bytes_per_s));
		paint_tone(paint, TONE_FAIR);
		put_line(paint, "growth", text);
		paint_tone(paint, TONE_PLAIN);
	}
	if (!report->mapped_bytes && !report->unmapped_bytes && !report->faulted_bytes)
		return;
	snprintf(text, sizeof(text), "%s mapped, %s unmapped, %s faulted in",
		 format_bytes(first, sizeof(first), (double)report->mapped_bytes),
		 format_bytes(last, sizeof(last), (double)report->unmapped_bytes),
		 format_bytes(peak, sizeof(peak), (double)report->faulted_bytes));
	put_line(paint, "turnover", text);
}

void text_errors(struct paint *paint, const struct pss_report *report)
{
	char number[PSS_NUMBER_SIZE];
	if (!report->errors)
		return;
	paint_heading(paint, "Errors");
	for (size_t i = 0; i < report->errors && i < ERROR_ROWS; i++) {
		const struct pss_report_error *error = &report->error[i];
		fputs("  ", paint->out);
		paint_cell(paint, format_count(number, sizeof(number), (double)error->count), 7, true);
		fputs("  ", paint->out);
		char *what = paint_safe(paint, error->what, strlen(error->what), paint->style.width - 11);
		unsigned used = what ? text_columns(what) : 0;
		fputs(what ? what : "", paint->out);
		free(what);
		if (error->endpoint && used + 14 < paint->style.width - 11) {
			fprintf(paint->out, "%*s  ", used < 28 ? (int)(28 - used) : 0, "");
			used = used < 28 ? 28 : used;
			paint_word(paint, error->endpoint, strlen(error->endpoint),
				   paint->style.width - 13 - used);
		}
		putc('\n', paint->out);
	}
	if (report->errors > ERROR_ROWS)
		fprintf(paint->out, "  and %zu more kinds: --json lists all\n", report->errors - ERROR_ROWS);
}

static void put_seen(struct paint *paint, const struct pss_report *report)
{
	char seen[PSS_NUMBER_SIZE], recorded[PSS_NUMBER_SIZE], share[PSS_NUMBER_SIZE], text[256];
	format_grouped(seen, sizeof(seen), report->operations_seen);
	format_grouped(recorded, sizeof(recorded), report->operations_recorded);
	if (!report->operations_seen)
		snprintf(text, sizeof(text), "no operation that is scored was completed");
	else if (report->operations_recorded >= report->operations_seen)
		snprintf(text, sizeof(text), "%s operations, all in full detail", seen);
	else if (report->operations_seen - report->operations_recorded < report->operations_seen / 200)
		snprintf(text, sizeof(text), "%s operations, all but %s in full detail", seen,
			 format_grouped(recorded, sizeof(recorded),
					report->operations_seen - report->operations_recorded));
	else
		snprintf(text, sizeof(text),
			 "%s operations, all counted; %s of them (%s) in full detail, as a fair sample", seen,
			 recorded,
			 format_percent(share, sizeof(share),
					(double)report->operations_recorded /
						(double)report->operations_seen));
	put_line(paint, "seen", text);
}

static void put_lost(struct paint *paint, const struct pss_report *report)
{
	bool any = false;
	char number[PSS_NUMBER_SIZE], text[256];
	for (int i = 0; i < PSS_LOST_COUNT; i++) {
		if (!report->lost[i])
			continue;
		snprintf(text, sizeof(text), "%s %s", format_grouped(number, sizeof(number), report->lost[i]),
			 pss_lost_label(i));
		put_line(paint, any ? "" : "not seen", text);
		any = true;
	}
}

static void put_overhead(struct paint *paint, const struct pss_report *report)
{
	char share[PSS_NUMBER_SIZE], each[PSS_NUMBER_SIZE], text[400];
	if (!report->overhead_known)
		return;
	format_percent(share, sizeof(share), report->target_cpu_share);
	format_duration_ns(each, sizeof(each), report->per_operation_ns);
	snprintf(text, sizeof(text), "%s of the target's CPU time, %s an operation%s%s%s", share, each,
		 report->overhead_method ? " (" : "", report->overhead_method ? report->overhead_method : "",
		 report->overhead_method ? ")" : "");
	put_line(paint, "overhead", text);
}

void text_coverage(struct paint *paint, const struct pss_report *report)
{
	char made[64];
	paint_heading(paint, "Coverage");
	if (report->incomplete) {
		char text[256];
		snprintf(text, sizeof(text), "the record ends early: %.*s",
			 (int)sizeof(report->incomplete_why), report->incomplete_why);
		paint_tone(paint, TONE_FAIR);
		put_line(paint, "incomplete", text);
		paint_tone(paint, TONE_PLAIN);
	}
	put_seen(paint, report);
	put_lost(paint, report);
	put_overhead(paint, report);
	paint_tone(paint, TONE_FAINT);
	fprintf(paint->out, "  made         %s\n",
		format_time_utc(made, sizeof(made), report->made_unix_ns, 0));
	paint_tone(paint, TONE_PLAIN);
}
