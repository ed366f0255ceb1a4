/* SPDX-License-Identifier: MIT */
#include "user/capture/checks_target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/capture/checks_system.h"
#include "user/util/escape.h"
#include "user/util/number.h"

#define SHOWN 160 /* bytes of hostile text in a line */

/* Escaped and short enough for a line; safe is returned. */
static const char *shown(char safe[SHOWN], const char *text)
{
	char *escaped = escape_terminal(text, strlen(text), false);
	if (escaped && strlen(escaped) >= SHOWN) {
		/* In ASCII a column is a byte, so that it surely fits. */
		free(escaped);
		escaped = escape_terminal(text, strlen(text), true);
		if (escaped)
			text_shorten(escaped, SHOWN - 1, true);
	}
	snprintf(safe, SHOWN, "%s", escaped ? escaped : "?");
	free(escaped);
	return safe;
}

static struct check *refuse(struct check *list, size_t *count, int exit_code, int error, const char *found)
{
	struct check *check = check_add(list, count, "target", CHECK_FATAL, "%s", found);
	check->exit_code = exit_code;
	check->error = error;
	return check;
}

static void judge_unreadable(const struct target_facts *facts, struct check *list, size_t *count)
{
	char found[96];
	struct check *check;
	int pid = (int)facts->asked;
	switch (facts->error) {
	case -EINVAL:
		snprintf(found, sizeof(found), "%d is not the pid of a process", pid);
		check = refuse(list, count, 2, -EINVAL, found);
		check_fix(check,
			  "give a pid above 0, such as pidof NAME or systemctl show -P MainPID UNIT prints");
		break;
	case -ESRCH:
		snprintf(found, sizeof(found), "no process has the pid %d", pid);
		check = refuse(list, count, 3, -ESRCH, found);
		check_fix(check,
			  "look it up again (pidof, pgrep -f, ps -e): it may have ended or been restarted; a "
			  "pid "
			  "seen inside a container has another number out here (ps -e -o pid,nspid,args)");
		break;
	case -EACCES:
		snprintf(found, sizeof(found), "process %d is not ours to look at (%s)", pid,
			 strerror(EACCES));
		check = refuse(list, count, 3, -EACCES, found);
		check_fix(check,
			  "run it with sudo: /proc is mounted with hidepid, or a security module guards it");
		break;
	default:
		snprintf(found, sizeof(found), "process %d cannot be read: %s", pid, strerror(-facts->error));
		check = refuse(list, count, 3, facts->error, found);
		check_fix(check, "see that /proc is mounted and readable");
	}
	check_cost(check, "there is nothing to measure");
}

/* What makes measuring impossible or absurd. True: no need to look further. */
static bool judge_hopeless(const struct target_facts *facts, struct check *list, size_t *count)
{
	const struct target *target = facts->target;
	char found[SHOWN + 100], name[SHOWN];
	struct check *check;
	if (target->pid == facts->ourselves) {
		check = refuse(list, count, 2, -EINVAL, "that is pss-bpf itself");
		check_cost(check, "it would measure its own measuring");
		check_fix(check, "give the pid of another process");
	} else if (target->kernel_thread) {
		snprintf(found, sizeof(found), "process %d (%s) is a thread of the kernel", (int)target->pid,
			 shown(name, target->comm));
		check = refuse(list, count, 3, -EOPNOTSUPP, found);
		check_cost(check, "it makes no system calls, so it has no operations to measure");
		check_fix(check, "give the pid of the program whose work it does");
	} else if (target->zombie) {
		snprintf(found, sizeof(found),
			 "process %d (%s) has ended: a zombie that its parent has not waited for",
			 (int)target->pid, shown(name, target->comm));
		check = refuse(list, count, 3, -ESRCH, found);
		check_cost(check, "it does nothing any more");
		check_fix(check, "give the pid of a living process");
	} else {
		return false;
	}
	return true;
}

static void judge_process(const struct target_facts *facts, struct check *list, size_t *count)
{
	const struct target *target = facts->target;
	char name[SHOWN], exe[SHOWN];
	check_add(list, count, "target", CHECK_OK, "%d (%s), %u thread%s, %u child%s", (int)target->pid,
		  shown(name, target->comm), target->threads, target->threads == 1 ? "" : "s",
		  target->children, target->children == 1 ? "" : "ren");
	if (target->thread_given)
		check_add(list, count, "thread", CHECK_NOTE,
			  "%d is a thread of process %d: the whole process is measured", (int)facts->asked,
			  (int)target->pid);
	if (target->exe[0] && !target->exe_deleted) {
		check_add(list, count, "program", CHECK_OK, "%s", shown(exe, target->exe));
	} else if (target->exe[0]) {
		struct check *check =
			check_add(list, count, "program", CHECK_NOTE,
				  "%s, deleted or replaced since it started", shown(exe, target->exe));
		check_cost(check, "its symbols are those of the old file");
		check_fix(check, "restart it to measure the new one");
	} else {
		struct check *check =
			check_add(list, count, "program", CHECK_LIMITED, "its file cannot be read");
		check_cost(check, "runtime and symbols stay unknown");
		check_fix(check, "run it with sudo, or grant CAP_SYS_PTRACE");
	}
}

static void judge_state(const struct target *target, struct check *list, size_t *count)
{
	if (target->stopped) {
		struct check *check = check_add(list, count, "state", CHECK_NOTE, "stopped%s",
						target->state == 't' ? " by its tracer" : " by a signal");
		check_cost(check, "nothing happens in it until it is continued");
		if (target->state != 't')
			check_fix(check, "kill -CONT %d", (int)target->pid);
		else
			check_fix(check, "continue it in the debugger");
	} else {
		check_add(list, count, "state", CHECK_OK, "alive%s",
			  target->state == 'Z' ? ", though its first thread has ended" : "");
	}
	if (target->tracer) {
		struct check *check = check_add(list, count, "traced", CHECK_NOTE, "traced by process %d",
						(int)target->tracer);
		check_cost(check, "a debugger or strace slows it down, and that is in the figures");
		check_fix(check, "detach it for figures of normal running");
	}
}

static void judge_runtime(const struct target *target, struct check *list, size_t *count)
{
	static const struct {
		const char *runtime, *label, *note;
	} kinds[] = {
		{"native", "native", ""},
		{"go", "Go", "no return probes in it: Go moves its stacks; goroutines share threads"},
		{"jvm", "Java (JVM)", "compiled methods have no symbols unless a perf map is written"},
		{"python", "Python", ""},
		{"node", "Node.js", "compiled functions have no symbols unless run with --perf-basic-prof"},
	};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].runtime, target->runtime)) {
			struct check *check =
				check_add(list, count, "runtime", kinds[i].note[0] ? CHECK_NOTE : CHECK_OK,
					  "%s%s", kinds[i].label, target->compat ? ", 32-bit" : "");
			check_cost(check, "%s", kinds[i].note);
			break;
		}
	if (!target->compat)
		return;
	struct check *check =
		check_add(list, count, "32-bit", CHECK_LIMITED, "a 32-bit program on a 64-bit kernel");
	check_cost(check, "its system calls have other numbers: requests and calls are not recognised");
	check_fix(check, "measure a 64-bit build of it");
}

static void judge_isolation(const struct target *target, struct check *list, size_t *count)
{
	char text[SHOWN];
	if (target->container[0])
		check_add(list, count, "container", CHECK_OK, "%s", shown(text, target->container));
	if (target->other_pid_ns)
		check_add(list, count, "pid namespace", CHECK_NOTE,
			  "its own, where it has the pid %d: it is measured and reported as %d",
			  (int)target->inner_pid, (int)target->pid);
	if (target->own_user_ns)
		check_add(list, count, "user namespace", CHECK_OK, "its own: no matter here");
	if (target->seccomp_strict || target->seccomp) {
		struct check *check =
			check_add(list, count, "seccomp", CHECK_NOTE, "%s",
				  target->seccomp_strict ? "strict mode" : "a filter is in force");
		check_cost(check,
			   "tracepoints are safe; return probes can get it killed on kernels since 6.11");
	}
	if (target->cgroup[0])
		check_add(list, count, "cgroup", CHECK_OK, "%s", shown(text, target->cgroup));
}

static void judge_io_uring(const struct target *target, struct check *list, size_t *count)
{
	if (target->io_uring) {
		struct check *check =
			check_add(list, count, "io_uring", CHECK_LIMITED, "it has an io_uring open");
		check_cost(check,
			   "requests and calls that go through it are not seen; they are counted as such");
		check_fix(check, "where the program has a switch for it, measure with epoll or plain reads");
	} else if (!target->descriptors_read) {
		struct check *check =
			check_add(list, count, "io_uring", CHECK_NOTE, "its descriptors cannot be listed");
		check_cost(check, "whether it uses io_uring is not known before the capture");
		check_fix(check, "run it with sudo, or grant CAP_SYS_PTRACE");
	}
}

static void judge_limits(const struct target_facts *facts, struct check *list, size_t *count)
{
	char amount[PSS_NUMBER_SIZE];
	if (facts->memory_limit)
		check_add(list, count, "memory limit", CHECK_NOTE, "its cgroup may use %s",
			  format_bytes(amount, sizeof(amount), (double)facts->memory_limit));
	if (facts->cpu_limit > 0)
		check_add(list, count, "CPU limit", CHECK_NOTE,
			  "its cgroup may use %.3g CPU%s: waiting beyond that shows as run queue",
			  facts->cpu_limit, facts->cpu_limit == 1 ? "" : "s");
}

size_t checks_target_judge(const struct target_facts *facts, struct check *list)
{
	size_t count = 0;
	if (facts->error) {
		judge_unreadable(facts, list, &count);
		return count;
	}
	if (judge_hopeless(facts, list, &count))
		return count;
	judge_process(facts, list, &count);
	judge_state(facts->target, list, &count);
	judge_runtime(facts->target, list, &count);
	judge_isolation(facts->target, list, &count);
	judge_io_uring(facts->target, list, &count);
	judge_limits(facts, list, &count);
	return count;
}

/* Where /proc is not of our namespace our number in it is not getpid(). */
static pid_t own_pid(void)
{
	char link[32];
	ssize_t length = readlink("/proc/self", link, sizeof(link) - 1);
	if (length <= 0)
		return getpid();
	link[length] = '\0';
	return (pid_t)atoi(link);
}

size_t checks_target(struct check *list, pid_t pid, struct target *target)
{
	struct target_facts facts = {.asked = pid, .ourselves = own_pid(), .target = target};
	facts.error = target_inspect(target, pid);
	if (!facts.error && !target->kernel_thread && !target->zombie) {
		facts.memory_limit = target_cgroup_memory_limit(target);
		facts.cpu_limit = target_cpu_limit(target);
	}
	return checks_target_judge(&facts, list);
}
