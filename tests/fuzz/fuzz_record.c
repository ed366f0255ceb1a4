/* SPDX-License-Identifier: MIT */
/*
 * Record files: whatever the bytes, they are read, fed, scored by both profiles
 * and shown without harm. Half of the inputs get right checksums first, so that
 * the fuzzer reaches what lies behind them.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "user/capture/record.h"
#include "user/score/pypss_report.h"
#include "user/window/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(void *context, const struct pss_record_head *head, const void *payload)
{
	int error = run_feed(context, head, payload);
	return error == -EPROTO ? 0 : error;
}

/* Walks the records as a reader does, and makes each one sound. */
static void repair(uint8_t *bytes, size_t size)
{
	struct pss_file_head file = {
		.magic = PSS_RECORD_MAGIC, .version = PSS_RECORD_VERSION, .head_size = sizeof(file)};
	struct pss_record_head head;

	if (size < sizeof(file))
		return;
	memcpy(bytes, &file, sizeof(file));
	for (size_t at = sizeof(file); size - at >= sizeof(head);) {
		memcpy(&head, bytes + at, sizeof(head));
		size_t left = size - at - sizeof(head);
		if (head.size > left || left < 12) {
			head.size = left < 12 ? 0 : (uint32_t)(left - 12);
			memcpy(bytes + at, &head, sizeof(head));
		}
		size_t end = sizeof(head) + head.size, padded = (end + 7) / 8 * 8;
		if (size - at < padded + sizeof(uint32_t))
			return;
		uint32_t checksum = (uint32_t)crc32_z(0, bytes + at, end);
		memset(bytes + at + end, 0, padded - end);
		memcpy(bytes + at + padded, &checksum, sizeof(checksum));
		at += padded + sizeof(checksum);
	}
}

static void show(const struct pss_report *report)
{
	struct pss_text_style style = {.utf8 = true, .width = 80};
	FILE *out = fopen("/dev/null", "w");
	if (!out)
		return;
	pss_report_json(report, out);
	pss_report_text(report, &style, out);
	fclose(out);
}

static void score(const struct pss_run *run)
{
	struct pss_config config;
	struct pss_report report;
	char message[200];

	pss_config_defaults(&config);
	pss_report_init(&report);
	if (!run_report(run, &config, &report)) {
		show(&report);
		if (!pypss_report(run, NULL, &config, &report, message, sizeof(message)))
			show(&report);
	}
	pss_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_replay_result result;
	struct pss_run run;
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (size % 2)
		repair(copy, size);
	run_init(&run);
	int error = record_replay_memory(copy, size, take, &run, &result);
	if (error && !result.why[0])
		abort();
	if (!error && run.has_meta)
		score(&run);
	run_free(&run);
	free(copy);
	return 0;
}
