/* SPDX-License-Identifier: MIT */
#include "user/cmd/signals.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
#define ENDING (sizeof(ending) / sizeof(ending[0]))

static volatile sig_atomic_t caught;

static void remember(int number)
{
	caught = number;
	for (size_t i = 0; i < ENDING; i++)
		signal(ending[i], SIG_DFL);
}

void signals_catch(void)
{
	struct sigaction action, before;
	memset(&action, 0, sizeof(action));
	action.sa_handler = remember;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&action.sa_mask, ending[i]);
	for (size_t i = 0; i < ENDING; i++) {
		/* nohup and background jobs of a plain shell ask for signals to stay ignored. */
		if (!sigaction(ending[i], NULL, &before) && before.sa_handler == SIG_IGN &&
		    ending[i] != SIGTERM)
			continue;
		sigaction(ending[i], &action, NULL);
	}
}

int signals_caught(void)
{
	return caught;
}

void signals_default(void)
{
	for (size_t i = 0; i < ENDING; i++)
		signal(ending[i], SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
}
