/* SPDX-License-Identifier: MIT */
#include "user/cmd/cmd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/cmd/help.h"
#include "user/cmd/options.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/nearest.h"

#ifndef PSS_VERSION
#define PSS_VERSION "0.1.0"
#endif

const struct command command_table[] = {
	{"attach", cmd_attach, COMMAND_ATTACH, "--pid PID [OPTIONS]",
	 "score a running process (the default: the word may be left out)",
	 "Attaches to a running process, observes it, and reports how stable it is and what makes it\n"
	 "unstable. The process is not changed and not restarted. Ctrl-C ends the capture and reports\n"
	 "what was seen; a second Ctrl-C ends at once."},
	{"run", cmd_run, COMMAND_RUN, "[OPTIONS] [--] COMMAND [ARGUMENTS]",
	 "start a command and score it to its end",
	 "The command's own output goes where it always does: with --output the report stays apart.\n"
	 "After --duration, and after Ctrl-C, a command that still runs is ended (SIGTERM, then SIGKILL).\n"
	 "The exit code is that of pss-bpf; how the command ended is said on standard error."},
	{"analyze", cmd_analyze, COMMAND_ANALYZE, "[OPTIONS] FILE",
	 "score a recorded capture or a pypss trace file",
	 "FILE is what --record wrote, or a JSON trace file of pypss; - is standard input. No privileges\n"
	 "are needed."},
	{"doctor", cmd_doctor, COMMAND_DOCTOR, "[--pid PID]",
	 "what this kernel, these privileges and this target allow", NULL},
	{"help", cmd_help, 0, "[COMMAND]", "this help, or that of a command", NULL},
	{"version", cmd_version, 0, "", "the version", NULL},
	{NULL, NULL, 0, NULL, NULL, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *command = command_table; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

int help_flush(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_DONE;
	pss_log(PSS_LOG_ERROR, "standard output cannot be written: %s", strerror(errno ? errno : EIO));
	return EXIT_USAGE;
}

static void help_all(FILE *out)
{
	fputs("usage: pss-bpf --pid PID [OPTIONS]\n"
	      "       pss-bpf COMMAND [OPTIONS]\n"
	      "\n"
	      "How stable is a running program, and what makes it unstable? A score from 0 to 100.\n"
	      "\n"
	      "commands:\n",
	      out);
	for (const struct command *command = command_table; command->name; command++)
		fprintf(out, "  %-10s %s\n", command->name, command->summary);
	fputs("\n"
	      "options of attach:\n",
	      out);
	options_help(COMMAND_ATTACH, out);
	fputs("\n"
	      "exit codes:\n"
	      "  0  done\n"
	      "  1  the score is below --fail-if-below\n"
	      "  2  wrong usage, unreadable input, or output that could not be written\n"
	      "  3  cannot measure: no such process, privileges, kernel, or too little data for "
	      "--fail-if-below\n"
	      "\n"
	      "examples:\n"
	      "  sudo pss-bpf --pid 1234 --duration 10s\n"
	      "  sudo pss-bpf --pid 1234 --duration 1m --record capture.pss --json --output report.json\n"
	      "  pss-bpf analyze capture.pss --fail-if-below 80\n"
	      "  sudo pss-bpf run -- ./server --port 8080\n",
	      out);
}

int help_command(const struct command *command)
{
	printf("usage: pss-bpf %s%s%s\n\n%s\n", command->name, *command->usage ? " " : "", command->usage,
	       command->paragraph ? command->paragraph : command->summary);
	if (command->bit) {
		printf("\noptions:\n");
		options_help(command->bit, stdout);
	}
	return help_flush();
}

int help_unknown(const char *name)
{
	struct nearest nearest = {0};
	char *safe = escape_terminal(name, 200, false);
	for (const struct command *command = command_table; command->name; command++)
		nearest_offer(&nearest, name, command->name);
	const char *word = nearest_word(&nearest, name);
	if (word)
		pss_log(PSS_LOG_ERROR, "unknown command %s: did you mean %s?", safe ? safe : "?", word);
	else if (*name && !name[strspn(name, "0123456789")])
		pss_log(PSS_LOG_ERROR, "unknown command %s: did you mean --pid %s?", safe ? safe : "?",
			safe ? safe : "?");
	else
		pss_log(PSS_LOG_ERROR, "unknown command %s: see pss-bpf help", safe ? safe : "?");
	free(safe);
	return EXIT_USAGE;
}

int help_usage(void)
{
	help_all(stderr);
	return EXIT_USAGE;
}

int cmd_help(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-') {
		help_all(stdout);
		return help_flush();
	}
	const struct command *command = command_find(argv[1]);
	return command ? help_command(command) : help_unknown(argv[1]);
}

int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("pss-bpf " PSS_VERSION);
	return help_flush();
}
