/* SPDX-License-Identifier: MIT */
/* Branching entropy: how predictable the way of an operation is, beyond its own steady mix. */
#include "user/score/sums.h"

#include <math.h>

#define SHIFT_SCALE 0.05 /* Jensen-Shannon divergence of cells from the run, bits, that halves the score */
#define MIX_COST 0.1     /* what the widest steady mix costs */

/* Plug-in entropy with the Miller-Madow correction, in nats. */
static double mix_entropy(const struct score_sums *sums)
{
	double total = 0, entropy = 0, kinds = 0;

	for (int i = 0; i < SUMS_PATHS; i++)
		total += sums->path[i];
	for (int i = 0; i < SUMS_PATHS; i++) {
		double p = total > 0 ? sums->path[i] / total : 0;
		if (p > 0) {
			entropy -= p * log(p);
			kinds++;
		}
	}
	return kinds > 1 ? entropy + (kinds - 1) / (2 * fmax(1, sums->routed)) : 0;
}

double score_branching(const struct score_sums *sums, struct score_branching *detail)
{
	double entropy = mix_entropy(sums);
	double divergence = sums->routed > 0 ? sums->shift / sums->routed : 0;
	double fresh = sums->fresh_of > 0 ? fmin(1, sums->fresh / sums->fresh_of) : 0;
	struct score_branching factor = {
		.mix = 1 - MIX_COST * (1 - exp(-entropy)),
		.shift = 1 / (1 + fmax(divergence / SHIFT_SCALE, -0.3)),
		.novelty = (1 - fresh) * (1 - fresh),
		.entropy_bits = entropy / M_LN2,
		.divergence_bits = fmax(0, divergence),
		.fresh_share = fresh,
	};

	if (detail)
		*detail = factor;
	return factor.mix * factor.shift * factor.novelty;
}
