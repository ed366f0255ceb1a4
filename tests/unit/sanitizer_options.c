/* SPDX-License-Identifier: MIT */
/*
 * What a sanitized build of the unit tests needs. Criterion runs every test in a process of its own that
 * inherits no environment and ends without the handlers that look for leaks. So the options are built in,
 * reports go to files that tests/run shows, and a process that ends looks for leaks first.
 */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#ifdef SANITIZED
#include <sanitizer/lsan_interface.h>
#include <sys/syscall.h>
#include <unistd.h>

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "log_path=build/san/report";
}

/* In the place of libc's for libcriterion, which calls it at the end of a test's process. */
void _exit(int status)
{
	__lsan_do_recoverable_leak_check();
	for (;;)
		syscall(SYS_exit_group, status);
}
#endif
