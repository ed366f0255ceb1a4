/* SPDX-License-Identifier: MIT */
/* Off the CPU: why, and for how long. */
#include "bpf/descriptor.h"
#include "bpf/handoff.h"
#include "bpf/syscalls.h"
#include "bpf/turn.h"

#define JUST_DONE_NS 20000
#define TASK_STOPPED_OR_TRACED 0xc /* __TASK_STOPPED | __TASK_TRACED */

static __always_inline u32 task_run_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return (u32)BPF_CORE_READ((struct task_struct___old *)task, state);
}

/* What a blocked thread waits for, from the system call it is in. */
static __always_inline u8 blocked_component(struct task_struct *task, struct pt_regs *regs)
{
	u64 number = regs->orig_ax;
	if (number >= PSS_SYSCALLS)
		return PSS_C_OTHER;
	switch (syscall_traits[number] & SYSCALL_CLASS) {
	case PSS_SC_SEND:
		/* sendfile reads what it sends. */
		return BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait) ? PSS_C_DISK : PSS_C_NET;
	case PSS_SC_RECV:
	case PSS_SC_ACCEPT:
	case PSS_SC_CONNECT:
		return PSS_C_NET;
	case PSS_SC_OPEN:
	case PSS_SC_READ:
	case PSS_SC_WRITE:
	case PSS_SC_SYNC:
	case PSS_SC_FS:
		return PSS_C_DISK;
	case PSS_SC_LOCK:
		return PSS_C_LOCK;
	case PSS_SC_SLEEP:
		return PSS_C_SLEEP;
	case PSS_SC_POLL:
		return OFF_POLL - OFF_BLOCKED;
	case PSS_SC_FD:
		break;
	default:
		return PSS_C_OTHER;
	}
	struct descriptor found;
	descriptor_find(task, (u64)regs->di, &found);
	if (S_ISSOCK(found.mode))
		return PSS_C_NET;
	return mode_is_disk(found.mode) ? PSS_C_DISK : PSS_C_OTHER;
}

static __always_inline void switched_out(struct task_struct *task, bool preempted)
{
	struct task_state *state = state_of(task);
	if (!state || !active)
		return;
	count_cost(PSS_COST_SWITCH);
	u64 now = bpf_ktime_get_ns();
	u32 run_state = task_run_state(task);
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	/* Still at the instruction that faulted: all of this time is the fault's. Else the fault is over. */
	bool faulting = state->fault && state->fault_ip && state->fault_ip == regs->ip;
	if (faulting && !state->off) {
		u64 elapsed = now - state->mark_ns;
		if ((s64)elapsed > 0)
			state->now.component_ns[PSS_C_FAULT] += elapsed;
		state->mark_ns = now;
	} else {
		account(state, now);
	}
	/* A wake-up long before this can't be the end of the wait that begins now. */
	if (state->wake_ns && now - state->wake_ns > 50000)
		state->wake_ns = 0;
	if (preempted || !run_state) {
		state->off = OFF_BLOCKED + PSS_C_RUNQ;
		return;
	}
	leave_current(state, now);
	if (run_state & TASK_STOPPED_OR_TRACED)
		state->off = OFF_BLOCKED + PSS_C_OTHER;
	else if (faulting)
		state->off = OFF_BLOCKED + PSS_C_FAULT;
	else
		state->off = OFF_BLOCKED + blocked_component(task, regs);
	if (state->turn_kind == PSS_OP_TASK && !faulting)
		turn_end(state, now);
}

static __always_inline void switched_in(struct task_struct *task)
{
	struct task_state *state = state_of(task);
	if (!state || !active)
		return;
	u64 now = bpf_ktime_get_ns(), out = state->mark_ns;
	if (!state->off) {
		/* Nothing told of its leaving: all since the last that was seen of it counts as a wait. */
		count_lost(PSS_LOST_SWITCH);
		state->off = OFF_UNKNOWN;
	}
	u8 off = state->off;
	if (now < out)
		now = out;
	u64 woken = wait_ends(state, now);
	/* A burst begins when it could have run. */
	if (!state->loops && !state->serves && off != OFF_BLOCKED + PSS_C_RUNQ &&
	    off != OFF_BLOCKED + PSS_C_FAULT)
		turn_begin(task, state, PSS_OP_TASK, woken);
	state->now.component_ns[PSS_C_RUNQ] += now - woken;
	/* Put off the CPU by the very answer that it gave (to whom it woke): only now can it take up the
	 * next. */
	if (off == OFF_BLOCKED + PSS_C_RUNQ && out - state->done.ns < JUST_DONE_NS)
		snapshot(state, &state->done, now);
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(sched_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	switched_out(prev, preempt);
	switched_in(next);
	return 0;
}

/* On the run queue: from here on it waits for a CPU alone, as the scheduler's own run_delay counts it. */
SEC("?tp_btf/sched_wakeup") int BPF_PROG(sched_wakeup, struct task_struct *task)
{
	struct task_state *state = state_of(task);
	if (!state || !active)
		return 0;
	if (!state->off || !state->wake_ns)
		state->wake_ns = bpf_ktime_get_ns();
	return 0;
}

/* In the course of the one that wakes: a thread of the target that works on a request lets go of it here. */
SEC("?tp_btf/sched_waking") int BPF_PROG(sched_waking, struct task_struct *task)
{
	struct task_state *waker = state_current();
	if (!waker || !active || !waker->current || waker->left || waker->fault)
		return 0;
	if (!state_of(task))
		return 0;
	/* By a call of its own that can wake, and not by an interrupt that came upon it. */
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	u64 number = regs->orig_ax;
	u32 class = number < PSS_SYSCALLS ? syscall_traits[number] & SYSCALL_CLASS : PSS_SC_NONE;
	if (class != PSS_SC_LOCK && class != PSS_SC_FD && class != PSS_SC_SEND)
		return 0;
	u64 now = bpf_ktime_get_ns();
	account(waker, now);
	leave_current(waker, now);
	return 0;
}
