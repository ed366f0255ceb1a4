/* SPDX-License-Identifier: MIT */
/*
 * The command that `run` starts: forked first and held, so that it can be
 * attached to before its first instruction; then let go. It stays in our
 * process group: Ctrl-C reaches it as it would without us.
 */
#ifndef PSS_CHILD_H
#define PSS_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;   /* 0: none, or reaped */
	int go;      /* closed or written to: the child goes on */
	int failure; /* errno of exec comes here */
	bool ended;  /* status is known */
	int status;  /* as wait gives it */
};

/* Path that a command name means, found as the shell finds it. Owned by the caller; NULL with errno. */
char *child_resolve(const char *name);
/*
 * Forks a child that waits. 0 or negative errno. The path was resolved before:
 * the search for it is not the work of the command. argv ends with NULL.
 */
int child_start(struct child *child, const char *path, char **argv);
/* Lets it become the command: 0; or the negative errno of exec. */
int child_go(struct child *child);
/* Waits at most so long for its end; true when it has ended. */
bool child_wait(struct child *child, unsigned milliseconds);
/* Asks it to end (signal), waits, and kills it when it does not. */
void child_end(struct child *child, int signal_number);

#endif
