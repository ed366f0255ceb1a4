/* SPDX-License-Identifier: MIT */
/*
 * Limits of a control group, version 2 or 1: that of the group itself and of
 * all groups above it count, and the tightest one is in force.
 */
#ifndef PSS_TARGET_CGROUP_H
#define PSS_TARGET_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where the hierarchy of a v1 controller (NULL: version 2) is mounted, from
 * the text of mountinfo. root: what of the hierarchy is mounted there, "/"
 * usually. Buffers of size bytes. 0 or -ENOENT.
 */
int cgroup_mount(const char *mountinfo, const char *controller, char *mount, char *root, size_t size);

/* Bytes; 0: no limit on the way from mount + path up to mount. */
uint64_t cgroup_memory_limit(const char *mount, const char *path, bool version_2);
/* CPUs; 0: no quota on the way. */
double cgroup_cpu_limit(const char *mount, const char *path, bool version_2);

#endif
