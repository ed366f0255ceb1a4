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

/* socket->start has been set. */
static __always_inline void operation_open(struct task_state *state, struct pss_socket *socket, u32 tid)
{
	struct pss_op *op = &socket->op;
	op->start_ns = socket->start.ns;
	op->err_class = PSS_ERR_NONE;
	op->err_code = 0;
	op->flags = 0;
	op->units = 0;
	op->tgid = state->tgid;
	socket->start_tid = tid;
	socket->left_set = 0;
	socket->met_open = 0;
	path_reset(&socket->path);
	socket->phase = PSS_PHASE_OPEN;
}

/* Where this thread took the work up: it had just finished something, or was woken, after the other let go.
 */
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

/* Its last finished operation or wake-up before that. */
static __always_inline const struct pss_snapshot *last_before(struct task_state *state, u64 left_ns)
{
	u32 best = MARKS;
	u64 best_ns = state->done.ns;
#pragma unroll
	for (u32 i = 0; i < MARKS; i++) {
		u64 ns = state->mark[i].ns;
		if (ns < left_ns && ns > best_ns) {
			best = i;
			best_ns = ns;
		}
	}
	return best < MARKS ? &state->mark[best % MARKS] : &state->done;
}

/*
 * This thread's part. It found the work waiting when it has neither finished
 * anything nor been woken since the other let go; then it was still busy with
 * what came before, running, and what it has run since the other let go is for
 * this.
 */
static __always_inline void taker_components(struct task_state *state, struct pss_op *op, u64 left_ns)
{
	const struct pss_snapshot *taken = taken_up(state, left_ns);
	if (taken) {
		difference(state, taken, op);
		return;
	}
	taken = last_before(state, left_ns);
	if (!taken->ns) {
		__builtin_memset(op->component_ns, 0, sizeof(op->component_ns));
		return;
	}
	difference(state, taken, op);
	u64 before = left_ns - taken->ns, running = op->component_ns[PSS_C_ON_CPU];
	u64 cut = before < running ? before : running;
	op->component_ns[PSS_C_ON_CPU] -= cut;
	before -= cut;
	u64 waiting = op->component_ns[PSS_C_RUNQ];
	op->component_ns[PSS_C_RUNQ] -= before < waiting ? before : waiting;
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
	u64 known = 0, duration = now - socket->start.ns;
	op->flags |= PSS_OPF_HANDOFF;
	handoffs_seen = true;
	op->fault_bytes = 0;
	taker_components(state, op, left_ns);
#pragma unroll
	for (int i = 0; i < PSS_C_COUNT; i++) {
		if (socket->left_set)
			op->component_ns[i] += socket->left.component_ns[i] - socket->start.component_ns[i];
		known += op->component_ns[i];
	}
	if (known > duration) {
		/* The two threads' parts overlap: no more than an estimate is known. */
		__builtin_memset(op->component_ns, 0, sizeof(op->component_ns));
		known = 0;
	}
	op->component_ns[PSS_C_HANDOFF] += duration - known;
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
static __always_inline void link_call(struct task_state *state, struct pss_socket *socket, bool asked,
				      u64 key)
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
	u64 messages;    /* in one call of the recvmmsg kind; else 1 */
	u64 sends;       /* 0 or 1; no padding may stay unset before 6.1.100 */
};

/*
 * Asked again while another thread is still in the write that answers: the peer
 * had the answer before the write returned. The new operation waits for that.
 */
static __always_inline void operation_asked_early(struct task_state *state, struct pss_socket *socket,
						  u64 now, u32 units)
{
	if (!socket->next_tid) {
		snapshot(state, &socket->next, now);
		socket->next_tid = state->tid;
		socket->next_units = 0;
	}
	socket->next_units += units;
}

static __always_inline void operation_asked(struct task_state *state, struct pss_socket *socket, u64 key,
					    const struct transfer *transfer, u64 now)
{
	bool server = socket->role == PSS_ROLE_SERVER;
	bool early = socket->answering && socket->phase == PSS_PHASE_OPEN && socket->start_tid;
	u32 units;
	if (socket->phase == PSS_PHASE_ANSWERED)
		operation_emit(socket);
	if (early)
		socket->phase = PSS_PHASE_IDLE; /* as far as counting goes */
	units = server ? requests_in(socket, transfer->buffer, transfer->bytes)
		       : socket->phase == PSS_PHASE_IDLE;
	if (server && transfer->messages > 1)
		units = (u32)transfer->messages;
	if (units == UNITS_FAREWELL) {
		if (early)
			socket->phase = PSS_PHASE_OPEN;
		return;
	}
	if (server)
		work_on(state, key);
	if (early) {
		socket->phase = PSS_PHASE_OPEN;
		operation_asked_early(state, socket, now, units);
		return;
	}
	if (socket->phase == PSS_PHASE_IDLE) {
		if (!server && state->enter_set)
			socket->start = state->enter;
		else
			snapshot(state, &socket->start, now);
		operation_open(state, socket, state->tid);
	}
	socket->op.units += units;
	path_append(&socket->path, STEP(server ? PSS_SC_RECV : PSS_SC_SEND, 0));
}

static __always_inline void operation_answered(struct task_state *state, struct pss_socket *socket, u64 key,
					       u64 now)
{
	bool server = socket->role == PSS_ROLE_SERVER;
	socket->answering = 0;
	if (socket->phase == PSS_PHASE_IDLE) {
		if (socket->met_open)
			count_lost(PSS_LOST_BEGAN_BEFORE);
		socket->met_open = 0;
		return;
	}
	path_append(&socket->path, STEP(server ? PSS_SC_SEND : PSS_SC_RECV, 0));
	path_close(&socket->path, &socket->op);
	operation_answer(state, socket, now);
	if (!server)
		return;
	if (handoffs_seen)
		snapshot(state, &state->done, now);
	if (state->current == key)
		work_on(state, 0);
	if (socket->next_tid && socket->phase == PSS_PHASE_ANSWERED) {
		operation_emit(socket);
		socket->start = socket->next;
		operation_open(state, socket, socket->next_tid);
		socket->op.units = socket->next_units;
		path_append(&socket->path, STEP(PSS_SC_RECV, 0));
		socket->next_tid = 0;
	}
}

int verified_alone transfer_done(struct task_state *state, struct pss_socket *socket, u64 key,
				 struct transfer *transfer, u64 now)
{
	if (!state || !socket || !transfer)
		return 0;
	bool server = socket->role == PSS_ROLE_SERVER;
	bool asked = server != (transfer->sends != 0);
	state->serves = 1;
	socket->used_ns = now;
	if (!server) {
		state->makes_calls = 1;
		calls_seen = true;
		link_call(state, socket, asked, key);
	}
	if (asked)
		operation_asked(state, socket, key, transfer, now);
	else
		operation_answered(state, socket, key, now);
	return 0;
}

/* A write is entered by a thread that has not read what it answers. */
static __always_inline void write_begins(struct task_state *state, u64 key)
{
	struct pss_socket *socket = state->current == key ? NULL : bpf_map_lookup_elem(&sockets, &key);
	if (socket && socket->role == PSS_ROLE_SERVER && socket->phase == PSS_PHASE_OPEN)
		socket->answering = 1;
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
