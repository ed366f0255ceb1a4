/* SPDX-License-Identifier: MIT */
/* System calls: what moves operations on, what fails, what grows memory. */
#define PSS_TYPED_READS
#include "bpf/errors.h"
#include "bpf/syscalls.h"
#include "bpf/turn.h"

#define ARG0(regs) ((u64)(regs)->di)
#define ARG1(regs) ((u64)(regs)->si)
#define ARG2(regs) ((u64)(regs)->dx)
#define ARG3(regs) ((u64)(regs)->r10)
#define ARG4(regs) ((u64)(regs)->r8)

#define MAP_ANONYMOUS 0x20
#define SOL_SOCKET 1
#define SO_ERROR 4
#define MSG_PEEK 2

/* Where the bytes of a read are, by the form of the call. */
static __always_inline u64 read_buffer(struct pt_regs *regs, u32 traits)
{
	struct iovec first = {};
	u64 vector = 0;
	if (traits & SYSCALL_BUFFER)
		return ARG1(regs);
	if (traits & SYSCALL_VECTOR)
		vector = ARG1(regs);
	else if (traits & SYSCALL_MESSAGE)
		bpf_probe_read_user(&vector, sizeof(vector), &((struct user_msghdr *)ARG1(regs))->msg_iov);
	if (!vector || bpf_probe_read_user(&first, sizeof(first), (void *)vector))
		return 0;
	return (u64)first.iov_base;
}

subprogram int socket_transfer(struct task_state *state, struct pt_regs *regs, u32 traits, s64 result,
			       struct descriptor *found)
{
	struct pss_socket *socket = socket_find(found, PSS_ROLE_NEW);
	if (!socket || socket->role == PSS_ROLE_IGNORE)
		return 0;
	u64 now = bpf_ktime_get_ns();
	account(state, now);
	count_cost(PSS_COST_SOCKET);
	struct transfer transfer = {.bytes = result, .messages = 1, .sends = (traits & SYSCALL_SENDS) != 0};
	if ((traits & SYSCALL_MANY) && result > 0)
		transfer.messages = result;
	if (socket->role == PSS_ROLE_NEW) {
		socket->role = transfer.sends ? PSS_ROLE_CLIENT : PSS_ROLE_SERVER;
		if (traits & SYSCALL_ADDRESS)
			transfer.destination = ARG4(regs);
		socket_name(socket, found->entry, transfer.destination);
	}
	if (result <= 0) {
		socket->answering = 0;
		error_note(state, socket, transfer.sends ? PSS_SC_SEND : PSS_SC_RECV, (s32)-result);
		return 0;
	}
	if (!transfer.sends && socket->role == PSS_ROLE_SERVER)
		transfer.buffer = read_buffer(regs, traits);
	transfer_done(state, socket, found->inode, &transfer, now);
	return 0;
}

/* What a readiness wait that a descriptor without a socket ended was for: a timer, a latch (PostgreSQL's), a
 * pipe. */
static __always_inline u32 wake_component(const struct descriptor *found)
{
	char name[12] = {};
	struct file *file = descriptor_file(found->entry);
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(file, f_path.dentry, d_name.name));
	if (name[0] != '[')
		return PSS_C_OTHER;
	return name[1] == 't' ? PSS_C_SLEEP : name[1] == 's' ? PSS_C_LOCK : PSS_C_OTHER;
}

static __always_inline void move_wait(struct pss_snapshot *snapshot, u32 component, u64 ns)
{
	snapshot->component_ns[PSS_C_NET] -= ns;
	if (component == PSS_C_SLEEP)
		snapshot->component_ns[PSS_C_SLEEP] += ns;
	else if (component == PSS_C_LOCK)
		snapshot->component_ns[PSS_C_LOCK] += ns;
	else
		snapshot->component_ns[PSS_C_OTHER] += ns;
}

/* The wait was charged to the network; what was noted since then follows. */
subprogram int poll_was_for(struct task_state *state, const struct descriptor *found)
{
	u64 ns = state->poll_net_ns;
	u32 component = wake_component(found);
	move_wait(&state->now, component, ns);
	move_wait(&state->turn_start, component, ns);
	if (state->poll_exit_ns) {
#pragma unroll
		for (int i = 0; i < MARKS; i++)
			if (state->mark[i].ns >= state->poll_exit_ns)
				move_wait(&state->mark[i], component, ns);
	}
	state->poll_net_ns = 0;
	return 0;
}

subprogram int transfer_exit(struct task_state *state, struct pt_regs *regs, u32 traits, s64 result)
{
	struct descriptor found;
	/* Looked at and left there: the read that takes it will come. */
	if (((traits & SYSCALL_FLAGS_4TH) && (ARG3(regs) & MSG_PEEK)) ||
	    ((traits & SYSCALL_FLAGS_3RD) && (ARG2(regs) & MSG_PEEK)))
		return 0;
	descriptor_find(bpf_get_current_task_btf(), ARG0(regs), &found);
	if (S_ISSOCK(found.mode)) {
		state->poll_net_ns = 0;
		socket_transfer(state, regs, traits, result, &found);
		state->enter_set = 0;
		return 0;
	}
	bool sends = traits & SYSCALL_SENDS;
	u32 class = PSS_SC_PIPE;
	if (mode_is_disk(found.mode))
		class = sends ? PSS_SC_WRITE : PSS_SC_READ;
	if (result < 0)
		error_note(state, NULL, class, (s32)-result);
	if (class == PSS_SC_PIPE && !sends && state->poll_net_ns)
		poll_was_for(state, &found);
	thread_step(state, STEP(class, 0));
	if (class == PSS_SC_PIPE && !sends && has_siblings()) {
		u64 now = bpf_ktime_get_ns();
		account(state, now);
		remember_wake(state, now);
	}
	return 0;
}

/* Turns are measured where they are wanted, or where nothing better is known of the thread. */
static __always_inline bool wants_turns(const struct task_state *state)
{
	return turns_always || !state->serves;
}

static __always_inline void poll_exit(struct task_state *state, s64 result)
{
	u64 now = 0;
	if (state->off)
		account(state, bpf_ktime_get_ns());
	bool waited = state->poll_wait_ns;
	/* Only now is it known how the wait ended; for what, the next read may tell. */
	state->now.component_ns[result > 0 ? PSS_C_NET : PSS_C_SLEEP] += state->poll_wait_ns;
	state->poll_net_ns = result > 0 ? state->poll_wait_ns : 0;
	state->poll_wait_ns = 0;
	state->loops = 1;
	if (result < 0)
		error_note(state, NULL, PSS_SC_POLL, (s32)-result);
	bool wakes = waited && has_siblings();
	if (wakes || wants_turns(state)) {
		now = bpf_ktime_get_ns();
		account(state, now);
	}
	state->poll_exit_ns = wakes ? now : 0;
	if (wakes)
		remember_wake(state, now);
	if (wants_turns(state))
		turn_begin(bpf_get_current_task_btf(), state, PSS_OP_TICK, now);
}

subprogram int accept_exit(struct task_state *state, struct pt_regs *regs, s64 result)
{
	struct descriptor found;
	if (result < 0) {
		error_note(state, NULL, PSS_SC_ACCEPT, (s32)-result);
		return 0;
	}
	descriptor_find(bpf_get_current_task_btf(), (u64)result, &found);
	if (!S_ISSOCK(found.mode))
		return 0;
	u8 type;
	struct sock *sock = socket_sock(found.entry, &type);
	u16 family = BPF_CORE_READ(sock, __sk_common.skc_family);
	if (family == AF_INET || family == AF_INET6)
		listener_add(BPF_CORE_READ(sock, __sk_common.skc_num));
	socket_find(&found, PSS_ROLE_SERVER);
	thread_step(state, STEP(PSS_SC_ACCEPT, 0));
	return 0;
}

/* A connect that failed at once, or that goes on; getsockopt(SO_ERROR) tells how such a one ended. */
subprogram int connect_exit(struct task_state *state, struct pt_regs *regs, s64 result)
{
	struct descriptor found;
	descriptor_find(bpf_get_current_task_btf(), ARG0(regs), &found);
	if (!S_ISSOCK(found.mode))
		return 0;
	bool begun = result == 0 || result == -EINPROGRESS_;
	/* Resolvers connect datagram sockets to see which addresses have a route: one without is an answer.
	 */
	u8 type = 0;
	socket_sock(found.entry, &type);
	if (type == SOCK_DGRAM && !begun)
		return 0;
	/* A datagram socket may be connected anew: its name follows the address. */
	struct pss_socket *socket = socket_find(&found, PSS_ROLE_CLIENT);
	if (socket && socket->role == PSS_ROLE_CLIENT)
		socket_name(socket, found.entry, ARG1(regs));
	thread_step(state, STEP(PSS_SC_CONNECT, socket ? socket->slot : 0));
	if (!begun)
		error_note(state, socket, PSS_SC_CONNECT, (s32)-result);
	return 0;
}

subprogram int socket_option_exit(struct task_state *state, struct pt_regs *regs, s64 result)
{
	struct descriptor found;
	s32 error = 0;
	if (result || ARG1(regs) != SOL_SOCKET || ARG2(regs) != SO_ERROR)
		return 0;
	if (bpf_probe_read_user(&error, sizeof(error), (void *)ARG3(regs)) || error <= 0)
		return 0;
	descriptor_find(bpf_get_current_task_btf(), ARG0(regs), &found);
	struct pss_socket *socket = S_ISSOCK(found.mode) ? socket_find(&found, PSS_ROLE_NEW) : NULL;
	error_note(state, socket, PSS_SC_CONNECT, error);
	return 0;
}

subprogram int memory_exit(struct task_state *state, struct pt_regs *regs, u32 traits, s64 result)
{
	if (result < 0 && result > -4096) {
		error_note(state, NULL, PSS_SC_MEMORY, (s32)-result);
		return 0;
	}
	if (traits & SYSCALL_MMAP) {
		if (ARG3(regs) & MAP_ANONYMOUS)
			__sync_fetch_and_add(&totals.mapped_bytes, ARG1(regs));
	} else if (traits & SYSCALL_MUNMAP) {
		__sync_fetch_and_add(&totals.unmapped_bytes, ARG1(regs));
	} else if (traits & SYSCALL_BRK) {
		u64 before = state->argument, now = (u64)result;
		if (now > before)
			__sync_fetch_and_add(&totals.mapped_bytes, now - before);
		else
			__sync_fetch_and_add(&totals.unmapped_bytes, before - now);
	} else if (traits & SYSCALL_MREMAP) {
		u64 before = ARG1(regs), now = ARG2(regs);
		if (now > before)
			__sync_fetch_and_add(&totals.mapped_bytes, now - before);
		else
			__sync_fetch_and_add(&totals.unmapped_bytes, before - now);
	}
	/* No step of a path: the allocator's doing more than the program's. */
	return 0;
}

static __always_inline void other_exit(struct task_state *state, u32 class, s64 result)
{
	if (result < 0 && result > -4096)
		error_note(state, NULL, class, (s32)-result);
	if (class == PSS_SC_IOURING && result > 0)
		__sync_fetch_and_add(&totals.lost[PSS_LOST_IO_URING], result);
	if (class == PSS_SC_LOCK && has_siblings()) {
		u64 now = bpf_ktime_get_ns();
		account(state, now);
		remember_wake(state, now);
	}
	/* Waits come and go with the load, and say nothing of the way that the work went. */
	if (class != PSS_SC_OTHER && class != PSS_SC_LOCK && class != PSS_SC_SLEEP)
		thread_step(state, STEP(class, 0));
}

subprogram int close_enter(u64 number)
{
	struct descriptor found;
	descriptor_find(bpf_get_current_task_btf(), number, &found);
	if (S_ISSOCK(found.mode) && file_is_last_reference(&found))
		socket_gone(found.inode);
	return 0;
}

static __always_inline int handle_enter(struct pt_regs *regs, u64 number)
{
	if (number >= PSS_SYSCALLS)
		return 0;
	u32 traits = syscall_traits[number], class = traits & SYSCALL_CLASS;
	if (!(traits & SYSCALL_ENTER))
		return 0;
	/* Where a write begins matters to calls, and to answers that another thread gives, alone. */
	bool writes = class == PSS_SC_FD || class == PSS_SC_SEND;
	if (writes && !calls_seen && !handoffs_seen)
		return 0;
	struct task_state *state = state_current();
	if (!state || !active)
		return 0;
	u64 now;
	if (class == PSS_SC_CLOSE)
		return close_enter(ARG0(regs));
	if (class == PSS_SC_DUP)
		return close_enter(ARG1(regs)); /* the number gets a new meaning */
	if (class == PSS_SC_MEMORY) {
		state->argument = BPF_CORE_READ(bpf_get_current_task_btf(), mm, brk);
		return 0;
	}
	if (class == PSS_SC_POLL) {
		if (state->turn_kind == PSS_OP_TICK) {
			now = bpf_ktime_get_ns();
			account(state, now);
			turn_end(state, now);
		}
		state->turn_kind = PSS_OP_NONE;
	} else if (state->makes_calls) {
		now = bpf_ktime_get_ns();
		account(state, now);
		snapshot(state, &state->enter, now);
		state->enter_set = 1;
	}
	if (writes && handoffs_seen) {
		struct descriptor found;
		descriptor_find(bpf_get_current_task_btf(), ARG0(regs), &found);
		if (S_ISSOCK(found.mode))
			write_begins(state, found.inode);
	}
	return 0;
}

static __always_inline int handle_exit(struct pt_regs *regs, s64 result)
{
	u64 number = regs->orig_ax;
	if (number >= PSS_SYSCALLS)
		return 0;
	u32 traits = syscall_traits[number], class = traits & SYSCALL_CLASS;
	if (class == PSS_SC_NONE)
		return 0;
	struct task_state *state = state_current();
	if (!state || !active)
		return 0;
	/* A fault in the middle of a call is over when the call returns. */
	if (state->fault && !state->fault_ip)
		account(state, bpf_ktime_get_ns());
	count_cost(PSS_COST_SYSCALL);
	switch (class) {
	case PSS_SC_RECV:
	case PSS_SC_SEND:
	case PSS_SC_FD:
		return transfer_exit(state, regs, traits, result);
	case PSS_SC_POLL:
		poll_exit(state, result);
		return 0;
	case PSS_SC_ACCEPT:
		return accept_exit(state, regs, result);
	case PSS_SC_CONNECT:
		return connect_exit(state, regs, result);
	case PSS_SC_SOCKOPT:
		return socket_option_exit(state, regs, result);
	case PSS_SC_MEMORY:
		return memory_exit(state, regs, traits, result);
	default:
		other_exit(state, class, result);
		return 0;
	}
}

SEC("?tp_btf/sys_enter") int BPF_PROG(sys_enter, struct pt_regs *regs, long number)
{
	return handle_enter(regs, (u64)number);
}

SEC("?tp_btf/sys_exit") int BPF_PROG(sys_exit, struct pt_regs *regs, long result)
{
	return handle_exit(regs, result);
}
