/* SPDX-License-Identifier: MIT */
/* Inside of the trace-file reader: from JSON to columns, and from columns to a run. */
#ifndef PSS_TRACE_PARSE_H
#define PSS_TRACE_PARSE_H

#include <stdbool.h>

#include "user/ops/json_stream.h"
#include "user/ops/text_table.h"
#include "user/ops/trace_file.h"

/* Columns that a record added to: a value that cannot be coerced ends the record. */
#define TRACE_HAS_DURATION 0x1
#define TRACE_HAS_MEMORY 0x2
#define TRACE_HAS_WAIT 0x4
#define TRACE_WHOLE 0x8 /* error too: the record counts as an operation */
#define TRACE_HAS_TAG 0x10

/* What a run needs of a record besides the columns. */
struct trace_row {
	double timestamp; /* seconds; NAN: none */
	uint32_t name;
	uint8_t has; /* TRACE_* */
};

struct trace_file {
	struct pypss_columns *columns;
	size_t capacity, tag_capacity, lag_capacity; /* of the columns */
	struct text_table tags;
	/* for a run alone */
	bool keep_rows;
	struct trace_row *row; /* owned */
	size_t rows, row_capacity;
	uint64_t objects;        /* metric records too */
	struct text_table names; /* module, NUL, name */
};

/* file is all zero but for columns (initialised) and keep_rows. Free it after failure too. 0 or negative
 * errno. */
int trace_parse(struct trace_file *file, struct json_stream *json);
void trace_file_free(struct trace_file *file);

/* Feeds names, operations and memory readings. 0 or -ENOMEM. */
int trace_feed_run(const struct trace_file *file, struct pss_run *run);

/* As trace_file_read, from memory. */
int trace_file_read_memory(const void *text, size_t length, struct pypss_columns *columns,
			   struct pss_run *run, char *message, size_t size);

#endif
