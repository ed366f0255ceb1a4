/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"
#include "user/capture/features.h"
#include "user/capture/libbpf_log.h"
#include "user/capture/syscall_table.h"
#include "user/util/log.h"

static int fail(struct capture_error *error, int code, const char *what)
{
	const char *detail = libbpf_log_last();
	error->exit_code = 3;
	snprintf(error->text, sizeof(error->text),
		 "%s: %s%s%.200s; run 'pss-bpf doctor' to see what is missing", what, strerror(-code),
		 detail && *detail ? ": " : "", detail && *detail ? detail : "");
	return code;
}

static unsigned power_of_two_up(unsigned value)
{
	unsigned power = 1;
	while (power < value)
		power *= 2;
	return power;
}

/* Which programs this kernel can take; what is left out is said by the checks. */
static void choose_programs(struct pss_bpf *skeleton)
{
	struct bpf_program *program;
	bpf_object__for_each_program(program, skeleton->obj) bpf_program__set_autoload(program, true);
	if (feature_probe(FEATURE_PAGE_FAULTS)) {
		bpf_program__set_autoload(skeleton->progs.page_fault_user, false);
		bpf_program__set_autoload(skeleton->progs.page_fault_kernel, false);
	}
	if (feature_probe(FEATURE_RSS_STAT))
		bpf_program__set_autoload(skeleton->progs.rss_stat, false);
}

static int set_constants(struct capture *capture)
{
	struct pss_bpf *skeleton = capture->skeleton;
	const struct capture_options *options = &capture->options;
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 1)
		cpus = 1;
	unsigned shards = power_of_two_up((unsigned)cpus);
	capture->shards = shards < PSS_MAX_SHARDS ? shards : PSS_MAX_SHARDS;
	skeleton->rodata->shards = capture->shards;
	skeleton->rodata->shard_per_cpu = (unsigned)cpus <= capture->shards;
	skeleton->rodata->follow = options->follow;
	skeleton->bss->turns_always = options->ops_forced & 1u << PSS_OP_TICK;
	uint16_t *traits = (uint16_t *)skeleton->rodata->syscall_traits;
	syscall_table_fill(traits, PSS_SYSCALLS);
	int error = bpf_map__set_max_entries(skeleton->maps.slot_stats, PSS_SLOTS * capture->shards);
	if (!error && options->ring_bytes)
		error = bpf_map__set_max_entries(skeleton->maps.ops_ring, options->ring_bytes);
	if (!error && options->max_sockets)
		error = bpf_map__set_max_entries(skeleton->maps.sockets, options->max_sockets);
	return error;
}

int capture_load(struct capture *capture, struct capture_error *error)
{
	libbpf_log_install();
	capture->skeleton = pss_bpf__open();
	if (!capture->skeleton)
		return fail(error, -errno, "cannot open the BPF object");
	choose_programs(capture->skeleton);
	int code = set_constants(capture);
	if (code)
		return fail(error, code, "cannot size the BPF maps");
	code = pss_bpf__load(capture->skeleton);
	if (code)
		return fail(error, code, "the kernel refuses the BPF programs");
	return 0;
}

int capture_attach(struct capture *capture, struct capture_error *error)
{
	int code = pss_bpf__attach(capture->skeleton);
	return code ? fail(error, code, "cannot attach to the kernel's tracepoints") : 0;
}

void capture_unload(struct capture *capture)
{
	if (capture->skeleton)
		pss_bpf__destroy(capture->skeleton);
	capture->skeleton = NULL;
}

int capture_follow(struct capture *capture, pid_t pid)
{
	struct pss_bpf *skeleton = capture->skeleton;
	skeleton->bss->target_pid = (uint32_t)pid;
	struct bpf_link *link = bpf_program__attach_iter(skeleton->progs.follow_existing, NULL);
	if (!link)
		return -errno;
	int fd = bpf_iter_create(bpf_link__fd(link)), error = fd < 0 ? -errno : 0;
	/* Reading it to its end runs the program once for each thread there is. */
	char nothing[64];
	ssize_t size = 1;
	while (!error && size > 0) {
		size = read(fd, nothing, sizeof(nothing));
		if (size < 0 && errno != EINTR && errno != EAGAIN)
			error = -errno;
		else if (size < 0)
			size = 1;
	}
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return error;
}

void capture_detach(struct capture *capture)
{
	if (!capture->skeleton)
		return;
	if (capture->skeleton->bss)
		capture->skeleton->bss->active = false;
	pss_bpf__detach(capture->skeleton);
	/* A program that was running on another CPU when its link went away ends within microseconds. */
	usleep(2000);
}
