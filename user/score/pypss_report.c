/* SPDX-License-Identifier: MIT */
#include "user/score/pypss_report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "user/ops/text_table.h"

/* pypss's own four levels: exceptional, stable with signs of variance, flaky, critically unstable. */
#define STABLE_FROM 90
#define DEGRADED_FROM 75
#define UNSTABLE_FROM 50

static enum pss_verdict verdict_of(const struct pypss_columns *columns, int pss)
{
	if (columns->records == 0 && columns->lags == 0)
		return PSS_VERDICT_INSUFFICIENT;
	if (pss >= STABLE_FROM)
		return PSS_VERDICT_STABLE;
	if (pss >= DEGRADED_FROM)
		return PSS_VERDICT_DEGRADED;
	return pss >= UNSTABLE_FROM ? PSS_VERDICT_UNSTABLE : PSS_VERDICT_CRITICAL;
}

static struct pss_score certain(double value)
{
	if (isfinite(value))
		return (struct pss_score){.measured = true, .value = value, .lo = value, .hi = value};
	return (struct pss_score){.why = "pypss computes no finite number here"};
}

static void overlay(const struct pypss_columns *columns, const struct pypss_result *result,
		    struct pss_report *report)
{
	report->scoring = PSS_SCORING_PYPSS;
	report->pss = certain(result->pss_unrounded);
	report->pss_rounded = result->pss;
	report->verdict = verdict_of(columns, result->pss);
	for (int i = 0; i < PSS_DIM_COUNT; i++)
		report->dimension[i] = certain(result->dimension[i]);
}

static int by_time(const void *left, const void *right)
{
	const struct pss_op *a = *(const struct pss_op *const *)left;
	const struct pss_op *b = *(const struct pss_op *const *)right;
	uint64_t a_end = a->start_ns + a->duration_ns, b_end = b->start_ns + b->duration_ns;

	if (a_end != b_end)
		return a_end < b_end ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	return (a->name_id > b->name_id) - (a->name_id < b->name_id);
}

/* The recorded operations in the order of their ends. NULL: out of memory. */
static const struct pss_op **collect(const struct pss_run *run, unsigned kinds, size_t *count)
{
	size_t most = 0;
	for (size_t i = 0; i < run->series_count; i++)
		most += run->series[i].samples;
	const struct pss_op **op = malloc((most + 1) * sizeof(*op));
	*count = 0;
	for (size_t i = 0; op && i < run->series_count; i++) {
		const struct pss_series *series = &run->series[i];
		if (!(kinds >> series->kind & 1))
			continue;
		for (size_t s = 0; s < series->samples; s++)
			op[(*count)++] = &series->sample[s].op;
	}
	if (op)
		qsort(op, *count, sizeof(*op), by_time);
	return op;
}

static int allocate(struct pypss_columns *columns, size_t count)
{
	columns->duration = calloc(count + 1, sizeof(*columns->duration));
	columns->memory = calloc(count + 1, sizeof(*columns->memory));
	columns->wait = calloc(count + 1, sizeof(*columns->wait));
	columns->error = calloc(count + 1, sizeof(*columns->error));
	columns->tag = calloc(count + 1, sizeof(*columns->tag));
	bool all = columns->duration && columns->memory && columns->wait && columns->error && columns->tag;
	return all ? 0 : -ENOMEM;
}

/* An operation as the record that pypss would have made of it. Memory that is not known is left out. */
static int add(struct pypss_columns *columns, struct text_table *paths, const struct pss_op *op)
{
	uint64_t busy = op->component_ns[PSS_C_ON_CPU] + op->component_ns[PSS_C_FAULT];

	columns->records++;
	columns->duration[columns->durations++] = (double)op->duration_ns / 1e9;
	columns->wait[columns->waits++] = op->duration_ns > busy ? (double)(op->duration_ns - busy) / 1e9 : 0;
	columns->error[columns->errors++] = op->err_class != PSS_ERR_NONE;
	if (op->rss_bytes)
		columns->memory[columns->memories++] = (double)op->rss_bytes;
	if (!op->path)
		return 0;
	return text_table_add(paths, (const char *)&op->path, sizeof(op->path),
			      &columns->tag[columns->tags++]);
}

static int columns_of(const struct pss_run *run, unsigned kinds, struct pypss_columns *columns)
{
	struct text_table paths = {0};
	size_t count;
	const struct pss_op **op = collect(run, kinds, &count);
	int error = op ? allocate(columns, count) : -ENOMEM;

	for (size_t i = 0; i < count && !error; i++)
		error = add(columns, &paths, op[i]);
	text_table_free(&paths);
	free(op);
	return error;
}

int pypss_report(const struct pss_run *run, const struct pypss_columns *columns,
		 const struct pss_config *config, struct pss_report *report, char *message, size_t size)
{
	struct pypss_result result;
	struct pypss_columns own;
	int error = 0;

	pypss_columns_init(&own);
	if (!columns) {
		error = columns_of(run, report->scored_kinds, &own);
		columns = &own;
		if (error)
			snprintf(message, size, "out of memory");
	}
	if (!error)
		error = pypss_score(columns, config, &result, message, size);
	if (!error)
		overlay(columns, &result, report);
	pypss_columns_free(&own);
	return error;
}
