/* SPDX-License-Identifier: MIT */
/*
 * What stands between us and a measurement, found by trying: `doctor` shows
 * the whole list, `attach` fails with the first line that forbids it, in the
 * same words.
 */
#ifndef PSS_CHECKS_H
#define PSS_CHECKS_H

#include <stddef.h>

#include "user/capture/capture.h"
#include "user/capture/target.h"

enum check_level {
	CHECK_OK = 0,
	CHECK_NOTE = 1,    /* works, and the user may want to know */
	CHECK_LIMITED = 2, /* something will not be measured */
	CHECK_FATAL = 3,   /* nothing can be measured */
};

struct check {
	const char *subject; /* static: "BTF", "privileges", "target", ... */
	enum check_level level;
	int exit_code;   /* when fatal: 2 or 3 */
	int error;       /* when fatal: -EPERM, -ESRCH, -ENOTSUP, ... */
	char found[200]; /* what is the case; hostile text already escaped */
	char cost[200];  /* what it costs, empty when OK */
	char fix[240];   /* what to do, empty when OK */
};

#define CHECKS_MOST 48

/*
 * Fill at most CHECKS_MOST checks; return how many. They load small programs
 * and attach nothing to any other process.
 */
size_t checks_system(struct check *list);
/* pid as the user gave it. target is filled as far as it could be read. */
size_t checks_target(struct check *list, pid_t pid, struct target *target);

/* The first fatal check of both lists as an error ("found. cost. fix" in one line): 0 or -EPERM, -ESRCH, ...
 */
int checks_require(pid_t pid, struct target *target, struct capture_error *error);

#endif
