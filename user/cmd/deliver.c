/* SPDX-License-Identifier: MIT */
#include "user/cmd/deliver.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "user/cmd/cmd.h"
#include "user/report/report.h"
#include "user/score/pypss_report.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/outfile.h"

void deliver_config(struct pss_config *config, const struct options *options, const struct pss_run *run)
{
	pss_config_defaults(config);
	config->scoring = options->scoring;
	config->ops_mask = options->ops;
	if (!config->ops_mask && run->has_meta)
		config->ops_mask = run->meta.ops_forced;
}

static void complain(const char *path, int error)
{
	char *safe = escape_terminal(path, strlen(path), false);
	pss_log(PSS_LOG_ERROR, "the report cannot be written to %s: %s", safe ? safe : "?", strerror(-error));
	free(safe);
}

static const char *shown_path(const struct options *options)
{
	return options->output && strcmp(options->output, "-") ? options->output : "standard output";
}

int deliver_check(const struct options *options)
{
	int error = options->output ? outfile_check(options->output) : 0;
	if (error)
		complain(shown_path(options), error);
	return error ? -1 : 0;
}

void deliver_style(struct pss_text_style *style, enum colour_choice colour, int fd)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
	bool tty = isatty(fd), dumb = !terminal || !strcmp(terminal, "dumb");
	struct winsize size;
	memset(style, 0, sizeof(*style));
	style->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	style->colour = colour == COLOUR_ALWAYS ||
			(colour == COLOUR_AUTO && tty && !dumb && !(no_colour && *no_colour));
	if (tty && !ioctl(fd, TIOCGWINSZ, &size))
		style->width = size.ws_col;
}

static int score(const struct pss_config *config, const struct deliver_input *input,
		 struct pss_report *report)
{
	char message[200] = "";
	int error = run_report(input->run, config, report);
	if (!error && config->scoring == PSS_SCORING_PYPSS)
		error = pypss_report(input->run, input->columns, config, report, message, sizeof(message));
	if (error && message[0])
		pss_log(PSS_LOG_ERROR, "pypss gives no score for this: %s", message);
	else if (error)
		pss_log(PSS_LOG_ERROR, "the run cannot be scored: %s", strerror(-error));
	return error;
}

static void say_where(const struct options *options, const struct pss_report *report)
{
	if (!options->output || !strcmp(options->output, "-"))
		return;
	char *path = escape_terminal(options->output, strlen(options->output), false);
	if (report->pss.measured)
		pss_log(PSS_LOG_NOTE, "PSS %d, %s: the report is in %s", report->pss_rounded,
			pss_verdict_name(report->verdict), path ? path : "?");
	else
		pss_log(PSS_LOG_NOTE, "no score, %s: the report is in %s", pss_verdict_name(report->verdict),
			path ? path : "?");
	free(path);
}

static int write_report(const struct options *options, const struct pss_report *report)
{
	struct outfile outfile;
	struct pss_text_style style;
	int error = outfile_open(&outfile, options->output ? options->output : "-");
	if (!error) {
		deliver_style(&style, options->colour, fileno(outfile.stream));
		error = options->format == FORMAT_JSON ? pss_report_json(report, outfile.stream)
						       : pss_report_text(report, &style, outfile.stream);
		if (error)
			outfile_abort(&outfile);
		else
			error = outfile_commit(&outfile);
	}
	if (error) {
		complain(shown_path(options), error);
		return EXIT_USAGE;
	}
	say_where(options, report);
	return EXIT_DONE;
}

/* The figures that a reader of the report sees decide, not what was rounded away. */
static int gate(const struct options *options, const struct pss_report *report)
{
	int hi = report->pss_rounded;
	if (!options->gate)
		return EXIT_DONE;
	if (!report->pss.measured) {
		pss_log(PSS_LOG_ERROR, "--fail-if-below %g cannot be decided, there is no score: %s",
			options->gate_score, report->pss.why ? report->pss.why : "too little was seen");
		return EXIT_CANNOT_MEASURE;
	}
	if (!options->gate_on_point && pss_report_has_interval(report, &report->pss))
		hi = pss_report_points(report->pss.hi);
	if (hi >= options->gate_score) {
		pss_log(PSS_LOG_NOTE, "gate passed: PSS %d, at most %d, is not below %g", report->pss_rounded,
			hi, options->gate_score);
		return EXIT_DONE;
	}
	if (options->gate_on_point)
		pss_log(PSS_LOG_ERROR, "gate failed: PSS %d is below %g", report->pss_rounded,
			options->gate_score);
	else
		pss_log(PSS_LOG_ERROR, "gate failed: PSS %d, at most %d, is surely below %g",
			report->pss_rounded, hi, options->gate_score);
	return EXIT_GATE;
}

int deliver(const struct options *options, const struct deliver_input *input)
{
	struct pss_report report;
	struct pss_config config;
	struct timespec now;
	pss_report_init(&report);
	deliver_config(&config, options, input->run);
	int code = EXIT_USAGE;
	if (score(&config, input, &report))
		goto out;
	if (input->incomplete_why) {
		report.incomplete = true;
		snprintf(report.incomplete_why, sizeof(report.incomplete_why), "%s", input->incomplete_why);
	}
	clock_gettime(CLOCK_REALTIME, &now);
	report.made_unix_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	code = write_report(options, &report);
	if (code == EXIT_DONE)
		code = gate(options, &report);
out:
	pss_report_free(&report);
	return code;
}
