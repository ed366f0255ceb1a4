/* SPDX-License-Identifier: MIT */
/* Strings of a JSON stream: for json_stream.c alone. */
#ifndef PSS_JSON_STRING_H
#define PSS_JSON_STRING_H

#include "user/ops/json_stream.h"

#define JSON_PADDING 32 /* bytes after the buffer that may be read in one go */

/* Both stand at the opening quote and end after the closing one. Read leaves text and length. */
int json_read_string(struct json_stream *json);
int json_skip_string(struct json_stream *json);
/* The text moves out of the buffer, so that reading on does not disturb it. */
int json_save_text(struct json_stream *json);

/* Reads on: 1; 0 at the end of the text; negative errno. Bytes from `keep`, or else `at`, stay, and may move.
 */
int json_more(struct json_stream *json);
/* 1 when so many bytes are there; 0 at the end of the text. */
int json_need(struct json_stream *json, size_t count);
/* Sets the error, once, and gives it back. */
int json_fail(struct json_stream *json, int error, const char *what);

#endif
