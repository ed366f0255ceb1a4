/* SPDX-License-Identifier: MIT */
#include "user/capture/libbpf_log.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"
#include "user/util/log.h"

static char kept[4096];
static size_t kept_length;

/* Makes room by dropping whole lines from the front: the end of a verifier's log is what matters. */
static void keep(const char *line)
{
	size_t length = strlen(line) + 1;
	if (length >= sizeof(kept))
		return;
	while (kept_length + length >= sizeof(kept)) {
		const char *end = memchr(kept, '\n', kept_length);
		size_t cut = end ? (size_t)(end - kept) + 1 : kept_length;
		memmove(kept, kept + cut, kept_length - cut);
		kept_length -= cut;
	}
	memcpy(kept + kept_length, line, length - 1);
	kept_length += length;
	kept[kept_length - 1] = '\n';
	kept[kept_length] = '\0';
}

static void take_line(enum libbpf_print_level level, const char *line, size_t length)
{
	char *safe = escape_terminal(line, length, false);
	if (!safe)
		return;
	if (*safe) {
		if (level == LIBBPF_WARN)
			keep(safe);
		pss_log(level == LIBBPF_DEBUG ? PSS_LOG_TRACE : PSS_LOG_DEBUG, "%s", safe);
	}
	free(safe);
}

static int take_message(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char *text = NULL;
	int length = vasprintf(&text, format, arguments);
	if (length < 0)
		return 0;
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");
		take_line(level, line, size);
		line += size + (line[size] == '\n');
	}
	free(text);
	return length;
}

void libbpf_log_install(void)
{
	libbpf_set_print(take_message);
}

void libbpf_log_clear(void)
{
	kept_length = 0;
	kept[0] = '\0';
}

const char *libbpf_log_last(void)
{
	return kept;
}
