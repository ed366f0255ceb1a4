/* SPDX-License-Identifier: MIT */
/* Operations and their totals, by name and window. */
#include "user/window/run_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NO_SERIES UINT32_MAX
/* With so few windows there is nothing left to merge. */
#define FEWEST_WINDOWS 16

double pss_hist_floor(unsigned index)
{
	unsigned octave = index >> PSS_HIST_SUB_BITS, within = index & ((1u << PSS_HIST_SUB_BITS) - 1);

	if (!index)
		return 0;
	return (double)(1ULL << (octave + PSS_HIST_MIN_SHIFT)) *
	       (1 + (double)within / (1u << PSS_HIST_SUB_BITS));
}

void series_free(struct pss_series *series)
{
	for (size_t i = 0; i < series->windows; i++)
		pss_window_free(&series->window[i]);
	free(series->window);
	free(series->sample);
	free(series->histogram);
	free(series->name);
	memset(series, 0, sizeof(*series));
}

/* Names that come late get a smaller sample, so that all together are bounded. */
static size_t sample_most(size_t index)
{
	if (index < 16)
		return PSS_RUN_SAMPLE;
	return index < 256 ? PSS_RUN_SAMPLE / 8 : PSS_RUN_SAMPLE / 64;
}

/* Index of a new series, or NO_SERIES when memory ran out. */
static uint32_t series_new(struct pss_run *run, uint32_t name_id, enum pss_op_kind kind, const char *name)
{
	size_t count = run->series_count;

	if (!(count & (count - 1))) { /* room is the next power of two */
		struct pss_series *series = realloc(run->series, (count ? count * 2 : 1) * sizeof(*series));
		if (!series)
			return NO_SERIES;
		run->series = series;
	}
	struct pss_series *series = &run->series[count];
	memset(series, 0, sizeof(*series));
	series->name = strdup(name);
	if (!series->name)
		return NO_SERIES;
	series->name_id = name_id;
	series->kind = kind;
	series->sample_most = sample_most(count);
	run->series_count++;
	return (uint32_t)count;
}

static bool names_full(const struct pss_run *run)
{
	return run->series_count >= PSS_RUN_NAMES || run->window_bytes > PSS_RUN_WINDOW_BYTES;
}

static uint32_t series_other(struct pss_run *run, enum pss_op_kind kind)
{
	if (!run->other_series[kind]) {
		uint32_t index = series_new(run, 0, kind, "other");
		if (index == NO_SERIES)
			return index;
		run->other_series[kind] = index + 1;
	}
	return run->other_series[kind] - 1;
}

/* The series of a name; kind PSS_OP_NONE: the name's own. NULL with *err set. */
static struct pss_series *series_of(struct pss_run *run, uint32_t name_id, enum pss_op_kind kind, int *err)
{
	struct pss_name_text *name = name_id < run->names ? &run->name[name_id] : NULL;
	uint32_t index;

	*err = -EPROTO;
	if (name && name->text) {
		if (name->kind == PSS_OP_NONE || (kind != PSS_OP_NONE && kind != name->kind))
			return NULL;
		kind = name->kind;
	} else if (kind == PSS_OP_NONE || name_id < PSS_RUN_NAME_IDS) {
		/* Ids beyond the table are allowed: their names had no room. */
		if (kind == PSS_OP_NONE || run->text_bytes + 1 < PSS_RUN_TEXT / 2)
			return NULL;
		name = NULL;
	}
	*err = -ENOMEM;
	if (name && name->text && name->series) {
		index = name->series - 1;
	} else if (!name || !name->text || names_full(run)) {
		index = series_other(run, kind);
	} else {
		index = series_new(run, name_id, kind, name->text);
		if (index != NO_SERIES)
			name->series = index + 1;
	}
	if (index == NO_SERIES)
		return NULL;
	*err = 0;
	return &run->series[index];
}

size_t run_window_index(const struct pss_run *run, uint64_t end_ns)
{
	return end_ns <= run->meta.start_ns ? 0 : (size_t)((end_ns - run->meta.start_ns) / run->interval_ns);
}

static size_t window_bytes(const struct pss_window *window)
{
	size_t bytes = sizeof(*window) + (size_t)window->latency.buckets * sizeof(double) +
		       window->path_room * sizeof(*window->path);

	if (window->exact)
		bytes += sizeof(*window->exact) + (size_t)window->exact->latency.buckets * sizeof(double);
	return bytes;
}

/* Merges windows in pairs. Where memory runs out a window is lost and the run stays valid. */
static int series_coarsen(struct pss_series *series)
{
	size_t half = (series->windows + 1) / 2;
	int result = 0;

	for (size_t i = 0; i < half; i++) {
		struct pss_window *left = &series->window[2 * i];
		if (2 * i + 1 < series->windows) {
			int err = pss_window_merge(left, &series->window[2 * i + 1]);
			if (err)
				result = err;
			pss_window_free(&series->window[2 * i + 1]);
		}
		if (2 * i != i) {
			pss_window_free(&series->window[i]);
			series->window[i] = *left;
			pss_window_init(left);
		}
	}
	series->windows = half;
	return result;
}

static int run_coarsen(struct pss_run *run)
{
	size_t bytes = 0;
	int result = 0;

	for (size_t i = 0; i < run->series_count; i++) {
		struct pss_series *series = &run->series[i];
		int err = series_coarsen(series);
		if (err)
			result = err;
		for (size_t w = 0; w < series->windows; w++)
			bytes += window_bytes(&series->window[w]);
	}
	run->interval_ns *= 2;
	run->window_bytes = bytes;
	return result;
}

static size_t run_most_windows(const struct pss_run *run)
{
	size_t most = 0;

	for (size_t i = 0; i < run->series_count; i++)
		if (run->series[i].windows > most)
			most = run->series[i].windows;
	return most;
}

static int windows_reserve(struct pss_run *run, struct pss_series *series, size_t count)
{
	if (count <= series->windows)
		return 0;
	struct pss_window *window = realloc(series->window, count * sizeof(*window));
	if (!window)
		return -ENOMEM;
	for (size_t i = series->windows; i < count; i++)
		pss_window_init(&window[i]);
	run->window_bytes += (count - series->windows) * sizeof(*window);
	series->window = window;
	series->windows = count;
	return 0;
}

/* The window at a time, NULL with *err set. */
static struct pss_window *window_at(struct pss_run *run, struct pss_series *series, uint64_t time_ns,
				    int *err)
{
	*err = 0;
	while (run_window_index(run, time_ns) >= PSS_RUN_WINDOWS && !*err)
		*err = run_coarsen(run);
	while (run->window_bytes > PSS_RUN_WINDOW_BYTES && !*err && run_most_windows(run) > FEWEST_WINDOWS)
		*err = run_coarsen(run);
	if (*err)
		return NULL;
	size_t index = run_window_index(run, time_ns);
	*err = windows_reserve(run, series, index + 1);
	return *err ? NULL : &series->window[index];
}

/* Makes the components sum to the duration: a file may say anything. */
static bool components_settle(struct pss_op *op)
{
	uint64_t sum = 0;

	for (int i = 0; i < PSS_C_COUNT; i++) {
		if (op->component_ns[i] > RUN_LONGEST_NS)
			return false;
		sum += op->component_ns[i];
	}
	if (sum <= op->duration_ns) {
		op->component_ns[PSS_C_OTHER] += op->duration_ns - sum;
		return true;
	}
	double scale = (double)op->duration_ns / (double)sum;
	for (int i = 0; i < PSS_C_COUNT; i++)
		op->component_ns[i] = (uint64_t)((double)op->component_ns[i] * scale);
	return true;
}

static bool op_valid(const struct pss_run *run, const struct pss_op *op)
{
	if (op->kind == PSS_OP_NONE || op->kind >= PSS_OP_KINDS || !op->weight)
		return false;
	if (op->duration_ns > RUN_LONGEST_NS || op->start_ns > UINT64_MAX - op->duration_ns)
		return false;
	return run_time_valid(run, op->start_ns + op->duration_ns);
}

int run_add_op(struct pss_run *run, struct pss_op *op)
{
	int err;

	if (!op_valid(run, op) || !components_settle(op))
		return -EPROTO;
	if (op->flags & PSS_OPF_UNCERTAIN_START)
		return 0;
	if (!op->units)
		op->units = 1;
	struct pss_series *series = series_of(run, op->name_id, op->kind, &err);
	if (!series)
		return err;
	uint64_t end_ns = op->start_ns + op->duration_ns;
	struct pss_window *window = window_at(run, series, end_ns, &err);
	if (!window)
		return err;
	size_t before = window_bytes(window);
	err = pss_window_add(window, op);
	if (!err)
		err = series_sample(series, op);
	run->window_bytes += window_bytes(window) - before;
	if (err)
		return err;
	if (op->kind == PSS_OP_TRACE) {
		run->from_trace_file = true;
		run->trace_records++;
	}
	run_saw_time(run, end_ns);
	return 0;
}

static bool stats_valid(const struct pss_run *run, const struct pss_stats *stats,
			const struct pss_stats_bucket *pairs)
{
	/* At least as large as the largest of them. */
	uint64_t most = stats->count | stats->units | stats->errors | stats->recorded | stats->duration_ns;

	for (int i = 0; i < PSS_C_COUNT; i++)
		most |= stats->component_ns[i];
	for (uint32_t i = 0; i < stats->buckets; i++)
		if (pairs[i].index >= PSS_HIST_BUCKETS)
			return false;
	return most <= RUN_LONGEST_NS * 64 && stats->count <= RUN_COUNT_MOST &&
	       stats->units <= RUN_COUNT_MOST && stats->errors <= stats->count &&
	       stats->max_ns <= RUN_LONGEST_NS && run_time_valid(run, stats->end_ns);
}

static void series_total(struct pss_series *series, const struct pss_stats *stats,
			 const struct pss_stats_bucket *pairs)
{
	series->exact = true;
	series->count += stats->count;
	series->units += stats->units;
	series->errors += stats->errors;
	series->recorded += stats->recorded;
	series->duration_ns += (double)stats->duration_ns;
	if ((double)stats->max_ns > series->max_ns)
		series->max_ns = (double)stats->max_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		series->component_ns[i] += (double)stats->component_ns[i];
	for (uint32_t i = 0; i < stats->buckets; i++)
		series->histogram[pairs[i].index] += pairs[i].count;
}

/*
 * Totals are read a little after the interval has ended, so its middle says
 * which window it is; the last one of a capture can be short.
 */
static uint64_t stats_middle(struct pss_run *run, uint64_t end_ns)
{
	if (end_ns > run->stats_end_ns) {
		run->stats_before_ns = run->stats_end_ns;
		run->stats_end_ns = end_ns;
	}
	uint64_t begin =
		run->stats_before_ns > run->meta.start_ns ? run->stats_before_ns : run->meta.start_ns;
	return begin < end_ns ? begin + (end_ns - begin) / 2 : end_ns;
}

int run_add_stats(struct pss_run *run, const struct pss_stats *stats, const struct pss_stats_bucket *pairs)
{
	int err;

	if (!stats_valid(run, stats, pairs))
		return -EPROTO;
	struct pss_series *series = series_of(run, stats->name_id, PSS_OP_NONE, &err);
	if (!series)
		return err;
	if (!series->histogram) {
		series->histogram = calloc(PSS_HIST_BUCKETS, sizeof(*series->histogram));
		if (!series->histogram)
			return -ENOMEM;
	}
	struct pss_window *window = window_at(run, series, stats_middle(run, stats->end_ns), &err);
	if (!window)
		return err;
	size_t before = window_bytes(window);
	err = pss_window_add_stats(window, stats, pairs);
	run->window_bytes += window_bytes(window) - before;
	if (err)
		return err;
	series_total(series, stats, pairs);
	run_saw_time(run, stats->end_ns);
	return 0;
}
