/* SPDX-License-Identifier: MIT */
#include "user/capture/target_parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name is in parentheses and may hold any of the characters around it: the last ")" ends it. */
int parse_stat(const char *text, struct stat_fields *fields)
{
	memset(fields, 0, sizeof(*fields));
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	if (!open || !close || close < open)
		return -EINVAL;
	size_t length = (size_t)(close - open) - 1;
	if (length >= sizeof(fields->comm))
		length = sizeof(fields->comm) - 1;
	memcpy(fields->comm, open + 1, length);
	/* After the name: state, then ppid, pgrp, session, tty, tpgid, flags, ... (proc_pid_stat(5)). */
	int found =
		sscanf(close + 1,
		       " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %" SCNu64,
		       &fields->state, &fields->flags, &fields->threads, &fields->start_ticks);
	return found == 4 ? 0 : -EINVAL;
}

static void parse_pid_levels(const char *value, struct status_fields *fields)
{
	while (true) {
		char *end;
		long pid = strtol(value, &end, 10);
		if (end == value)
			return;
		fields->pid_levels++;
		fields->inner_pid = (pid_t)pid;
		value = end;
		if (*value == '\n' || !*value)
			return;
	}
}

static void parse_status_line(const char *line, struct status_fields *fields)
{
	int number;
	unsigned value, effective;
	if (sscanf(line, "Tgid: %d", &number) == 1)
		fields->process = number;
	else if (sscanf(line, "TracerPid: %d", &number) == 1)
		fields->tracer = number;
	else if (sscanf(line, "Seccomp: %u", &value) == 1)
		fields->seccomp = value;
	else if (sscanf(line, "Uid: %u %u", &value, &effective) == 2)
		fields->uid = effective;
	else if (!strncmp(line, "NSpid:", 6))
		parse_pid_levels(line + 6, fields);
	else
		(void)sscanf(line, "CapEff: %" SCNx64, &fields->effective);
}

/* The kernel escapes line ends in the name, so a line is a field. */
int parse_status(const char *text, struct status_fields *fields)
{
	memset(fields, 0, sizeof(*fields));
	for (const char *line = text; line && *line;) {
		parse_status_line(line, fields);
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return fields->process > 0 ? 0 : -EINVAL;
}

/* Whether a comma-separated list of length bytes has the word. */
static bool list_has(const char *list, size_t length, const char *word)
{
	size_t size = strlen(word);
	while (length) {
		const char *comma = memchr(list, ',', length);
		size_t item = comma ? (size_t)(comma - list) : length;
		if (item == size && !memcmp(list, word, size))
			return true;
		if (!comma)
			return false;
		length -= item + 1;
		list = comma + 1;
	}
	return false;
}

int parse_cgroup(const char *text, const char *controller, char *path, size_t size)
{
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");
		const char *list = memchr(line, ':', length);
		const char *last = list ? memchr(list + 1, ':', length - (size_t)(list + 1 - line)) : NULL;
		if (last) {
			size_t list_length = (size_t)(last - list) - 1;
			bool match =
				controller ? list_has(list + 1, list_length, controller) : list_length == 0;
			size_t rest = length - (size_t)(last + 1 - line);
			if (match && rest >= size)
				return -ENAMETOOLONG;
			if (match) {
				memcpy(path, last + 1, rest);
				path[rest] = '\0';
				return 0;
			}
		}
		line += length + (line[length] == '\n');
	}
	return -ENOENT;
}

/* How many lower-case hexadecimal digits a container's name has at most; those below 32 are no identifiers.
 */
static size_t identifier_length(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* The last identifier of a container in the path: runtimes nest. Empty: none. */
static void find_identifier(const char *path, char identifier[13])
{
	identifier[0] = '\0';
	for (const char *at = path; *at;) {
		size_t length = identifier_length(at);
		if (length == 64) {
			memcpy(identifier, at, 12);
			identifier[12] = '\0';
		}
		at += length ? length : 1;
	}
}

/* The name after a marker, up to the end of its path component or of ".scope" and ".service". */
static bool name_after(const char *path, const char *marker, char *name, size_t size)
{
	const char *start = strstr(path, marker);
	if (!start)
		return false;
	start += strlen(marker);
	size_t length = strcspn(start, "/");
	static const char *const endings[] = {".scope", ".service", ".slice"};
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t ending = strlen(endings[i]);
		if (length > ending && !memcmp(start + length - ending, endings[i], ending))
			length -= ending;
	}
	if (!length)
		return false;
	if (length >= size)
		length = size - 1;
	memcpy(name, start, length);
	name[length] = '\0';
	return true;
}

void container_of_path(const char *path, char *container, size_t size)
{
	static const struct {
		const char *marker, *kind;
	} with_identifier[] = {
		{"docker", "docker"},       {"libpod", "podman"},         {"cri-containerd", "containerd"},
		{"crio-", "cri-o"},         {"containerd", "containerd"}, {"nerdctl", "containerd"},
		{"/actions_job", "docker"}, {"/garden", "garden"},
	};
	static const struct {
		const char *marker, *kind;
	} with_name[] = {
		{"/lxc.payload.", "lxc"},
		{"/lxc.payload/", "lxc"},
		{"/lxc/", "lxc"},
		{"/systemd-nspawn@", "nspawn"},
		{"/machine.slice/machine-", "nspawn"},
	};
	char identifier[13], name[48];
	container[0] = '\0';
	find_identifier(path, identifier);
	if (strstr(path, "kubepods")) {
		bool pod = name_after(path, "-pod", name, sizeof(name)) ||
			   name_after(path, "/pod", name, sizeof(name));
		snprintf(container, size, "pod %s%s%s", pod ? name : "", pod && *identifier ? " " : "",
			 identifier);
		return;
	}
	for (size_t i = 0; *identifier && i < sizeof(with_identifier) / sizeof(*with_identifier); i++)
		if (strstr(path, with_identifier[i].marker)) {
			snprintf(container, size, "%s %s", with_identifier[i].kind, identifier);
			return;
		}
	for (size_t i = 0; i < sizeof(with_name) / sizeof(*with_name); i++)
		if (name_after(path, with_name[i].marker, name, sizeof(name))) {
			snprintf(container, size, "%s %s", with_name[i].kind, name);
			return;
		}
}
