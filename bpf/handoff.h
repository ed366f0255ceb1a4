/* SPDX-License-Identifier: MIT */
/*
 * Where a thread lets go of a request that another will answer: it wakes a
 * thread of the target (futex, pipe, eventfd: whatever the queue is made of),
 * or it blocks with the request unanswered.
 */
#ifndef PSS_HANDOFF_H
#define PSS_HANDOFF_H

#include "bpf/thread.h"

/* state->now must be up to date. Where the same thread answers after all, this is not used. */
static __always_inline void leave_current(struct task_state *state, u64 now)
{
	u64 key = state->current;
	if (!key || state->left)
		return;
	state->left = 1;
	struct pss_socket *socket = bpf_map_lookup_elem(&sockets, &key);
	if (!socket || socket->phase != PSS_PHASE_OPEN || socket->left_set || socket->start_tid != state->tid)
		return;
	snapshot(state, &socket->left, now);
	socket->left_set = 1;
}

#endif
