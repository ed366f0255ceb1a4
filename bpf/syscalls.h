/* SPDX-License-Identifier: MIT */
/* What a system call's number says about it, beyond its class. Shared with the loader, which fills the
 * tables. */
#ifndef PSS_SYSCALLS_H
#define PSS_SYSCALLS_H

#define SYSCALL_ENTER 0x1    /* looked at when entered, too */
#define SYSCALL_SENDS 0x2    /* moves bytes out of the program */
#define SYSCALL_BUFFER 0x4   /* second argument: the buffer */
#define SYSCALL_VECTOR 0x8   /* second argument: struct iovec array */
#define SYSCALL_MESSAGE 0x10 /* second argument: struct msghdr */
#define SYSCALL_ADDRESS 0x20 /* fifth argument: where to (sendto) */
#define SYSCALL_MMAP 0x40
#define SYSCALL_MUNMAP 0x80
#define SYSCALL_BRK 0x100
#define SYSCALL_MREMAP 0x200

#endif
