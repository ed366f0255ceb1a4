/* SPDX-License-Identifier: MIT */
#include "user/ops/trace_record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/ops/python_number.h"

#define TEXT_MOST (64u << 20)

void trace_record_free(struct trace_record *record)
{
	free(record->bytes);
	memset(record, 0, sizeof(*record));
}

/* A number of JSON. Integers beyond a double raise an error in Python, other numbers become infinite. */
static int take_number(struct json_stream *json, struct trace_number *number)
{
	int result = decimal_value(&json->number, &number->value);
	if (result)
		return result;
	number->bad = json->number.integer && isinf(number->value);
	return 0;
}

/* text: strings count as float() reads them. */
static int read_number(struct json_stream *json, struct trace_number *number, bool text)
{
	int result = 0;
	int type = json_value(json);

	*number = (struct trace_number){.given = true};
	switch (type) {
	case JSON_NUMBER:
		return take_number(json, number);
	case JSON_TRUE:
		number->value = 1;
		return 0;
	case JSON_FALSE:
		return 0;
	case JSON_STRING:
		result = text ? python_float(json->text, json->length, &number->value) : -EINVAL;
		number->bad = result == -EINVAL;
		return number->bad ? 0 : result;
	case JSON_OBJECT:
	case JSON_ARRAY:
		number->bad = true;
		return json_leave(json);
	default:
		number->bad = true;
		return type < 0 ? type : 0;
	}
}

/* A container is true when something is in it. */
static int container_truth(struct json_stream *json, int type, bool *truth)
{
	int result = type == JSON_OBJECT ? json_member(json) : json_element(json);
	*truth = result > 0;
	if (result <= 0)
		return result;
	result = json_skip(json);
	return result ? result : json_leave(json);
}

static int read_truth(struct json_stream *json, bool *truth)
{
	struct trace_number number = {.given = true};
	int result, type = json_value(json);

	*truth = false;
	switch (type) {
	case JSON_TRUE:
		*truth = true;
		return 0;
	case JSON_NUMBER:
		result = take_number(json, &number);
		*truth = number.value != 0;
		return result;
	case JSON_STRING:
		*truth = json->length > 0;
		return 0;
	case JSON_OBJECT:
	case JSON_ARRAY:
		return container_truth(json, type, truth);
	default:
		return type < 0 ? type : 0;
	}
}

static int keep_text(struct trace_record *record, const char *text, size_t length, struct trace_text *kept)
{
	if (record->used + length > record->size) {
		size_t wanted = (record->used + length) * 2 + 256;
		if (wanted > TEXT_MOST)
			return -EMSGSIZE;
		char *larger = realloc(record->bytes, wanted);
		if (!larger)
			return -ENOMEM;
		record->bytes = larger;
		record->size = wanted;
	}
	if (length)
		memcpy(record->bytes + record->used, text, length);
	*kept = (struct trace_text){.given = true, .start = record->used, .length = length};
	record->used += length;
	return 0;
}

static int read_text(struct trace_record *record, struct json_stream *json, struct trace_text *text)
{
	int type = json_value(json);
	*text = (struct trace_text){0};
	if (type == JSON_STRING)
		return keep_text(record, json->text, json->length, text);
	if (type == JSON_OBJECT || type == JSON_ARRAY)
		return json_leave(json);
	return type < 0 ? type : 0;
}

static int read_metadata(struct trace_record *record, struct json_stream *json)
{
	int type = json_value(json), more;

	record->lag = (struct trace_number){0};
	if (type == JSON_ARRAY)
		return json_leave(json);
	if (type != JSON_OBJECT)
		return type < 0 ? type : 0;
	while ((more = json_member(json)) > 0) {
		bool lag = json->length == 3 && !memcmp(json->text, "lag", 3);
		int result = lag ? read_number(json, &record->lag, false) : json_skip(json);
		if (result)
			return result;
	}
	return more;
}

static bool is_name(const struct json_stream *json, const char *name)
{
	return !memcmp(json->text, name, json->length);
}

/* The value of the member whose name has just been read. Of equal names the last counts. */
static int read_member(struct trace_record *record, struct json_stream *json)
{
	switch (json->length) {
	case 4:
		if (is_name(json, "name"))
			return read_text(record, json, &record->name);
		break;
	case 5:
		if (is_name(json, "error"))
			return read_truth(json, &record->error);
		break;
	case 6:
		if (is_name(json, "memory"))
			return read_number(json, &record->memory, true);
		if (is_name(json, "module"))
			return read_text(record, json, &record->module);
		break;
	case 8:
		if (is_name(json, "duration"))
			return read_number(json, &record->duration, true);
		if (is_name(json, "metadata"))
			return read_metadata(record, json);
		if (is_name(json, "function") && !record->name.given)
			return read_text(record, json, &record->name);
		break;
	case 9:
		if (is_name(json, "wait_time"))
			return read_number(json, &record->wait, true);
		if (is_name(json, "timestamp"))
			return read_number(json, &record->timestamp, false);
		break;
	case 10:
		if (is_name(json, "branch_tag"))
			return read_text(record, json, &record->tag);
		break;
	case 13:
		if (is_name(json, "system_metric"))
			return read_truth(json, &record->system_metric);
		break;
	}
	return json_skip(json);
}

int trace_record_read(struct trace_record *record, struct json_stream *json)
{
	char *bytes = record->bytes;
	size_t size = record->size;
	int more;

	*record = (struct trace_record){.bytes = bytes, .size = size};
	while ((more = json_member(json)) > 0) {
		int result = read_member(record, json);
		if (result)
			return result;
	}
	return more;
}
