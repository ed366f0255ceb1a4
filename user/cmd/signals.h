/* SPDX-License-Identifier: MIT */
/*
 * SIGINT, SIGTERM and SIGHUP end a capture in good order: the first one is
 * remembered, a second one ends the program at once (nothing stays attached,
 * since the kernel drops what a dead process held).
 */
#ifndef PSS_SIGNALS_H
#define PSS_SIGNALS_H

void signals_catch(void);
/* The signal that came, 0: none. */
int signals_caught(void);
/* Back to the defaults, in a child that becomes another program. */
void signals_default(void);

#endif
