/* SPDX-License-Identifier: MIT */
/* What Python's float() makes of a text, since pypss calls it on whatever a record holds. */
#ifndef PSS_PYTHON_NUMBER_H
#define PSS_PYTHON_NUMBER_H

#include <stddef.h>

/*
 * text is valid UTF-8. Space around it, a sign, single underscores between
 * digits, decimal digits of any script, inf, infinity and nan in any case are
 * taken; a number too large is infinite. 0; -EINVAL: no number; -ENOMEM.
 */
int python_float(const char *text, size_t size, double *value);

#endif
