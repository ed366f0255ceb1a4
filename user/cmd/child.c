/* SPDX-License-Identifier: MIT */
#include "user/cmd/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/cmd/signals.h"

#define STEP_MS 10
#define GRACE_MS 5000

static bool is_program(const char *path)
{
	struct stat status;
	if (stat(path, &status))
		return false;
	if (!S_ISREG(status.st_mode)) {
		errno = EACCES;
		return false;
	}
	return !access(path, X_OK);
}

char *child_resolve(const char *name)
{
	const char *at = getenv("PATH");
	int error = ENOENT;
	if (strchr(name, '/') || !*name)
		return is_program(name) ? strdup(name) : NULL;
	if (!at || !*at)
		at = "/usr/local/bin:/usr/bin:/bin";
	for (;;) {
		size_t length = strcspn(at, ":");
		char *path = NULL;
		if (asprintf(&path, "%.*s/%s", length ? (int)length : 1, length ? at : ".", name) < 0)
			return NULL;
		if (is_program(path))
			return path;
		if (errno == EACCES)
			error = EACCES;
		free(path);
		if (!at[length])
			break;
		at += length + 1;
	}
	errno = error;
	return NULL;
}

static _Noreturn void become(int go, int failure, const char *path, char **argv)
{
	char word = 0;
	ssize_t got;
	do {
		got = read(go, &word, 1);
	} while (got < 0 && errno == EINTR);
	/* Nothing came: pss-bpf is gone, or could not attach. */
	if (got != 1)
		_exit(127);
	signals_default();
	/* Has a slash and is not searched for; a script without a first line of its own goes to the shell. */
	execvp(path, argv);
	int error = errno;
	if (write(failure, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

int child_start(struct child *child, const char *path, char **argv)
{
	int go[2], failure[2];
	memset(child, 0, sizeof(*child));
	child->go = child->failure = -1;
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failure, O_CLOEXEC)) {
		int error = -errno;
		close(go[0]);
		close(go[1]);
		return error;
	}
	pid_t pid = fork();
	int error = pid < 0 ? -errno : 0;
	if (!pid) {
		close(go[1]);
		close(failure[0]);
		become(go[0], failure[1], path, argv);
	}
	close(go[0]);
	close(failure[1]);
	if (error) {
		close(go[1]);
		close(failure[0]);
		return error;
	}
	child->pid = pid;
	child->go = go[1];
	child->failure = failure[0];
	return 0;
}

static void close_pipes(struct child *child)
{
	if (child->go >= 0)
		close(child->go);
	if (child->failure >= 0)
		close(child->failure);
	child->go = child->failure = -1;
}

int child_go(struct child *child)
{
	int error = 0;
	ssize_t got = write(child->go, "g", 1) == 1 ? 0 : -1;
	/* Ends without a word when exec has closed the other side. */
	while (!got) {
		got = read(child->failure, &error, sizeof(error));
		if (got < 0 && errno == EINTR)
			got = 0;
		else
			break;
	}
	close_pipes(child);
	return got == sizeof(error) ? -error : got < 0 ? -EIO : 0;
}

bool child_wait(struct child *child, unsigned milliseconds)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	for (unsigned waited = 0;; waited += STEP_MS) {
		if (!child->pid)
			return true;
		pid_t pid = waitpid(child->pid, &child->status, WNOHANG);
		if (pid == child->pid || (pid < 0 && errno == ECHILD)) {
			child->ended = pid > 0;
			child->pid = 0;
			return true;
		}
		if (waited >= milliseconds)
			return false;
		nanosleep(&step, NULL);
	}
}

void child_end(struct child *child, int signal_number)
{
	close_pipes(child);
	if (child_wait(child, 0))
		return;
	kill(child->pid, signal_number);
	/* A stopped process takes its signal only when it goes on. */
	kill(child->pid, SIGCONT);
	if (child_wait(child, GRACE_MS))
		return;
	kill(child->pid, SIGKILL);
	child_wait(child, GRACE_MS);
}
