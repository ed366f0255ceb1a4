/* SPDX-License-Identifier: MIT */
#include "user/util/nearest.h"

#include <string.h>

#define LONGEST 63

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: Damerau-Levenshtein without editing a pair twice. */
unsigned edit_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, LONGEST), m = strnlen(b, LONGEST);
	unsigned row[3][LONGEST + 1];
	for (size_t j = 0; j <= m; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned replace = last[j - 1] + (a[i - 1] != b[j - 1]);
			now[j] = least(replace, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

void nearest_offer(struct nearest *nearest, const char *wanted, const char *word)
{
	unsigned distance = edit_distance(wanted, word);
	size_t length = strlen(wanted);
	/* What begins like it was cut short, not mistyped. */
	if (length >= 3 && !strncmp(wanted, word, length))
		distance = least(distance, 1);
	if (!nearest->word || distance < nearest->distance) {
		nearest->word = word;
		nearest->distance = distance;
	}
}

const char *nearest_word(const struct nearest *nearest, const char *wanted)
{
	size_t length = strlen(wanted);
	unsigned allowed = length < 4 ? 1 : length < 8 ? 2 : 3;
	return nearest->word && nearest->distance <= allowed ? nearest->word : NULL;
}
