/* SPDX-License-Identifier: MIT */
/*
 * The live line: the running score of a capture, once a second, in one line of
 * the terminal on standard error that is drawn over and wiped at the end. Where
 * standard error is no terminal it does nothing.
 */
#ifndef PSS_LIVE_H
#define PSS_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "user/cmd/options.h"
#include "user/window/run.h"

struct live {
	bool on, drawn;
	uint64_t next_ns; /* when to draw next */
};

void live_begin(struct live *live, const struct options *options, uint64_t now_ns);
/* Draws when it is time. elapsed_ns since the start of the capture. */
void live_update(struct live *live, const struct options *options, const struct pss_run *run, uint64_t now_ns,
		 uint64_t elapsed_ns);
void live_clear(struct live *live);

/* Monotonic time, the clock of all records. */
uint64_t monotonic_ns(void);

#endif
