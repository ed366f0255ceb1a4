/* SPDX-License-Identifier: MIT */
/* What follows from what a target is: pure, the counterpart of checks_system_judge. */
#ifndef PSS_CHECKS_TARGET_H
#define PSS_CHECKS_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "user/capture/checks.h"
#include "user/capture/target.h"

struct target_facts {
	pid_t asked;     /* as the user gave it */
	pid_t ourselves; /* our own pid, counted as /proc counts */
	int error;       /* of target_inspect */
	const struct target *target;
	uint64_t memory_limit; /* of its cgroup, bytes; 0: none */
	double cpu_limit;      /* of its cgroup, CPUs; 0: none */
};

size_t checks_target_judge(const struct target_facts *facts, struct check *list);

#endif
