/* SPDX-License-Identifier: MIT */
/* A report made by hand, for tests of the views. */
#ifndef PSS_EXAMPLE_REPORT_H
#define PSS_EXAMPLE_REPORT_H

#include "user/report/report.h"

/* Everything in it is measured. Freed with pss_report_free. */
void example_report(struct pss_report *report);
/* Text of a view, owned; NULL when it failed. */
char *report_as_text(const struct pss_report *report, const struct pss_text_style *style);
char *report_as_json(const struct pss_report *report);

#endif
