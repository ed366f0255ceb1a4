/* SPDX-License-Identifier: MIT */
/* "Did you mean": the known word nearest to one that is not known. */
#ifndef PSS_NEAREST_H
#define PSS_NEAREST_H

#include <stddef.h>

/* Edits (insert, delete, replace, swap of neighbours) from one word to the other; words of up to 63 bytes. */
unsigned edit_distance(const char *a, const char *b);

/* Best word so far. Start with word NULL. */
struct nearest {
	const char *word;
	unsigned distance;
};
void nearest_offer(struct nearest *nearest, const char *wanted, const char *word);
/* The word, or NULL when none is near enough to be what was meant. */
const char *nearest_word(const struct nearest *nearest, const char *wanted);

#endif
