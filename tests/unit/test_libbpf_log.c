/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "user/capture/libbpf_log.h"

static void provoke(const char *name)
{
	static const char nonsense[64] = "no BPF object";
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = name);
	struct bpf_object *object = bpf_object__open_mem(nonsense, sizeof(nonsense), &options);
	cr_assert(object == NULL);
}

Test(libbpf_log, keeps_warnings_until_cleared)
{
	libbpf_log_install();
	libbpf_log_clear();
	cr_expect(eq(str, (char *)libbpf_log_last(), ""));
	provoke("first");
	cr_expect(strstr(libbpf_log_last(), "first") != NULL);
	libbpf_log_clear();
	cr_expect(eq(str, (char *)libbpf_log_last(), ""));
}

Test(libbpf_log, keeps_the_newest_whole_lines)
{
	char name[32];
	libbpf_log_install();
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "object_%d", i);
		provoke(name);
	}
	const char *last = libbpf_log_last();
	size_t length = strlen(last);
	cr_expect(gt(sz, length, 3000));
	cr_expect(lt(sz, length, 4096));
	cr_expect(eq(chr, last[length - 1], '\n'));
	cr_expect(strncmp(last, "libbpf: ", 8) == 0, "begins with a whole line");
	cr_expect(strstr(last, "object_499") != NULL);
	cr_expect(strstr(last, "object_0'") == NULL);
}

Test(libbpf_log, escapes_what_it_keeps)
{
	libbpf_log_install();
	libbpf_log_clear();
	provoke("\x1b[31m");
	cr_expect(strstr(libbpf_log_last(), "\\x1b[31m") != NULL);
}
