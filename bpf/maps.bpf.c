/* SPDX-License-Identifier: MIT */
#define PSS_DEFINE_MAPS
#include "bpf/maps.h"

const volatile __u16 syscall_traits[PSS_SYSCALLS] = {};

const volatile bool follow = true;
const volatile __u32 shards = 1;
const volatile bool shard_per_cpu = true;

bool active = false;
bool turns_always = false;
bool calls_seen = false;
bool handoffs_seen = false;
__u32 target_pid = 0;
__u64 fault_tail_ns = 0;
__u64 fault_whole_ns = 0;
__u32 next_slot = PSS_SLOT_FIRST;
__u32 loader_level = 0;
struct pss_totals totals = {};

char LICENSE[] SEC("license") = "Dual MIT/GPL";
