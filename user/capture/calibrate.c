/* SPDX-License-Identifier: MIT */
#include "user/capture/calibrate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 4
#define SYSCALLS 2000
#define OTHER_WORK_BYTES 65536
#define MESSAGES 500
#define SLEEPS 150
#define PAGES 512
#define PAGE_BYTES 4096
#define ANSWER_MS 3000 /* a machine so busy is given up on: defaults are used */

static double cpu_ns(void)
{
	struct timespec used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e9 + (double)used.tv_nsec;
}

/*
 * A program that does something between its calls finds the first-level cache
 * its own, and not ours: without this a call is measured at half its price.
 */
static void other_work(void)
{
	static volatile unsigned char lines[OTHER_WORK_BYTES];
	for (size_t i = 0; i < sizeof(lines); i += 64)
		(void)lines[i];
}

static int step_syscalls(void)
{
	for (int i = 0; i < SYSCALLS; i++) {
		other_work();
		syscall(SYS_getppid);
	}
	return SYSCALLS;
}

static int step_sockets(const int pair[2])
{
	char byte = 'x';
	for (int i = 0; i < MESSAGES; i++) {
		other_work();
		if (send(pair[0], &byte, 1, 0) != 1 || recv(pair[1], &byte, 1, 0) != 1 ||
		    send(pair[1], &byte, 1, 0) != 1 || recv(pair[0], &byte, 1, 0) != 1)
			return 0;
	}
	return MESSAGES;
}

static int step_switches(void)
{
	struct timespec moment = {.tv_nsec = 1};
	for (int i = 0; i < SLEEPS; i++)
		nanosleep(&moment, NULL);
	return SLEEPS;
}

static int step_faults(char *memory)
{
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)(memory + (size_t)i * PAGE_BYTES) = 1;
	return PAGES;
}

struct measured {
	double least, mean; /* CPU time in ns of one step, over the rounds */
};

static struct measured measure_step(enum calibrate_step step, const int pair[2], char *memory)
{
	double least = -1, sum = 0;
	for (int round = 0; round < ROUNDS; round++) {
		int steps = 0;
		if (step == CALIBRATE_FAULT)
			madvise(memory, (size_t)PAGES * PAGE_BYTES, MADV_DONTNEED);
		double before = cpu_ns();
		if (step == CALIBRATE_SYSCALL)
			steps = step_syscalls();
		else if (step == CALIBRATE_SOCKET)
			steps = step_sockets(pair);
		else if (step == CALIBRATE_SWITCH)
			steps = step_switches();
		else
			steps = step_faults(memory);
		double ns = steps ? (cpu_ns() - before) / steps : -1;
		if (ns < 0)
			return (struct measured){-1, -1};
		sum += ns;
		if (least < 0 || ns < least)
			least = ns;
	}
	return (struct measured){.least = least, .mean = sum / ROUNDS};
}

/* The measured program: a byte names a step, the answer is its time. */
static void serve(int from, int to)
{
	int pair[2];
	char *memory = mmap(NULL, (size_t)PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1ul);
	if (memory == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	/* Small pages: what a fault costs is asked, and not what a large page saves. */
	madvise(memory, (size_t)PAGES * PAGE_BYTES, MADV_NOHUGEPAGE);
	char step;
	while (read(from, &step, 1) == 1) {
		struct measured measured = measure_step((enum calibrate_step)step, pair, memory);
		if (write(to, &measured, sizeof(measured)) != sizeof(measured))
			return;
	}
}

int calibration_begin(struct calibration *calibration)
{
	int there[2], back[2];
	memset(calibration, 0, sizeof(*calibration));
	if (pipe2(there, O_CLOEXEC))
		return -errno;
	if (pipe2(back, O_CLOEXEC)) {
		int error = -errno;
		close(there[0]);
		close(there[1]);
		return error;
	}
	calibration->pid = fork();
	if (calibration->pid == 0) {
		signal(SIGINT, SIG_IGN);
		close(there[1]);
		close(back[0]);
		serve(there[0], back[1]);
		_exit(0);
	}
	int error = calibration->pid < 0 ? -errno : 0;
	close(there[0]);
	close(back[1]);
	calibration->to = there[1];
	calibration->from = back[0];
	for (int step = 0; !error && step < CALIBRATE_STEPS; step++) {
		calibration->bare_ns[step] = calibration_measure(calibration, (enum calibrate_step)step);
		if (calibration->bare_ns[step] < 0)
			error = -ETIMEDOUT;
	}
	if (error)
		calibration_end(calibration);
	return error;
}

double calibration_measure(struct calibration *calibration, enum calibrate_step step)
{
	char name = (char)step;
	struct measured measured;
	struct pollfd answer = {.fd = calibration->from, .events = POLLIN};
	if (write(calibration->to, &name, 1) != 1)
		return -1;
	if (poll(&answer, 1, ANSWER_MS) != 1 ||
	    read(calibration->from, &measured, sizeof(measured)) != sizeof(measured))
		return -1;
	calibration->mean_ns = measured.mean;
	return measured.least;
}

void calibration_end(struct calibration *calibration)
{
	if (calibration->pid > 0) {
		kill(calibration->pid, SIGKILL);
		waitpid(calibration->pid, NULL, 0);
	}
	if (calibration->to > 0)
		close(calibration->to);
	if (calibration->from > 0)
		close(calibration->from);
	memset(calibration, 0, sizeof(*calibration));
}
