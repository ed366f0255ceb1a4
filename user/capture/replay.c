/* SPDX-License-Identifier: MIT */
#include "user/capture/record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_SIZE (256u << 10)
#define HEAD_MOST 4096 /* bytes of a file head that a later version may have */

struct reader {
	int fd; /* -1: all is in the buffer */
	bool ended;
	char *buffer; /* owned unless fd is -1 */
	size_t capacity;
	size_t at, end; /* unread bytes */
	struct record_replay_result *result;
};

bool record_is_file(const void *bytes, size_t size)
{
	const uint64_t magic = PSS_RECORD_MAGIC;
	return size >= sizeof(magic) && !memcmp(bytes, &magic, sizeof(magic));
}

__attribute__((format(printf, 3, 4))) static int say(struct reader *reader, int error, const char *format,
						     ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reader->result->why, sizeof(reader->result->why), format, arguments);
	va_end(arguments);
	return error;
}

static int make_room(struct reader *reader, size_t wanted)
{
	memmove(reader->buffer, reader->buffer + reader->at, reader->end - reader->at);
	reader->end -= reader->at;
	reader->at = 0;
	if (wanted <= reader->capacity)
		return 0;
	char *larger = realloc(reader->buffer, wanted);
	if (!larger)
		return say(reader, -ENOMEM, "out of memory");
	reader->buffer = larger;
	reader->capacity = wanted;
	return 0;
}

/* Until so many unread bytes are there: 1; 0 when the file ends before. */
static int need(struct reader *reader, size_t wanted)
{
	if (reader->end - reader->at >= wanted)
		return 1;
	if (reader->ended)
		return 0;
	int error = make_room(reader, wanted);
	if (error)
		return error;
	while (reader->end < wanted && !reader->ended) {
		ssize_t count =
			read(reader->fd, reader->buffer + reader->end, reader->capacity - reader->end);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0) {
			error = -errno;
			return say(reader, error, "%s", strerror(-error));
		}
		reader->ended = count == 0;
		reader->end += (size_t)count;
	}
	return reader->end >= wanted;
}

static int incomplete(struct reader *reader, const char *what)
{
	reader->result->incomplete = true;
	return say(reader, 0, "%s at byte %llu", what, (unsigned long long)reader->result->bytes);
}

/* 1: go on; 0: incomplete; negative errno. */
static int read_head(struct reader *reader)
{
	struct pss_file_head head;
	int whole = need(reader, sizeof(head.magic));
	if (whole < 0)
		return whole;
	if (!record_is_file(reader->buffer + reader->at, reader->end - reader->at))
		return say(reader, -EBADMSG, "not a record of pss-bpf");
	whole = need(reader, sizeof(head));
	if (whole < 0)
		return whole;
	if (!whole)
		return incomplete(reader, "the record ends in its head");
	memcpy(&head, reader->buffer + reader->at, sizeof(head));
	if (head.version != PSS_RECORD_VERSION)
		return say(reader, -EPROTONOSUPPORT,
			   "the record is of version %u, and this program reads version %u: use the pss-bpf "
			   "that made it, "
			   "or a newer one",
			   head.version, PSS_RECORD_VERSION);
	if (head.head_size < sizeof(head) || head.head_size > HEAD_MOST || head.head_size % 8)
		return say(reader, -EBADMSG, "the head of the record is damaged");
	whole = need(reader, head.head_size);
	if (whole < 0)
		return whole;
	if (!whole)
		return incomplete(reader, "the record ends in its head");
	reader->at += head.head_size;
	reader->result->bytes = head.head_size;
	return 1;
}

static bool all_zero(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i])
			return false;
	}
	return true;
}

/* Head, payload, padding and checksum lie at reader->at. */
static bool is_sound(const struct reader *reader, const struct pss_record_head *head, size_t size)
{
	const char *bytes = reader->buffer + reader->at;
	size_t end = sizeof(*head) + head->size;
	uint32_t checksum;

	memcpy(&checksum, bytes + size - sizeof(checksum), sizeof(checksum));
	return all_zero(bytes + end, size - sizeof(checksum) - end) &&
	       checksum == (uint32_t)crc32_z(0, (const void *)bytes, end);
}

/* The next whole record, left at reader->at: 1; 0: there is none, and result says why. */
static int next_record(struct reader *reader, struct pss_record_head *head, size_t *size)
{
	int whole = need(reader, sizeof(*head));
	if (whole < 0)
		return whole;
	if (!whole)
		return incomplete(reader, reader->at == reader->end ? "the record has no end, and stops"
								    : "the record stops in the middle");
	memcpy(head, reader->buffer + reader->at, sizeof(*head));
	if (head->size > PSS_RECORD_MOST)
		return incomplete(reader, "the record is damaged");
	*size = sizeof(*head) + ((size_t)head->size + 7) / 8 * 8 + sizeof(uint32_t);
	whole = need(reader, *size);
	if (whole < 0)
		return whole;
	if (!whole)
		return incomplete(reader, "the record stops in the middle");
	if (!is_sound(reader, head, *size))
		return incomplete(reader, "the record is damaged");
	return 1;
}

static int replay(struct reader *reader,
		  int (*sink)(void *context, const struct pss_record_head *head, const void *payload),
		  void *context)
{
	struct pss_record_head head;
	size_t size = 0;
	int more = read_head(reader);

	while (more > 0 && (more = next_record(reader, &head, &size)) > 0) {
		int error = sink(context, &head, reader->buffer + reader->at + sizeof(head));
		if (error)
			return say(reader, error, "%s", strerror(-error));
		reader->at += size;
		reader->result->records++;
		reader->result->bytes += size;
		if (head.type != PSS_REC_END)
			continue;
		more = need(reader, 1);
		return more > 0 ? incomplete(reader, "something follows the end of the record") : more;
	}
	return more;
}

int record_replay(int fd, int (*sink)(void *context, const struct pss_record_head *head, const void *payload),
		  void *context, struct record_replay_result *result)
{
	struct reader reader = {.fd = fd, .result = result, .capacity = BUFFER_SIZE};

	memset(result, 0, sizeof(*result));
	reader.buffer = malloc(BUFFER_SIZE);
	if (!reader.buffer)
		return say(&reader, -ENOMEM, "out of memory");
	int error = replay(&reader, sink, context);
	free(reader.buffer);
	return error;
}

int record_replay_memory(const void *bytes, size_t size,
			 int (*sink)(void *context, const struct pss_record_head *head, const void *payload),
			 void *context, struct record_replay_result *result)
{
	/* Nothing is read, so nothing moves, and the bytes stay as they are. */
	struct reader reader = {.fd = -1, .ended = true, .buffer = (char *)(uintptr_t)bytes, .end = size};

	memset(result, 0, sizeof(*result));
	reader.result = result;
	return replay(&reader, sink, context);
}
