/* SPDX-License-Identifier: MIT */
/*
 * Page faults. The kernel says when it begins to handle one; when it ends, no
 * tracepoint says. Nearly all faults that cost time bring in a page, and then
 * the counter of resident pages changes just before the end: that is the end
 * we take, with a calibrated rest (thread.h).
 */
#include "bpf/thread.h"

#define PAGE_BYTES 4096

static __always_inline void fault_begins(u64 user_ip)
{
	struct task_state *state = state_current();
	if (!state || !active)
		return;
	u64 now = bpf_ktime_get_ns(), elapsed = now - state->mark_ns;
	if (state->fault_tail && !state->off && elapsed < 2 * fault_tail_ns) {
		/* From one fault right into the next: nothing but faults is being done. */
		state->now.component_ns[PSS_C_FAULT] += elapsed;
		state->mark_ns = now;
	}
	account(state, now);
	count_cost(PSS_COST_FAULT);
	state->fault = 1;
	state->fault_ip = user_ip;
}

SEC("?tp_btf/page_fault_user")
int BPF_PROG(page_fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	fault_begins(regs->ip);
	return 0;
}

/* In the middle of a system call: a buffer of the program's is touched for the first time. */
SEC("?tp_btf/page_fault_kernel")
int BPF_PROG(page_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	fault_begins(0);
	return 0;
}

/* Of a user fault: while the program is still at the instruction that faulted, and no longer. */
static __always_inline bool in_fault(const struct task_state *state)
{
	if (!state->fault && !state->fault_tail)
		return false;
	/* In the middle of a system call: its return ends it, at the latest. */
	if (!state->fault_ip)
		return state->fault;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	return regs->ip == state->fault_ip;
}

SEC("?tp_btf/rss_stat") int BPF_PROG(rss_stat, struct mm_struct *mm, int member)
{
	struct task_state *state = state_current();
	if (!state || !active || !in_fault(state))
		return 0;
	u64 now = bpf_ktime_get_ns();
	u64 elapsed = now - state->mark_ns;
	if ((s64)elapsed > 0)
		state->now.component_ns[PSS_C_FAULT] += elapsed;
	state->mark_ns = now;
	state->fault = 0;
	state->fault_tail = 1;
	/* The pages of one fault that maps its neighbours too are counted as they come. */
	state->now.fault_bytes += PAGE_BYTES;
	__sync_fetch_and_add(&totals.faulted_bytes, PAGE_BYTES);
	return 0;
}
