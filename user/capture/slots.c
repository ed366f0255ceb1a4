/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"
#include "user/report/report.h"

#define PACE_NS 20000000ull /* between two looks of the sampling control */
#define RECORDS_PER_S_DEFAULT 10000
#define SLOW_SHARE 0.01 /* the slowest of a sampled name, all recorded */

static size_t stats_bytes(const struct capture *capture)
{
	return (size_t)PSS_SLOTS * capture->shards * sizeof(struct pss_slot_stats);
}

static void *map_memory(struct bpf_map *map, size_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t size = (bytes + (size_t)page - 1) / (size_t)page * (size_t)page;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	return memory == MAP_FAILED ? NULL : memory;
}

int slots_map(struct capture *capture)
{
	capture->stats = map_memory(capture->skeleton->maps.slot_stats, stats_bytes(capture));
	if (!capture->stats)
		return -errno;
	capture->control =
		map_memory(capture->skeleton->maps.slot_control, PSS_SLOTS * sizeof(struct pss_slot_control));
	return capture->control ? 0 : -errno;
}

void slots_unmap(struct capture *capture)
{
	if (capture->stats)
		munmap(capture->stats, stats_bytes(capture));
	if (capture->control)
		munmap(capture->control, PSS_SLOTS * sizeof(struct pss_slot_control));
	for (size_t i = 0; i < PSS_SLOTS; i++) {
		free(capture->slot[i].totals);
		free(capture->slot[i].ours);
	}
	capture->stats = NULL;
	capture->control = NULL;
}

/* "10.0.0.5:5432", "[::1]:80", "unix:/run/x", "unix:@x", ":6379" */
static void endpoint_text(const struct pss_name_key *key, char *text, size_t size)
{
	const char *protocol = key->type == SOCK_DGRAM ? "udp " : "";
	char address[INET6_ADDRSTRLEN] = "";
	int length = key->length < sizeof(key->text) ? key->length : (int)sizeof(key->text);
	if (key->family == AF_UNIX) {
		bool abstract = length && !key->text[0];
		if (!abstract)
			length = (int)strnlen((const char *)key->text, (size_t)length);
		snprintf(text, size, "unix:%s%.*s%s", abstract ? "@" : "", length - abstract,
			 (const char *)key->text + abstract, length ? "" : "(unnamed)");
	} else if (key->kind == PSS_OP_REQUEST) {
		snprintf(text, size, "%s:%u", protocol, key->port);
	} else if (key->family == AF_INET6) {
		struct in6_addr in6;
		memcpy(&in6, key->text, sizeof(in6));
		bool mapped = IN6_IS_ADDR_V4MAPPED(&in6);
		inet_ntop(mapped ? AF_INET : AF_INET6, mapped ? key->text + 12 : key->text, address,
			  sizeof(address));
		snprintf(text, size, mapped ? "%s%s:%u" : "%s[%s]:%u", protocol, address, key->port);
	} else {
		inet_ntop(AF_INET, key->text, address, sizeof(address));
		snprintf(text, size, "%s%s:%u", protocol, address, key->port);
	}
}

static void slot_text(const struct pss_name_key *key, uint32_t slot, char *text, size_t size)
{
	char detail[160];
	if (slot < PSS_SLOT_FIRST)
		snprintf(detail, sizeof(detail), "other");
	else if (key->kind == PSS_OP_REQUEST || key->kind == PSS_OP_CALL)
		endpoint_text(key, detail, sizeof(detail));
	else
		snprintf(detail, sizeof(detail), "%.*s", 16, (const char *)key->text);
	snprintf(text, size, "%s %s", pss_op_kind_name(key->kind), detail);
}

int slots_name(struct capture *capture, uint32_t slot)
{
	if (!slot || slot >= PSS_SLOTS || capture->slot[slot].named)
		return 0;
	struct pss_name_key key = {0};
	if (slot < PSS_SLOT_FIRST)
		key.kind = (uint8_t)slot;
	else if (bpf_map_lookup_elem(bpf_map__fd(capture->skeleton->maps.slot_names), &slot, &key))
		return 0;
	struct {
		struct pss_name name;
		char text[192];
	} record = {.name = {.id = slot, .kind = key.kind}};
	slot_text(&key, slot, record.text, sizeof(record.text));
	capture->slot[slot].named = true;
	return capture_send(capture, PSS_REC_NAME, &record,
			    (uint32_t)(sizeof(record.name) + strlen(record.text)));
}

static struct pss_slot_stats *shard_of(const struct capture *capture, uint32_t slot, unsigned shard)
{
	return &capture->stats[(size_t)slot * capture->shards + shard];
}

static uint64_t slot_count(const struct capture *capture, uint32_t slot)
{
	uint64_t count = 0;
	for (unsigned i = 0; i < capture->shards; i++)
		count += shard_of(capture, slot, i)->count;
	return count;
}

static uint32_t slots_used(const struct capture *capture)
{
	uint32_t used = capture->skeleton->data->next_slot;
	return used < PSS_SLOTS ? used : PSS_SLOTS;
}

static void add_stats(struct pss_slot_stats *sum, const struct pss_slot_stats *part)
{
	sum->count += part->count;
	sum->units += part->units;
	sum->errors += part->errors;
	sum->duration_ns += part->duration_ns;
	if (part->max_ns > sum->max_ns)
		sum->max_ns = part->max_ns;
	sum->recorded += part->recorded;
	for (size_t c = 0; c < PSS_C_COUNT; c++)
		sum->component_ns[c] += part->component_ns[c];
	for (size_t b = 0; b < PSS_HIST_BUCKETS; b++)
		sum->histogram[b] += part->histogram[b];
}

static void slot_sum(const struct capture *capture, uint32_t slot, struct pss_slot_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < capture->shards; i++)
		add_stats(sum, shard_of(capture, slot, i));
	if (capture->slot[slot].ours)
		add_stats(sum, capture->slot[slot].ours);
}

struct stats_record {
	struct pss_stats stats;
	struct pss_stats_bucket bucket[PSS_HIST_BUCKETS];
};

/* The part of a name's totals that has not been told yet. */
static void stats_difference(struct stats_record *record, const struct pss_slot_stats *now,
			     const struct pss_slot_stats *told)
{
	struct pss_stats *stats = &record->stats;
	stats->count = now->count - told->count;
	stats->units = now->units - told->units;
	stats->errors = now->errors - told->errors;
	stats->duration_ns = now->duration_ns - told->duration_ns;
	stats->max_ns = now->max_ns;
	stats->recorded = now->recorded - told->recorded;
	for (size_t c = 0; c < PSS_C_COUNT; c++)
		stats->component_ns[c] = now->component_ns[c] - told->component_ns[c];
	stats->buckets = 0;
	for (uint32_t b = 0; b < PSS_HIST_BUCKETS; b++) {
		uint32_t count = now->histogram[b] - told->histogram[b];
		if (count)
			record->bucket[stats->buckets++] =
				(struct pss_stats_bucket){.index = b, .count = count};
	}
}

/* Duration above which about SLOW_SHARE of an interval's operations lie. */
static uint64_t slow_threshold(const struct stats_record *record)
{
	uint64_t above = 0;
	for (uint32_t i = record->stats.buckets; i-- > 0;) {
		above += record->bucket[i].count;
		if ((double)above < (double)record->stats.count * SLOW_SHARE)
			continue;
		uint64_t octave = PSS_HIST_MIN_SHIFT + (record->bucket[i].index >> PSS_HIST_SUB_BITS);
		uint64_t sub = record->bucket[i].index & ((1u << PSS_HIST_SUB_BITS) - 1);
		/* The next bucket's lower edge. */
		return (1ull << octave) + ((sub + 1) << (octave - PSS_HIST_SUB_BITS));
	}
	return 0;
}

static int slot_tell(struct capture *capture, uint32_t slot, uint64_t now_ns)
{
	struct slot_told *told = &capture->slot[slot];
	if (!told->totals && !told->ours && !slot_count(capture, slot))
		return 0;
	if (!told->totals && !(told->totals = calloc(1, sizeof(*told->totals))))
		return -ENOMEM;
	static struct pss_slot_stats sum;
	static struct stats_record record;
	slot_sum(capture, slot, &sum);
	if (sum.count == told->totals->count)
		return 0;
	record.stats = (struct pss_stats){.name_id = slot, .end_ns = now_ns};
	stats_difference(&record, &sum, told->totals);
	*told->totals = sum;
	/* Anew each interval: what is slow follows the load. */
	told->slow_ns = slow_threshold(&record);
	if (capture->control[slot].shift)
		capture->control[slot].slow_ns = told->slow_ns;
	int error = slots_name(capture, slot);
	if (error)
		return error;
	return capture_send(
		capture, PSS_REC_STATS, &record,
		(uint32_t)(sizeof(record.stats) + record.stats.buckets * sizeof(struct pss_stats_bucket)));
}

int slots_tell(struct capture *capture, uint64_t now_ns)
{
	uint32_t used = slots_used(capture);
	int error = 0;
	for (uint32_t slot = 1; slot < used && !error; slot++)
		error = slot_tell(capture, slot, now_ns);
	return error;
}

/* Largest share a name may have so that all together stay within the budget: the small ones whole, the large
 * cut alike. */
static double fair_share(const struct capture *capture, uint32_t used, double budget)
{
	double low = 0, high = budget;
	for (int step = 0; step < 24; step++) {
		double middle = (low + high) / 2, sum = 0;
		for (uint32_t slot = 1; slot < used; slot++)
			sum += fmin(capture->slot[slot].rate, middle);
		if (sum <= budget)
			low = middle;
		else
			high = middle;
	}
	return fmax(low, 1);
}

void slots_pace(struct capture *capture, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - capture->last_pace_ns;
	if (elapsed < PACE_NS)
		return;
	capture->last_pace_ns = now_ns;
	uint32_t used = slots_used(capture);
	double seconds = (double)elapsed / 1e9;
	double budget = capture->options.max_records_per_s ? capture->options.max_records_per_s
							   : RECORDS_PER_S_DEFAULT;
	for (uint32_t slot = 1; slot < used; slot++) {
		struct slot_told *told = &capture->slot[slot];
		uint64_t count = slot_count(capture, slot);
		double rate = (double)(count - told->paced_count) / seconds;
		/* Up at once, down over a few looks: a lull between bursts is no reason to open up. */
		told->rate = rate > told->rate ? rate : told->rate * 0.9 + rate * 0.1;
		told->paced_count = count;
	}
	double share = fair_share(capture, used, budget);
	for (uint32_t slot = 1; slot < used; slot++) {
		struct slot_told *told = &capture->slot[slot];
		uint32_t shift = told->rate > share ? (uint32_t)ceil(log2(told->rate / share)) : 0;
		if (shift > 24)
			shift = 24;
		if (shift != capture->control[slot].shift) {
			capture->control[slot].slow_ns = shift ? told->slow_ns : 0;
			capture->control[slot].shift = shift;
		}
	}
}
