/* SPDX-License-Identifier: MIT */
/*
 * Record files: struct pss_file_head, then records, each padded to 8 bytes and
 * followed by a CRC-32 of head and payload. Append-only; a file cut anywhere is
 * readable up to its last whole record.
 */
#ifndef PSS_RECORD_H
#define PSS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/pss_event.h"

struct recorder;

/* Creates or truncates the file. 0 or negative errno. */
int recorder_open(struct recorder **recorder, const char *path);
/* A capture_sink. Buffered; after the first failure every call returns that error and writes nothing more. */
int recorder_write(void *recorder, const struct pss_record_head *head, const void *payload);
/* Flushes. Negative errno when not all has reached the file. Frees always. */
int recorder_close(struct recorder *recorder);

struct record_replay_result {
	bool incomplete;  /* no END record: cut, damaged, or still being written */
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

#endif
