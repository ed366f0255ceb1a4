/* SPDX-License-Identifier: MIT */
#ifndef PSS_HELP_H
#define PSS_HELP_H

#include "user/cmd/cmd.h"

/* All give back the exit code. */
int help_command(const struct command *command); /* its help, to standard output */
int help_unknown(const char *name);              /* complains, with a guess at what was meant */
int help_usage(void);                            /* all of the help, to standard error */
int help_flush(void);                            /* of standard output, with a complaint when that fails */

#endif
