/* SPDX-License-Identifier: MIT */
/* The inside of a capture, shared by the files that make it up. */
#ifndef PSS_CAPTURE_INTERNAL_H
#define PSS_CAPTURE_INTERNAL_H

#include "bpf/pss.h"
#include "user/capture/calibrate.h"
#include "user/capture/capture.h"
#include "user/capture/processes.h"
#include "user/capture/target.h"

struct pss_bpf;     /* the skeleton */
struct ring_buffer; /* libbpf */

/* What has been told of a slot so far, summed over shards; the next interval tells the difference. */
struct slot_told {
	bool named;
	struct pss_slot_stats *totals; /* owned; NULL: nothing yet */
	struct pss_slot_stats *ours; /* owned: operations that were found in the map of sockets; NULL: none */
	uint64_t slow_ns;            /* about the slowest hundredth of the last interval lie above */
	uint64_t paced_count;        /* operations at the last look of the sampling control */
	double rate;                 /* operations a second, smoothed */
};

struct error_told {
	struct pss_error_key key;
	uint64_t count;
};

struct capture {
	struct capture_options options;
	struct target target;
	struct pss_bpf *skeleton;
	struct ring_buffer *rings;
	capture_sink sink;
	void *context;
	int sink_error; /* first failure of the sink: ends the capture */
	bool started, stopped;

	unsigned shards;
	struct pss_slot_stats *stats;     /* map memory: slot * shards + shard */
	struct pss_slot_control *control; /* map memory */
	struct slot_told slot[PSS_SLOTS];
	struct error_told *errors; /* owned */
	size_t error_count;

	struct processes processes;
	uint64_t start_ns, next_tick_ns, next_memory_ns, next_sweep_ns, last_pace_ns;
	uint64_t memory_limit, rss_bytes, peak_bytes;
	uint64_t cost_ps[PSS_COST_COUNT]; /* calibrated, picoseconds a hit */
	uint64_t fault_tail_ns, fault_whole_ns;
};

/* capture.c */
int capture_send(struct capture *capture, enum pss_record_type type, const void *payload, uint32_t size);
uint64_t capture_now_ns(void);

/* load.c: loads and attaches; the programs do nothing until threads are followed. */
int capture_load(struct capture *capture, struct capture_error *error);
int capture_attach(struct capture *capture, struct capture_error *error);
void capture_unload(struct capture *capture);
/* Begins to follow the process and, where wanted, its children. */
int capture_follow(struct capture *capture, pid_t pid);
/* From here on nothing in the kernel calls us. */
void capture_detach(struct capture *capture);

/* slots.c: names and exact totals. */
int slots_map(struct capture *capture);
void slots_unmap(struct capture *capture);
int slots_name(struct capture *capture, uint32_t slot); /* sends its NAME record where it has not been */
int slots_tell(struct capture *capture, uint64_t now_ns);
/* Chooses what share of the operations of each name goes up whole. */
void slots_pace(struct capture *capture, uint64_t now_ns);

/* ledger.c: errors, losses, memory, cost. */
int ledger_errors(struct capture *capture, uint64_t now_ns);
int ledger_memory(struct capture *capture, uint64_t now_ns);
int ledger_losses(struct capture *capture, uint64_t now_ns);
int ledger_cost(struct capture *capture, uint64_t now_ns);
void costs_clear(struct capture *capture); /* hits so far */

/* sockets.c: sockets known from outside the programs. */
int sockets_listeners(struct capture *capture); /* ports that are listened on already */
/* After the detach: operations that were answered and have not been told; those still open are counted. */
int sockets_flush(struct capture *capture);
/* Forgets sockets that have not been used for a minute: not every close can be seen. */
int sockets_sweep(struct capture *capture, uint64_t now_ns);

/* costs.c: of the probes, by the calibration program that was measured bare before the attach; else defaults.
 */
void capture_calibrate(struct capture *capture, struct calibration *calibration);

#endif
