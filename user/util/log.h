/* SPDX-License-Identifier: MIT */
/*
 * Messages to standard error, one line each, "pss-bpf: " before it. Results
 * never go here. Text of a target must be escaped by the caller (escape.h).
 */
#ifndef PSS_LOG_H
#define PSS_LOG_H

enum pss_log_level {
	PSS_LOG_ERROR = 0, /* always shown */
	PSS_LOG_WARN = 1,  /* always shown: something that the user must know */
	PSS_LOG_NOTE = 2,  /* not with --quiet */
	PSS_LOG_DEBUG = 3, /* with --verbose */
	PSS_LOG_TRACE = 4, /* with --verbose twice: what libraries say */
};

/* The most talkative level that is shown; PSS_LOG_NOTE at the start. */
void pss_log_limit(enum pss_log_level level);
/* Adds the line end itself. Keeps errno. */
void pss_log(enum pss_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
