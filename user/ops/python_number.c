/* SPDX-License-Identifier: MIT */
#include "user/ops/python_number.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "user/ops/decimal.h"
#include "user/util/escape.h"

/* The digit zero of every script that has decimal digits (Unicode 14, category Nd); one to nine follow it. */
static const uint32_t zero_digit[] = {
	0x30,    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,   0xc66,
	0xce6,   0xd66,   0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,  0x1810,  0x1946,
	0x19d0,  0x1a80,  0x1a90,  0x1b50,  0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900,  0xa9d0,
	0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0,
	0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60,
	0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
};

static int digit_of(uint32_t code)
{
	for (size_t i = 0; i < sizeof(zero_digit) / sizeof(zero_digit[0]); i++) {
		if (code >= zero_digit[i] && code < zero_digit[i] + 10)
			return (int)(code - zero_digit[i]);
	}
	return -1;
}

static bool is_wide_space(uint32_t code)
{
	return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
	       code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits and spaces of all scripts become ASCII; anything else that is not ASCII cannot be part of a number.
 */
static int to_ascii(const char *text, size_t size, char *ascii, size_t *length)
{
	size_t used = 0;
	for (size_t at = 0; at < size;) {
		uint32_t code;
		size_t step = utf8_decode(text + at, size - at, &code);
		if (!step || !code)
			return -EINVAL;
		if (code < 0x80) {
			ascii[used++] = (char)code;
		} else if (is_wide_space(code)) {
			ascii[used++] = ' ';
		} else {
			int digit = digit_of(code);
			if (digit < 0)
				return -EINVAL;
			ascii[used++] = (char)('0' + digit);
		}
		at += step;
	}
	ascii[used] = '\0';
	*length = used;
	return 0;
}

/* An underscore stands between two digits; they are taken out in place. */
static int drop_underscores(char *text)
{
	char *to = text;
	for (char *from = text; *from; from++) {
		if (*from != '_') {
			*to++ = *from;
			continue;
		}
		if (from == text || !is_digit(from[-1]) || !is_digit(from[1]))
			return -EINVAL;
	}
	*to = '\0';
	return 0;
}

static const char *skip_digits(const char *at)
{
	while (is_digit(*at))
		at++;
	return at;
}

/* Sign, digits with a point anywhere among them, exponent: all of the text. */
static bool is_float_literal(const char *at)
{
	if (*at == '+' || *at == '-')
		at++;
	const char *whole = at;
	at = skip_digits(at);
	ptrdiff_t digits = at - whole;
	if (*at == '.') {
		const char *fraction = ++at;
		at = skip_digits(at);
		digits += at - fraction;
	}
	if (digits == 0)
		return false;
	if (*at == 'e' || *at == 'E') {
		at++;
		if (*at == '+' || *at == '-')
			at++;
		const char *exponent = at;
		at = skip_digits(at);
		if (at == exponent)
			return false;
	}
	return *at == '\0';
}

static bool is_special(const char *text, double *value)
{
	const char *word = text + (*text == '+' || *text == '-');
	if (!strcasecmp(word, "inf") || !strcasecmp(word, "infinity"))
		*value = *text == '-' ? -INFINITY : INFINITY;
	else if (!strcasecmp(word, "nan"))
		*value = NAN;
	else
		return false;
	return true;
}

static int parse_ascii(char *text, size_t length, double *value)
{
	while (length && is_space(text[length - 1]))
		text[--length] = '\0';
	while (is_space(*text))
		text++;
	if (is_special(text, value))
		return 0;
	if (drop_underscores(text) || !is_float_literal(text))
		return -EINVAL;
	return decimal_text(text, strlen(text), value);
}

int python_float(const char *text, size_t size, double *value)
{
	char small[128];
	char *ascii = size < sizeof(small) ? small : malloc(size + 1);
	if (!ascii)
		return -ENOMEM;
	size_t length = 0;
	int result = to_ascii(text, size, ascii, &length);
	if (!result)
		result = parse_ascii(ascii, length, value);
	if (ascii != small)
		free(ascii);
	return result;
}
