/* SPDX-License-Identifier: MIT */
/*
 * What a system call's number says: its class (enum pss_syscall_class) in the
 * low bits, traits above. One table, so that a call costs one cache line.
 * Shared with the loader, which fills it.
 */
#ifndef PSS_SYSCALLS_H
#define PSS_SYSCALLS_H

#define SYSCALL_CLASS 0x1f
#define SYSCALL_ENTER 0x20    /* looked at when entered, too */
#define SYSCALL_SENDS 0x40    /* moves bytes out of the program */
#define SYSCALL_BUFFER 0x80   /* second argument: the buffer */
#define SYSCALL_VECTOR 0x100  /* second argument: struct iovec array */
#define SYSCALL_MESSAGE 0x200 /* second argument: struct msghdr */
#define SYSCALL_ADDRESS 0x400 /* fifth argument: where to (sendto) */
#define SYSCALL_MMAP 0x800
#define SYSCALL_MUNMAP 0x1000
#define SYSCALL_BRK 0x2000
#define SYSCALL_MREMAP 0x4000
/* The same bits again: memory calls have no messages. */
#define SYSCALL_MANY 0x800       /* returns a number of messages */
#define SYSCALL_FLAGS_3RD 0x1000 /* third argument: MSG_* flags */
#define SYSCALL_FLAGS_4TH 0x2000 /* fourth */

#endif
