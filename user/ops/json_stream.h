/* SPDX-License-Identifier: MIT */
/*
 * JSON, read piece by piece from a descriptor, in memory that does not depend
 * on the size of the text. The caller walks: json_value gives the next value;
 * for an object or array it gives only its beginning, and json_member or
 * json_element step through it (or json_skip passes over it).
 *
 * What is taken: RFC 8259, in strict UTF-8, with \v and \f as space besides.
 * As in the parser that pypss uses, a lone high surrogate reads as '?', a lone
 * low one is an error, integers have at most 4,300 digits, and nothing is
 * nested deeper than JSON_DEPTH.
 *
 * After an error every call returns the same error, and `message` is one line
 * that says what is wrong and where.
 */
#ifndef PSS_JSON_STREAM_H
#define PSS_JSON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/ops/decimal.h"

#define JSON_DEPTH 480             /* where Python gives up, whose calls take two frames a level */
#define JSON_TEXT_MOST (16u << 20) /* bytes of one string or number */

enum json_type {
	JSON_NULL = 0,
	JSON_FALSE = 1,
	JSON_TRUE = 2,
	JSON_NUMBER = 3,
	JSON_STRING = 4,
	JSON_OBJECT = 5,
	JSON_ARRAY = 6,
};

struct json_stream {
	int fd;       /* -1: all is in the buffer */
	bool ended;   /* no more to read */
	char *buffer; /* owned: capacity bytes and JSON_PADDING more */
	size_t capacity;
	char *at, *end;                   /* what has been read and not used; *end is NUL */
	char *keep;                       /* a token that began here must stay; NULL: none */
	uint64_t passed;                  /* bytes before the buffer */
	bool fresh;                       /* just inside a container: no comma is due */
	unsigned depth;                   /* containers that are open */
	uint8_t kind[JSON_DEPTH / 8 + 1]; /* a bit for each: 1 is an object */
	char *scratch;                    /* owned: decoded strings */
	size_t scratch_size;
	struct decimal number; /* the last JSON_NUMBER; valid until the next call */
	const char *text;      /* the last string or member name, decoded; likewise */
	size_t length;
	int error;
	char message[160];
};

/* Both: 0 or -ENOMEM. json_open_memory takes a copy. Close after failure too. */
int json_open(struct json_stream *json, int fd);
int json_open_memory(struct json_stream *json, const void *text, size_t size);
void json_close_stream(struct json_stream *json);

/* First byte that is not space, after a byte-order mark if there is one; -ENODATA at the end. Takes no value.
 */
int json_peek(struct json_stream *json);

/* Type of the next value, or negative errno. A scalar has then been read whole. */
int json_value(struct json_stream *json);
/* In an object: 1, and text is the name of a member whose value is next; 0: it has ended. */
int json_member(struct json_stream *json);
/* In an array: 1: an element is next; 0: it has ended. */
int json_element(struct json_stream *json);
/* Passes over the next value. 0 or negative errno. */
int json_skip(struct json_stream *json);
/* Passes over the rest of a container whose beginning json_value gave. */
int json_leave(struct json_stream *json);
/* 0 when nothing but space follows. */
int json_finish(struct json_stream *json);

#endif
