/* SPDX-License-Identifier: MIT */
/* Machines that we do not have, played by their facts. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/capture/checks_system.h"

#define BIT(capability) (UINT64_C(1) << (capability))

/* Root on a kernel that has everything. */
static struct system_facts good_machine(void)
{
	struct system_facts facts = {
		.release = "6.12.1",
		.machine = "x86_64",
		.major = 6,
		.minor = 12,
		.cpus = 4,
		.capabilities = UINT64_MAX,
		.initial_user_ns = true,
		.initial_pid_ns = true,
		.unprivileged_bpf = 2,
		.lockdown = LOCKDOWN_NONE,
		.memlock = UINT64_MAX,
	};
	return facts;
}

static void refuse_all(struct system_facts *facts, int error)
{
	for (int i = FEATURE_BTF + 1; i < FEATURE_COUNT; i++)
		facts->feature[i] = error;
}

static struct check list[CHECKS_MOST];
static size_t count;

static void judge(const struct system_facts *facts)
{
	memset(list, 0, sizeof(list));
	count = checks_system_judge(facts, list);
	for (size_t i = 0; i < count; i++) {
		cr_expect(ne(str, list[i].found, ""), "%s", list[i].subject);
		if (list[i].level >= CHECK_LIMITED)
			cr_expect(ne(str, list[i].cost, ""), "%s says what it costs", list[i].subject);
		if (list[i].level == CHECK_FATAL) {
			cr_expect(ne(str, list[i].fix, ""), "%s says how to fix it", list[i].subject);
			cr_expect(eq(int, list[i].exit_code, 3));
			cr_expect(lt(int, list[i].error, 0));
		}
	}
}

static size_t fatal_count(void)
{
	size_t found = 0;
	for (size_t i = 0; i < count; i++)
		found += list[i].level == CHECK_FATAL;
	return found;
}

static const struct check *about(const char *subject)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].subject, subject))
			return &list[i];
	cr_fatal("nothing about %s", subject);
	return NULL;
}

Test(checks_system, a_good_machine_has_nothing_to_complain_of)
{
	struct system_facts facts = good_machine();
	judge(&facts);
	for (size_t i = 0; i < count; i++)
		cr_expect(eq(int, list[i].level, CHECK_OK), "%s: %s", list[i].subject, list[i].found);
}

Test(checks_system, no_root)
{
	struct system_facts facts = good_machine();
	facts.uid = 1000;
	facts.capabilities = 0;
	refuse_all(&facts, -EPERM);
	cr_assert(eq(int, system_denial(&facts), DENIAL_CAPABILITY));
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1), "said once, not for each feature");
	const struct check *check = about("privileges");
	cr_expect(eq(int, check->level, CHECK_FATAL));
	cr_expect(eq(int, check->error, -EPERM));
	cr_expect(strstr(check->found, "CAP_BPF and CAP_PERFMON") != NULL);
	cr_expect(strstr(check->fix, "run it with sudo") != NULL);
	cr_expect(strstr(about("CAP_SYS_PTRACE")->found, "missing") != NULL);
}

Test(checks_system, root_that_lost_one_capability)
{
	struct system_facts facts = good_machine();
	facts.capabilities = UINT64_MAX & ~BIT(CAPABILITY_PERFMON) & ~BIT(CAPABILITY_SYS_ADMIN);
	refuse_all(&facts, -EPERM);
	judge(&facts);
	cr_expect(strstr(about("privileges")->found, "root, but without CAP_PERFMON") != NULL);
	cr_expect(strstr(about("privileges")->fix, "sudo") == NULL, "it is root already");
}

Test(checks_system, two_capabilities_are_enough)
{
	struct system_facts facts = good_machine();
	facts.uid = 1000;
	facts.capabilities = BIT(CAPABILITY_BPF) | BIT(CAPABILITY_PERFMON);
	facts.feature[FEATURE_UPROBE] = -EACCES;
	judge(&facts);
	cr_expect(zero(sz, fatal_count()));
	cr_expect(eq(int, about("privileges")->level, CHECK_OK));
	cr_expect(eq(int, about("CAP_SYS_PTRACE")->level, CHECK_LIMITED));
	cr_expect(strstr(about(feature_name(FEATURE_UPROBE))->fix, "CAP_SYS_ADMIN") != NULL);
}

Test(checks_system, sys_admin_implies_the_newer_two)
{
	struct system_facts facts = good_machine();
	facts.capabilities = BIT(CAPABILITY_SYS_ADMIN) | BIT(CAPABILITY_SYS_PTRACE);
	judge(&facts);
	cr_expect(zero(sz, fatal_count()));
	cr_expect(strstr(about("CAP_BPF")->found, "implied by CAP_SYS_ADMIN") != NULL);
}

/* One errno, five causes: each is told from the others. */
Test(checks_system, refusals_are_told_apart)
{
	struct system_facts facts = good_machine();
	refuse_all(&facts, -EPERM);
	cr_expect(eq(int, system_denial(&facts), DENIAL_SECURITY_MODULE));
	facts.seccomp = 2;
	cr_expect(eq(int, system_denial(&facts), DENIAL_SECCOMP));
	facts.initial_user_ns = false;
	cr_expect(eq(int, system_denial(&facts), DENIAL_USER_NAMESPACE));
	facts.capabilities = 0;
	cr_expect(eq(int, system_denial(&facts), DENIAL_CAPABILITY));

	facts = good_machine();
	refuse_all(&facts, -ENOSYS);
	cr_expect(eq(int, system_denial(&facts), DENIAL_NO_BPF));
	facts.seccomp = 2;
	cr_expect(eq(int, system_denial(&facts), DENIAL_SECCOMP));
}

Test(checks_system, each_refusal_is_fatal_and_said_once)
{
	struct system_facts facts = good_machine();
	refuse_all(&facts, -EPERM);
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	facts.seccomp = 2;
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(strstr(about("privileges")->found, "seccomp") != NULL);
	facts.initial_user_ns = false;
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(strstr(about("privileges")->found, "user namespace") != NULL);
	facts = good_machine();
	refuse_all(&facts, -ENOSYS);
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(eq(int, about("privileges")->error, -ENOSYS));
}

Test(checks_system, lockdown)
{
	struct system_facts facts = good_machine();
	facts.lockdown = LOCKDOWN_INTEGRITY;
	judge(&facts);
	cr_expect(zero(sz, fatal_count()));
	facts.lockdown = LOCKDOWN_CONFIDENTIALITY;
	facts.feature[FEATURE_READ_KERNEL] = -EINVAL;
	facts.feature[FEATURE_TASK_STORAGE] = -EPERM;
	cr_assert(eq(int, system_denial(&facts), DENIAL_LOCKDOWN));
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(strstr(about("privileges")->fix, "lockdown=integrity") != NULL);
}

Test(checks_system, no_btf)
{
	struct system_facts facts = good_machine();
	refuse_all(&facts, -ESRCH);
	facts.feature[FEATURE_BTF] = -ENOENT;
	facts.feature[FEATURE_RAW_TP] = 0;
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(strstr(about("BTF")->fix, "CONFIG_DEBUG_INFO_BTF=y") != NULL);
	cr_expect(eq(int, about("privileges")->level, CHECK_OK));
}

Test(checks_system, old_kernels_lack_features)
{
	struct system_facts facts = good_machine();
	facts.major = 5;
	facts.minor = 15;
	facts.feature[FEATURE_RDONLY_CAST] = -EINVAL;
	facts.feature[FEATURE_UPROBE_MULTI] = -EINVAL;
	facts.feature[FEATURE_UPROBE_SESSION] = -EINVAL;
	judge(&facts);
	cr_expect(zero(sz, fatal_count()));
	cr_expect(eq(int, about(feature_name(FEATURE_UPROBE_MULTI))->level, CHECK_NOTE));
	cr_expect(strstr(about(feature_name(FEATURE_UPROBE_MULTI))->fix, "6.6") != NULL);
	facts.minor = 4;
	facts.feature[FEATURE_RING_BUFFER] = -EINVAL;
	facts.memlock = 65536;
	facts.capabilities &= ~BIT(CAPABILITY_SYS_RESOURCE);
	judge(&facts);
	cr_expect(eq(sz, fatal_count(), 1));
	cr_expect(eq(int, about("kernel")->level, CHECK_NOTE));
	cr_expect(eq(int, about("memlock")->level, CHECK_LIMITED), "counted before 5.11, and never fatal");
}

Test(checks_system, memlock_does_not_matter_to_newer_kernels)
{
	struct system_facts facts = good_machine();
	facts.memlock = 65536;
	facts.capabilities &= ~BIT(CAPABILITY_SYS_RESOURCE);
	judge(&facts);
	cr_expect(eq(int, about("memlock")->level, CHECK_OK));
	cr_expect(eq(int, about("CAP_SYS_RESOURCE")->level, CHECK_NOTE));
}

Test(checks_system, namespaces)
{
	struct system_facts facts = good_machine();
	facts.initial_pid_ns = false;
	judge(&facts);
	cr_expect(eq(int, about("pid namespace")->level, CHECK_NOTE));
	facts.proc_elsewhere = true;
	judge(&facts);
	cr_expect(eq(int, about("pid namespace")->level, CHECK_FATAL), "a pid would mean the wrong process");
}

Test(checks_system, a_full_list_stays_in_its_bounds)
{
	size_t filled = 0;
	for (int i = 0; i < CHECKS_MOST + 5; i++)
		check_add(list, &filled, "subject", CHECK_OK, "%d", i);
	cr_expect(eq(sz, filled, CHECKS_MOST));
	cr_expect(eq(str, list[CHECKS_MOST - 1].found, "52"));
}

Test(checks_system, long_text_ends_at_a_whole_character)
{
	size_t filled = 0;
	char text[300];
	for (size_t shift = 0; shift < 3; shift++) {
		memset(text, 'a', sizeof(text));
		for (size_t at = shift; at + 3 < sizeof(text); at += 3)
			memcpy(text + at, "\xe2\x82\xac", 3); /* a euro sign */
		text[sizeof(text) - 4] = '\0';
		struct check *check = check_add(list, &filled, "subject", CHECK_OK, "%s", text);
		size_t length = strlen(check->found);
		cr_expect(ge(sz, length, sizeof(check->found) - 4));
		cr_expect(zero(sz, (length - shift) % 3), "%zu bytes", length);
	}
}
