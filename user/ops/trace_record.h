/* SPDX-License-Identifier: MIT */
/* One record of a pypss trace file: the fields that count, with the values that pypss's coercions give. */
#ifndef PSS_TRACE_RECORD_H
#define PSS_TRACE_RECORD_H

#include <stdbool.h>
#include <stddef.h>

#include "user/ops/json_stream.h"

/* What Python's float() makes of a field; a missing one counts as 0. */
struct trace_number {
	bool given;
	bool bad; /* float() raises an error */
	double value;
};

/* A string, in trace_record.text. */
struct trace_text {
	bool given; /* and a string */
	size_t start, length;
};

struct trace_record {
	struct trace_number duration, memory, wait; /* seconds, bytes, seconds */
	struct trace_number timestamp;              /* seconds since 1970 */
	struct trace_number lag; /* metadata.lag; bad: no number, which pypss cannot add up */
	bool error, system_metric;
	struct trace_text tag, name, module;
	char *bytes; /* owned: of the texts */
	size_t used, size;
};

/* Reads the rest of an object that json_value has begun. 0 or negative errno. Set to zero before the first.
 */
int trace_record_read(struct trace_record *record, struct json_stream *json);
void trace_record_free(struct trace_record *record);

#endif
