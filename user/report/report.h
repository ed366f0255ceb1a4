/* SPDX-License-Identifier: MIT */
/*
 * The one result that every view shows. Views (text, json) do no arithmetic
 * of their own; whatever they print is here.
 *
 * Strings that came from a target are hostile: views escape them.
 */
#ifndef PSS_REPORT_H
#define PSS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "include/pss_event.h"
#include "user/config/config.h"

/* A number that may not be known, and how sure it is. */
struct pss_score {
	bool measured;   /* false: value, lo, hi mean nothing; why says why */
	double value;    /* 0..1 for a dimension, 0..100 for the PSS */
	double lo, hi;   /* 95 % interval; lo = hi = value where there is none */
	const char *why; /* static text, when not measured */
};

enum pss_verdict {
	PSS_VERDICT_INSUFFICIENT = 0,
	PSS_VERDICT_STABLE = 1,
	PSS_VERDICT_DEGRADED = 2,
	PSS_VERDICT_UNSTABLE = 3,
	PSS_VERDICT_CRITICAL = 4,
};
const char *pss_verdict_name(enum pss_verdict verdict);

enum pss_severity { PSS_SEV_INFO = 0, PSS_SEV_WARNING = 1, PSS_SEV_CRITICAL = 2 };
const char *pss_severity_name(enum pss_severity severity);

/* One way that operations of a name went. */
struct pss_report_path {
	uint64_t path; /* signature */
	char tag[96];  /* "recv > open > send"; trace files: the tag itself, truncated */
	double share;  /* 0..1 of operations */
};

#define PSS_REPORT_PATHS 8

struct pss_report_operation {
	char *name; /* owned */
	enum pss_op_kind kind;
	bool scored;         /* its kind is among those that the score is made of */
	uint64_t count;      /* exact: requests, or operations where nothing is pipelined */
	uint64_t operations; /* exact: completed operations (at most count) */
	uint64_t recorded;   /* of them, seen with their whole vector */
	uint64_t errors;     /* exact */
	double rate_per_s;   /* count over the capture's duration */
	double p50_ns, p95_ns, p99_ns, max_ns, mean_ns;
	double share;         /* 0..1: its part of the scored operations' time */
	struct pss_score pss; /* 0..100 */
	struct pss_score dimension[PSS_DIM_COUNT];
	double component_ns[PSS_C_COUNT];              /* exact sums */
	bool attributed;                               /* variance_share and tail_share are known */
	double variance_share[PSS_C_COUNT];            /* sums to 1 */
	double tail_share[PSS_C_COUNT];                /* sums to 1 */
	unsigned path_count;                           /* distinct paths seen (bounded) */
	unsigned paths;                                /* filled below */
	struct pss_report_path path[PSS_REPORT_PATHS]; /* most frequent first */
};

struct pss_finding {
	enum pss_dimension dimension;
	enum pss_severity severity;
	char *operation; /* owned; NULL: the whole process */
	char *cause;     /* owned: short, e.g. "run queue", "leak", "errno ECONNRESET" */
	char *evidence;  /* owned: figures, one sentence */
	char *advice;    /* owned: what to do, one sentence */
	double loss;     /* points of PSS that it costs, for the order */
};

struct pss_report_error {
	char *endpoint; /* owned; NULL: none */
	char *what;     /* owned: "ECONNRESET in recv", "killed by SIGSEGV" */
	uint64_t count;
};

struct pss_report {
	/* result */
	struct pss_score pss; /* 0..100; value is not rounded */
	int pss_rounded;
	enum pss_verdict verdict;
	enum pss_scoring scoring;
	struct pss_score dimension[PSS_DIM_COUNT];
	unsigned scored_kinds; /* bit per enum pss_op_kind */
	bool kinds_forced;
	char scored_why[160]; /* one sentence: why these kinds */

	/* lists, owned; findings: worst first; operations: largest share first */
	struct pss_report_operation *operation;
	size_t operations;
	struct pss_finding *finding;
	size_t findings;
	struct pss_report_error *error; /* process-wide failing calls and exits */
	size_t errors;

	/* memory */
	bool memory_known;
	uint64_t rss_first, rss_last, rss_peak;
	double growth_bytes_per_s;
	bool growth_significant;
	uint64_t limit_bytes;
	uint64_t mapped_bytes, unmapped_bytes, faulted_bytes;

	/* coverage */
	uint64_t operations_seen;     /* exact, scored kinds */
	uint64_t operations_recorded; /* of them, with their whole vector */
	uint64_t lost[PSS_LOST_COUNT];
	bool incomplete; /* a record file that ends early */
	char incomplete_why[160];

	/* overhead */
	bool overhead_known;
	double target_cpu_share; /* 0..1 of the target's CPU time */
	double per_operation_ns;
	const char *overhead_method; /* static */

	/* target and capture; empty strings where not known (trace files) */
	struct pss_meta meta;
	uint32_t processes, threads; /* last known */
	uint64_t forks, execs, exits;
	double duration_s;
	double cpu_share;        /* target's CPU time over duration, in CPUs */
	enum pss_end_reason end; /* 0: not known */
	uint64_t records;        /* trace file: records read */
	bool from_trace_file;
	uint64_t made_unix_ns; /* when the report was made: the one field that differs between runs */

	/* per-window score, for the live line and later views */
	struct pss_report_window {
		double start_s;
		double operations;
		double errors;
		double p50_ns, p99_ns;
	} * window;
	size_t windows;
};

/* Zeroes. pss_report_free returns it to that state; both accept reuse. */
void pss_report_init(struct pss_report *report);
void pss_report_free(struct pss_report *report);

/* A score as it is shown and gated on: whole points, 0..100, half to even. */
int pss_report_points(double score);
/* Whether the score has an interval to show; the pypss profile has none. */
bool pss_report_has_interval(const struct pss_report *report, const struct pss_score *score);

struct pss_text_style {
	bool colour;
	bool utf8;      /* bars and sparklines; plain ASCII otherwise */
	unsigned width; /* columns; 0: 80 */
};

/* Both write to out and return 0 or negative errno (a write that failed). */
int pss_report_text(const struct pss_report *report, const struct pss_text_style *style, FILE *out);
int pss_report_json(const struct pss_report *report, FILE *out);

/* Static names. */
const char *pss_op_kind_name(enum pss_op_kind kind);           /* "request" */
const char *pss_component_name(enum pss_component component);  /* "on_cpu" */
const char *pss_component_label(enum pss_component component); /* "run queue" */
const char *pss_lost_name(enum pss_lost cause);                /* "ring_full" */
const char *pss_lost_label(enum pss_lost cause);               /* what it means, one clause */

#endif
