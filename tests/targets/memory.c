/* SPDX-License-Identifier: MIT */
/*
 * Memory taken and given back by known amounts:
 *
 *   memory leak BYTES STEP_US STEPS    maps and touches so much at each step, keeps it
 *   memory map BYTES COUNT             maps and touches, then unmaps half of the mappings
 *   memory break BYTES COUNT           grows the heap by brk, then shrinks it by half
 *   memory steady BYTES STEP_US STEPS  touches the same memory at each step
 *
 * "ready PID"; begins at a line on standard input; prints {"mapped",
 * "unmapped", "touched"} in bytes; ends at another line.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"

static unsigned long mapped, unmapped, touched;

static void touch(volatile char *memory, size_t bytes)
{
	size_t at;

	for (at = 0; at < bytes; at += 4096)
		memory[at] = 1;
}

static char *take(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("mmap");
	madvise(memory, bytes, MADV_NOHUGEPAGE);
	mapped += bytes;
	touch(memory, bytes);
	touched += bytes;
	return memory;
}

static void run_map(size_t bytes, unsigned count)
{
	char *memory[1024];
	unsigned i;

	for (i = 0; i < count && i < 1024; i++)
		memory[i] = take(bytes);
	for (i = 0; i < count / 2 && i < 1024; i++) {
		munmap(memory[i], bytes);
		unmapped += bytes;
	}
}

static void run_break(size_t bytes, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		void *before = sbrk((intptr_t)bytes);

		if (before == (void *)-1)
			fail("sbrk");
		mapped += bytes;
		touch(before, bytes);
		touched += bytes;
	}
	for (i = 0; i < count / 2; i++) {
		if (sbrk(-(intptr_t)bytes) == (void *)-1)
			fail("sbrk");
		unmapped += bytes;
	}
}

static void run_steps(size_t bytes, uint64_t step_us, unsigned steps, bool leak)
{
	char *kept = leak ? NULL : take(bytes);

	while (steps--) {
		if (leak)
			take(bytes);
		else
			touch(kept, bytes);
		sleep_us(step_us);
	}
}

int main(int argc, char **argv)
{
	static char output[256];
	size_t bytes;

	if (argc < 4)
		return 2;
	bytes = strtoul(argv[2], NULL, 10);
	setvbuf(stdout, output, _IOLBF, sizeof(output)); /* no heap of its own */
	announce("ready", (unsigned)getpid());
	await_word();
	if (!strcmp(argv[1], "map"))
		run_map(bytes, (unsigned)atoi(argv[3]));
	else if (!strcmp(argv[1], "break"))
		run_break(bytes, (unsigned)atoi(argv[3]));
	else if (argc == 5)
		run_steps(bytes, (uint64_t)atoi(argv[3]), (unsigned)atoi(argv[4]), !strcmp(argv[1], "leak"));
	printf("{\"mapped\": %lu, \"unmapped\": %lu, \"touched\": %lu}\n", mapped, unmapped, touched);
	await_word();
	return 0;
}
