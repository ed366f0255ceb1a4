/* SPDX-License-Identifier: MIT */
#include "user/ops/json_stream.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/ops/json_string.h"

#define BUFFER_SIZE (128u << 10)
#define INTEGER_DIGITS 4300

int json_fail(struct json_stream *json, int error, const char *what)
{
	if (json->error)
		return json->error;
	json->error = error;
	unsigned long long byte = json->passed + (uint64_t)(json->at - json->buffer);
	if (error == -EINVAL)
		snprintf(json->message, sizeof(json->message), "not valid JSON at byte %llu: %s", byte, what);
	else
		snprintf(json->message, sizeof(json->message), "%s at byte %llu", what, byte);
	return error;
}

static int bad(struct json_stream *json, const char *what)
{
	return json_fail(json, -EINVAL,
			 json->at == json->end && json->ended ? "the text ends too early" : what);
}

static int make_buffer(struct json_stream *json, int fd, size_t capacity)
{
	memset(json, 0, sizeof(*json));
	json->fd = fd;
	json->buffer = malloc(capacity + JSON_PADDING);
	if (!json->buffer) {
		snprintf(json->message, sizeof(json->message), "out of memory");
		return json->error = -ENOMEM;
	}
	json->capacity = capacity;
	json->at = json->end = json->buffer;
	*json->end = '\0';
	return 0;
}

int json_open(struct json_stream *json, int fd)
{
	return make_buffer(json, fd, BUFFER_SIZE);
}

int json_open_memory(struct json_stream *json, const void *text, size_t size)
{
	int result = make_buffer(json, -1, size + 1);
	if (result)
		return result;
	if (size)
		memcpy(json->buffer, text, size);
	json->end = json->buffer + size;
	*json->end = '\0';
	json->ended = true;
	return 0;
}

void json_close_stream(struct json_stream *json)
{
	free(json->buffer);
	free(json->scratch);
	memset(json, 0, sizeof(*json));
	json->error = -EBADF;
}

/* What is used is thrown away; a token that fills the buffer makes it grow. */
static int make_room(struct json_stream *json)
{
	char *from = json->keep ? json->keep : json->at;
	size_t used = (size_t)(from - json->buffer);
	size_t rest = (size_t)(json->end - from);

	memmove(json->buffer, from, rest);
	json->passed += used;
	json->at -= used;
	json->end -= used;
	if (json->keep)
		json->keep = json->buffer;
	if (rest < json->capacity / 2)
		return 0;
	if (rest >= JSON_TEXT_MOST)
		return json_fail(json, -EINVAL, "a string or number is longer than 16 MiB");
	size_t offset = (size_t)(json->at - json->buffer);
	char *larger = realloc(json->buffer, json->capacity * 2 + JSON_PADDING);
	if (!larger)
		return json_fail(json, -ENOMEM, "out of memory");
	json->buffer = larger;
	json->capacity *= 2;
	json->at = larger + offset;
	json->end = larger + rest;
	if (json->keep)
		json->keep = larger;
	return 0;
}

int json_more(struct json_stream *json)
{
	if (json->error)
		return json->error;
	if (json->ended)
		return 0;
	int result = make_room(json);
	if (result)
		return result;
	ssize_t count;
	do {
		count = read(json->fd, json->end, json->capacity - (size_t)(json->end - json->buffer));
	} while (count < 0 && errno == EINTR);
	if (count < 0) {
		int error = -errno;
		return json_fail(json, error, strerror(-error));
	}
	if (count == 0)
		json->ended = true;
	json->end += count;
	*json->end = '\0';
	return count > 0;
}

int json_need(struct json_stream *json, size_t count)
{
	while ((size_t)(json->end - json->at) < count) {
		int result = json_more(json);
		if (result <= 0)
			return result;
	}
	return 1;
}

/* First byte that is not space, left where it is; 0 at the end. A NUL in the text is never valid. */
static inline int next_byte(struct json_stream *json)
{
	for (;;) {
		unsigned char c = (unsigned char)*json->at;
		if (c > ' ')
			return c;
		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			json->at++;
			continue;
		}
		if (json->at < json->end)
			return bad(json, "unexpected control character");
		int more = json_more(json);
		if (more <= 0)
			return more;
	}
}

int json_peek(struct json_stream *json)
{
	if (json->passed == 0 && json->at == json->buffer) {
		int whole = json_need(json, 3);
		if (whole < 0)
			return whole;
		if (whole && !memcmp(json->at, "\xef\xbb\xbf", 3))
			json->at += 3;
	}
	int byte = next_byte(json);
	return byte == 0 ? -ENODATA : byte;
}

static int read_word(struct json_stream *json, const char *word, size_t length, int type)
{
	int whole = json_need(json, length);
	if (whole < 0)
		return whole;
	if (!whole || memcmp(json->at, word, length))
		return json_fail(json, -EINVAL, "unknown word");
	json->at += length;
	json->fresh = false;
	return type;
}

static int read_number(struct json_stream *json)
{
	json->keep = json->at;
	size_t size = decimal_scan(json->at, &json->number);
	while (json->number.stop == json->end) {
		int more = json_more(json);
		if (more < 0)
			return more;
		if (more == 0)
			break;
		size = decimal_scan(json->at, &json->number);
	}
	json->keep = NULL;
	if (!size)
		return json_fail(json, -EINVAL, "malformed number");
	if (json->number.integer && json->number.digits > INTEGER_DIGITS)
		return json_fail(json, -EINVAL, "an integer of more than 4300 digits");
	if (json->number.absurd)
		return json_fail(json, -EINVAL, "an exponent of more than 18 digits");
	json->at += size;
	json->fresh = false;
	return JSON_NUMBER;
}

static int enter(struct json_stream *json, bool object)
{
	if (json->depth >= JSON_DEPTH)
		return json_fail(json, -EINVAL, "nested too deep");
	uint8_t bit = (uint8_t)(1u << (json->depth % 8));
	if (object)
		json->kind[json->depth / 8] |= bit;
	else
		json->kind[json->depth / 8] &= (uint8_t)~bit;
	json->depth++;
	json->at++;
	json->fresh = true;
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static void leave_one(struct json_stream *json)
{
	json->depth--;
	json->at++;
	json->fresh = false;
}

static inline int value(struct json_stream *json, bool wanted)
{
	if (json->error)
		return json->error;
	int byte = next_byte(json);
	switch (byte) {
	case '"':
		byte = wanted ? json_read_string(json) : json_skip_string(json);
		json->fresh = false;
		return byte < 0 ? byte : JSON_STRING;
	case '{':
		return enter(json, true);
	case '[':
		return enter(json, false);
	case 't':
		return read_word(json, "true", 4, JSON_TRUE);
	case 'f':
		return read_word(json, "false", 5, JSON_FALSE);
	case 'n':
		return read_word(json, "null", 4, JSON_NULL);
	default:
		if (byte == '-' || (byte >= '0' && byte <= '9'))
			return read_number(json);
		return byte < 0 ? byte : bad(json, "a value is expected");
	}
}

int json_value(struct json_stream *json)
{
	return value(json, true);
}

/* 1: go on; 0: the container has ended. */
static inline int step(struct json_stream *json, char closing)
{
	if (json->error)
		return json->error;
	int byte = next_byte(json);
	if (byte < 0)
		return byte;
	if (byte == closing) {
		leave_one(json);
		return 0;
	}
	if (json->fresh)
		return 1;
	if (byte != ',')
		return bad(json, closing == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
	json->at++;
	return 1;
}

static inline int member(struct json_stream *json, bool wanted)
{
	int result = step(json, '}');
	if (result <= 0)
		return result;
	int byte = next_byte(json);
	if (byte != '"')
		return byte < 0 ? byte : bad(json, "expected the name of a member");
	result = wanted ? json_read_string(json) : json_skip_string(json);
	if (result < 0)
		return result;
	if (*json->at == ':') {
		json->at++;
		return 1;
	}
	if (wanted) {
		result = json_save_text(json);
		if (result < 0)
			return result;
	}
	byte = next_byte(json);
	if (byte != ':')
		return byte < 0 ? byte : bad(json, "expected ':'");
	json->at++;
	return 1;
}

int json_member(struct json_stream *json)
{
	return member(json, true);
}

int json_element(struct json_stream *json)
{
	return step(json, ']');
}

static int leave_to(struct json_stream *json, unsigned depth)
{
	while (json->depth > depth) {
		unsigned inner = json->depth - 1;
		bool object = json->kind[inner / 8] >> (inner % 8) & 1;
		int result = object ? member(json, false) : json_element(json);
		if (result > 0)
			result = value(json, false);
		if (result < 0)
			return result;
	}
	return 0;
}

int json_leave(struct json_stream *json)
{
	return leave_to(json, json->depth - 1);
}

int json_skip(struct json_stream *json)
{
	unsigned depth = json->depth;
	int result = value(json, false);
	if (result < 0)
		return result;
	return leave_to(json, depth);
}

int json_finish(struct json_stream *json)
{
	if (json->error)
		return json->error;
	int byte = next_byte(json);
	if (byte > 0)
		return json_fail(json, -EINVAL, "more text follows where the JSON value has ended");
	return byte;
}
