/* SPDX-License-Identifier: MIT */
#include "user/cmd/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "user/cmd/cmd.h"
#include "user/cmd/deliver.h"
#include "user/cmd/signals.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/number.h"
#include "user/util/outfile.h"

/* Longest wait for records; a signal or the end of the duration is noticed within it. */
#define POLL_MS 100

void session_init(struct session *session, const struct options *options)
{
	memset(session, 0, sizeof(*session));
	session->options = options;
	run_init(&session->run);
	session->feed.run = &session->run;
}

void session_close(struct session *session)
{
	live_clear(&session->live);
	capture_close(session->capture);
	session->capture = NULL;
	if (session->recorder)
		recorder_close(session->recorder);
	session->recorder = NULL;
	run_free(&session->run);
}

static void record_complain(struct session *session, int error)
{
	char *path = escape_terminal(session->options->record, strlen(session->options->record), false);
	live_clear(&session->live);
	pss_log(PSS_LOG_ERROR, "recording to %s failed: %s%s", path ? path : "?", strerror(-error),
		session->capture ? "; the capture goes on, and what was written so far can be analyzed" : "");
	free(path);
}

/* The two files that a session writes must not be one. */
static bool same_file(const char *a, const char *b)
{
	struct stat one, other;
	if (!strcmp(a, b))
		return true;
	return !stat(a, &one) && !stat(b, &other) && S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}

static int check_files(struct session *session)
{
	const struct options *options = session->options;
	if (deliver_check(options))
		return EXIT_USAGE;
	if (!options->record)
		return 0;
	if (options->output && same_file(options->output, options->record)) {
		pss_log(PSS_LOG_ERROR, "--record and --output name the same file");
		return EXIT_USAGE;
	}
	int error = outfile_check(options->record);
	if (error)
		record_complain(session, error);
	return error ? EXIT_USAGE : 0;
}

int session_open(struct session *session, pid_t pid)
{
	const struct options *options = session->options;
	struct capture_error error = {0};
	struct capture_options wanted = {
		.pid = pid,
		.follow = !options->no_follow,
		.ops_forced = options->ops,
		.interval_ns = options->interval_ns,
		.ring_bytes = (uint32_t)options->ring_bytes,
		.max_records_per_s = (uint32_t)options->max_records,
	};
	int code = check_files(session);
	if (code)
		return code;
	if (capture_open(&session->capture, &wanted, &error)) {
		session->capture = NULL;
		pss_log(PSS_LOG_ERROR, "%s", error.text);
		return error.exit_code ? error.exit_code : EXIT_CANNOT_MEASURE;
	}
	return 0;
}

/* What `run` observes is still a copy of pss-bpf when the capture begins: name it after what it becomes. */
static void rename_target(const struct session *session, struct pss_meta *meta)
{
	const char *slash = strrchr(session->command, '/');
	memset(meta->comm, 0, sizeof(meta->comm));
	memset(meta->exe, 0, sizeof(meta->exe));
	memset(meta->runtime, 0, sizeof(meta->runtime));
	strncpy(meta->comm, slash ? slash + 1 : session->command, sizeof(meta->comm) - 1);
	if (session->exe)
		strncpy(meta->exe, session->exe, sizeof(meta->exe) - 1);
}

static void record(struct session *session, const struct pss_record_head *head, const void *payload)
{
	int error = session->recorder ? recorder_write(session->recorder, head, payload) : 0;
	if (!error)
		return;
	record_complain(session, error);
	recorder_close(session->recorder);
	session->recorder = NULL;
	session->record_failed = true;
}

/* Every record goes to the file and to the run, the same bytes: that is why both give the same report. */
static int take(void *context, const struct pss_record_head *head, const void *payload)
{
	struct session *session = context;
	struct pss_meta meta;
	if (session->command && head->type == PSS_REC_META && head->size == sizeof(meta)) {
		memcpy(&meta, payload, sizeof(meta));
		rename_target(session, &meta);
		payload = &meta;
	}
	record(session, head, payload);
	return feed_take(&session->feed, head, payload);
}

static void say_active(const struct session *session)
{
	const struct pss_meta *meta = &session->run.meta;
	char duration[PSS_NUMBER_SIZE];
	char *comm = escape_terminal(meta->comm, sizeof(meta->comm), false);
	if (session->options->duration_ns)
		pss_log(PSS_LOG_NOTE, "measuring %s (pid %u) for %s; Ctrl-C ends it",
			comm && *comm ? comm : "process", meta->pid,
			format_duration_ns(duration, sizeof(duration),
					   (double)session->options->duration_ns));
	else
		pss_log(PSS_LOG_NOTE, "measuring %s (pid %u) until it exits; Ctrl-C ends it",
			comm && *comm ? comm : "process", meta->pid);
	free(comm);
}

int session_start(struct session *session)
{
	int error = 0;
	/* Only now, when nothing else can fail, is an older record replaced. */
	if (session->options->record)
		error = recorder_open(&session->recorder, session->options->record);
	if (error) {
		session->recorder = NULL;
		capture_close(session->capture);
		session->capture = NULL;
		record_complain(session, error);
		return EXIT_USAGE;
	}
	error = capture_start(session->capture, take, session);
	if (error) {
		pss_log(PSS_LOG_ERROR, "the capture cannot be started: %s", strerror(-error));
		return EXIT_CANNOT_MEASURE;
	}
	char bytes[PSS_NUMBER_SIZE];
	pss_log(PSS_LOG_DEBUG, "maps and rings hold %s of kernel memory",
		format_bytes(bytes, sizeof(bytes), (double)capture_kernel_bytes(session->capture)));
	live_begin(&session->live, session->options, monotonic_ns());
	say_active(session);
	return 0;
}

/* Milliseconds to wait for records at most. */
static int patience(uint64_t now, uint64_t end)
{
	if (!end || end - now > POLL_MS * 1000000u)
		return POLL_MS;
	return (int)((end - now + 999999u) / 1000000u);
}

enum pss_end_reason session_watch(struct session *session)
{
	const struct options *options = session->options;
	uint64_t start = session->run.has_meta ? session->run.meta.start_ns : monotonic_ns();
	uint64_t end = options->duration_ns ? start + options->duration_ns : 0;
	for (;;) {
		uint64_t now = monotonic_ns();
		if (signals_caught())
			return PSS_END_INTERRUPT;
		if (end && now >= end)
			return PSS_END_DURATION;
		int status = capture_poll(session->capture, patience(now, end));
		if (!status)
			return PSS_END_TARGET_EXIT;
		if (status < 0 && status != -EINTR && status != -EAGAIN) {
			live_clear(&session->live);
			pss_log(PSS_LOG_ERROR, "the capture broke off: %s", strerror(-status));
			session->capture_failed = true;
			return PSS_END_INTERRUPT;
		}
		now = monotonic_ns();
		live_update(&session->live, options, &session->run, now, now - start);
	}
}

void session_stop(struct session *session, enum pss_end_reason reason)
{
	live_clear(&session->live);
	int error = capture_stop(session->capture, reason);
	if (error && !session->capture_failed) {
		pss_log(PSS_LOG_ERROR, "the end of the capture is missing: %s", strerror(-error));
		session->capture_failed = true;
	}
	if (session->recorder) {
		error = recorder_close(session->recorder);
		session->recorder = NULL;
		if (error) {
			session->record_failed = true;
			record_complain(session, error);
		}
	}
	feed_complain(&session->feed);
}

int session_finish(struct session *session)
{
	struct deliver_input input = {.run = &session->run};
	/* Detached first: scoring and a slow terminal must not cost the target anything. */
	capture_close(session->capture);
	session->capture = NULL;
	int code = deliver(session->options, &input);
	if (session->capture_failed)
		return EXIT_CANNOT_MEASURE;
	return session->record_failed ? EXIT_USAGE : code;
}
