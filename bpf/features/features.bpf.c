/* SPDX-License-Identifier: MIT */
/*
 * One program a kernel feature. user/capture/features.c loads them one at a
 * time: whether the verifier takes a program is whether the feature is there.
 * None of them is ever attached, but for `uprobe`, to ourselves.
 */
#include "bpf/features/types.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct task_struct {
	int pid;
} __attribute__((preserve_access_index));

extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536); /* a whole number of pages, whatever their size */
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} storage SEC(".maps");

SEC("?tp_btf/sched_switch")
int tp_btf(__u64 *arguments)
{
	return arguments[0] ? 0 : 0;
}

SEC("?raw_tp/sched_switch")
int raw_tp(void *context)
{
	return 0;
}

SEC("?raw_tp/sched_switch")
int read_kernel(__u64 *arguments)
{
	int value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), (const void *)arguments[1]);
	return value & 0;
}

SEC("?tp_btf/sched_switch")
int task_storage(void *context)
{
	__u64 *value = bpf_task_storage_get(&storage, bpf_get_current_task_btf(), NULL,
					    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (value)
		*value += 1;
	return 0;
}

SEC("?iter/task")
int task_iterator(void *context)
{
	return 0;
}

SEC("?raw_tp/sched_switch")
int ring_buffer(void *context)
{
	__u64 *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (record)
		bpf_ringbuf_discard(record, 0);
	return 0;
}

/* Where the kernel has no such function libbpf leaves a call behind that the verifier refuses. */
SEC("?tp_btf/sched_switch")
int rdonly_cast(__u64 *arguments)
{
	struct task_struct *task =
		bpf_rdonly_cast((const void *)arguments[1], bpf_core_type_id_kernel(struct task_struct));
	return task->pid & 0;
}

SEC("?tp_btf/page_fault_user")
int page_faults(void *context)
{
	return 0;
}

SEC("?tp_btf/rss_stat")
int rss_stat(void *context)
{
	return 0;
}

SEC("?uprobe")
int uprobe(void *context)
{
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
