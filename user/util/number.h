/* SPDX-License-Identifier: MIT */
/*
 * Numbers as people read them, and as people type them. Formatters write at
 * most size bytes with the NUL and return the buffer; what is not finite
 * becomes "-".
 */
#ifndef PSS_NUMBER_H
#define PSS_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define PSS_NUMBER_SIZE 32

const char *format_duration_ns(char *buffer, size_t size, double ns); /* "5.6 us", "1.20 s" */
const char *format_bytes(char *buffer, size_t size, double bytes);    /* "12.3 MiB", "-4.0 KiB" */
const char *format_count(char *buffer, size_t size, double count);    /* "950", "110k", "1.20M" */
const char *format_percent(char *buffer, size_t size, double share);  /* 0.823: "82 %", 0.002: "0.2 %" */
/* RFC 3339 in UTC: "2026-01-31T23:59:59Z", with nine digits of the second when precise. */
const char *format_time_utc(char *buffer, size_t size, uint64_t unix_ns, int precise);

/* All: 0; -EINVAL when text is not of the form; -ERANGE when out of its range. */
int parse_duration_ns(const char *text,
		      uint64_t *ns); /* 10s, 500ms, 1.5m, 1h, 10 (seconds); above 0, at most a year */
int parse_bytes(const char *text, uint64_t *bytes);                   /* 8M, 512K, 4096; powers of 1024 */
int parse_unsigned(const char *text, uint64_t most, uint64_t *value); /* decimal digits alone */
int parse_real(const char *text, double least, double most, double *value);

#endif
