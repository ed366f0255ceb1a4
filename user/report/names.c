/* SPDX-License-Identifier: MIT */
#include "user/report/report.h"

#define LOOKUP(table, index)                                                                                 \
	((size_t)(index) < sizeof(table) / sizeof((table)[0]) && (table)[index] ? (table)[index] : "unknown")

const char *pss_verdict_name(enum pss_verdict verdict)
{
	static const char *const name[] = {
		[PSS_VERDICT_INSUFFICIENT] = "insufficient-data",
		[PSS_VERDICT_STABLE] = "stable",
		[PSS_VERDICT_DEGRADED] = "degraded",
		[PSS_VERDICT_UNSTABLE] = "unstable",
		[PSS_VERDICT_CRITICAL] = "critical",
	};
	return LOOKUP(name, verdict);
}

const char *pss_severity_name(enum pss_severity severity)
{
	static const char *const name[] = {
		[PSS_SEV_INFO] = "info",
		[PSS_SEV_WARNING] = "warning",
		[PSS_SEV_CRITICAL] = "critical",
	};
	return LOOKUP(name, severity);
}

const char *pss_op_kind_name(enum pss_op_kind kind)
{
	static const char *const name[] = {
		[PSS_OP_NONE] = "none", [PSS_OP_REQUEST] = "request", [PSS_OP_CALL] = "call",
		[PSS_OP_TICK] = "tick", [PSS_OP_TASK] = "task",       [PSS_OP_FUNC] = "func",
		[PSS_OP_USDT] = "usdt", [PSS_OP_PYTHON] = "python",   [PSS_OP_TRACE] = "trace",
	};
	return LOOKUP(name, kind);
}

const char *pss_component_name(enum pss_component component)
{
	static const char *const name[] = {
		[PSS_C_ON_CPU] = "on_cpu", [PSS_C_RUNQ] = "runq",       [PSS_C_LOCK] = "lock",
		[PSS_C_DISK] = "disk",     [PSS_C_NET] = "net",         [PSS_C_FAULT] = "fault",
		[PSS_C_SLEEP] = "sleep",   [PSS_C_HANDOFF] = "handoff", [PSS_C_OTHER] = "other",
	};
	return LOOKUP(name, component);
}

const char *pss_component_label(enum pss_component component)
{
	static const char *const label[] = {
		[PSS_C_ON_CPU] = "on CPU", [PSS_C_RUNQ] = "run queue",   [PSS_C_LOCK] = "lock",
		[PSS_C_DISK] = "disk",     [PSS_C_NET] = "network",      [PSS_C_FAULT] = "page faults",
		[PSS_C_SLEEP] = "sleep",   [PSS_C_HANDOFF] = "hand-off", [PSS_C_OTHER] = "other waits",
	};
	return LOOKUP(label, component);
}

const char *pss_lost_name(enum pss_lost cause)
{
	static const char *const name[] = {
		[PSS_LOST_RING_FULL] = "ring_full",
		[PSS_LOST_LIFE_RING_FULL] = "life_ring_full",
		[PSS_LOST_SOCKET_MAP_FULL] = "socket_map_full",
		[PSS_LOST_NAME_MAP_FULL] = "name_map_full",
		[PSS_LOST_TASK_STORAGE] = "task_storage",
		[PSS_LOST_ERROR_MAP_FULL] = "error_map_full",
		[PSS_LOST_CLOSED_OPEN] = "closed_open",
		[PSS_LOST_BEGAN_BEFORE] = "began_before",
		[PSS_LOST_CLOCK_BACKWARD] = "clock_backward",
		[PSS_LOST_PROBE_ERROR] = "probe_error",
		[PSS_LOST_IO_URING] = "io_uring",
		[PSS_LOST_STATS_FULL] = "stats_full",
		[PSS_LOST_PARSE] = "parse",
		[PSS_LOST_IN_FLIGHT] = "in_flight",
		[PSS_LOST_SWITCH] = "context_switch",
		[PSS_LOST_CONTRADICTION] = "contradiction",
	};
	return LOOKUP(name, cause);
}

const char *pss_lost_label(enum pss_lost cause)
{
	static const char *const label[] = {
		[PSS_LOST_RING_FULL] = "details dropped, the ring was full (counts are still exact)",
		[PSS_LOST_LIFE_RING_FULL] = "forks or exits missed, their ring was full",
		[PSS_LOST_SOCKET_MAP_FULL] = "sockets not followed, too many were open",
		[PSS_LOST_NAME_MAP_FULL] = "counted under \"other\", too many names",
		[PSS_LOST_TASK_STORAGE] = "threads not followed, the kernel had no memory for them",
		[PSS_LOST_ERROR_MAP_FULL] = "errors not listed, too many kinds of them",
		[PSS_LOST_CLOSED_OPEN] = "closed or reused before the answer",
		[PSS_LOST_BEGAN_BEFORE] = "begun before the capture, only the answer was seen",
		[PSS_LOST_CLOCK_BACKWARD] = "dropped, their clock ran backwards",
		[PSS_LOST_PROBE_ERROR] = "kernel memory could not be read",
		[PSS_LOST_IO_URING] = "io_uring submissions, their requests are not seen",
		[PSS_LOST_STATS_FULL] = "missing from the exact totals, too many names",
		[PSS_LOST_PARSE] = "pipelined batches that could not be counted, taken as one each",
		[PSS_LOST_IN_FLIGHT] = "still unanswered when the capture ended",
		[PSS_LOST_SWITCH] =
			"context switches that the kernel did not tell of: waits split by estimate",
		[PSS_LOST_CONTRADICTION] = "records that contradict the rest and were left out",
	};
	return LOOKUP(label, cause);
}
