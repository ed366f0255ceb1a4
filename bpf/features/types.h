/* SPDX-License-Identifier: MIT */
/*
 * The few types that the feature programs need. They must load where the
 * kernel has no type information, so this is not vmlinux.h.
 */
#ifndef PSS_FEATURE_TYPES_H
#define PSS_FEATURE_TYPES_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

#define BPF_MAP_TYPE_RINGBUF 27
#define BPF_MAP_TYPE_TASK_STORAGE 29
#define BPF_F_NO_PREALLOC 1
#define BPF_LOCAL_STORAGE_GET_F_CREATE 1

#endif
