/* SPDX-License-Identifier: MIT */
/*
 * Drawing of the text view: colours, bars, wrapped paragraphs. All text that
 * goes through paint_word, paint_cell and paint_wrap is escaped on the way.
 * Private to the report views.
 */
#ifndef PSS_PAINT_H
#define PSS_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "user/report/report.h"

struct paint {
	FILE *out;
	struct pss_text_style style; /* width is set */
	bool no_memory;              /* some text could not be escaped and is missing */
};

enum tone {
	TONE_PLAIN = 0,
	TONE_STRONG,
	TONE_FAINT,
	TONE_GOOD,
	TONE_FAIR,
	TONE_POOR,
	TONE_BAD,
	TONE_COMPONENT, /* TONE_COMPONENT + enum pss_component: letters on a ground */
	TONE_COUNT = TONE_COMPONENT + PSS_C_COUNT,
};

void paint_tone(struct paint *paint, enum tone tone);
/* The tone of a score, 0..1. */
enum tone paint_score_tone(double score);

/* A line "-- Title ------" with an empty one before it. */
void paint_heading(struct paint *paint, const char *title);

/* Text as it is safe on this terminal, at most so many columns (0: all). Owned; NULL: no memory, remembered.
 */
char *paint_safe(struct paint *paint, const char *text, size_t size, unsigned columns);
/* Writes text, at most so many columns (0: all). */
void paint_word(struct paint *paint, const char *text, size_t size, unsigned columns);
/* Writes text into a cell of so many columns, shortened or filled with blanks. */
void paint_cell(struct paint *paint, const char *text, unsigned columns, bool right);
/*
 * Writes a paragraph, from a column on (what is left of it stands already),
 * further lines indented to the same column, and ends the line.
 */
void paint_wrap(struct paint *paint, unsigned column, const char *text);

/* A share of 0..1 as a bar; the part between lo and hi is drawn as unsure. */
void paint_bar(struct paint *paint, double value, double lo, double hi, unsigned columns);
/* Shares of the components, side by side, as letters on their colours. Negative shares have no place in it.
 */
void paint_stack(struct paint *paint, const double *share, unsigned columns);
/* The letter of a component in a stack. */
char paint_component_letter(enum pss_component component);
/* A row of values, each as a height between 0 and the largest; gaps for what is not finite. */
void paint_spark(struct paint *paint, const double *value, size_t values);

/* "1,234,567" */
const char *format_grouped(char *buffer, size_t size, uint64_t value);

#endif
