/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "user/cmd/cmd.h"
#include "user/cmd/help.h"

/*
 * A file opened later must not become standard output because that was closed.
 * What takes its place cannot be written, so that the loss is noticed.
 */
static void reserve_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
	const struct command *command;
	reserve_standard_descriptors();
	setlocale(LC_CTYPE, "");
	/* A reader that went away shows as a failed write, with a message. */
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2)
		return help_usage();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return cmd_help(1, argv);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		return cmd_version(1, argv);
	/* Options alone: attach is the default command. */
	if (argv[1][0] == '-')
		return cmd_attach(argc, argv);
	command = command_find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : help_unknown(argv[1]);
}
