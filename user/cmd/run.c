/* SPDX-License-Identifier: MIT */
#include "user/cmd/cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "user/cmd/child.h"
#include "user/cmd/help.h"
#include "user/cmd/options.h"
#include "user/cmd/session.h"
#include "user/cmd/signals.h"
#include "user/util/escape.h"
#include "user/util/log.h"

/* After Ctrl-C the command got its own and may take so long to end by it. */
#define OWN_END_MS 1000

static int cannot_start(const char *name, int error)
{
	char *safe = escape_terminal(name, 200, false);
	pss_log(PSS_LOG_ERROR, "%s cannot be started: %s", safe ? safe : "?",
		error == ENOENT ? "command not found" : strerror(error));
	free(safe);
	return EXIT_USAGE;
}

static void say_end(const char *name, const struct child *child)
{
	char *safe = escape_terminal(name, 200, false);
	const char *shown = safe ? safe : "?";
	if (!child->ended)
		pss_log(PSS_LOG_WARN, "%s could not be ended", shown);
	else if (WIFSIGNALED(child->status))
		pss_log(PSS_LOG_NOTE, "%s was ended by SIG%s", shown,
			sigabbrev_np(WTERMSIG(child->status)) ? sigabbrev_np(WTERMSIG(child->status)) : "?");
	else
		pss_log(PSS_LOG_NOTE, "%s exited with status %d", shown, WEXITSTATUS(child->status));
	free(safe);
}

/* The end of the command is not part of what is scored: it comes after the capture. */
static void end_command(struct child *child, enum pss_end_reason reason)
{
	int signal_number = signals_caught() == SIGHUP ? SIGHUP : SIGTERM;
	if (reason == PSS_END_TARGET_EXIT || (reason == PSS_END_INTERRUPT && signals_caught() == SIGINT))
		child_wait(child, OWN_END_MS);
	child_end(child, signal_number);
}

static int observe(struct session *session, struct child *child, const char *name)
{
	int code = session_open(session, child->pid);
	if (!code)
		code = session_start(session);
	if (code)
		return code;
	int error = child_go(child);
	if (error) {
		session_stop(session, PSS_END_TARGET_EXIT);
		return cannot_start(name, -error);
	}
	enum pss_end_reason reason = session_watch(session);
	session_stop(session, reason);
	end_command(child, reason);
	say_end(name, child);
	return session_finish(session);
}

int cmd_run(int argc, char **argv)
{
	struct options options;
	struct session session;
	struct child child;
	if (options_parse(&options, COMMAND_RUN, argc, argv))
		return EXIT_USAGE;
	if (options.help)
		return help_command(command_find("run"));
	if (!options.arguments) {
		pss_log(PSS_LOG_ERROR, "which command? Give it after the options: pss-bpf run -- COMMAND");
		return EXIT_USAGE;
	}
	const char *name = options.argument[0];
	char *path = child_resolve(name);
	if (!path)
		return cannot_start(name, errno);
	int error = child_start(&child, path, options.argument);
	if (error) {
		free(path);
		return cannot_start(name, -error);
	}
	char *exe = realpath(path, NULL);
	session_init(&session, &options);
	session.command = name;
	session.exe = exe;
	signals_catch();
	int code = observe(&session, &child, name);
	child_end(&child, SIGTERM);
	session_close(&session);
	free(exe);
	free(path);
	return code;
}
