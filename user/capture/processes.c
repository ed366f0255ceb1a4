/* SPDX-License-Identifier: MIT */
#include "user/capture/processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More than these are not read one by one; the sum is then scaled. */
#define READ_MOST 256

void processes_free(struct processes *processes)
{
	free(processes->list);
	memset(processes, 0, sizeof(*processes));
}

static struct followed *find(struct processes *processes, pid_t pid)
{
	for (size_t i = 0; i < processes->count; i++)
		if (processes->list[i].pid == pid)
			return &processes->list[i];
	return NULL;
}

static void read_cpu(struct followed *followed)
{
	clockid_t clock;
	struct timespec used;
	if (clock_getcpuclockid(followed->pid, &clock) || clock_gettime(clock, &used))
		return;
	uint64_t ns = (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
	if (ns > followed->cpu_ns)
		followed->cpu_ns = ns;
}

int processes_add(struct processes *processes, pid_t pid, bool born)
{
	if (find(processes, pid))
		return 0;
	if (processes->count == processes->room) {
		size_t room = processes->room ? processes->room * 2 : 16;
		struct followed *list = realloc(processes->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		processes->list = list;
		processes->room = room;
	}
	struct followed *followed = &processes->list[processes->count++];
	*followed = (struct followed){.pid = pid};
	if (!born) {
		read_cpu(followed);
		followed->cpu_start_ns = followed->cpu_ns;
	}
	return 0;
}

bool processes_remove(struct processes *processes, pid_t pid)
{
	struct followed *followed = find(processes, pid);
	if (!followed)
		return false;
	processes->gone_cpu_ns += followed->cpu_ns - followed->cpu_start_ns;
	*followed = processes->list[--processes->count];
	return true;
}

/* Ended, or a zombie of which no thread is left. */
static bool is_gone(pid_t pid)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT || errno == ESRCH;
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	/* The name may hold anything; what follows its last parenthesis does not. */
	const char *rest = strrchr(text, ')');
	char state;
	long threads;
	if (!rest ||
	    sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld",
		   &state, &threads) != 2)
		return false;
	return (state == 'Z' || state == 'X') && threads <= 1;
}

void processes_sweep(struct processes *processes)
{
	for (size_t i = processes->count; i-- > 0;) {
		struct followed *followed = &processes->list[i];
		bool gone = is_gone(followed->pid);
		if (gone && followed->missing)
			processes_remove(processes, followed->pid);
		else
			followed->missing = gone;
	}
}

uint64_t processes_cpu_ns(struct processes *processes)
{
	uint64_t sum = processes->gone_cpu_ns;
	for (size_t i = 0; i < processes->count; i++) {
		read_cpu(&processes->list[i]);
		sum += processes->list[i].cpu_ns - processes->list[i].cpu_start_ns;
	}
	return sum;
}

/* Value in bytes of a "Name:   123 kB" line. */
static uint64_t status_value(const char *text, const char *name)
{
	const char *found = strstr(text, name);
	return found ? strtoull(found + strlen(name), NULL, 10) : 0;
}

struct one_reading {
	uint64_t anonymous, shared, peak, swap;
	uint32_t threads;
};

static bool read_status(pid_t pid, struct one_reading *one)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	one->anonymous = status_value(text, "\nRssAnon:") * 1024;
	one->shared = (status_value(text, "\nRssFile:") + status_value(text, "\nRssShmem:")) * 1024;
	one->peak = status_value(text, "\nVmHWM:") * 1024;
	one->swap = status_value(text, "\nVmSwap:") * 1024;
	one->threads = (uint32_t)status_value(text, "\nThreads:");
	return true;
}

void processes_memory(const struct processes *processes, struct memory_reading *reading)
{
	memset(reading, 0, sizeof(*reading));
	size_t read = processes->count < READ_MOST ? processes->count : READ_MOST;
	uint64_t shared = 0, peak = 0, anonymous = 0;
	for (size_t i = 0; i < read; i++) {
		struct one_reading one = {0};
		if (!read_status(processes->list[i].pid, &one))
			continue;
		anonymous += one.anonymous;
		if (one.shared > shared)
			shared = one.shared;
		if (one.peak > peak)
			peak = one.peak;
		reading->swap_bytes += one.swap;
		reading->threads += one.threads;
	}
	if (read && processes->count > read)
		anonymous = anonymous / read * processes->count;
	reading->rss_bytes = anonymous + shared;
	reading->shared_bytes = shared;
	/* The kernel's own high-water mark says more than our readings, where there is one process. */
	reading->peak_bytes = processes->count == 1 ? peak : reading->rss_bytes;
}
