/* SPDX-License-Identifier: MIT */
#include "user/cmd/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/capture/record.h"
#include "user/cmd/deliver.h"
#include "user/cmd/feed.h"
#include "user/cmd/help.h"
#include "user/cmd/options.h"
#include "user/util/escape.h"
#include "user/util/log.h"

struct input {
	const char *path; /* as it is shown */
	int fd;
};

/*
 * The first bytes of a pipe, without taking them: tee(2) copies them into
 * another one. How many, or negative errno.
 */
static ssize_t peek_pipe(int fd, void *bytes, size_t size)
{
	int copy[2];
	if (pipe2(copy, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	ssize_t got = tee(fd, copy[1], size, 0);
	if (got > 0)
		got = read(copy[0], bytes, size);
	if (got < 0)
		got = -errno;
	close(copy[0]);
	close(copy[1]);
	return got;
}

static ssize_t peek(int fd, void *bytes, size_t size)
{
	struct stat status;
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	if (fstat(fd, &status))
		return -errno;
	if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode))
		while (poll(&readable, 1, -1) < 0 && errno == EINTR)
			;
	if (S_ISFIFO(status.st_mode))
		return peek_pipe(fd, bytes, size);
	if (S_ISSOCK(status.st_mode))
		return recv(fd, bytes, size, MSG_PEEK);
	off_t at = lseek(fd, 0, SEEK_CUR);
	return at < 0 ? 0 : pread(fd, bytes, size, at);
}

static int complain(const struct input *input, const char *what)
{
	char *path = escape_terminal(input->path, strlen(input->path), false);
	pss_log(PSS_LOG_ERROR, "%s: %s", path ? path : "?", what);
	free(path);
	return EXIT_USAGE;
}

static int take(void *feed, const struct pss_record_head *head, const void *payload)
{
	return feed_take(feed, head, payload);
}

static int analyze_record(const struct options *options, const struct input *input)
{
	struct pss_run run;
	struct record_replay_result result = {0};
	struct feed feed = {.run = &run};
	struct deliver_input deliverable = {.run = &run};
	int code;
	run_init(&run);
	int error = record_replay(input->fd, take, &feed, &result);
	if (error) {
		code = complain(input, result.why[0] ? result.why : strerror(-error));
		goto out;
	}
	if (!run.has_meta) {
		code = complain(input, result.why[0] ? result.why : "the record holds nothing to score");
		goto out;
	}
	feed_complain(&feed);
	if (result.incomplete) {
		char *why = escape_terminal(result.why, sizeof(result.why), false);
		pss_log(PSS_LOG_WARN, "the record is not complete: %s", why ? why : "it ends early");
		free(why);
		deliverable.incomplete_why = result.why[0] ? result.why : "it ends early";
	}
	code = deliver(options, &deliverable);
out:
	run_free(&run);
	return code;
}

static int analyze_trace(const struct options *options, const struct input *input)
{
	struct pss_run run;
	struct pypss_columns columns;
	struct deliver_input deliverable = {.run = &run};
	char message[300] = "";
	int code;
	run_init(&run);
	pypss_columns_init(&columns);
	if (options->scoring == PSS_SCORING_PYPSS)
		deliverable.columns = &columns;
	int error = trace_file_read(input->fd, options->scoring == PSS_SCORING_PYPSS ? &columns : NULL, &run,
				    message, sizeof(message));
	if (error)
		code = complain(input, message[0] ? message : strerror(-error));
	else
		code = deliver(options, &deliverable);
	pypss_columns_free(&columns);
	run_free(&run);
	return code;
}

static int open_input(struct input *input)
{
	struct stat status;
	if (!strcmp(input->path, "-")) {
		input->path = "standard input";
		input->fd = STDIN_FILENO;
	} else {
		input->fd = open(input->path, O_RDONLY | O_CLOEXEC);
	}
	if (input->fd < 0 || fstat(input->fd, &status))
		return complain(input, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return complain(input, strerror(EISDIR));
	return 0;
}

static int choose_input(const struct options *options, struct input *input)
{
	size_t files = options->arguments + (options->trace_file != NULL);
	if (files != 1) {
		pss_log(PSS_LOG_ERROR, files ? "analyze takes one file at a time"
					     : "which file? Give a record of --record or a pypss trace file");
		return EXIT_USAGE;
	}
	input->path = options->trace_file ? options->trace_file : options->argument[0];
	return 0;
}

int cmd_analyze(int argc, char **argv)
{
	struct options options;
	struct input input = {.fd = -1};
	unsigned char first[sizeof(struct pss_file_head)];
	if (options_parse(&options, COMMAND_ANALYZE, argc, argv))
		return EXIT_USAGE;
	if (options.help)
		return help_command(command_find("analyze"));
	int code = choose_input(&options, &input);
	if (!code && deliver_check(&options))
		code = EXIT_USAGE;
	if (!code)
		code = open_input(&input);
	if (code)
		return code;
	ssize_t got = peek(input.fd, first, sizeof(first));
	if (got > 0 && record_is_file(first, (size_t)got))
		code = analyze_record(&options, &input);
	else
		code = analyze_trace(&options, &input);
	if (input.fd != STDIN_FILENO)
		close(input.fd);
	return code;
}
