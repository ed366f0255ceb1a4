/* SPDX-License-Identifier: MIT */
/* The scoring profile `pypss`: pypss 1.3.1, to the digit. */
#ifndef PSS_SCORE_PYPSS_H
#define PSS_SCORE_PYPSS_H

#include "user/ops/trace_file.h"

struct pypss_result {
	int pss;
	double dimension[PSS_DIM_COUNT]; /* rounded to two digits, as pypss prints them */
	double dimension_unrounded[PSS_DIM_COUNT];
	double pss_unrounded;
};

/* 0; -EDOM with one line in `message` where pypss itself raises an error. */
int pypss_score(const struct pypss_columns *columns, const struct pss_config *config,
		struct pypss_result *result, char *message, size_t size);

#endif
