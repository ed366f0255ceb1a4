/* SPDX-License-Identifier: MIT */
/*
 * The 95 % intervals by simulation: over repeated short draws from one
 * distribution they hold the value of very long ones 90 to 99 times in a
 * hundred. With DRAWS draws the count itself is off by a few; the bounds that
 * are asserted leave no more than that.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/synthetic.h"

#define DRAWS 200
#define LONG_DRAWS 16

/* What one window of a process looks like. */
typedef void (*window_maker)(struct synthetic *synthetic);

struct process {
	const char *name;
	window_maker window;
	size_t short_windows, long_windows;
};

struct truth {
	double dimension[PSS_DIM_COUNT], pss;
};

static void draw(const struct process *process, uint64_t seed, size_t windows, struct pss_report *report)
{
	struct synthetic *synthetic = synthetic_new(seed, true);

	synthetic_name(synthetic, 1, PSS_OP_REQUEST, "request :80");
	synthetic_name(synthetic, 2, PSS_OP_CALL, "call db:5432");
	for (size_t i = 0; i < windows; i++) {
		process->window(synthetic);
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, report);
	synthetic_free(synthetic);
}

static void long_run(const struct process *process, struct truth *truth)
{
	struct pss_report report;

	*truth = (struct truth){{0}, 0};
	for (uint64_t i = 0; i < LONG_DRAWS; i++) {
		draw(process, 1000000 + i, process->long_windows, &report);
		for (int d = 0; d < PSS_DIM_COUNT; d++)
			truth->dimension[d] += report.dimension[d].value / LONG_DRAWS;
		truth->pss += report.pss.value / LONG_DRAWS;
		pss_report_free(&report);
	}
}

static bool holds(const struct pss_score *score, double value)
{
	return value >= score->lo - 1e-9 && value <= score->hi + 1e-9;
}

/* Counts how often each interval held the long-run value. */
static void cover(const struct process *process, unsigned *dimension, unsigned *pss)
{
	struct truth truth;
	double width[PSS_DIM_COUNT] = {0}, mean[PSS_DIM_COUNT] = {0};

	long_run(process, &truth);
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct pss_report report;
		draw(process, 1 + i, process->short_windows, &report);
		cr_assert(report.pss.measured);
		for (int d = 0; d < PSS_DIM_COUNT; d++) {
			dimension[d] += holds(&report.dimension[d], truth.dimension[d]);
			width[d] += (report.dimension[d].hi - report.dimension[d].lo) / DRAWS;
			mean[d] += report.dimension[d].value / DRAWS;
		}
		*pss += holds(&report.pss, truth.pss);
		pss_report_free(&report);
	}
	if (getenv("PSS_COVERAGE_SHOW")) {
		fprintf(stderr, "%s: pss %u (%.2f)", process->name, *pss, truth.pss);
		for (int d = 0; d < PSS_DIM_COUNT; d++)
			fprintf(stderr, "  %s %u (%.4f, mean %.4f, width %.4f)", pss_dimension_label(d),
				dimension[d], truth.dimension[d], mean[d], width[d]);
		fprintf(stderr, "\n");
	}
}

/* 90 to 99 of a hundred, and two standard deviations of counting on each side. */
static void expect(const struct process *process, unsigned held, const char *what)
{
	cr_expect(held >= DRAWS * 0.90 - 4, "%s: %s held %u of %d", process->name, what, held, DRAWS);
	cr_expect(held <= DRAWS * 0.99 + 1.5, "%s: %s held %u of %d", process->name, what, held, DRAWS);
}

static void one(struct synthetic *synthetic, double duration, double wait, enum pss_component kind,
		bool failed, uint64_t path)
{
	synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
						       .duration_ns = duration,
						       .wait_ns = wait,
						       .wait = kind,
						       .failed = failed,
						       .path = path});
}

/* Steady: log-normal times, waits for the network, 2 % errors, three paths. */
static void steady(struct synthetic *synthetic)
{
	for (int i = 0; i < 60; i++) {
		double on_cpu = synthetic_lognormal(synthetic, 1e6, 0.5);
		double wait = synthetic_exponential(synthetic, 1e6), way = synthetic_uniform(synthetic);
		one(synthetic, on_cpu + wait, wait, PSS_C_NET, synthetic_uniform(synthetic) < 0.02,
		    way < 0.6   ? 1
		    : way < 0.9 ? 2
				: 3);
	}
}

/* Every window has a level of its own, an error rate of its own, and a mix of its own. */
static void moving(struct synthetic *synthetic)
{
	double level = exp(0.5 * synthetic_normal(synthetic)), mix = synthetic_uniform(synthetic);
	double bad = 0.05 * synthetic_exponential(synthetic, 1);

	for (int i = 0; i < 60; i++) {
		double on_cpu = synthetic_lognormal(synthetic, 1e6 * level, 0.3);
		double wait = synthetic_exponential(synthetic, 2e5 * level * level);
		one(synthetic, on_cpu + wait, wait, PSS_C_RUNQ, synthetic_uniform(synthetic) < bad,
		    synthetic_uniform(synthetic) < mix ? 1 : 2);
	}
}

/* Heavy tails: one operation in thirty waits long for a lock; few operations a window. */
static void tails(struct synthetic *synthetic)
{
	unsigned count = 20 + synthetic_poisson(synthetic, 20);

	for (unsigned i = 0; i < count; i++) {
		double on_cpu = synthetic_lognormal(synthetic, 2e5, 0.8), wait = 0;
		if (synthetic_uniform(synthetic) < 0.03)
			wait = synthetic_lognormal(synthetic, 3e6, 0.5);
		one(synthetic, on_cpu + wait, wait, PSS_C_LOCK, synthetic_uniform(synthetic) < 0.05,
		    synthetic_uniform(synthetic) < 0.5 ? 1 : 2);
	}
}

/* Two operations, one inside the other, with different shares. */
static void nested(struct synthetic *synthetic)
{
	for (int i = 0; i < 40; i++) {
		double call = synthetic_lognormal(synthetic, 5e5, 0.7),
		       on_cpu = synthetic_exponential(synthetic, 4e5);
		bool failed = synthetic_uniform(synthetic) < 0.03;
		one(synthetic, call + on_cpu, call, PSS_C_NET, failed,
		    synthetic_uniform(synthetic) < 0.3 ? 1 : 2);
		synthetic_op(synthetic, &(struct synthetic_op){.name_id = 2,
							       .duration_ns = call,
							       .wait_ns = call,
							       .wait = PSS_C_NET,
							       .failed = failed,
							       .path = 7 + (uint64_t)(i % 2)});
	}
}

static void run_process(const struct process *process)
{
	unsigned dimension[PSS_DIM_COUNT] = {0}, pss = 0;

	cover(process, dimension, &pss);
	expect(process, dimension[PSS_DIM_TIMING], "timing");
	expect(process, dimension[PSS_DIM_ERRORS], "errors");
	expect(process, dimension[PSS_DIM_BRANCHING], "branching");
	expect(process, dimension[PSS_DIM_CONCURRENCY], "concurrency");
	expect(process, pss, "PSS");
}

Test(coverage, steady)
{
	run_process(&(struct process){"steady", steady, 15, 600});
}

Test(coverage, moving)
{
	run_process(&(struct process){"moving", moving, 30, 1000});
}

Test(coverage, tails)
{
	run_process(&(struct process){"tails", tails, 30, 1000});
}

Test(coverage, nested)
{
	run_process(&(struct process){"nested", nested, 20, 600});
}
