/* SPDX-License-Identifier: MIT */
/*
 * What our probes cost a program, found by measuring a small one of our own:
 * its CPU time a step without them and with them, the least of several rounds,
 * since noise only ever adds.
 */
#ifndef PSS_CALIBRATE_H
#define PSS_CALIBRATE_H

#include <sys/types.h>

/* The steps of the program. */
enum calibrate_step {
	CALIBRATE_SYSCALL = 0, /* a system call that does next to nothing */
	CALIBRATE_SOCKET = 1,  /* a message to itself and the answer: four calls on sockets, two operations */
	CALIBRATE_SWITCH = 2,  /* a sleep of no length: off the CPU and on again */
	CALIBRATE_FAULT = 3,   /* a fresh page touched */
	CALIBRATE_STEPS = 4,
};

struct calibration {
	pid_t pid; /* 0: none running */
	int to, from;
	double bare_ns[CALIBRATE_STEPS]; /* a step, without probes */
	double mean_ns;                  /* of the last measurement; it returns the least */
};

/* Starts the program and measures it bare. 0 or negative errno. */
int calibration_begin(struct calibration *calibration);
/* CPU time in ns of one step now; below 0 where it can't be had. */
double calibration_measure(struct calibration *calibration, enum calibrate_step step);
/* Ends the program, whatever its state. */
void calibration_end(struct calibration *calibration);

#endif
