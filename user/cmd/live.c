/* SPDX-License-Identifier: MIT */
#include "user/cmd/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "user/cmd/deliver.h"
#include "user/report/report.h"
#include "user/util/escape.h"
#include "user/util/log.h"
#include "user/util/number.h"

#define EVERY_NS 1000000000u
/* Scoring while the capture runs may take one part in so many of the time. */
#define COST_SHARE 20

uint64_t monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void live_begin(struct live *live, const struct options *options, uint64_t now_ns)
{
	const char *terminal = getenv("TERM");
	memset(live, 0, sizeof(*live));
	live->on = !options->quiet && isatty(STDERR_FILENO) && terminal && strcmp(terminal, "dumb");
	live->next_ns = now_ns + EVERY_NS;
}

static void put_elapsed(char *line, size_t size, const struct options *options, uint64_t elapsed_ns)
{
	char total[PSS_NUMBER_SIZE];
	unsigned long seconds = (unsigned long)(elapsed_ns / 1000000000u);
	if (options->duration_ns)
		snprintf(line, size, "%lu s of %s", seconds,
			 format_duration_ns(total, sizeof(total), (double)options->duration_ns));
	else
		snprintf(line, size, "%lu s", seconds);
}

/* The operation with the largest share of the time is the one whose figures are shown. */
static void put_figures(char *line, size_t size, const struct pss_report *report, double seconds)
{
	char rate[PSS_NUMBER_SIZE], p99[PSS_NUMBER_SIZE], score[64];
	if (report->pss.measured)
		snprintf(score, sizeof(score), "PSS %d (%d to %d)", report->pss_rounded,
			 pss_report_points(report->pss.lo), pss_report_points(report->pss.hi));
	else
		snprintf(score, sizeof(score), "PSS - (not enough yet)");
	format_count(rate, sizeof(rate), seconds > 0 ? (double)report->operations_seen / seconds : 0);
	int used = snprintf(line, size, "%s  %s/s", score, rate);
	if (report->operations && report->operation[0].scored && used > 0 && (size_t)used < size)
		used += snprintf(line + used, size - (size_t)used, "  p99 %s",
				 format_duration_ns(p99, sizeof(p99), report->operation[0].p99_ns));
	if (report->findings && report->finding[0].severity != PSS_SEV_INFO && (size_t)used < size)
		snprintf(line + used, size - (size_t)used, "  %s%s%s", report->finding[0].cause,
			 report->finding[0].operation ? " in " : "",
			 report->finding[0].operation ? report->finding[0].operation : "");
}

static void draw(struct live *live, const struct options *options, const struct pss_report *report,
		 uint64_t elapsed_ns)
{
	char elapsed[64], figures[300], line[400];
	struct pss_text_style style;
	deliver_style(&style, options->colour, STDERR_FILENO);
	put_elapsed(elapsed, sizeof(elapsed), options, elapsed_ns);
	put_figures(figures, sizeof(figures), report, (double)elapsed_ns / 1e9);
	snprintf(line, sizeof(line), "%s  %s", elapsed, figures);
	char *safe = escape_terminal(line, sizeof(line), !style.utf8);
	if (!safe)
		return;
	/* One column less: a full line would wrap and could not be drawn over. */
	text_shorten(safe, (style.width ? style.width : 80) - 1, !style.utf8);
	fprintf(stderr, "\r%s\033[K", safe);
	fflush(stderr);
	live->drawn = true;
	free(safe);
}

void live_update(struct live *live, const struct options *options, const struct pss_run *run, uint64_t now_ns,
		 uint64_t elapsed_ns)
{
	struct pss_report report;
	struct pss_config config;
	if (!live->on || now_ns < live->next_ns)
		return;
	pss_report_init(&report);
	deliver_config(&config, options, run);
	/* The native score also for --scoring pypss: it takes what is there, and says how sure it is. */
	config.scoring = PSS_SCORING_NATIVE;
	config.live = true;
	if (!run_report(run, &config, &report))
		draw(live, options, &report, elapsed_ns);
	pss_report_free(&report);
	uint64_t cost = monotonic_ns() - now_ns;
	uint64_t rest = cost * COST_SHARE > EVERY_NS ? cost * COST_SHARE : EVERY_NS;
	live->next_ns = now_ns + rest;
}

void live_clear(struct live *live)
{
	if (live->drawn)
		fputs("\r\033[K", stderr);
	live->drawn = false;
}
