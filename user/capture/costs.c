/* SPDX-License-Identifier: MIT */
/* The probes' costs a hit, and what a page fault costs beyond the points we see, from the calibration
 * program. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"

/* Where the program could not be measured: typical of a virtual machine of 2024, in picoseconds. */
static const uint64_t default_ps[PSS_COST_COUNT] = {
	[PSS_COST_SYSCALL] = 80000, [PSS_COST_SOCKET] = 150000, [PSS_COST_SWITCH] = 300000,
	[PSS_COST_FAULT] = 200000,  [PSS_COST_RECORD] = 120000,
};
#define FAULT_TAIL_NS 150
#define FAULT_WHOLE_NS 800

/* Less than nothing is noise: no probe is free. */
static uint64_t cost_ps(double extra_ns)
{
	return extra_ns > 5 ? (uint64_t)(extra_ns * 1000) : 5000;
}

/* The program's own state in the kernel: what has been charged to its page faults so far. */
static int read_state(struct capture *capture, pid_t pid, struct task_state *state)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -1;
	int error = bpf_map_lookup_elem(bpf_map__fd(capture->skeleton->maps.tasks), &fd, state);
	close(fd);
	return error;
}

static void sample_all_or_none(struct capture *capture, uint32_t shift)
{
	for (size_t slot = 0; slot < PSS_SLOTS; slot++)
		capture->control[slot].shift = shift;
}

/* Seen time a fault, against the program's own. */
static void measure_faults(struct capture *capture, struct calibration *calibration)
{
	struct task_state before, after;
	capture->skeleton->bss->fault_tail_ns = 0;
	if (read_state(capture, calibration->pid, &before))
		return;
	double whole = calibration_measure(calibration, CALIBRATE_FAULT);
	if (whole < 0 || read_state(capture, calibration->pid, &after))
		return;
	uint64_t pages = (after.now.fault_bytes - before.now.fault_bytes) / 4096;
	if (!pages)
		return;
	double seen = (double)(after.now.component_ns[PSS_C_FAULT] - before.now.component_ns[PSS_C_FAULT]) /
		      (double)pages;
	capture->fault_whole_ns = (uint64_t)whole;
	/* Mean against mean. Where noise turned it around, the tail keeps a floor. */
	double mean = calibration->mean_ns;
	capture->fault_tail_ns = mean > seen + 20 ? (uint64_t)(mean - seen) : 20;
	double extra = whole - calibration->bare_ns[CALIBRATE_FAULT];
	capture->cost_ps[PSS_COST_FAULT] = cost_ps(extra);
}

static void measure_calls(struct capture *capture, struct calibration *calibration)
{
	const double *bare = calibration->bare_ns;
	double call = calibration_measure(calibration, CALIBRATE_SYSCALL) - bare[CALIBRATE_SYSCALL];
	sample_all_or_none(capture, 24);
	double silent = calibration_measure(calibration, CALIBRATE_SOCKET);
	sample_all_or_none(capture, 0);
	double told = calibration_measure(calibration, CALIBRATE_SOCKET);
	double turn = calibration_measure(calibration, CALIBRATE_SWITCH) - bare[CALIBRATE_SWITCH];
	if (silent < 0 || told < 0)
		return;
	double socket = (silent - bare[CALIBRATE_SOCKET]) / 4 - call;
	capture->cost_ps[PSS_COST_SYSCALL] = cost_ps(call);
	capture->cost_ps[PSS_COST_SOCKET] = cost_ps(socket);
	capture->cost_ps[PSS_COST_RECORD] = cost_ps((told - silent) / 2);
	/* One switch away, with the way back and the wake-up, in one system call. */
	capture->cost_ps[PSS_COST_SWITCH] = cost_ps(turn - call);
}

/* What the calibration program left behind is not the target's. */
static void forget_all(struct capture *capture)
{
	struct pss_bpf *skeleton = capture->skeleton;
	struct pss_name_key name;
	struct pss_error_key failed;
	uint64_t socket;
	uint32_t used = skeleton->data->next_slot;
	while (!bpf_map_get_next_key(bpf_map__fd(skeleton->maps.names), NULL, &name))
		bpf_map_delete_elem(bpf_map__fd(skeleton->maps.names), &name);
	while (!bpf_map_get_next_key(bpf_map__fd(skeleton->maps.sockets), NULL, &socket))
		bpf_map_delete_elem(bpf_map__fd(skeleton->maps.sockets), &socket);
	while (!bpf_map_get_next_key(bpf_map__fd(skeleton->maps.errors), NULL, &failed))
		bpf_map_delete_elem(bpf_map__fd(skeleton->maps.errors), &failed);
	for (uint32_t slot = 0; slot < used && slot < PSS_SLOTS; slot++)
		memset(&capture->stats[(size_t)slot * capture->shards], 0,
		       capture->shards * sizeof(struct pss_slot_stats));
	memset(&skeleton->bss->totals, 0, sizeof(skeleton->bss->totals));
	skeleton->data->next_slot = PSS_SLOT_FIRST;
	skeleton->bss->calls_seen = false;
	skeleton->bss->handoffs_seen = false;
	costs_clear(capture);
}

void capture_calibrate(struct capture *capture, struct calibration *calibration)
{
	struct pss_bpf *skeleton = capture->skeleton;
	memcpy(capture->cost_ps, default_ps, sizeof(default_ps));
	capture->fault_tail_ns = FAULT_TAIL_NS;
	capture->fault_whole_ns = FAULT_WHOLE_NS;
	if (calibration->pid) {
		skeleton->bss->active = true;
		if (!capture_follow(capture, calibration->pid)) {
			measure_calls(capture, calibration);
			measure_faults(capture, calibration);
		}
		calibration_end(calibration);
		skeleton->bss->active = false;
		/* Nothing is told while there is no sink: this empties the rings. */
		ring_buffer__consume(capture->rings);
		processes_free(&capture->processes);
		forget_all(capture);
	}
	skeleton->bss->fault_tail_ns = capture->fault_tail_ns;
	skeleton->bss->fault_whole_ns = capture->fault_whole_ns;
}
