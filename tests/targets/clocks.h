/* SPDX-License-Identifier: MIT */
/*
 * A target's own clocks: what it knows about its time without an observer.
 * All in nanoseconds. The run-queue delay is the kernel's own account of the
 * calling thread (/proc/thread-self/schedstat, second field).
 */
#ifndef TARGET_CLOCKS_H
#define TARGET_CLOCKS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct clocks {
	uint64_t wall;
	uint64_t cpu;
	uint64_t runq;
};

static __thread int clocks_schedstat = -1;

/* In a fresh child: the descriptor it inherited tells of its parent. */
static inline void clocks_after_fork(void)
{
	if (clocks_schedstat >= 0)
		close(clocks_schedstat);
	clocks_schedstat = -1;
}

static inline uint64_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static inline uint64_t wall_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

static inline uint64_t runq_now(void)
{
	char text[128];
	char *second;
	ssize_t size;

	if (clocks_schedstat < 0)
		clocks_schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	size = pread(clocks_schedstat, text, sizeof(text) - 1, 0);
	if (size <= 0) {
		perror("schedstat");
		exit(70);
	}
	text[size] = '\0';
	strtoull(text, &second, 10);
	return strtoull(second, NULL, 10);
}

/* The wall clock is read first: at both edges of a stretch, so that the cost of reading cancels. */
static inline struct clocks clocks_now(void)
{
	struct clocks now;

	now.wall = wall_now();
	now.cpu = clock_read(CLOCK_THREAD_CPUTIME_ID);
	now.runq = runq_now();
	return now;
}

static inline struct clocks clocks_since(struct clocks from, struct clocks to)
{
	return (struct clocks){to.wall - from.wall, to.cpu - from.cpu, to.runq - from.runq};
}

static inline void clocks_add(struct clocks *sum, struct clocks more)
{
	sum->wall += more.wall;
	sum->cpu += more.cpu;
	sum->runq += more.runq;
}

/* Computes, in user mode only, until so much wall time is gone. */
static inline void spin_us(uint64_t microseconds)
{
	uint64_t end = wall_now() + microseconds * 1000;

	while (wall_now() < end)
		continue;
}

static inline void sleep_us(uint64_t microseconds)
{
	uint64_t end = wall_now() + microseconds * 1000;
	struct timespec until = {(time_t)(end / 1000000000ULL), (long)(end % 1000000000ULL)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		continue;
}

#endif
