/* SPDX-License-Identifier: MIT */
#include "user/capture/record.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST 6

/* The records of the small file that most tests use: sizes of every remainder by 8, and an END. */
static struct pss_record_head sample_head(int index)
{
	static const uint32_t type[LAST + 1] = {PSS_REC_META, PSS_REC_NAME, PSS_REC_OP, 77,
						PSS_REC_TICK, 78,           PSS_REC_END};
	static const uint32_t size[LAST + 1] = {
		sizeof(struct pss_meta), 13, sizeof(struct pss_op), 0, 8, 17, 16};
	return (struct pss_record_head){.type = type[index], .size = size[index]};
}

static void sample_payload(int index, char *payload)
{
	for (uint32_t i = 0; i < sample_head(index).size; i++)
		payload[i] = (char)(index * 37 + (int)i * 11 + 1);
}

struct seen {
	int records;
	int fail_at; /* the sink refuses this one; -1: none */
};

static int expect_sample(void *context, const struct pss_record_head *head, const void *payload)
{
	struct seen *seen = context;
	struct pss_record_head want = sample_head(seen->records);
	char bytes[1024];
	cr_assert_leq(seen->records, LAST);
	if (seen->records == seen->fail_at)
		return -ENOSPC;
	sample_payload(seen->records, bytes);
	cr_expect_eq(head->type, want.type);
	cr_expect_eq(head->size, want.size);
	cr_expect_eq(memcmp(payload, bytes, want.size), 0);
	seen->records++;
	return 0;
}

static int count_records(void *context, const struct pss_record_head *head, const void *payload)
{
	struct seen *seen = context;
	volatile char last = 0;
	for (uint32_t i = 0; i < head->size; i++)
		last = ((const char *)payload)[i];
	(void)last;
	seen->records++;
	return 0;
}

static void write_sample(const char *path)
{
	struct recorder *recorder;
	char payload[1024];
	cr_assert_eq(recorder_open(&recorder, path), 0);
	for (int i = 0; i <= LAST; i++) {
		struct pss_record_head head = sample_head(i);
		sample_payload(i, payload);
		cr_assert_eq(recorder_write(recorder, &head, payload), 0);
	}
	cr_assert_eq(recorder_close(recorder), 0);
}

static void temporary(char *path)
{
	strcpy(path, "/tmp/pss-record-XXXXXX");
	int fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

/* The sample's bytes, owned by the caller. */
static char *sample_bytes(size_t *size)
{
	char path[64];
	struct stat status;
	temporary(path);
	write_sample(path);
	int fd = open(path, O_RDONLY);
	cr_assert_eq(fstat(fd, &status), 0);
	*size = (size_t)status.st_size;
	char *bytes = malloc(*size);
	cr_assert_eq(read(fd, bytes, *size), (ssize_t)*size);
	close(fd);
	unlink(path);
	return bytes;
}

static int replay_file(const char *path, struct seen *seen, struct record_replay_result *result)
{
	int fd = open(path, O_RDONLY);
	cr_assert_geq(fd, 0);
	int error = record_replay(fd, expect_sample, seen, result);
	close(fd);
	return error;
}

/* An exact copy on the heap, so that a sanitizer sees each byte beyond the end. */
static int replay_copy(const char *bytes, size_t size, struct seen *seen, bool compare,
		       struct record_replay_result *result)
{
	char *copy = malloc(size ? size : 1);
	memcpy(copy, bytes, size);
	int error = record_replay_memory(copy, size, compare ? expect_sample : count_records, seen, result);
	free(copy);
	return error;
}

Test(record, round_trip)
{
	char path[64];
	struct seen seen = {.fail_at = -1};
	struct record_replay_result result;

	temporary(path);
	write_sample(path);
	cr_expect_eq(replay_file(path, &seen, &result), 0);
	cr_expect_eq(seen.records, LAST + 1);
	cr_expect_eq(result.records, LAST + 1);
	cr_expect_not(result.incomplete, "%s", result.why);
	struct stat status;
	cr_expect_eq(stat(path, &status), 0);
	cr_expect_eq(result.bytes, (uint64_t)status.st_size);
	unlink(path);
}

Test(record, cut_at_every_byte)
{
	size_t size, whole = 0;
	char *bytes = sample_bytes(&size);
	size_t end[LAST + 2]; /* of the first i records */

	end[0] = sizeof(struct pss_file_head);
	for (int i = 0; i <= LAST; i++)
		end[i + 1] = end[i] + 8 + (sample_head(i).size + 7) / 8 * 8 + 4;
	cr_assert_eq(end[LAST + 1], size);
	for (size_t cut = 0; cut < size; cut++) {
		struct seen seen = {.fail_at = -1};
		struct record_replay_result result;
		int error = replay_copy(bytes, cut, &seen, true, &result);
		while (whole <= LAST && end[whole + 1] <= cut)
			whole++;
		if (cut < sizeof(uint64_t)) {
			cr_expect_eq(error, -EBADMSG, "%zu", cut);
			continue;
		}
		cr_expect_eq(error, 0, "%zu", cut);
		cr_expect(result.incomplete, "%zu", cut);
		cr_expect(result.why[0] && !strchr(result.why, '\n'), "%zu", cut);
		cr_expect_eq(result.records, whole, "%zu", cut);
		cr_expect_eq(seen.records, (int)whole, "%zu", cut);
		if (cut >= end[0])
			cr_expect_eq(result.bytes, end[whole], "%zu", cut);
	}
	free(bytes);
}

/* No changed bit goes unnoticed, and what comes before it is read. */
Test(record, damage_at_every_bit)
{
	size_t size;
	char *bytes = sample_bytes(&size);

	for (size_t bit = 0; bit < size * 8; bit++) {
		struct seen seen = {.fail_at = -1};
		struct record_replay_result result;
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		int error = replay_copy(bytes, size, &seen, true, &result);
		cr_expect(error < 0 || result.incomplete, "bit %zu", bit);
		cr_expect_neq(result.why[0], '\0', "bit %zu", bit);
		cr_expect_lt(seen.records, LAST + 1, "bit %zu", bit);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(bytes);
}

Test(record, bytes_after_the_end)
{
	size_t size;
	char *bytes = sample_bytes(&size), *longer = malloc(size + 1);
	struct seen seen = {.fail_at = -1};
	struct record_replay_result result;

	memcpy(longer, bytes, size);
	longer[size] = 0;
	cr_expect_eq(replay_copy(longer, size + 1, &seen, true, &result), 0);
	cr_expect(result.incomplete);
	cr_expect_eq(result.records, LAST + 1);
	cr_expect_eq(result.bytes, size);
	free(longer);
	free(bytes);
}

Test(record, foreign_files)
{
	static const char elf[] = "\x7f"
				  "ELF\2\1\1\0\0\0\0\0\0\0\0\0";
	struct pss_file_head head = {
		.magic = PSS_RECORD_MAGIC, .version = PSS_RECORD_VERSION + 1, .head_size = sizeof(head)};
	struct seen seen = {.fail_at = -1};
	struct record_replay_result result;

	cr_expect_not(record_is_file("[]", 2));
	cr_expect_not(record_is_file(&head, 7));
	cr_expect(record_is_file(&head, 8));
	cr_expect_eq(replay_copy(elf, sizeof(elf), &seen, false, &result), -EBADMSG);
	cr_expect_eq(replay_copy("", 0, &seen, false, &result), -EBADMSG);
	cr_expect_eq(replay_copy((char *)&head, sizeof(head), &seen, false, &result), -EPROTONOSUPPORT);
	cr_expect(strstr(result.why, "version 2"), "%s", result.why);
	head.version = PSS_RECORD_VERSION;
	head.head_size = 8;
	cr_expect_eq(replay_copy((char *)&head, sizeof(head), &seen, false, &result), -EBADMSG);
	head.head_size = 0xfffffff8;
	cr_expect_eq(replay_copy((char *)&head, sizeof(head), &seen, false, &result), -EBADMSG);
	cr_expect_eq(seen.records, 0);
}

/* A later version may append to the head of the file. */
Test(record, longer_head_is_passed_over)
{
	size_t size;
	char *bytes = sample_bytes(&size), *longer = calloc(size + 16, 1);
	struct pss_file_head head;
	struct seen seen = {.fail_at = -1};
	struct record_replay_result result;

	memcpy(&head, bytes, sizeof(head));
	head.head_size += 16;
	memcpy(longer, &head, sizeof(head));
	memcpy(longer + sizeof(head) + 16, bytes + sizeof(head), size - sizeof(head));
	cr_expect_eq(replay_copy(longer, size + 16, &seen, true, &result), 0);
	cr_expect_eq(seen.records, LAST + 1);
	cr_expect_not(result.incomplete);
	free(longer);
	free(bytes);
}

/* A size that no record has is not believed: nothing is allocated for it. */
Test(record, sizes_are_bounded)
{
	char file[sizeof(struct pss_file_head) + sizeof(struct pss_record_head)];
	struct pss_file_head head = {
		.magic = PSS_RECORD_MAGIC, .version = PSS_RECORD_VERSION, .head_size = sizeof(head)};
	static const uint32_t sizes[] = {PSS_RECORD_MOST + 1, 0x7fffffff, 0xfffffff8, 0xffffffff};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct pss_record_head record = {.type = PSS_REC_OP, .size = sizes[i]};
		struct seen seen = {.fail_at = -1};
		struct record_replay_result result;
		memcpy(file, &head, sizeof(head));
		memcpy(file + sizeof(head), &record, sizeof(record));
		cr_expect_eq(replay_copy(file, sizeof(file), &seen, false, &result), 0);
		cr_expect(result.incomplete && strstr(result.why, "damaged"), "%s", result.why);
		cr_expect_eq(seen.records, 0);
	}
}

Test(record, large_records)
{
	char path[64], *payload = malloc(PSS_RECORD_MOST);
	struct recorder *recorder;
	struct record_replay_result result;
	struct seen seen = {.fail_at = -1};
	struct pss_record_head head = {.type = PSS_REC_STATS, .size = PSS_RECORD_MOST / 8};

	temporary(path);
	memset(payload, 'p', PSS_RECORD_MOST);
	cr_assert_eq(recorder_open(&recorder, path), 0);
	for (int i = 0; i < 20; i++, head.size -= 7)
		cr_expect_eq(recorder_write(recorder, &head, payload), 0);
	head.size = PSS_RECORD_MOST / 8 + 1;
	cr_expect_eq(recorder_write(recorder, &head, payload), -EMSGSIZE);
	head.size = 1;
	cr_expect_eq(recorder_write(recorder, &head, payload), -EMSGSIZE, "the first failure stays");
	cr_expect_eq(recorder_close(recorder), -EMSGSIZE);
	int fd = open(path, O_RDONLY);
	cr_expect_eq(record_replay(fd, count_records, &seen, &result), 0);
	close(fd);
	cr_expect(result.incomplete);
	cr_expect(seen.records == 20 || seen.records == 19 || seen.records == 18, "%d", seen.records);
	unlink(path);
	free(payload);
}

Test(record, sink_that_fails)
{
	size_t size;
	char *bytes = sample_bytes(&size);
	struct record_replay_result result;
	for (int i = 0; i <= LAST; i++) {
		struct seen seen = {.fail_at = i};
		cr_expect_eq(replay_copy(bytes, size, &seen, true, &result), -ENOSPC);
		cr_expect_eq(result.records, (uint64_t)i);
	}
	free(bytes);
}

Test(record, readable_while_it_is_written)
{
	char path[64], payload[1024];
	struct recorder *recorder;
	struct record_replay_result result;
	struct seen seen = {.fail_at = -1};

	temporary(path);
	cr_assert_eq(recorder_open(&recorder, path), 0);
	for (int i = 0; i <= 4; i++) {
		struct pss_record_head head = sample_head(i);
		sample_payload(i, payload);
		cr_assert_eq(recorder_write(recorder, &head, payload), 0);
	}
	cr_expect_eq(replay_file(path, &seen, &result), 0);
	cr_expect(result.incomplete);
	cr_expect_eq(seen.records, 5, "all up to the TICK");
	cr_expect_eq(recorder_close(recorder), 0);
	unlink(path);
}

/* Writes until it fails; how many records were taken. */
static int fill(struct recorder *recorder, int *error)
{
	char payload[1024];
	int taken = 0;
	*error = 0;
	for (int i = 0; i < 100000 && !*error; i++) {
		struct pss_record_head head = sample_head(i ? 2 : 0);
		sample_payload(i ? 2 : 0, payload);
		*error = recorder_write(recorder, &head, payload);
		taken += !*error;
	}
	return taken;
}

Test(record, device_without_room)
{
	struct recorder *recorder;
	int error;
	if (access("/dev/full", W_OK))
		cr_skip_test("no /dev/full");
	cr_assert_eq(recorder_open(&recorder, "/dev/full"), 0);
	fill(recorder, &error);
	cr_expect_eq(error, -ENOSPC);
	cr_expect_eq(recorder_close(recorder), -ENOSPC);
}

/* A file that may not grow beyond some size ends, as a full disk would have it, where a record does. */
Test(record, full_disk_leaves_whole_records)
{
	static const rlim_t most[] = {0, 10, 16, 17, 1000, 262144, 300001, 700003};

	signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		struct rlimit limit, before;
		struct record_replay_result result;
		struct seen seen = {.fail_at = -1};
		struct recorder *recorder;
		struct stat status;
		char path[64];
		int error;

		temporary(path);
		cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
		limit = before;
		limit.rlim_cur = most[i];
		cr_assert_eq(recorder_open(&recorder, path), 0);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		fill(recorder, &error);
		int closed = recorder_close(recorder);
		cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
		cr_expect_eq(error, -EFBIG, "%d", error);
		cr_expect_eq(closed, -EFBIG);
		cr_assert_eq(stat(path, &status), 0);
		if (status.st_size > 0) {
			int fd = open(path, O_RDONLY);
			cr_expect_eq(record_replay(fd, count_records, &seen, &result), 0);
			close(fd);
			cr_expect(result.incomplete);
			cr_expect_eq(result.bytes, (uint64_t)status.st_size, "%zu: %s", (size_t)most[i],
				     result.why);
		}
		unlink(path);
	}
}

Test(record, places_that_cannot_be_written)
{
	struct recorder *recorder;
	cr_expect_eq(recorder_open(&recorder, "/nonexistent/file"), -ENOENT);
	cr_expect_null(recorder);
	cr_expect_eq(recorder_open(&recorder, "/"), -EISDIR);
	cr_expect_eq(recorder_close(NULL), 0);
}

Test(record, descriptor_that_cannot_be_read)
{
	struct record_replay_result result;
	struct seen seen = {.fail_at = -1};
	cr_expect_eq(record_replay(-1, count_records, &seen, &result), -EBADF);
	cr_expect_neq(result.why[0], '\0');
	int fd = open("/", O_RDONLY);
	cr_expect_eq(record_replay(fd, count_records, &seen, &result), -EISDIR);
	close(fd);
}

/* A pipe hands out as little as it likes. */
Test(record, pipe_in_pieces)
{
	size_t size;
	char *bytes = sample_bytes(&size);
	struct record_replay_result result;
	struct seen seen = {.fail_at = -1};
	int ends[2];

	cr_assert_eq(pipe2(ends, O_DIRECT), 0); /* packets: a read gives one */
	for (size_t at = 0; at < size; at += 100)
		cr_assert_gt(write(ends[1], bytes + at, size - at < 100 ? size - at : 100), 0);
	close(ends[1]);
	cr_expect_eq(record_replay(ends[0], expect_sample, &seen, &result), 0);
	cr_expect_not(result.incomplete);
	cr_expect_eq(seen.records, LAST + 1);
	close(ends[0]);
	free(bytes);
}
