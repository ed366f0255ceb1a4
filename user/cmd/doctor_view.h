/* SPDX-License-Identifier: MIT */
/* What doctor found, for people and for programs. */
#ifndef PSS_DOCTOR_VIEW_H
#define PSS_DOCTOR_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "user/capture/checks.h"
#include "user/report/report.h"

struct doctor {
	struct check system[CHECKS_MOST];
	size_t system_count;
	struct check about_target[CHECKS_MOST];
	size_t target_count;
	bool has_target; /* a pid was given */
	pid_t asked;
	struct target target;
};

/* The first fatal check, the target's before the machine's, as attach would say it; NULL: measurable. */
const struct check *doctor_fatal(const struct doctor *doctor);
/* Checks of a level in both lists. */
size_t doctor_count(const struct doctor *doctor, enum check_level level);
/* One line: what it comes to. */
void doctor_verdict(const struct doctor *doctor, char *text, size_t size);

/* Both: 0 or negative errno. */
int doctor_text(const struct doctor *doctor, const struct pss_text_style *style, FILE *out);
int doctor_json(const struct doctor *doctor, FILE *out);

#endif
