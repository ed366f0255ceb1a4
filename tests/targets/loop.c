/* SPDX-License-Identifier: MIT */
/*
 * Programs without sockets that know each of their turns:
 *
 *   loop timer PERIOD_US WORK_US COUNT   an event loop: epoll on a timerfd, work at each expiry
 *   loop batch SLEEP_US WORK_US COUNT    computes, sleeps, computes, ...
 *
 * "ready PID"; begins at a line on standard input; prints its totals (kind
 * "turn": from the wait's return to before the next wait); ends at another line.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"
#include "tests/targets/totals.h"

static struct totals totals;

static void turn(struct clocks start, uint64_t work_us)
{
	struct clocks end;

	spin_us(work_us);
	end = clocks_since(start, clocks_now());
	totals_add(&totals, "turn", end, end, end);
}

static void run_timer(uint64_t period_us, uint64_t work_us, unsigned count)
{
	struct itimerspec period = {0};
	struct epoll_event event = {.events = EPOLLIN};
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t expired;

	period.it_interval.tv_nsec = (long)period_us * 1000;
	period.it_value = period.it_interval;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) || timerfd_settime(timer, 0, &period, NULL))
		fail("timer");
	while (count--) {
		struct clocks start;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			fail("epoll_wait");
		start = clocks_now();
		if (read(timer, &expired, sizeof(expired)) != sizeof(expired))
			fail("read");
		turn(start, work_us);
	}
	epoll_wait(epoll, &event, 1, -1); /* the last turn ends as the others did */
}

static void run_batch(uint64_t pause_us, uint64_t work_us, unsigned count)
{
	while (count--) {
		struct clocks before = clocks_now(), start;

		sleep_us(pause_us);
		/* The burst begins when it could have run: the wait for a CPU after the sleep is part of it.
		 */
		start = clocks_now();
		start.wall -= start.runq - before.runq;
		start.runq = before.runq;
		turn(start, work_us);
	}
	sleep_us(pause_us);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	clocks_now();
	announce("ready", (unsigned)getpid());
	await_word();
	if (!strcmp(argv[1], "timer"))
		run_timer((uint64_t)atoi(argv[2]), (uint64_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else
		run_batch((uint64_t)atoi(argv[2]), (uint64_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	totals_print(&totals);
	printf("\n");
	fflush(stdout);
	await_word();
	return 0;
}
