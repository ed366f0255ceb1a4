/* SPDX-License-Identifier: MIT */
#include "user/report/json_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"

void json_put_begin(struct json_writer *writer, FILE *out)
{
	memset(writer, 0, sizeof(*writer));
	writer->out = out;
}

int json_put_end(struct json_writer *writer)
{
	putc('\n', writer->out);
	errno = 0;
	if ((fflush(writer->out) || ferror(writer->out)) && !writer->error)
		writer->error = errno ? -errno : -EIO;
	return writer->error;
}

static bool is_flat(const struct json_writer *writer)
{
	return writer->flat_from && writer->depth >= writer->flat_from;
}

static void new_line(struct json_writer *writer)
{
	putc('\n', writer->out);
	for (unsigned i = 0; i < writer->depth; i++)
		fputs("  ", writer->out);
}

/* Comma, line and key: all that comes before a value. */
static void before_value(struct json_writer *writer, const char *key)
{
	if (writer->filled)
		putc(',', writer->out);
	if (!is_flat(writer)) {
		if (writer->depth)
			new_line(writer);
	} else if (writer->filled) {
		putc(' ', writer->out);
	}
	if (key)
		fprintf(writer->out, "\"%s\": ", key);
	writer->filled = true;
}

void json_put_open(struct json_writer *writer, const char *key, char bracket)
{
	before_value(writer, key);
	putc(bracket, writer->out);
	writer->depth++;
	writer->filled = false;
}

void json_put_open_flat(struct json_writer *writer, const char *key, char bracket)
{
	json_put_open(writer, key, bracket);
	if (!writer->flat_from)
		writer->flat_from = writer->depth;
}

void json_put_close(struct json_writer *writer, char bracket)
{
	bool flat = is_flat(writer);
	if (writer->flat_from == writer->depth)
		writer->flat_from = 0;
	writer->depth--;
	if (writer->filled && !flat)
		new_line(writer);
	putc(bracket, writer->out);
	writer->filled = true;
}

void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t size)
{
	char *safe = text ? escape_json(text, size) : NULL;
	if (text && !safe && !writer->error)
		writer->error = -ENOMEM;
	before_value(writer, key);
	fputs(safe ? safe : "null", writer->out);
	free(safe);
}

void json_put_string(struct json_writer *writer, const char *key, const char *text)
{
	json_put_text(writer, key, text, text ? strlen(text) : 0);
}

void json_put_real(struct json_writer *writer, const char *key, double value, int digits)
{
	char text[400]; /* the largest double has 309 digits before its point */
	if (!isfinite(value)) {
		json_put_null(writer, key);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", digits, value);
	/* A negative number that was rounded to nothing. */
	const char *start = text[0] == '-' && !text[1 + strspn(text + 1, "0.")] ? text + 1 : text;
	before_value(writer, key);
	fputs(start, writer->out);
}

void json_put_unsigned(struct json_writer *writer, const char *key, uint64_t value)
{
	before_value(writer, key);
	fprintf(writer->out, "%" PRIu64, value);
}

void json_put_integer(struct json_writer *writer, const char *key, int64_t value)
{
	before_value(writer, key);
	fprintf(writer->out, "%" PRId64, value);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
	before_value(writer, key);
	fputs(value ? "true" : "false", writer->out);
}

void json_put_null(struct json_writer *writer, const char *key)
{
	before_value(writer, key);
	fputs("null", writer->out);
}
