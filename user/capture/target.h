/* SPDX-License-Identifier: MIT */
/*
 * What a process is, read from /proc before anything is attached to it.
 * All text is hostile: it came from the target.
 */
#ifndef PSS_TARGET_H
#define PSS_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target {
	pid_t pid;            /* of the process (its main thread), as seen from our pid namespace */
	uint64_t start_ticks; /* field 22 of its stat: with pid, names the process for good */
	bool kernel_thread;
	bool zombie;
	bool stopped;      /* by a signal or a tracer */
	pid_t tracer;      /* 0: none */
	bool other_pid_ns; /* it lives in a pid namespace below ours */
	pid_t inner_pid;   /* its pid there; equal to pid otherwise */
	bool seccomp;      /* a filter is in force */
	bool io_uring;     /* has an io_uring descriptor open */
	bool compat;       /* 32-bit program on a 64-bit kernel */
	unsigned threads;
	char comm[16]; /* always terminated */
	char exe[256]; /* empty: not readable */
	bool exe_deleted;
	char cgroup[256];    /* path below the cgroup root (v2, else the v1 memory hierarchy); empty: root or
				none */
	char container[80];  /* "docker 0123456789ab", "pod ...": empty when it looks like none */
	char runtime[16];    /* native, go, jvm, python, node; empty: not readable */
	bool thread_given;   /* the id that was given is a thread's, not the process's */
	bool seccomp_strict; /* the old strict mode: read, write, exit and nothing else */
	bool own_user_ns;    /* it lives in another user namespace than we */
	bool descriptors_read; /* its descriptors could be listed: io_uring says something */
	uid_t uid;             /* effective */
	unsigned children;
	char state; /* as in its stat: R, S, D, T, t, Z, ... */
};

/* 0; -ESRCH: no such process; -EACCES: not ours to look at; or another negative errno. A thread's id gives
 * its process. */
int target_inspect(struct target *target, pid_t pid);

/* True while the process that was inspected is alive (not a zombie, not another one under the same number).
 */
bool target_alive(const struct target *target);

/* Memory limit in bytes of the target's cgroup (v2 or v1, the tightest above it), else of the host; 0: not
 * known. */
uint64_t target_memory_limit(const struct target *target);

/* The same, of the cgroup alone; 0: it has none. */
uint64_t target_cgroup_memory_limit(const struct target *target);

/* CPUs that its cgroup's quota amounts to (0.5: half of one), the tightest above it; 0: no quota. */
double target_cpu_limit(const struct target *target);

#endif
