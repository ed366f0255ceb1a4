/* SPDX-License-Identifier: MIT */
#include "user/cause/failure.h"

#include <stdio.h>
#include <string.h>

const char *failure_errno(int code, char *buffer, size_t size)
{
	const char *name = strerrorname_np(code < 0 ? -code : code);

	if (name)
		snprintf(buffer, size, "%s", name);
	else
		snprintf(buffer, size, "errno %d", code);
	return buffer;
}

const char *failure_signal(int code, char *buffer, size_t size)
{
	const char *name = sigabbrev_np(code);

	if (name)
		snprintf(buffer, size, "SIG%s", name);
	else
		snprintf(buffer, size, "signal %d", code);
	return buffer;
}

const char *failure_of(enum pss_error_class kind, int code, char *buffer, size_t size)
{
	switch (kind) {
	case PSS_ERR_ERRNO:
		return failure_errno(code, buffer, size);
	case PSS_ERR_SIGNAL:
		return failure_signal(code, buffer, size);
	case PSS_ERR_EXIT:
		snprintf(buffer, size, "exit status %d", code);
		return buffer;
	case PSS_ERR_OOM:
		snprintf(buffer, size, "out of memory");
		return buffer;
	case PSS_ERR_EXCEPTION:
		snprintf(buffer, size, "an exception");
		return buffer;
	case PSS_ERR_NONE:
		break;
	}
	snprintf(buffer, size, "an error");
	return buffer;
}

const char *failure_step(unsigned syscall_class)
{
	static const char *const step[PSS_SC_COUNT] = {
		[PSS_SC_RECV] = "recv",     [PSS_SC_SEND] = "send",       [PSS_SC_POLL] = "poll",
		[PSS_SC_ACCEPT] = "accept", [PSS_SC_CONNECT] = "connect", [PSS_SC_OPEN] = "open",
		[PSS_SC_READ] = "read",     [PSS_SC_WRITE] = "write",     [PSS_SC_SYNC] = "sync",
		[PSS_SC_FS] = "file names", [PSS_SC_PIPE] = "pipe",       [PSS_SC_LOCK] = "lock",
		[PSS_SC_SLEEP] = "sleep",   [PSS_SC_MEMORY] = "memory",   [PSS_SC_PROCESS] = "process",
		[PSS_SC_CLOSE] = "close",   [PSS_SC_OTHER] = "other",     [PSS_SC_IOURING] = "io_uring",
		[PSS_SC_FD] = "descriptor", [PSS_SC_SOCKOPT] = "connect", [PSS_SC_DUP] = "dup",
	};

	return syscall_class < PSS_SC_COUNT && step[syscall_class] ? step[syscall_class] : "other";
}
