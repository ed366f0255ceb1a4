/* SPDX-License-Identifier: MIT */
/*
 * pypss trace files: JSON, an array of records or an object with a `traces`
 * array. Streamed, whatever the size; memory grows by the columns kept, not by
 * the text.
 */
#ifndef PSS_TRACE_FILE_H
#define PSS_TRACE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "user/window/run.h"

/* Columns as pypss keeps them; lengths can differ (see SCORING: coercion). */
struct pypss_columns {
	double *duration, *memory, *wait, *lag; /* owned; seconds, bytes, seconds, seconds */
	uint8_t *error;                         /* owned: 0 or 1, file order */
	uint32_t *tag;                          /* owned: interned, file order */
	size_t durations, memories, waits, lags, errors, tags;
	uint64_t records; /* objects that are no metric records: what pypss counts */
};

void pypss_columns_init(struct pypss_columns *columns);
void pypss_columns_free(struct pypss_columns *columns);

/*
 * Reads a trace file from a descriptor. columns or run may be NULL. Into a run
 * it feeds names and operations of kind PSS_OP_TRACE. 0; -EINVAL: refused, with
 * one line in `message`; or another negative errno.
 */
int trace_file_read(int fd, struct pypss_columns *columns, struct pss_run *run, char *message, size_t size);

#endif
