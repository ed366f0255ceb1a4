/* SPDX-License-Identifier: MIT */
#include "user/window/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/window/run_internal.h"

#define DEFAULT_INTERVAL_NS 1000000000ULL
#define SHORTEST_INTERVAL_NS 1000000ULL
#define LONGEST_INTERVAL_NS 86400000000000ULL
#define LONGEST_NAME 4096u

void run_init(struct pss_run *run)
{
	memset(run, 0, sizeof(*run));
	run->interval_ns = DEFAULT_INTERVAL_NS;
	run->memory_stride = 1;
}

void run_free(struct pss_run *run)
{
	for (size_t i = 0; i < run->series_count; i++)
		series_free(&run->series[i]);
	for (size_t i = 0; i < run->names; i++)
		free(run->name[i].text);
	free(run->series);
	free(run->name);
	free(run->memory);
	free(run->errors);
	free(run->abnormal);
	run_init(run);
}

const char *run_name(const struct pss_run *run, uint32_t id)
{
	return id < run->names ? run->name[id].text : NULL;
}

bool run_time_valid(const struct pss_run *run, uint64_t time_ns)
{
	return time_ns >= run->meta.start_ns && time_ns - run->meta.start_ns <= RUN_LONGEST_NS;
}

void run_saw_time(struct pss_run *run, uint64_t time_ns)
{
	if (run_time_valid(run, time_ns) && time_ns > run->last_ns)
		run->last_ns = time_ns;
}

static void end_text(char *text, size_t size)
{
	text[size - 1] = 0;
}

static int feed_meta(struct pss_run *run, const void *payload)
{
	struct pss_meta meta;

	memcpy(&meta, payload, sizeof(meta));
	if (run->has_meta || run->series_count || run->memory_seen)
		return -EPROTO;
	if (meta.interval_ns < SHORTEST_INTERVAL_NS || meta.interval_ns > LONGEST_INTERVAL_NS ||
	    meta.start_ns > UINT64_MAX - RUN_LONGEST_NS)
		return -EPROTO;
	end_text(meta.comm, sizeof(meta.comm));
	end_text(meta.exe, sizeof(meta.exe));
	end_text(meta.cgroup, sizeof(meta.cgroup));
	end_text(meta.runtime, sizeof(meta.runtime));
	end_text(meta.kernel, sizeof(meta.kernel));
	end_text(meta.host, sizeof(meta.host));
	run->meta = meta;
	run->has_meta = true;
	run->interval_ns = meta.interval_ns;
	run->last_ns = meta.start_ns;
	return 0;
}

static int names_reserve(struct pss_run *run, uint32_t id)
{
	size_t room = run->names ? run->names : 64;

	if (id < run->names)
		return 0;
	while (room <= id)
		room *= 2;
	struct pss_name_text *name = realloc(run->name, room * sizeof(*name));
	if (!name)
		return -ENOMEM;
	memset(name + run->names, 0, (room - run->names) * sizeof(*name));
	run->name = name;
	run->names = room;
	return 0;
}

/* A name that has no room is not an error: what bears it goes under "other". */
static int feed_name(struct pss_run *run, const void *payload, uint32_t size)
{
	struct pss_name head;
	const char *text = (const char *)payload + sizeof(head);
	size_t length = size - sizeof(head);

	memcpy(&head, payload, sizeof(head));
	if (!head.id || head.kind >= PSS_OP_KINDS)
		return -EPROTO;
	length = strnlen(text, length < LONGEST_NAME ? length : LONGEST_NAME);
	if (head.id >= PSS_RUN_NAME_IDS || run->text_bytes + length + 1 > PSS_RUN_TEXT)
		return 0;
	int err = names_reserve(run, head.id);
	if (err)
		return err;
	struct pss_name_text *name = &run->name[head.id];
	if (name->text) {
		bool same = name->kind == head.kind && strlen(name->text) == length &&
			    !memcmp(name->text, text, length);
		return same ? 0 : -EPROTO;
	}
	name->text = strndup(text, length);
	if (!name->text)
		return -ENOMEM;
	name->kind = head.kind;
	run->text_bytes += length + 1;
	return 0;
}

static int feed_op(struct pss_run *run, const void *payload)
{
	struct pss_op op;

	memcpy(&op, payload, sizeof(op));
	return run_add_op(run, &op);
}

static int feed_stats(struct pss_run *run, const void *payload, uint32_t size)
{
	struct pss_stats stats;
	struct pss_stats_bucket pairs[PSS_HIST_BUCKETS];

	memcpy(&stats, payload, sizeof(stats));
	if (stats.buckets > PSS_HIST_BUCKETS || size != sizeof(stats) + stats.buckets * sizeof(pairs[0]))
		return -EPROTO;
	memcpy(pairs, (const char *)payload + sizeof(stats), stats.buckets * sizeof(pairs[0]));
	return run_add_stats(run, &stats, pairs);
}

/* Readings without the later fields are older ones. */
static int feed_memory(struct pss_run *run, const void *payload, uint32_t size)
{
	struct pss_memory memory = {0};

	memcpy(&memory, payload, size < sizeof(memory) ? size : sizeof(memory));
	return run_add_memory(run, &memory);
}

static int feed_lost(struct pss_run *run, const void *payload)
{
	struct pss_lost_counts lost;

	memcpy(&lost, payload, sizeof(lost));
	for (int i = 0; i < PSS_LOST_COUNT; i++)
		if (lost.count[i] > run->lost[i])
			run->lost[i] = lost.count[i];
	run_saw_time(run, lost.time_ns);
	return 0;
}

static int feed_cost(struct pss_run *run, const void *payload)
{
	struct pss_cost cost;

	memcpy(&cost, payload, sizeof(cost));
	if (run->has_cost && cost.time_ns < run->cost.time_ns)
		return -EPROTO;
	run->cost = cost;
	run->has_cost = true;
	run_saw_time(run, cost.time_ns);
	return 0;
}

static int feed_tick(struct pss_run *run, const void *payload)
{
	struct pss_tick tick;

	memcpy(&tick, payload, sizeof(tick));
	if (!run_time_valid(run, tick.time_ns))
		return -EPROTO;
	run_saw_time(run, tick.time_ns);
	return 0;
}

static int feed_end(struct pss_run *run, const void *payload)
{
	struct pss_end end;

	memcpy(&end, payload, sizeof(end));
	if (end.reason < PSS_END_DURATION || end.reason > PSS_END_TARGET_EXIT ||
	    !run_time_valid(run, end.time_ns))
		return -EPROTO;
	run->end = end.reason;
	run_saw_time(run, end.time_ns);
	return 0;
}

static int feed_errors(struct pss_run *run, const void *payload)
{
	struct pss_errors errors;

	memcpy(&errors, payload, sizeof(errors));
	return run_add_errors(run, &errors);
}

static int feed_life(struct pss_run *run, const void *payload)
{
	struct pss_life life;

	memcpy(&life, payload, sizeof(life));
	life.comm[sizeof(life.comm) - 1] = 0;
	return run_add_life(run, &life);
}

static uint32_t least_size(uint32_t type)
{
	static const uint32_t size[] = {
		[PSS_REC_META] = sizeof(struct pss_meta),
		[PSS_REC_NAME] = sizeof(struct pss_name),
		[PSS_REC_OP] = sizeof(struct pss_op),
		[PSS_REC_STATS] = sizeof(struct pss_stats),
		[PSS_REC_MEMORY] = offsetof(struct pss_memory, shared_bytes),
		[PSS_REC_LIFE] = sizeof(struct pss_life),
		[PSS_REC_ERRORS] = sizeof(struct pss_errors),
		[PSS_REC_LOST] = sizeof(struct pss_lost_counts),
		[PSS_REC_COST] = sizeof(struct pss_cost),
		[PSS_REC_TICK] = sizeof(struct pss_tick),
		[PSS_REC_END] = sizeof(struct pss_end),
	};
	return type < sizeof(size) / sizeof(size[0]) ? size[type] : 0;
}

static int feed_record(struct pss_run *run, const struct pss_record_head *head, const void *payload)
{
	if (head->size < least_size(head->type))
		return -EPROTO;
	switch (head->type) {
	case PSS_REC_META:
		return feed_meta(run, payload);
	case PSS_REC_NAME:
		return feed_name(run, payload, head->size);
	case PSS_REC_OP:
		return feed_op(run, payload);
	case PSS_REC_STATS:
		return feed_stats(run, payload, head->size);
	case PSS_REC_MEMORY:
		return feed_memory(run, payload, head->size);
	case PSS_REC_LIFE:
		return feed_life(run, payload);
	case PSS_REC_ERRORS:
		return feed_errors(run, payload);
	case PSS_REC_LOST:
		return feed_lost(run, payload);
	case PSS_REC_COST:
		return feed_cost(run, payload);
	case PSS_REC_TICK:
		return feed_tick(run, payload);
	case PSS_REC_END:
		return feed_end(run, payload);
	default:
		return 0;
	}
}

int run_feed(struct pss_run *run, const struct pss_record_head *head, const void *payload)
{
	int err = feed_record(run, head, payload);

	/* Nothing is left out silently: the report's coverage tells. */
	if (err == -EPROTO)
		run->lost[PSS_LOST_CONTRADICTION]++;
	return err;
}
