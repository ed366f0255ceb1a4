/* SPDX-License-Identifier: MIT */
/* The lists of a report: operations, windows, failing calls. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cause/failure.h"
#include "user/window/run_report.h"

#define ROWS_MOST 256
#define ERRORS_MOST 64

/* The kernel's histogram, interpolated within a bucket: much finer than its edges. */
static double histogram_quantile(const struct pss_series *series, double q)
{
	double total = 0, sum = 0;

	for (unsigned i = 0; i < PSS_HIST_BUCKETS; i++)
		total += (double)series->histogram[i];
	for (unsigned i = 0; i < PSS_HIST_BUCKETS && total > 0; i++) {
		double count = (double)series->histogram[i];
		if (count > 0 && sum + count >= q * total) {
			double low = pss_hist_floor(i), high = pss_hist_floor(i + 1);
			double value = low + (high - low) * fmax(0, q * total - sum) / count;
			return series->max_ns > 0 ? fmin(value, series->max_ns) : value;
		}
		sum += count;
	}
	return series->max_ns;
}

static void row_quantiles_exact(const struct pss_series *series, struct pss_report_operation *row)
{
	row->p50_ns = histogram_quantile(series, 0.50);
	row->p95_ns = histogram_quantile(series, 0.95);
	row->p99_ns = histogram_quantile(series, 0.99);
	row->max_ns = series->max_ns;
	row->mean_ns = series->count ? series->duration_ns / (double)series->count : 0;
	memcpy(row->component_ns, series->component_ns, sizeof(row->component_ns));
}

static void row_totals(const struct pss_series *series, const struct pss_window *whole,
		       struct pss_report_operation *row)
{
	row->recorded = whole->recorded;
	if (series->exact) {
		row->count = series->units > series->count ? series->units : series->count;
		row->operations = series->count;
		row->errors = series->errors;
		if (row->recorded > row->operations)
			row->recorded = row->operations;
		row_quantiles_exact(series, row);
		return;
	}
	row->count = (uint64_t)llround(whole->units);
	row->operations = (uint64_t)llround(whole->weight);
	row->errors = (uint64_t)llround(whole->errors);
	memcpy(row->component_ns, whole->component_ns, sizeof(row->component_ns));
	if (whole->latency.total <= 0)
		return;
	row->p50_ns = pss_sketch_quantile(&whole->latency, 0.50);
	row->p95_ns = pss_sketch_quantile(&whole->latency, 0.95);
	row->p99_ns = pss_sketch_quantile(&whole->latency, 0.99);
	row->max_ns = whole->latency.max;
	row->mean_ns = whole->duration_ns / whole->weight;
}

/* "recv > open > send", with a mark where there were more than eight steps. */
static void path_text(const struct pss_run *run, const struct pss_path_count *entry, char *text, size_t size)
{
	const char *tag = entry->tag_id ? run_name(run, entry->tag_id) : NULL;
	size_t used = 0;

	text[0] = 0;
	if (tag) {
		snprintf(text, size, "%s", tag);
		return;
	}
	for (uint64_t steps = entry->steps; steps; steps >>= 8) {
		int wrote = snprintf(text + used, size - used, "%s%s", used ? " > " : "",
				     failure_step((unsigned)(steps & 0xff)));
		if (wrote < 0 || (size_t)wrote >= size - used)
			return;
		used += (size_t)wrote;
	}
	if (entry->steps >> 56)
		snprintf(text + used, size - used, " > ...");
}

static int path_order(const void *a, const void *b)
{
	const struct pss_path_count *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight > right->weight ? -1 : 1;
	if (left->path != right->path)
		return left->path < right->path ? -1 : 1;
	return (left->tag_id > right->tag_id) - (left->tag_id < right->tag_id);
}

/* Reorders the window's paths: it is the caller's own. */
static void row_paths(const struct pss_run *run, struct pss_window *whole, struct pss_report_operation *row)
{
	double total = whole->weight;

	if (!whole->paths || (whole->paths == 1 && !whole->path[0].path && !whole->path[0].tag_id))
		return;
	qsort(whole->path, whole->paths, sizeof(*whole->path), path_order);
	row->path_count = whole->paths + (whole->path_overflow > 0);
	row->paths = whole->paths < PSS_REPORT_PATHS ? whole->paths : PSS_REPORT_PATHS;
	for (unsigned i = 0; i < row->paths; i++) {
		row->path[i].path = whole->path[i].path;
		row->path[i].share = total > 0 ? whole->path[i].weight / total : 0;
		path_text(run, &whole->path[i], row->path[i].tag, sizeof(row->path[i].tag));
	}
}

static int row_fill(const struct pss_run *run, const struct pss_series *series,
		    struct pss_report_operation *row)
{
	double duration = report_duration_s(run);
	struct pss_window whole;
	int err = 0;

	pss_window_init(&whole);
	for (size_t i = 0; i < series->windows && !err; i++)
		err = pss_window_merge(&whole, &series->window[i]);
	if (!err) {
		row_totals(series, &whole, row);
		row_paths(run, &whole, row);
		row->rate_per_s = duration > 0 ? (double)row->count / duration : 0;
		row->kind = series->kind;
		row->name = strdup(series->name);
		err = row->name ? 0 : -ENOMEM;
	}
	pss_window_free(&whole);
	return err;
}

static void row_not_scored(struct pss_report_operation *row, bool of_scored_kind)
{
	const char *why =
		of_scored_kind ? "more names than are scored one by one" : "not among the scored kinds";

	row->pss.why = why;
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		row->dimension[d].why = why;
}

static void row_scores(const struct score_row *score, struct pss_report_operation *row)
{
	row->share = score->time_share;
	row->pss = score->pss;
	memcpy(row->dimension, score->dimension, sizeof(row->dimension));
	row->attributed = score->attributed;
	memcpy(row->variance_share, score->variance_share, sizeof(row->variance_share));
	memcpy(row->tail_share, score->tail_share, sizeof(row->tail_share));
}

static const struct score_row *score_row_of(const struct score_result *result,
					    const struct pss_series *series)
{
	for (size_t r = 0; r < result->rows; r++)
		if (result->row[r].operation.series == series)
			return &result->row[r];
	return NULL;
}

static int row_order(const void *a, const void *b)
{
	const struct pss_report_operation *left = a, *right = b;

	if (left->scored != right->scored)
		return left->scored ? -1 : 1;
	if (left->share != right->share)
		return left->share > right->share ? -1 : 1;
	double left_time = left->mean_ns * (double)left->operations;
	double right_time = right->mean_ns * (double)right->operations;
	if (left_time != right_time)
		return left_time > right_time ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Scored ones first in the run's order would cut arbitrarily, so all are taken and the smallest freed. */
static void rows_cut(struct pss_report *report)
{
	while (report->operations > ROWS_MOST)
		free(report->operation[--report->operations].name);
}

int report_operations(const struct pss_run *run, const struct score_result *result, struct pss_report *report)
{
	report->operation = calloc(run->series_count + 1, sizeof(*report->operation));
	if (!report->operation)
		return -ENOMEM;
	for (size_t i = 0; i < run->series_count; i++) {
		const struct pss_series *series = &run->series[i];
		struct pss_report_operation *row = &report->operation[report->operations];
		const struct score_row *score = score_row_of(result, series);
		if (score_series_operations(series) <= 0)
			continue;
		int err = row_fill(run, series, row);
		if (err)
			return err;
		report->operations++;
		row->scored = report->scored_kinds & 1u << series->kind;
		if (score)
			row_scores(score, row);
		else
			row_not_scored(row, row->scored);
		if (row->scored) {
			report->operations_seen += row->operations;
			report->operations_recorded += row->recorded;
		}
	}
	if (report->operations)
		qsort(report->operation, report->operations, sizeof(*report->operation), row_order);
	rows_cut(report);
	return 0;
}

static int window_fill(const struct pss_run *run, unsigned kinds, size_t index, struct pss_report_window *row)
{
	struct pss_sketch latency;
	int err = 0;

	pss_sketch_init(&latency);
	for (size_t i = 0; i < run->series_count && !err; i++) {
		const struct pss_series *series = &run->series[i];
		if (!(kinds & 1u << series->kind) || index >= series->windows)
			continue;
		const struct pss_window *window = &series->window[index];
		if (!series->exact) {
			row->operations += window->weight;
			row->errors += window->errors;
			err = pss_sketch_merge(&latency, &window->latency);
		} else if (window->exact) {
			row->operations += window->exact->operations;
			row->errors += window->exact->errors;
			err = pss_sketch_merge(&latency, &window->exact->latency);
		}
	}
	if (latency.total > 0) {
		row->p50_ns = pss_sketch_quantile(&latency, 0.5);
		row->p99_ns = pss_sketch_quantile(&latency, 0.99);
	}
	row->start_s = (double)index * (double)run->interval_ns / 1e9;
	pss_sketch_free(&latency);
	return err;
}

int report_windows(const struct pss_run *run, struct pss_report *report)
{
	size_t count = score_windows(run);
	int err = 0;

	report->window = calloc(count + 1, sizeof(*report->window));
	if (!report->window)
		return -ENOMEM;
	for (size_t i = 0; i < count && !err; i++) {
		err = window_fill(run, report->scored_kinds, i, &report->window[i]);
		report->windows += !err;
	}
	return err;
}

static int errors_order(const void *a, const void *b)
{
	const struct pss_report_error *left = a, *right = b;

	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	int order = strcmp(left->what, right->what);
	return order ? order
		     : strcmp(left->endpoint ? left->endpoint : "", right->endpoint ? right->endpoint : "");
}

static int error_put(struct pss_report *report, const char *endpoint, const char *what, uint64_t count)
{
	struct pss_report_error *error;

	for (size_t i = 0; i < report->errors; i++) {
		error = &report->error[i];
		if (!strcmp(error->what, what) && !error->endpoint == !endpoint &&
		    (!endpoint || !strcmp(error->endpoint, endpoint))) {
			error->count += count;
			return 0;
		}
	}
	error = &report->error[report->errors];
	error->what = strdup(what);
	error->endpoint = endpoint ? strdup(endpoint) : NULL;
	error->count = count;
	if (!error->what || (endpoint && !error->endpoint)) {
		free(error->what);
		free(error->endpoint);
		return -ENOMEM;
	}
	report->errors++;
	return 0;
}

static int error_of_life(struct pss_report *report, const struct pss_life *life)
{
	char name[64], what[96];

	failure_of((enum pss_error_class)life->err_class, life->err_code, name, sizeof(name));
	if (life->err_class == PSS_ERR_SIGNAL)
		snprintf(what, sizeof(what), "killed by %s", name);
	else if (life->err_class == PSS_ERR_OOM)
		snprintf(what, sizeof(what), "killed: %s", name);
	else
		snprintf(what, sizeof(what), "ended with %s", name);
	return error_put(report, NULL, what, 1);
}

int report_errors(const struct pss_run *run, struct pss_report *report)
{
	int err = 0;

	report->error = calloc(run->error_count + run->abnormal_count + 1, sizeof(*report->error));
	if (!report->error)
		return -ENOMEM;
	for (size_t i = 0; i < run->error_count && !err; i++) {
		const struct pss_errors *errors = &run->errors[i];
		char name[64], what[128];
		failure_errno(errors->err_code, name, sizeof(name));
		snprintf(what, sizeof(what), "%s in %s", name, failure_step(errors->syscall_class));
		err = error_put(report, run_name(run, errors->name_id),
				errors->err_code ? what : "further kinds of errors", errors->count);
	}
	for (size_t i = 0; i < run->abnormal_count && !err; i++)
		err = error_of_life(report, &run->abnormal[i]);
	if (report->errors)
		qsort(report->error, report->errors, sizeof(*report->error), errors_order);
	while (report->errors > ERRORS_MOST) {
		struct pss_report_error *error = &report->error[--report->errors];
		free(error->what);
		free(error->endpoint);
	}
	return err;
}
