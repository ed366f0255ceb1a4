/* SPDX-License-Identifier: MIT */
#include "user/capture/syscall_table.h"

#include <sys/syscall.h>

#include "bpf/syscalls.h"
#include "include/pss_event.h"

_Static_assert(PSS_SC_COUNT <= SYSCALL_CLASS + 1, "classes fit below the traits");

struct entry {
	int number;
	uint8_t class;
	uint16_t traits;
};

#define SEND_BUFFER (SYSCALL_ENTER | SYSCALL_SENDS | SYSCALL_BUFFER)
#define SEND_VECTOR (SYSCALL_ENTER | SYSCALL_SENDS | SYSCALL_VECTOR)
#define SEND_MESSAGE (SYSCALL_ENTER | SYSCALL_SENDS | SYSCALL_MESSAGE)

/* What is not named here is PSS_SC_OTHER. Old calls that newer architectures lack are conditional. */
static const struct entry table[] = {
	{__NR_read, PSS_SC_FD, SYSCALL_BUFFER},
	{__NR_readv, PSS_SC_FD, SYSCALL_VECTOR},
	{__NR_write, PSS_SC_FD, SEND_BUFFER},
	{__NR_writev, PSS_SC_FD, SEND_VECTOR},
	{__NR_recvfrom, PSS_SC_RECV, SYSCALL_BUFFER | SYSCALL_FLAGS_4TH},
	{__NR_recvmsg, PSS_SC_RECV, SYSCALL_MESSAGE | SYSCALL_FLAGS_3RD},
	{__NR_recvmmsg, PSS_SC_RECV, SYSCALL_MANY | SYSCALL_FLAGS_4TH},
	{__NR_sendto, PSS_SC_SEND, SEND_BUFFER | SYSCALL_ADDRESS},
	{__NR_sendmsg, PSS_SC_SEND, SEND_MESSAGE},
	{__NR_sendmmsg, PSS_SC_SEND, SEND_MESSAGE},
	{__NR_sendfile, PSS_SC_SEND, SYSCALL_ENTER | SYSCALL_SENDS},
	{__NR_accept, PSS_SC_ACCEPT, 0},
	{__NR_accept4, PSS_SC_ACCEPT, 0},
	{__NR_connect, PSS_SC_CONNECT, 0},
	{__NR_getsockopt, PSS_SC_SOCKOPT, 0},
	{__NR_close, PSS_SC_CLOSE, SYSCALL_ENTER},
#ifdef __NR_dup2
	{__NR_dup2, PSS_SC_DUP, SYSCALL_ENTER},
#endif
	{__NR_dup3, PSS_SC_DUP, SYSCALL_ENTER},
#ifdef __NR_open
	{__NR_open, PSS_SC_OPEN, 0},
	{__NR_creat, PSS_SC_OPEN, 0},
#endif
	{__NR_openat, PSS_SC_OPEN, 0},
#ifdef __NR_openat2
	{__NR_openat2, PSS_SC_OPEN, 0},
#endif
	{__NR_pread64, PSS_SC_READ, 0},
	{__NR_preadv, PSS_SC_READ, 0},
	{__NR_preadv2, PSS_SC_READ, 0},
	{__NR_pwrite64, PSS_SC_WRITE, 0},
	{__NR_pwritev, PSS_SC_WRITE, 0},
	{__NR_pwritev2, PSS_SC_WRITE, 0},
	{__NR_copy_file_range, PSS_SC_WRITE, 0},
	{__NR_ftruncate, PSS_SC_WRITE, 0},
	{__NR_fallocate, PSS_SC_WRITE, 0},
	{__NR_fsync, PSS_SC_SYNC, 0},
	{__NR_fdatasync, PSS_SC_SYNC, 0},
	{__NR_msync, PSS_SC_SYNC, 0},
	{__NR_sync, PSS_SC_SYNC, 0},
	{__NR_syncfs, PSS_SC_SYNC, 0},
	{__NR_sync_file_range, PSS_SC_SYNC, 0},
#ifdef __NR_stat
	{__NR_stat, PSS_SC_FS, 0},
	{__NR_lstat, PSS_SC_FS, 0},
	{__NR_access, PSS_SC_FS, 0},
	{__NR_rename, PSS_SC_FS, 0},
	{__NR_unlink, PSS_SC_FS, 0},
	{__NR_mkdir, PSS_SC_FS, 0},
	{__NR_rmdir, PSS_SC_FS, 0},
	{__NR_readlink, PSS_SC_FS, 0},
	{__NR_link, PSS_SC_FS, 0},
	{__NR_symlink, PSS_SC_FS, 0},
	{__NR_chmod, PSS_SC_FS, 0},
	{__NR_chown, PSS_SC_FS, 0},
	{__NR_getdents, PSS_SC_FS, 0},
#endif
	{__NR_fstat, PSS_SC_FS, 0},
#ifdef __NR_newfstatat
	{__NR_newfstatat, PSS_SC_FS, 0},
#endif
	{__NR_statx, PSS_SC_FS, 0},
	{__NR_statfs, PSS_SC_FS, 0},
	{__NR_fstatfs, PSS_SC_FS, 0},
	{__NR_faccessat, PSS_SC_FS, 0},
	{__NR_truncate, PSS_SC_FS, 0},
	{__NR_renameat, PSS_SC_FS, 0},
	{__NR_renameat2, PSS_SC_FS, 0},
	{__NR_unlinkat, PSS_SC_FS, 0},
	{__NR_mkdirat, PSS_SC_FS, 0},
	{__NR_linkat, PSS_SC_FS, 0},
	{__NR_symlinkat, PSS_SC_FS, 0},
	{__NR_readlinkat, PSS_SC_FS, 0},
	{__NR_fchmodat, PSS_SC_FS, 0},
	{__NR_fchownat, PSS_SC_FS, 0},
	{__NR_getdents64, PSS_SC_FS, 0},
#ifdef __NR_poll
	{__NR_poll, PSS_SC_POLL, SYSCALL_ENTER},
	{__NR_select, PSS_SC_POLL, SYSCALL_ENTER},
	{__NR_epoll_wait, PSS_SC_POLL, SYSCALL_ENTER},
#endif
	{__NR_ppoll, PSS_SC_POLL, SYSCALL_ENTER},
	{__NR_pselect6, PSS_SC_POLL, SYSCALL_ENTER},
	{__NR_epoll_pwait, PSS_SC_POLL, SYSCALL_ENTER},
#ifdef __NR_epoll_pwait2
	{__NR_epoll_pwait2, PSS_SC_POLL, SYSCALL_ENTER},
#endif
	{__NR_futex, PSS_SC_LOCK, 0},
#ifdef __NR_futex_waitv
	{__NR_futex_waitv, PSS_SC_LOCK, 0},
#endif
	{__NR_flock, PSS_SC_LOCK, 0},
	{__NR_semop, PSS_SC_LOCK, 0},
	{__NR_semtimedop, PSS_SC_LOCK, 0},
	{__NR_nanosleep, PSS_SC_SLEEP, 0},
	{__NR_clock_nanosleep, PSS_SC_SLEEP, 0},
#ifdef __NR_pause
	{__NR_pause, PSS_SC_SLEEP, 0},
#endif
	{__NR_rt_sigtimedwait, PSS_SC_SLEEP, 0},
	{__NR_brk, PSS_SC_MEMORY, SYSCALL_ENTER | SYSCALL_BRK},
	{__NR_mmap, PSS_SC_MEMORY, SYSCALL_MMAP},
	{__NR_munmap, PSS_SC_MEMORY, SYSCALL_MUNMAP},
	{__NR_mremap, PSS_SC_MEMORY, SYSCALL_MREMAP},
	{__NR_madvise, PSS_SC_MEMORY, 0},
	{__NR_mprotect, PSS_SC_MEMORY, 0},
	{__NR_clone, PSS_SC_PROCESS, 0},
#ifdef __NR_clone3
	{__NR_clone3, PSS_SC_PROCESS, 0},
#endif
#ifdef __NR_fork
	{__NR_fork, PSS_SC_PROCESS, 0},
	{__NR_vfork, PSS_SC_PROCESS, 0},
#endif
	{__NR_execve, PSS_SC_PROCESS, 0},
	{__NR_execveat, PSS_SC_PROCESS, 0},
	{__NR_wait4, PSS_SC_PROCESS, 0},
	{__NR_waitid, PSS_SC_PROCESS, 0},
#ifdef __NR_io_uring_enter
	{__NR_io_uring_enter, PSS_SC_IOURING, 0},
#endif
	/* So cheap and so often called that looking at them would show. */
	{__NR_rt_sigprocmask, PSS_SC_NONE, 0},
	{__NR_getpid, PSS_SC_NONE, 0},
	{__NR_gettid, PSS_SC_NONE, 0},
	{__NR_clock_gettime, PSS_SC_NONE, 0},
	{__NR_gettimeofday, PSS_SC_NONE, 0},
	{__NR_sched_yield, PSS_SC_NONE, 0},
	{__NR_restart_syscall, PSS_SC_SLEEP, 0},
};

void syscall_table_fill(uint16_t *traits, size_t count)
{
	for (size_t i = 0; i < count; i++)
		traits[i] = PSS_SC_OTHER;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].number >= 0 && (size_t)table[i].number < count)
			traits[table[i].number] = (uint16_t)(table[i].class | table[i].traits);
}
