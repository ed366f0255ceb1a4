/* SPDX-License-Identifier: MIT */
/* Features of the running kernel, each found by really loading a small program (bpf/features/). */
#ifndef PSS_FEATURES_H
#define PSS_FEATURES_H

#include <stdbool.h>

enum feature {
	FEATURE_BTF = 0,    /* the kernel describes its own types */
	FEATURE_TP_BTF = 1, /* BTF-typed raw tracepoints */
	FEATURE_RAW_TP = 2,
	FEATURE_TASK_STORAGE = 3,  /* per-task maps in tracing programs (5.13) */
	FEATURE_TASK_ITERATOR = 4, /* bpf_iter over tasks (5.8) */
	FEATURE_RING_BUFFER = 5,   /* 5.8 */
	FEATURE_RDONLY_CAST = 6,   /* kfunc bpf_rdonly_cast (6.2) */
	FEATURE_PAGE_FAULTS = 7,   /* exceptions:page_fault_user, x86 */
	FEATURE_RSS_STAT = 8,      /* kmem:rss_stat */
	FEATURE_UPROBE = 9,
	FEATURE_UPROBE_MULTI = 10,   /* 6.6 */
	FEATURE_UPROBE_SESSION = 11, /* 6.13 */
	FEATURE_READ_KERNEL = 12,    /* bpf_probe_read_kernel: not under lockdown=confidentiality */
	FEATURE_COUNT = 13,
};

const char *feature_name(enum feature feature); /* "task storage" */
/*
 * Probed once and remembered. 0: there; negative errno: the kernel's answer.
 * The uprobe features are tried on a function of this program itself.
 */
int feature_probe(enum feature feature);

#endif
