/* SPDX-License-Identifier: MIT */
#include "user/capture/target_cgroup.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/capture/target.h"
#include "user/capture/target_parse.h"

/* Version 1 writes "no limit" as the largest multiple of a page. */
#define V1_UNLIMITED (UINT64_C(1) << 62)

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool read = fgets(line, (int)size, file) != NULL;
	fclose(file);
	return read;
}

/* mountinfo writes blanks and the like as \ooo. */
static void unescape_octal(char *text)
{
	char *to = text;
	for (const char *from = text; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' && from[2] <= '7' &&
		    from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

static bool has_option(const char *options, const char *word)
{
	size_t size = strlen(word);
	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, word, size) && (at[size] == ',' || at[size] == '\0'))
			return true;
	}
	return false;
}

/* A line is: id parent major:minor root mount options [tags] - type source super-options
 * (proc_pid_mountinfo(5)). */
static bool take_mount_line(const char *line, const char *controller, char *mount, char *root, size_t size)
{
	char type[32], super[512], root_text[PATH_MAX], mount_text[PATH_MAX];
	const char *dash = strstr(line, " - ");
	if (!dash || sscanf(dash, " - %31s %*s %511s", type, super) != 2 ||
	    sscanf(line, "%*s %*s %*s %4095s %4095s", root_text, mount_text) != 2)
		return false;
	bool match = controller ? !strcmp(type, "cgroup") && has_option(super, controller)
				: !strcmp(type, "cgroup2");
	if (!match || strlen(root_text) >= size || strlen(mount_text) >= size)
		return false;
	unescape_octal(root_text);
	unescape_octal(mount_text);
	snprintf(root, size, "%s", root_text);
	snprintf(mount, size, "%s", mount_text);
	return true;
}

int cgroup_mount(const char *mountinfo, const char *controller, char *mount, char *root, size_t size)
{
	char line[3 * PATH_MAX];
	for (const char *at = mountinfo; *at;) {
		size_t length = strcspn(at, "\n");
		if (length < sizeof(line)) {
			memcpy(line, at, length);
			line[length] = '\0';
			if (take_mount_line(line, controller, mount, root, size))
				return 0;
		}
		at += length + (at[length] == '\n');
	}
	return -ENOENT;
}

static uint64_t memory_limit_here(const char *directory, bool version_2)
{
	char path[2 * PATH_MAX + 64], line[64];
	uint64_t limit;
	snprintf(path, sizeof(path), "%s/%s", directory, version_2 ? "memory.max" : "memory.limit_in_bytes");
	if (!read_line(path, line, sizeof(line)) || sscanf(line, "%" SCNu64, &limit) != 1)
		return 0;
	/* A limit of nothing at all cannot be what a running program lives in. */
	return limit < V1_UNLIMITED ? limit : 0;
}

static double cpu_limit_here(const char *directory, bool version_2)
{
	char path[2 * PATH_MAX + 64], line[64];
	double quota = 0, period = 0;
	snprintf(path, sizeof(path), "%s/%s", directory, version_2 ? "cpu.max" : "cpu.cfs_quota_us");
	if (!read_line(path, line, sizeof(line)))
		return 0;
	if (version_2)
		return sscanf(line, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0
			       ? quota / period
			       : 0;
	quota = strtod(line, NULL);
	snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", directory);
	if (quota <= 0 || !read_line(path, line, sizeof(line)))
		return 0;
	period = strtod(line, NULL);
	return period > 0 ? quota / period : 0;
}

/* Cuts the last component off path, which lies below mount: false at the top. */
static bool step_up(char *directory, size_t mount_length)
{
	char *slash = strrchr(directory, '/');
	if (strlen(directory) <= mount_length || !slash || (size_t)(slash - directory) < mount_length)
		return false;
	*slash = '\0';
	return true;
}

/* Paths out of another cgroup namespace ("/../x") lead nowhere from here. */
static bool start_directory(char directory[2 * PATH_MAX], const char *mount, const char *path)
{
	if (strstr(path, "/..") || strlen(mount) >= PATH_MAX || strlen(path) >= PATH_MAX)
		return false;
	snprintf(directory, 2 * PATH_MAX, "%s%s", mount, strcmp(path, "/") ? path : "");
	return true;
}

uint64_t cgroup_memory_limit(const char *mount, const char *path, bool version_2)
{
	char directory[2 * PATH_MAX];
	uint64_t tightest = 0;
	if (!start_directory(directory, mount, path))
		return 0;
	do {
		uint64_t limit = memory_limit_here(directory, version_2);
		if (limit && (!tightest || limit < tightest))
			tightest = limit;
	} while (step_up(directory, strlen(mount)));
	return tightest;
}

double cgroup_cpu_limit(const char *mount, const char *path, bool version_2)
{
	char directory[2 * PATH_MAX];
	double tightest = 0;
	if (!start_directory(directory, mount, path))
		return 0;
	do {
		double limit = cpu_limit_here(directory, version_2);
		if (limit > 0 && (tightest <= 0 || limit < tightest))
			tightest = limit;
	} while (step_up(directory, strlen(mount)));
	return tightest;
}

/* A whole file; owned by the caller; NULL when it cannot be read. */
static char *read_all(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	if (!file)
		return NULL;
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = NULL;
	}
	fclose(file);
	return text;
}

struct cgroup_place {
	char mount[PATH_MAX];
	char path[PATH_MAX]; /* below mount */
	bool version_2;
};

/* In version 1 each controller has a hierarchy of its own; where it has none the unified one is in force. */
static int find_place(pid_t pid, const char *controller, struct cgroup_place *place)
{
	char name[32], path[PATH_MAX], root[PATH_MAX];
	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	char *groups = read_all(name);
	char *mounts = read_all("/proc/self/mountinfo");
	int error = groups && mounts ? 0 : -ENOENT;
	if (!error) {
		place->version_2 = parse_cgroup(groups, controller, path, sizeof(path)) != 0;
		if (place->version_2)
			error = parse_cgroup(groups, NULL, path, sizeof(path));
	}
	if (!error)
		error = cgroup_mount(mounts, place->version_2 ? NULL : controller, place->mount, root,
				     sizeof(root));
	if (!error) {
		/* In a container just a part of the hierarchy may be mounted. */
		size_t length = strcmp(root, "/") ? strlen(root) : 0;
		bool below = !strncmp(path, root, length) && (path[length] == '/' || !path[length]);
		snprintf(place->path, sizeof(place->path), "%s", path + (below ? length : 0));
	}
	free(groups);
	free(mounts);
	return error;
}

uint64_t target_cgroup_memory_limit(const struct target *target)
{
	struct cgroup_place place;
	if (find_place(target->pid, "memory", &place))
		return 0;
	return cgroup_memory_limit(place.mount, place.path, place.version_2);
}

double target_cpu_limit(const struct target *target)
{
	struct cgroup_place place;
	if (find_place(target->pid, "cpu", &place))
		return 0;
	return cgroup_cpu_limit(place.mount, place.path, place.version_2);
}

static uint64_t host_memory(void)
{
	char line[128];
	uint64_t kilobytes;
	/* The first line is MemTotal. */
	if (!read_line("/proc/meminfo", line, sizeof(line)) ||
	    sscanf(line, "MemTotal: %" SCNu64, &kilobytes) != 1)
		return 0;
	return kilobytes * 1024;
}

uint64_t target_memory_limit(const struct target *target)
{
	uint64_t group = target_cgroup_memory_limit(target);
	uint64_t host = host_memory();
	return group && (group < host || !host) ? group : host;
}
