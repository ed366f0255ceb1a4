/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"

static void assert_terminal(const char *text, bool ascii_only, const char *expected)
{
	char *safe = escape_terminal(text, strlen(text), ascii_only);
	cr_assert_str_eq(safe, expected);
	free(safe);
}

static void assert_json(const char *text, const char *expected)
{
	char *safe = escape_json(text, strlen(text));
	cr_assert_str_eq(safe, expected);
	free(safe);
}

Test(escape, terminal)
{
	assert_terminal("request :6379", false, "request :6379");
	assert_terminal("\x1b[31m", false, "\\x1b[31m");
	assert_terminal("a\nb\tc\r", false, "a\\x0ab\\x09c\\x0d");
	assert_terminal("caf\xc3\xa9", false, "caf\xc3\xa9");
	assert_terminal("caf\xc3\xa9", true, "caf\\xc3\\xa9");
	assert_terminal("\xc2\x9b", false, "\\xc2\\x9b");
	assert_terminal("\xe2\x80\xae", false, "\\u{202e}");
	assert_terminal("\xff\xc0\x80", false, "\\xff\\xc0\\x80");
	assert_terminal("", false, "");
}

Test(escape, json)
{
	assert_json("a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_json("\x01\n\x7f", "\"\\u0001\\u000a\\u007f\"");
	assert_json("\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
	assert_json("\xe2\x80\xa8", "\"\\u2028\"");
	assert_json("\xff", "\"\\ufffd\"");
	assert_json("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	assert_json("\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"");
}

Test(escape, stops_at_a_nul_and_at_the_size)
{
	char *safe = escape_terminal("ab\0cd", 5, false);
	cr_assert_str_eq(safe, "ab");
	free(safe);
	safe = escape_terminal("abcd", 2, false);
	cr_assert_str_eq(safe, "ab");
	free(safe);
	safe = escape_json("caf\xc3\xa9", 4);
	cr_assert_str_eq(safe, "\"caf\\ufffd\"");
	free(safe);
}

Test(escape, decodes_only_strict_utf8)
{
	uint32_t code = 0;
	cr_assert_eq(utf8_decode("\xe2\x82\xac", 3, &code), 3);
	cr_assert_eq(code, 0x20ac);
	cr_assert_eq(utf8_decode("\xe2\x82\xac", 2, &code), 0, "cut");
	cr_assert_eq(utf8_decode("\xc0\xaf", 2, &code), 0, "overlong");
	cr_assert_eq(utf8_decode("\xf4\x90\x80\x80", 4, &code), 0, "beyond the last");
	cr_assert_eq(utf8_decode("\x80", 1, &code), 0, "a continuation");
	cr_assert_eq(utf8_decode("\xed\xbf\xbf", 3, &code), 0, "a surrogate");
}

Test(escape, columns)
{
	cr_assert_eq(text_columns("abc"), 3);
	cr_assert_eq(text_columns("caf\xc3\xa9"), 4);
	cr_assert_eq(text_columns("\xe6\xbc\xa2\xe5\xad\x97"), 4);
	cr_assert_eq(text_columns("e\xcc\x81"), 1);
}

Test(escape, shortens_to_columns)
{
	static const struct {
		const char *text;
		unsigned columns;
		bool ascii;
		const char *expected;
	} sample[] = {
		{"short", 5, true, "short"},
		{"longer text", 8, true, "longe..."},
		{"longer text", 8, false, "longer \xe2\x80\xa6"},
		{"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", 4, false, "\xe6\xbc\xa2\xe2\x80\xa6"},
		{"longer", 2, true, ""},
	};
	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		char *text = strdup(sample[i].text);
		text_shorten(text, sample[i].columns, sample[i].ascii);
		cr_assert_str_eq(text, sample[i].expected);
		free(text);
	}
}

Test(escape, any_two_bytes)
{
	for (int a = 1; a < 256; a++) {
		for (int b = 1; b < 256; b++) {
			char text[3] = {(char)a, (char)b, 0};
			char *safe = escape_terminal(text, 2, false);
			size_t left = strlen(safe);
			for (const char *at = safe; left;) {
				uint32_t code = 0;
				size_t length = utf8_decode(at, left, &code);
				cr_assert(length && !unicode_is_unsafe(code), "%02x %02x", a, b);
				at += length;
				left -= length;
			}
			free(safe);
		}
	}
}
