/* SPDX-License-Identifier: MIT */
#include "user/cmd/cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/capture/libbpf_log.h"
#include "user/cmd/deliver.h"
#include "user/cmd/doctor_view.h"
#include "user/cmd/help.h"
#include "user/cmd/options.h"
#include "user/util/log.h"

static void examine(struct doctor *doctor, const struct options *options)
{
	libbpf_log_install();
	doctor->system_count = checks_system(doctor->system);
	doctor->has_target = options->pid != 0;
	doctor->asked = options->pid;
	if (doctor->has_target)
		doctor->target_count = checks_target(doctor->about_target, options->pid, &doctor->target);
}

static int show(const struct doctor *doctor, const struct options *options)
{
	struct pss_text_style style;
	deliver_style(&style, options->colour, STDOUT_FILENO);
	int error = options->format == FORMAT_JSON ? doctor_json(doctor, stdout)
						   : doctor_text(doctor, &style, stdout);
	if (error)
		pss_log(PSS_LOG_ERROR, "the findings cannot be written to standard output: %s",
			strerror(-error));
	return error;
}

/* `doctor 1234` is what a user means by it. */
static int take_pid(struct options *options)
{
	char *pid_option[] = {"doctor", "--pid", NULL, NULL};
	struct options only_pid;
	if (!options->arguments)
		return 0;
	if (options->arguments > 1 || options->pid) {
		pss_log(PSS_LOG_ERROR, "there is one word too many: see pss-bpf help doctor");
		return EXIT_USAGE;
	}
	pid_option[2] = options->argument[0];
	if (options_parse(&only_pid, COMMAND_DOCTOR, 3, pid_option))
		return EXIT_USAGE;
	options->pid = only_pid.pid;
	return 0;
}

int cmd_doctor(int argc, char **argv)
{
	struct options options;
	if (options_parse(&options, COMMAND_DOCTOR, argc, argv))
		return EXIT_USAGE;
	if (options.help)
		return help_command(command_find("doctor"));
	int code = take_pid(&options);
	if (code)
		return code;
	struct doctor *doctor = calloc(1, sizeof(*doctor));
	if (!doctor) {
		pss_log(PSS_LOG_ERROR, "no memory");
		return EXIT_CANNOT_MEASURE;
	}
	examine(doctor, &options);
	const struct check *fatal = doctor_fatal(doctor);
	code = show(doctor, &options) ? EXIT_USAGE : fatal ? fatal->exit_code : EXIT_DONE;
	free(doctor);
	return code;
}
