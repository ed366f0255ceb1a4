/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"

#define STATE_LISTEN 0x0a
#define IDLE_NS 60000000000ull

/* Ports in state LISTEN of a /proc/net/tcp or tcp6 table. */
static void listeners_from(int map, const char *path)
{
	char line[512];
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		unsigned port, state;
		if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &state) != 2 ||
		    state != STATE_LISTEN)
			continue;
		uint32_t key = port, one = 1;
		bpf_map_update_elem(map, &key, &one, BPF_ANY);
	}
	fclose(file);
}

int sockets_listeners(struct capture *capture)
{
	int map = bpf_map__fd(capture->skeleton->maps.listeners);
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/net/tcp", capture->target.pid);
	listeners_from(map, path);
	snprintf(path, sizeof(path), "/proc/%d/net/tcp6", capture->target.pid);
	listeners_from(map, path);
	return 0;
}

/* As emit_operation does in the kernel. */
static void add_totals(struct pss_slot_stats *stats, const struct pss_op *op)
{
	uint64_t value = op->duration_ns;
	unsigned octave = value ? 63u - (unsigned)__builtin_clzll(value) : 0;
	size_t bucket = 0;
	if (octave >= PSS_HIST_MIN_SHIFT + PSS_HIST_OCTAVES)
		bucket = PSS_HIST_BUCKETS - 1;
	else if (octave >= PSS_HIST_MIN_SHIFT)
		bucket = ((octave - PSS_HIST_MIN_SHIFT) << PSS_HIST_SUB_BITS) +
			 ((value >> (octave - PSS_HIST_SUB_BITS)) & ((1u << PSS_HIST_SUB_BITS) - 1));
	stats->count++;
	stats->units += op->units;
	stats->errors += op->err_class != PSS_ERR_NONE;
	stats->duration_ns += value;
	if (value > stats->max_ns)
		stats->max_ns = value;
	stats->recorded++;
	for (size_t i = 0; i < PSS_C_COUNT; i++)
		stats->component_ns[i] += op->component_ns[i];
	stats->histogram[bucket]++;
}

/* An operation that was answered and has not been told. */
static int tell_answered(struct capture *capture, struct pss_socket *socket)
{
	struct slot_told *told = &capture->slot[socket->slot];
	if (!told->ours && !(told->ours = calloc(1, sizeof(*told->ours))))
		return -ENOMEM;
	socket->op.weight = 1;
	socket->op.rss_bytes = capture->rss_bytes;
	add_totals(told->ours, &socket->op);
	int error = slots_name(capture, socket->slot);
	return error ? error : capture_send(capture, PSS_REC_OP, &socket->op, sizeof(socket->op));
}

int sockets_flush(struct capture *capture)
{
	int map = bpf_map__fd(capture->skeleton->maps.sockets), error = 0;
	uint64_t key, next, *before = NULL;
	while (!error && !bpf_map_get_next_key(map, before, &next)) {
		struct pss_socket socket;
		key = next;
		before = &key;
		if (bpf_map_lookup_elem(map, &key, &socket))
			continue;
		if (socket.phase == PSS_PHASE_OPEN)
			capture->skeleton->bss->totals.lost[PSS_LOST_IN_FLIGHT]++;
		if (socket.phase == PSS_PHASE_ANSWERED && socket.slot < PSS_SLOTS)
			error = tell_answered(capture, &socket);
	}
	return error;
}

/* Old by its last use, and not in the middle of something. */
static bool is_idle(const struct pss_socket *socket, uint64_t now_ns)
{
	return socket->phase != PSS_PHASE_OPEN && now_ns > socket->used_ns + IDLE_NS;
}

int sockets_sweep(struct capture *capture, uint64_t now_ns)
{
	int map = bpf_map__fd(capture->skeleton->maps.sockets), error = 0;
	uint64_t key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);
	while (more && !error) {
		struct pss_socket socket;
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		if (bpf_map_lookup_elem(map, &key, &socket) || !is_idle(&socket, now_ns))
			continue;
		/* Used again just now: it is found anew, and its operation is told all the same. */
		if (bpf_map_delete_elem(map, &key))
			continue;
		if (socket.phase == PSS_PHASE_ANSWERED && socket.slot < PSS_SLOTS)
			error = tell_answered(capture, &socket);
	}
	return error;
}
