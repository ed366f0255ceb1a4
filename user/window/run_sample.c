/* SPDX-License-Identifier: MIT */
/*
 * The weighted sample of a series: sequential Poisson sampling (Ohlsson 1998)
 * with exponential ranks. Each operation draws a rank from an exponential
 * distribution whose rate is weight * sqrt(duration); the smallest ranks stay.
 * The draw is a hash of the operation itself, so that neither the order of
 * arrival nor the thread it ran on matters.
 */
#include "user/window/run_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static double sample_rate(const struct pss_op *op)
{
	return op->weight * sqrt((double)op->duration_ns + 1);
}

static double sample_priority(const struct pss_op *op)
{
	uint64_t hash = op->start_ns;

	hash = pss_path_key(hash ^ op->duration_ns, op->name_id);
	hash = pss_path_key(hash ^ op->component_ns[PSS_C_ON_CPU], op->weight);
	hash = pss_path_key(hash ^ op->path, op->tag_id);
	double uniform = ((double)(hash >> 11) + 0.5) * 0x1p-53;
	return -log(uniform) / sample_rate(op);
}

double pss_sample_weight(const struct pss_series *series, const struct pss_sample *sample)
{
	if (series->samples < series->sample_most)
		return sample->op.weight;
	double threshold = series->sample[0].priority;
	if (sample->priority >= threshold)
		return 0;
	return sample->op.weight / -expm1(-threshold * sample_rate(&sample->op));
}

static void sift_down(struct pss_sample *heap, size_t count, size_t at)
{
	struct pss_sample moving = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= count)
			break;
		if (child + 1 < count && heap[child + 1].priority > heap[child].priority)
			child++;
		if (heap[child].priority <= moving.priority)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moving;
}

static void sift_up(struct pss_sample *heap, size_t at)
{
	struct pss_sample moving = heap[at];

	while (at) {
		size_t parent = (at - 1) / 2;
		if (heap[parent].priority >= moving.priority)
			break;
		heap[at] = heap[parent];
		at = parent;
	}
	heap[at] = moving;
}

int series_sample(struct pss_series *series, const struct pss_op *op)
{
	double priority = sample_priority(op);

	if (series->samples == series->sample_most) {
		if (priority >= series->sample[0].priority)
			return 0;
		series->sample[0].op = *op;
		series->sample[0].priority = priority;
		sift_down(series->sample, series->samples, 0);
		return 0;
	}
	if (series->samples == series->sample_room) {
		size_t room = series->sample_room ? series->sample_room * 2 : 32;
		struct pss_sample *sample = realloc(series->sample, room * sizeof(*sample));
		if (!sample)
			return -ENOMEM;
		series->sample = sample;
		series->sample_room = room;
	}
	series->sample[series->samples].op = *op;
	series->sample[series->samples].priority = priority;
	sift_up(series->sample, series->samples++);
	return 0;
}
