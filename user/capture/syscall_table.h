/* SPDX-License-Identifier: MIT */
/* System calls of this architecture: class and traits by number (bpf/syscalls.h). */
#ifndef PSS_SYSCALL_TABLE_H
#define PSS_SYSCALL_TABLE_H

#include <stddef.h>
#include <stdint.h>

/* Fills count entries; numbers beyond are left alone. */
void syscall_table_fill(uint16_t *traits, size_t count);

#endif
