/* SPDX-License-Identifier: MIT */
#include "user/capture/checks_system.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/util/number.h"

static bool has_capability(const struct system_facts *facts, enum capability capability)
{
	return facts->capabilities >> capability & 1;
}

/* CAP_BPF and CAP_PERFMON are parts that were split off CAP_SYS_ADMIN (5.8): it still implies them. */
static bool may(const struct system_facts *facts, enum capability capability)
{
	return has_capability(facts, capability) ||
	       (capability != CAPABILITY_SYS_PTRACE && capability != CAPABILITY_SYS_RESOURCE &&
		has_capability(facts, CAPABILITY_SYS_ADMIN));
}

static bool older_than(const struct system_facts *facts, unsigned major, unsigned minor)
{
	return facts->major < major || (facts->major == major && facts->minor < minor);
}

static bool is_refusal(int error)
{
	return error == -EPERM || error == -EACCES || error == -ENOSYS;
}

/* Raw tracepoints need least of all: when they are refused, everything is. */
enum denial system_denial(const struct system_facts *facts)
{
	int error = facts->feature[FEATURE_RAW_TP];
	bool capable = may(facts, CAPABILITY_BPF) && may(facts, CAPABILITY_PERFMON);
	if (facts->lockdown == LOCKDOWN_CONFIDENTIALITY && facts->feature[FEATURE_READ_KERNEL] < 0 && capable)
		return DENIAL_LOCKDOWN;
	if (!is_refusal(error))
		return DENIAL_NONE;
	if (error == -ENOSYS)
		return facts->seccomp ? DENIAL_SECCOMP : DENIAL_NO_BPF;
	if (!capable)
		return DENIAL_CAPABILITY;
	if (!facts->initial_user_ns)
		return DENIAL_USER_NAMESPACE;
	if (facts->seccomp)
		return DENIAL_SECCOMP;
	return DENIAL_SECURITY_MODULE;
}

static void judge_kernel(const struct system_facts *facts, struct check *list, size_t *count)
{
	bool old = older_than(facts, 5, 15);
	struct check *check =
		check_add(list, count, "kernel", old ? CHECK_NOTE : CHECK_OK, "Linux %s, %s, %u CPU%s",
			  facts->release, facts->machine, facts->cpus, facts->cpus == 1 ? "" : "s");
	if (!old)
		return;
	check_cost(check, "older than 5.15: not tested; what is missing is listed below");
	check_fix(check, "use a kernel of 5.15 or later where something is missing");
}

static void judge_missing_capability(const struct system_facts *facts, struct check *list, size_t *count)
{
	bool bpf = may(facts, CAPABILITY_BPF), perfmon = may(facts, CAPABILITY_PERFMON);
	const char *missing = bpf ? "CAP_PERFMON" : perfmon ? "CAP_BPF" : "CAP_BPF and CAP_PERFMON";
	struct check *check = check_add(list, count, "privileges", CHECK_FATAL, "%s without %s",
					facts->uid ? "not root, and" : "root, but", missing);
	check->error = -EPERM;
	check_cost(check, "the kernel accepts no BPF program, so nothing can be measured");
	if (facts->uid)
		check_fix(check,
			  "run it with sudo; or give the program what it needs: sudo setcap "
			  "cap_bpf,cap_perfmon,cap_sys_ptrace=ep FILE (and cap_sys_admin for uprobes)");
	else
		check_fix(check,
			  "they were taken away (a container, a systemd unit, setpriv): grant %s; docker: "
			  "--privileged, or --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE",
			  missing);
}

static const struct {
	int error;
	const char *found, *fix;
} denials[] = {
	[DENIAL_USER_NAMESPACE] =
		{-EPERM, "in a user namespace: capabilities held here count only inside it",
		 "run it with sudo outside the user namespace (of a rootless container: on its "
		 "host)"},
	[DENIAL_SECCOMP] =
		{-EPERM, "a seccomp filter on pss-bpf itself forbids the bpf system call",
		 "run it outside the sandbox; docker: --security-opt seccomp=unconfined, or allow bpf "
		 "and perf_event_open in the profile"},
	[DENIAL_LOCKDOWN] =
		{-EPERM, "the kernel is locked down (confidentiality): programs may not read its memory",
		 "boot with lockdown=integrity or without lockdown= (Secure Boot may turn it on)"},
	[DENIAL_NO_BPF] = {-ENOSYS, "the kernel has no bpf system call",
			   "use a kernel built with CONFIG_BPF_SYSCALL=y, as those of the distributions are"},
	[DENIAL_SECURITY_MODULE] =
		{-EPERM,
		 "refused although the capabilities are there: a security module (SELinux, "
		 "AppArmor) or a policy forbids it",
		 "look for the refusal in the kernel log: dmesg, or ausearch -m avc -ts recent"},
};

static void judge_denial(const struct system_facts *facts, struct check *list, size_t *count)
{
	enum denial denial = system_denial(facts);
	if (denial == DENIAL_NONE) {
		check_add(list, count, "privileges", CHECK_OK, "%s: the kernel accepts our programs",
			  facts->uid ? "not root, but with the capabilities that are needed" : "root");
	} else if (denial == DENIAL_CAPABILITY) {
		judge_missing_capability(facts, list, count);
	} else {
		struct check *check =
			check_add(list, count, "privileges", CHECK_FATAL, "%s", denials[denial].found);
		check->error = denials[denial].error;
		check_cost(check, "nothing can be measured");
		check_fix(check, "%s", denials[denial].fix);
	}
}

static void judge_capabilities(const struct system_facts *facts, struct check *list, size_t *count)
{
	static const struct {
		enum capability capability;
		const char *name, *use, *cost;
	} needs[] = {
		{CAPABILITY_BPF, "CAP_BPF", "loads the programs", "no program can be loaded"},
		{CAPABILITY_PERFMON, "CAP_PERFMON", "attaches them to tracepoints",
		 "nothing can be attached"},
		{CAPABILITY_SYS_ADMIN, "CAP_SYS_ADMIN", "places uprobes",
		 "functions (--func, --usdt) cannot be probed; requests, calls and the rest can"},
		{CAPABILITY_SYS_PTRACE, "CAP_SYS_PTRACE",
		 "reads other users' /proc/PID/exe, maps, fd and root",
		 "of other users' processes the program, its runtime and io_uring are not recognised"},
	};
	for (size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++) {
		if (may(facts, needs[i].capability)) {
			bool own = has_capability(facts, needs[i].capability);
			check_add(list, count, needs[i].name, CHECK_OK, "%s: %s",
				  own ? "there" : "implied by CAP_SYS_ADMIN", needs[i].use);
			continue;
		}
		struct check *check =
			check_add(list, count, needs[i].name, CHECK_LIMITED, "missing: %s", needs[i].use);
		check_cost(check, "%s", needs[i].cost);
		/* Otherwise the line before has said it for all of them. */
		if (system_denial(facts) != DENIAL_CAPABILITY)
			check_fix(check, "run it with sudo, or grant %s", needs[i].name);
	}
	bool resource = has_capability(facts, CAPABILITY_SYS_RESOURCE);
	check_add(list, count, "CAP_SYS_RESOURCE", resource ? CHECK_OK : CHECK_NOTE,
		  "%s: raises the memlock limit%s", resource ? "there" : "missing",
		  older_than(facts, 5, 11) ? "" : ", which kernels since 5.11 do not ask for");
}

static void judge_btf(const struct system_facts *facts, struct check *list, size_t *count)
{
	int error = facts->feature[FEATURE_BTF];
	if (!error) {
		check_add(list, count, "BTF", CHECK_OK,
			  "the kernel describes its types (/sys/kernel/btf/vmlinux)");
		return;
	}
	struct check *check =
		error == -ENOENT || error == -ESRCH
			? check_add(list, count, "BTF", CHECK_FATAL,
				    "the kernel has no type information (/sys/kernel/btf/vmlinux is missing)")
			: check_add(list, count, "BTF", CHECK_FATAL,
				    "the kernel's type information cannot be read: %s", strerror(-error));
	check->error = error;
	check_cost(check, "programs cannot be fitted to this kernel, so nothing can be measured");
	check_fix(check,
		  "use a kernel built with CONFIG_DEBUG_INFO_BTF=y: Debian 11, Ubuntu 20.10, Fedora 31, "
		  "RHEL 8.2 and later have it; in a container mount /sys");
}

static void judge_policies(const struct system_facts *facts, struct check *list, size_t *count)
{
	static const char *const modes[] = {"not built in or not shown", "off", "integrity: no matter here",
					    "confidentiality"};
	if (facts->lockdown == LOCKDOWN_CONFIDENTIALITY) {
		struct check *check = check_add(list, count, "lockdown", CHECK_LIMITED, "%s",
						modes[LOCKDOWN_CONFIDENTIALITY]);
		check_cost(check, "programs may not read kernel memory");
		check_fix(check, "boot with lockdown=integrity or without lockdown=");
	} else {
		check_add(list, count, "lockdown", CHECK_OK, "%s", modes[facts->lockdown]);
	}
	if (facts->unprivileged_bpf >= 0)
		check_add(list, count, "unprivileged BPF", CHECK_OK,
			  "%s (kernel.unprivileged_bpf_disabled = %d): tracing needs privileges always",
			  facts->unprivileged_bpf ? "off" : "on", facts->unprivileged_bpf);
	if (!facts->seccomp)
		check_add(list, count, "seccomp", CHECK_OK, "no filter on pss-bpf itself");
	else
		check_add(list, count, "seccomp", CHECK_NOTE, "a filter is in force on pss-bpf itself%s",
			  system_denial(facts) == DENIAL_NONE ? "; it lets us load programs" : "");
}

static void judge_memlock(const struct system_facts *facts, struct check *list, size_t *count)
{
	char amount[PSS_NUMBER_SIZE] = "unlimited";
	if (facts->memlock != UINT64_MAX)
		format_bytes(amount, sizeof(amount), (double)facts->memlock);
	bool matters = older_than(facts, 5, 11) && facts->memlock < (UINT64_C(64) << 20) &&
		       !has_capability(facts, CAPABILITY_SYS_RESOURCE);
	if (!matters) {
		check_add(list, count, "memlock", CHECK_OK, "%s%s", amount,
			  older_than(facts, 5, 11) ? "" : "; kernels since 5.11 do not count it");
		return;
	}
	struct check *check = check_add(list, count, "memlock", CHECK_LIMITED, "%s", amount);
	check_cost(check, "this kernel counts maps as locked memory and may refuse them");
	check_fix(check, "raise it: ulimit -l unlimited, LimitMEMLOCK=infinity, docker --ulimit memlock=-1");
}

static void judge_namespaces(const struct system_facts *facts, struct check *list, size_t *count)
{
	if (facts->proc_elsewhere) {
		struct check *check =
			check_add(list, count, "pid namespace", CHECK_FATAL,
				  "/proc shows another pid namespace than the one pss-bpf runs in");
		check_cost(check,
			   "a pid means one process in /proc and another one to the kernel, so the wrong one "
			   "would be measured");
		check_fix(check,
			  "mount this namespace's own: mount -t proc proc /proc (unshare --mount-proc)");
	} else if (facts->initial_pid_ns) {
		check_add(list, count, "pid namespace", CHECK_OK, "the machine's own: pids are the kernel's");
	} else {
		struct check *check = check_add(list, count, "pid namespace", CHECK_NOTE,
						"pss-bpf runs inside a pid namespace (a container)");
		check_cost(check, "only processes in it can be named, by the pids they have here");
		check_fix(check, "to measure others run it on the host, or with docker --pid=host");
	}
}

size_t checks_system_judge(const struct system_facts *facts, struct check *list)
{
	size_t count = 0;
	judge_kernel(facts, list, &count);
	judge_denial(facts, list, &count);
	judge_capabilities(facts, list, &count);
	judge_btf(facts, list, &count);
	judge_policies(facts, list, &count);
	judge_memlock(facts, list, &count);
	judge_namespaces(facts, list, &count);
	return checks_features_judge(facts, list, count);
}
