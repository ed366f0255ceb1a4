/* SPDX-License-Identifier: MIT */
/* Who is followed: the target's threads and children, from before the capture and born during it, until they
 * end. */
#include "bpf/operation.h"

#define SIGNAL_GROUP_EXIT 0x4
#define PF_EXITING 0x4
#define ANCESTORS 16
#define EXIT_DESCRIPTORS 1024 /* looked at when a process ends */

/* The number of a process in the loader's pid namespace; 0: it is not in it. */
static __always_inline u32 number_in_ours(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]);
	u32 level = loader_level & 31;
	if (!pid || BPF_CORE_READ(pid, level) < level)
		return 0;
	struct upid number;
	if (bpf_core_read(&number, sizeof(number), &pid->numbers[level]))
		return 0;
	return (u32)number.nr;
}

static __always_inline u32 thread_number_in_ours(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	u32 level = loader_level & 31;
	struct upid number;
	if (!pid || BPF_CORE_READ(pid, level) < level ||
	    bpf_core_read(&number, sizeof(number), &pid->numbers[level]))
		return 0;
	return (u32)number.nr;
}

static __always_inline void life_send(enum pss_life_type type, struct task_struct *task, u32 tgid, u32 parent,
				      u8 err_class, s32 code)
{
	struct pss_life *life = bpf_ringbuf_reserve(&life_ring, sizeof(*life), 0);
	if (!life) {
		count_lost(PSS_LOST_LIFE_RING_FULL);
		return;
	}
	life->time_ns = bpf_ktime_get_ns();
	life->tgid = tgid;
	life->parent_tgid = parent;
	life->type = type;
	life->err_class = err_class;
	life->reserved = 0;
	life->err_code = code;
	bpf_probe_read_kernel(life->comm, sizeof(life->comm), task->comm);
	/* Rare enough to be told at once, and the end of the target must be. */
	bpf_ringbuf_submit(life, BPF_RB_FORCE_WAKEUP);
}

static __always_inline struct task_state *follow_thread(struct task_struct *task, u32 tgid)
{
	struct task_state *state = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		count_lost(PSS_LOST_TASK_STORAGE);
		return NULL;
	}
	state->mark_ns = bpf_ktime_get_ns();
	state->tgid = tgid;
	state->tid = thread_number_in_ours(task);
	__sync_fetch_and_add(&totals.threads, 1);
	return state;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(sched_process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct task_state *from = state_of(parent);
	if (!from || !active)
		return 0;
	bool process = parent->signal != child->signal;
	if (process && !follow)
		return 0;
	u32 tgid = process ? number_in_ours(child) : from->tgid;
	struct task_state *state = follow_thread(child, tgid);
	if (!state)
		return 0;
	state->off = OFF_BLOCKED + PSS_C_RUNQ;
	state->makes_calls = from->makes_calls;
	if (process)
		life_send(PSS_LIFE_FORK, child, tgid, from->tgid, PSS_ERR_NONE, 0);
	return 0;
}

SEC("?tp_btf/sched_process_exec") int BPF_PROG(sched_process_exec, struct task_struct *task)
{
	struct task_state *state = state_of(task);
	if (!state || !active)
		return 0;
	/* What it was named after is gone. */
	state->turn_slot = 0;
	state->turn_kind = PSS_OP_NONE;
	state->loops = 0;
	state->serves = 0;
	work_on(state, 0);
	state->tid = thread_number_in_ours(task);
	life_send(PSS_LIFE_EXEC, task, state->tgid, 0, PSS_ERR_NONE, 0);
	return 0;
}

static long exit_descriptor(u32 number, void *context)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct files_struct *files = task->files;
	struct descriptor found;
	if (!files || number >= files->fdt->max_fds)
		return 1;
	descriptor_find(task, number, &found);
	if (S_ISSOCK(found.mode) && file_is_last_reference(&found))
		socket_gone(found.inode);
	return 0;
}

/* How the process ended, as its parent will learn it. */
static __always_inline void exit_cause(struct task_struct *task, u8 *err_class, s32 *code)
{
	s32 status = task->exit_code;
	if (BPF_CORE_READ(task, signal, flags) & SIGNAL_GROUP_EXIT)
		status = BPF_CORE_READ(task, signal, group_exit_code);
	s32 number = status & 0x7f;
	if (number == 9 && bpf_core_field_exists(struct signal_struct, oom_mm) &&
	    BPF_CORE_READ(task, signal, oom_mm)) {
		*err_class = PSS_ERR_OOM;
		*code = number;
	} else if (number) {
		*err_class = PSS_ERR_SIGNAL;
		*code = number;
	} else if (status >> 8) {
		*err_class = PSS_ERR_EXIT;
		*code = status >> 8 & 0xff;
	}
}

SEC("?tp_btf/sched_process_exit") int BPF_PROG(sched_process_exit, struct task_struct *task)
{
	struct task_state *state = state_of(task);
	u8 err_class = PSS_ERR_NONE;
	s32 code = 0;
	if (!state || !active)
		return 0;
	__sync_fetch_and_add(&totals.threads, -1);
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	/* The last thread: its descriptors are closed next, by no call that could be seen. */
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		bpf_loop(EXIT_DESCRIPTORS, exit_descriptor, NULL, 0);
	exit_cause(task, &err_class, &code);
	life_send(PSS_LIFE_EXIT, task, state->tgid, 0, err_class, code);
	return 0;
}

static __always_inline bool belongs_to_target(struct task_struct *task)
{
	for (int i = 0; i < ANCESTORS && task; i++) {
		u32 number = number_in_ours(task);
		if (number == target_pid)
			return true;
		if (!follow || number <= 1)
			return false;
		task = task->real_parent;
	}
	return false;
}

/* Run once when the capture begins: the threads that are there already. */
SEC("?iter/task") int follow_existing(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	if (!task)
		return 0;
	if (!loader_level)
		loader_level = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid, level);
	if ((task->flags & PF_EXITING) || !belongs_to_target(task) || state_of(task))
		return 0;
	u32 tgid = number_in_ours(task);
	struct task_state *state = follow_thread(task, tgid);
	if (!state)
		return 0;
	/* Where it is now only its next event can tell; what began before is not scored. */
	state->off = task->on_cpu ? OFF_RUNNING : OFF_BLOCKED + PSS_C_OTHER;
	if (task->group_leader == task || (task->group_leader->flags & PF_EXITING))
		life_send(PSS_LIFE_FORK, task, tgid, 0, PSS_ERR_NONE, 0);
	return 0;
}
