/* SPDX-License-Identifier: MIT */
/*
 * The kernel types that the BPF programs use, with just the fields in use.
 * Offsets here mean nothing: every access is relocated against the running
 * kernel's BTF (CO-RE), so that a build needs no BTF and one object serves all
 * kernels. Names and types of fields are the kernel's; where they changed
 * between versions both forms stand here, the older with a ___ suffix.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef int pid_t;
typedef unsigned short umode_t;
typedef _Bool bool;
enum { false = 0, true = 1 };

#define NULL ((void *)0)

/* UAPI values that bpf_helpers.h and the programs name; the kernel keeps them for good. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
	BPF_MAP_TYPE_TASK_STORAGE = 29,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_MMAPABLE = 1024 };
enum { BPF_LOCAL_STORAGE_GET_F_CREATE = 1 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };

/* Only to ask the running kernel whether it has them. */
enum bpf_func_id {
	BPF_FUNC_loop = 181,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;
typedef struct {
	__s64 counter;
} atomic64_t;
typedef struct {
	atomic_t refs;
} refcount_t;

struct pt_regs {
	unsigned long r10, r9, r8, dx, si, di, ax, orig_ax, ip, sp;
};

struct pid_namespace {
	unsigned int level;
};
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};

struct mm_struct {
	unsigned long brk;
};

enum { PIDTYPE_TGID = 1 };
struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct mm_struct *oom_mm;
	struct pid *pids[4];
};

struct inode {
	umode_t i_mode;
	unsigned long i_ino;
};
typedef struct {
	atomic64_t refcnt;
} file_ref_t;
struct qstr {
	const unsigned char *name;
};
struct dentry {
	struct qstr d_name;
};
struct path {
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
	file_ref_t f_ref; /* 6.13: counts references above the first */
};
struct file___old {
	atomic64_t f_count;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};
struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
};
struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};
struct socket {
	short type;
	struct sock *sk;
};
struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};
struct unix_address {
	int len;
	struct sockaddr_un name[0];
};
struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct task_struct {
	unsigned int __state; /* 5.14 */
	int on_cpu;
	struct mm_struct *mm;
	int exit_code;
	unsigned in_iowait : 1;
	unsigned int flags;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
};
struct task_struct___old {
	long state;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

/* One pointer in memory: lets a typed load follow a computed address. */
struct callback_head {
	struct callback_head *next;
};
struct hlist_node;
struct hlist_head {
	struct hlist_node *first;
};

#pragma clang attribute pop

struct linux_binprm;
struct bpf_map;
struct iovec {
	void *iov_base;
	unsigned long iov_len;
};
struct user_msghdr {
	void *msg_name;
	int msg_namelen;
	struct iovec *msg_iov;
	unsigned long msg_iovlen;
};

#endif
