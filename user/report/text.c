/* SPDX-License-Identifier: MIT */
/*
 * The text view, for people: what matters most comes first, and a section with
 * nothing to say is not there.
 */
#include "user/report/text_sections.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"
#include "user/util/number.h"

#define LABEL_COLUMNS 13
#define DEFAULT_COLUMNS 80
#define LEAST_COLUMNS 60
#define MOST_COLUMNS 120

/* Columns of the bars of scores. */
static unsigned bar_columns(const struct paint *paint)
{
	return paint->style.width - 42;
}

#define COMM_COLUMNS 24

/* "(pid 1234), 4 threads, 10.0 s, 0.97 CPUs busy" */
static void figures_of_run(char *text, size_t size, const struct pss_report *report)
{
	char number[PSS_NUMBER_SIZE];
	FILE *out = fmemopen(text, size, "w");
	if (!out)
		return;
	if (report->from_trace_file)
		fprintf(out, "file, %s records", format_grouped(number, sizeof(number), report->records));
	else
		fprintf(out, "(pid %u)", report->meta.pid);
	if (report->processes > 1)
		fprintf(out, ", %u processes", report->processes);
	if (report->threads > 1)
		fprintf(out, ", %u threads", report->threads);
	if (report->duration_s > 0)
		fprintf(out, ", %s", format_duration_ns(number, sizeof(number), report->duration_s * 1e9));
	if (report->cpu_share > 0)
		fprintf(out, ", %.2f CPUs busy", report->cpu_share);
	fclose(out);
}

static void put_who(struct paint *paint, const struct pss_report *report)
{
	char text[256] = "";
	const char *name = report->from_trace_file ? "trace"
			   : report->meta.comm[0]  ? report->meta.comm
						   : "process";
	char *safe = paint_safe(paint, name, sizeof(report->meta.comm), COMM_COLUMNS);
	paint_tone(paint, TONE_STRONG);
	fprintf(paint->out, "%s ", safe ? safe : "");
	paint_tone(paint, TONE_PLAIN);
	figures_of_run(text, sizeof(text), report);
	paint_wrap(paint, safe ? text_columns(safe) + 1 : 1, text);
	free(safe);
}

static void put_header(struct paint *paint, const struct pss_report *report)
{
	const struct pss_meta *meta = &report->meta;
	char start[64];
	put_who(paint, report);
	paint_tone(paint, TONE_FAINT);
	if (meta->exe[0]) {
		paint_word(paint, meta->exe, sizeof(meta->exe), paint->style.width);
		putc('\n', paint->out);
	}
	if (meta->host[0] || meta->start_unix_ns) {
		if (meta->host[0]) {
			fputs("on ", paint->out);
			paint_word(paint, meta->host, sizeof(meta->host), 30);
			fputs(meta->start_unix_ns ? ", " : "", paint->out);
		}
		if (meta->start_unix_ns)
			fprintf(paint->out, "from %s",
				format_time_utc(start, sizeof(start), meta->start_unix_ns, 0));
		if (report->end == PSS_END_INTERRUPT)
			fputs(", until interrupted", paint->out);
		else if (report->end == PSS_END_TARGET_EXIT)
			fputs(", until it exited", paint->out);
		putc('\n', paint->out);
	}
	paint_tone(paint, TONE_PLAIN);
}

static enum tone verdict_tone(enum pss_verdict verdict)
{
	switch (verdict) {
	case PSS_VERDICT_STABLE:
		return TONE_GOOD;
	case PSS_VERDICT_DEGRADED:
		return TONE_FAIR;
	case PSS_VERDICT_UNSTABLE:
		return TONE_POOR;
	case PSS_VERDICT_CRITICAL:
		return TONE_BAD;
	case PSS_VERDICT_INSUFFICIENT:
		break;
	}
	return TONE_FAINT;
}

/* "LABEL  62  ####==....  58 to 66": of the score and of its dimensions. */
static void put_score_row(struct paint *paint, const struct pss_report *report, const char *label,
			  const struct pss_score *score, double full, const char *shown)
{
	double lo = score->value, hi = score->value;
	bool interval = pss_report_has_interval(report, score);
	if (interval) {
		lo = score->lo;
		hi = score->hi;
	}
	fputs("  ", paint->out);
	paint_cell(paint, label, LABEL_COLUMNS, false);
	paint_tone(paint, paint_score_tone(score->value / full));
	paint_cell(paint, shown, 5, false);
	paint_tone(paint, TONE_PLAIN);
	paint_bar(paint, score->value / full, lo / full, hi / full, bar_columns(paint));
	if (interval && full > 1)
		fprintf(paint->out, "  %d to %d", pss_report_points(lo), pss_report_points(hi));
	else if (interval)
		fprintf(paint->out, "  %.2f to %.2f", lo, hi);
}

/* The lowest of the measured dimensions; -1: none. */
static int lowest_dimension(const struct pss_report *report)
{
	int lowest = -1;
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		if (report->dimension[i].measured &&
		    (lowest < 0 || report->dimension[i].value < report->dimension[lowest].value))
			lowest = i;
	return lowest;
}

static void put_summary(struct paint *paint, const struct pss_report *report)
{
	char *text = NULL;
	const struct pss_finding *worst = report->findings ? &report->finding[0] : NULL;
	int length = 0, lowest = lowest_dimension(report);
	if (!report->pss.measured)
		length = asprintf(&text, "There is no score: %s.",
				  report->pss.why ? report->pss.why : "too little was seen");
	else if ((!worst || worst->severity == PSS_SEV_INFO) && report->verdict != PSS_VERDICT_STABLE &&
		 lowest >= 0)
		length = asprintf(&text, "The lowest dimension is %s, at %.2f.", pss_dimension_label(lowest),
				  report->dimension[lowest].value);
	else if (!worst || worst->severity == PSS_SEV_INFO)
		length = asprintf(&text, "Nothing stands out.");
	else if (worst->operation)
		length = asprintf(&text, "What costs most is %s: %s in %s.",
				  pss_dimension_label(worst->dimension), worst->cause, worst->operation);
	else
		length = asprintf(&text, "What costs most is %s: %s.", pss_dimension_label(worst->dimension),
				  worst->cause);
	if (length < 0) {
		paint->no_memory = true;
		return;
	}
	fputs("\n  ", paint->out);
	paint_wrap(paint, 2, text);
	free(text);
}

static void put_score(struct paint *paint, const struct pss_report *report)
{
	char shown[PSS_NUMBER_SIZE];
	putc('\n', paint->out);
	if (report->pss.measured) {
		snprintf(shown, sizeof(shown), "%d", report->pss_rounded);
		put_score_row(paint, report, "PSS", &report->pss, 100, shown);
	} else {
		fputs("  ", paint->out);
		paint_cell(paint, "PSS", LABEL_COLUMNS, false);
		fputs("-", paint->out);
	}
	fputs("  ", paint->out);
	paint_tone(paint, verdict_tone(report->verdict));
	for (const char *at = pss_verdict_name(report->verdict); *at; at++)
		putc(*at >= 'a' && *at <= 'z' ? *at - 32 : *at == '-' ? ' ' : *at, paint->out);
	paint_tone(paint, TONE_PLAIN);
	putc('\n', paint->out);
	put_summary(paint, report);
}

static void put_dimension(struct paint *paint, const struct pss_report *report, enum pss_dimension dimension)
{
	const struct pss_score *score = &report->dimension[dimension];
	const char *label = pss_dimension_label(dimension);
	char shown[PSS_NUMBER_SIZE];
	if (score->measured) {
		snprintf(shown, sizeof(shown), "%.2f", score->value);
		put_score_row(paint, report, label, score, 1, shown);
		putc('\n', paint->out);
		return;
	}
	fputs("  ", paint->out);
	paint_cell(paint, label, LABEL_COLUMNS, false);
	paint_tone(paint, TONE_FAINT);
	fputs("-    not measured: ", paint->out);
	paint_wrap(paint, LABEL_COLUMNS + 7, score->why ? score->why : "not known");
	paint_tone(paint, TONE_PLAIN);
}

static void put_dimensions(struct paint *paint, const struct pss_report *report)
{
	bool any = false, interval = false;
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		any |= report->dimension[i].measured;
		interval |= pss_report_has_interval(report, &report->dimension[i]);
	}
	putc('\n', paint->out);
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		put_dimension(paint, report, i);
	if (any && interval) {
		paint_tone(paint, TONE_FAINT);
		fprintf(paint->out, "  %*s1 is best; %s is the 95 %% interval\n", LABEL_COLUMNS + 5, "",
			paint->style.utf8 ? "\u2592" : "=");
		paint_tone(paint, TONE_PLAIN);
	}
}

int pss_report_text(const struct pss_report *report, const struct pss_text_style *style, FILE *out)
{
	struct paint paint = {.out = out, .style = *style};
	unsigned width = style->width ? style->width : DEFAULT_COLUMNS;
	paint.style.width = width < LEAST_COLUMNS  ? LEAST_COLUMNS
			    : width > MOST_COLUMNS ? MOST_COLUMNS
						   : width;
	put_header(&paint, report);
	put_score(&paint, report);
	put_dimensions(&paint, report);
	text_findings(&paint, report);
	text_operations(&paint, report);
	text_causes(&paint, report);
	text_time(&paint, report);
	text_memory(&paint, report);
	text_errors(&paint, report);
	text_coverage(&paint, report);
	errno = 0;
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return paint.no_memory ? -ENOMEM : 0;
}
