/* SPDX-License-Identifier: MIT */
/* From a descriptor number to what it stands for. */
#ifndef PSS_DESCRIPTOR_H
#define PSS_DESCRIPTOR_H

#include "bpf/maps.h"

/*
 * Typed view of kernel memory without a helper call (6.2); compiled out where
 * the kernel lacks it. For the system-call programs alone: the linker takes a
 * kernel function from one object only, and the others are not so hot.
 */
#ifdef PSS_TYPED_READS
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;
#endif

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFDIR 0040000
#define S_IFBLK 0060000
#define S_ISSOCK(mode) (((mode)&S_IFMT) == S_IFSOCK)

struct descriptor {
	u64 inode; /* number; of a socket it names the socket for as long as it lives */
	u64 entry; /* address of the table's pointer to the file */
	u32 mode;  /* 0: no such descriptor */
};

static __always_inline bool mode_is_disk(u32 mode)
{
	u32 type = mode & S_IFMT;
	return type == S_IFREG || type == S_IFDIR || type == S_IFBLK;
}

static __always_inline void descriptor_read(u64 slot_address, struct descriptor *found)
{
#ifdef PSS_TYPED_READS
	if (bpf_ksym_exists(bpf_rdonly_cast)) {
		/* hlist_head is a struct of one pointer: it reads the table's entry. */
		struct hlist_head *entry =
			bpf_rdonly_cast((void *)slot_address, bpf_core_type_id_kernel(struct hlist_head));
		void *address = entry->first;
		if (!address)
			return;
		struct file *file = bpf_rdonly_cast(address, bpf_core_type_id_kernel(struct file));
		struct inode *inode = file->f_inode;
		found->mode = inode->i_mode;
		found->inode = inode->i_ino;
		return;
	}
#endif
	struct file *file = NULL;
	bpf_probe_read_kernel(&file, sizeof(file), (void *)slot_address);
	if (!file)
		return;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	found->mode = BPF_CORE_READ(inode, i_mode);
	found->inode = BPF_CORE_READ(inode, i_ino);
}

/* The current task's descriptor; mode 0 when it is not open. */
static __always_inline void descriptor_find(struct task_struct *task, u64 number, struct descriptor *found)
{
	found->inode = 0;
	found->entry = 0;
	found->mode = 0;
	struct files_struct *files = task->files;
	if (!files)
		return;
	struct fdtable *table = files->fdt;
	u32 fd = (u32)number;
	if (fd >= table->max_fds)
		return;
	found->entry = (u64)table->fd + (u64)fd * 8;
	descriptor_read(found->entry, found);
}

static __always_inline struct file *descriptor_file(u64 entry)
{
	struct file *file = NULL;
	bpf_probe_read_kernel(&file, sizeof(file), (void *)entry);
	return file;
}

/* True when no other descriptor, of any process, holds the file: to close it ends it. */
static __always_inline bool file_is_last_reference(const struct descriptor *found)
{
	struct file *file = descriptor_file(found->entry);
	if (bpf_core_field_exists(file->f_ref))
		return BPF_CORE_READ(file, f_ref.refcnt.counter) <= 0;
	struct file___old *old = (void *)file;
	return BPF_CORE_READ(old, f_count.counter) <= 1;
}

#endif
