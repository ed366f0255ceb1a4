/* SPDX-License-Identifier: MIT */
/*
 * The contract between the kernel side, the record file and the user side.
 *
 * Everything that a capture learns travels as a stream of records: a struct
 * pss_record_head followed by a payload of head.size bytes. The live path and
 * `analyze FILE` feed the same bytes to the same function (run_feed), which is
 * why they give the same report.
 *
 * Rules of this file: plain data, no pointers; fixed sizes, asserted below;
 * enum values are explicit and only ever appended; all integers are little
 * endian; all times are CLOCK_MONOTONIC nanoseconds unless a field says
 * otherwise.
 */
#ifndef PSS_EVENT_H
#define PSS_EVENT_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define PSS_RECORD_MAGIC 0x0a4652422d535350ULL /* "PSS-BRF\n" */
#define PSS_RECORD_VERSION 1

/* What kind of work an operation is. The kind says how it was recognised. */
enum pss_op_kind {
	PSS_OP_NONE = 0,
	PSS_OP_REQUEST = 1, /* bytes read from a socket until the answer is written */
	PSS_OP_CALL = 2,    /* bytes written to a socket until the answer is read */
	PSS_OP_TICK = 3,    /* event loop: wait returned until the next wait is entered */
	PSS_OP_TASK = 4,    /* one burst between blocking waits */
	PSS_OP_FUNC = 5,    /* function entry to return */
	PSS_OP_USDT = 6,    /* start/done pair of static probes */
	PSS_OP_PYTHON = 7,  /* a Python function */
	PSS_OP_TRACE = 8,   /* read from a trace file */
	PSS_OP_KINDS = 9,
};

/* Where the wall time of an operation went. The nine sum to its duration. */
enum pss_component {
	PSS_C_ON_CPU = 0,  /* executing, in user or kernel mode */
	PSS_C_RUNQ = 1,    /* runnable, waiting for a CPU (includes CPU quota) */
	PSS_C_LOCK = 2,    /* futex, flock, semaphores */
	PSS_C_DISK = 3,    /* file I/O and its write-back */
	PSS_C_NET = 4,     /* sockets, and readiness waits that a socket ended */
	PSS_C_FAULT = 5,   /* page faults: handling and waiting */
	PSS_C_SLEEP = 6,   /* timers: nanosleep and readiness waits that timed out */
	PSS_C_HANDOFF = 7, /* passed to another thread, not yet taken up there */
	PSS_C_OTHER = 8,   /* pipes, child processes, stopped by a signal, the rest */
	PSS_C_COUNT = 9,
};

enum pss_error_class {
	PSS_ERR_NONE = 0,
	PSS_ERR_ERRNO = 1,     /* code: errno of a failed system call */
	PSS_ERR_SIGNAL = 2,    /* code: fatal signal */
	PSS_ERR_EXIT = 3,      /* code: exit status other than 0 */
	PSS_ERR_OOM = 4,       /* killed by the kernel's out-of-memory killer */
	PSS_ERR_EXCEPTION = 5, /* from a trace file or a language runtime */
};

/*
 * Classes of system calls, the alphabet of paths. One byte each, so that the
 * first eight steps of an operation fit into a word.
 */
enum pss_syscall_class {
	PSS_SC_NONE = 0,
	PSS_SC_RECV = 1, /* read from a socket */
	PSS_SC_SEND = 2, /* write to a socket */
	PSS_SC_POLL = 3, /* epoll_wait, poll, select and their kin */
	PSS_SC_ACCEPT = 4,
	PSS_SC_CONNECT = 5,
	PSS_SC_OPEN = 6,
	PSS_SC_READ = 7,     /* from a file */
	PSS_SC_WRITE = 8,    /* to a file */
	PSS_SC_SYNC = 9,     /* fsync, fdatasync, msync, sync_file_range */
	PSS_SC_FS = 10,      /* names: stat, rename, unlink, mkdir, ... */
	PSS_SC_PIPE = 11,    /* read or write of a pipe, eventfd, terminal */
	PSS_SC_LOCK = 12,    /* futex, flock, semop */
	PSS_SC_SLEEP = 13,   /* nanosleep and kin */
	PSS_SC_MEMORY = 14,  /* brk, mmap, munmap, mremap, madvise, mprotect */
	PSS_SC_PROCESS = 15, /* clone, fork, execve, wait4 */
	PSS_SC_CLOSE = 16,
	PSS_SC_OTHER = 17,
	PSS_SC_IOURING = 18,
	PSS_SC_FD = 19,      /* read/write on a descriptor of any kind: resolved to one of the above */
	PSS_SC_SOCKOPT = 20, /* getsockopt: the error of an asynchronous connect */
	PSS_SC_DUP = 21,     /* a descriptor number gets a new meaning */
	PSS_SC_COUNT = 22,
};

/* Flags of an operation. */
#define PSS_OPF_HANDOFF 0x1         /* ended on another thread than it began on */
#define PSS_OPF_UNCERTAIN_START 0x2 /* began before the capture: excluded from scores */

/* One completed operation. */
struct pss_op {
	__u32 name_id;  /* see struct pss_name */
	__u8 kind;      /* enum pss_op_kind */
	__u8 err_class; /* enum pss_error_class */
	__u16 flags;    /* PSS_OPF_* */
	__u32 tgid;     /* in the initial pid namespace */
	__u32 tid;      /* the thread that ended it */
	__u64 start_ns;
	__u64 duration_ns;
	__u64 component_ns[PSS_C_COUNT];
	__u64 fault_bytes; /* fresh pages brought in while it ran */
	__u64 rss_bytes;   /* resident set at its end; 0: not known */
	__u64 path;        /* signature of the way it went; 0: none */
	__u64 path_steps;  /* first eight steps, enum pss_syscall_class, first in the lowest byte */
	__s32 err_code;
	__u32 units;  /* requests that this operation answered together (pipelining), at least 1 */
	__u32 weight; /* 1/p: how many operations this one stands for */
	__u32 tag_id; /* name id of a tag, 0: none */
};

/* A name. Sent before its first use; text follows, not terminated, head.size - sizeof bytes. */
struct pss_name {
	__u32 id;  /* from 1 */
	__u8 kind; /* enum pss_op_kind; PSS_OP_NONE for tags and error endpoints */
	__u8 reserved[3];
};

#define PSS_HIST_SUB_BITS 5  /* 32 buckets an octave: at most 1.6 % from edge to middle */
#define PSS_HIST_MIN_SHIFT 6 /* below 64 ns: bucket 0 */
#define PSS_HIST_OCTAVES 34  /* up to 2^40 ns, 18 minutes: the last bucket */
#define PSS_HIST_BUCKETS (PSS_HIST_OCTAVES << PSS_HIST_SUB_BITS)

/*
 * Exact totals of one operation name over one interval: never sampled. The
 * histogram follows, sparse: head.size tells how many pairs.
 */
struct pss_stats_bucket {
	__u32 index;
	__u32 count;
};
struct pss_stats {
	__u32 name_id;
	__u32 buckets; /* pairs that follow */
	__u64 end_ns;  /* the interval ends here */
	__u64 count;   /* operations */
	__u64 units;   /* requests in them */
	__u64 errors;
	__u64 duration_ns; /* sum */
	__u64 max_ns;
	__u64 recorded;                  /* of them, sent as struct pss_op */
	__u64 component_ns[PSS_C_COUNT]; /* sums */
};

/* Memory of all followed processes together. */
struct pss_memory {
	__u64 time_ns;
	__u64 rss_bytes;
	__u64 peak_rss_bytes;
	__u64 swap_bytes;
	__u64 limit_bytes;    /* of the cgroup, or of the host; 0: not known */
	__u64 mapped_bytes;   /* cumulative since the start: anonymous mmap and brk growth */
	__u64 unmapped_bytes; /* cumulative: munmap and brk shrinkage */
	__u64 faulted_bytes;  /* cumulative */
	__u32 processes;
	__u32 threads;
	__u64 shared_bytes; /* of rss_bytes: file pages and shared memory; 0: not known */
};

enum pss_life_type {
	PSS_LIFE_FORK = 1,
	PSS_LIFE_EXEC = 2,
	PSS_LIFE_EXIT = 3, /* of a process; error tells how */
};
struct pss_life {
	__u64 time_ns;
	__u32 tgid;
	__u32 parent_tgid;
	__u8 type;      /* enum pss_life_type */
	__u8 err_class; /* NONE: exited with 0; EXIT, SIGNAL, OOM */
	__u16 reserved;
	__s32 err_code;
	char comm[16]; /* hostile text, maybe unterminated */
};

/* Failing system calls by endpoint and errno over one interval. */
struct pss_errors {
	__u64 end_ns;
	__u32 name_id; /* endpoint; 0: none */
	__s32 err_code;
	__u32 syscall_class;
	__u32 reserved;
	__u64 count;
};

/* Why something was not seen. Cumulative counts; the report lists those above 0. */
enum pss_lost {
	PSS_LOST_RING_FULL = 0,       /* operation record dropped: exact totals still count it */
	PSS_LOST_LIFE_RING_FULL = 1,  /* life-cycle record dropped */
	PSS_LOST_SOCKET_MAP_FULL = 2, /* operations on this descriptor were not seen */
	PSS_LOST_NAME_MAP_FULL = 3,   /* counted under the name "other" */
	PSS_LOST_TASK_STORAGE = 4,    /* a thread could not be followed */
	PSS_LOST_ERROR_MAP_FULL = 5,
	PSS_LOST_CLOSED_OPEN = 6,    /* descriptor closed or reused before the answer */
	PSS_LOST_BEGAN_BEFORE = 7,   /* answer seen, request not: it came before the capture */
	PSS_LOST_CLOCK_BACKWARD = 8, /* impossible time difference: dropped, not guessed */
	PSS_LOST_PROBE_ERROR = 9,    /* kernel memory could not be read */
	PSS_LOST_IO_URING = 10,      /* io_uring submissions: their requests are not seen */
	PSS_LOST_STATS_FULL = 11,    /* exact totals had no room for this name */
	PSS_LOST_PARSE = 12,         /* pipelined batch whose units could not be counted: counted as one */
	PSS_LOST_IN_FLIGHT = 13,     /* begun and not answered when the capture ended */
	PSS_LOST_SWITCH = 14,        /* the kernel did not tell of a switch: that wait is split by estimate */
	PSS_LOST_CONTRADICTION = 15, /* records that contradict the rest of the stream: left out when read */
	PSS_LOST_COUNT = 16,
};
struct pss_lost_counts {
	__u64 time_ns;
	__u64 count[PSS_LOST_COUNT];
};

/* Cost classes of the observer's own work in the target. */
enum pss_cost_class {
	PSS_COST_SYSCALL = 0, /* a system call that was looked at and left */
	PSS_COST_SOCKET = 1,  /* a socket read or write that moved an operation on */
	PSS_COST_SWITCH = 2,  /* a context switch from or to the target */
	PSS_COST_FAULT = 3,   /* a page fault */
	PSS_COST_RECORD = 4,  /* an operation sent through the ring */
	PSS_COST_COUNT = 5,
};
struct pss_cost {
	__u64 time_ns;
	__u64 hits[PSS_COST_COUNT];                /* cumulative */
	__u64 picoseconds_per_hit[PSS_COST_COUNT]; /* calibrated at start */
	__u64 target_cpu_ns;                       /* CPU time of the target since the start */
};

/* How the capture was made. One, first in the stream. */
struct pss_meta {
	__u64 start_ns;      /* monotonic: the origin of all windows */
	__u64 start_unix_ns; /* the same instant, CLOCK_REALTIME */
	__u64 interval_ns;   /* length of a window */
	__u32 pid;           /* as the user gave it */
	__u32 ops_forced;    /* bit per enum pss_op_kind; 0: choose automatically */
	__u32 cpus;
	__u32 flags;
	char comm[16];
	char exe[256];
	char cgroup[256]; /* empty: none */
	char runtime[16]; /* native, go, jvm, python, node */
	char kernel[128];
	char host[64];
};

/* End of a window: all that belongs to it has been sent. Sent every interval. */
struct pss_tick {
	__u64 time_ns;
};

/* The stream ends here and is whole. */
enum pss_end_reason {
	PSS_END_DURATION = 1,
	PSS_END_INTERRUPT = 2,
	PSS_END_TARGET_EXIT = 3,
};
struct pss_end {
	__u64 time_ns;
	__u32 reason;
	__u32 reserved;
};

enum pss_record_type {
	PSS_REC_META = 1,
	PSS_REC_NAME = 2,
	PSS_REC_OP = 3,
	PSS_REC_STATS = 4,
	PSS_REC_MEMORY = 5,
	PSS_REC_LIFE = 6,
	PSS_REC_ERRORS = 7,
	PSS_REC_LOST = 8,
	PSS_REC_COST = 9,
	PSS_REC_TICK = 10,
	PSS_REC_END = 11,
};

/* Unknown types are skipped by their size: newer writers stay readable. */
struct pss_record_head {
	__u32 type; /* enum pss_record_type */
	__u32 size; /* bytes of payload that follow, without padding */
};

/* First bytes of a record file. */
struct pss_file_head {
	__u64 magic;
	__u32 version;
	__u32 head_size; /* of this struct: newer versions may append */
};

_Static_assert(sizeof(struct pss_op) == 152, "ABI");
_Static_assert(sizeof(struct pss_name) == 8, "ABI");
_Static_assert(sizeof(struct pss_stats) == 136, "ABI");
_Static_assert(sizeof(struct pss_memory) == 80, "ABI");
_Static_assert(sizeof(struct pss_life) == 40, "ABI");
_Static_assert(sizeof(struct pss_errors) == 32, "ABI");
_Static_assert(sizeof(struct pss_lost_counts) == 136, "ABI");
_Static_assert(sizeof(struct pss_cost) == 96, "ABI");
_Static_assert(sizeof(struct pss_meta) == 776, "ABI");
_Static_assert(sizeof(struct pss_record_head) == 8, "ABI");

#endif
