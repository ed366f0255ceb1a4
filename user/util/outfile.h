/* SPDX-License-Identifier: MIT */
/*
 * A result that goes to a file: written beside it and renamed when whole, so
 * that a reader finds the old file or the new one and never a half. What is
 * no regular file (a pipe, /dev/stdout) is written directly.
 */
#ifndef PSS_OUTFILE_H
#define PSS_OUTFILE_H

#include <stdio.h>

struct outfile {
	FILE *stream;    /* write here */
	char *path;      /* owned: what is replaced, links resolved */
	char *temporary; /* owned; NULL: written directly */
};

/* Whether the file can be made, before there is anything to write. 0 or negative errno. */
int outfile_check(const char *path);
/* path "-": standard output. 0 or negative errno. */
int outfile_open(struct outfile *outfile, const char *path);
/* Takes the file over into its place: 0; or negative errno, and nothing has changed. Frees always. */
int outfile_commit(struct outfile *outfile);
/* Leaves no trace. */
void outfile_abort(struct outfile *outfile);

#endif
