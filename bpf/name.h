/* SPDX-License-Identifier: MIT */
/* Names of operations: a key, found or made once for each socket and thread, gives a slot. */
#ifndef PSS_NAME_H
#define PSS_NAME_H

#include "bpf/thread.h"

/* The slot of a key: a new one while there are any, then the one that "other" names of its kind share. */
u32 verified_alone name_slot(struct pss_name_key *wanted)
{
	if (!wanted)
		return 0;
	/* On the stack: before 6.2 a map takes no key that came as an argument. */
	struct pss_name_key key = *wanted;
	u32 *known = bpf_map_lookup_elem(&names, &key);
	if (known)
		return *known;
	u32 slot = next_slot < PSS_SLOTS ? __sync_fetch_and_add(&next_slot, 1) : PSS_SLOTS;
	if (slot >= PSS_SLOTS) {
		count_lost(PSS_LOST_NAME_MAP_FULL);
		return key.kind < PSS_SLOT_FIRST ? key.kind : 0;
	}
	/* The key first: who finds the slot finds its name. */
	bpf_map_update_elem(&slot_names, &slot, &key, BPF_ANY);
	if (!bpf_map_update_elem(&names, &key, &slot, BPF_NOEXIST))
		return slot;
	known = bpf_map_lookup_elem(&names, &key);
	return known ? *known : slot;
}

/* Turns and bursts are named after their thread, which need not be the one that runs. */
static __always_inline u32 name_thread_slot(struct task_struct *task, enum pss_op_kind kind)
{
	struct pss_name_key key = {.kind = kind, .length = 16};
	bpf_probe_read_kernel_str(key.text, 16, task->comm);
	return name_slot(&key);
}

#endif
