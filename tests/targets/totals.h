/* SPDX-License-Identifier: MIT */
/* What a target did, by its own account: sums by kind of work, and each duration where they are few. */
#ifndef TARGET_TOTALS_H
#define TARGET_TOTALS_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "clocks.h"

#define TOTALS_KINDS 32
#define TOTALS_DURATIONS 4096 /* kept of one kind; further ones are only summed */

struct totals_kind {
	const char *name; /* static */
	uint64_t count;
	struct clocks whole; /* from the read's return to the last write's return */
	struct clocks
		inside; /* to before the answer was written: the end that an observer sees lies between */
	struct clocks phase; /* the one thing that this kind is about */
	uint64_t kept;
	uint64_t *duration; /* of each, wall */
	uint64_t *shortest; /* of each, wall to before the answer */
};

struct totals {
	struct totals_kind kind[TOTALS_KINDS];
	unsigned kinds;
};

static inline struct totals_kind *totals_find(struct totals *totals, const char *name)
{
	struct totals_kind *kind;
	unsigned i;

	for (i = 0; i < totals->kinds; i++)
		if (!strcmp(totals->kind[i].name, name))
			return &totals->kind[i];
	if (totals->kinds == TOTALS_KINDS) {
		fprintf(stderr, "too many kinds\n");
		exit(70);
	}
	kind = &totals->kind[totals->kinds++];
	kind->name = name;
	kind->duration = calloc(TOTALS_DURATIONS, sizeof(*kind->duration));
	kind->shortest = calloc(TOTALS_DURATIONS, sizeof(*kind->shortest));
	if (!kind->duration || !kind->shortest)
		exit(70);
	return kind;
}

static inline void totals_add(struct totals *totals, const char *name, struct clocks whole,
			      struct clocks inside, struct clocks phase)
{
	struct totals_kind *kind = totals_find(totals, name);

	kind->count++;
	clocks_add(&kind->whole, whole);
	clocks_add(&kind->inside, inside);
	clocks_add(&kind->phase, phase);
	if (kind->kept == TOTALS_DURATIONS)
		return;
	kind->shortest[kind->kept] = inside.wall;
	kind->duration[kind->kept++] = whole.wall;
}

static inline void totals_merge(struct totals *into, const struct totals *from)
{
	unsigned i;
	uint64_t j;

	for (i = 0; i < from->kinds; i++) {
		const struct totals_kind *source = &from->kind[i];
		struct totals_kind *kind = totals_find(into, source->name);

		kind->count += source->count;
		clocks_add(&kind->whole, source->whole);
		clocks_add(&kind->inside, source->inside);
		clocks_add(&kind->phase, source->phase);
		for (j = 0; j < source->kept && kind->kept < TOTALS_DURATIONS; j++) {
			kind->shortest[kind->kept] = source->shortest[j];
			kind->duration[kind->kept++] = source->duration[j];
		}
	}
}

static inline void totals_print_list(const char *key, const uint64_t *list, uint64_t length)
{
	uint64_t i;

	printf("\"%s\": [", key);
	for (i = 0; i < length; i++)
		printf("%s%" PRIu64, i ? ", " : "", list[i]);
	printf("]");
}

static inline void totals_print_clocks(const char *key, struct clocks clocks)
{
	printf("\"%s\": {\"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"runq_ns\": %" PRIu64 "}", key,
	       clocks.wall, clocks.cpu, clocks.runq);
}

/* {"kind": {"count", "whole": {..}, "inside": {..}, "phase": {..}, "durations_ns": [..], "shortest_ns":
 * [..]}, ...} without an end of line. */
static inline void totals_print(const struct totals *totals)
{
	unsigned i;

	printf("{");
	for (i = 0; i < totals->kinds; i++) {
		const struct totals_kind *kind = &totals->kind[i];

		printf("%s\"%s\": {\"count\": %" PRIu64 ", ", i ? ", " : "", kind->name, kind->count);
		totals_print_clocks("whole", kind->whole);
		printf(", ");
		totals_print_clocks("inside", kind->inside);
		printf(", ");
		totals_print_clocks("phase", kind->phase);
		printf(", ");
		totals_print_list("durations_ns", kind->duration, kind->kept);
		printf(", ");
		totals_print_list("shortest_ns", kind->shortest, kind->kept);
		printf("}");
	}
	printf("}");
}

#endif
