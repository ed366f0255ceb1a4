/* SPDX-License-Identifier: MIT */
#include "user/cmd/cmd.h"

#include <limits.h>
#include <stdlib.h>

#include "user/cmd/help.h"
#include "user/cmd/options.h"
#include "user/cmd/session.h"
#include "user/cmd/signals.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/number.h"

/* `pss-bpf attach 1234` is what a user means by it. */
static int take_pid(struct options *options)
{
	uint64_t number = 0;
	if (!options->pid && options->arguments == 1 &&
	    !parse_unsigned(options->argument[0], INT_MAX, &number) && number) {
		options->pid = (pid_t)number;
		return 0;
	}
	if (options->arguments) {
		char *word = escape_terminal(options->argument[0], 200, false);
		pss_log(PSS_LOG_ERROR, "attach takes one process, as --pid PID: what is %s?",
			word ? word : "?");
		free(word);
		return EXIT_USAGE;
	}
	if (options->pid)
		return 0;
	pss_log(PSS_LOG_ERROR, "which process? Give --pid PID");
	return EXIT_USAGE;
}

int cmd_attach(int argc, char **argv)
{
	struct options options;
	struct session session;
	if (options_parse(&options, COMMAND_ATTACH, argc, argv))
		return EXIT_USAGE;
	if (options.help)
		return help_command(command_find("attach"));
	int code = take_pid(&options);
	if (code)
		return code;
	session_init(&session, &options);
	signals_catch();
	code = session_open(&session, options.pid);
	if (!code)
		code = session_start(&session);
	if (!code) {
		session_stop(&session, session_watch(&session));
		code = session_finish(&session);
	}
	session_close(&session);
	return code;
}
