/* SPDX-License-Identifier: MIT */
/* Findings about errors, memory and processes that ended badly. */
#include <math.h>
#include <stdio.h>

#include "user/cause/failure.h"
#include "user/cause/findings_internal.h"
#include "user/util/number.h"

/* The error that most of the failed vectors bear; false when there is none. */
static bool usual_error(const struct pss_series *series, enum pss_error_class *kind, int *code)
{
	struct {
		int class_of, code;
		double weight;
	} seen[16];
	size_t count = 0, best = 0;

	for (size_t i = 0; i < series->samples; i++) {
		const struct pss_op *op = &series->sample[i].op;
		size_t k = 0;
		if (op->err_class == PSS_ERR_NONE)
			continue;
		while (k < count && (seen[k].class_of != op->err_class || seen[k].code != op->err_code))
			k++;
		if (k == 16)
			continue;
		if (k == count) {
			seen[count].class_of = op->err_class;
			seen[count].code = op->err_code;
			seen[count++].weight = 0;
		}
		seen[k].weight += pss_sample_weight(series, &series->sample[i]);
	}
	for (size_t k = 1; k < count; k++)
		if (seen[k].weight > seen[best].weight)
			best = k;
	if (!count)
		return false;
	*kind = (enum pss_error_class)seen[best].class_of;
	*code = seen[best].code;
	return true;
}

static const char *advice_error(enum pss_error_class kind)
{
	if (kind == PSS_ERR_ERRNO)
		return "Look at the endpoint or file that answers with this error, and at what the program "
		       "does then.";
	return "Look at the failing calls first: what they have in common, and when they began.";
}

static void errors_draft(const struct finding_list *list, const struct score_row *row,
			 struct finding_draft *draft, double loss)
{
	double scale = list->scale[PSS_DIM_ERRORS] * row->weight[PSS_DIM_ERRORS];
	bool total = row->errors.rate >= 0.9;

	*draft = (struct finding_draft){
		.dimension = PSS_DIM_ERRORS,
		.row = row,
		.loss = scale * loss,
		.sure_loss = scale * (1 - row->dimension[PSS_DIM_ERRORS].hi),
		.most = PSS_SEV_CRITICAL,
		.least = total && row->tries_share >= 0.01 ? PSS_SEV_CRITICAL : PSS_SEV_INFO,
		.always = total,
	};
}

void find_errors(struct finding_list *list, const struct score_row *row)
{
	const struct score_sums *sums = &row->operation.total;
	double steady = score_error_rate(row->errors.rate);
	double value = row->dimension[PSS_DIM_ERRORS].value;
	char rate[PSS_NUMBER_SIZE], failed[PSS_NUMBER_SIZE], tries[PSS_NUMBER_SIZE], name[64] = "",
										     mostly[80] = "";
	enum pss_error_class kind = PSS_ERR_NONE;
	struct finding_draft draft;
	int code = 0;

	if (sums->failures <= 0)
		return;
	if (usual_error(row->operation.series, &kind, &code)) {
		failure_of(kind, code, name, sizeof(name));
		snprintf(mostly, sizeof(mostly), ", mostly with %s", name);
	}
	format_percent(rate, sizeof(rate), row->errors.rate);
	format_count(failed, sizeof(failed), sums->failures);
	format_count(tries, sizeof(tries), sums->tries);
	char cause[96];
	snprintf(cause, sizeof(cause), "errors%s%s", name[0] ? " " : "", name);
	errors_draft(list, row, &draft, 1 - steady);
	draft.cause = cause;
	draft.advice = advice_error(kind);
	finding_add(list, &draft, finding_text("%s of %s failed (%s)%s.", failed, tries, rate, mostly));
	errors_draft(list, row, &draft, fmax(0, steady - value));
	draft.always = false;
	draft.least = PSS_SEV_INFO;
	snprintf(cause, sizeof(cause), "error burst%s%s", name[0] ? " " : "", name);
	draft.cause = cause;
	draft.advice = "They come together: look for what else happened at those times, here or behind that "
		       "endpoint.";
	finding_add(
		list, &draft,
		finding_text(
			"Errors come in bursts: between windows their number varies %.0f times as much as "
			"chance would.",
			row->errors.dispersion));
}

static void find_growth(struct finding_list *list, double loss, double sure_loss)
{
	const struct score_memory *memory = &list->result->memory;
	char rate[PSS_NUMBER_SIZE], typical[PSS_NUMBER_SIZE], horizon[PSS_NUMBER_SIZE];
	struct finding_draft draft = {
		.dimension = PSS_DIM_MEMORY,
		.cause = "leak",
		.loss = loss,
		.sure_loss = sure_loss,
		.most = memory->growing ? PSS_SEV_CRITICAL : PSS_SEV_INFO,
		.advice = "Memory grows without levelling off: let it run longer to be sure that it is no "
			  "cache that "
			  "fills, then look at what is allocated and kept.",
	};

	format_bytes(rate, sizeof(rate), memory->slope);
	format_bytes(typical, sizeof(typical), memory->typical_bytes);
	format_duration_ns(horizon, sizeof(horizon), memory->horizon_s * 1e9);
	if (list->run->from_trace_file) {
		char grown[PSS_NUMBER_SIZE];
		finding_add(list, &draft,
			    finding_text("Memory grows by %s over the file, around %s.",
					 format_percent(grown, sizeof(grown), memory->grown), typical));
		return;
	}
	finding_add(
		list, &draft,
		finding_text(
			"Memory grows by %s a second, around %s: doubled or at its limit in %s at this pace.",
			rate, typical, horizon));
}

void find_memory(struct finding_list *list)
{
	const struct score_memory *memory = &list->result->memory;
	const struct pss_score *score = &list->result->dimension[PSS_DIM_MEMORY];
	double product = memory->growth_factor * memory->spike_factor;
	double scale = list->scale[PSS_DIM_MEMORY], lost = scale * (1 - product);
	char above[PSS_NUMBER_SIZE];

	if (!memory->score.measured || product >= 1)
		return;
	double part = log(fmax(1e-9, memory->growth_factor)) / log(fmax(1e-9, product));
	double sure_loss = scale * (1 - score->hi);
	find_growth(list, lost * part, sure_loss);
	struct finding_draft draft = {
		.dimension = PSS_DIM_MEMORY,
		.cause = "memory spikes",
		.loss = lost * (1 - part),
		.sure_loss = sure_loss,
		.most = PSS_SEV_CRITICAL,
		.advice = "Memory rises for a while and is given back: look for work on whole files or "
			  "result sets, "
			  "and do it in pieces.",
	};
	finding_add(list, &draft,
		    finding_text("Memory stands above its trend by %s of the usual (root mean square).",
				 format_percent(above, sizeof(above), memory->spike)));
}

void find_crashes(struct finding_list *list)
{
	const struct score_result *result = list->result;
	const struct pss_run *run = list->run;
	char name[64];

	if (result->crashes <= 0)
		return;
	const struct pss_life *worst = &run->abnormal[0];
	for (size_t i = 1; i < run->abnormal_count; i++)
		if (run->abnormal[i].err_class == PSS_ERR_OOM ||
		    (run->abnormal[i].err_class == PSS_ERR_SIGNAL && worst->err_class == PSS_ERR_EXIT))
			worst = &run->abnormal[i];
	struct finding_draft draft = {
		.dimension = PSS_DIM_ERRORS,
		.cause = "crash",
		.loss = list->scale[PSS_DIM_ERRORS] * (1 - 1 / (1 + result->crashes)),
		.most = PSS_SEV_CRITICAL,
		.least = result->crashes >= 1 ? PSS_SEV_CRITICAL : PSS_SEV_WARNING,
		.always = true,
		.advice = "Look at its log and its core dump.",
	};
	if (worst->err_class == PSS_ERR_OOM) {
		draft.dimension = PSS_DIM_MEMORY;
		draft.cause = "out of memory";
		draft.advice = "The kernel killed it for lack of memory: raise the limit or find what grows.";
	} else if (worst->err_class == PSS_ERR_EXIT) {
		draft.cause = "exit status";
		draft.advice = "It gave up by itself: its log should say why.";
	}
	failure_of((enum pss_error_class)worst->err_class, worst->err_code, name, sizeof(name));
	if (run->abnormal_exits == 1)
		finding_add(list, &draft, finding_text("A process ended with %s.", name));
	else
		finding_add(list, &draft,
			    finding_text("%llu processes ended abnormally, one of them with %s.",
					 (unsigned long long)run->abnormal_exits, name));
}
