/* SPDX-License-Identifier: MIT */
#include "user/cmd/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "user/cmd/cmd.h"
#include "user/report/report.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/nearest.h"
#include "user/util/number.h"

struct option_spec {
	const char *name;
	char letter;       /* 0: none */
	const char *value; /* what help calls its value; NULL: it takes none */
	unsigned commands; /* COMMAND_* that take it */
	int (*set)(struct options *options,
		   const char *value); /* 0; -EINVAL or -ERANGE: `wanted` says what it takes */
	const char *wanted;
	const char *help;
};

static int set_pid(struct options *options, const char *value)
{
	uint64_t number;
	int error = parse_unsigned(value, INT_MAX, &number);
	if (error || !number)
		return error ? error : -ERANGE;
	options->pid = (pid_t)number;
	return 0;
}

static int set_duration(struct options *options, const char *value)
{
	return parse_duration_ns(value, &options->duration_ns);
}

static int set_interval(struct options *options, const char *value)
{
	int error = parse_duration_ns(value, &options->interval_ns);
	if (!error && (options->interval_ns < 10000000u || options->interval_ns > 3600000000000u))
		error = -ERANGE;
	return error;
}

static int set_no_follow(struct options *options, const char *value)
{
	(void)value;
	options->no_follow = true;
	return 0;
}

/* A comma-separated list of kinds. */
static int set_ops(struct options *options, const char *value)
{
	unsigned ops = 0;
	for (;;) {
		size_t length = strcspn(value, ",");
		unsigned bit = 0;
		for (int i = PSS_OP_REQUEST; i < PSS_OP_KINDS; i++) {
			const char *name = pss_op_kind_name(i);
			if (strlen(name) == length && !strncmp(name, value, length))
				bit = 1u << i;
		}
		if (!bit)
			return -EINVAL;
		ops |= bit;
		if (!value[length])
			break;
		value += length + 1;
	}
	options->ops = ops;
	return 0;
}

static int set_format(struct options *options, const char *value)
{
	if (!strcmp(value, "text"))
		options->format = FORMAT_TEXT;
	else if (!strcmp(value, "json"))
		options->format = FORMAT_JSON;
	else
		return -EINVAL;
	return 0;
}

static int set_json(struct options *options, const char *value)
{
	(void)value;
	options->format = FORMAT_JSON;
	return 0;
}

static int set_file(const char **file, const char *value)
{
	*file = value;
	return *value ? 0 : -EINVAL;
}

static int set_output(struct options *options, const char *value)
{
	return set_file(&options->output, value);
}

static int set_record(struct options *options, const char *value)
{
	return strcmp(value, "-") ? set_file(&options->record, value) : -EINVAL;
}

static int set_trace_file(struct options *options, const char *value)
{
	return set_file(&options->trace_file, value);
}

static int set_scoring(struct options *options, const char *value)
{
	if (!strcmp(value, "native"))
		options->scoring = PSS_SCORING_NATIVE;
	else if (!strcmp(value, "pypss"))
		options->scoring = PSS_SCORING_PYPSS;
	else
		return -EINVAL;
	return 0;
}

static int set_fail_if_below(struct options *options, const char *value)
{
	options->gate = true;
	return parse_real(value, 0, 100, &options->gate_score);
}

static int set_fail_on(struct options *options, const char *value)
{
	if (strcmp(value, "upper") && strcmp(value, "point"))
		return -EINVAL;
	options->gate_on_point = !strcmp(value, "point");
	return 0;
}

static int set_ring_size(struct options *options, const char *value)
{
	int error = parse_bytes(value, &options->ring_bytes);
	if (!error && (options->ring_bytes < 4096 || options->ring_bytes > 1u << 30 ||
		       (options->ring_bytes & (options->ring_bytes - 1))))
		error = -ERANGE;
	return error;
}

static int set_max_records(struct options *options, const char *value)
{
	int error = parse_unsigned(value, 100000000, &options->max_records);
	return !error && !options->max_records ? -ERANGE : error;
}

static int set_colour(struct options *options, const char *value)
{
	static const char *const choice[] = {"auto", "always", "never"};
	for (int i = 0; i < 3; i++) {
		if (!strcmp(value, choice[i])) {
			options->colour = (enum colour_choice)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_quiet(struct options *options, const char *value)
{
	(void)value;
	options->quiet = true;
	return 0;
}

static int set_verbose(struct options *options, const char *value)
{
	(void)value;
	options->verbose++;
	return 0;
}

static int set_help(struct options *options, const char *value)
{
	(void)value;
	options->help = true;
	return 0;
}

static const struct option_spec option_table[] = {
	{"pid", 'p', "PID", COMMAND_ATTACH | COMMAND_DOCTOR, set_pid, "a process id: a whole number above 0",
	 "the process to observe"},
	{"duration", 'd', "TIME", COMMAND_CAPTURES, set_duration, "a time such as 10s, 500ms or 2m",
	 "observe so long; without it until Ctrl-C or the target's end"},
	{"no-follow", 0, NULL, COMMAND_CAPTURES, set_no_follow, NULL,
	 "leave out children that are born later"},
	{"ops", 0, "KINDS", COMMAND_REPORTS, set_ops,
	 "kinds of operations with commas between: request, call, tick, task, func, usdt, python, trace",
	 "score these kinds of operations; without it they are chosen"},
	{"interval", 0, "TIME", COMMAND_CAPTURES, set_interval, "a time from 10ms to 1h",
	 "length of a window: 1s"},
	{"scoring", 0, "PROFILE", COMMAND_REPORTS, set_scoring, "native or pypss",
	 "native (the default), or pypss for the same scores as that tool"},
	{"fail-if-below", 0, "SCORE", COMMAND_REPORTS, set_fail_if_below, "a score from 0 to 100",
	 "exit with 1 when the PSS is below; with 3 when there is none"},
	{"fail-on", 0, "WHICH", COMMAND_REPORTS, set_fail_on, "upper or point",
	 "upper (the default): only when the whole interval is below; point: the score itself"},
	{"format", 0, "FORMAT", COMMAND_REPORTS, set_format, "text or json", "text (the default) or json"},
	{"json", 0, NULL, COMMAND_REPORTS | COMMAND_DOCTOR, set_json, NULL, "short for --format json"},
	{"output", 'o', "FILE", COMMAND_REPORTS, set_output, "a file name",
	 "write the report there, whole or not at all"},
	{"record", 0, "FILE", COMMAND_CAPTURES, set_record, "a file name, not -",
	 "also keep what was seen, for `analyze`"},
	{"trace-file", 0, "FILE", COMMAND_ANALYZE, set_trace_file, "a file name", "the same as FILE alone"},
	{"ring-size", 0, "BYTES", COMMAND_CAPTURES, set_ring_size, "a power of two from 4K to 1G",
	 "buffer between kernel and pss-bpf: 8M"},
	{"max-records", 0, "N", COMMAND_CAPTURES, set_max_records, "a whole number above 0",
	 "operations a second in full detail, above it a sample: 10000"},
	{"color", 0, "WHEN", COMMAND_REPORTS | COMMAND_DOCTOR, set_colour, "auto, always or never",
	 "auto (the default; NO_COLOR is heeded), always or never"},
	{"quiet", 'q', NULL, COMMAND_ALL, set_quiet, NULL, "no notes and no live line; warnings remain"},
	{"verbose", 'v', NULL, COMMAND_ALL, set_verbose, NULL,
	 "say more about what is done; twice: all of it"},
	{"help", 'h', NULL, COMMAND_ALL, set_help, NULL, "this help"},
};
#define OPTIONS (sizeof(option_table) / sizeof(option_table[0]))

/* What a user typed, safe to show. */
static void complain(const char *format, const char *typed, const char *detail)
{
	char *safe = escape_terminal(typed, 200, false);
	pss_log(PSS_LOG_ERROR, format, safe ? safe : "?", detail);
	free(safe);
}

static const struct option_spec *find_long(const char *name, size_t length)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strlen(option_table[i].name) == length && !strncmp(option_table[i].name, name, length))
			return &option_table[i];
	return NULL;
}

static const struct option_spec *find_letter(char letter)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (option_table[i].letter && option_table[i].letter == letter)
			return &option_table[i];
	return NULL;
}

static void unknown_option(unsigned command, const char *argument)
{
	struct nearest nearest = {0};
	char name[64];
	size_t length = strcspn(argument, "=");
	snprintf(name, sizeof(name), "%.*s", (int)(length < 60 ? length : 60), argument);
	for (size_t i = 0; i < OPTIONS; i++)
		if (option_table[i].commands & command)
			nearest_offer(&nearest, name + strspn(name, "-"), option_table[i].name);
	const char *word = nearest_word(&nearest, name + strspn(name, "-"));
	if (word)
		complain("unknown option %s: did you mean --%s?", name, word);
	else
		complain("unknown option %s: see pss-bpf help", name, "");
}

/* An option that other commands take: say which. */
static void misplaced_option(const struct option_spec *spec)
{
	for (const struct command *other = command_table; other->name; other++) {
		if (!(other->bit & spec->commands))
			continue;
		pss_log(PSS_LOG_ERROR, "option --%s does not go here: it belongs to `pss-bpf %s`", spec->name,
			other->name);
		return;
	}
}

static int apply(struct options *options, unsigned command, const struct option_spec *spec, const char *value)
{
	if (!(spec->commands & command)) {
		misplaced_option(spec);
		return -EINVAL;
	}
	if (spec->set(options, value)) {
		char *safe = escape_terminal(value, 200, false);
		pss_log(PSS_LOG_ERROR, "--%s %s: give it %s", spec->name, safe && *safe ? safe : "''",
			spec->wanted);
		free(safe);
		return -EINVAL;
	}
	return 0;
}

/* An option whose value, if it has one, may stand in the next argument; *at moves on then. */
static int take_value(struct options *options, unsigned command, const struct option_spec *spec,
		      const char *value, char **argv, int *at)
{
	if (spec->value && !value) {
		value = argv[*at + 1];
		if (!value) {
			pss_log(PSS_LOG_ERROR, "--%s: give it %s", spec->name, spec->wanted);
			return -EINVAL;
		}
		(*at)++;
	}
	return apply(options, command, spec, value ? value : "");
}

static int take_long(struct options *options, unsigned command, char **argv, int *at)
{
	const char *argument = argv[*at];
	size_t length = strcspn(argument + 2, "=");
	const char *value = argument[2 + length] ? argument + 2 + length + 1 : NULL;
	const struct option_spec *spec = find_long(argument + 2, length);
	if (!spec) {
		unknown_option(command, argument);
		return -EINVAL;
	}
	if (!spec->value && value) {
		complain("%s: --%s takes no value", argument, spec->name);
		return -EINVAL;
	}
	return take_value(options, command, spec, value, argv, at);
}

/* "-d10s", "-d 10s", "-vv": letters without a value can stand together. */
static int take_letters(struct options *options, unsigned command, char **argv, int *at)
{
	const char *argument = argv[*at];
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct option_spec *spec = find_letter(*letter);
		if (!spec) {
			unknown_option(command, argument);
			return -EINVAL;
		}
		if (spec->value)
			return take_value(options, command, spec, letter[1] ? letter + 1 : NULL, argv, at);
		if (apply(options, command, spec, ""))
			return -EINVAL;
	}
	return 0;
}

static int check_together(const struct options *options)
{
	if (options->help)
		return 0;
	if (options->quiet && options->verbose) {
		pss_log(PSS_LOG_ERROR, "--quiet and --verbose contradict each other");
		return -EINVAL;
	}
	if (options->gate_on_point && !options->gate) {
		pss_log(PSS_LOG_ERROR, "--fail-on needs --fail-if-below");
		return -EINVAL;
	}
	return 0;
}

int options_parse(struct options *options, unsigned command, int argc, char **argv)
{
	memset(options, 0, sizeof(*options));
	options->argument = argv + 1;
	for (int i = 1; i < argc; i++) {
		bool end = !strcmp(argv[i], "--");
		if (!end && argv[i][0] == '-' && argv[i][1]) {
			if (argv[i][1] == '-' ? take_long(options, command, argv, &i)
					      : take_letters(options, command, argv, &i))
				return -EINVAL;
			continue;
		}
		/* What follows is no option; of a command to start, none of the rest is ours. */
		if (end || command == COMMAND_RUN) {
			for (i += end; i < argc; i++)
				options->argument[options->arguments++] = argv[i];
			break;
		}
		options->argument[options->arguments++] = argv[i];
	}
	options->argument[options->arguments] = NULL;
	if (check_together(options))
		return -EINVAL;
	pss_log_limit(options->quiet         ? PSS_LOG_WARN
		      : options->verbose > 1 ? PSS_LOG_TRACE
		      : options->verbose     ? PSS_LOG_DEBUG
					     : PSS_LOG_NOTE);
	return 0;
}

void options_help(unsigned command, FILE *out)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		const struct option_spec *spec = &option_table[i];
		char left[64], letter[8] = "    ";
		if (!(spec->commands & command))
			continue;
		if (spec->letter)
			snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, spec->name, spec->value ? " " : "",
			 spec->value ? spec->value : "");
		fprintf(out, "  %-26s %s\n", left, spec->help);
	}
}
