/* SPDX-License-Identifier: MIT */
#include "user/ops/json_stream.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/ops/python_number.h"

/* What a walk saw, one token after the other: "[1 s:abc {k:a=t} ]". */
struct trail {
	char text[4096];
	size_t used;
};

static void note(struct trail *trail, const char *what, const char *text, size_t length)
{
	int room = (int)(sizeof(trail->text) - trail->used);
	int put = snprintf(trail->text + trail->used, (size_t)room, "%s%.*s ", what, (int)length, text);
	cr_assert(put >= 0 && put < room);
	trail->used += (size_t)put;
}

static int walk(struct json_stream *json, struct trail *trail)
{
	int more, result, type = json_value(json);
	char number[32];
	double value;

	switch (type) {
	case JSON_NUMBER:
		cr_assert_eq(decimal_value(&json->number, &value), 0);
		snprintf(number, sizeof(number), "%.17g", value);
		note(trail, "", number, strlen(number));
		return 0;
	case JSON_STRING:
		note(trail, "s:", json->text, json->length);
		return 0;
	case JSON_OBJECT:
		note(trail, "{", "", 0);
		while ((more = json_member(json)) > 0) {
			note(trail, "k:", json->text, json->length);
			result = walk(json, trail);
			if (result)
				return result;
		}
		note(trail, "}", "", 0);
		return more;
	case JSON_ARRAY:
		note(trail, "[", "", 0);
		while ((more = json_element(json)) > 0) {
			result = walk(json, trail);
			if (result)
				return result;
		}
		note(trail, "]", "", 0);
		return more;
	default:
		note(trail, type == JSON_NULL ? "null" : type == JSON_TRUE ? "true" : "false", "", 0);
		return type < 0 ? type : 0;
	}
}

/* Walks, and passes over without looking: both must agree on whether the text is valid. */
static int read_all(const char *text, size_t size, struct trail *trail)
{
	struct json_stream json;

	cr_assert_eq(json_open_memory(&json, text, size), 0);
	memset(trail, 0, sizeof(*trail));
	int result = walk(&json, trail);
	result = result ? result : json_finish(&json);
	cr_expect_eq(result != 0, json.message[0] != '\0');
	json_close_stream(&json);

	cr_assert_eq(json_open_memory(&json, text, size), 0);
	int skipped = json_skip(&json);
	skipped = skipped ? skipped : json_finish(&json);
	cr_expect_eq(skipped, result, "%.*s", (int)size, text);
	json_close_stream(&json);
	return result;
}

static void expect_trail(const char *text, const char *want)
{
	struct trail trail;
	cr_expect_eq(read_all(text, strlen(text), &trail), 0, "%s", text);
	cr_expect_str_eq(trail.text, want);
}

Test(json_stream, values)
{
	expect_trail("{}", "{ } ");
	expect_trail(" [ ] ", "[ ] ");
	expect_trail("[1,-2.5e1,0,1E+2,[],{\"a\":{\"b\":[null,true,false]}}]",
		     "[ 1 -25 0 100 [ ] { k:a { k:b [ null true false ] } } ] ");
	expect_trail("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s:\"\\/\b\f\n\r\t ");
	expect_trail("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude80\"", "s:A\u00e9\u20ac\U0001f680 ");
	expect_trail("\"\u51e6\u7406\x7f\"", "s:\u51e6\u7406\x7f ");
	expect_trail("{\"a\" :\v1\f, \"a\":2}", "{ k:a 1 k:a 2 } ");
	expect_trail("\"\\ud800\"", "s:? ");
	expect_trail("\"\\ud800x\"", "s:?x ");
	expect_trail("\"\\ud800\\n\"", "s:?\n ");
	expect_trail("\"\\ud800\\u0041\"", "s:\U00010041 ");
}

Test(json_stream, refused)
{
	static const char *const text[] = {
		"",
		"[",
		"]",
		"[1,]",
		"{\"a\":1,}",
		"[,1]",
		"{,}",
		"{\"a\"}",
		"{\"a\":}",
		"{1:2}",
		"[1 2]",
		"{\"a\":1 \"b\":2}",
		"01",
		"[01]",
		"[-]",
		"[1.]",
		"[.5]",
		"[1e]",
		"[1e+]",
		"[+1]",
		"[0x10]",
		"[1_0]",
		"[NaN]",
		"[Infinity]",
		"[-Infinity]",
		"[nul]",
		"[truee]",
		"[True]",
		"[\"a]",
		"[\"\\x\"]",
		"[\"\\u12\"]",
		"[\"\\u12g4\"]",
		"[\"\\udc00\"]",
		"[\"\\ud800\\u12\"]",
		"[\"a\tb\"]",
		"[\"a\nb\"]",
		"[\"\xff\"]",
		"[\"\xc0\x80\"]",
		"[\"\xed\xa0\x80\"]",
		"[\"\xe6\x97\"]",
		"[\"\xf5\x80\x80\x80\"]",
		"[1]x",
		"[1][2]",
		"[1/*c*/]",
		"[1//c\n]",
		"{'a':1}",
		"[1}",
		"{\"a\":1]",
		"\x01",
		"[\x1f]",
		"[1e1000000000000000000]",
	};
	struct trail trail;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		cr_expect_eq(read_all(text[i], strlen(text[i]), &trail), -EINVAL, "%s: %s", text[i],
			     trail.text);
	cr_expect_eq(read_all("[1]\0", 4, &trail), -EINVAL);
	cr_expect_eq(read_all("[\0]", 3, &trail), -EINVAL);
	cr_expect_eq(read_all("[\"\0\"]", 5, &trail), -EINVAL);
	cr_expect_eq(read_all("[1\0]", 4, &trail), -EINVAL);
}

static int nested(size_t depth)
{
	struct trail trail;
	char *text = malloc(2 * depth);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	int result = read_all(text, 2 * depth, &trail);
	free(text);
	return result;
}

Test(json_stream, bounds)
{
	struct trail trail;
	char *digits = malloc(4302);

	cr_expect_eq(nested(JSON_DEPTH), 0);
	cr_expect_eq(nested(JSON_DEPTH + 1), -EINVAL);
	cr_expect_eq(nested(1000000), -EINVAL);
	memset(digits, '7', 4301);
	cr_expect_eq(read_all(digits, 4300, &trail), 0);
	cr_expect_eq(read_all(digits, 4301, &trail), -EINVAL);
	digits[1] = '.';
	cr_expect_eq(read_all(digits, 4301, &trail), 0);
	free(digits);
}

/* A socket of packets: each read gives one of them, so that the text breaks wherever a test wants. */
static int packets_open(int pair[2])
{
	int most = 1 << 20;
	int result = socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	return result;
}

static int read_packets(const char *text, size_t size, size_t first, size_t each, struct trail *trail)
{
	struct json_stream json;
	int pair[2];

	cr_assert_eq(packets_open(pair), 0);
	for (size_t at = 0; at < size;) {
		size_t part = at == 0 && first ? first : each;
		part = part < size - at ? part : size - at;
		cr_assert_eq(send(pair[0], text + at, part, 0), (ssize_t)part);
		at += part;
	}
	close(pair[0]);
	memset(trail, 0, sizeof(*trail));
	cr_assert_eq(json_open(&json, pair[1]), 0);
	cr_expect_geq(json_peek(&json), 0);
	int result = walk(&json, trail);
	result = result ? result : json_finish(&json);
	json_close_stream(&json);
	close(pair[1]);
	return result;
}

Test(json_stream, breaks_anywhere)
{
	static const char text[] = "\xef\xbb\xbf [ 12.5e-3 , true,\"pl\\u00e9ain \xe5\x87\xa6 "
				   "\\ud83d\\ude80\" ,null, {\"n\\u0061me\" : "
				   "-1234567890123456789, \"b\":[false]} ]\n";
	struct trail whole, parts;

	cr_assert_eq(read_packets(text, sizeof(text) - 1, 0, sizeof(text), &whole), 0);
	cr_expect(strstr(whole.text, "k:name -1.2345678901234568e+18 k:b [ false ] }"), "%s", whole.text);
	for (size_t first = 1; first < sizeof(text) - 1; first++) {
		cr_assert_eq(read_packets(text, sizeof(text) - 1, first, sizeof(text), &parts), 0, "%zu",
			     first);
		cr_expect_str_eq(parts.text, whole.text);
	}
	cr_assert_eq(read_packets(text, sizeof(text) - 1, 0, 1, &parts), 0);
	cr_expect_str_eq(parts.text, whole.text);
}

Test(json_stream, cut_anywhere_is_refused)
{
	static const char text[] = "[{\"a\":[1.5e3,\"\\u00e9\xe5\x87\xa6\"],\"b\":null},true]";
	struct trail trail;
	for (size_t size = 0; size < sizeof(text) - 1; size++)
		cr_expect_eq(read_all(text, size, &trail), -EINVAL, "%zu", size);
}

static int read_long_string(size_t length)
{
	struct json_stream json;
	FILE *file = tmpfile();
	cr_assert_not_null(file);
	fputs("[\"", file);
	for (size_t i = 0; i < length; i++)
		fputc('x', file);
	fputs("\",7]", file);
	fflush(file);
	lseek(fileno(file), 0, SEEK_SET);
	cr_assert_eq(json_open(&json, fileno(file)), 0);
	cr_assert_eq(json_value(&json), JSON_ARRAY);
	cr_assert_eq(json_element(&json), 1);
	int type = json_value(&json);
	if (type == JSON_STRING) {
		cr_expect_eq(json.length, length);
		cr_expect_eq(json.text[length - 1], 'x');
		cr_expect_eq(json_element(&json), 1);
		cr_expect_eq(json_value(&json), JSON_NUMBER);
	}
	json_close_stream(&json);
	fclose(file);
	return type;
}

Test(json_stream, long_strings)
{
	cr_expect_eq(read_long_string(1000000), JSON_STRING);
	cr_expect_eq(read_long_string(JSON_TEXT_MOST - 100), JSON_STRING);
	cr_expect_eq(read_long_string(3u * JSON_TEXT_MOST), -EINVAL);
}

/* A string that nobody wants is read in the memory of the buffer, whatever its length. */
Test(json_stream, skipped_strings_are_not_kept)
{
	struct json_stream json;
	FILE *file = tmpfile();
	fputs("[\"", file);
	for (size_t i = 0; i < 3u * JSON_TEXT_MOST; i++)
		fputc(i % 100 ? 'x' : '/', file);
	fputs("\"]", file);
	fflush(file);
	lseek(fileno(file), 0, SEEK_SET);
	cr_assert_eq(json_open(&json, fileno(file)), 0);
	size_t capacity = json.capacity;
	cr_expect_eq(json_skip(&json), 0);
	cr_expect_eq(json_finish(&json), 0);
	cr_expect_eq(json.capacity, capacity);
	json_close_stream(&json);
	fclose(file);
}

Test(json_stream, errors_stay)
{
	struct json_stream json;
	cr_assert_eq(json_open_memory(&json, "[1 2]", 5), 0);
	cr_expect_eq(json_value(&json), JSON_ARRAY);
	cr_expect_eq(json_element(&json), 1);
	cr_expect_eq(json_value(&json), JSON_NUMBER);
	cr_expect_eq(json_element(&json), -EINVAL);
	cr_expect(strstr(json.message, "byte 3"), "%s", json.message);
	cr_expect_eq(json_value(&json), -EINVAL);
	cr_expect_eq(json_element(&json), -EINVAL);
	cr_expect_eq(json_skip(&json), -EINVAL);
	cr_expect_eq(json_finish(&json), -EINVAL);
	json_close_stream(&json);
	cr_assert_eq(json_open(&json, -1), 0);
	cr_expect_eq(json_value(&json), -EBADF);
	json_close_stream(&json);
}

/* The short way and strtod must agree to the last bit. */
Test(json_stream, decimals_are_rounded_once)
{
	uint64_t state = 3;
	char text[64];
	int seen = 0;

	for (int i = 0; i < 200000; i++) {
		struct decimal decimal;
		double have;
		state = state * 6364136223846793005u + 1442695040888963407u;
		unsigned long long digits = state >> (state & 63);
		if (i % 3 == 0)
			snprintf(text, sizeof(text), "%llu.%03lluE%d", digits % 100000000, digits % 1000,
				 (int)(state % 61) - 30);
		else if (i % 3 == 1)
			snprintf(text, sizeof(text), "-0.%017llu", digits % 100000000000000000);
		else
			snprintf(text, sizeof(text), "%llu", digits);
		cr_assert_eq(decimal_scan(text, &decimal), strlen(text), "%s", text);
		cr_assert_eq(decimal_value(&decimal, &have), 0);
		cr_assert_eq(have, strtod(text, NULL), "%s: %.17g", text, have);
		seen += decimal.exact;
	}
	cr_expect_gt(seen, 100000);
}

Test(json_stream, decimals_at_the_edge)
{
	/* Half way between two doubles, and next to it. */
	static const char *const text[] = {
		"9007199254740993",
		"9007199254740992.9999",
		"9007199254740993.0001",
		"1e23",
		"8.5e22",
		"2.2250738585072011e-308",
		"4.9e-324",
		"2.4e-324",
		"1.7976931348623158e308",
		"1.7976931348623159e308",
		"0.000000000000000000000000000123e-5",
		"123456789012345678901234567890",
		"0e999999999999999999",
		"1e-400",
	};
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		struct decimal decimal;
		double have;
		cr_assert_eq(decimal_scan(text[i], &decimal), strlen(text[i]));
		cr_assert_eq(decimal_value(&decimal, &have), 0);
		cr_expect_eq(have, strtod(text[i], NULL), "%s: %.17g", text[i], have);
	}
}

/* As Python 3.11's float() answers; NULL ends. A number that is not one is NAN in the table. */
Test(json_stream, numbers_of_python)
{
	static const struct {
		const char *text;
		double value; /* -7: refused */
	} vector[] = {
		{"1_0", 10},
		{"1__0", -7},
		{"_1", -7},
		{"1_", -7},
		{"1e1_0", 1e10},
		{"1_e1", -7},
		{"1._0", -7},
		{"1.0_0", 1},
		{".5", .5},
		{"5.", 5},
		{".", -7},
		{"+.5e-3", 5e-4},
		{" +1 ", 1},
		{"+ 1", -7},
		{"infinity", INFINITY},
		{"INF", INFINITY},
		{"-iNf", -INFINITY},
		{"nan1", -7},
		{"infin", -7},
		{"1e", -7},
		{"1e+", -7},
		{"0x1", -7},
		{"\u0661\u0662.\u0665", 12.5},
		{"1e\u0661", 10},
		{"\U0001d7cf\U0001d7d0", 12},
		{"\uff11", 1},
		{"\u00b2", -7},
		{"\u2167", -7},
		{"\u200b1", -7},
		{"1\u00a0", 1},
		{"\xc2\x85"
		 "1",
		 1},
		{"\x1c"
		 "1",
		 -7},
		{"1\n", 1},
		{"", -7},
		{"  ", -7},
		{"1,5", -7},
		{"1e400", INFINITY},
		{"1_0.0_1e1_0", 1.001e11},
		{"\ufeff1", -7},
		{"_", -7},
		{"in_f", -7},
		{"0_1", 1},
		{"\u22121", -7},
		{"\u20031\u3000", 1},
		{"--1", -7},
		{"1 2", -7},
		{"0b1", -7},
		{"1e5", 1e5},
	};
	double value;

	for (size_t i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		int result = python_float(vector[i].text, strlen(vector[i].text), &value);
		if (vector[i].value == -7)
			cr_expect_eq(result, -EINVAL, "%s", vector[i].text);
		else
			cr_expect(result == 0 && value == vector[i].value, "%s: %d %.17g", vector[i].text,
				  result, value);
	}
	cr_expect_eq(python_float("-nan", 4, &value), 0);
	cr_expect(isnan(value));
	cr_expect_eq(python_float("1\0", 2, &value), -EINVAL);
	cr_expect_eq(python_float("1\0"
				  "2",
				  3, &value),
		     -EINVAL);
}
