/* SPDX-License-Identifier: MIT */
/* The end of every command that reports: score, show, gate. */
#ifndef PSS_DELIVER_H
#define PSS_DELIVER_H

#include <stdbool.h>

#include "user/cmd/options.h"
#include "user/ops/trace_file.h"
#include "user/window/run.h"

/* Configuration of the scores for these options; kinds forced when the capture was made are kept. */
void deliver_config(struct pss_config *config, const struct options *options, const struct pss_run *run);

/* Where the report will go can be written: 0; or -1, and it has been said. */
int deliver_check(const struct options *options);

struct deliver_input {
	const struct pss_run *run;
	const struct pypss_columns *columns; /* trace files in the pypss profile; NULL: none */
	const char *incomplete_why;          /* a record file that ends early; NULL: it is whole */
};

/*
 * Scores, writes the report to where the options say, and applies the gate.
 * The exit code; what went wrong has been said.
 */
int deliver(const struct options *options, const struct deliver_input *input);

/* Style for text that goes to a stream: colour and width of a terminal, UTF-8 by locale. */
struct pss_text_style;
void deliver_style(struct pss_text_style *style, enum colour_choice colour, int fd);

#endif
