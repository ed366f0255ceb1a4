/* SPDX-License-Identifier: MIT */
/* The clock of a thread: every nanosecond since it is followed belongs to one component. */
#ifndef PSS_THREAD_H
#define PSS_THREAD_H

#include "bpf/maps.h"

static __always_inline struct task_state *state_of(struct task_struct *task)
{
	return bpf_task_storage_get(&tasks, task, NULL, 0);
}

static __always_inline struct task_state *state_current(void)
{
	return state_of(bpf_get_current_task_btf());
}

static __always_inline void count_cost(enum pss_cost_class class)
{
	u32 zero = 0;
	struct cost_hits *costs_here = bpf_map_lookup_elem(&costs, &zero);
	if (costs_here)
		costs_here->hits[class]++;
}

static __always_inline void count_lost(enum pss_lost cause)
{
	__sync_fetch_and_add(&totals.lost[cause], 1);
}

/* One register for the check and the access, or the verifier does not see that they belong together. */
static __always_inline void component_add(struct task_state *state, u64 component, u64 ns)
{
	asm volatile("" : "+r"(component));
	if (component < PSS_C_COUNT)
		state->now.component_ns[component] += ns;
}

/*
 * The share of on-CPU time that belongs to page faults whose handling ended
 * where no tracepoint is: a calibrated tail after the last one seen, or a
 * calibrated whole.
 */
static __always_inline u64 fault_rest(struct task_state *state, u64 elapsed)
{
	u64 rest = 0;
	if (state->fault_tail)
		rest = fault_tail_ns;
	else if (state->fault)
		rest = fault_whole_ns;
	state->fault = 0;
	state->fault_tail = 0;
	return rest < elapsed ? rest : elapsed;
}

/*
 * Back on a CPU, now or some time before: what came before the wake-up was the
 * wait, what came after it the run queue. Returns when it could have run.
 */
static __always_inline u64 wait_ends(struct task_state *state, u64 now)
{
	u64 out = state->mark_ns, woken = state->wake_ns;
	u8 why = state->off - OFF_BLOCKED;
	state->wake_ns = 0;
	state->off = OFF_RUNNING;
	state->mark_ns = now;
	if (why == PSS_C_RUNQ)
		woken = out;
	else if (!woken || woken > now)
		woken = now;
	else if (woken < out)
		woken = out;
	if (why == OFF_POLL - OFF_BLOCKED)
		state->poll_wait_ns += woken - out;
	else
		component_add(state, why, woken - out);
	return woken;
}

/* Brings the totals of a running thread up to now. */
static __always_inline void account(struct task_state *state, u64 now)
{
	u64 elapsed = now - state->mark_ns;
	if ((s64)elapsed < 0)
		return;
	if (state->off) {
		/* Nothing told of its return: now and then sched_switch does not fire. */
		if (state->off != OFF_UNKNOWN)
			count_lost(PSS_LOST_SWITCH);
		state->now.component_ns[PSS_C_RUNQ] += now - wait_ends(state, now);
		return;
	}
	state->mark_ns = now;
	u64 rest = 0;
	if (state->fault || state->fault_tail)
		rest = fault_rest(state, elapsed);
	state->now.component_ns[PSS_C_FAULT] += rest;
	state->now.component_ns[PSS_C_ON_CPU] += elapsed - rest;
}

static __always_inline void snapshot(struct task_state *state, struct pss_snapshot *into, u64 now)
{
#pragma unroll
	for (int i = 0; i < PSS_C_COUNT; i++)
		into->component_ns[i] = state->now.component_ns[i];
	into->fault_bytes = state->now.fault_bytes;
	into->ns = now;
}

/* What a thread went through since a snapshot of its own. */
static __always_inline void difference(struct task_state *state, const struct pss_snapshot *since,
				       struct pss_op *op)
{
#pragma unroll
	for (int i = 0; i < PSS_C_COUNT; i++)
		op->component_ns[i] = state->now.component_ns[i] - since->component_ns[i];
	op->fault_bytes = state->now.fault_bytes - since->fault_bytes;
}

/* Notes a return from a wait: the place where a thread may have taken work up. */
static __always_inline void remember_wake(struct task_state *state, u64 now)
{
	snapshot(state, &state->mark[state->marks % MARKS], now);
	state->marks++;
}

static __always_inline bool has_siblings(void)
{
	return bpf_get_current_task_btf()->signal->nr_threads > 1;
}

#endif
