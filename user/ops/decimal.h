/* SPDX-License-Identifier: MIT */
/*
 * Decimal text to double, correctly rounded (ties to even), in any locale.
 * Most numbers of a trace file take the short way: up to 19 digits and a power
 * of ten that is exact in 64 bits, multiplied or divided once in extended
 * precision. Where that one rounding could decide the second one wrongly, and
 * for all else, strtod decides.
 */
#ifndef PSS_DECIMAL_H
#define PSS_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_EXPONENT_MOST 100000 /* far beyond a double, near enough to add without overflow */

/* A decimal number taken apart: mantissa times 10^exponent. */
struct decimal {
	uint64_t mantissa; /* right when exact */
	int exponent;      /* held to +-DECIMAL_EXPONENT_MOST */
	bool exact;        /* all digits fitted */
	bool negative;
	bool absurd;      /* an exponent of more than 18 digits */
	bool integer;     /* no fraction and no exponent part */
	size_t digits;    /* of an integer, as written */
	const char *text; /* the whole number, size bytes */
	size_t size;
	const char *stop; /* where the reading ended, also when there is none */
};

/*
 * Reads the longest number by JSON's grammar at the start of text, which must
 * be followed by a byte that belongs to no number (a NUL will do). Length in
 * bytes; 0: none, or it breaks off.
 */
size_t decimal_scan(const char *text, struct decimal *decimal);

/* Infinite where it is too large. 0; -ENOMEM for a text too long for the stack. */
int decimal_value(const struct decimal *decimal, double *value);

/* As decimal_value for text that strtod understands, of size bytes. */
int decimal_text(const char *text, size_t size, double *value);

#endif
