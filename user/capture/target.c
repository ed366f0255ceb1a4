/* SPDX-License-Identifier: MIT */
#include "user/capture/target.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/capture/target_parse.h"

#define KERNEL_THREAD_FLAG 0x00200000u /* PF_KTHREAD */
#define MOST_ENTRIES 65536             /* of a directory of /proc that are looked at */

/* A whole small file of /proc; always terminated. Length or negative errno. */
static ssize_t read_at(int directory, const char *name, char *text, size_t size)
{
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	size_t length = 0;
	ssize_t part = 0;
	while (length < size - 1 && (part = read(file, text + length, size - 1 - length)) > 0)
		length += (size_t)part;
	int error = errno;
	close(file);
	text[length] = '\0';
	return part < 0 ? -error : (ssize_t)length;
}

/* An open directory of /proc stays with its process: a reused number is not taken for it. */
static int open_process(pid_t pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory >= 0)
		return directory;
	if (errno == ENOENT) /* hidden by a hidepid mount, or not there? */
		return kill(pid, 0) && errno == EPERM ? -EACCES : -ESRCH;
	return errno == EPERM ? -EACCES : -errno;
}

/* A process that is ending answers with ESRCH or an empty file. */
static int read_stat(int directory, struct stat_fields *fields)
{
	char text[1024];
	ssize_t length = read_at(directory, "stat", text, sizeof(text));
	if (length < 0)
		return length == -EPERM ? -EACCES : (int)length;
	return length && !parse_stat(text, fields) ? 0 : -ESRCH;
}

static int read_status(int directory, struct status_fields *fields)
{
	char text[8192];
	ssize_t length = read_at(directory, "status", text, sizeof(text));
	if (length < 0)
		return length == -EPERM ? -EACCES : (int)length;
	return length && !parse_status(text, fields) ? 0 : -ESRCH;
}

/* Calls visit for the numeric entries of a directory, until it returns true. */
static bool each_number(int directory, const char *name,
			bool (*visit)(int entries, const char *number, void *), void *context, bool *readable)
{
	int entries = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = entries < 0 ? NULL : fdopendir(entries);
	*readable = list != NULL;
	if (!list) {
		if (entries >= 0)
			close(entries);
		return false;
	}
	bool stop = false;
	unsigned looked = 0;
	for (struct dirent *entry; !stop && looked < MOST_ENTRIES && (entry = readdir(list)); looked++)
		if (isdigit((unsigned char)entry->d_name[0]))
			stop = visit(entries, entry->d_name, context);
	closedir(list);
	return stop;
}

static bool is_io_uring(int entries, const char *number, void *context)
{
	char link[64];
	ssize_t length = readlinkat(entries, number, link, sizeof(link) - 1);
	if (length < 0) {
		*(bool *)context |= errno == EACCES || errno == EPERM;
		return false;
	}
	link[length] = '\0';
	return !strcmp(link, "anon_inode:[io_uring]");
}

/* Children are listed by the thread that made them. */
static bool count_children(int entries, const char *number, void *context)
{
	char name[64], text[65536];
	snprintf(name, sizeof(name), "%.20s/children", number);
	if (read_at(entries, name, text, sizeof(text)) <= 0)
		return false;
	unsigned *children = context;
	for (const char *at = text; *at; at++)
		*children += *at == ' ';
	return false;
}

/* Prefers a living thread's directory: that of a leader which has ended shows no program. */
static bool open_living(int entries, const char *number, void *context)
{
	int thread = openat(entries, number, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat_fields fields;
	if (thread < 0)
		return false;
	if (read_stat(thread, &fields) || fields.state == 'Z' || fields.state == 'X') {
		close(thread);
		return false;
	}
	*(int *)context = thread;
	return true;
}

static bool namespace_differs(int directory, const char *name)
{
	struct stat ours, theirs;
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/%s", name);
	return !stat(path, &ours) && !fstatat(directory, name, &theirs, 0) &&
	       (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev);
}

/* The kernel marks the path of a file that is gone; a file may really be called so, and then has a link left.
 */
static bool cut_deleted_mark(char *path, int file)
{
	static const char mark[] = " (deleted)";
	struct stat about;
	size_t end = strlen(path), tail = sizeof(mark) - 1;
	if (end <= tail || strcmp(path + end - tail, mark))
		return false;
	if (file >= 0 && !fstat(file, &about) && about.st_nlink > 0)
		return false;
	path[end - tail] = '\0';
	return true;
}

static void read_exe(struct target *target, int directory)
{
	char path[4096];
	unsigned char ident[EI_NIDENT];
	ssize_t length = readlinkat(directory, "exe", path, sizeof(path) - 1);
	if (length <= 0)
		return;
	path[length] = '\0';
	int file = openat(directory, "exe", O_RDONLY | O_CLOEXEC);
	target->exe_deleted = cut_deleted_mark(path, file);
	snprintf(target->exe, sizeof(target->exe), "%.255s", path);
	snprintf(target->runtime, sizeof(target->runtime), "%s", runtime_of_program(path));
	if (file < 0)
		return;
	if (pread(file, ident, sizeof(ident), 0) == sizeof(ident) && !memcmp(ident, ELFMAG, SELFMAG))
		target->compat = sizeof(void *) == 8 && ident[EI_CLASS] == ELFCLASS32;
	const char *runtime = runtime_of_elf(file);
	if (*runtime)
		snprintf(target->runtime, sizeof(target->runtime), "%s", runtime);
	close(file);
}

static const char *runtime_of_mappings(FILE *maps)
{
	const char *runtime = "";
	char *line = NULL;
	size_t size = 0;
	while (!*runtime && getline(&line, &size, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		const char *path = strchr(line, '/');
		if (path)
			runtime = runtime_of_library(path);
	}
	free(line);
	return *runtime ? runtime : "native";
}

static void read_runtime(struct target *target, int directory)
{
	if (target->runtime[0])
		return;
	int file = openat(directory, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = file >= 0 ? fdopen(file, "r") : NULL;
	if (maps) {
		snprintf(target->runtime, sizeof(target->runtime), "%s", runtime_of_mappings(maps));
		fclose(maps);
	} else if (file >= 0) {
		close(file);
	}
}

/* The path that tells most: v2's, or, where systems use both, v1's when v2 has nothing to say. */
static void read_cgroup(struct target *target, int directory)
{
	char text[16384], path[4096];
	if (read_at(directory, "cgroup", text, sizeof(text)) <= 0)
		return;
	static const char *const controllers[] = {NULL, "memory", "cpu", "pids", "name=systemd"};
	for (size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++) {
		if (parse_cgroup(text, controllers[i], path, sizeof(path)) || !strcmp(path, "/"))
			continue;
		if (!target->cgroup[0] && (!controllers[i] || !strcmp(controllers[i], "memory")))
			snprintf(target->cgroup, sizeof(target->cgroup), "%.255s", path);
		if (!target->container[0])
			container_of_path(path, target->container, sizeof(target->container));
	}
}

/* Marks that container engines leave in the root directory: for cgroup paths that say nothing. */
static void read_container_marks(struct target *target, int directory)
{
	struct stat about;
	if (target->container[0] || !namespace_differs(directory, "root"))
		return;
	const char *kind = "";
	if (!fstatat(directory, "root/.dockerenv", &about, AT_SYMLINK_NOFOLLOW))
		kind = "docker";
	else if (!fstatat(directory, "root/run/.containerenv", &about, AT_SYMLINK_NOFOLLOW))
		kind = "podman";
	else if (target->other_pid_ns && namespace_differs(directory, "ns/mnt"))
		kind = "container";
	snprintf(target->container, sizeof(target->container), "%s", kind);
}

static void take_stat(struct target *target, const struct stat_fields *fields)
{
	memcpy(target->comm, fields->comm, sizeof(target->comm));
	target->state = fields->state;
	target->start_ticks = fields->start_ticks;
	target->threads = fields->threads;
	target->kernel_thread = fields->flags & KERNEL_THREAD_FLAG;
	target->zombie = (fields->state == 'Z' || fields->state == 'X') && fields->threads <= 1;
	target->stopped = fields->state == 'T' || fields->state == 't';
}

static void take_status(struct target *target, const struct status_fields *fields)
{
	target->tracer = fields->tracer;
	target->other_pid_ns = fields->pid_levels > 1;
	target->inner_pid = fields->inner_pid ? fields->inner_pid : target->pid;
	target->seccomp = fields->seccomp != 0;
	target->seccomp_strict = fields->seccomp == 1;
	target->uid = fields->uid;
}

/* All that needs more than its stat and status; what is not readable stays empty. */
static void read_details(struct target *target, int directory)
{
	bool readable;
	int living = -1;
	if (target->kernel_thread || target->zombie)
		return;
	if (target->state == 'Z')
		each_number(directory, "task", open_living, &living, &readable);
	int reader = living >= 0 ? living : directory;
	read_exe(target, reader);
	read_runtime(target, reader);
	read_cgroup(target, reader);
	read_container_marks(target, reader);
	target->own_user_ns = namespace_differs(reader, "ns/user");
	bool denied = false;
	target->io_uring = each_number(reader, "fd", is_io_uring, &denied, &readable);
	target->descriptors_read = readable && !denied;
	each_number(directory, "task", count_children, &target->children, &readable);
	if (living >= 0)
		close(living);
}

int target_inspect(struct target *target, pid_t pid)
{
	struct status_fields status;
	struct stat_fields stat_before, stat_after;
	memset(target, 0, sizeof(*target));
	target->pid = pid;
	if (pid <= 0)
		return -EINVAL;
	int directory = open_process(pid);
	int error = directory < 0 ? directory : read_status(directory, &status);
	if (!error && status.process != pid) {
		target->thread_given = true;
		target->pid = status.process;
		close(directory);
		directory = open_process(status.process);
		error = directory < 0 ? directory : read_status(directory, &status);
	}
	if (!error)
		error = read_stat(directory, &stat_before);
	if (!error) {
		take_stat(target, &stat_before);
		take_status(target, &status);
		read_details(target, directory);
		/* An exec in between is fine; an end is not. */
		error = read_stat(directory, &stat_after);
	}
	if (directory >= 0)
		close(directory);
	return error == -ENOENT ? -ESRCH : error;
}

bool target_alive(const struct target *target)
{
	struct stat_fields fields;
	int directory = open_process(target->pid);
	if (directory < 0)
		return directory == -EACCES;
	int error = read_stat(directory, &fields);
	close(directory);
	if (error)
		return error == -EACCES;
	return fields.start_ticks == target->start_ticks &&
	       !((fields.state == 'Z' || fields.state == 'X') && fields.threads <= 1);
}
