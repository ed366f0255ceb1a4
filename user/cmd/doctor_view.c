/* SPDX-License-Identifier: MIT */
#include "user/cmd/doctor_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/capture/features.h"
#include "user/report/json_writer.h"
#include "user/report/paint.h"
#include "user/util/escape.h"

#define SUBJECT_COLUMNS 22
#define FOUND_COLUMN (3 + SUBJECT_COLUMNS)

static const struct check *first_fatal(const struct check *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].level == CHECK_FATAL)
			return &list[i];
	return NULL;
}

const struct check *doctor_fatal(const struct doctor *doctor)
{
	const struct check *fatal = first_fatal(doctor->about_target, doctor->target_count);
	return fatal ? fatal : first_fatal(doctor->system, doctor->system_count);
}

size_t doctor_count(const struct doctor *doctor, enum check_level level)
{
	size_t found = 0;
	for (size_t i = 0; i < doctor->system_count; i++)
		found += doctor->system[i].level == level;
	for (size_t i = 0; i < doctor->target_count; i++)
		found += doctor->about_target[i].level == level;
	return found;
}

void doctor_verdict(const struct doctor *doctor, char *text, size_t size)
{
	const struct check *fatal = doctor_fatal(doctor);
	char what[96] = "this machine can be measured on", limits[64] = "";
	size_t limited = doctor_count(doctor, CHECK_LIMITED);
	if (fatal) {
		snprintf(text, size, "nothing can be measured: %s", fatal->found);
		return;
	}
	if (doctor->has_target) {
		char *comm = escape_terminal(doctor->target.comm, strlen(doctor->target.comm), false);
		snprintf(what, sizeof(what), "process %d (%s) can be measured", (int)doctor->target.pid,
			 comm ? comm : "?");
		free(comm);
	}
	if (limited)
		snprintf(limits, sizeof(limits), ", with %zu limit%s (marked above)", limited,
			 limited == 1 ? "" : "s");
	snprintf(text, size, "%s%s", what, limits);
}

static void paint_mark(struct paint *paint, enum check_level level)
{
	static const struct {
		const char *utf8, *ascii;
		enum tone tone;
	} marks[] = {
		[CHECK_OK] = {"\u2713 ", "+ ", TONE_GOOD},
		[CHECK_NOTE] = {"\u00b7 ", "- ", TONE_STRONG},
		[CHECK_LIMITED] = {"! ", "! ", TONE_FAIR},
		[CHECK_FATAL] = {"\u2717 ", "X ", TONE_BAD},
	};
	paint_tone(paint, marks[level].tone);
	fputs(paint->style.utf8 ? marks[level].utf8 : marks[level].ascii, paint->out);
	paint_tone(paint, TONE_PLAIN);
}

/* "cost" and "fix" stand under the finding, in its column. */
static void paint_detail(struct paint *paint, const char *label, const char *text)
{
	if (!text[0])
		return;
	fprintf(paint->out, "%*s", FOUND_COLUMN, "");
	paint_tone(paint, TONE_FAINT);
	fprintf(paint->out, "%-6s", label);
	paint_tone(paint, TONE_PLAIN);
	paint_wrap(paint, FOUND_COLUMN + 6, text);
}

static void paint_check(struct paint *paint, const struct check *check)
{
	putc(' ', paint->out);
	paint_mark(paint, check->level);
	paint_cell(paint, check->subject, SUBJECT_COLUMNS, false);
	paint_wrap(paint, FOUND_COLUMN, check->found);
	paint_detail(paint, "cost:", check->cost);
	paint_detail(paint, "fix:", check->fix);
}

static bool is_feature(const struct check *check)
{
	for (int i = FEATURE_BTF + 1; i < FEATURE_COUNT; i++)
		if (!strcmp(check->subject, feature_name((enum feature)i)))
			return true;
	return false;
}

static void paint_section(struct paint *paint, const char *title, const struct check *list, size_t count)
{
	if (!count)
		return;
	paint_heading(paint, title);
	for (size_t i = 0; i < count; i++)
		paint_check(paint, &list[i]);
}

/* Features come last among the checks of the machine. */
static size_t machine_checks(const struct doctor *doctor)
{
	size_t count = 0;
	while (count < doctor->system_count && !is_feature(&doctor->system[count]))
		count++;
	return count;
}

int doctor_text(const struct doctor *doctor, const struct pss_text_style *style, FILE *out)
{
	struct paint paint = {.out = out, .style = *style};
	char verdict[512];
	size_t machine = machine_checks(doctor);
	if (!paint.style.width)
		paint.style.width = 100;
	paint_section(&paint, "This machine", doctor->system, machine);
	paint_section(&paint, "Kernel features, each tried", doctor->system + machine,
		      doctor->system_count - machine);
	paint_section(&paint, "The target", doctor->about_target, doctor->target_count);
	const struct check *fatal = doctor_fatal(doctor);
	doctor_verdict(doctor, verdict, sizeof(verdict));
	fputs("\n ", out);
	paint_mark(&paint, fatal                                 ? CHECK_FATAL
			   : doctor_count(doctor, CHECK_LIMITED) ? CHECK_LIMITED
								 : CHECK_OK);
	paint_tone(&paint, TONE_STRONG);
	/* One line, however long: it is what is searched for and copied. */
	paint_word(&paint, verdict, strlen(verdict), 0);
	paint_tone(&paint, TONE_PLAIN);
	putc('\n', out);
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return paint.no_memory ? -ENOMEM : 0;
}

static void write_checks(struct json_writer *writer, const char *key, const struct check *list, size_t count)
{
	static const char *const levels[] = {"ok", "note", "limited", "fatal"};
	json_put_open(writer, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_put_open_flat(writer, NULL, '{');
		json_put_string(writer, "subject", list[i].subject);
		json_put_string(writer, "level", levels[list[i].level]);
		json_put_string(writer, "found", list[i].found);
		json_put_string(writer, "cost", list[i].cost[0] ? list[i].cost : NULL);
		json_put_string(writer, "fix", list[i].fix[0] ? list[i].fix : NULL);
		json_put_close(writer, '}');
	}
	json_put_close(writer, ']');
}

/* The target's own words, unshortened; texts that could not be read are null. */
static void write_target(struct json_writer *writer, const struct target *target)
{
	json_put_open(writer, "target", '{');
	json_put_integer(writer, "pid", target->pid);
	json_put_integer(writer, "inner_pid", target->inner_pid);
	json_put_string(writer, "comm", target->comm);
	json_put_string(writer, "exe", target->exe[0] ? target->exe : NULL);
	json_put_bool(writer, "exe_deleted", target->exe_deleted);
	json_put_string(writer, "runtime", target->runtime[0] ? target->runtime : NULL);
	json_put_string(writer, "container", target->container[0] ? target->container : NULL);
	json_put_string(writer, "cgroup", target->cgroup[0] ? target->cgroup : NULL);
	json_put_unsigned(writer, "threads", target->threads);
	json_put_unsigned(writer, "children", target->children);
	json_put_bool(writer, "stopped", target->stopped);
	json_put_bool(writer, "seccomp", target->seccomp);
	json_put_bool(writer, "io_uring", target->io_uring);
	uint64_t memory = target_cgroup_memory_limit(target);
	double cpus = target_cpu_limit(target);
	if (memory)
		json_put_unsigned(writer, "memory_limit_bytes", memory);
	else
		json_put_null(writer, "memory_limit_bytes");
	if (cpus > 0)
		json_put_real(writer, "cpu_limit", cpus, 6);
	else
		json_put_null(writer, "cpu_limit");
	json_put_close(writer, '}');
}

int doctor_json(const struct doctor *doctor, FILE *out)
{
	struct json_writer writer;
	char verdict[512];
	doctor_verdict(doctor, verdict, sizeof(verdict));
	json_put_begin(&writer, out);
	json_put_open(&writer, NULL, '{');
	json_put_string(&writer, "schema", "pss-bpf/doctor/1");
	json_put_bool(&writer, "measurable", !doctor_fatal(doctor));
	json_put_unsigned(&writer, "limits", doctor_count(doctor, CHECK_LIMITED));
	json_put_string(&writer, "verdict", verdict);
	write_checks(&writer, "system", doctor->system, doctor->system_count);
	if (doctor->has_target) {
		write_checks(&writer, "target_checks", doctor->about_target, doctor->target_count);
		if (!first_fatal(doctor->about_target, doctor->target_count))
			write_target(&writer, &doctor->target);
		else
			json_put_null(&writer, "target");
	}
	json_put_close(&writer, '}');
	return json_put_end(&writer);
}
