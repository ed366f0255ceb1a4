/* SPDX-License-Identifier: MIT */
/*
 * A live capture from its options to its report: what `attach` and `run` share.
 * Open (all that can fail because of the user's wishes fails here, before
 * anything is attached), start, watch, stop, finish.
 */
#ifndef PSS_SESSION_H
#define PSS_SESSION_H

#include <stdbool.h>

#include "user/capture/capture.h"
#include "user/capture/record.h"
#include "user/cmd/feed.h"
#include "user/cmd/live.h"
#include "user/cmd/options.h"
#include "user/window/run.h"

struct session {
	const struct options *options;
	struct capture *capture;
	struct recorder *recorder; /* NULL: nothing is recorded, or no longer */
	bool record_failed;
	bool capture_failed;
	struct pss_run run;
	struct live live;
	struct feed feed;    /* into the run */
	const char *command; /* of `run`: what the process is about to become, */
	const char *exe;     /* and its file; NULL: as the capture says */
};

/* Zeroes; session_close is then safe in every phase. */
void session_init(struct session *session, const struct options *options);
void session_close(struct session *session);

/* 0, or the exit code, and it has been said. */
int session_open(struct session *session, pid_t pid);
/* Activates the capture, and says so. */
int session_start(struct session *session);
/* Until the duration is over, a signal comes, the target is gone, or the capture fails. */
enum pss_end_reason session_watch(struct session *session);
/* Detaches and takes in what is left. */
void session_stop(struct session *session, enum pss_end_reason reason);
/* Reports; the exit code of the program. */
int session_finish(struct session *session);

#endif
