/* SPDX-License-Identifier: MIT */
/* What a run keeps about the processes as a whole: memory, failing calls, lives. */
#include "user/window/run_internal.h"

#include <errno.h>
#include <stdlib.h>

/* Every other reading goes, and from now on only every other one is kept. */
static void memory_thin(struct pss_run *run)
{
	size_t kept = 0;

	for (size_t i = 0; i < run->memory_count; i += 2)
		run->memory[kept++] = run->memory[i];
	run->memory_count = kept;
	run->memory_stride *= 2;
}

int run_add_memory(struct pss_run *run, const struct pss_memory *memory)
{
	if (!run_time_valid(run, memory->time_ns) ||
	    (run->memory_seen && memory->time_ns < run->last_memory.time_ns))
		return -EPROTO;
	if (!run->memory) {
		run->memory = calloc(PSS_RUN_MEMORY, sizeof(*run->memory));
		if (!run->memory)
			return -ENOMEM;
	}
	if (run->memory_seen % run->memory_stride == 0) {
		if (run->memory_count == PSS_RUN_MEMORY)
			memory_thin(run);
		if (run->memory_seen % run->memory_stride == 0)
			run->memory[run->memory_count++] = *memory;
	}
	run->memory_seen++;
	run->last_memory = *memory;
	if (memory->rss_bytes > run->rss_peak)
		run->rss_peak = memory->rss_bytes;
	if (memory->peak_rss_bytes > run->rss_peak)
		run->rss_peak = memory->peak_rss_bytes;
	run_saw_time(run, memory->time_ns);
	return 0;
}

static bool same_failure(const struct pss_errors *a, const struct pss_errors *b)
{
	return a->name_id == b->name_id && a->err_code == b->err_code && a->syscall_class == b->syscall_class;
}

/* The last place sums what found no room: no endpoint, code or class. */
int run_add_errors(struct pss_run *run, const struct pss_errors *errors)
{
	struct pss_errors entry = *errors;
	size_t i;

	if (!entry.count || entry.count > RUN_COUNT_MOST)
		return -EPROTO;
	if (!run->errors) {
		run->errors = calloc(PSS_RUN_ERRORS, sizeof(*run->errors));
		if (!run->errors)
			return -ENOMEM;
	}
	for (i = 0; i < run->error_count; i++)
		if (same_failure(&run->errors[i], &entry))
			break;
	if (i == run->error_count && i >= PSS_RUN_ERRORS - 1) {
		i = PSS_RUN_ERRORS - 1;
		entry.name_id = 0;
		entry.err_code = 0;
		entry.syscall_class = PSS_SC_NONE;
	}
	if (i == run->error_count) {
		run->errors[i] = entry;
		run->errors[i].count = 0;
		run->error_count++;
	}
	if (run->errors[i].count < RUN_COUNT_MOST)
		run->errors[i].count += entry.count;
	run_saw_time(run, entry.end_ns);
	return 0;
}

int run_add_life(struct pss_run *run, const struct pss_life *life)
{
	if (!run_time_valid(run, life->time_ns))
		return -EPROTO;
	switch (life->type) {
	case PSS_LIFE_FORK:
		run->forks++;
		break;
	case PSS_LIFE_EXEC:
		run->execs++;
		break;
	case PSS_LIFE_EXIT:
		run->exits++;
		break;
	default:
		return 0;
	}
	run_saw_time(run, life->time_ns);
	if (life->type != PSS_LIFE_EXIT || life->err_class == PSS_ERR_NONE)
		return 0;
	run->abnormal_exits++;
	if (run->abnormal_count == PSS_RUN_ABNORMAL)
		return 0;
	if (!run->abnormal) {
		run->abnormal = calloc(PSS_RUN_ABNORMAL, sizeof(*run->abnormal));
		if (!run->abnormal)
			return -ENOMEM;
	}
	run->abnormal[run->abnormal_count++] = *life;
	return 0;
}
