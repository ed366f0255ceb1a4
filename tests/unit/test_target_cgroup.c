/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/capture/target_cgroup.h"

static const char mountinfo[] =
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
	"36 31 0:33 /docker/x /mnt/with\\040blank rw - cgroup cgroup rw,cpu,cpuacct\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

Test(target_cgroup, mounts)
{
	char mount[64], root[64];
	cr_expect(eq(int, cgroup_mount(mountinfo, "memory", mount, root, sizeof(mount)), 0));
	cr_expect(eq(str, mount, "/sys/fs/cgroup/memory"));
	cr_expect(eq(str, root, "/"));
	cr_expect(eq(int, cgroup_mount(mountinfo, "cpu", mount, root, sizeof(mount)), 0));
	cr_expect(eq(str, mount, "/mnt/with blank"));
	cr_expect(eq(str, root, "/docker/x"));
	cr_expect(eq(int, cgroup_mount(mountinfo, NULL, mount, root, sizeof(mount)), 0));
	cr_expect(eq(str, mount, "/sys/fs/cgroup/unified"));
	cr_expect(eq(int, cgroup_mount(mountinfo, "blkio", mount, root, sizeof(mount)), -ENOENT));
	cr_expect(eq(int, cgroup_mount("x\n - \n - cgroup2\n", NULL, mount, root, sizeof(mount)), -ENOENT));
}

static char top[] = "/tmp/pss-cgroup-XXXXXX";

static void make_groups(void)
{
	char path[128];
	cr_assert(mkdtemp(top) != NULL);
	snprintf(path, sizeof(path), "%s/a", top);
	cr_assert(zero(int, mkdir(path, 0700)));
	snprintf(path, sizeof(path), "%s/a/b", top);
	cr_assert(zero(int, mkdir(path, 0700)));
}

static void put(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", top, name);
	FILE *file = fopen(path, "w");
	cr_assert(file != NULL);
	fputs(text, file);
	fclose(file);
}

static void remove_groups(void)
{
	static const char *const names[] = {"memory.max",
					    "a/memory.max",
					    "a/memory.limit_in_bytes",
					    "a/b/memory.max",
					    "a/b/memory.limit_in_bytes",
					    "a/cpu.max",
					    "a/b/cpu.max",
					    "a/b/cpu.cfs_quota_us",
					    "a/b/cpu.cfs_period_us"};
	char path[128];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", top, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/a/b", top);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/a", top);
	rmdir(path);
	cr_expect(zero(int, rmdir(top)));
}

Test(target_cgroup, the_tightest_limit_on_the_way_up_counts, .init = make_groups, .fini = remove_groups)
{
	put("memory.max", "1000\n"); /* of the whole hierarchy */
	put("a/memory.max", "5000\n");
	put("a/b/memory.max", "max\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/a/b", true), 1000));
	put("memory.max", "max\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/a/b", true), 5000));
	put("a/b/memory.max", "4096\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/a/b", true), 4096));
	cr_expect(eq(u64, cgroup_memory_limit(top, "/", true), 0));
}

Test(target_cgroup, version_1_has_no_word_for_no_limit, .init = make_groups, .fini = remove_groups)
{
	put("a/b/memory.limit_in_bytes", "9223372036854771712\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/a/b", false), 0));
	put("a/memory.limit_in_bytes", "268435456\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/a/b", false), 268435456));
}

Test(target_cgroup, cpu_quotas, .init = make_groups, .fini = remove_groups)
{
	put("a/cpu.max", "50000 100000\n");
	put("a/b/cpu.max", "max 100000\n");
	cr_expect(epsilon_eq(dbl, cgroup_cpu_limit(top, "/a/b", true), 0.5, 1e-9));
	put("a/b/cpu.max", "0 0\n");
	cr_expect(epsilon_eq(dbl, cgroup_cpu_limit(top, "/a/b", true), 0.5, 1e-9));
	put("a/b/cpu.cfs_quota_us", "-1\n");
	put("a/b/cpu.cfs_period_us", "100000\n");
	cr_expect(epsilon_eq(dbl, cgroup_cpu_limit(top, "/a/b", false), 0, 1e-9));
	put("a/b/cpu.cfs_quota_us", "250000\n");
	cr_expect(epsilon_eq(dbl, cgroup_cpu_limit(top, "/a/b", false), 2.5, 1e-9));
}

Test(target_cgroup, paths_that_lead_out_of_the_hierarchy, .init = make_groups, .fini = remove_groups)
{
	put("memory.max", "1000\n");
	cr_expect(eq(u64, cgroup_memory_limit(top, "/../elsewhere", true), 0));
	cr_expect(eq(u64, cgroup_memory_limit(top, "/gone/x", true), 1000));
}
