/* SPDX-License-Identifier: MIT */
#include "user/ops/trace_file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/ops/text_table.h"
#include "user/ops/trace_parse.h"

static int read_columns(const char *text, struct pypss_columns *columns)
{
	char message[300] = "";
	pypss_columns_init(columns);
	int error = trace_file_read_memory(text, strlen(text), columns, NULL, message, sizeof(message));
	cr_expect_eq(error != 0, message[0] != '\0', "%s: %d %s", text, error, message);
	return error;
}

static void expect_lengths(const char *text, size_t durations, size_t memories, size_t waits, size_t tags,
			   uint64_t records)
{
	struct pypss_columns columns;
	cr_expect_eq(read_columns(text, &columns), 0, "%s", text);
	cr_expect_eq(columns.durations, durations, "%s", text);
	cr_expect_eq(columns.memories, memories, "%s", text);
	cr_expect_eq(columns.waits, waits, "%s", text);
	cr_expect_eq(columns.errors, waits, "%s", text);
	cr_expect_eq(columns.tags, tags, "%s", text);
	cr_expect_eq(columns.records, records, "%s", text);
	pypss_columns_free(&columns);
}

Test(trace_file, where_records_are)
{
	expect_lengths("", 0, 0, 0, 0, 0);
	expect_lengths(" \n", 0, 0, 0, 0, 0);
	expect_lengths("42", 0, 0, 0, 0, 0);
	expect_lengths("\"text\"", 0, 0, 0, 0, 0);
	expect_lengths("[]", 0, 0, 0, 0, 0);
	expect_lengths("{}", 0, 0, 0, 0, 0);
	expect_lengths("[{}]", 1, 1, 1, 0, 1);
	expect_lengths("\xef\xbb\xbf [{}]", 1, 1, 1, 0, 1);
	expect_lengths("[1,\"x\",null,true,[{}],[],{}]", 1, 1, 1, 0, 1);
	expect_lengths("{\"traces\":[{},{}]}", 2, 2, 2, 0, 2);
	expect_lengths("{\"tr\\u0061ces\":[{}]}", 1, 1, 1, 0, 1);
	expect_lengths("{\"traces\":[{}],\"traces\":[{},{}]}", 3, 3, 3, 0, 3);
	expect_lengths("{\"traces\":{\"a\":{}}}", 0, 0, 0, 0, 0);
	expect_lengths("{\"traces\":{\"item\":{},\"item\":{}},\"traces.item\":{}}", 3, 3, 3, 0, 3);
	expect_lengths("{\"data\":{\"traces\":[{}]},\"traces\":7}", 0, 0, 0, 0, 0);
	expect_lengths("{\"traces\":[[{}],{}]}", 1, 1, 1, 0, 1);
}

Test(trace_file, refused_files)
{
	static const char *const text[] = {"hello",         "[{}", "[{}]]", "{}\n{}", "[{\"duration\":NaN}]",
					   "{\"traces\":[}"};
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct pypss_columns columns;
		cr_expect_eq(read_columns(text[i], &columns), -EINVAL, "%s", text[i]);
		pypss_columns_free(&columns);
	}
}

/* The order is duration, memory, wait, error, tag; the first that fails ends the record. */
Test(trace_file, a_bad_value_ends_its_record)
{
	expect_lengths("[{\"duration\":null,\"memory\":1,\"branch_tag\":\"t\"}]", 0, 0, 0, 0, 1);
	expect_lengths("[{\"branch_tag\":\"t\",\"memory\":\"x\",\"duration\":1}]", 1, 0, 0, 0, 1);
	expect_lengths("[{\"wait_time\":[],\"branch_tag\":\"t\"}]", 1, 1, 0, 0, 1);
	expect_lengths("[{\"wait_time\":{},\"wait_time\":1,\"branch_tag\":\"t\"}]", 1, 1, 1, 1, 1);
	expect_lengths(
		"[{\"branch_tag\":\"\"},{\"branch_tag\":7},{\"branch_tag\":[\"t\"]},{\"branch_tag\":\"t\"}]",
		4, 4, 4, 1, 4);
	expect_lengths("[{\"duration\":1e400},{\"duration\":-1e400}]", 2, 2, 2, 0, 2);
}

Test(trace_file, values)
{
	struct pypss_columns columns;
	cr_assert_eq(
		read_columns(
			"[{\"duration\":\" 1_0.5 \",\"memory\":true,\"wait_time\":12345678901234567890},"
			"{\"duration\":5,\"duration\":0.1,\"memory\":\"\u0661\u0662\",\"wait_time\":-0.0}]",
			&columns),
		0);
	cr_assert_eq(columns.durations, 2);
	cr_expect_eq(columns.duration[0], 10.5);
	cr_expect_eq(columns.memory[0], 1);
	cr_expect_eq(columns.wait[0], 12345678901234567890.0);
	cr_expect_eq(columns.duration[1], 0.1);
	cr_expect_eq(columns.memory[1], 12);
	cr_expect_eq(columns.wait[1], 0);
	pypss_columns_free(&columns);
}

static bool error_of(const char *value)
{
	char text[200];
	struct pypss_columns columns;
	snprintf(text, sizeof(text), "[{\"error\":%s}]", value);
	cr_assert_eq(read_columns(text, &columns), 0);
	cr_assert_eq(columns.errors, 1);
	bool error = columns.error[0];
	pypss_columns_free(&columns);
	return error;
}

Test(trace_file, truth)
{
	static const char *const yes[] = {"true", "1",    "-0.5",         "\"false\"", "\"0\"",
					  "[0]",  "[[]]", "{\"a\":null}", "1e400",     "[1,[2,{\"x\":3}]]"};
	static const char *const no[] = {"false", "null", "0",  "-0",     "0.0", "0e5",
					 "\"\"",  "[]",   "{}", "1e-400", "[ ]"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		cr_expect(error_of(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		cr_expect_not(error_of(no[i]), "%s", no[i]);
}

Test(trace_file, lags)
{
	struct pypss_columns columns;
	cr_assert_eq(
		read_columns("[{\"system_metric\":\"x\",\"metadata\":{\"lag\":0.5},\"duration\":7},"
			     "{\"system_metric\":0,\"metadata\":{\"lag\":9}},"
			     "{\"system_metric\":1,\"metadata\":{\"x\":{\"lag\":9}}},"
			     "{\"system_metric\":1,\"metadata\":{\"lag\":9},\"metadata\":{\"lag\":true}},"
			     "{\"system_metric\":1,\"metadata\":{\"lag\":9},\"metadata\":\"lag\"},"
			     "{\"system_metric\":1,\"metadata\":{\"lag\":\"1\"}},"
			     "{\"system_metric\":1,\"metadata\":{\"lag\":null}},"
			     "{\"system_metric\":1,\"metadata\":[\"lag\"]},{\"system_metric\":1}]",
			     &columns),
		0);
	cr_assert_eq(columns.lags, 4);
	cr_expect_eq(columns.lag[0], 0.5);
	cr_expect_eq(columns.lag[1], 1);
	cr_expect(isnan(columns.lag[2]));
	cr_expect(isnan(columns.lag[3]));
	cr_expect_eq(columns.records, 1);
	cr_expect_eq(columns.durations, 1);
	pypss_columns_free(&columns);
}

Test(trace_file, tags_are_numbered_as_they_appear)
{
	static const uint32_t want[] = {0, 1, 0, 2, 2, 1};
	struct pypss_columns columns;
	cr_assert_eq(
		read_columns("[{\"branch_tag\":\"b\"},{\"branch_tag\":\"a\"},{\"branch_tag\":\"\\u0062\"},{},"
			     "{\"branch_tag\":\"\U0001f680\"},{\"branch_tag\":\"\\ud83d\\ude80\"},{\"branch_"
			     "tag\":\"a\"}]",
			     &columns),
		0);
	cr_assert_eq(columns.tags, 6);
	cr_expect_eq(memcmp(columns.tag, want, sizeof(want)), 0);
	pypss_columns_free(&columns);
}

Test(trace_file, text_table)
{
	struct text_table table = {0};
	char text[32];
	uint32_t id;
	size_t size;

	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 5000; i++) {
			int length = snprintf(text, sizeof(text), "%.*s%u", (int)(i % 20),
					      "xxxxxxxxxxxxxxxxxxxx", i);
			cr_assert_eq(text_table_add(&table, text, (size_t)length, &id), 0);
			cr_assert_eq(id, i);
		}
	}
	cr_expect_eq(text_table_add(&table, "", 0, &id), 0);
	cr_expect_eq(id, 5000);
	cr_expect_eq(text_table_add(&table, "a\0b", 3, &id), 0);
	cr_expect_eq(text_table_add(&table, "a\0c", 3, &id), 0);
	cr_expect_eq(id, 5002);
	cr_expect_eq(memcmp(text_table_get(&table, 5002, &size), "a\0c", 3), 0);
	cr_expect_eq(size, 3);
	text_table_free(&table);
}

/* ---- into a run ---- */

static void read_run(struct pss_run *run, const char *text, size_t size)
{
	char message[300] = "";
	run_init(run);
	cr_assert_eq(trace_file_read_memory(text, size, NULL, run, message, sizeof(message)), 0, "%s",
		     message);
	cr_expect(run->from_trace_file);
}

/* count records; step: seconds between timestamps, or none when 0. */
static char *make_records(size_t count, double step, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);
	fputc('[', file);
	for (size_t i = 0; i < count; i++) {
		fprintf(file, "%s{\"name\":\"f\",\"duration\":0.002,\"wait_time\":0.0005,\"memory\":%zu",
			i ? "," : "", 1000000 + i);
		if (step > 0)
			fprintf(file, ",\"timestamp\":%.6f", 1.7e9 + (double)i * step);
		fputs("}", file);
	}
	fputc(']', file);
	fclose(file);
	return text;
}

static size_t windows_in_use(const struct pss_series *series)
{
	size_t used = 0;
	for (size_t i = 0; i < series->windows; i++)
		used += series->window[i].weight > 0;
	return used;
}

static void expect_even_windows(size_t count, double step)
{
	struct pss_run run;
	size_t size;
	char *text = make_records(count, step, &size);

	read_run(&run, text, size);
	cr_assert_eq(run.series_count, 1);
	cr_expect_eq(run.trace_records, count);
	const struct pss_series *series = &run.series[0];
	cr_expect_eq(series->kind, PSS_OP_TRACE);
	cr_expect_str_eq(series->name, "f");
	size_t used = windows_in_use(series);
	cr_expect(used == 30, "%zu windows of %zu records, step %g", used, count, step);
	double most = 0, least = INFINITY;
	for (size_t i = 0; i < series->windows; i++) {
		most = fmax(most, series->window[i].weight);
		least = fmin(least, series->window[i].weight);
	}
	cr_expect_leq(most - least, 2, "%g to %g", least, most);
	run_free(&run);
	free(text);
}

/* Whatever the unit of the clock, and without one, the windows are 30. */
Test(trace_file, windows)
{
	expect_even_windows(3000, 0);
	expect_even_windows(60, 0);
	expect_even_windows(3000, 0.01);
	expect_even_windows(3000, 100);
}

Test(trace_file, operations_of_a_run)
{
	static const char text[] =
		"[{\"name\":\"f\",\"module\":\"m\",\"duration\":0.5,\"wait_time\":0.2,\"memory\":4096,"
		"\"error\":true,"
		"\"branch_tag\":\"left\",\"timestamp\":100},"
		"{\"duration\":\"x\",\"name\":\"lost\"},{\"name\":\"g\",\"duration\":0.25,\"memory\":null},"
		"{\"name\":\"f\",\"module\":\"n\",\"duration\":0.25,\"wait_time\":9,\"memory\":8192,"
		"\"timestamp\":101},"
		"{\"name\":\"f\",\"module\":\"m\",\"duration\":-1,\"timestamp\":102},"
		"{\"name\":\"f\",\"module\":\"m\",\"duration\":\"inf\",\"timestamp\":103},"
		"{\"system_metric\":1,\"name\":\"metric\",\"duration\":1}]";
	struct pss_run run;

	read_run(&run, text, sizeof(text) - 1);
	cr_assert_eq(run.series_count, 2, "metric records and broken ones are no operations");
	cr_expect_str_eq(run.series[0].name, "f");
	cr_expect_str_eq(run.series[1].name, "n.f");
	cr_expect_eq(run.lost[PSS_LOST_CLOCK_BACKWARD], 2, "impossible durations are counted, not guessed");
	const struct pss_op *first = &run.series[0].sample[0].op, *second = &run.series[1].sample[0].op;
	cr_expect_eq(first->duration_ns, 500000000);
	cr_expect_eq(first->component_ns[PSS_C_OTHER], 200000000);
	cr_expect_eq(first->component_ns[PSS_C_ON_CPU], 300000000);
	cr_expect_eq(first->err_class, PSS_ERR_EXCEPTION);
	cr_expect_eq(first->rss_bytes, 4096);
	cr_expect_neq(first->path, 0);
	cr_expect_str_eq(run_name(&run, first->tag_id), "left");
	cr_expect_eq(second->component_ns[PSS_C_OTHER], second->duration_ns, "no more wait than duration");
	cr_expect_eq(second->component_ns[PSS_C_ON_CPU], 0);
	cr_expect_eq(second->err_class, PSS_ERR_NONE);
	cr_expect_eq(second->path, 0);
	cr_expect_eq(second->start_ns - first->start_ns, 1000000000);
	cr_expect_eq(run.meta.start_unix_ns, 100000000000);
	cr_expect_eq(run.memory_count, 2);
	cr_expect_eq(run.memory[1].rss_bytes, 8192);
	run_free(&run);
}

/* The same file gives the same run: signatures of tags do not depend on the table's key. */
Test(trace_file, paths_are_stable)
{
	static const char text[] = "[{\"branch_tag\":\"left\",\"duration\":1}]";
	struct pss_run one, other;
	read_run(&one, text, sizeof(text) - 1);
	read_run(&other, text, sizeof(text) - 1);
	cr_expect_eq(one.series[0].sample[0].op.path, other.series[0].sample[0].op.path);
	cr_expect_str_eq(one.series[0].name, "unnamed");
	run_free(&one);
	run_free(&other);
}

/* A single timestamp that is missing, or an absurd span, and the order in the file is the clock. */
Test(trace_file, clocks_that_cannot_be_used)
{
	static const char *const text[] = {
		"[{\"duration\":1,\"timestamp\":5},{\"duration\":1}]",
		"[{\"duration\":1,\"timestamp\":0},{\"duration\":1,\"timestamp\":1e18}]",
		"[{\"duration\":1,\"timestamp\":-1e308},{\"duration\":1,\"timestamp\":1e308}]",
		"[{\"duration\":0,\"timestamp\":7},{\"duration\":0,\"timestamp\":7}]",
		"[{\"duration\":1,\"timestamp\":\"5\"},{\"duration\":1,\"timestamp\":null}]",
	};
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct pss_run run;
		read_run(&run, text[i], strlen(text[i]));
		cr_expect_eq(run.trace_records, 2, "%s", text[i]);
		cr_assert_eq(run.series_count, 1);
		cr_expect_eq(windows_in_use(&run.series[0]), 2, "%s", text[i]);
		run_free(&run);
	}
}

Test(trace_file, empty_files_make_empty_runs)
{
	struct pss_run run;
	read_run(&run, "[]", 2);
	cr_expect_eq(run.series_count, 0);
	cr_expect_eq(run.trace_records, 0);
	run_free(&run);
	read_run(&run, "[{\"system_metric\":1}]", 21);
	cr_expect_eq(run.series_count, 0);
	run_free(&run);
}

Test(trace_file, from_a_descriptor)
{
	struct pypss_columns columns;
	char message[300] = "";
	int ends[2];

	pypss_columns_init(&columns);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "[{\"duration\":2}]", 16), 16);
	close(ends[1]);
	cr_expect_eq(trace_file_read(ends[0], &columns, NULL, message, sizeof(message)), 0);
	cr_expect_eq(columns.durations, 1);
	close(ends[0]);
	cr_expect_eq(trace_file_read(ends[0], &columns, NULL, message, sizeof(message)), -EBADF);
	cr_expect_neq(message[0], '\0');
	pypss_columns_free(&columns);
}
