/* SPDX-License-Identifier: MIT */
/* Concurrency chaos: waits inside operations, by cause: their share, and how erratic they are. */
#include "user/score/sums.h"

#include <math.h>

#define LEVEL_COST 0.1  /* for time that is spent waiting, however steadily */
#define MOVING_COST 3.0 /* for the variance of a wait's share from cell to cell */

/*
 * What a second of one cause's erratic waiting costs for each second of all the rest. Waiting
 * for a CPU is ordinary where there are more threads than CPUs; waiting long for a
 * lock is not.
 */
static double erratic_cost(enum pss_op_kind kind, int component)
{
	static const double cost[PSS_C_COUNT] = {
		[PSS_C_RUNQ] = 0.3,  [PSS_C_LOCK] = 2.0,    [PSS_C_DISK] = 1.6,  [PSS_C_NET] = 1.6,
		[PSS_C_FAULT] = 2.0, [PSS_C_HANDOFF] = 1.2, [PSS_C_OTHER] = 1.6,
	};

	/* Trace files know one kind of waiting. */
	return kind == PSS_OP_TRACE && component == PSS_C_OTHER ? 2.0 : cost[component];
}

/* A call is a wait for the network by what it is; only its erratic part counts. */
static double level_cost(enum pss_op_kind kind, int component)
{
	if (kind == PSS_OP_CALL && component == PSS_C_NET)
		return 0;
	return erratic_cost(kind, component) > 0 ? LEVEL_COST : 0;
}

double score_concurrency(const struct score_sums *sums, enum pss_op_kind kind,
			 struct score_concurrency *detail)
{
	struct score_concurrency part = {0};
	double denominator = 1;

	for (int i = 0; i < PSS_C_COUNT; i++) {
		if (sums->waited_of_ns > 0 && erratic_cost(kind, i) > 0)
			part.erratic[i] = sums->erratic_ns[i] / sums->waited_of_ns;
		if (sums->duration_ns > 0)
			part.share[i] = fmin(1, sums->component_ns[i] / sums->duration_ns);
	}
	for (int i = 0; i < PSS_C_COUNT; i++) {
		double cost = erratic_cost(kind, i), variance = sums_moving_variance(&sums->share[i]);
		if (cost <= 0)
			continue;
		part.moving[i] = sqrt(fmax(0, variance));
		double odds = part.erratic[i] / fmax(1e-3, 1 - part.erratic[i]);
		part.penalty[i] = cost * odds + level_cost(kind, i) * part.share[i] +
				  MOVING_COST * fmax(variance, -0.01);
		denominator += part.penalty[i];
	}
	if (detail)
		*detail = part;
	return 1 / denominator;
}
