/* SPDX-License-Identifier: MIT */
/* What is counted beside operations: failing calls, losses, memory, and what all this costs the target. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"

/* Count told so far for a key; a new entry where there is none. NULL: no memory. */
static struct error_told *told_of(struct capture *capture, const struct pss_error_key *key)
{
	for (size_t i = 0; i < capture->error_count; i++)
		if (!memcmp(&capture->errors[i].key, key, sizeof(*key)))
			return &capture->errors[i];
	struct error_told *errors =
		realloc(capture->errors, (capture->error_count + 1) * sizeof(*capture->errors));
	if (!errors)
		return NULL;
	capture->errors = errors;
	errors[capture->error_count] = (struct error_told){.key = *key};
	return &errors[capture->error_count++];
}

static int error_tell(struct capture *capture, const struct pss_error_key *key, uint64_t count,
		      uint64_t now_ns)
{
	struct error_told *told = told_of(capture, key);
	if (!told)
		return -ENOMEM;
	if (told->count == count)
		return 0;
	struct pss_errors record = {.end_ns = now_ns,
				    .name_id = key->slot,
				    .err_code = key->err_code,
				    .syscall_class = key->syscall_class,
				    .count = count - told->count};
	told->count = count;
	int error = slots_name(capture, key->slot);
	return error ? error : capture_send(capture, PSS_REC_ERRORS, &record, sizeof(record));
}

int ledger_errors(struct capture *capture, uint64_t now_ns)
{
	int map = bpf_map__fd(capture->skeleton->maps.errors), error = 0;
	struct pss_error_key key, *before = NULL, next;
	while (!error && !bpf_map_get_next_key(map, before, &next)) {
		uint64_t count;
		key = next;
		before = &key;
		if (!bpf_map_lookup_elem(map, &key, &count))
			error = error_tell(capture, &key, count, now_ns);
	}
	return error;
}

int ledger_memory(struct capture *capture, uint64_t now_ns)
{
	const struct pss_totals *totals = &capture->skeleton->bss->totals;
	struct memory_reading reading;
	processes_memory(&capture->processes, &reading);
	if (!reading.rss_bytes)
		return 0; /* all gone: the last reading stands */
	if (reading.peak_bytes > capture->peak_bytes)
		capture->peak_bytes = reading.peak_bytes;
	capture->rss_bytes = reading.rss_bytes;
	struct pss_memory record = {.time_ns = now_ns,
				    .rss_bytes = reading.rss_bytes,
				    .peak_rss_bytes = capture->peak_bytes,
				    .swap_bytes = reading.swap_bytes,
				    .shared_bytes = reading.shared_bytes,
				    .limit_bytes = capture->memory_limit,
				    .mapped_bytes = totals->mapped_bytes,
				    .unmapped_bytes = totals->unmapped_bytes,
				    .faulted_bytes = totals->faulted_bytes,
				    .processes = (uint32_t)capture->processes.count,
				    .threads = reading.threads};
	return capture_send(capture, PSS_REC_MEMORY, &record, sizeof(record));
}

int ledger_losses(struct capture *capture, uint64_t now_ns)
{
	struct pss_lost_counts record = {.time_ns = now_ns};
	memcpy(record.count, capture->skeleton->bss->totals.lost, sizeof(record.count));
	return capture_send(capture, PSS_REC_LOST, &record, sizeof(record));
}

void costs_clear(struct capture *capture)
{
	int cpus = libbpf_num_possible_cpus();
	struct hits {
		uint64_t hits[PSS_COST_COUNT];
	} *none = cpus > 0 ? calloc((size_t)cpus, sizeof(*none)) : NULL;
	uint32_t zero = 0;
	if (none)
		bpf_map_update_elem(bpf_map__fd(capture->skeleton->maps.costs), &zero, none, BPF_ANY);
	free(none);
}

int ledger_cost(struct capture *capture, uint64_t now_ns)
{
	struct pss_cost record = {.time_ns = now_ns};
	int cpus = libbpf_num_possible_cpus();
	struct hits {
		uint64_t hits[PSS_COST_COUNT];
	} *here = cpus > 0 ? calloc((size_t)cpus, sizeof(*here)) : NULL;
	uint32_t zero = 0;
	if (!here)
		return -ENOMEM;
	if (!bpf_map_lookup_elem(bpf_map__fd(capture->skeleton->maps.costs), &zero, here))
		for (int cpu = 0; cpu < cpus; cpu++)
			for (size_t i = 0; i < PSS_COST_COUNT; i++)
				record.hits[i] += here[cpu].hits[i];
	free(here);
	memcpy(record.picoseconds_per_hit, capture->cost_ps, sizeof(record.picoseconds_per_hit));
	record.target_cpu_ns = processes_cpu_ns(&capture->processes);
	return capture_send(capture, PSS_REC_COST, &record, sizeof(record));
}
