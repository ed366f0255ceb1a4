/* SPDX-License-Identifier: MIT */
/*
 * libbpf's messages: shown line by line at debug level only, and the latest
 * warnings kept, so that an error message can say what the kernel objected to.
 */
#ifndef PSS_LIBBPF_LOG_H
#define PSS_LIBBPF_LOG_H

/* Takes libbpf's messages over. Any number of times. */
void libbpf_log_install(void);

/* Forgets what was kept: before an attempt whose failure will be explained. */
void libbpf_log_clear(void);

/*
 * The newest warnings, at most 4 KiB and whole lines, escaped, lines ended by
 * '\n'; "" when there were none. Valid until the next libbpf call.
 */
const char *libbpf_log_last(void);

#endif
