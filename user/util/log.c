/* SPDX-License-Identifier: MIT */
#include "user/util/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static enum pss_log_level limit = PSS_LOG_NOTE;

void pss_log_limit(enum pss_log_level level)
{
	limit = level;
}

void pss_log(enum pss_log_level level, const char *format, ...)
{
	if (level > limit)
		return;
	int saved = errno;
	/* One write for the line: parallel writers to the same terminal cannot split it. */
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "pss-bpf: %s\n", line);
	errno = saved;
}
