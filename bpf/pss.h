/* SPDX-License-Identifier: MIT */
/*
 * What the BPF programs and the loader share beyond the record format: the
 * layout of maps. Not kept in files, so free to change with the program.
 */
#ifndef PSS_BPF_SHARED_H
#define PSS_BPF_SHARED_H

#include "include/pss_event.h"

#define PSS_SYSCALLS 512  /* system call numbers with a class */
#define PSS_SLOTS 512     /* operation names; beyond: one "other" slot a kind */
#define PSS_SLOT_FIRST 16 /* below: slot 0 is none, slot k is "other" of kind k */
#define PSS_MAX_SHARDS 8  /* copies of the exact totals, to keep CPUs apart */
#define PSS_ERROR_KEYS 1024
#define PSS_LIFE_RING (512 * 1024)

/* What makes a name. The loader turns it into text. */
struct pss_name_key {
	__u8 kind;   /* enum pss_op_kind */
	__u8 family; /* AF_*; 0: not a socket */
	__u8 type;   /* SOCK_* */
	__u8 length; /* bytes of text in use */
	__u16 port;  /* host order: the server's */
	__u16 reserved;
	__u8 text[48]; /* address of the peer, path of a Unix socket (its end), or a thread's name */
};

/* Exact totals of one name, one copy a shard. 32-bit counts wrap; the loader takes differences. */
struct pss_slot_stats {
	__u64 count, units, errors, duration_ns, max_ns, recorded;
	__u64 component_ns[PSS_C_COUNT];
	__u32 histogram[PSS_HIST_BUCKETS];
};

/* How many operations of a name go up whole: one in 2^shift; errors and those at least so slow, all. */
struct pss_slot_control {
	__u32 shift;
	__u32 reserved;
	__u64 slow_ns;
};

struct pss_error_key {
	__u32 slot;
	__s32 err_code;
	__u32 syscall_class;
	__u32 reserved;
};

/* Totals that only grow. */
struct pss_totals {
	__u64 mapped_bytes, unmapped_bytes, faulted_bytes;
	__u64 lost[PSS_LOST_COUNT];
	__u32 threads; /* followed, alive */
	__u32 processes;
};

/* A thread's clock at one moment: where all of its time has gone so far. */
struct pss_snapshot {
	__u64 ns;
	__u64 component_ns[PSS_C_COUNT];
	__u64 fault_bytes;
};

/* The way that an operation went; see path_append. */
struct pss_path {
	__u64 hash[3]; /* of all steps; of all but the last; of all but the last two */
	__u32 last[3];
	__u32 count;
	__u64 steps; /* first eight */
};

enum pss_role {
	PSS_ROLE_NEW = 0,    /* not yet known */
	PSS_ROLE_SERVER = 1, /* read, then write: requests */
	PSS_ROLE_CLIENT = 2, /* write, then read: calls */
	PSS_ROLE_IGNORE = 3,
};
enum pss_phase {
	PSS_PHASE_IDLE = 0,
	PSS_PHASE_OPEN = 1,     /* asked, not answered */
	PSS_PHASE_ANSWERED = 2, /* may go on being answered until the next is asked */
};
enum pss_protocol {
	PSS_PROTOCOL_NEW = 0,
	PSS_PROTOCOL_OTHER = 1,
	PSS_PROTOCOL_RESP = 2,
	PSS_PROTOCOL_HTTP = 3,
};

/* One socket, keyed by the number of its inode: it names the socket, and not a descriptor, for as long as it
 * lives. */
struct pss_socket {
	__u32 slot;
	__u8 role;     /* enum pss_role */
	__u8 phase;    /* enum pss_phase */
	__u8 protocol; /* enum pss_protocol */
	__u8 met_open; /* it was there before the capture and has not begun an operation yet */
	__u8 family, type;
	__u8 left_set;
	__u8 answering; /* a thread that did not begin the operation is in the middle of a write */
	__u32 start_tid;
	__u32 next_tid; /* 0: none */
	__u32 next_units;
	__u64 parent;  /* client: the server socket whose request makes this call */
	__u64 used_ns; /* last time of use */
	/* Where the last read ended in the stream of requests; see protocol.h. */
	__u64 skip_bytes;   /* RESP: of an argument whose rest is still to be read */
	__u32 skip_parts;   /* RESP: arguments still to come */
	__u32 usual_length; /* RESP: a read of this length, with this head, was one whole command */
	__u32 usual_head;
	__u32 recent; /* HTTP: last three bytes */
	__u8 cut_length;
	__u8 inside;  /* HTTP: the last read ended within a header */
	__u8 ended;   /* HTTP: the last read ended with the end of a request */
	__u8 trust;   /* RESP: reads of the usual length since one was looked at */
	__u8 batches; /* RESP: several commands have come in one read: nothing is usual */
	__u8 reserved[3];
	struct pss_snapshot start; /* of the thread that began it */
	struct pss_path path;
	struct pss_op op; /* complete in phase ANSWERED */
	/* Seldom touched. */
	struct pss_snapshot left; /* of the thread that began it, where it passed the work on */
	struct pss_snapshot
		next; /* of the thread that was asked again before the answer's write had returned */
	__u8 cut[32]; /* RESP: a header that the end of the read cut in two */
};

#define MARKS 8 /* wake-ups that a thread remembers, to find where it took work up */

/* A followed thread. */
struct task_state {
	/* What every event touches, together: two cache lines. */
	__u64 mark_ns;   /* its time is accounted up to here */
	__u64 wake_ns;   /* made runnable; 0: not since it was last switched in */
	__u64 current;   /* socket whose request this thread works on; 0: none */
	__u32 tgid, tid; /* in the loader's pid namespace */
	__u8 off;        /* enum off_cpu */
	__u8 fault;      /* a page fault is being handled */
	__u8 fault_tail; /* one was: the last piece of its handling is still to come */
	__u8 serves;     /* has taken part in requests or calls */
	__u8 loops;      /* has waited for readiness */
	__u8 makes_calls;
	__u8 enter_set;
	__u8 left;               /* what it works on has been passed on, and that is noted */
	struct pss_snapshot now; /* totals; now.ns is unused */

	__u64 poll_wait_ns; /* blocked in a readiness wait whose outcome is not known yet */
	__u64 poll_net_ns;  /* charged to the network for the last such wait, until what is read tells better
			     */
	__u64 poll_exit_ns; /* where that wait's end was noted; 0: it was not */
	__u64 fault_ip;     /* user instruction that faulted */
	__u64 argument;     /* of the memory call in progress: the break before it */
	__u32 turn_slot, turn_kind;     /* kind 0: none open */
	struct pss_snapshot enter;      /* where the write in progress was entered */
	struct pss_snapshot turn_start; /* of the event-loop turn, or burst, in progress */
	struct pss_snapshot done;       /* where it was free again after its last operation */
	struct pss_snapshot mark[MARKS];
	__u32 marks, reserved;
	struct pss_path turn_path;
	struct pss_op turn;
};

/* Why a thread is not on a CPU: a component, but for two that only its return can tell apart. */
enum off_cpu {
	OFF_RUNNING = 0,
	OFF_BLOCKED = 1, /* plus enum pss_component */
	OFF_POLL = 64,
	OFF_UNKNOWN = 1 + PSS_C_OTHER, /* as it was met; also waits of no other cause */
};

#endif
