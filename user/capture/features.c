/* SPDX-License-Identifier: MIT */
#include "user/capture/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "features_bpf.skel.h"
#include "user/capture/libbpf_log.h"

/* Values of the kernel's ABI that the headers of Debian 12 do not have yet. */
#define ATTACH_UPROBE_MULTI 48
#define ATTACH_UPROBE_SESSION 57

struct feature_description {
	const char *name;
	const char *program; /* in bpf/features; NULL: probed by a function of its own */
	const char *map;     /* that the program uses */
};

static const struct feature_description descriptions[FEATURE_COUNT] = {
	[FEATURE_BTF] = {"kernel types (BTF)", NULL, NULL},
	[FEATURE_TP_BTF] = {"typed tracepoints", "tp_btf", NULL},
	[FEATURE_RAW_TP] = {"raw tracepoints", "raw_tp", NULL},
	[FEATURE_TASK_STORAGE] = {"task storage", "task_storage", "storage"},
	[FEATURE_TASK_ITERATOR] = {"task iterator", "task_iterator", NULL},
	[FEATURE_RING_BUFFER] = {"ring buffer", "ring_buffer", "ring"},
	[FEATURE_RDONLY_CAST] = {"typed kernel reads", "rdonly_cast", NULL},
	[FEATURE_PAGE_FAULTS] = {"page fault events", "page_faults", NULL},
	[FEATURE_RSS_STAT] = {"memory counters", "rss_stat", NULL},
	[FEATURE_UPROBE] = {"uprobes", "uprobe", NULL},
	[FEATURE_UPROBE_MULTI] = {"multi-uprobes", NULL, NULL},
	[FEATURE_UPROBE_SESSION] = {"uprobe sessions", NULL, NULL},
	[FEATURE_READ_KERNEL] = {"kernel memory reads", "read_kernel", NULL},
};

const char *feature_name(enum feature feature)
{
	return (unsigned)feature < FEATURE_COUNT ? descriptions[feature].name : "unknown";
}

/* Never called: the place of our own program on which uprobes are tried. */
static __attribute__((noinline, used)) int uprobe_site(int value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

/* Where uprobe_site lies in the file that /proc/self/exe is. */
static int uprobe_site_offset(uint64_t *offset)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return -errno;
	uintptr_t address = (uintptr_t)uprobe_site;
	char line[512];
	int result = -ENOENT;
	while (result && fgets(line, sizeof(line), maps)) {
		uint64_t start, end, file_offset;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &start, &end, &file_offset) == 3 &&
		    address >= start && address < end) {
			*offset = address - start + file_offset;
			result = 0;
		}
	}
	fclose(maps);
	return result;
}

static int probe_btf(void)
{
	struct btf *types = btf__load_vmlinux_btf();
	int error = libbpf_get_error(types) ? -errno : 0;
	if (!error)
		btf__free(types);
	return error;
}

/* Leaves just the programs of some features (bit per feature), and their maps, to be loaded. */
static int select_programs(struct bpf_object *object, unsigned features)
{
	for (unsigned feature = 0; feature < FEATURE_COUNT; feature++) {
		const struct feature_description *description = &descriptions[feature];
		if (!description->program)
			continue;
		bool wanted = features >> feature & 1;
		struct bpf_program *program = bpf_object__find_program_by_name(object, description->program);
		int error = program ? bpf_program__set_autoload(program, wanted) : -ENOENT;
		if (error)
			return error;
		if (!description->map)
			continue;
		struct bpf_map *map = bpf_object__find_map_by_name(object, description->map);
		error = map ? bpf_map__set_autocreate(map, wanted) : -ENOENT;
		if (error)
			return error;
	}
	return 0;
}

static int probe_uprobe_attach(struct features_bpf *features)
{
	uint64_t offset;
	int error = uprobe_site_offset(&offset);
	if (error)
		return error;
	struct bpf_link *link =
		bpf_program__attach_uprobe(features->progs.uprobe, false, 0, "/proc/self/exe", offset);
	if (libbpf_get_error(link))
		return -errno;
	return bpf_link__destroy(link);
}

/* 0: all of these features (bit per feature) are there. */
static int probe_programs(unsigned wanted)
{
	struct features_bpf *features = features_bpf__open();
	if (!features)
		return errno ? -errno : -ENOMEM;
	int error = select_programs(features->obj, wanted);
	if (!error)
		error = features_bpf__load(features);
	if (!error && wanted >> FEATURE_UPROBE & 1)
		error = probe_uprobe_attach(features);
	features_bpf__destroy(features);
	return error;
}

/*
 * The start of union bpf_attr for BPF_LINK_CREATE of a multi-uprobe (6.6), spelled out: libbpf refuses attach
 * types that are newer than itself.
 */
struct uprobe_multi_link {
	uint32_t program, target, attach_type, flags;
	uint64_t path, offsets, reference_offsets, cookies;
	uint32_t count, probe_flags, pid, padding;
};

static int probe_uprobe_link(uint32_t attach_type)
{
	/* r0 = 0; exit */
	static const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	uint64_t offset;
	int error = uprobe_site_offset(&offset);
	if (error)
		return error;
	struct bpf_prog_load_opts options = {
		.sz = sizeof(options),
		.expected_attach_type = attach_type,
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "feature", "Dual MIT/GPL", code, 2, &options);
	if (program < 0)
		return program;
	struct uprobe_multi_link attributes = {
		.program = (uint32_t)program,
		.attach_type = attach_type,
		.path = (uintptr_t) "/proc/self/exe",
		.offsets = (uintptr_t)&offset,
		.count = 1,
		.pid = (uint32_t)getpid(),
	};
	int link = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes));
	error = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	return error;
}

static int answers[FEATURE_COUNT];
static bool known[FEATURE_COUNT];

/*
 * On a kernel that has everything one load answers for all the programs, and an attach starts a fifth of a
 * second earlier. Otherwise nothing is learnt, and each is tried alone.
 */
static void probe_together(void)
{
	static bool tried;
	if (tried)
		return;
	tried = true;
	unsigned wanted = 0;
	for (unsigned feature = 0; feature < FEATURE_COUNT; feature++)
		if (descriptions[feature].program && feature != FEATURE_UPROBE)
			wanted |= 1u << feature;
	if (probe_programs(wanted))
		return;
	for (unsigned feature = 0; feature < FEATURE_COUNT; feature++)
		if (wanted >> feature & 1)
			known[feature] = true;
}

static int probe(enum feature feature)
{
	switch (feature) {
	case FEATURE_BTF:
		return probe_btf();
	case FEATURE_UPROBE_MULTI:
		return probe_uprobe_link(ATTACH_UPROBE_MULTI);
	case FEATURE_UPROBE_SESSION:
		return probe_uprobe_link(ATTACH_UPROBE_SESSION);
	default:
		return probe_programs(1u << feature);
	}
}

int feature_probe(enum feature feature)
{
	if ((unsigned)feature >= FEATURE_COUNT)
		return -EINVAL;
	libbpf_log_install();
	if (!known[feature] && descriptions[feature].program && feature != FEATURE_UPROBE)
		probe_together();
	if (!known[feature]) {
		libbpf_log_clear();
		answers[feature] = probe(feature);
		known[feature] = true;
	}
	return answers[feature];
}
