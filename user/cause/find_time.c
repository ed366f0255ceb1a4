/* SPDX-License-Identifier: MIT */
/* Findings about durations and waits. */
#include <math.h>

#include "user/cause/findings_internal.h"
#include "user/util/number.h"

#define ADVICE_TRACE "A trace file does not say what was waited for: attach to the process to see it."

const char *advice_component(int component, enum pss_op_kind kind)
{
	switch (component) {
	case PSS_C_ON_CPU:
		return "Some of these operations compute far more than others: look at what their input "
		       "makes them do.";
	case PSS_C_RUNQ:
		return "Ready threads wait for a CPU: look for a CPU quota that throttles, neighbours on the "
		       "same "
		       "CPUs, or more running threads than CPUs.";
	case PSS_C_LOCK:
		return "Threads queue behind a lock: find who holds it that long, and hold it for less or "
		       "split it.";
	case PSS_C_DISK:
		return "It waits for storage: look at fsync and write-back, and at who else uses that disk.";
	case PSS_C_NET:
		return kind == PSS_OP_CALL ? "The answer comes late from the other side: look at that "
					     "service, and set a timeout."
					   : "It waits for another service while it holds its client: look "
					     "at that one, and set a "
					     "timeout.";
	case PSS_C_FAULT:
		return "Page faults hold it up: memory is being touched first, or comes back from swap or "
		       "file; "
		       "reuse or pre-fault it.";
	case PSS_C_SLEEP:
		return "It sleeps on a timer while a client waits: look for retries and back-off.";
	case PSS_C_HANDOFF:
		return "Work lies between threads before it is taken up: look at the size of the worker "
		       "pool.";
	default:
		return "It waits for a pipe, a child process, or has been stopped: look at what it waits "
		       "for.";
	}
}

/* Points that one factor of a product costs: by its part of the product's logarithm. */
static double factor_loss(double factor, double product, double scale)
{
	if (factor >= 1 || product >= 1)
		return 0;
	double part = log(fmax(factor, 1e-9)) / log(fmax(product, 1e-9));
	return scale * (1 - product) * fmin(1, part);
}

static struct finding_draft draft_of(const struct finding_list *list, const struct score_row *row,
				     enum pss_dimension dimension)
{
	double scale = list->scale[dimension] * row->weight[dimension];

	return (struct finding_draft){
		.dimension = dimension,
		.row = row,
		.sure_loss = scale * (1 - row->dimension[dimension].hi),
		.most = PSS_SEV_CRITICAL,
	};
}

/* Names the component that surely carries most of the variance. */
static void draft_cause(struct finding_draft *draft, const struct score_row *row, const char *otherwise)
{
	enum pss_op_kind kind = row->operation.series->kind;

	draft->cause = otherwise;
	draft->advice =
		"No single cause stands out: compare slow operations with usual ones in the table of causes.";
	if (kind == PSS_OP_TRACE) {
		draft->advice =
			"A trace file does not say where the time went: attach to the process to see it.";
		return;
	}
	if (row->sure_cause < 0)
		return;
	draft->cause = pss_component_label((enum pss_component)row->sure_cause);
	draft->advice = advice_component(row->sure_cause, kind);
}

static double row_typical(const struct score_row *row)
{
	const struct score_sums *sums = &row->operation.total;

	return sums->weight > 0 ? sums->time_ns / sums->weight : 0;
}

void find_timing(struct finding_list *list, const struct score_row *row)
{
	const struct score_timing *timing = &row->timing;
	struct finding_draft draft = draft_of(list, row, PSS_DIM_TIMING);
	double scale = list->scale[PSS_DIM_TIMING] * row->weight[PSS_DIM_TIMING];
	double product = timing->width * timing->drift * timing->stall;
	double wide = factor_loss(timing->width, product, scale), shape = timing->spread * timing->tail;
	char share[PSS_NUMBER_SIZE], mean[PSS_NUMBER_SIZE];

	format_percent(share, sizeof(share), timing->stalled_share);
	format_duration_ns(mean, sizeof(mean), row_typical(row));
	draft_cause(&draft, row, "stalls");
	draft.loss = factor_loss(timing->stall, product, scale);
	finding_add(
		list, &draft,
		finding_text("%s of the time went beyond fifteen times the usual duration; the mean is %s.",
			     share, mean));
	draft_cause(&draft, row, "drift");
	draft.loss = factor_loss(timing->drift, product, scale);
	finding_add(list, &draft,
		    finding_text("Durations move from window to window by a factor of %.2f beyond chance.",
				 exp(timing->drift_log)));
	draft_cause(&draft, row, "tail");
	draft.most = PSS_SEV_WARNING;
	draft.loss = factor_loss(timing->tail, shape, wide) / fmax(1e-9, 1 - shape);
	finding_add(list, &draft,
		    finding_text("The slowest 2 %% take %.1f times as long as the usual one.",
				 exp(timing->tail_log)));
	draft_cause(&draft, row, "spread");
	draft.most = PSS_SEV_INFO;
	draft.loss = factor_loss(timing->spread, shape, wide) / fmax(1e-9, 1 - shape);
	finding_add(list, &draft,
		    finding_text("Durations spread by a factor of %.1f around the usual one, steadily.",
				 exp(timing->sigma)));
}

/* Says only what there is to say. */
static char *waits_evidence(const struct score_concurrency *waits, int component)
{
	char share[PSS_NUMBER_SIZE], erratic[PSS_NUMBER_SIZE], moving[PSS_NUMBER_SIZE];
	bool jumps = waits->erratic[component] >= 0.005, moves = waits->moving[component] >= 0.02;

	format_percent(share, sizeof(share), waits->share[component]);
	format_percent(erratic, sizeof(erratic), waits->erratic[component]);
	format_percent(moving, sizeof(moving), 2 * waits->moving[component]);
	return finding_text("%s of the time is this wait%s%s%s%s%s.", share,
			    jumps ? "; waits far beyond the usual are " : "", jumps ? erratic : "",
			    jumps ? " of it all" : "",
			    moves ? "; from window to window it moves by about " : "", moves ? moving : "");
}

void find_waits(struct finding_list *list, const struct score_row *row)
{
	const struct score_concurrency *waits = &row->concurrency;
	enum pss_op_kind kind = row->operation.series->kind;
	double scale = list->scale[PSS_DIM_CONCURRENCY] * row->weight[PSS_DIM_CONCURRENCY], total = 0;

	for (int c = 0; c < PSS_C_COUNT; c++)
		total += fmax(0, waits->penalty[c]);
	for (int c = 0; c < PSS_C_COUNT && total > 0; c++) {
		struct finding_draft draft = draft_of(list, row, PSS_DIM_CONCURRENCY);
		draft.loss = scale * (1 - row->dimension[PSS_DIM_CONCURRENCY].value) *
			     fmax(0, waits->penalty[c]) / total;
		if (draft.loss < 0.5)
			continue;
		draft.cause = kind == PSS_OP_TRACE ? "waits" : pss_component_label((enum pss_component)c);
		draft.advice = kind == PSS_OP_TRACE ? ADVICE_TRACE : advice_component(c, kind);
		finding_add(list, &draft, waits_evidence(waits, c));
	}
}

void find_branching(struct finding_list *list, const struct score_row *row)
{
	const struct score_branching *branching = &row->branching;
	struct finding_draft draft = draft_of(list, row, PSS_DIM_BRANCHING);
	double scale = list->scale[PSS_DIM_BRANCHING] * row->weight[PSS_DIM_BRANCHING];
	double product = branching->mix * branching->shift * branching->novelty;
	char share[PSS_NUMBER_SIZE];

	draft.cause = "path mix";
	draft.advice =
		"The work itself changes: compare the paths of the operation before and after, and look for "
		"a change of clients, a cache that empties, or a fallback.";
	draft.loss = factor_loss(branching->shift, product, scale);
	finding_add(list, &draft,
		    finding_text("The mix of paths moves from window to window by %.3f bits (Jensen-Shannon) "
				 "beyond chance.",
				 branching->divergence_bits));
	format_percent(share, sizeof(share), branching->fresh_share);
	draft.cause = "new paths";
	draft.advice = "Operations keep taking ways never seen before: look for work that depends on data "
		       "without bound.";
	draft.loss = factor_loss(branching->novelty, product, scale);
	finding_add(list, &draft, finding_text("%s of the operations took a path of their own.", share));
	draft.cause = "many paths";
	draft.most = PSS_SEV_INFO;
	draft.loss = factor_loss(branching->mix, product, scale);
	finding_add(
		list, &draft,
		finding_text("The paths are steadily mixed: %.1f bits of entropy.", branching->entropy_bits));
}
