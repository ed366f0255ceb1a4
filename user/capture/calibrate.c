/* SPDX-License-Identifier: MIT */
#include "user/capture/capture_internal.h"

void capture_calibrate(struct capture *capture)
{
	(void)capture;
}
