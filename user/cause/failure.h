/* SPDX-License-Identifier: MIT */
/* What failures are called. */
#ifndef PSS_FAILURE_H
#define PSS_FAILURE_H

#include <stddef.h>

#include "include/pss_event.h"

/* "ECONNRESET", "errno 4711"; written into buffer, which is returned. */
const char *failure_errno(int code, char *buffer, size_t size);
const char *failure_signal(int code, char *buffer, size_t size);                        /* "SIGSEGV" */
const char *failure_of(enum pss_error_class kind, int code, char *buffer, size_t size); /* of any class */
const char *failure_step(unsigned syscall_class);                                       /* "recv" */

#endif
