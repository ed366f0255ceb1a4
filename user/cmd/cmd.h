/* SPDX-License-Identifier: MIT */
/*
 * The commands. Each takes its own arguments (argv[0] is the command's name,
 * argv[argc] is NULL) and gives back the exit code of the program.
 */
#ifndef PSS_CMD_H
#define PSS_CMD_H

#include <stddef.h>

enum exit_code {
	EXIT_DONE = 0,
	EXIT_GATE = 1,           /* the score is below the wanted one */
	EXIT_USAGE = 2,          /* wrong usage, input that cannot be read, output that cannot be written */
	EXIT_CANNOT_MEASURE = 3, /* no such process, privileges, kernel, too little data for a gate */
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	unsigned bit;          /* COMMAND_*: which options it takes (options.h) */
	const char *usage;     /* what follows the name */
	const char *summary;   /* one line */
	const char *paragraph; /* for its own help; NULL: the summary says it */
};

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* All of them, ended by a NULL name. */
extern const struct command command_table[];

int cmd_attach(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_analyze(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
