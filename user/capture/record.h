/* SPDX-License-Identifier: MIT */
/*
 * Record files: struct pss_file_head, then records: head, payload, zeros up to
 * a multiple of 8 bytes, and the CRC-32 (as in zlib) of head and payload in 4
 * bytes. Append-only; a file cut
 * anywhere is readable up to its last whole record, also while it is written:
 * whatever the recorder was given up to a TICK has been written when the call
 * returns.
 */
#ifndef PSS_RECORD_H
#define PSS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/pss_event.h"

/* Bytes of one payload that a reader takes before it holds the file for damaged. */
#define PSS_RECORD_MOST (1u << 20)

struct recorder;

/* Creates or truncates the file. 0 or negative errno. */
int recorder_open(struct recorder **recorder, const char *path);
/*
 * A capture_sink. Buffered; after the first failure every call returns that
 * error and writes nothing more. A file that ran out of room is cut back to
 * its last whole record.
 */
int recorder_write(void *recorder, const struct pss_record_head *head, const void *payload);
/* Flushes. Negative errno when not all has reached the file. Frees always. */
int recorder_close(struct recorder *recorder);

struct record_replay_result {
	bool incomplete;  /* no END record: cut, damaged, or still being written; or bytes follow it */
	uint64_t records; /* whole records read */
	uint64_t bytes;   /* good bytes, up to the end of the last whole record */
	char why[160];    /* when incomplete, or on error: one line */
};

/* True when the first bytes are those of a record file. */
bool record_is_file(const void *bytes, size_t size);
/*
 * Reads records from a descriptor and hands each to the sink. 0 also for an
 * incomplete file; -EBADMSG: not a record file; -EPROTONOSUPPORT: version;
 * or what read or the sink gave back.
 */
int record_replay(int fd, int (*sink)(void *context, const struct pss_record_head *head, const void *payload),
		  void *context, struct record_replay_result *result);

/* As record_replay, from memory. */
int record_replay_memory(const void *bytes, size_t size,
			 int (*sink)(void *context, const struct pss_record_head *head, const void *payload),
			 void *context, struct record_replay_result *result);

#endif
