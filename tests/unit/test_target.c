/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/capture/target.h"

Test(target, ourselves)
{
	struct target target;
	cr_assert(zero(int, target_inspect(&target, getpid())));
	cr_expect(eq(int, target.pid, getpid()));
	cr_expect(not(target.kernel_thread));
	cr_expect(not(target.zombie));
	cr_expect(not(target.thread_given));
	cr_expect(eq(int, target.uid, geteuid()));
	cr_expect(eq(str, target.runtime, "native"));
	cr_expect(ne(str, target.exe, ""));
	cr_expect(target_alive(&target));
	target.start_ticks++;
	cr_expect(not(target_alive(&target)), "another process under the same number");
}

Test(target, what_is_no_process)
{
	struct target target;
	cr_expect(eq(int, target_inspect(&target, 0), -EINVAL));
	cr_expect(eq(int, target_inspect(&target, -5), -EINVAL));
	cr_expect(eq(int, target_inspect(&target, 1 << 30), -ESRCH));
}

/* Returns when the process is in that state. */
static void wait_state(struct target *target, pid_t pid, char state)
{
	for (int i = 0; i < 10000; i++) {
		cr_assert(zero(int, target_inspect(target, pid)));
		if (target->state == state)
			return;
		usleep(1000);
	}
	cr_fail("state %c, not %c", target->state, state);
}

Test(target, zombie_and_gone)
{
	struct target target;
	pid_t child = fork();
	if (!child)
		_exit(0);
	wait_state(&target, child, 'Z');
	cr_expect(target.zombie);
	cr_expect(not(target_alive(&target)));
	waitpid(child, NULL, 0);
	cr_expect(eq(int, target_inspect(&target, child), -ESRCH));
	cr_expect(not(target_alive(&target)));
}

Test(target, stopped_with_a_hostile_name)
{
	struct target target;
	pid_t child = fork();
	if (!child) {
		prctl(PR_SET_NAME, ") Z (\n\x1b[31m");
		raise(SIGSTOP);
		_exit(0);
	}
	wait_state(&target, child, 'T');
	cr_expect(target.stopped);
	cr_expect(not(target.zombie));
	cr_expect(target_alive(&target));
	/* The kernel may write control characters of a name as they are or escaped; what is after them is
	 * ours. */
	cr_expect(zero(int, strncmp(target.comm, ") Z (", 5)));
	cr_expect(eq(uint, target.threads, 1));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void *wait_forever(void *context)
{
	pid_t thread = (pid_t)syscall(SYS_gettid);
	cr_assert(eq(i64, write(*(int *)context, &thread, sizeof(thread)), (ssize_t)sizeof(thread)));
	while (true)
		pause();
}

/* A process whose first thread has ended still runs, and its other threads tell what it is. */
Test(target, leader_that_ended_before_its_threads)
{
	struct target target;
	int pipe_ends[2];
	pid_t thread;
	cr_assert(zero(int, pipe(pipe_ends)));
	pid_t child = fork();
	if (!child) {
		pthread_t other;
		pthread_create(&other, NULL, wait_forever, &pipe_ends[1]);
		syscall(SYS_exit, 0);
	}
	cr_assert(eq(i64, read(pipe_ends[0], &thread, sizeof(thread)), (ssize_t)sizeof(thread)));
	wait_state(&target, child, 'Z');
	cr_expect(not(target.zombie));
	cr_expect(target_alive(&target));
	cr_expect(eq(str, target.runtime, "native"));
	cr_expect(ne(str, target.exe, ""));
	cr_assert(zero(int, target_inspect(&target, thread)));
	cr_expect(target.thread_given);
	cr_expect(eq(int, target.pid, child));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

Test(target, memory_limit_is_never_more_than_the_machine_has)
{
	struct target target;
	cr_assert(zero(int, target_inspect(&target, getpid())));
	uint64_t limit = target_memory_limit(&target);
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	cr_expect(gt(u64, limit, 0));
	cr_expect(le(u64, limit, memory));
}
