/* SPDX-License-Identifier: MIT */
#include "user/capture/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_SIZE (256u << 10)

struct recorder {
	int fd;
	int error;          /* the first; nothing is written after it */
	bool regular;       /* can be cut back */
	uint64_t written;   /* bytes of whole buffers in the file */
	size_t used, whole; /* bytes in the buffer; of them, of whole records */
	char buffer[BUFFER_SIZE];
};

/*
 * After a failure the file may end within a record. Readers stand that, but a
 * file that ends where a record does says more clearly what it holds.
 */
static void cut_back(struct recorder *recorder, size_t reached)
{
	if (!recorder->regular)
		return;
	uint64_t end = recorder->written, at = 0;
	while (at + sizeof(struct pss_record_head) <= recorder->whole) {
		struct pss_record_head head;
		size_t begin = recorder->written == 0 && at == 0 ? sizeof(struct pss_file_head) : 0;
		memcpy(&head, recorder->buffer + at + begin, sizeof(head));
		at += begin + sizeof(head) + ((uint64_t)head.size + 7) / 8 * 8 + sizeof(uint32_t);
		if (at > reached)
			break;
		end = recorder->written + at;
	}
	if (ftruncate(recorder->fd, (off_t)end))
		return; /* the error that brought us here is the one to tell */
}

static int flush(struct recorder *recorder)
{
	size_t done = 0;

	while (done < recorder->used && !recorder->error) {
		ssize_t count = write(recorder->fd, recorder->buffer + done, recorder->used - done);
		if (count < 0 && errno != EINTR)
			recorder->error = -errno;
		else if (count == 0)
			recorder->error = -EIO;
		if (count > 0)
			done += (size_t)count;
	}
	if (recorder->error)
		cut_back(recorder, done);
	recorder->written += done;
	recorder->used = recorder->whole = 0;
	return recorder->error;
}

/* Larger than the buffer it cannot be: sizes have been checked. */
static void append(struct recorder *recorder, const void *bytes, size_t size)
{
	if (size)
		memcpy(recorder->buffer + recorder->used, bytes, size);
	recorder->used += size;
}

int recorder_open(struct recorder **result, const char *path)
{
	struct pss_file_head head = {
		.magic = PSS_RECORD_MAGIC,
		.version = PSS_RECORD_VERSION,
		.head_size = sizeof(head),
	};
	struct stat status;
	struct recorder *recorder = malloc(sizeof(*recorder));

	*result = NULL;
	if (!recorder)
		return -ENOMEM;
	memset(recorder, 0, offsetof(struct recorder, buffer));
	recorder->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	if (recorder->fd < 0 || fstat(recorder->fd, &status)) {
		int error = -errno;
		if (recorder->fd >= 0)
			close(recorder->fd);
		free(recorder);
		return error;
	}
	recorder->regular = S_ISREG(status.st_mode);
	append(recorder, &head, sizeof(head));
	*result = recorder;
	return 0;
}

int recorder_write(void *context, const struct pss_record_head *head, const void *payload)
{
	static const char zeros[8];
	struct recorder *recorder = context;
	size_t padding = (8 - head->size % 8) % 8;
	size_t size = sizeof(*head) + head->size + padding + sizeof(uint32_t);

	if (recorder->error)
		return recorder->error;
	if (head->size > PSS_RECORD_MOST / 8) /* far above any record, and fits into the buffer */
		return recorder->error = -EMSGSIZE;
	if (recorder->used + size > BUFFER_SIZE && flush(recorder))
		return recorder->error;
	uint32_t checksum = (uint32_t)crc32_z(0, (const void *)head, sizeof(*head));
	if (head->size)
		checksum = (uint32_t)crc32_z(checksum, payload, head->size);
	append(recorder, head, sizeof(*head));
	append(recorder, payload, head->size);
	append(recorder, zeros, padding);
	append(recorder, &checksum, sizeof(checksum));
	recorder->whole = recorder->used;
	if (head->type == PSS_REC_TICK || head->type == PSS_REC_META || head->type == PSS_REC_END)
		return flush(recorder);
	return 0;
}

int recorder_close(struct recorder *recorder)
{
	if (!recorder)
		return 0;
	if (!recorder->error)
		flush(recorder);
	int error = recorder->error;
	/* Some file systems tell only now that there was no room. */
	if (close(recorder->fd) && errno != EINTR && !error)
		error = -errno;
	free(recorder);
	return error;
}
