/* SPDX-License-Identifier: MIT */
/*
 * A capture: attaches to a process and delivers what it does as a stream of
 * records (include/pss_event.h). Phases: open (load, calibrate, attach inert),
 * start (activate), poll until done, stop (detach, drain the rest), close.
 * close is safe in every phase and leaves nothing attached; so does the death
 * of this process, since all links are held by file descriptors.
 */
#ifndef PSS_CAPTURE_H
#define PSS_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "include/pss_event.h"

struct capture;

struct capture_options {
	pid_t pid;                  /* as seen from our pid namespace */
	bool follow;                /* children born later are followed too */
	unsigned ops_forced;        /* bit per enum pss_op_kind; 0: all, chosen when scored */
	uint64_t interval_ns;       /* window length; 0: one second */
	uint32_t ring_bytes;        /* operations' ring, a power of two; 0: 8 MiB */
	uint32_t max_sockets;       /* 0: 16,384 */
	uint32_t max_records_per_s; /* operation records a second before sampling; 0: 10,000 */
};

/* One clear line that says what to do, and the exit code it deserves. */
struct capture_error {
	int exit_code; /* 2 wrong usage, 3 cannot measure */
	char text[512];
};

/* Takes one record; negative errno ends the capture with that error. */
typedef int (*capture_sink)(void *context, const struct pss_record_head *head, const void *payload);

/* 0 or negative errno with error filled in. The first record (META) comes with start. */
int capture_open(struct capture **capture, const struct capture_options *options,
		 struct capture_error *error);
int capture_start(struct capture *capture, capture_sink sink, void *context);

/*
 * Delivers what has come in, waiting at most timeout_ms for something to do.
 * 1: go on; 0: the target is gone (all its processes); negative errno: failed.
 */
int capture_poll(struct capture *capture, int timeout_ms);

/* Detaches, drains, and sends the closing records, END last. */
int capture_stop(struct capture *capture, enum pss_end_reason reason);
void capture_close(struct capture *capture);

/* Bytes of kernel memory that maps and rings hold, for the report and doctor. */
uint64_t capture_kernel_bytes(const struct capture *capture);

#endif
