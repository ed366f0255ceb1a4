/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON in one pass: indented by two spaces, small containers on one
 * line, the same bytes for the same calls. What is not finite becomes null.
 * Errors are remembered and come back at the end. Private to the report views.
 */
#ifndef PSS_JSON_WRITER_H
#define PSS_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
	FILE *out;
	unsigned depth;     /* open containers */
	unsigned flat_from; /* depth from which all is on one line; 0: nowhere */
	bool filled;        /* the open container has something in it */
	int error;          /* first negative errno */
};

void json_put_begin(struct json_writer *writer, FILE *out);
/* Ends the line. 0 or negative errno. Flushes. */
int json_put_end(struct json_writer *writer);

/* key NULL: an element of an array, or the outermost value. key is ours, never a target's text. */
void json_put_open(struct json_writer *writer, const char *key, char bracket); /* '{' or '[' */
void json_put_open_flat(struct json_writer *writer, const char *key, char bracket);
void json_put_close(struct json_writer *writer, char bracket); /* '}' or ']' */

/* At most size bytes of any text; NULL text: null. */
void json_put_text(struct json_writer *writer, const char *key, const char *text, size_t size);
void json_put_string(struct json_writer *writer, const char *key, const char *text);
void json_put_real(struct json_writer *writer, const char *key, double value, int digits);
void json_put_unsigned(struct json_writer *writer, const char *key, uint64_t value);
void json_put_integer(struct json_writer *writer, const char *key, int64_t value);
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_put_null(struct json_writer *writer, const char *key);

#endif
