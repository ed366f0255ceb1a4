/* SPDX-License-Identifier: MIT */
/* Turns of an event loop (tick) and bursts between blocking waits (task): the work of a thread without
 * sockets. */
#ifndef PSS_TURN_H
#define PSS_TURN_H

#include "bpf/emit.h"
#include "bpf/name.h"
#include "bpf/path.h"

static __always_inline void turn_begin(struct task_struct *task, struct task_state *state,
				       enum pss_op_kind kind, u64 now)
{
	if (state->turn.kind != kind || !state->turn_slot) {
		state->turn_slot = name_thread_slot(task, kind);
		state->turn.kind = kind;
		state->turn.name_id = state->turn_slot;
	}
	snapshot(state, &state->turn_start, now);
	state->turn.start_ns = now;
	state->turn.err_class = PSS_ERR_NONE;
	state->turn.err_code = 0;
	state->turn_kind = kind;
	path_reset(&state->turn_path);
}

static __always_inline void turn_end(struct task_state *state, u64 now)
{
	struct pss_op *op = &state->turn;
	state->turn_kind = PSS_OP_NONE;
	op->duration_ns = now - op->start_ns;
	if ((s64)op->duration_ns < 0)
		return;
	difference(state, &state->turn_start, op);
	path_close(&state->turn_path, op);
	op->tgid = state->tgid;
	op->tid = state->tid;
	op->units = 1;
	op->flags = 0;
	emit_operation(op);
}

#endif
