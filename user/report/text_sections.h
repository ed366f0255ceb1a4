/* SPDX-License-Identifier: MIT */
/* Sections of the text view. Each writes nothing when it has nothing to say. */
#ifndef PSS_TEXT_SECTIONS_H
#define PSS_TEXT_SECTIONS_H

#include "user/report/paint.h"

/* text_operations.c */
void text_operations(struct paint *paint, const struct pss_report *report); /* the table */
void text_causes(struct paint *paint, const struct pss_report *report); /* time and variance by component */

/* text_sections.c */
void text_findings(struct paint *paint, const struct pss_report *report);
void text_time(struct paint *paint, const struct pss_report *report); /* rate and latency by window */
void text_memory(struct paint *paint, const struct pss_report *report);
void text_errors(struct paint *paint, const struct pss_report *report);
void text_coverage(struct paint *paint,
		   const struct pss_report *report); /* with overhead and the time made */

#endif
