/* SPDX-License-Identifier: MIT */
/*
 * The path of an operation: a hash over its steps in order, each a class of
 * system call and, for calls, the endpoint. Repeats are folded, of one step
 * (A A to A) and of two (A B A B to A B), so that loops of any length give
 * one path.
 */
#ifndef PSS_PATH_H
#define PSS_PATH_H

#include "bpf/maps.h"

#define STEP(class, slot) ((u32)(class) | (u32)(slot) << 8)

static __always_inline void path_reset(struct pss_path *path)
{
	__builtin_memset(path, 0, sizeof(*path));
}

static __always_inline u64 path_mix(u64 hash, u32 step)
{
	hash = (hash ^ step) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* Unfolds nothing: the last step is dropped again, since it completes a repeat of two. */
static __always_inline void path_drop_last(struct pss_path *path)
{
	path->count--;
	if (path->count < 8)
		path->steps &= ~(0xffULL << (path->count * 8));
	path->hash[0] = path->hash[1];
	path->hash[1] = path->hash[2];
	path->last[0] = path->last[1];
	path->last[1] = path->last[2];
	path->last[2] = 0;
}

static __always_inline void path_append(struct pss_path *path, u32 step)
{
	if (path->count && step == path->last[0])
		return;
	if (path->count >= 3 && step == path->last[1] && path->last[0] == path->last[2]) {
		path_drop_last(path);
		return;
	}
	path->hash[2] = path->hash[1];
	path->hash[1] = path->hash[0];
	path->hash[0] = path_mix(path->hash[0], step);
	path->last[2] = path->last[1];
	path->last[1] = path->last[0];
	path->last[0] = step;
	if (path->count < 8)
		path->steps |= (u64)(step & 0xff) << (path->count * 8);
	path->count++;
}

static __always_inline void path_close(const struct pss_path *path, struct pss_op *op)
{
	op->path = path->hash[0];
	op->path_steps = path->steps;
}

#endif
