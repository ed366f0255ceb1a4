/* SPDX-License-Identifier: MIT */
#include "user/util/escape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t utf8_decode(const char *text, size_t size, uint32_t *code)
{
	const unsigned char *byte = (const unsigned char *)text;
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	if (byte[0] < 0x80)
		length = 1;
	else if ((byte[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((byte[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((byte[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	if (length > size)
		return 0;
	uint32_t value = length == 1 ? byte[0] : byte[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (byte[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return length;
}

bool unicode_is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code <= 0x9f) || /* C0, DEL, C1 */
	       code == 0xad || code == 0x61c || code == 0x180e ||
	       (code >= 0x200b && code <= 0x200f) ||                   /* zero width, direction marks */
	       (code >= 0x2028 && code <= 0x202e) ||                   /* separators, bidi overrides */
	       (code >= 0x2060 && code <= 0x206f) ||                   /* invisible, bidi isolates */
	       code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) || /* byte order mark, annotations */
	       (code & 0xfffe) == 0xfffe ||                            /* no characters at all */
	       (code >= 0xe0000 && code <= 0xe0fff);                   /* tags */
}

static bool unicode_is_wide(uint32_t code)
{
	return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
	       (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
	       (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
	       (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1f64f) ||
	       (code >= 0x1f900 && code <= 0x1f9ff) || (code >= 0x20000 && code <= 0x3fffd);
}

static unsigned code_columns(uint32_t code)
{
	if (code >= 0x300 && code <= 0x36f) /* combining marks */
		return 0;
	return unicode_is_wide(code) ? 2 : 1;
}

unsigned text_columns(const char *text)
{
	unsigned columns = 0;
	size_t left = strlen(text);
	while (left) {
		uint32_t code = 0;
		size_t length = utf8_decode(text, left, &code);
		if (!length)
			length = 1;
		columns += code_columns(code);
		text += length;
		left -= length;
	}
	return columns;
}

char *escape_terminal(const char *text, size_t size, bool ascii_only)
{
	size = strnlen(text, size);
	/* The longest growth is one byte to "\xNN", or three to "\u{NNNN}". */
	char *out = malloc(size * 4 + 8);
	if (!out)
		return NULL;
	size_t used = 0;
	for (size_t i = 0; i < size;) {
		uint32_t code = 0;
		size_t length = utf8_decode(text + i, size - i, &code);
		bool bytes =
			!length || (length > 1 && ascii_only) || (code < 0xa0 && unicode_is_unsafe(code));
		if (!length)
			length = 1;
		if (bytes) {
			for (size_t j = 0; j < length; j++)
				used += (size_t)sprintf(out + used, "\\x%02x", (unsigned char)text[i + j]);
		} else if (unicode_is_unsafe(code)) {
			used += (size_t)sprintf(out + used, "\\u{%x}", code);
		} else {
			memcpy(out + used, text + i, length);
			used += length;
		}
		i += length;
	}
	out[used] = '\0';
	return out;
}

static size_t json_code(char *out, uint32_t code)
{
	if (code < 0x10000)
		return (size_t)sprintf(out, "\\u%04x", code);
	code -= 0x10000;
	return (size_t)sprintf(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
}

char *escape_json(const char *text, size_t size)
{
	size = strnlen(text, size);
	char *out = malloc(size * 6 + 8);
	if (!out)
		return NULL;
	size_t used = 0;
	out[used++] = '"';
	for (size_t i = 0; i < size;) {
		uint32_t code = 0;
		size_t length = utf8_decode(text + i, size - i, &code);
		if (!length) {
			used += json_code(out + used, 0xfffd);
			length = 1;
		} else if (code == '"' || code == '\\') {
			out[used++] = '\\';
			out[used++] = (char)code;
		} else if (unicode_is_unsafe(code)) {
			used += json_code(out + used, code);
		} else {
			memcpy(out + used, text + i, length);
			used += length;
		}
		i += length;
	}
	out[used++] = '"';
	out[used] = '\0';
	return out;
}

void text_shorten(char *text, unsigned columns, bool ascii_only)
{
	if (text_columns(text) <= columns)
		return;
	unsigned mark = ascii_only ? 3 : 1;
	if (columns < mark + 1) {
		text[0] = '\0';
		return;
	}
	size_t left = strlen(text), at = 0;
	unsigned used = 0;
	while (left) {
		uint32_t code = 0;
		size_t length = utf8_decode(text + at, left, &code);
		if (!length)
			length = 1;
		unsigned wide = code_columns(code);
		if (used + wide > columns - mark)
			break;
		used += wide;
		at += length;
		left -= length;
	}
	/* There is room: what is cut off is longer than the mark, unless it was one short wide character. */
	const char *end = ascii_only ? "..." : "\xe2\x80\xa6";
	size_t room = strlen(text + at);
	if (room < 3) {
		text[at] = '\0';
		return;
	}
	memcpy(text + at, end, 4);
}
