/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/example_report.h"
#include "user/util/escape.h"

static const struct pss_text_style plain = {0};
static const struct pss_text_style fancy = {.utf8 = true};

static char *shown(const struct pss_report *report, const struct pss_text_style *style)
{
	char *text = report_as_text(report, style);
	cr_assert_not_null(text);
	return text;
}

static void assert_before(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);
	cr_assert_not_null(a, "%s", first);
	cr_assert_not_null(b, "%s", second);
	cr_assert_lt(a, b, "%s comes before %s", first, second);
}

Test(report_text, what_matters_most_comes_first)
{
	struct pss_report report;
	example_report(&report);
	char *text = shown(&report, &fancy);
	assert_before(text, "redis-server (pid 1234)", "UNSTABLE");
	assert_before(text, "58 to 66", "What costs most is concurrency: run queue in request :6379.");
	assert_before(text, "What costs most", "0.36 to 0.47");
	assert_before(text, "0.36 to 0.47", "Findings");
	assert_before(text, "-14.2 points", "Operations");
	assert_before(text, "Operations", "makes it vary");
	assert_before(text, "Memory", "Errors");
	assert_before(text, "ECONNRESET in recv", "Coverage");
	assert_before(text, "1,034,567 details dropped", "431 ns an operation");
	free(text);
	pss_report_free(&report);
}

Test(report_text, sections_with_nothing_to_say_are_not_there)
{
	struct pss_report report;
	example_report(&report);
	struct pss_report bare = report;
	bare.findings = bare.errors = bare.windows = bare.operations = 0;
	bare.memory_known = bare.overhead_known = false;
	memset(bare.lost, 0, sizeof(bare.lost));
	char *text = shown(&bare, &plain);
	static const char *const absent[] = {"Findings",  "Operations", "Errors -", "Memory",
					     "Over time", "overhead",   "not seen", "vary"};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		cr_assert_null(strstr(text, absent[i]), "%s", absent[i]);
	cr_assert_not_null(strstr(text, "The lowest dimension is concurrency, at 0.22."));
	free(text);
	bare.verdict = PSS_VERDICT_STABLE;
	text = shown(&bare, &plain);
	cr_assert_not_null(strstr(text, "Nothing stands out."));
	free(text);
	pss_report_free(&report);
}

Test(report_text, too_little_data_gives_no_score_and_says_why)
{
	struct pss_report report;
	example_report(&report);
	report.pss = (struct pss_score){.why = "3 operations are too few"};
	report.verdict = PSS_VERDICT_INSUFFICIENT;
	report.dimension[PSS_DIM_MEMORY] = (struct pss_score){.why = "one reading only"};
	char *text = shown(&report, &plain);
	cr_assert_not_null(strstr(text, "INSUFFICIENT DATA"));
	cr_assert_not_null(strstr(text, "There is no score: 3 operations are too few."));
	cr_assert_not_null(strstr(text, "not measured: one reading only"));
	free(text);
	pss_report_free(&report);
}

Test(report_text, ascii_and_colour_only_where_wanted)
{
	struct pss_report report;
	example_report(&report);
	free(report.operation[0].name);
	report.operation[0].name = strdup("caf\xc3\xa9");
	char *text = shown(&report, &plain);
	for (const char *c = text; *c; c++)
		cr_assert((*c >= 0x20 && *c < 0x7f) || *c == '\n', "%02x", (unsigned char)*c);
	free(text);
	text = shown(&report, &fancy);
	cr_assert_not_null(strstr(text, "caf\xc3\xa9"));
	cr_assert_null(strchr(text, '\033'));
	free(text);
	text = shown(&report, &(struct pss_text_style){.colour = true});
	cr_assert_not_null(strchr(text, '\033'));
	free(text);
	pss_report_free(&report);
}

static void assert_lines_fit(const char *text, unsigned width)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);
		cr_assert_leq(text_columns(line), width, "%s", line);
		free(line);
		text += length + (text[length] == '\n');
	}
}

Test(report_text, lines_fit_the_width)
{
	static const unsigned width[] = {0, 60, 80, 97, 120};
	struct pss_report report;
	example_report(&report);
	free(report.operation[1].name);
	report.operation[1].name = calloc(1, 10001);
	memset(report.operation[1].name, 'x', 10000);
	free(report.finding[1].evidence);
	report.finding[1].evidence = strdup(report.operation[1].name);
	for (size_t i = 0; i < sizeof(width) / sizeof(width[0]); i++) {
		struct pss_text_style style = {.utf8 = i % 2, .width = width[i]};
		char *text = shown(&report, &style);
		assert_lines_fit(text, width[i] ? width[i] : 80);
		free(text);
	}
	pss_report_free(&report);
}

Test(report_text, hostile_text_never_reaches_the_terminal)
{
	static const char evil[] = "\x1b]0;owned\x07\r\n\x9b"
				   "2J \xe2\x80\xae\xe2\x80\x8b \xff\xc0\x80 \xc2\x9b";
	struct pss_report report;
	example_report(&report);
	char **place[] = {&report.operation[0].name,    &report.finding[0].cause,
			  &report.finding[0].operation, &report.finding[0].evidence,
			  &report.finding[0].advice,    &report.error[0].what,
			  &report.error[0].endpoint};
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++) {
		free(*place[i]);
		*place[i] = strdup(evil);
	}
	memset(report.meta.comm, 0x1b, sizeof(report.meta.comm));
	memset(report.meta.exe, 0xff, sizeof(report.meta.exe));
	memset(report.meta.host, '\n', sizeof(report.meta.host));
	memset(report.operation[0].path[0].tag, 7, sizeof(report.operation[0].path[0].tag));
	memset(report.incomplete_why, '\r', sizeof(report.incomplete_why));
	memset(report.scored_why, 0x9b, sizeof(report.scored_why));
	report.incomplete = true;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		char *text = shown(&report, &(struct pss_text_style){.utf8 = utf8});
		size_t left = strlen(text);
		for (const char *at = text; left;) {
			uint32_t code = 0;
			size_t length = utf8_decode(at, left, &code);
			cr_assert_gt(length, 0, "all of it is UTF-8");
			cr_assert(code == '\n' || !unicode_is_unsafe(code), "%x", code);
			at += length;
			left -= length;
		}
		assert_lines_fit(text, 80);
		free(text);
	}
	pss_report_free(&report);
}

Test(report_text, a_long_name_is_not_cut_in_the_table)
{
	struct pss_report report;
	example_report(&report);
	char *text = shown(&report, &plain);
	cr_assert_not_null(strstr(text, "call db.internal.example.org:5432\n"));
	free(text);
	pss_report_free(&report);
}

Test(report_text, what_is_not_finite_is_shown_as_a_gap)
{
	struct pss_report report;
	example_report(&report);
	report.operation[0].p50_ns = NAN;
	report.operation[0].variance_share[PSS_C_RUNQ] = NAN;
	report.window[2].p99_ns = INFINITY;
	report.dimension[0].lo = NAN;
	report.cpu_share = NAN;
	char *text = shown(&report, &plain);
	cr_assert_null(strstr(text, " nan"), "%s", text);
	cr_assert_null(strstr(text, " inf"));
	free(text);
	pss_report_free(&report);
}

Test(report_text, an_empty_report_and_a_trace_file)
{
	struct pss_report report;
	pss_report_init(&report);
	char *text = shown(&report, &plain);
	cr_assert_not_null(strstr(text, "INSUFFICIENT DATA"));
	free(text);
	report.from_trace_file = true;
	report.records = 300000;
	text = shown(&report, &plain);
	cr_assert_eq(strncmp(text, "trace file, 300,000 records\n", 28), 0);
	free(text);
}

Test(report_text, a_number_keeps_its_unit)
{
	struct pss_report report;
	example_report(&report);
	for (unsigned width = 60; width <= 120; width++) {
		char *text = shown(&report, &(struct pss_text_style){.width = width});
		for (const char *at = text; (at = strchr(at, '\n')); at++) {
			const char *next = at + 1 + strspn(at + 1, " ");
			if (at > text && at[-1] >= '0' && at[-1] <= '9')
				cr_assert(strncmp(next, "MiB", 3) && strncmp(next, "ms ", 3) &&
						  strncmp(next, "% ", 2),
					  "width %u: %.60s", width, at - 30);
		}
		free(text);
	}
	pss_report_free(&report);
}

Test(report_text, the_same_advice_is_given_once)
{
	struct pss_report report;
	example_report(&report);
	free(report.finding[1].advice);
	report.finding[1].advice = strdup(report.finding[0].advice);
	char *text = shown(&report, &plain);
	const char *first = strstr(text, "Give the process more CPU");
	cr_assert_not_null(first);
	cr_assert_null(strstr(first + 1, "Give the process more CPU"));
	free(text);
	pss_report_free(&report);
}
