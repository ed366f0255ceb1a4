/* SPDX-License-Identifier: MIT */
/* Computes on one CPU until it is told to end, at most a minute: hog CPU */
#define _GNU_SOURCE
#include <sched.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"

int main(int argc, char **argv)
{
	uint64_t end = wall_now() + 60000000000ULL;
	cpu_set_t set;

	if (argc != 2)
		return 2;
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
	stop_when_told();
	announce("ready", (unsigned)getpid());
	while (!stopping && wall_now() < end)
		continue;
	return 0;
}
