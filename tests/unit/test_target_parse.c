/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "user/capture/target_cgroup.h"
#include "user/capture/target_parse.h"

Test(target_parse, stat_of_a_name_that_imitates_the_line)
{
	struct stat_fields fields;
	const char *text = "77 (a) Z 1 (b) S 1 77 77 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 9 0 123456 1 2 3\n";
	cr_assert(eq(int, parse_stat(text, &fields), 0));
	cr_expect(eq(str, fields.comm, "a) Z 1 (b"));
	cr_expect(eq(chr, fields.state, 'S'));
	cr_expect(eq(uint, fields.flags, 4194304));
	cr_expect(eq(uint, fields.threads, 9));
	cr_expect(eq(u64, fields.start_ticks, 123456));
}

Test(target_parse, stat_of_anything_else_is_refused)
{
	static const char *const texts[] = {
		"", "(", ")", ")(", "1 (x)", "1 (x) S 1 2", "1 x S 1 77 77 0 -1 1 2"};
	struct stat_fields fields;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		cr_expect(eq(int, parse_stat(texts[i], &fields), -EINVAL), "%s", texts[i]);
}

Test(target_parse, status_in_a_nested_pid_namespace)
{
	struct status_fields fields;
	const char *text =
		"Name:\tx\\nTgid:\\t9\nTgid:\t4321\nPid:\t4322\nTracerPid:\t7\nUid:\t0\t1000\t0\t0\n"
		"NStgid:\t4321\t12\t1\nNSpid:\t4322\t13\t2\nCapEff:\t000001ffffffffff\nSeccomp:\t2\n";
	cr_assert(eq(int, parse_status(text, &fields), 0));
	cr_expect(eq(int, fields.process, 4321));
	cr_expect(eq(int, fields.tracer, 7));
	cr_expect(eq(int, fields.inner_pid, 2));
	cr_expect(eq(uint, fields.pid_levels, 3));
	cr_expect(eq(uint, fields.seccomp, 2));
	cr_expect(eq(uint, fields.uid, 1000));
	cr_expect(eq(u64, fields.effective, 0x1ffffffffff));
}

Test(target_parse, status_without_a_process_is_refused)
{
	struct status_fields fields;
	cr_expect(eq(int, parse_status("", &fields), -EINVAL));
	cr_expect(eq(int, parse_status("Name:\tx\nNSpid:", &fields), -EINVAL));
}

Test(target_parse, cgroup_lines)
{
	const char *text = "12:cpu,cpuacct:/web\n4:memory:/a:b\n1:name=systemd:/init.scope\n0::/system.slice/"
			   "x.service\n";
	char path[32];
	cr_expect(eq(int, parse_cgroup(text, NULL, path, sizeof(path)), 0));
	cr_expect(eq(str, path, "/system.slice/x.service"));
	cr_expect(eq(int, parse_cgroup(text, "cpu", path, sizeof(path)), 0));
	cr_expect(eq(str, path, "/web"));
	cr_expect(eq(int, parse_cgroup(text, "memory", path, sizeof(path)), 0));
	cr_expect(eq(str, path, "/a:b"));
	cr_expect(eq(int, parse_cgroup(text, "acct", path, sizeof(path)), -ENOENT));
	cr_expect(eq(int, parse_cgroup(text, NULL, path, 8), -ENAMETOOLONG));
	cr_expect(eq(int, parse_cgroup("nonsense\n:\n", NULL, path, sizeof(path)), -ENOENT));
}

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(target_parse, containers_by_their_cgroup)
{
	static const struct {
		const char *path, *container;
	} cases[] = {
		{"/docker/" ID, "docker 0123456789ab"},
		{"/system.slice/docker-" ID ".scope", "docker 0123456789ab"},
		{"/machine.slice/libpod-" ID ".scope/container", "podman 0123456789ab"},
		{"/kubepods/besteffort/pod1-2-3/" ID, "pod 1-2-3 0123456789ab"},
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9_8.slice/cri-containerd-" ID
		 ".scope",
		 "pod 9_8 0123456789ab"},
		{"/lxc.payload.web/system.slice", "lxc web"},
		{"/lxc/web", "lxc web"},
		{"/machine.slice/systemd-nspawn@deb.service", "nspawn deb"},
		{"/system.slice/docker.service", ""},
		{"/user.slice/user-1000.slice/session-2.scope", ""},
		{"/", ""},
		{"", ""},
	};
	char container[80];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		container_of_path(cases[i].path, container, sizeof(container));
		cr_expect(eq(str, container, (char *)cases[i].container), "%s", cases[i].path);
	}
}

Test(target_parse, runtimes_by_name)
{
	cr_expect(eq(str, (char *)runtime_of_program("/usr/bin/python3.11"), "python"));
	cr_expect(eq(str, (char *)runtime_of_program("/opt/node-v18/bin/node"), "node"));
	cr_expect(eq(str, (char *)runtime_of_program("/usr/bin/pythonista"), ""));
	cr_expect(eq(str, (char *)runtime_of_program(""), ""));
	cr_expect(eq(str, (char *)runtime_of_library("/x/libjvm.so"), "jvm"));
	cr_expect(eq(str, (char *)runtime_of_library("/x/libpython3.11.so.1.0"), "python"));
	cr_expect(eq(str, (char *)runtime_of_library("/x/libnode.so.108"), "node"));
	cr_expect(eq(str, (char *)runtime_of_library("/x/libc.so.6"), ""));
}

static int file_of(const void *bytes, size_t size)
{
	int file = memfd_create("program", MFD_CLOEXEC);
	cr_assert(ge(int, file, 0));
	cr_assert(eq(i64, write(file, bytes, size), (ssize_t)size));
	return file;
}

/* What is left of a Go program whose section headers were cut off. */
struct stripped_go {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr note;
	char name[4];
	char build_id[8];
};

static struct stripped_go stripped_go(const char *name)
{
	struct stripped_go program = {
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_EXEC,
			   .e_machine = EM_X86_64,
			   .e_version = EV_CURRENT,
			   .e_phoff = offsetof(struct stripped_go, segment),
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_NOTE,
			    .p_offset = offsetof(struct stripped_go, note),
			    .p_filesz = sizeof(Elf64_Nhdr) + 12,
			    .p_align = 4},
		.note = {.n_namesz = 3, .n_descsz = 8, .n_type = 4},
	};
	memcpy(program.name, name, 3);
	return program;
}

Test(target_parse, go_is_known_by_its_note_alone)
{
	struct stripped_go go = stripped_go("Go"), other = stripped_go("Og");
	int file = file_of(&go, sizeof(go));
	cr_expect(eq(str, (char *)runtime_of_elf(file), "go"));
	close(file);
	file = file_of(&other, sizeof(other));
	cr_expect(eq(str, (char *)runtime_of_elf(file), ""));
	close(file);
}

/* Every byte of a program is its author's: none may lead outside it. */
Test(target_parse, programs_with_any_byte_changed_are_survived)
{
	struct stripped_go go = stripped_go("Go");
	for (size_t at = 0; at < sizeof(go); at++) {
		static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
		for (size_t i = 0; i < sizeof(values); i++) {
			struct stripped_go changed = go;
			((unsigned char *)&changed)[at] = values[i];
			int file = file_of(&changed, sizeof(changed) - (at & 7));
			const char *runtime = runtime_of_elf(file);
			cr_expect(strcmp(runtime, "go") == 0 || strcmp(runtime, "") == 0);
			close(file);
		}
	}
	int empty = file_of("", 0);
	cr_expect(eq(str, (char *)runtime_of_elf(empty), ""));
	close(empty);
}
