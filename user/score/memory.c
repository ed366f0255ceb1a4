/* SPDX-License-Identifier: MIT */
#include "user/score/memory.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/score/statistics.h"

#define HORIZON_S 1800.0   /* growth that doubles the program in so long halves the score */
#define GROWN_NOTICED 0.02 /* less growth than this over the run weighs little */
#define PACE_KEPT 1.5      /* a pace of two thirds in the second half is not taken for slowing down */
#define SPIKE_COST 4.0
#define SPIKE_NOTICED 0.05   /* noise of the working set */
#define UNMAPPED_GROWTH 0.25 /* growth into memory that was mapped before: most likely first use */

#define NOMINAL_RUN_S 60.0

/* Readings put together into at most TREND_POINTS points. */
struct points {
	double time[TREND_POINTS], level[TREND_POINTS]; /* median of the readings */
	double spike2[TREND_POINTS];                    /* mean square above the trend, relative */
	size_t first[TREND_POINTS + 1];                 /* index of the first reading */
	size_t count;
};

static int points_make(const struct score_memory_input *input, struct points *points)
{
	double *scratch = calloc(input->count, sizeof(*scratch));

	if (!scratch)
		return -ENOMEM;
	points->count = input->count < TREND_POINTS ? input->count : TREND_POINTS;
	points->first[points->count] = input->count;
	for (size_t p = 0; p < points->count; p++)
		points->first[p] = p * input->count / points->count;
	for (size_t p = 0; p < points->count; p++) {
		size_t from = points->first[p], many = points->first[p + 1] - from;
		memcpy(scratch, input->bytes + from, many * sizeof(*scratch));
		points->level[p] = median_of(scratch, many);
		points->time[p] = (input->time_s[from] + input->time_s[from + many - 1]) / 2;
	}
	free(scratch);
	return 0;
}

static double points_median(const double *value, size_t count)
{
	double copy[TREND_POINTS];

	memcpy(copy, value, count * sizeof(*copy));
	return median_of(copy, count);
}

/* Median of what a line of this slope leaves: the line's height at time 0. */
static double line_height(const struct points *points, double slope)
{
	double rest[TREND_POINTS];

	for (size_t i = 0; i < points->count; i++)
		rest[i] = points->level[i] - slope * points->time[i];
	return median_of(rest, points->count);
}

static void points_spikes(const struct score_memory_input *input, struct points *points, double slope,
			  double typical)
{
	double height = line_height(points, slope);

	for (size_t p = 0; p < points->count; p++) {
		double sum = 0;
		for (size_t i = points->first[p]; i < points->first[p + 1]; i++) {
			double above = (input->bytes[i] - height - slope * input->time_s[i]) / typical;
			sum += above > 0 ? above * above : 0;
		}
		points->spike2[p] = sum / (double)(points->first[p + 1] - points->first[p]);
	}
}

static double slope_of_last(const double *time, const double *level, size_t count, size_t many)
{
	size_t least = count < 3 ? count : 3;

	many = many < least ? least : many;
	return trend_slope(time + count - many, level + count - many, many);
}

/* The pace towards the end: of the last half, or of the last third where that is less. One step up is no
 * pace. */
static double later_slope(const double *time, const double *level, size_t count)
{
	return fmin(slope_of_last(time, level, count, count / 2),
		    slope_of_last(time, level, count, count / 3));
}

struct growth {
	double typical, limit, duration, last;
	double sure; /* 0..1: by Mann-Kendall */
	double mapped;
};

static double horizon_s(const struct growth *growth, double slope)
{
	double room = growth->typical;

	if (slope <= 0)
		return INFINITY;
	if (growth->limit > growth->last)
		room = fmin(room, growth->limit - growth->last);
	else if (growth->limit > 0)
		room = 0;
	return room / slope;
}

/*
 * The factor of growth: how soon it ends badly, weighted by how sure the
 * growth is, how much of it there was, and how much of the pace is left in the
 * second half (what slows down is warm-up).
 */
static double growth_factor(const struct growth *growth, double slope, double later)
{
	if (slope <= 0 || growth->typical <= 0)
		return 1;
	double grown = slope * growth->duration / growth->typical;
	double pace = fmin(1, fmax(0, PACE_KEPT * later / slope));
	double noticed = grown * grown / (grown * grown + GROWN_NOTICED * GROWN_NOTICED);
	double horizon = horizon_s(growth, slope * pace);
	double bad = 1 - 1 / (1 + sqrt(HORIZON_S / fmax(horizon, 1e-3)));

	return 1 - growth->sure * growth->mapped * noticed * pace * bad;
}

static double spike_factor(double spike)
{
	return 1 / (1 + SPIKE_COST * spike * spike / (spike + SPIKE_NOTICED));
}

/* From 0 at chance level to 1 where growth is beyond doubt; no cliff between. */
static double sureness(double z)
{
	return fmin(1, fmax(0, (z - 1) / 1.5));
}

/* How much of the growth was mapped while it grew. */
static double mapped_part(const struct score_memory_input *input, double slope, double duration)
{
	double grown = slope * duration;

	if (!input->mapped || grown <= 0)
		return 1;
	double mapped = input->mapped[input->count - 1] - input->mapped[0];
	return UNMAPPED_GROWTH + (1 - UNMAPPED_GROWTH) * fmin(1, fmax(0, mapped / grown));
}

/* Standard deviation of the score over resampled blocks of what the trend leaves. */
static double resampled_deviation(const struct points *points, const struct growth *growth, double slope,
				  const struct score_memory_input *input)
{
	struct random_stream stream = {input->seed};
	double sum = 0, squares = 0;
	size_t count = points->count, length = count >= 16 ? count / 8 : 1;

	for (unsigned r = 0; r < input->resamples; r++) {
		double level[TREND_POINTS], spike2 = 0;
		for (size_t i = 0; i < count; i += length) {
			size_t from = random_below(&stream, count - length + 1);
			for (size_t k = 0; k < length && i + k < count; k++) {
				double line = slope * (points->time[i + k] - points->time[from + k]);
				level[i + k] = points->level[from + k] + line;
				spike2 += points->spike2[from + k] / (double)count;
			}
		}
		double again = trend_slope(points->time, level, count);
		double score = growth_factor(growth, again, later_slope(points->time, level, count)) *
			       spike_factor(sqrt(spike2));
		sum += score;
		squares += score * score;
	}
	double mean = input->resamples ? sum / input->resamples : 0;
	return input->resamples ? sqrt(fmax(0, squares / input->resamples - mean * mean)) : 0;
}

static void memory_interval(struct score_memory *memory, double deviation, size_t count)
{
	double half = student_t95((double)count - 1) * deviation;

	memory->score.lo = fmax(0, memory->score.value - half);
	memory->score.hi = fmin(1, memory->score.value + half);
}

int score_memory_series(const struct score_memory_input *input, const struct pss_config *config,
			struct score_memory *memory)
{
	struct points points;

	memset(memory, 0, sizeof(*memory));
	memory->horizon_s = INFINITY;
	memory->growth_factor = memory->spike_factor = 1;
	memory->score.why = "too few memory readings";
	if (input->count < config->min_windows || input->count < 3)
		return 0;
	int err = points_make(input, &points);
	if (err)
		return err;
	struct growth growth = {
		.typical = points_median(points.level, points.count),
		.limit = input->limit,
		.duration = input->time_s[input->count - 1] - input->time_s[0],
		.last = input->bytes[input->count - 1],
	};
	memory->score.why = "no memory was seen";
	if (growth.typical <= 0 || growth.duration <= 0)
		return 0;
	struct trend trend = trend_of(points.time, points.level, points.count);
	growth.sure = sureness(trend.z);
	growth.mapped = mapped_part(input, trend.slope, growth.duration);
	points_spikes(input, &points, trend.slope, growth.typical);
	double spike2 = 0;
	for (size_t i = 0; i < points.count; i++)
		spike2 += points.spike2[i] / (double)points.count;
	memory->typical_bytes = growth.typical;
	memory->slope = trend.slope;
	memory->later_slope = later_slope(points.time, points.level, points.count);
	memory->z = trend.z;
	memory->grown = trend.slope * growth.duration / growth.typical;
	memory->spike = sqrt(spike2);
	memory->horizon_s = horizon_s(&growth, fmin(memory->slope, memory->later_slope));
	memory->growth_factor = growth_factor(&growth, memory->slope, memory->later_slope);
	memory->spike_factor = spike_factor(memory->spike);
	memory->growing = trend.z > 1.96 && memory->growth_factor < 0.9;
	memory->score.measured = true;
	memory->score.why = NULL;
	memory->score.value = memory->growth_factor * memory->spike_factor;
	memory_interval(memory, resampled_deviation(&points, &growth, trend.slope, input), points.count);
	return 0;
}

struct reading {
	double time_s, bytes;
};

static int reading_order(const void *a, const void *b)
{
	const struct reading *left = a, *right = b;

	if (left->time_s != right->time_s)
		return left->time_s < right->time_s ? -1 : 1;
	return (left->bytes > right->bytes) - (left->bytes < right->bytes);
}

static size_t run_vectors(const struct pss_run *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->series_count; i++)
		count += run->series[i].samples;
	return count;
}

/* The clock of a trace file has no scale that can be relied on: its run counts as a minute. */
static void nominal_time(const struct pss_run *run, double *time_s, size_t count)
{
	double first = count ? time_s[0] : 0, last = count ? time_s[count - 1] : 0;

	for (size_t i = 0; i < count && run->from_trace_file && last > first; i++)
		time_s[i] = (time_s[i] - first) / (last - first) * NOMINAL_RUN_S;
}

/* Memory that operations carry, in the order of their ends. */
static size_t readings_of_operations(const struct pss_run *run, struct reading *reading)
{
	size_t count = 0;

	for (size_t i = 0; i < run->series_count; i++)
		for (size_t s = 0; s < run->series[i].samples; s++) {
			const struct pss_op *op = &run->series[i].sample[s].op;
			uint64_t end_ns = op->start_ns + op->duration_ns;
			if (!op->rss_bytes)
				continue;
			reading[count].time_s = (double)(end_ns - run->meta.start_ns) / 1e9;
			reading[count++].bytes = (double)op->rss_bytes;
		}
	qsort(reading, count, sizeof(*reading), reading_order);
	return count;
}

static int memory_of_operations(const struct pss_run *run, const struct pss_config *config,
				struct score_memory_input *input, struct score_memory *memory)
{
	size_t room = run_vectors(run);
	struct reading *reading = calloc(room + 1, sizeof(*reading));
	double *column = calloc(2 * (room + 1), sizeof(*column));
	int err = -ENOMEM;

	if (reading && column) {
		input->count = readings_of_operations(run, reading);
		for (size_t i = 0; i < input->count; i++) {
			column[i] = reading[i].time_s;
			column[room + 1 + i] = reading[i].bytes;
		}
		nominal_time(run, column, input->count);
		input->time_s = column;
		input->bytes = column + room + 1;
		err = score_memory_series(input, config, memory);
	}
	free(reading);
	free(column);
	return err;
}

/* Pages of files and shared memory are no growth of the program's own. */
static double own_bytes(const struct pss_memory *memory)
{
	uint64_t shared = memory->shared_bytes < memory->rss_bytes ? memory->shared_bytes : 0;

	return (double)(memory->rss_bytes - shared);
}

static int memory_of_readings(const struct pss_run *run, const struct pss_config *config,
			      struct score_memory_input *input, struct score_memory *memory)
{
	size_t count = run->memory_count;
	double *column = calloc(3 * count, sizeof(*column));
	bool shared = false, several = false;

	if (!column)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct pss_memory *reading = &run->memory[i];
		column[i] = (double)(reading->time_ns - run->meta.start_ns) / 1e9;
		column[count + i] = own_bytes(reading);
		column[2 * count + i] = (double)reading->mapped_bytes - (double)reading->unmapped_bytes;
		shared |= reading->shared_bytes > 0;
		several |= reading->processes > 1;
	}
	nominal_time(run, column, count);
	input->count = count;
	input->time_s = column;
	input->bytes = column + count;
	/* Several processes touch the same shared memory, each for the first time: that is no growth. */
	input->mapped = several && !shared ? column + 2 * count : NULL;
	input->limit = (double)run->last_memory.limit_bytes;
	int err = score_memory_series(input, config, memory);
	free(column);
	return err;
}

int score_memory_run(const struct pss_run *run, const struct pss_config *config, unsigned resamples,
		     uint64_t seed, struct score_memory *memory)
{
	struct score_memory_input input = {.resamples = resamples, .seed = seed};

	if (run->memory_count)
		return memory_of_readings(run, config, &input, memory);
	return memory_of_operations(run, config, &input, memory);
}
