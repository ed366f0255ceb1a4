/* SPDX-License-Identifier: MIT */
/* The processes that are followed and alive, by their number in our pid namespace, and what /proc says of
 * them. */
#ifndef PSS_PROCESSES_H
#define PSS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct followed {
	pid_t pid;
	bool missing;          /* at the last sweep */
	uint64_t cpu_ns;       /* last reading of its CPU clock */
	uint64_t cpu_start_ns; /* reading when it was found; 0 for those born later */
};

struct processes {
	struct followed *list; /* owned */
	size_t count, room;
	uint64_t gone_cpu_ns; /* CPU time of those that have ended, as last read */
};

void processes_free(struct processes *processes);
/* born: during the capture, so that all its CPU time counts. 0 or -ENOMEM. Adding twice is harmless. */
int processes_add(struct processes *processes, pid_t pid, bool born);
/* False: it was not there. */
bool processes_remove(struct processes *processes, pid_t pid);
/* Drops those that have been gone for two sweeps: their end was not told. */
void processes_sweep(struct processes *processes);
/* CPU time since the capture began, of the living and the dead. */
uint64_t processes_cpu_ns(struct processes *processes);

struct memory_reading {
	uint64_t rss_bytes;    /* private pages of all, and the largest shared part once */
	uint64_t shared_bytes; /* that part: file pages and shared memory */
	uint64_t peak_bytes;
	uint64_t swap_bytes;
	uint32_t threads;
};
void processes_memory(const struct processes *processes, struct memory_reading *reading);

#endif
