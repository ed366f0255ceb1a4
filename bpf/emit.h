/* SPDX-License-Identifier: MIT */
/* Finished operations on their way up: exact totals always, the whole vector as often as the loader wants it.
 */
#ifndef PSS_EMIT_H
#define PSS_EMIT_H

#include "bpf/thread.h"

static __always_inline u32 log2_floor(u64 value)
{
	u32 result = 0;
#define STEP_DOWN(bits)                                                                                      \
	if (value >= 1ULL << bits) {                                                                         \
		value >>= bits;                                                                              \
		result += bits;                                                                              \
	}
	STEP_DOWN(32)
	STEP_DOWN(16)
	STEP_DOWN(8)
	STEP_DOWN(4)
	STEP_DOWN(2)
	STEP_DOWN(1)
#undef STEP_DOWN
	return result;
}

/* Bucket of a duration; PSS_HIST_* in pss_event.h say how they are laid out. */
static __always_inline u32 histogram_index(u64 ns)
{
	u32 octave = log2_floor(ns);
	if (octave < PSS_HIST_MIN_SHIFT)
		return 0;
	if (octave >= PSS_HIST_MIN_SHIFT + PSS_HIST_OCTAVES)
		return PSS_HIST_BUCKETS - 1;
	u32 within = (u32)(ns >> (octave - PSS_HIST_SUB_BITS)) & ((1u << PSS_HIST_SUB_BITS) - 1);
	return ((octave - PSS_HIST_MIN_SHIFT) << PSS_HIST_SUB_BITS) + within;
}

/* Plain additions where no other CPU can be adding to the same copy: programs run with preemption off. */
#define ADD(place, amount)                                                                                   \
	do {                                                                                                 \
		if (shard_per_cpu)                                                                           \
			(place) += (amount);                                                                 \
		else                                                                                         \
			__sync_fetch_and_add(&(place), (amount));                                            \
	} while (0)

static __always_inline void add_totals(struct pss_slot_stats *stats, const struct pss_op *op)
{
	ADD(stats->count, 1);
	ADD(stats->units, op->units);
	if (op->err_class)
		ADD(stats->errors, 1);
	ADD(stats->duration_ns, op->duration_ns);
	if (op->duration_ns > stats->max_ns)
		stats->max_ns = op->duration_ns;
#pragma unroll
	for (int i = 0; i < PSS_C_COUNT; i++)
		if (op->component_ns[i])
			ADD(stats->component_ns[i], op->component_ns[i]);
	u32 bucket = histogram_index(op->duration_ns);
	if (bucket < PSS_HIST_BUCKETS)
		ADD(stats->histogram[bucket], 1);
}

/* 0: not this one; else the number of operations that the record stands for. */
static __always_inline u32 record_weight(const struct pss_op *op, u32 slot)
{
	struct pss_slot_control *control = bpf_map_lookup_elem(&slot_control, &slot);
	if (!control)
		return 1;
	u32 shift = control->shift & 31;
	if (!shift || op->err_class || (control->slow_ns && op->duration_ns >= control->slow_ns))
		return 1;
	/* The low bits of a clock are as random as is needed, once mixed, and cost nothing. */
	u64 mixed = (op->start_ns + op->duration_ns) * 0x9e3779b97f4a7c15ULL >> 32;
	return mixed & ((1u << shift) - 1) ? 0 : 1u << shift;
}

/* op->name_id is the slot. */
int verified_alone emit_operation(struct pss_op *op)
{
	if (!op)
		return 0;
	u32 slot = op->name_id;
	u32 index = slot * shards + (bpf_get_smp_processor_id() & (shards - 1));
	struct pss_slot_stats *stats = bpf_map_lookup_elem(&slot_stats, &index);
	if (!stats)
		return 0;
	add_totals(stats, op);
	op->weight = record_weight(op, slot);
	if (!op->weight)
		return 0;
	count_cost(PSS_COST_RECORD);
	/* No wake-up: the loader looks every few milliseconds, and a wake-up would be paid by the target. */
	if (bpf_ringbuf_output(&ops_ring, op, sizeof(*op), BPF_RB_NO_WAKEUP))
		count_lost(PSS_LOST_RING_FULL);
	else
		ADD(stats->recorded, 1);
	return 0;
}

#endif
