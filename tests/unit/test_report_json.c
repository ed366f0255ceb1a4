/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/example_report.h"

static cJSON *parsed(const struct pss_report *report)
{
	char *text = report_as_json(report);
	cr_assert_not_null(text);
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithOpts(text, &end, false);
	cr_assert_not_null(json, "%s", text);
	cr_assert_str_eq(end, "\n", "nothing follows the object");
	free(text);
	return json;
}

static cJSON *at(const cJSON *json, const char *key)
{
	cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
	cr_assert_not_null(item, "%s", key);
	return item;
}

static void assert_keys(const cJSON *json, const char *const *key)
{
	for (; *key; key++)
		at(json, *key);
}

Test(report_json, has_the_keys_of_the_schema)
{
	static const char *const top[] = {"schema",  "pss",       "pss_ci",       "verdict",
					  "scoring", "breakdown", "breakdown_ci", "operations",
					  "memory",  "findings",  "coverage",     "overhead",
					  "target",  "capture",   "made_at",      NULL};
	static const char *const operation[] = {
		"name",          "kind",           "count",      "errors",  "rate_per_s", "p50_ns",
		"p95_ns",        "p99_ns",         "max_ns",     "mean_ns", "pss",        "breakdown",
		"components_ns", "variance_share", "tail_share", "paths",   NULL};
	static const char *const finding[] = {"dimension", "severity", "operation", "cause",
					      "evidence",  "advice",   NULL};
	static const char *const coverage[] = {"operations_seen", "operations_recorded", "lost",
					       "not_measured", NULL};
	static const char *const target[] = {"pid", "comm", "exe", "container", "processes", NULL};
	static const char *const capture[] = {"start", "duration_s", "kernel", "host", NULL};
	static const char *const overhead[] = {"target_cpu_share", "per_operation_ns", "method", NULL};
	struct pss_report report;
	example_report(&report);
	cJSON *json = parsed(&report);
	assert_keys(json, top);
	assert_keys(cJSON_GetArrayItem(at(json, "operations"), 0), operation);
	assert_keys(cJSON_GetArrayItem(at(json, "findings"), 0), finding);
	assert_keys(at(json, "coverage"), coverage);
	assert_keys(at(json, "target"), target);
	assert_keys(at(json, "capture"), capture);
	assert_keys(at(json, "overhead"), overhead);
	assert_keys(at(at(json, "memory"), "rss_bytes"), (const char *[]){"first", "last", "peak", NULL});
	cr_assert_str_eq(at(json, "schema")->valuestring, "pss-bpf/report/1");
	cr_assert_eq(at(json, "pss")->valueint, 62);
	cr_assert_eq(cJSON_GetArrayItem(at(json, "pss_ci"), 0)->valueint, 58);
	cr_assert_eq(cJSON_GetArrayItem(at(json, "pss_ci"), 1)->valueint, 66);
	cr_assert_float_eq(at(at(json, "breakdown"), "timing_stability")->valuedouble, 0.41, 1e-12);
	cr_assert_eq(at(at(at(json, "coverage"), "lost"), "ring_full")->valuedouble, 1034567);
	cJSON_Delete(json);
	pss_report_free(&report);
}

Test(report_json, what_was_not_measured_is_null_and_says_why)
{
	struct pss_report report;
	example_report(&report);
	report.pss = (struct pss_score){.why = "3 operations are too few"};
	report.verdict = PSS_VERDICT_INSUFFICIENT;
	report.dimension[PSS_DIM_BRANCHING] = (struct pss_score){.why = "no operation had a path"};
	report.operation[0].pss.measured = false;
	report.operation[0].attributed = false;
	report.memory_known = false;
	report.overhead_known = false;
	cJSON *json = parsed(&report);
	cr_assert(cJSON_IsNull(at(json, "pss")));
	cr_assert(cJSON_IsNull(at(json, "pss_ci")));
	cr_assert_str_eq(at(json, "verdict")->valuestring, "insufficient-data");
	cr_assert(cJSON_IsNull(at(at(json, "breakdown"), "branching_entropy")));
	cr_assert(cJSON_IsNull(at(at(json, "breakdown_ci"), "branching_entropy")));
	cr_assert_str_eq(at(at(at(json, "coverage"), "not_measured"), "branching_entropy")->valuestring,
			 "no operation had a path");
	cJSON *operation = cJSON_GetArrayItem(at(json, "operations"), 0);
	cr_assert(cJSON_IsNull(at(operation, "pss")));
	cr_assert(cJSON_IsNull(at(operation, "variance_share")));
	cr_assert(cJSON_IsNull(at(json, "memory")));
	cr_assert(cJSON_IsNull(at(json, "overhead")));
	cJSON_Delete(json);
	pss_report_free(&report);
}

/* Text that would end a string, move a cursor, turn the reading direction, or is no UTF-8 at all. */
static const char *const hostile[] = {
	"\"},{\"x\":\"",
	"\\",
	"\x1b[2J\x07",
	"line\nfeed\r",
	"\xe2\x80\xae evil",
	"\xff\xfe\xc0\x80",
	"\xed\xa0\x80",
	"caf\xc3",
	"\xf0\x9f\x98\x80",
	"</script>",
	"",
	"\x7f\xc2\x9b",
};

static void assert_safe(const char *text)
{
	for (const char *c = text; *c; c++) {
		cr_assert((unsigned char)*c >= 0x20 || *c == '\n', "control character %d", *c);
		cr_assert_neq(*c, 0x7f);
	}
	cr_assert_null(strstr(text, "\xe2\x80\xae"), "a bidi override");
	cr_assert_null(strstr(text, "\xc2\x9b"), "a C1 control");
}

Test(report_json, hostile_text_stays_text)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		struct pss_report report;
		example_report(&report);
		free(report.operation[0].name);
		report.operation[0].name = strdup(hostile[i]);
		free(report.finding[0].evidence);
		report.finding[0].evidence = strdup(hostile[i]);
		free(report.error[0].endpoint);
		report.error[0].endpoint = strdup(hostile[i]);
		memset(report.meta.comm, 0, sizeof(report.meta.comm));
		memcpy(report.meta.comm, hostile[i], strnlen(hostile[i], sizeof(report.meta.comm)));
		memset(report.meta.host, 0xff, sizeof(report.meta.host));
		memset(report.operation[0].path[0].tag, '"', sizeof(report.operation[0].path[0].tag));
		char *text = report_as_json(&report);
		assert_safe(text);
		free(text);
		cJSON *json = parsed(&report);
		cr_assert_eq(cJSON_GetArraySize(at(json, "operations")), 3);
		const char *name = at(cJSON_GetArrayItem(at(json, "operations"), 0), "name")->valuestring;
		if (strcmp(hostile[i], "\"},{\"x\":\"") == 0 || strcmp(hostile[i], "\\") == 0 ||
		    strcmp(hostile[i], "\x1b[2J\x07") == 0)
			cr_assert_str_eq(name, hostile[i]);
		cJSON_Delete(json);
		pss_report_free(&report);
	}
}

Test(report_json, a_name_of_ten_thousand_bytes)
{
	struct pss_report report;
	example_report(&report);
	free(report.operation[0].name);
	report.operation[0].name = calloc(1, 10001);
	memset(report.operation[0].name, 0x1b, 10000);
	cJSON *json = parsed(&report);
	cr_assert_eq(strlen(at(cJSON_GetArrayItem(at(json, "operations"), 0), "name")->valuestring), 10000);
	cJSON_Delete(json);
	pss_report_free(&report);
}

Test(report_json, what_is_not_finite_becomes_null)
{
	struct pss_report report;
	example_report(&report);
	report.dimension[0].value = NAN;
	report.dimension[1].lo = -INFINITY;
	report.operation[0].p99_ns = INFINITY;
	report.operation[0].variance_share[2] = NAN;
	report.window[3].p50_ns = NAN;
	report.growth_bytes_per_s = 1e300;
	report.pss.value = NAN;
	report.pss.hi = NAN;
	char *text = report_as_json(&report);
	cr_assert_null(strstr(text, "nan"));
	cr_assert_null(strstr(text, "inf,"));
	cr_assert_null(strstr(text, "Infinity"));
	free(text);
	cJSON *json = parsed(&report);
	cr_assert(cJSON_IsNull(at(at(json, "breakdown"), "timing_stability")));
	cr_assert(cJSON_IsNull(at(json, "pss_ci")));
	cr_assert_eq(at(at(json, "memory"), "growth_bytes_per_s")->valuedouble, 1e300);
	cJSON_Delete(json);
	pss_report_free(&report);
}

Test(report_json, pypss_has_two_digits_and_no_interval)
{
	struct pss_report report;
	example_report(&report);
	report.scoring = PSS_SCORING_PYPSS;
	report.pss_rounded = 63;
	char *text = report_as_json(&report);
	cr_assert_not_null(strstr(text,
				  "\"breakdown\": {\"timing_stability\": 0.41, \"memory_stability\": 0.78, "
				  "\"error_volatility\": 1.00, "));
	cr_assert_not_null(strstr(text, "\n  \"pss\": 63,\n  \"pss_ci\": null,\n"),
			   "as the profile rounded it");
	free(text);
	pss_report_free(&report);
}

Test(report_json, the_same_report_gives_the_same_bytes_but_for_the_time_made)
{
	struct pss_report one, other;
	example_report(&one);
	example_report(&other);
	char *a = report_as_json(&one), *b = report_as_json(&other);
	cr_assert_str_eq(a, b);
	free(b);
	other.made_unix_ns += 5000000000u;
	b = report_as_json(&other);
	cr_assert_str_neq(a, b);
	char *made_a = strstr(a, "\"made_at\""), *made_b = strstr(b, "\"made_at\"");
	cr_assert_eq(strncmp(a, b, (size_t)(made_a - a)), 0);
	cr_assert_str_eq(strchr(made_a, '\n'), strchr(made_b, '\n'), "one line differs");
	free(a);
	free(b);
	pss_report_free(&one);
	pss_report_free(&other);
}

Test(report_json, an_empty_report_is_valid)
{
	struct pss_report report;
	pss_report_init(&report);
	cJSON *json = parsed(&report);
	cr_assert(cJSON_IsNull(at(json, "pss")));
	cr_assert_eq(cJSON_GetArraySize(at(json, "operations")), 0);
	cJSON_Delete(json);
	pss_report_free(&report);
}

Test(report_json, a_full_disk_is_an_error)
{
	struct pss_report report;
	struct pss_text_style style = {0};
	example_report(&report);
	FILE *full = fopen("/dev/full", "w");
	cr_assert_eq(pss_report_json(&report, full), -ENOSPC);
	fclose(full);
	full = fopen("/dev/full", "w");
	cr_assert_eq(pss_report_text(&report, &style, full), -ENOSPC);
	fclose(full);
	pss_report_free(&report);
}

Test(report, points_are_whole_and_within_range)
{
	cr_assert_eq(pss_report_points(61.5), 62);
	cr_assert_eq(pss_report_points(62.5), 62, "half to even");
	cr_assert_eq(pss_report_points(-3), 0);
	cr_assert_eq(pss_report_points(100.4), 100);
	cr_assert_eq(pss_report_points(NAN), 0);
}

Test(report, every_value_of_an_enum_has_a_name_of_its_own)
{
	for (int i = 0; i < PSS_LOST_COUNT; i++) {
		cr_assert_str_neq(pss_lost_name(i), "unknown");
		cr_assert_str_neq(pss_lost_label(i), "unknown");
		for (int j = 0; j < i; j++)
			cr_assert_str_neq(pss_lost_name(i), pss_lost_name(j));
	}
	for (int i = 0; i < PSS_C_COUNT; i++) {
		cr_assert_str_neq(pss_component_name(i), "unknown");
		cr_assert_str_neq(pss_component_label(i), "unknown");
	}
	for (int i = 0; i < PSS_OP_KINDS; i++)
		cr_assert_str_neq(pss_op_kind_name(i), "unknown");
	cr_assert_str_eq(pss_op_kind_name(200), "unknown");
	cr_assert_str_eq(pss_lost_name(-1), "unknown");
}

Test(report, free_gives_a_report_that_can_be_used_again)
{
	struct pss_report report;
	example_report(&report);
	pss_report_free(&report);
	cr_assert_eq(report.operations, 0);
	cr_assert_null(report.operation);
	pss_report_free(&report);
}
