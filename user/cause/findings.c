/* SPDX-License-Identifier: MIT */
#include "user/cause/findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/cause/findings_internal.h"

#define LOSS_SHOWN 1.0
#define LOSS_WARNING 5.0
#define LOSS_CRITICAL 12.0
#define LOSS_SURE 2.5 /* a warning needs so many points lost at the upper end of the interval */
#define FINDINGS_MOST 32

char *finding_text(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

static enum pss_severity severity_of(const struct finding_draft *draft)
{
	enum pss_severity severity = PSS_SEV_INFO;

	if (draft->loss >= LOSS_WARNING && draft->sure_loss >= LOSS_SURE)
		severity = draft->loss >= LOSS_CRITICAL ? PSS_SEV_CRITICAL : PSS_SEV_WARNING;
	if (severity > draft->most)
		severity = draft->most;
	return severity < draft->least ? draft->least : severity;
}

void finding_add(struct finding_list *list, const struct finding_draft *draft, char *evidence)
{
	struct pss_report *report = list->report;

	if (!evidence)
		list->err = -ENOMEM;
	if (list->err || (draft->loss < LOSS_SHOWN && !draft->always)) {
		free(evidence);
		return;
	}
	if (report->findings == list->room) {
		size_t room = list->room ? list->room * 2 : 8;
		struct pss_finding *finding = realloc(report->finding, room * sizeof(*finding));
		if (!finding) {
			list->err = -ENOMEM;
			free(evidence);
			return;
		}
		report->finding = finding;
		list->room = room;
	}
	struct pss_finding *finding = &report->finding[report->findings++];
	*finding = (struct pss_finding){
		.dimension = draft->dimension,
		.severity = severity_of(draft),
		.operation = draft->row ? strdup(draft->row->operation.series->name) : NULL,
		.cause = strdup(draft->cause),
		.evidence = evidence,
		.advice = strdup(draft->advice),
		.loss = draft->loss,
	};
	if (!finding->cause || !finding->advice || (draft->row && !finding->operation))
		list->err = -ENOMEM;
}

static int finding_order(const void *a, const void *b)
{
	const struct pss_finding *left = a, *right = b;

	if (left->severity != right->severity)
		return left->severity > right->severity ? -1 : 1;
	if (left->loss != right->loss)
		return left->loss > right->loss ? -1 : 1;
	if (left->dimension != right->dimension)
		return left->dimension < right->dimension ? -1 : 1;
	int order = strcmp(left->operation ? left->operation : "", right->operation ? right->operation : "");
	return order ? order
		     : strcmp(left->evidence ? left->evidence : "", right->evidence ? right->evidence : "");
}

static void findings_cut(struct pss_report *report)
{
	while (report->findings > FINDINGS_MOST) {
		struct pss_finding *finding = &report->finding[--report->findings];
		free(finding->operation);
		free(finding->cause);
		free(finding->evidence);
		free(finding->advice);
	}
}

int cause_findings(const struct pss_run *run, const struct score_result *result,
		   const struct pss_config *config, struct pss_report *report)
{
	struct finding_list list = {.run = run, .result = result, .report = report};
	double total = 0;

	for (int d = 0; d < PSS_DIM_COUNT; d++)
		total += result->dimension[d].measured ? config->weight[d] : 0;
	for (int d = 0; d < PSS_DIM_COUNT; d++)
		if (result->dimension[d].measured && total > 0)
			list.scale[d] = 100 * config->weight[d] / total;
	for (size_t r = 0; r < result->rows; r++) {
		const struct score_row *row = &result->row[r];
		if (row->dimension[PSS_DIM_TIMING].measured)
			find_timing(&list, row);
		if (row->dimension[PSS_DIM_CONCURRENCY].measured)
			find_waits(&list, row);
		if (row->dimension[PSS_DIM_ERRORS].measured)
			find_errors(&list, row);
		if (row->dimension[PSS_DIM_BRANCHING].measured)
			find_branching(&list, row);
	}
	find_memory(&list);
	find_crashes(&list);
	if (!list.err && report->findings)
		qsort(report->finding, report->findings, sizeof(*report->finding), finding_order);
	findings_cut(report);
	return list.err;
}
