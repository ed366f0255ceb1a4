/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include <errno.h>
#include <string.h>

#include "include/pss_event.h"
#include "user/cmd/cmd.h"
#include "user/cmd/options.h"

static struct options options;
static char *word[32];

/* Parses words with blanks between them; words keep their address until the next call. */
static int parse(unsigned command, const char *line)
{
	static char copy[512];
	int words = 1;
	snprintf(copy, sizeof(copy), "%s", line);
	word[0] = "command";
	for (char *at = strtok(copy, " "); at; at = strtok(NULL, " "))
		word[words++] = at;
	word[words] = NULL;
	return options_parse(&options, command, words, word);
}

static void assert_refused(unsigned command, const char *line)
{
	cr_assert_eq(parse(command, line), -EINVAL, "%s", line);
}

TestSuite(options, .init = cr_redirect_stderr);

Test(options, values_in_every_form)
{
	cr_assert_eq(parse(COMMAND_ATTACH, "--pid 12 --duration=1.5s -v --ops request,call --json"), 0);
	cr_assert_eq(options.pid, 12);
	cr_assert_eq(options.duration_ns, 1500000000u);
	cr_assert_eq(options.verbose, 1);
	cr_assert_eq(options.ops, 1u << PSS_OP_REQUEST | 1u << PSS_OP_CALL);
	cr_assert_eq(options.format, FORMAT_JSON);
	cr_assert_eq(parse(COMMAND_ATTACH, "-p7 -d 2 -o out --fail-if-below 79.5 --fail-on point"), 0);
	cr_assert_eq(options.pid, 7);
	cr_assert_eq(options.duration_ns, 2000000000u);
	cr_assert_str_eq(options.output, "out");
	cr_assert(options.gate && options.gate_on_point);
	cr_assert_float_eq(options.gate_score, 79.5, 1e-12);
	cr_assert_eq(parse(COMMAND_ATTACH, "-vvp7 -vd2s"), 0);
	cr_assert_eq(options.verbose, 3);
	cr_assert_eq(options.pid, 7);
	cr_assert_eq(options.duration_ns, 2000000000u);
}

Test(options, words_that_are_no_options)
{
	cr_assert_eq(parse(COMMAND_ANALYZE, "a --json b"), 0);
	cr_assert_eq(options.arguments, 2);
	cr_assert_str_eq(options.argument[1], "b");
	cr_assert_null(options.argument[2]);
	cr_assert_eq(options.format, FORMAT_JSON);
	cr_assert_eq(parse(COMMAND_ANALYZE, "-"), 0);
	cr_assert_str_eq(options.argument[0], "-");
	cr_assert_eq(parse(COMMAND_ANALYZE, "-- --json"), 0);
	cr_assert_str_eq(options.argument[0], "--json");
}

Test(options, of_a_command_to_start_none_is_ours)
{
	cr_assert_eq(parse(COMMAND_RUN, "--json ls --output -x -- y"), 0);
	cr_assert_eq(options.arguments, 5);
	cr_assert_str_eq(options.argument[0], "ls");
	cr_assert_str_eq(options.argument[3], "--");
	cr_assert_null(options.output);
	cr_assert_eq(parse(COMMAND_RUN, "--json -- --ls"), 0);
	cr_assert_str_eq(options.argument[0], "--ls");
}

Test(options, what_is_wrong_is_refused)
{
	static const char *const line[] = {
		"--pid",
		"--pid 0",
		"--pid -1",
		"--pid 1x",
		"--pid 99999999999",
		"--pid=",
		"--nonesuch",
		"-x",
		"--duration 0",
		"--duration forever",
		"--json=yes",
		"--ops",
		"--ops request,",
		"--ops foo",
		"--format xml",
		"--scoring best",
		"--fail-if-below 101",
		"--fail-if-below -1",
		"--fail-if-below nan",
		"--fail-on point",
		"--fail-on both --fail-if-below 3",
		"--quiet --verbose",
		"--ring-size 5000",
		"--ring-size 1",
		"--max-records 0",
		"--color sometimes",
		"--interval 1us",
		"--record -",
		"--output=",
		"--trace-file x",
		"--pi 3",
		"-vx",
		"-q -v",
		"-vqp",
	};
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++)
		assert_refused(COMMAND_ATTACH, line[i]);
	assert_refused(COMMAND_ANALYZE, "--pid 3");
	assert_refused(COMMAND_ANALYZE, "--record x");
	assert_refused(COMMAND_RUN, "--pid 3");
}

Test(options, the_last_one_wins)
{
	cr_assert_eq(parse(COMMAND_ATTACH, "--pid 1 --pid 2 --json --format text"), 0);
	cr_assert_eq(options.pid, 2);
	cr_assert_eq(options.format, FORMAT_TEXT);
}

Test(options, every_command_is_found_by_its_name)
{
	cr_assert_not_null(command_find("attach"));
	cr_assert_not_null(command_find("doctor"));
	cr_assert_null(command_find("Attach"));
	cr_assert_null(command_find(""));
}
