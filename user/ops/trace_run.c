/* SPDX-License-Identifier: MIT */
/*
 * A trace file as a run, for native scoring.
 *
 * When things happened: where every operation has a timestamp, it counts from
 * there, in WINDOWS windows over the time they span, so that the scale of the
 * file's clock does not matter. Without timestamps the order in the file is all
 * that is known of time: the operations then end at even distances over the
 * time that they would take one after the other, WINDOWS windows of equal
 * count. Cumulative durations as the clock would give a single slow operation
 * windows of its own, and what is a tail would look like a change in time. The
 * number of windows does not depend on the number of records, so that a file
 * of identical copies scores alike.
 */
#include "user/ops/trace_parse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 30
#define SHORTEST_INTERVAL_NS 1000000ULL
#define LONGEST_INTERVAL_NS 86400000000000ULL
#define DEFAULT_INTERVAL_NS 1000000000ULL
#define LONGEST_NS 50000000000000000ULL /* a year and a half: half of what a run spans */
#define READINGS 512                    /* of memory: at most one in each of so many slices of time */
#define ORIGIN_NS LONGEST_NS            /* far enough from zero for any operation to begin before it */
#define LONGEST_NAME 1024

struct reading {
	uint64_t time_ns; /* 0: none */
	double bytes, peak;
};

struct feeder {
	const struct trace_file *file;
	struct pss_run *run;
	bool timed;
	double first_s; /* earliest timestamp */
	double span_ns;
	size_t whole;            /* operations */
	uint64_t dropped;        /* their duration is negative or not finite */
	uint64_t *path;          /* owned: by tag */
	struct reading *reading; /* owned: READINGS */
};

/* Where a row's values are: a record that ended early left gaps. */
struct cursor {
	size_t duration, memory, wait, error, tag;
};

static void advance(struct cursor *cursor, const struct trace_row *row)
{
	cursor->duration += row->has & TRACE_HAS_DURATION ? 1 : 0;
	cursor->memory += row->has & TRACE_HAS_MEMORY ? 1 : 0;
	cursor->wait += row->has & TRACE_HAS_WAIT ? 1 : 0;
	cursor->error += row->has & TRACE_WHOLE ? 1 : 0;
	cursor->tag += row->has & TRACE_HAS_TAG ? 1 : 0;
}

static bool has_duration(double seconds)
{
	return isfinite(seconds) && seconds >= 0 && seconds * 1e9 <= (double)LONGEST_NS;
}

static int feed(struct pss_run *run, uint32_t type, const void *payload, size_t size)
{
	struct pss_record_head head = {.type = type, .size = (uint32_t)size};
	int result = run_feed(run, &head, payload);
	return result == -EPROTO ? 0 : result;
}

static int feed_name(struct pss_run *run, uint32_t id, enum pss_op_kind kind, const char *text, size_t length)
{
	char payload[sizeof(struct pss_name) + LONGEST_NAME];
	struct pss_name name = {.id = id, .kind = (uint8_t)kind};

	if (length > LONGEST_NAME)
		length = LONGEST_NAME;
	memcpy(payload, &name, sizeof(name));
	memcpy(payload + sizeof(name), text, length);
	return feed(run, PSS_REC_NAME, payload, sizeof(name) + length);
}

/* A function goes by its name; a namesake in another module by both. key: module, NUL, name. */
static int feed_function(struct pss_run *run, struct text_table *seen, uint32_t id, const char *key,
			 size_t size)
{
	char both[LONGEST_NAME];
	size_t module = strnlen(key, size);
	const char *name = key + module + 1;
	size_t length = size - module - 1;
	uint32_t before = seen->count, bare;

	if (length == 0)
		return feed_name(run, id, PSS_OP_TRACE, "unnamed", strlen("unnamed"));
	int result = text_table_add(seen, name, length, &bare);
	if (result)
		return result;
	if (bare == before || module == 0 || module + 1 + length > sizeof(both))
		return feed_name(run, id, PSS_OP_TRACE, name, length);
	memcpy(both, key, module);
	both[module] = '.';
	memcpy(both + module + 1, name, length);
	return feed_name(run, id, PSS_OP_TRACE, both, module + 1 + length);
}

/* Functions have the ids from 1, tags those after them. */
static int feed_names(struct feeder *feeder)
{
	const struct text_table *names = &feeder->file->names, *tags = &feeder->file->tags;
	struct text_table seen = {0};
	size_t size;
	int result = 0;

	for (uint32_t i = 0; i < names->count && i + 1 < PSS_RUN_NAME_IDS && !result; i++) {
		const char *key = text_table_get(names, i, &size);
		result = feed_function(feeder->run, &seen, i + 1, key, size);
	}
	for (uint32_t i = 0; i < tags->count && names->count + i + 1 < PSS_RUN_NAME_IDS && !result; i++) {
		const char *tag = text_table_get(tags, i, &size);
		result = feed_name(feeder->run, names->count + i + 1, PSS_OP_NONE, tag, size);
	}
	text_table_free(&seen);
	return result;
}

/* FNV-1a: the signature of a path must be the same in every run. */
static uint64_t signature(const char *text, size_t size)
{
	uint64_t state = 0xcbf29ce484222325u;
	for (size_t i = 0; i < size; i++)
		state = (state ^ (unsigned char)text[i]) * 0x100000001b3u;
	return state ? state : 1;
}

static int make_paths(struct feeder *feeder)
{
	const struct text_table *tags = &feeder->file->tags;
	size_t size;

	feeder->path = malloc(((size_t)tags->count + 1) * sizeof(*feeder->path));
	if (!feeder->path)
		return -ENOMEM;
	for (uint32_t i = 0; i < tags->count; i++) {
		const char *tag = text_table_get(tags, i, &size);
		feeder->path[i] = signature(tag, size);
	}
	return 0;
}

/* Finds the span of time, or that the file does not tell it. */
static void choose_clock(struct feeder *feeder)
{
	const struct trace_file *file = feeder->file;
	struct cursor cursor = {0};
	double first = INFINITY, last = -INFINITY, total = 0;

	feeder->timed = true;
	for (size_t i = 0; i < file->rows; advance(&cursor, &file->row[i]), i++) {
		double duration = file->columns->duration[cursor.duration];
		if (!(file->row[i].has & TRACE_WHOLE) || !has_duration(duration))
			continue;
		double begin = file->row[i].timestamp;
		feeder->timed = feeder->timed && !isnan(begin);
		first = fmin(first, begin);
		last = fmax(last, begin + duration);
		total += duration;
		feeder->whole++;
	}
	feeder->first_s = first;
	feeder->span_ns = (last - first) * 1e9;
	feeder->timed = feeder->timed && feeder->span_ns > 0 && feeder->span_ns <= (double)LONGEST_NS;
	if (!feeder->timed)
		feeder->span_ns =
			fmin(fmax(total * 1e9, WINDOWS * (double)SHORTEST_INTERVAL_NS), (double)LONGEST_NS);
}

/* The run's own window length is kept where somebody chose one. */
static uint64_t choose_interval(const struct feeder *feeder)
{
	uint64_t interval = feeder->run->interval_ns;
	if (interval == 0 || interval == DEFAULT_INTERVAL_NS)
		interval = (uint64_t)ceil(feeder->span_ns / WINDOWS) + 1;
	if (interval < SHORTEST_INTERVAL_NS)
		return SHORTEST_INTERVAL_NS;
	return interval > LONGEST_INTERVAL_NS ? LONGEST_INTERVAL_NS : interval;
}

static int feed_meta(struct feeder *feeder)
{
	struct pss_meta meta = {.start_ns = ORIGIN_NS, .interval_ns = choose_interval(feeder)};
	if (feeder->timed && feeder->first_s > 0 && feeder->first_s < 1e10)
		meta.start_unix_ns = (uint64_t)(feeder->first_s * 1e9);
	return feed(feeder->run, PSS_REC_META, &meta, sizeof(meta));
}

static void read_memory(struct feeder *feeder, double bytes, uint64_t time_ns)
{
	size_t slice = (size_t)((double)(time_ns - ORIGIN_NS) / feeder->span_ns * READINGS);
	struct reading *reading = &feeder->reading[slice < READINGS ? slice : READINGS - 1];

	if (time_ns >= reading->time_ns) {
		reading->time_ns = time_ns;
		reading->bytes = bytes;
	}
	reading->peak = fmax(reading->peak, bytes);
}

static int feed_op(struct feeder *feeder, const struct trace_row *row, const struct cursor *at, size_t index)
{
	const struct pypss_columns *columns = feeder->file->columns;
	double duration = columns->duration[at->duration], wait = columns->wait[at->wait];
	double memory = columns->memory[at->memory], end_ns;
	struct pss_op op = {.name_id = row->name + 1, .kind = PSS_OP_TRACE, .units = 1, .weight = 1};

	if (feeder->timed)
		end_ns = (row->timestamp - feeder->first_s + duration) * 1e9;
	else
		end_ns = ((double)index + 0.5) / (double)feeder->whole * feeder->span_ns;
	op.duration_ns = (uint64_t)llrint(duration * 1e9);
	op.start_ns = ORIGIN_NS + (uint64_t)llrint(end_ns) - op.duration_ns;
	/* pypss: what is not CPU time is wait, of whatever kind. */
	op.component_ns[PSS_C_OTHER] = has_duration(wait) ? (uint64_t)llrint(wait * 1e9) : 0;
	if (op.component_ns[PSS_C_OTHER] > op.duration_ns)
		op.component_ns[PSS_C_OTHER] = op.duration_ns;
	op.component_ns[PSS_C_ON_CPU] = op.duration_ns - op.component_ns[PSS_C_OTHER];
	op.err_class = columns->error[at->error] ? PSS_ERR_EXCEPTION : PSS_ERR_NONE;
	if (row->has & TRACE_HAS_TAG) {
		op.path = feeder->path[columns->tag[at->tag]];
		op.tag_id = feeder->file->names.count + columns->tag[at->tag] + 1;
	}
	if (memory > 0 && memory < 0x1p62) {
		op.rss_bytes = (uint64_t)memory;
		read_memory(feeder, memory, op.start_ns + op.duration_ns);
	}
	return feed(feeder->run, PSS_REC_OP, &op, sizeof(op));
}

static int feed_ops(struct feeder *feeder)
{
	const struct trace_file *file = feeder->file;
	struct cursor cursor = {0};
	size_t index = 0;

	for (size_t i = 0; i < file->rows; advance(&cursor, &file->row[i]), i++) {
		if (!(file->row[i].has & TRACE_WHOLE))
			continue;
		if (!has_duration(file->columns->duration[cursor.duration])) {
			feeder->dropped++;
			continue;
		}
		int result = feed_op(feeder, &file->row[i], &cursor, index++);
		if (result)
			return result;
	}
	return 0;
}

/* Readings, what was dropped, and where the time ends. */
static int feed_rest(struct feeder *feeder)
{
	double peak = 0;
	int result = 0;

	for (size_t i = 0; i < READINGS && !result; i++) {
		const struct reading *reading = &feeder->reading[i];
		if (!reading->time_ns)
			continue;
		peak = fmax(peak, reading->peak);
		struct pss_memory memory = {
			.time_ns = reading->time_ns,
			.rss_bytes = (uint64_t)reading->bytes,
			.peak_rss_bytes = (uint64_t)peak,
		};
		result = feed(feeder->run, PSS_REC_MEMORY, &memory, sizeof(memory));
	}
	struct pss_tick tick = {.time_ns = ORIGIN_NS + (uint64_t)feeder->span_ns};
	struct pss_lost_counts lost = {.time_ns = tick.time_ns};
	lost.count[PSS_LOST_CLOCK_BACKWARD] = feeder->dropped;
	if (!result)
		result = feed(feeder->run, PSS_REC_LOST, &lost, sizeof(lost));
	return result ? result : feed(feeder->run, PSS_REC_TICK, &tick, sizeof(tick));
}

int trace_feed_run(const struct trace_file *file, struct pss_run *run)
{
	struct feeder feeder = {.file = file, .run = run};
	int result = -ENOMEM;

	feeder.reading = calloc(READINGS, sizeof(*feeder.reading));
	if (!feeder.reading)
		goto out;
	run->from_trace_file = true;
	choose_clock(&feeder);
	result = feed_meta(&feeder);
	if (!result)
		result = make_paths(&feeder);
	if (!result)
		result = feed_names(&feeder);
	if (!result)
		result = feed_ops(&feeder);
	if (!result)
		result = feed_rest(&feeder);
out:
	free(feeder.path);
	free(feeder.reading);
	return result;
}
