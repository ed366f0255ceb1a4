/* SPDX-License-Identifier: MIT */
#include "tests/unit/synthetic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_NS 1000000000ULL

static uint64_t next(struct synthetic *synthetic)
{
	uint64_t z = (synthetic->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

double synthetic_uniform(struct synthetic *synthetic)
{
	return ((double)(next(synthetic) >> 11) + 0.5) * 0x1p-53;
}

double synthetic_normal(struct synthetic *synthetic)
{
	double radius = sqrt(-2 * log(synthetic_uniform(synthetic)));

	return radius * cos(2 * M_PI * synthetic_uniform(synthetic));
}

double synthetic_lognormal(struct synthetic *synthetic, double median, double sigma)
{
	return median * exp(sigma * synthetic_normal(synthetic));
}

double synthetic_exponential(struct synthetic *synthetic, double mean)
{
	return -mean * log(synthetic_uniform(synthetic));
}

unsigned synthetic_poisson(struct synthetic *synthetic, double mean)
{
	double product = synthetic_uniform(synthetic);
	unsigned count = 0;

	while (product > exp(-mean)) {
		product *= synthetic_uniform(synthetic);
		count++;
	}
	return count;
}

int synthetic_feed(struct synthetic *synthetic, uint32_t type, const void *payload, size_t size)
{
	struct pss_record_head head = {.type = type, .size = (uint32_t)size};

	return run_feed(&synthetic->run, &head, payload);
}

struct synthetic *synthetic_new(uint64_t seed, bool exact)
{
	struct synthetic *synthetic = calloc(1, sizeof(*synthetic));
	struct pss_meta meta = {.start_ns = SYNTHETIC_START_NS, .interval_ns = INTERVAL_NS, .pid = 42};

	cr_assert(synthetic);
	synthetic->state = seed;
	synthetic->exact = exact;
	run_init(&synthetic->run);
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_META, &meta, sizeof(meta)), 0);
	return synthetic;
}

void synthetic_free(struct synthetic *synthetic)
{
	run_free(&synthetic->run);
	free(synthetic);
}

void synthetic_name(struct synthetic *synthetic, uint32_t id, enum pss_op_kind kind, const char *text)
{
	char payload[sizeof(struct pss_name) + 64];
	struct pss_name name = {.id = id, .kind = (uint8_t)kind};

	memcpy(payload, &name, sizeof(name));
	memcpy(payload + sizeof(name), text, strlen(text));
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_NAME, payload, sizeof(name) + strlen(text)), 0);
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned low = 0, high = PSS_HIST_BUCKETS - 1;

	while (low < high) {
		unsigned middle = (low + high + 1) / 2;
		if (pss_hist_floor(middle) <= (double)ns)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

static void count_exact(struct synthetic *synthetic, const struct pss_op *op)
{
	struct pss_stats *stats = &synthetic->stats[op->name_id];

	stats->name_id = op->name_id;
	stats->count++;
	stats->units += op->units;
	stats->errors += op->err_class != PSS_ERR_NONE;
	stats->duration_ns += op->duration_ns;
	stats->recorded++;
	if (op->duration_ns > stats->max_ns)
		stats->max_ns = op->duration_ns;
	for (int i = 0; i < PSS_C_COUNT; i++)
		stats->component_ns[i] += op->component_ns[i];
	synthetic->histogram[op->name_id][bucket_of(op->duration_ns)]++;
}

void synthetic_op(struct synthetic *synthetic, const struct synthetic_op *wanted)
{
	uint64_t end_ns = SYNTHETIC_START_NS + synthetic->window * INTERVAL_NS +
			  (uint64_t)(synthetic_uniform(synthetic) * (double)INTERVAL_NS);
	struct pss_op op = {
		.name_id = wanted->name_id,
		.kind = (uint8_t)synthetic->run.name[wanted->name_id].kind,
		.err_class = wanted->failed ? PSS_ERR_ERRNO : PSS_ERR_NONE,
		.err_code = wanted->failed ? 104 : 0,
		.tgid = 42,
		.tid = 42,
		.duration_ns = (uint64_t)(wanted->duration_ns + 0.5),
		.path = wanted->path,
		.path_steps = wanted->steps,
		.units = 1,
		.weight = 1,
	};

	op.start_ns = end_ns - op.duration_ns;
	op.component_ns[wanted->wait] = (uint64_t)wanted->wait_ns;
	op.component_ns[PSS_C_ON_CPU] += op.duration_ns - op.component_ns[wanted->wait];
	if (wanted->wait == PSS_C_ON_CPU)
		op.component_ns[PSS_C_ON_CPU] = op.duration_ns;
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_OP, &op, sizeof(op)), 0);
	if (synthetic->exact)
		count_exact(synthetic, &op);
}

void synthetic_memory(struct synthetic *synthetic, double rss_bytes)
{
	struct pss_memory memory = {
		.time_ns = SYNTHETIC_START_NS + synthetic->window * INTERVAL_NS + INTERVAL_NS / 2,
		.rss_bytes = (uint64_t)rss_bytes,
		.peak_rss_bytes = (uint64_t)rss_bytes,
		.processes = 1,
		.threads = 1,
	};

	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_MEMORY, &memory, sizeof(memory)), 0);
}

static void send_stats(struct synthetic *synthetic, uint32_t name, uint64_t end_ns)
{
	char payload[sizeof(struct pss_stats) + PSS_HIST_BUCKETS * sizeof(struct pss_stats_bucket)];
	struct pss_stats *stats = &synthetic->stats[name];
	size_t size = sizeof(*stats);

	if (!stats->count)
		return;
	stats->end_ns = end_ns;
	for (uint32_t i = 0; i < PSS_HIST_BUCKETS; i++) {
		struct pss_stats_bucket pair = {.index = i, .count = synthetic->histogram[name][i]};
		if (!pair.count)
			continue;
		memcpy(payload + size, &pair, sizeof(pair));
		size += sizeof(pair);
		stats->buckets++;
	}
	memcpy(payload, stats, sizeof(*stats));
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_STATS, payload, size), 0);
	memset(stats, 0, sizeof(*stats));
	memset(synthetic->histogram[name], 0, sizeof(synthetic->histogram[name]));
}

void synthetic_window(struct synthetic *synthetic)
{
	struct pss_tick tick = {.time_ns = SYNTHETIC_START_NS + ++synthetic->window * INTERVAL_NS};

	for (uint32_t i = 0; i < SYNTHETIC_NAMES; i++)
		send_stats(synthetic, i, tick.time_ns);
	cr_assert_eq(synthetic_feed(synthetic, PSS_REC_TICK, &tick, sizeof(tick)), 0);
}

void synthetic_report(struct synthetic *synthetic, struct pss_report *report)
{
	struct pss_config config;

	pss_config_defaults(&config);
	pss_report_init(report);
	cr_assert_eq(run_report(&synthetic->run, &config, report), 0);
}

double synthetic_score(struct synthetic *synthetic, enum pss_dimension dimension)
{
	struct pss_report report;

	synthetic_report(synthetic, &report);
	cr_assert(report.dimension[dimension].measured);
	double value = report.dimension[dimension].value;
	pss_report_free(&report);
	return value;
}
