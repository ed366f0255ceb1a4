/* SPDX-License-Identifier: MIT */
#include "user/ops/json_string.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first byte that is a quote, a backslash, a control or not ASCII. The NUL at the end of the buffer is
 * one. */
static inline char *plain_end(char *at)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
	for (;; at += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
		/* Signed: bytes from 0x80 on are below the space as controls are. */
		__m128i special = _mm_or_si128(
			_mm_cmplt_epi8(bytes, space),
			_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
		int mask = _mm_movemask_epi8(special);
		if (mask)
			return at + __builtin_ctz((unsigned)mask);
	}
#else
	while ((unsigned char)*at >= ' ' && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
		at++;
	return at;
#endif
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Four hexadecimal digits; negative when they are not. Stops at the first that is none. */
static int32_t hex_unit(const char *at)
{
	int32_t unit = 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);
		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

/*
 * One \uXXXX, or two that make one code point; at stands at the backslash.
 * Returns the bytes taken, 0 when malformed. What follows a high surrogate is
 * taken for the low one unseen, as pypss's parser does.
 */
static size_t unicode_escape(const char *at, uint32_t *code)
{
	int32_t unit = hex_unit(at + 2);
	if (unit < 0 || (unit & 0xfc00) == 0xdc00)
		return 0;
	*code = (uint32_t)unit;
	if ((unit & 0xfc00) != 0xd800)
		return 6;
	if (at[6] != '\\' || at[7] != 'u') {
		*code = '?';
		return 6;
	}
	int32_t low = hex_unit(at + 8);
	if (low < 0)
		return 0;
	*code = 0x10000 + (((uint32_t)unit & 0x3ff) << 10 | ((uint32_t)low & 0x3ff));
	return 12;
}

static int pass_escape(struct json_stream *json)
{
	uint32_t code;
	int more = json_need(json, 12);
	if (more < 0)
		return more;
	switch (json->at[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		json->at += 2;
		return 0;
	case 'u': {
		size_t size = unicode_escape(json->at, &code);
		json->at += size;
		return size ? 0 : json_fail(json, -EINVAL, "a \\u escape that is no character");
	}
	default:
		return json_fail(json, -EINVAL, "unknown escape in a string");
	}
}

static int pass_character(struct json_stream *json)
{
	uint32_t code;
	int more = json_need(json, 4);
	if (more < 0)
		return more;
	size_t size = utf8_decode(json->at, (size_t)(json->end - json->at), &code);
	json->at += size;
	return size ? 0 : json_fail(json, -EINVAL, "not valid UTF-8");
}

/* Everything in a string that is not plain ASCII. */
static int pass_special(struct json_stream *json, bool *escaped)
{
	unsigned char c = (unsigned char)*json->at;
	if (json->at == json->end) {
		int more = json_more(json);
		return more ? more : json_fail(json, -EINVAL, "the text ends inside a string");
	}
	if (c == '\\') {
		*escaped = true;
		return pass_escape(json);
	}
	if (c >= 0x80)
		return pass_character(json);
	return json_fail(json, -EINVAL, "a control character in a string");
}

static inline int pass_string(struct json_stream *json, bool *escaped)
{
	json->at++;
	for (;;) {
		json->at = plain_end(json->at);
		if (*json->at == '"') {
			json->at++;
			return 0;
		}
		int result = pass_special(json, escaped);
		if (result < 0)
			return result;
	}
}

int json_skip_string(struct json_stream *json)
{
	bool escaped;
	return pass_string(json, &escaped);
}

static int grow_scratch(struct json_stream *json, size_t size)
{
	if (size <= json->scratch_size)
		return 0;
	size_t wanted = size < 256 ? 256 : size + size / 2;
	char *larger = realloc(json->scratch, wanted);
	if (!larger)
		return json_fail(json, -ENOMEM, "out of memory");
	json->scratch = larger;
	json->scratch_size = wanted;
	return 0;
}

static size_t put_utf8(char *to, uint32_t code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static char plain_escape(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* Escapes have been checked, and never become longer. */
static int decode(struct json_stream *json, const char *from, size_t size)
{
	int result = grow_scratch(json, size);
	if (result)
		return result;
	const char *end = from + size;
	char *to = json->scratch;
	while (from < end) {
		if (*from != '\\') {
			*to++ = *from++;
		} else if (from[1] == 'u') {
			uint32_t code = 0;
			from += unicode_escape(from, &code);
			to += put_utf8(to, code);
		} else {
			*to++ = plain_escape(from[1]);
			from += 2;
		}
	}
	json->text = json->scratch;
	json->length = (size_t)(to - json->scratch);
	return 0;
}

int json_read_string(struct json_stream *json)
{
	bool escaped = false;
	json->keep = json->at;
	int result = pass_string(json, &escaped);
	const char *start = json->keep + 1;
	json->keep = NULL;
	if (result < 0)
		return result;
	json->text = start;
	json->length = (size_t)(json->at - 1 - start);
	return escaped ? decode(json, start, json->length) : 0;
}

int json_save_text(struct json_stream *json)
{
	if (json->text == json->scratch && json->scratch)
		return 0;
	int result = grow_scratch(json, json->length ? json->length : 1);
	if (result)
		return result;
	memcpy(json->scratch, json->text, json->length);
	json->text = json->scratch;
	return 0;
}
