/* SPDX-License-Identifier: MIT */
/*
 * Text that came from a target is data: names, symbols, paths, tags. These
 * functions make it safe to show. They never fail on any bytes; only memory
 * can run out.
 */
#ifndef PSS_ESCAPE_H
#define PSS_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes one code point of strict UTF-8 (no overlong forms, no surrogates,
 * at most U+10FFFF). Returns its length in bytes, or 0 when the first byte
 * begins nothing valid. size > 0.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *code);

/* True for code points that must not reach a terminal: controls, bidi overrides, invisible ones. */
bool unicode_is_unsafe(uint32_t code);

/* Columns that a string of safe UTF-8 takes on a terminal; East Asian wide characters count 2. */
unsigned text_columns(const char *text);

/*
 * Makes text safe for a terminal: controls and bytes that are no UTF-8 become
 * \xNN, other unsafe code points \u{NNNN}, the rest stays. With ascii_only
 * everything beyond ASCII is written as \xNN. Reads at most size bytes and stops at a
 * NUL. Owned by the caller; NULL when memory ran out.
 */
char *escape_terminal(const char *text, size_t size, bool ascii_only);

/*
 * A JSON string with its quotes, always valid UTF-8: bytes that are none
 * become U+FFFD; controls, and whatever could disturb a terminal that shows
 * the JSON, become \uNNNN. Otherwise as escape_terminal.
 */
char *escape_json(const char *text, size_t size);

/* Shortens safe text in place to so many columns, with "..." (or one ellipsis) at the end. */
void text_shorten(char *text, unsigned columns, bool ascii_only);

#endif
