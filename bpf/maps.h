/* SPDX-License-Identifier: MIT */
/* Maps and switches, defined once (maps.bpf.c) and used by all programs. */
#ifndef PSS_MAPS_H
#define PSS_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#include "bpf/pss.h"

#ifdef PSS_DEFINE_MAPS
#define PSS_MAP
#else
#define PSS_MAP extern
#endif

/* A function of its own for the verifier; headers may hold ones that a program does not call. */
#define subprogram static __noinline __attribute__((unused))
/* Verified once, by itself, whatever the callers know; its pointers may be NULL there. Weak: objects may
 * share it. */
#define verified_alone __weak __noinline

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct pss_socket);
} sockets SEC(".maps");

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PSS_SLOTS * 2);
	__type(key, struct pss_name_key);
	__type(value, u32);
} names SEC(".maps");

/* The key that each slot was given, for the loader to read. */
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PSS_SLOTS);
	__type(key, u32);
	__type(value, struct pss_name_key);
} slot_names SEC(".maps");

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PSS_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct pss_slot_control);
} slot_control SEC(".maps");

/* PSS_SLOTS times shards; the loader sets the size. */
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PSS_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, u32);
	__type(value, struct pss_slot_stats);
} slot_stats SEC(".maps");

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PSS_ERROR_KEYS);
	__type(key, struct pss_error_key);
	__type(value, u64);
} errors SEC(".maps");

/* Ports that the target's network namespace listened on when the capture began, and later; family << 16 |
 * port. */
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} listeners SEC(".maps");

PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 * 1024 * 1024);
} ops_ring SEC(".maps");

/* Life-cycle records have a ring of their own: no flood of operations can push them out. */
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, PSS_LIFE_RING);
} life_ring SEC(".maps");

/* Hits by enum pss_cost_class, for the overhead ledger. */
struct cost_hits {
	u64 hits[PSS_COST_COUNT];
};
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cost_hits);
} costs SEC(".maps");

/* Room to look at what a target read; used with preemption off, and by system-call programs alone. */
#define SCRATCH_BYTES 4096
struct scratch {
	u64 word[SCRATCH_BYTES / 8];
};
PSS_MAP struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Constants, set before loading. */
extern const volatile __u16 syscall_traits[PSS_SYSCALLS]; /* see syscalls.h */

extern const volatile bool follow;        /* children too */
extern const volatile __u32 shards;       /* a power of two */
extern const volatile bool shard_per_cpu; /* no two CPUs share one: plain additions do */

/* Switches, set while running. */
extern bool active;
extern bool turns_always;    /* turns of event loops, even of threads whose requests are seen */
extern bool calls_seen;      /* some thread is a client */
extern bool handoffs_seen;   /* some operation ended on another thread than it began on */
extern __u32 target_pid;     /* as the loader's pid namespace numbers it */
extern __u64 fault_tail_ns;  /* calibrated: what handling a fault costs before and after the points we see */
extern __u64 fault_whole_ns; /* calibrated: a fault whose end is not seen */
extern __u32 next_slot;
extern __u32 loader_level; /* depth of the loader's pid namespace */
extern struct pss_totals totals;

#endif
