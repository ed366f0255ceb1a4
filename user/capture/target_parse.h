/* SPDX-License-Identifier: MIT */
/*
 * Readers of the texts that describe a process. They take any bytes: a
 * process chooses its own name, and with it what stands in its stat.
 */
#ifndef PSS_TARGET_PARSE_H
#define PSS_TARGET_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is used of /proc/PID/stat. */
struct stat_fields {
	char comm[16];
	char state;
	unsigned flags; /* PF_* of the kernel */
	unsigned threads;
	uint64_t start_ticks;
};

/* What is used of /proc/PID/status. */
struct status_fields {
	pid_t process; /* Tgid */
	pid_t tracer;
	pid_t inner_pid;     /* the last of NSpid; 0: not told */
	unsigned pid_levels; /* how many numbers NSpid has */
	unsigned seccomp;    /* 0, 1 strict, 2 filter */
	uid_t uid;           /* effective */
	uint64_t effective;  /* capabilities */
};

/* Both: 0 or -EINVAL. text is terminated. */
int parse_stat(const char *text, struct stat_fields *fields);
int parse_status(const char *text, struct status_fields *fields);

/*
 * From the text of /proc/PID/cgroup: the path in the v2 hierarchy when
 * controller is NULL, else in the v1 hierarchy of that controller. 0, or
 * -ENOENT: there is no such line; -ENAMETOOLONG.
 */
int parse_cgroup(const char *text, const char *controller, char *path, size_t size);

/* What kind of container a cgroup path speaks of, as struct target has it; "" when none. */
void container_of_path(const char *path, char *container, size_t size);

/* "go" when the program in this file was built by Go, else "". Takes any file. */
const char *runtime_of_elf(int descriptor);
/* "jvm", "python" or "node" when the program's or the mapped file's path says so, else "". */
const char *runtime_of_program(const char *path);
const char *runtime_of_library(const char *path);

#endif
