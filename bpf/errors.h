/* SPDX-License-Identifier: MIT */
/* Failing system calls: counted by endpoint and errno, and held against the operation that met them. */
#ifndef PSS_ERRORS_H
#define PSS_ERRORS_H

#include "bpf/operation.h"

enum { /* asm-generic/errno.h */
       ENOENT_ = 2,
       EINTR_ = 4,
       EIO_ = 5,
       ECHILD_ = 10,
       EAGAIN_ = 11,
       ENOMEM_ = 12,
       ENFILE_ = 23,
       EMFILE_ = 24,
       ENOTTY_ = 25,
       ENOSPC_ = 28,
       EROFS_ = 30,
       EPIPE_ = 32,
       ENETUNREACH_ = 101,
       ECONNABORTED_ = 103,
       ECONNRESET_ = 104,
       ENOBUFS_ = 105,
       ETIMEDOUT_ = 110,
       ECONNREFUSED_ = 111,
       EHOSTUNREACH_ = 113,
       EALREADY_ = 114,
       EINPROGRESS_ = 115,
       EDQUOT_ = 122,
       ERESTART_FIRST = 512, /* never seen by the program: the call is made again */
};

/* What programs ask for to learn something: try again, nothing there yet, not a terminal, no child left. */
static __always_inline bool error_is_flow_control(u32 class, s32 error)
{
	switch (error) {
	case EINTR_:
	case EAGAIN_:
	case EALREADY_:
	case EINPROGRESS_:
	case ECHILD_:
	case ENOTTY_:
		return true;
	case ETIMEDOUT_: /* a wait with a time limit */
		return class == PSS_SC_LOCK || class == PSS_SC_POLL || class == PSS_SC_SLEEP ||
		       class == PSS_SC_OTHER;
	default:
		return error >= ERESTART_FIRST;
	}
}

/* Something gave out below the program: the work in progress has met a fault. A missing file is often an
 * answer. */
static __always_inline bool error_is_severe(s32 error)
{
	switch (error) {
	case EIO_:
	case ENOMEM_:
	case ENFILE_:
	case EMFILE_:
	case ENOSPC_:
	case EROFS_:
	case EPIPE_:
	case ENETUNREACH_:
	case ECONNABORTED_:
	case ECONNRESET_:
	case ENOBUFS_:
	case ETIMEDOUT_:
	case ECONNREFUSED_:
	case EHOSTUNREACH_:
	case EDQUOT_:
		return true;
	default:
		return false;
	}
}

static __always_inline void error_mark(struct pss_op *op, s32 error)
{
	if (op->err_class)
		return;
	op->err_class = PSS_ERR_ERRNO;
	op->err_code = error;
}

int verified_alone error_count(u32 slot, u32 class, s32 error)
{
	struct pss_error_key key = {.slot = slot, .err_code = error, .syscall_class = class};
	u64 *count = bpf_map_lookup_elem(&errors, &key);
	if (count) {
		__sync_fetch_and_add(count, 1);
		return 0;
	}
	u64 one = 1;
	if (bpf_map_update_elem(&errors, &key, &one, BPF_NOEXIST)) {
		count = bpf_map_lookup_elem(&errors, &key);
		if (count)
			__sync_fetch_and_add(count, 1);
		else
			count_lost(PSS_LOST_ERROR_MAP_FULL);
	}
	return 0;
}

/* A call failed; socket: the one it was made on, or NULL. */
subprogram int error_note(struct task_state *state, struct pss_socket *socket, u32 class, s32 error)
{
	if (error <= 0 || error_is_flow_control(class, error))
		return 0;
	error_count(socket ? socket->slot : 0, class, error);
	if (!error_is_severe(error))
		return 0;
	/* A peer that resets after a good answer has taken nothing back. */
	if (socket && (socket->phase == PSS_PHASE_OPEN ||
		       (socket->phase == PSS_PHASE_ANSWERED && class == PSS_SC_SEND)))
		error_mark(&socket->op, error);
	/* What another client's connection does is no fault of the request in hand. */
	if (socket && socket->role == PSS_ROLE_SERVER)
		return 0;
	u64 key = state->current;
	struct pss_socket *current = key ? bpf_map_lookup_elem(&sockets, &key) : NULL;
	if (current && current->phase == PSS_PHASE_OPEN)
		error_mark(&current->op, error);
	else if (!state->serves && state->turn_kind)
		error_mark(&state->turn, error);
	return 0;
}

#endif
