/* SPDX-License-Identifier: MIT */
/* Between the files that make findings; nobody else includes this. */
#ifndef PSS_FINDINGS_INTERNAL_H
#define PSS_FINDINGS_INTERNAL_H

#include "user/cause/findings.h"

/* What is about to become a finding. */
struct finding_draft {
	enum pss_dimension dimension;
	const struct score_row *row; /* NULL: the whole process */
	const char *cause;
	const char *advice;
	double loss;             /* points */
	double sure_loss;        /* of the dimension's, at the upper end of its interval */
	enum pss_severity most;  /* never worse than this */
	enum pss_severity least; /* shown at least as this, however small the loss */
	bool always;             /* shown however small the loss */
};

struct finding_list {
	const struct pss_run *run;
	const struct score_result *result;
	struct pss_report *report;
	double scale[PSS_DIM_COUNT]; /* points of PSS that a dimension can cost */
	size_t room;
	int err;
};

/* Takes over evidence, from asprintf. */
void finding_add(struct finding_list *list, const struct finding_draft *draft, char *evidence);
/* asprintf that gives NULL when memory ran out. */
char *finding_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

void find_timing(struct finding_list *list, const struct score_row *row);
void find_waits(struct finding_list *list, const struct score_row *row);
void find_errors(struct finding_list *list, const struct score_row *row);
void find_branching(struct finding_list *list, const struct score_row *row);
void find_memory(struct finding_list *list);
void find_crashes(struct finding_list *list);

/* What to do about a component that takes time it should not. */
const char *advice_component(int component, enum pss_op_kind kind);

#endif
