/* SPDX-License-Identifier: MIT */
/*
 * Options, declared once for all commands: the table in options.c says which
 * command takes which, how its value is read, and what help says about it.
 */
#ifndef PSS_OPTIONS_H
#define PSS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "user/config/config.h"

#define COMMAND_ATTACH 0x1u
#define COMMAND_RUN 0x2u
#define COMMAND_ANALYZE 0x4u
#define COMMAND_DOCTOR 0x8u
#define COMMAND_CAPTURES (COMMAND_ATTACH | COMMAND_RUN)
#define COMMAND_REPORTS (COMMAND_CAPTURES | COMMAND_ANALYZE)
#define COMMAND_ALL (COMMAND_REPORTS | COMMAND_DOCTOR)

enum report_format { FORMAT_TEXT = 0, FORMAT_JSON = 1 };
enum colour_choice { COLOUR_AUTO = 0, COLOUR_ALWAYS = 1, COLOUR_NEVER = 2 };

/* Strings point into argv. */
struct options {
	pid_t pid;            /* 0: not given */
	uint64_t duration_ns; /* 0: until interrupted or the target exits */
	uint64_t interval_ns; /* 0: one second */
	bool no_follow;
	unsigned ops; /* bit per enum pss_op_kind; 0: choose */
	enum report_format format;
	const char *output; /* NULL: standard output */
	const char *record; /* NULL: none */
	const char *trace_file;
	enum pss_scoring scoring;
	bool gate; /* --fail-if-below */
	double gate_score;
	bool gate_on_point;
	bool quiet, help;
	unsigned verbose; /* how often it was given */
	enum colour_choice colour;
	uint64_t ring_bytes, max_records; /* 0: the capture's own */
	char **argument; /* what is no option, ended by NULL; for `run` the command to start */
	size_t arguments;
};

/*
 * Reads the arguments of one command (a COMMAND_* bit); argv is put into
 * order. 0; or -EINVAL, and the error has been shown. Sets the limit of messages.
 */
int options_parse(struct options *options, unsigned command, int argc, char **argv);

/* The lines of help about the options of a command. */
void options_help(unsigned command, FILE *out);

#endif
