/* SPDX-License-Identifier: MIT */
/*
 * Requests and calls. Both are the same dance on a socket: asked, then
 * answered; who asks depends on the side. An operation stays open to further
 * answers (an HTTP response in several writes) until the next is asked or the
 * socket closes; it ends where its last answer ended.
 */
#ifndef PSS_OPERATION_H
#define PSS_OPERATION_H

#include "bpf/emit.h"
#include "bpf/handoff.h"
#include "bpf/path.h"
#include "bpf/protocol.h"
#include "bpf/socket.h"

/* Adds a step to the path of the request that the thread works on, or of its turn. */
static __always_inline void thread_step(struct task_state *state, u32 step)
{
	if (state->current) {
		u64 key = state->current;
		struct pss_socket *socket = bpf_map_lookup_elem(&sockets, &key);
		if (socket && socket->phase == PSS_PHASE_OPEN)
			path_append(&socket->path, step);
	} else if (!state->serves && state->turn_kind) {
		path_append(&state->turn_path, step);
	}
}

static __always_inline void work_on(struct task_state *state, u64 key)
{
	state->current = key;
	state->left = 0;
}

static __always_inline void operation_emit(struct pss_socket *socket)
{
	socket->phase = PSS_PHASE_IDLE;
	emit_operation(&socket->op);
}

static __always_inline void operation_open(struct task_state *state, struct pss_socket *socket, u64 now)
{
	struct pss_op *op = &socket->op;
	if (socket->role == PSS_ROLE_CLIENT && state->enter_set)
		socket->start = state->enter;
	else
		snapshot(state, &socket->start, now);
	op->start_ns = socket->start.ns;
	op->err_class = PSS_ERR_NONE;
	op->err_code = 0;
	op->flags = 0;
	op->units = 0;
	op->tgid = state->tgid;
	socket->start_tid = state->tid;
	socket->left_set = 0;
	socket->met_open = 0;
	path_reset(&socket->path);
	socket->phase = PSS_PHASE_OPEN;
}

/* Where this thread took the work up: it had just finished something, or was woken, after the other let go. */
static __always_inline const struct pss_snapshot *taken_up(struct task_state *state, u64 left_ns)
{
	if (state->done.ns >= left_ns)
		return &state->done;
	u32 best = MARKS;
	u64 best_ns = ~0ULL;
#pragma unroll
	for (u32 i = 0; i < MARKS; i++) {
		u64 ns = state->mark[i].ns;
		if (ns >= left_ns && ns < best_ns) {
			best = i;
			best_ns = ns;
		}
	}
	return best < MARKS ? &state->mark[best % MARKS] : NULL;
}

/*
 * Ended by another thread than it began on: the first thread's part up to
 * where it let go, the hand-over, and this thread's part since it took up.
 */
int verified_alone handoff_components(struct task_state *state, struct pss_socket *socket, u64 now)
{
	if (!state || !socket)
		return 0;
	struct pss_op *op = &socket->op;
	u64 left_ns = socket->left_set ? socket->left.ns : socket->start.ns;
	const struct pss_snapshot *taken = taken_up(state, left_ns);
	u64 known = 0;
	op->flags |= PSS_OPF_HANDOFF;
	op->fault_bytes = 0;
	if (taken && taken->ns <= now)
		difference(state, taken, op);
	else
		__builtin_memset(op->component_ns, 0, sizeof(op->component_ns));
#pragma unroll
	for (int i = 0; i < PSS_C_COUNT; i++) {
		if (socket->left_set)
			op->component_ns[i] +=
				socket->left.component_ns[i] - socket->start.component_ns[i];
		known += op->component_ns[i];
	}
	u64 duration = now - socket->start.ns;
	op->component_ns[PSS_C_HANDOFF] += duration > known ? duration - known : 0;
	return 0;
}

static __always_inline void operation_answer(struct task_state *state, struct pss_socket *socket, u64 now)
{
	struct pss_op *op = &socket->op;
	if (now < socket->start.ns) {
		count_lost(PSS_LOST_CLOCK_BACKWARD);
		socket->phase = PSS_PHASE_IDLE;
		return;
	}
	op->duration_ns = now - socket->start.ns;
	op->tid = state->tid;
	if (socket->start_tid == state->tid)
		difference(state, &socket->start, op);
	else
		handoff_components(state, socket, now);
	if (!op->units)
		op->units = 1;
	socket->phase = PSS_PHASE_ANSWERED;
}

/* A call is a step of the request that makes it, and brings its thread back to that request when answered. */
static __always_inline void link_call(struct task_state *state, struct pss_socket *socket, bool asked, u64 key)
{
	if (asked && state->current != key)
		socket->parent = state->current;
	else if (!asked && socket->parent && state->current != socket->parent)
		work_on(state, socket->parent);
	thread_step(state, STEP(asked ? PSS_SC_SEND : PSS_SC_RECV, socket->slot));
}

struct transfer {
	u64 bytes;
	u64 buffer;      /* user address of what was read; 0: not known */
	u64 destination; /* of sendto; 0: none */
	bool sends;
};

int verified_alone transfer_done(struct task_state *state, struct pss_socket *socket, u64 key,
				 struct transfer *transfer, u64 now)
{
	if (!state || !socket || !transfer)
		return 0;
	bool server = socket->role == PSS_ROLE_SERVER;
	bool asked = server != transfer->sends;
	state->serves = 1;
	socket->used_ns = now;
	if (!server) {
		state->makes_calls = 1;
		calls_seen = true;
		link_call(state, socket, asked, key);
	}
	if (asked) {
		u32 units = 0;
		if (socket->phase == PSS_PHASE_ANSWERED)
			operation_emit(socket);
		if (server)
			units = requests_in(socket, transfer->buffer, transfer->bytes);
		else
			units = socket->phase == PSS_PHASE_IDLE;
		if (socket->phase == PSS_PHASE_IDLE)
			operation_open(state, socket, now);
		socket->op.units += units;
		path_append(&socket->path, STEP(server ? PSS_SC_RECV : PSS_SC_SEND, 0));
		if (server)
			work_on(state, key);
		return 0;
	}
	if (socket->phase == PSS_PHASE_IDLE) {
		if (socket->met_open)
			count_lost(PSS_LOST_BEGAN_BEFORE);
		socket->met_open = 0;
		return 0;
	}
	path_append(&socket->path, STEP(server ? PSS_SC_SEND : PSS_SC_RECV, 0));
	path_close(&socket->path, &socket->op);
	operation_answer(state, socket, now);
	if (server) {
		snapshot(state, &state->done, now);
		if (state->current == key)
			work_on(state, 0);
	}
	return 0;
}

/* Nothing more will be said on this socket. */
int verified_alone socket_gone(u64 key)
{
	struct pss_socket *socket = bpf_map_lookup_elem(&sockets, &key);
	if (!socket)
		return 0;
	if (socket->phase == PSS_PHASE_ANSWERED)
		operation_emit(socket);
	else if (socket->phase == PSS_PHASE_OPEN)
		count_lost(PSS_LOST_CLOSED_OPEN);
	bpf_map_delete_elem(&sockets, &key);
	return 0;
}

#endif
