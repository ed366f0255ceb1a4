/* SPDX-License-Identifier: MIT */
#include "user/capture/checks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/capture/checks_system.h"

/* Cut at a whole character of UTF-8. */
static void format_text(char *text, size_t size, const char *format, va_list arguments)
{
	int length = vsnprintf(text, size, format, arguments);
	if (length < 0)
		text[0] = '\0';
	if (length < (int)size)
		return;
	/* The last character, whole or not, gives way. */
	size_t end = size - 1;
	while (end > 0 && ((unsigned char)text[end - 1] & 0xc0) == 0x80)
		end--;
	text[end > 0 ? end - 1 : 0] = '\0';
}

struct check *check_add(struct check *list, size_t *count, const char *subject, enum check_level level,
			const char *format, ...)
{
	struct check *check = &list[*count < CHECKS_MOST ? (*count)++ : CHECKS_MOST - 1];
	memset(check, 0, sizeof(*check));
	check->subject = subject;
	check->level = level;
	if (level == CHECK_FATAL) {
		check->exit_code = 3;
		check->error = -ENOTSUP;
	}
	va_list arguments;
	va_start(arguments, format);
	format_text(check->found, sizeof(check->found), format, arguments);
	va_end(arguments);
	return check;
}

void check_cost(struct check *check, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_text(check->cost, sizeof(check->cost), format, arguments);
	va_end(arguments);
}

void check_fix(struct check *check, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_text(check->fix, sizeof(check->fix), format, arguments);
	va_end(arguments);
}

size_t checks_system(struct check *list)
{
	struct system_facts facts;
	system_facts_gather(&facts, true);
	return checks_system_judge(&facts, list);
}

static const struct check *first_fatal(const struct check *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].level == CHECK_FATAL)
			return &list[i];
	return NULL;
}

static int refuse(const struct check *check, struct capture_error *error)
{
	error->exit_code = check->exit_code;
	int length = snprintf(error->text, sizeof(error->text), "%s", check->found);
	const char *const more[] = {check->cost, check->fix};
	for (size_t i = 0; i < 2; i++)
		if (more[i][0] && length > 0 && (size_t)length < sizeof(error->text))
			length += snprintf(error->text + length, sizeof(error->text) - (size_t)length, "%s%s",
					   i == 0 ? ": " : "; ", more[i]);
	return check->error;
}

/* The target comes first: that it does not exist is true whatever our rights are, and costs nothing to find.
 */
int checks_require(pid_t pid, struct target *target, struct capture_error *error)
{
	struct check list[CHECKS_MOST];
	size_t count = checks_target(list, pid, target);
	const struct check *fatal = first_fatal(list, count);
	if (!fatal) {
		struct system_facts facts;
		system_facts_gather(&facts, false);
		count = checks_system_judge(&facts, list);
		fatal = first_fatal(list, count);
	}
	return fatal ? refuse(fatal, error) : 0;
}
