/* SPDX-License-Identifier: MIT */
/*
 * What is known about this machine and our rights on it, and what follows
 * from it. The facts are gathered in one place and judged by pure functions,
 * so that every machine can be played in a test.
 */
#ifndef PSS_CHECKS_SYSTEM_H
#define PSS_CHECKS_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/capture/checks.h"
#include "user/capture/features.h"

enum lockdown {
	LOCKDOWN_UNKNOWN = 0, /* not readable, or not built in */
	LOCKDOWN_NONE = 1,
	LOCKDOWN_INTEGRITY = 2,       /* forbids writing to user memory: no matter here */
	LOCKDOWN_CONFIDENTIALITY = 3, /* forbids reading kernel memory */
};

/* Numbers of capabilities in the effective set (capabilities(7)). */
enum capability {
	CAPABILITY_SYS_PTRACE = 19,
	CAPABILITY_SYS_ADMIN = 21,
	CAPABILITY_SYS_RESOURCE = 24,
	CAPABILITY_PERFMON = 38,
	CAPABILITY_BPF = 39,
};

struct system_facts {
	char release[65]; /* 6.1.0-18-amd64 */
	char machine[65]; /* x86_64 */
	unsigned major, minor;
	unsigned cpus;
	uid_t uid;
	uint64_t capabilities; /* effective, a bit each */
	bool initial_user_ns;
	bool initial_pid_ns;
	bool proc_elsewhere;  /* /proc shows another pid namespace than the one we are in */
	int unprivileged_bpf; /* kernel.unprivileged_bpf_disabled: 0, 1, 2; -1: not known */
	enum lockdown lockdown;
	unsigned seccomp;           /* of our own: 0, 1 strict, 2 filter */
	uint64_t memlock;           /* RLIMIT_MEMLOCK in bytes, UINT64_MAX: none */
	int feature[FEATURE_COUNT]; /* 0 or the kernel's answer; 1: not tried */
};

#define FEATURE_NOT_TRIED 1

/* Without `optional` only what an attach cannot do without is tried: that is quick. */
void system_facts_gather(struct system_facts *facts, bool optional);

/* Why the kernel refused a BPF program. */
enum denial {
	DENIAL_NONE = 0,
	DENIAL_CAPABILITY = 1,
	DENIAL_USER_NAMESPACE = 2, /* capabilities of a user namespace do not count */
	DENIAL_SECCOMP = 3,
	DENIAL_LOCKDOWN = 4,
	DENIAL_NO_BPF = 5,          /* the kernel has no bpf() */
	DENIAL_SECURITY_MODULE = 6, /* what remains: SELinux, AppArmor, a policy */
};
enum denial system_denial(const struct system_facts *facts);

/* At most CHECKS_MOST; how many. */
size_t checks_system_judge(const struct system_facts *facts, struct check *list);

/* Those of them about features (checks_features.c): appended to a list of count; the new count. */
size_t checks_features_judge(const struct system_facts *facts, struct check *list, size_t count);

/* The next check of a list, with the found text filled in; the last place is used again when it is full. */
struct check *check_add(struct check *list, size_t *count, const char *subject, enum check_level level,
			const char *format, ...) __attribute__((format(printf, 5, 6)));
void check_cost(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_fix(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
