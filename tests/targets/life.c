/* SPDX-License-Identifier: MIT */
/*
 * Lives and ends of processes and threads:
 *
 *   life forks N           so many short children, one after the other
 *   life brood N           so many children at once, that end at the next line
 *   life threads N         so many threads at once, that end when all have run
 *   life execs N           executes itself so many times
 *   life exit CODE         life signal NUMBER, to itself
 *   life child-signal N    so many children that end by SIGSEGV
 *   life idle              nothing
 *   life name TEXT         calls itself so
 *   life compute           computes until the next line is there
 *
 * "ready PID"; acts at a line on standard input; prints "done N"; ends at another line.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"

static void wait_for(pid_t child)
{
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

static void die_by(int number)
{
	struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	if (number != SIGKILL)
		signal(number, SIG_DFL);
	raise(number);
}

static void run_forks(unsigned count, int number)
{
	while (count--) {
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (!child) {
			if (number)
				die_by(number);
			_exit(0);
		}
		wait_for(child);
	}
}

static void run_brood(unsigned count)
{
	int gate[2];
	char c;

	if (pipe(gate))
		fail("pipe");
	while (count--) {
		pid_t child = fork();

		if (child < 0)
			fail("fork");
		if (!child) {
			close(gate[1]);
			_exit(read(gate[0], &c, 1) == 0 ? 0 : 1);
		}
	}
	announce("bred", 0);
	await_word();
	close(gate[1]);
	while (wait(NULL) > 0)
		continue;
}

static pthread_barrier_t barrier;

static void *meet(void *unused)
{
	(void)unused;
	sleep_us(1000);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void run_threads(unsigned count)
{
	pthread_t *thread = calloc(count, sizeof(*thread));
	pthread_attr_t small;
	unsigned i;

	if (!thread)
		fail("calloc");
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&barrier, NULL, count);
	for (i = 0; i < count; i++)
		if (pthread_create(&thread[i], &small, meet, NULL))
			fail("pthread_create");
	for (i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
	free(thread);
}

static void run_compute(void)
{
	struct pollfd word = {.fd = STDIN_FILENO, .events = POLLIN};

	do
		spin_us(1000);
	while (!poll(&word, 1, 0));
}

static void run_execs(char **argv, int left)
{
	static char number[16];

	if (!left)
		return;
	snprintf(number, sizeof(number), "%d", left - 1);
	execl("/proc/self/exe", argv[0], "execs", number, "again", (char *)NULL);
	fail("execl");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "idle";
	unsigned number = argc > 2 ? (unsigned)atoi(argv[2]) : 0;

	if (!strcmp(what, "name") && argc > 2)
		prctl(PR_SET_NAME, argv[2]);
	if (argc < 4) {
		announce("ready", (unsigned)getpid());
		await_word();
	}
	if (!strcmp(what, "forks"))
		run_forks(number, 0);
	else if (!strcmp(what, "child-signal"))
		run_forks(number, SIGSEGV);
	else if (!strcmp(what, "brood"))
		run_brood(number);
	else if (!strcmp(what, "threads"))
		run_threads(number);
	else if (!strcmp(what, "execs"))
		run_execs(argv, (int)number);
	else if (!strcmp(what, "exit"))
		return (int)number;
	else if (!strcmp(what, "signal"))
		die_by((int)number);
	else if (!strcmp(what, "compute"))
		run_compute();
	announce("done", number);
	await_word();
	return 0;
}
