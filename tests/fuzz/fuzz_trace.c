/* SPDX-License-Identifier: MIT */
/* Trace files: whatever the bytes, they are refused with one line, or scored by both profiles. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/ops/trace_parse.h"
#include "user/score/pypss_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pypss_columns *columns)
{
	if (columns->memories > columns->durations || columns->waits > columns->memories ||
	    columns->errors != columns->waits || columns->tags > columns->errors ||
	    columns->durations > columns->records)
		abort();
	for (size_t i = 0; i < columns->errors; i++) {
		if (columns->error[i] > 1)
			abort();
	}
}

static void score(const struct pypss_columns *columns, const struct pss_run *run)
{
	struct pss_config config;
	struct pss_report report;
	char message[200] = "";

	pss_config_defaults(&config);
	pss_report_init(&report);
	if (!run_report(run, &config, &report)) {
		int error = pypss_report(run, columns, &config, &report, message, sizeof(message));
		if ((error != 0) != (message[0] != '\0'))
			abort();
		if (!error && (report.pss_rounded < 0 || report.pss_rounded > 100 || isnan(report.pss.value)))
			abort();
	}
	pss_report_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pypss_columns columns;
	struct pss_run run;
	char message[300] = "";

	pypss_columns_init(&columns);
	run_init(&run);
	int error = trace_file_read_memory(data, size, &columns, &run, message, sizeof(message));
	if ((error != 0) != (message[0] != '\0') || strchr(message, '\n'))
		abort();
	if (!error) {
		check(&columns);
		score(&columns, &run);
	}
	pypss_columns_free(&columns);
	run_free(&run);
	return 0;
}
