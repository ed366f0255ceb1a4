/* SPDX-License-Identifier: MIT */
#include "user/capture/checks_system.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/capture/target_parse.h"

/* Inodes of the first namespaces: constants of the kernel (include/linux/proc_ns.h). */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDu
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu

static bool read_text(const char *path, char *text, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
	if (file >= 0)
		close(file);
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/* True also when it cannot be told: old kernels number them differently. */
static bool is_namespace(const char *path, unsigned inode)
{
	struct stat about;
	return stat(path, &about) || about.st_ino == inode;
}

/* The mode in force is the one in brackets: "none [integrity] confidentiality". */
static enum lockdown read_lockdown(void)
{
	char text[128];
	if (!read_text("/sys/kernel/security/lockdown", text, sizeof(text)))
		return LOCKDOWN_UNKNOWN;
	if (strstr(text, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return strstr(text, "[integrity]") ? LOCKDOWN_INTEGRITY : LOCKDOWN_NONE;
}

static void gather_kernel(struct system_facts *facts)
{
	struct utsname name;
	if (!uname(&name)) {
		snprintf(facts->release, sizeof(facts->release), "%.64s", name.release);
		snprintf(facts->machine, sizeof(facts->machine), "%.64s", name.machine);
		(void)sscanf(name.release, "%u.%u", &facts->major, &facts->minor);
	}
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	facts->cpus = cpus > 0 ? (unsigned)cpus : 1;
}

static void gather_rights(struct system_facts *facts)
{
	char text[8192], number[16], link[32];
	struct status_fields status;
	struct rlimit memlock;
	facts->uid = geteuid();
	if (read_text("/proc/self/status", text, sizeof(text)) && !parse_status(text, &status)) {
		facts->capabilities = status.effective;
		facts->seccomp = status.seccomp;
	}
	facts->initial_user_ns = is_namespace("/proc/self/ns/user", INITIAL_USER_NAMESPACE);
	facts->initial_pid_ns = is_namespace("/proc/self/ns/pid", INITIAL_PID_NAMESPACE);
	ssize_t length = readlink("/proc/self", link, sizeof(link) - 1);
	if (length > 0) {
		link[length] = '\0';
		facts->proc_elsewhere = atoi(link) != getpid();
	}
	facts->unprivileged_bpf =
		read_text("/proc/sys/kernel/unprivileged_bpf_disabled", number, sizeof(number)) ? atoi(number)
												: -1;
	facts->lockdown = read_lockdown();
	facts->memlock = UINT64_MAX;
	if (!getrlimit(RLIMIT_MEMLOCK, &memlock) && memlock.rlim_cur != RLIM_INFINITY)
		facts->memlock = memlock.rlim_cur;
}

void system_facts_gather(struct system_facts *facts, bool optional)
{
	memset(facts, 0, sizeof(*facts));
	gather_kernel(facts);
	gather_rights(facts);
	for (int feature = 0; feature < FEATURE_COUNT; feature++) {
		bool uprobe = feature == FEATURE_UPROBE || feature == FEATURE_UPROBE_MULTI ||
			      feature == FEATURE_UPROBE_SESSION;
		facts->feature[feature] =
			uprobe && !optional ? FEATURE_NOT_TRIED : feature_probe((enum feature)feature);
	}
}
