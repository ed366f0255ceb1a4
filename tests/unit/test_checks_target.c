/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/capture/checks_target.h"

static struct check list[CHECKS_MOST];
static size_t count;

static struct target plain_target(void)
{
	struct target target = {.pid = 1234,
				.inner_pid = 1234,
				.threads = 1,
				.comm = "server",
				.exe = "/usr/bin/server",
				.runtime = "native",
				.descriptors_read = true,
				.state = 'S'};
	return target;
}

static void judge(const struct target *target)
{
	struct target_facts facts = {.asked = 1234, .ourselves = 99, .target = target};
	memset(list, 0, sizeof(list));
	count = checks_target_judge(&facts, list);
}

static const struct check *about(const char *subject)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].subject, subject))
			return &list[i];
	cr_fatal("nothing about %s", subject);
	return NULL;
}

static enum check_level worst(void)
{
	enum check_level level = CHECK_OK;
	for (size_t i = 0; i < count; i++)
		if (list[i].level > level)
			level = list[i].level;
	return level;
}

Test(checks_target, a_plain_process)
{
	struct target target = plain_target();
	judge(&target);
	cr_expect(eq(int, worst(), CHECK_OK));
	cr_expect(eq(str, (char *)about("target")->found, "1234 (server), 1 thread, 0 children"));
}

Test(checks_target, what_cannot_be_measured)
{
	struct target target = plain_target();
	target.kernel_thread = true;
	judge(&target);
	cr_expect(eq(int, about("target")->level, CHECK_FATAL));
	cr_expect(eq(int, about("target")->exit_code, 3));
	target = plain_target();
	target.zombie = true;
	judge(&target);
	cr_expect(eq(int, about("target")->error, -ESRCH));
	target = plain_target();
	target.pid = 99;
	judge(&target);
	cr_expect(eq(int, about("target")->exit_code, 2), "wrong usage: pss-bpf itself");
}

Test(checks_target, pids_that_lead_to_nothing)
{
	static const struct {
		int error, exit_code;
	} cases[] = {{-EINVAL, 2}, {-ESRCH, 3}, {-EACCES, 3}, {-EIO, 3}};
	struct target target = {0};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct target_facts facts = {.asked = -7, .error = cases[i].error, .target = &target};
		count = checks_target_judge(&facts, list);
		cr_assert(eq(sz, count, 1));
		cr_expect(eq(int, list[0].level, CHECK_FATAL));
		cr_expect(eq(int, list[0].error, cases[i].error));
		cr_expect(eq(int, list[0].exit_code, cases[i].exit_code));
		cr_expect(ne(str, list[0].fix, ""));
	}
}

Test(checks_target, what_limits_or_is_worth_knowing)
{
	struct target target = plain_target();
	target.stopped = true;
	target.state = 'T';
	target.tracer = 5;
	target.other_pid_ns = true;
	target.inner_pid = 7;
	target.seccomp = true;
	target.io_uring = true;
	target.compat = true;
	target.exe_deleted = true;
	strcpy(target.runtime, "go");
	strcpy(target.container, "docker 0123456789ab");
	judge(&target);
	cr_expect(eq(int, about("state")->level, CHECK_NOTE));
	cr_expect(strstr(about("state")->fix, "kill -CONT 1234") != NULL);
	cr_expect(strstr(about("traced")->found, "process 5") != NULL);
	cr_expect(strstr(about("pid namespace")->found, "pid 7") != NULL);
	cr_expect(eq(int, about("seccomp")->level, CHECK_NOTE));
	cr_expect(eq(int, about("io_uring")->level, CHECK_LIMITED));
	cr_expect(eq(int, about("32-bit")->level, CHECK_LIMITED));
	cr_expect(strstr(about("program")->found, "deleted") != NULL);
	cr_expect(strstr(about("runtime")->found, "Go") != NULL);
	cr_expect(eq(str, (char *)about("container")->found, "docker 0123456789ab"));
}

Test(checks_target, hostile_text_is_escaped)
{
	struct target target = plain_target();
	strcpy(target.comm, "\x1b[2J\n\xff");
	memset(target.exe, '\x07', sizeof(target.exe) - 1);
	strcpy(target.cgroup, "/\xe2\x80\xae/x");
	judge(&target);
	for (size_t i = 0; i < count; i++)
		for (const char *at = list[i].found; *at; at++)
			cr_expect(ge(int, (unsigned char)*at, 0x20), "%s", list[i].subject);
	cr_expect(strstr(about("target")->found, "\\x1b[2J\\x0a\\xff") != NULL);
	cr_expect(strstr(about("cgroup")->found, "\xe2\x80\xae") == NULL, "no text runs backwards");
}

Test(checks_target, require_says_found_cost_and_fix_in_one_line)
{
	struct target target;
	struct capture_error error;
	cr_expect(eq(int, checks_require(1 << 30, &target, &error), -ESRCH));
	cr_expect(eq(int, error.exit_code, 3));
	cr_expect(strstr(error.text, "no process has the pid 1073741824: there is nothing to measure; ") ==
		  error.text);
	cr_expect(strchr(error.text, '\n') == NULL);
	cr_expect(eq(int, checks_require(getpid(), &target, &error), -EINVAL));
	cr_expect(eq(int, error.exit_code, 2));
}
