/* SPDX-License-Identifier: MIT */
/* The properties that the native score promises (docs/scoring.md), N1 to N10, on synthetic operations. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "tests/unit/synthetic.h"

#define MS 1e6

struct shape {
	unsigned windows, operations; /* operations a window */
};

static struct synthetic *fresh(uint64_t seed)
{
	struct synthetic *synthetic = synthetic_new(seed, true);

	synthetic_name(synthetic, 1, PSS_OP_REQUEST, "request :80");
	synthetic_name(synthetic, 2, PSS_OP_REQUEST, "request :81");
	return synthetic;
}

static void plain(struct synthetic *synthetic, uint32_t name, double duration)
{
	synthetic_op(synthetic, &(struct synthetic_op){.name_id = name, .duration_ns = duration, .path = 1});
}

/* Log-normal durations whose median follows a wave of this depth (in logarithms). */
static struct synthetic *wave(uint64_t seed, double sigma, double depth, double unit)
{
	struct synthetic *synthetic = fresh(seed);

	for (int w = 0; w < 12; w++) {
		for (int i = 0; i < 100; i++)
			plain(synthetic, 1,
			      synthetic_lognormal(synthetic, unit * exp(depth * sin(w * M_PI / 3)), sigma));
		synthetic_window(synthetic);
	}
	return synthetic;
}

static double scored(struct synthetic *synthetic, enum pss_dimension dimension)
{
	double value = synthetic_score(synthetic, dimension);

	synthetic_free(synthetic);
	return value;
}

Test(properties, n1_two_steady_operations_are_steady)
{
	struct synthetic *synthetic = fresh(1);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 50; i++) {
			plain(synthetic, 1, 1 * MS);
			plain(synthetic, 2, 100 * MS);
		}
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_expect_gt(report.pss.value, 95);
	cr_expect_gt(report.dimension[PSS_DIM_TIMING].value, 0.99);
	cr_expect_eq(report.operations, 2);
	cr_expect_str_eq(report.operation[0].name, "request :81", "the larger share comes first");
	cr_expect_float_eq(report.operation[0].share, 100.0 / 101, 0.001);
	pss_report_free(&report);
	synthetic_free(synthetic);
}

Test(properties, n1_weight_is_the_share_of_time)
{
	struct synthetic *synthetic = fresh(2);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 100; i++) {
			plain(synthetic, 1, synthetic_lognormal(synthetic, 0.01 * MS, 2));
			plain(synthetic, 2, 100 * MS);
		}
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	double small = report.operation[1].dimension[PSS_DIM_TIMING].value;
	cr_expect_lt(small, 0.7);
	cr_expect_gt(report.dimension[PSS_DIM_TIMING].value, 0.99, "hardly any of the time is unsteady");
	pss_report_free(&report);
	synthetic_free(synthetic);
}

static void insufficient(unsigned windows, unsigned operations)
{
	struct synthetic *synthetic = fresh(3);
	struct pss_report report;

	for (unsigned w = 0; w < windows; w++) {
		for (unsigned i = 0; i < operations; i++)
			plain(synthetic, 1, 1 * MS);
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_expect_eq(report.verdict, PSS_VERDICT_INSUFFICIENT);
	cr_expect_not(report.pss.measured);
	cr_expect_not_null(report.pss.why);
	for (int d = 0; d < PSS_DIM_COUNT; d++) {
		cr_expect_not(report.dimension[d].measured);
		cr_expect_not_null(report.dimension[d].why);
	}
	pss_report_free(&report);
	synthetic_free(synthetic);
}

Test(properties, n2_too_little_is_insufficient)
{
	insufficient(0, 0);
	insufficient(10, 2);
	insufficient(2, 1000);
}

Test(properties, n2_more_data_makes_surer)
{
	double width[2];

	for (int k = 0; k < 2; k++) {
		struct synthetic *synthetic = fresh(4);
		struct pss_report report;
		for (int w = 0; w < (k ? 80 : 8); w++) {
			for (int i = 0; i < 40; i++)
				plain(synthetic, 1, synthetic_lognormal(synthetic, MS, 0.7));
			synthetic_window(synthetic);
		}
		synthetic_report(synthetic, &report);
		width[k] = report.pss.hi - report.pss.lo;
		cr_expect_leq(report.pss.lo, report.pss.value);
		cr_expect_geq(report.pss.hi, report.pss.value);
		pss_report_free(&report);
		synthetic_free(synthetic);
	}
	cr_expect_lt(width[1], width[0] / 2);
}

/* The same operations in another order, on other threads, or each of them several times. */
static struct pss_score reordered(bool backward, unsigned copies, uint32_t threads, double unit)
{
	struct synthetic *source = fresh(5), *synthetic = fresh(5);
	static struct pss_op kept[1200];
	size_t count = 0;

	for (int w = 0; w < 12; w++) {
		for (int i = 0; i < 100; i++) {
			struct pss_op *op = &kept[count++];
			memset(op, 0, sizeof(*op));
			op->name_id = 1;
			op->kind = PSS_OP_REQUEST;
			op->weight = op->units = 1;
			op->duration_ns = (uint64_t)(unit * synthetic_lognormal(source, 1, 0.6));
			op->component_ns[PSS_C_LOCK] =
				synthetic_uniform(source) < 0.1 ? op->duration_ns / 2 : 0;
			op->component_ns[PSS_C_ON_CPU] = op->duration_ns - op->component_ns[PSS_C_LOCK];
			op->err_class = synthetic_uniform(source) < 0.02 ? PSS_ERR_ERRNO : PSS_ERR_NONE;
			op->path = synthetic_uniform(source) < 0.4 ? 1 : 2;
			op->start_ns = SYNTHETIC_START_NS + (uint64_t)w * 1000000000 + 5000000 * (uint64_t)i +
				       400000000 - op->duration_ns;
		}
	}
	for (size_t k = 0; k < count * copies; k++) {
		struct pss_op op = kept[(backward ? count * copies - 1 - k : k) / copies];
		op.tid = 1 + (uint32_t)(k % threads);
		cr_assert_eq(synthetic_feed(synthetic, PSS_REC_OP, &op, sizeof(op)), 0);
	}
	struct pss_report report;
	synthetic_report(synthetic, &report);
	struct pss_score score = report.pss;
	pss_report_free(&report);
	synthetic_free(source);
	synthetic_free(synthetic);
	return score;
}

Test(properties, n3_order_threads_copies_units)
{
	struct pss_score score = reordered(false, 1, 1, MS), copied = reordered(false, 5, 1, MS);

	cr_expect_eq(reordered(true, 1, 1, MS).value, score.value, "order of arrival");
	cr_expect_eq(reordered(true, 1, 1, MS).lo, score.lo, "order of arrival");
	cr_expect_eq(reordered(false, 1, 7, MS).value, score.value, "thread interleaving");
	cr_expect_float_eq(reordered(false, 1, 1, MS / 37).value, score.value, 0.5, "units");
	/* Copies look like more data, so that what was chance in few is taken for real in many. */
	cr_expect_geq(copied.value, score.lo, "copies");
	cr_expect_leq(copied.value, score.hi, "copies");
	cr_expect_float_eq(copied.value, score.value, 3, "copies");
}

Test(properties, n3_the_same_bytes_give_the_same_bits)
{
	struct synthetic *synthetic = wave(6, 0.5, 0.4, MS);
	struct pss_report first, second;

	synthetic_report(synthetic, &first);
	synthetic_report(synthetic, &second);
	cr_expect_eq(memcmp(&first.pss, &second.pss, sizeof(first.pss)), 0);
	cr_expect_eq(memcmp(first.dimension, second.dimension, sizeof(first.dimension)), 0);
	cr_expect_eq(first.findings, second.findings);
	pss_report_free(&first);
	pss_report_free(&second);
	synthetic_free(synthetic);
}

Test(properties, n4_consistency_not_width)
{
	double constant = scored(wave(7, 0.001, 0, MS), PSS_DIM_TIMING);
	double wide = scored(wave(7, 0.7, 0, MS), PSS_DIM_TIMING);
	double moving = scored(wave(7, 0.7, 1.2, MS), PSS_DIM_TIMING);

	cr_expect_gt(constant, 0.97);
	cr_expect_gt(wide, 0.75, "wide but steady scores well");
	cr_expect_lt(wide, constant - 0.02, "and not perfectly");
	cr_expect_lt(moving, wide - 0.3, "the same distribution that moves scores badly");
}

/* A few long stalls that hardly touch p99 but hold up a large part of the time. */
Test(properties, n4_rare_long_stalls_count)
{
	struct synthetic *synthetic = fresh(8);

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 1000; i++)
			plain(synthetic, 1,
			      i % 200 ? synthetic_lognormal(synthetic, 0.1 * MS, 0.3) : 50 * MS);
		synthetic_window(synthetic);
	}
	cr_expect_lt(scored(synthetic, PSS_DIM_TIMING), 0.4);
}

Test(properties, n4_path_explains_duration)
{
	struct synthetic *synthetic = fresh(9);

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 100; i++) {
			bool slow = synthetic_uniform(synthetic) < 0.2;
			synthetic_op(synthetic,
				     &(struct synthetic_op){.name_id = 1,
							    .path = slow ? 1 : 2,
							    .duration_ns = synthetic_lognormal(
								    synthetic, slow ? 50 * MS : MS, 0.05)});
		}
		synthetic_window(synthetic);
	}
	cr_expect_gt(scored(synthetic, PSS_DIM_TIMING), 0.95);
}

enum memory_shape { FLAT, NOISY, LEAK, WARM_UP, SPIKES, ONE_SPIKE };

static double memory_level(struct synthetic *synthetic, enum memory_shape shape, unsigned at)
{
	switch (shape) {
	case NOISY:
		return 1 + 0.01 * synthetic_normal(synthetic);
	case LEAK:
		return 1 + 0.02 * at + 0.005 * synthetic_normal(synthetic);
	case WARM_UP:
		return 2 - exp(-(double)at / 4) + 0.002 * synthetic_normal(synthetic);
	case SPIKES:
		return at % 6 == 3 ? 2 : 1;
	case ONE_SPIKE:
		return at == 31 ? 2 : 1;
	case FLAT:
		break;
	}
	return 1;
}

static double memory_scored(enum memory_shape shape, double bytes, unsigned windows)
{
	struct synthetic *synthetic = fresh(10);

	for (unsigned w = 0; w < windows; w++) {
		synthetic_memory(synthetic, bytes * memory_level(synthetic, shape, w));
		for (int i = 0; i < 10; i++)
			plain(synthetic, 1, MS);
		synthetic_window(synthetic);
	}
	return scored(synthetic, PSS_DIM_MEMORY);
}

Test(properties, n5_memory)
{
	double leak = memory_scored(LEAK, 1e9, 60);

	cr_expect_gt(memory_scored(FLAT, 1e9, 60), 0.99);
	cr_expect_gt(memory_scored(NOISY, 1e9, 60), 0.97, "noise");
	cr_expect_lt(leak, 0.4, "a leak");
	cr_expect_gt(memory_scored(WARM_UP, 1e9, 60), 0.75, "warm-up is no leak");
	cr_expect_gt(memory_scored(ONE_SPIKE, 1e9, 600), 0.85, "one spike in ten minutes");
	cr_expect_lt(memory_scored(SPIKES, 1e9, 60), 0.55, "spikes over and over");
	cr_expect_float_eq(memory_scored(LEAK, 1e6, 60), leak, 0.01, "size does not matter");
}

/* 1,000 operations a window; burst: how many of every ten windows have all the errors. */
static double errors_scored(double rate, unsigned bad_windows)
{
	struct synthetic *synthetic = fresh(11);

	for (unsigned w = 0; w < 20; w++) {
		double here = bad_windows ? (w % 10 < bad_windows ? rate * 10 / bad_windows : 0) : rate;
		for (int i = 0; i < 1000; i++)
			synthetic_op(synthetic,
				     &(struct synthetic_op){.name_id = 1,
							    .path = 1,
							    .duration_ns = MS,
							    .failed = synthetic_uniform(synthetic) < here});
		synthetic_window(synthetic);
	}
	return scored(synthetic, PSS_DIM_ERRORS);
}

Test(properties, n6_errors)
{
	double steady = errors_scored(0.01, 0), burst = errors_scored(0.01, 1);

	cr_expect_eq(errors_scored(0, 0), 1);
	cr_expect_gt(errors_scored(0.0002, 0), 0.97, "a rare error is no catastrophe");
	cr_expect_lt(burst, steady - 0.1, "as many errors in bursts are worse");
	cr_expect_eq(errors_scored(1.1, 0), 0, "every call fails");
}

enum mix_shape { ONE_PATH, HALF, JUMP, DRIFTING, NEVER_SEEN };

static double mix_scored(enum mix_shape shape)
{
	struct synthetic *synthetic = fresh(12);
	uint64_t fresh_path = 100;

	for (unsigned w = 0; w < 20; w++) {
		double share = 0.5;
		if (shape == JUMP)
			share = w % 8 < 4 ? 0.95 : 0.05;
		if (shape == DRIFTING)
			share = 0.3 + 0.02 * w;
		for (int i = 0; i < 100; i++) {
			uint64_t path = synthetic_uniform(synthetic) < share ? 1 : 2;
			if (shape == NEVER_SEEN)
				path = fresh_path++;
			plain(synthetic, 1, MS);
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 2,
								       .duration_ns = MS,
								       .path = shape == ONE_PATH ? 1 : path});
		}
		synthetic_window(synthetic);
	}
	struct pss_report report;
	synthetic_report(synthetic, &report);
	size_t which = strcmp(report.operation[0].name, "request :81") ? 1 : 0;
	double value = report.operation[which].dimension[PSS_DIM_BRANCHING].value;
	pss_report_free(&report);
	synthetic_free(synthetic);
	return value;
}

Test(properties, n7_branching)
{
	cr_expect_gt(mix_scored(ONE_PATH), 0.999);
	cr_expect_gt(mix_scored(HALF), 0.9, "a steady even mix");
	cr_expect_lt(mix_scored(JUMP), 0.3, "a mix that jumps");
	cr_expect_lt(mix_scored(NEVER_SEEN), 0.1, "paths never seen before");
	double drifting = mix_scored(DRIFTING);
	cr_expect_lt(drifting, 0.9);
	cr_expect_gt(drifting, mix_scored(JUMP));
}

/* One operation in `every` waits `wait` times its 1 ms for `component`. */
static struct synthetic *waiting(enum pss_component component, unsigned every, double times)
{
	struct synthetic *synthetic = fresh(13);

	for (unsigned w = 0; w < 12; w++) {
		for (unsigned i = 0; i < 200; i++) {
			double wait = i % every ? 0 : times * MS;
			synthetic_op(synthetic, &(struct synthetic_op){.name_id = 1,
								       .path = 1,
								       .duration_ns = MS + wait,
								       .wait_ns = wait,
								       .wait = component});
		}
		synthetic_window(synthetic);
	}
	return synthetic;
}

Test(properties, n8_waits)
{
	cr_expect_gt(scored(waiting(PSS_C_ON_CPU, 1, 0), PSS_DIM_CONCURRENCY), 0.99);
	double steady = scored(waiting(PSS_C_NET, 1, 5), PSS_DIM_CONCURRENCY);
	double now_and_then = scored(waiting(PSS_C_NET, 20, 20), PSS_DIM_CONCURRENCY);
	cr_expect_gt(steady, 0.85, "a steady wait is no chaos");
	cr_expect_lt(now_and_then, steady - 0.3, "the same now and then is");
	double lock = scored(waiting(PSS_C_LOCK, 50, 20), PSS_DIM_CONCURRENCY);
	double queue = scored(waiting(PSS_C_RUNQ, 50, 20), PSS_DIM_CONCURRENCY);
	cr_expect_lt(lock, 0.65);
	cr_expect_gt(queue, lock + 0.2, "waiting for a CPU is more ordinary than for a lock");
}

Test(properties, n8_no_cliffs)
{
	double before = -1;

	for (int step = 0; step <= 40; step++) {
		double value = scored(waiting(PSS_C_LOCK, 40, step * 0.5), PSS_DIM_CONCURRENCY);
		if (before >= 0)
			cr_expect_lt(fabs(value - before), 0.12, "at %.1f ms", step * 0.5);
		before = value;
	}
}

Test(properties, n9_more_fault_never_scores_higher)
{
	double timing = 2, errors = 2, waits = 2;

	for (int k = 0; k < 5; k++) {
		double now = scored(wave(14, 0.4, 0.4 * k, MS), PSS_DIM_TIMING);
		cr_expect_leq(now, timing + 0.02);
		timing = now;
		now = errors_scored(0.02 * k, 0);
		cr_expect_leq(now, errors + 0.02);
		errors = now;
		now = scored(waiting(PSS_C_DISK, 25, 4.0 * k), PSS_DIM_CONCURRENCY);
		cr_expect_leq(now, waits + 0.02);
		waits = now;
	}
	cr_expect_lt(timing, 0.5);
	cr_expect_lt(errors, 0.4);
	cr_expect_lt(waits, 0.6);
}

Test(properties, n10_total_failure_shows)
{
	struct synthetic *synthetic = fresh(15);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 100; i++)
			synthetic_op(synthetic,
				     &(struct synthetic_op){
					     .name_id = 1, .path = 1, .duration_ns = MS, .failed = true});
		synthetic_memory(synthetic, 1e8);
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_expect_eq(report.dimension[PSS_DIM_ERRORS].value, 0);
	cr_expect_gt(report.pss.value, 75, "the weighted mean hides it");
	cr_expect_eq(report.verdict, PSS_VERDICT_CRITICAL, "the verdict does not");
	cr_assert_gt(report.findings, 0);
	cr_expect_eq(report.finding[0].severity, PSS_SEV_CRITICAL);
	cr_expect_eq(report.finding[0].dimension, PSS_DIM_ERRORS);
	pss_report_free(&report);
	synthetic_free(synthetic);
}

/* A quick operation that always fails has hardly any share of the time. */
Test(properties, n10_small_total_failure_shows)
{
	struct synthetic *synthetic = fresh(16);
	struct pss_report report;

	for (int w = 0; w < 10; w++) {
		for (int i = 0; i < 100; i++) {
			plain(synthetic, 1, 50 * MS);
			if (i % 10 == 0)
				synthetic_op(synthetic, &(struct synthetic_op){.name_id = 2,
									       .path = 1,
									       .duration_ns = 0.01 * MS,
									       .failed = true});
		}
		synthetic_window(synthetic);
	}
	synthetic_report(synthetic, &report);
	cr_expect_gt(report.verdict, PSS_VERDICT_STABLE);
	pss_report_free(&report);
	synthetic_free(synthetic);
}
