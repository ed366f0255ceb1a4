/* SPDX-License-Identifier: MIT */
#include "user/ops/trace_parse.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/ops/trace_record.h"

void pypss_columns_init(struct pypss_columns *columns)
{
	memset(columns, 0, sizeof(*columns));
}

void pypss_columns_free(struct pypss_columns *columns)
{
	free(columns->duration);
	free(columns->memory);
	free(columns->wait);
	free(columns->lag);
	free(columns->error);
	free(columns->tag);
	memset(columns, 0, sizeof(*columns));
}

void trace_file_free(struct trace_file *file)
{
	text_table_free(&file->tags);
	text_table_free(&file->names);
	free(file->row);
	memset(file, 0, sizeof(*file));
}

/* The array with room for one more: the same, or a larger one in its place; NULL: the old one stays. */
static void *grow(void *array, size_t count, size_t *capacity, size_t element)
{
	size_t wanted = *capacity ? *capacity + *capacity / 2 : 1024;

	if (count < *capacity)
		return array;
	void *larger = realloc(array, wanted * element);
	if (larger)
		*capacity = wanted;
	return larger;
}

static int grow_reals(double **column, size_t count, size_t capacity, size_t *wanted)
{
	*wanted = capacity;
	double *larger = grow(*column, count, wanted, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	*column = larger;
	return 0;
}

/* The four columns of every record grow together: none is longer than the first. */
static int grow_columns(struct trace_file *file)
{
	struct pypss_columns *columns = file->columns;
	size_t have = file->capacity, count = columns->durations, wanted = have;

	if (count < have)
		return 0;
	uint8_t *error = grow(columns->error, count, &wanted, sizeof(*error));
	if (!error)
		return -ENOMEM;
	columns->error = error;
	if (grow_reals(&columns->duration, count, have, &wanted) ||
	    grow_reals(&columns->memory, count, have, &wanted) ||
	    grow_reals(&columns->wait, count, have, &wanted))
		return -ENOMEM;
	file->capacity = wanted;
	return 0;
}

static int add_lag(struct trace_file *file, const struct trace_record *record)
{
	struct pypss_columns *columns = file->columns;
	if (!record->lag.given)
		return 0;
	double *lag = grow(columns->lag, columns->lags, &file->lag_capacity, sizeof(*lag));
	if (!lag)
		return -ENOMEM;
	columns->lag = lag;
	columns->lag[columns->lags++] = record->lag.bad ? NAN : record->lag.value;
	return 0;
}

static int add_tag(struct trace_file *file, const struct trace_record *record, uint8_t *has)
{
	struct pypss_columns *columns = file->columns;
	if (!record->tag.given || record->tag.length == 0)
		return 0;
	uint32_t *tag = grow(columns->tag, columns->tags, &file->tag_capacity, sizeof(*tag));
	if (!tag)
		return -ENOMEM;
	columns->tag = tag;
	*has |= TRACE_HAS_TAG;
	return text_table_add(&file->tags, record->bytes + record->tag.start, record->tag.length,
			      &columns->tag[columns->tags++]);
}

/*
 * pypss coerces the fields in this order, and what it has taken before one
 * that fails stays.
 */
static int add_values(struct trace_file *file, const struct trace_record *record, uint8_t *has)
{
	struct pypss_columns *columns = file->columns;

	*has = 0;
	if (grow_columns(file))
		return -ENOMEM;
	if (record->duration.bad)
		return 0;
	columns->duration[columns->durations++] = record->duration.value;
	*has |= TRACE_HAS_DURATION;
	if (record->memory.bad)
		return 0;
	columns->memory[columns->memories++] = record->memory.value;
	*has |= TRACE_HAS_MEMORY;
	if (record->wait.bad)
		return 0;
	columns->wait[columns->waits++] = record->wait.value;
	columns->error[columns->errors++] = record->error;
	*has |= TRACE_HAS_WAIT | TRACE_WHOLE;
	return add_tag(file, record, has);
}

/* Functions of the same name in two modules are two operations. */
static int name_of(struct trace_file *file, const struct trace_record *record, uint32_t *id)
{
	char small[256];
	size_t size = record->module.length + 1 + record->name.length;
	char *key = size <= sizeof(small) ? small : malloc(size);
	if (!key)
		return -ENOMEM;
	if (record->module.length)
		memcpy(key, record->bytes + record->module.start, record->module.length);
	key[record->module.length] = '\0';
	if (record->name.length)
		memcpy(key + record->module.length + 1, record->bytes + record->name.start,
		       record->name.length);
	int result = text_table_add(&file->names, key, size, id);
	if (key != small)
		free(key);
	return result;
}

static int add_row(struct trace_file *file, const struct trace_record *record, uint8_t has)
{
	struct trace_row *rows = grow(file->row, file->rows, &file->row_capacity, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	file->row = rows;
	struct trace_row *row = &rows[file->rows];
	bool timed = record->timestamp.given && !record->timestamp.bad && isfinite(record->timestamp.value);
	*row = (struct trace_row){.timestamp = timed ? record->timestamp.value : NAN, .has = has};
	file->rows++;
	return has & TRACE_WHOLE ? name_of(file, record, &row->name) : 0;
}

static int add_record(struct trace_file *file, const struct trace_record *record)
{
	uint8_t has;
	file->objects++;
	if (record->system_metric)
		return add_lag(file, record);
	file->columns->records++;
	int result = add_values(file, record, &has);
	if (result || !file->keep_rows)
		return result;
	return add_row(file, record, has);
}

/* One item of the list. What is no object is passed over, as pypss does. */
static int parse_item(struct trace_file *file, struct json_stream *json, struct trace_record *record)
{
	int result, type = json_value(json);
	if (type == JSON_ARRAY)
		return json_leave(json);
	if (type != JSON_OBJECT)
		return type < 0 ? type : 0;
	result = trace_record_read(record, json);
	return result ? result : add_record(file, record);
}

static int parse_items(struct trace_file *file, struct json_stream *json, struct trace_record *record)
{
	int more;
	while ((more = json_element(json)) > 0) {
		int result = parse_item(file, json, record);
		if (result)
			return result;
	}
	return more;
}

static bool is_member(const struct json_stream *json, const char *name)
{
	return json->length == strlen(name) && !memcmp(json->text, name, json->length);
}

/* pypss looks for the path "traces.item": an array's elements are items, and so is a member of that name. */
static int parse_traces(struct trace_file *file, struct json_stream *json, struct trace_record *record)
{
	int more, type = json_value(json);
	if (type == JSON_ARRAY)
		return parse_items(file, json, record);
	if (type != JSON_OBJECT)
		return type < 0 ? type : 0;
	while ((more = json_member(json)) > 0) {
		int result = is_member(json, "item") ? parse_item(file, json, record) : json_skip(json);
		if (result)
			return result;
	}
	return more;
}

static int parse_object(struct trace_file *file, struct json_stream *json, struct trace_record *record)
{
	int more;
	while ((more = json_member(json)) > 0) {
		int result;
		if (is_member(json, "traces"))
			result = parse_traces(file, json, record);
		else if (is_member(json, "traces.item"))
			result = parse_item(file, json, record);
		else
			result = json_skip(json);
		if (result)
			return result;
	}
	return more;
}

int trace_parse(struct trace_file *file, struct json_stream *json)
{
	struct trace_record record = {0};
	int result, type = json_peek(json);

	if (type == -ENODATA) /* an empty file has no records, and pypss says so too */
		return 0;
	if (type < 0)
		return type;
	type = json_value(json);
	if (type == JSON_ARRAY)
		result = parse_items(file, json, &record);
	else if (type == JSON_OBJECT)
		result = parse_object(file, json, &record);
	else
		result = type < 0 ? type : 0;
	trace_record_free(&record);
	return result ? result : json_finish(json);
}

static int read_stream(struct json_stream *json, struct pypss_columns *columns, struct pss_run *run)
{
	struct pypss_columns own = {0};
	struct trace_file file = {.columns = columns ? columns : &own, .keep_rows = run};

	if (columns)
		pypss_columns_free(columns);
	int result = json->error ? json->error : trace_parse(&file, json);
	if (!result && run)
		result = trace_feed_run(&file, run);
	trace_file_free(&file);
	pypss_columns_free(&own);
	return result;
}

static int finish(struct json_stream *json, int result, char *message, size_t size)
{
	if (result && json->error)
		snprintf(message, size, "%s", json->message);
	else if (result == -EMSGSIZE || result == -E2BIG)
		snprintf(message, size, "the texts of the trace file are too large");
	else if (result)
		snprintf(message, size, "%s", strerror(-result));
	json_close_stream(json);
	return result;
}

int trace_file_read(int fd, struct pypss_columns *columns, struct pss_run *run, char *message, size_t size)
{
	struct json_stream json;
	json_open(&json, fd);
	return finish(&json, read_stream(&json, columns, run), message, size);
}

int trace_file_read_memory(const void *text, size_t length, struct pypss_columns *columns,
			   struct pss_run *run, char *message, size_t size)
{
	struct json_stream json;
	json_open_memory(&json, text, length);
	return finish(&json, read_stream(&json, columns, run), message, size);
}
