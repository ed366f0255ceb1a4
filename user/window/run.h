/* SPDX-License-Identifier: MIT */
/*
 * A run: everything that one capture, record file or trace file brought in.
 * run_feed takes the record stream in order; nothing downstream knows where
 * the records came from. Memory is bounded whatever the length: windows are
 * merged in pairs when there are too many, operations are kept as a weighted
 * sample whose choice depends on their content and not on their order.
 */
#ifndef PSS_RUN_H
#define PSS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/pss_event.h"
#include "user/config/config.h"
#include "user/report/report.h"
#include "user/window/window.h"

#define PSS_RUN_SAMPLE 8192               /* vectors kept by name for attribution */
#define PSS_RUN_WINDOWS 1024              /* then pairs are merged and the interval doubles */
#define PSS_RUN_MEMORY 4096               /* likewise for memory readings */
#define PSS_RUN_NAMES 4096                /* further names fold into "other" */
#define PSS_RUN_NAME_IDS (1u << 20)       /* larger ids have no text */
#define PSS_RUN_TEXT (64u << 20)          /* bytes of text kept in all */
#define PSS_RUN_WINDOW_BYTES (192u << 20) /* then windows merge before there are too many */
#define PSS_RUN_ERRORS 1024               /* kinds of failing calls; further ones are summed in one */
#define PSS_RUN_ABNORMAL 256

/* All operations of one name. */
struct pss_series {
	uint32_t name_id;
	enum pss_op_kind kind;
	char *name;                /* owned */
	struct pss_window *window; /* index 0 begins at the run's start */
	size_t windows;            /* all of the run's interval; empty ones have weight 0 */
	/*
	 * A weighted sample, longer operations with more chance (by the square
	 * root of their duration), a heap with the largest priority on top.
	 * When it is full the top is the threshold and no member: see
	 * pss_sample_weight.
	 */
	struct pss_sample {
		struct pss_op op;
		double priority;
	} * sample; /* owned: at most PSS_RUN_SAMPLE, fewer for names that came late */
	size_t samples, sample_room, sample_most;
	/* exact totals from the kernel; exact is false for trace files */
	bool exact;
	uint64_t count, units, errors, recorded;
	double duration_ns, max_ns;
	double component_ns[PSS_C_COUNT];
	uint64_t *histogram; /* owned: PSS_HIST_BUCKETS, or NULL */
};

struct pss_name_text {
	enum pss_op_kind kind;
	char *text;      /* owned; NULL: id not used */
	uint32_t series; /* index of its series plus 1; 0: none yet */
};

struct pss_run {
	struct pss_meta meta;
	bool has_meta;
	bool from_trace_file;
	uint64_t interval_ns;      /* of a window now: meta.interval_ns times a power of two */
	uint64_t last_ns;          /* latest time seen */
	struct pss_series *series; /* owned, in order of appearance */
	size_t series_count;
	struct pss_name_text *name; /* owned, index is the name id */
	size_t names;
	struct pss_memory *memory; /* owned, in time order */
	size_t memory_count;
	size_t memory_stride; /* one in so many readings is kept */
	uint64_t memory_seen;
	uint64_t rss_peak;
	struct pss_memory last_memory;
	struct pss_errors *errors; /* owned: summed by endpoint, errno and class */
	size_t error_count;
	struct pss_life *abnormal; /* owned: exits that were not clean, at most 256 */
	size_t abnormal_count;
	uint64_t forks, execs, exits, abnormal_exits;
	uint64_t lost[PSS_LOST_COUNT];
	struct pss_cost cost;
	bool has_cost;
	enum pss_end_reason end;
	uint64_t trace_records; /* trace files */
	/* bookkeeping of run_feed */
	uint64_t stats_end_ns, stats_before_ns; /* ends of the last two intervals of totals */
	size_t text_bytes, window_bytes;
	uint32_t other_series[PSS_OP_KINDS]; /* where further names go, index plus 1 */
};

void run_init(struct pss_run *run);
void run_free(struct pss_run *run);

/*
 * Takes one record. payload holds head->size bytes, not necessarily aligned.
 * 0; -EPROTO for a record that contradicts its type, its size or the stream
 * so far (the run stays valid and the record is ignored); -ENOMEM.
 */
int run_feed(struct pss_run *run, const struct pss_record_head *head, const void *payload);

/* What a vector of the sample stands for, in operations; 0 for the threshold itself. */
double pss_sample_weight(const struct pss_series *series, const struct pss_sample *sample);
/* Window of an end time, in the run's present interval. */
size_t run_window_index(const struct pss_run *run, uint64_t end_ns);
/* Smallest duration of a bucket of the kernel's histogram, ns; the next one's is its end. */
double pss_hist_floor(unsigned index);

/* Text of a name id, or NULL. */
const char *run_name(const struct pss_run *run, uint32_t id);

/*
 * Scores a run: fills a report (pss_report_init first). Pure: the run is not
 * changed, no clock, no I/O, and the same run and configuration give the same
 * report to the last bit. 0 or -ENOMEM.
 */
int run_report(const struct pss_run *run, const struct pss_config *config, struct pss_report *report);

#endif
