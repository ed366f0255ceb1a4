/* SPDX-License-Identifier: MIT */
#include "user/capture/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/capture/capture_internal.h"
#include "pss_bpf.skel.h"
#include "user/capture/checks.h"

#define DRAIN_MS 25       /* operations' records are not waited for but fetched this often */
#define MEMORY_READINGS 4 /* in an interval */
#define SOCKET_SWEEP_NS 10000000000ull
#define INTERVAL_DEFAULT 1000000000ull

uint64_t capture_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int capture_send(struct capture *capture, enum pss_record_type type, const void *payload, uint32_t size)
{
	struct pss_record_head head = {.type = type, .size = size};
	if (capture->sink_error)
		return capture->sink_error;
	if (!capture->sink)
		return 0; /* calibrating */
	capture->sink_error = capture->sink(capture->context, &head, payload);
	return capture->sink_error;
}

static int on_operation(void *context, void *data, size_t size)
{
	struct capture *capture = context;
	struct pss_op op;
	if (size < sizeof(op))
		return 0;
	memcpy(&op, data, sizeof(op));
	op.rss_bytes = capture->rss_bytes;
	if (!capture->sink)
		return 0; /* calibrating */
	int error = slots_name(capture, op.name_id);
	return error ? error : capture_send(capture, PSS_REC_OP, &op, sizeof(op));
}

static int on_life(void *context, void *data, size_t size)
{
	struct capture *capture = context;
	struct pss_life life;
	if (size < sizeof(life))
		return 0;
	memcpy(&life, data, sizeof(life));
	int error = 0;
	bool news = life.type != PSS_LIFE_FORK || life.parent_tgid; /* who was there at the start is none */
	if (life.type == PSS_LIFE_FORK)
		error = processes_add(&capture->processes, (pid_t)life.tgid, life.parent_tgid != 0);
	else if (life.type == PSS_LIFE_EXIT)
		/* Two threads that end at once may both be taken for the last. */
		news = processes_remove(&capture->processes, (pid_t)life.tgid);
	if (!error && news)
		error = capture_send(capture, PSS_REC_LIFE, &life, sizeof(life));
	return error;
}

static int open_rings(struct capture *capture)
{
	struct pss_bpf *skeleton = capture->skeleton;
	capture->rings = ring_buffer__new(bpf_map__fd(skeleton->maps.life_ring), on_life, capture, NULL);
	if (!capture->rings)
		return -errno;
	return ring_buffer__add(capture->rings, bpf_map__fd(skeleton->maps.ops_ring), on_operation, capture);
}

static int prepare(struct capture *capture, struct capture_error *error)
{
	int code = checks_require(capture->options.pid, &capture->target, error);
	if (code)
		return code;
	code = capture_load(capture, error);
	if (code)
		return code;
	struct calibration calibration;
	calibration_begin(&calibration);
	code = capture_attach(capture, error);
	if (code) {
		calibration_end(&calibration);
		return code;
	}
	code = slots_map(capture);
	if (!code)
		code = open_rings(capture);
	if (!code)
		capture_calibrate(capture, &calibration);
	calibration_end(&calibration);
	if (code) {
		error->exit_code = 3;
		snprintf(error->text, sizeof(error->text), "cannot map the kernel's buffers: %s",
			 strerror(-code));
		return code;
	}
	sockets_listeners(capture);
	capture->memory_limit = target_memory_limit(&capture->target);
	return 0;
}

int capture_open(struct capture **made, const struct capture_options *options, struct capture_error *error)
{
	struct capture *capture = calloc(1, sizeof(*capture));
	*made = NULL;
	if (!capture) {
		error->exit_code = 3;
		snprintf(error->text, sizeof(error->text), "out of memory");
		return -ENOMEM;
	}
	capture->options = *options;
	if (!capture->options.interval_ns)
		capture->options.interval_ns = INTERVAL_DEFAULT;
	int code = prepare(capture, error);
	if (code) {
		capture_close(capture);
		return code;
	}
	*made = capture;
	return 0;
}

static int send_meta(struct capture *capture)
{
	const struct target *target = &capture->target;
	struct pss_meta meta = {.start_ns = capture->start_ns,
				.interval_ns = capture->options.interval_ns,
				.pid = (uint32_t)target->pid,
				.ops_forced = capture->options.ops_forced};
	struct timespec real;
	clock_gettime(CLOCK_REALTIME, &real);
	uint64_t since = capture_now_ns() - capture->start_ns;
	meta.start_unix_ns = (uint64_t)real.tv_sec * 1000000000u + (uint64_t)real.tv_nsec - since;
	meta.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	memcpy(meta.comm, target->comm, sizeof(meta.comm));
	memcpy(meta.exe, target->exe, sizeof(meta.exe));
	memcpy(meta.cgroup, target->cgroup, sizeof(meta.cgroup));
	memcpy(meta.runtime, target->runtime, sizeof(meta.runtime));
	struct utsname system;
	if (!uname(&system)) {
		snprintf(meta.kernel, sizeof(meta.kernel), "%.60s %.32s", system.release, system.machine);
		snprintf(meta.host, sizeof(meta.host), "%.63s", system.nodename);
	}
	return capture_send(capture, PSS_REC_META, &meta, sizeof(meta));
}

int capture_start(struct capture *capture, capture_sink sink, void *context)
{
	capture->sink = sink;
	capture->context = context;
	/* Before the first thread is followed: no operation can begin before the capture does. */
	capture->start_ns = capture_now_ns();
	capture->skeleton->bss->active = true;
	int error = capture_follow(capture, capture->target.pid);
	if (error)
		return error;
	capture->started = true;
	capture->next_tick_ns = capture->start_ns + capture->options.interval_ns;
	capture->last_pace_ns = capture->start_ns;
	error = send_meta(capture);
	/* The processes that are there tell themselves through the life ring. */
	if (!error && ring_buffer__consume(capture->rings) < 0)
		error = capture->sink_error;
	if (!error)
		error = ledger_memory(capture, capture->start_ns);
	capture->next_memory_ns = capture->start_ns + capture->options.interval_ns / MEMORY_READINGS;
	return error;
}

/* All that is told of an interval. */
static int tell_interval(struct capture *capture, uint64_t now)
{
	struct pss_tick tick = {.time_ns = now};
	int error = slots_tell(capture, now);
	if (!error)
		error = ledger_errors(capture, now);
	if (!error)
		error = ledger_losses(capture, now);
	if (!error)
		error = ledger_cost(capture, now);
	if (!error)
		error = capture_send(capture, PSS_REC_TICK, &tick, sizeof(tick));
	return error;
}

static int do_what_is_due(struct capture *capture)
{
	uint64_t now = capture_now_ns(), interval = capture->options.interval_ns;
	int error = 0;
	slots_pace(capture, now);
	if (now >= capture->next_memory_ns) {
		capture->next_memory_ns += interval / MEMORY_READINGS;
		if (now > capture->next_memory_ns)
			capture->next_memory_ns = now + interval / MEMORY_READINGS;
		error = ledger_memory(capture, now);
	}
	if (!error && now >= capture->next_tick_ns) {
		while (capture->next_tick_ns <= now)
			capture->next_tick_ns += interval;
		processes_sweep(&capture->processes);
		error = tell_interval(capture, now);
		if (!error && now >= capture->next_sweep_ns) {
			capture->next_sweep_ns = now + SOCKET_SWEEP_NS;
			error = sockets_sweep(capture, now);
		}
	}
	return error;
}

int capture_poll(struct capture *capture, int timeout_ms)
{
	if (!capture->processes.count)
		return 0;
	int wait = timeout_ms >= 0 && timeout_ms < DRAIN_MS ? timeout_ms : DRAIN_MS;
	int got = ring_buffer__poll(capture->rings, wait);
	/* A poll hands over only what has woken it. */
	if (got >= 0 || got == -EINTR)
		got = ring_buffer__consume(capture->rings);
	if (capture->sink_error)
		return capture->sink_error;
	if (got < 0 && got != -EINTR)
		return got;
	int error = do_what_is_due(capture);
	if (error)
		return error;
	return capture->processes.count ? 1 : 0;
}

int capture_stop(struct capture *capture, enum pss_end_reason reason)
{
	if (!capture->started || capture->stopped)
		return 0;
	capture->stopped = true;
	uint64_t now = capture_now_ns();
	/* Who is there, and then, while they are, their last memory and CPU time. */
	int error = ring_buffer__consume(capture->rings) < 0 ? capture->sink_error : 0;
	if (!error)
		error = ledger_memory(capture, now);
	capture_detach(capture);
	if (ring_buffer__consume(capture->rings) < 0 && !error)
		error = capture->sink_error;
	if (!error)
		error = sockets_flush(capture);
	if (!error)
		error = tell_interval(capture, now);
	struct pss_end end = {.time_ns = now, .reason = reason};
	if (!error)
		error = capture_send(capture, PSS_REC_END, &end, sizeof(end));
	return error;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	capture_detach(capture);
	if (capture->rings)
		ring_buffer__free(capture->rings);
	if (capture->skeleton)
		slots_unmap(capture);
	capture_unload(capture);
	processes_free(&capture->processes);
	free(capture->errors);
	free(capture);
}

uint64_t capture_kernel_bytes(const struct capture *capture)
{
	uint64_t sum = 0;
	struct bpf_map *map;
	if (!capture->skeleton)
		return 0;
	bpf_object__for_each_map(map, capture->skeleton->obj)
	{
		uint64_t entries = bpf_map__max_entries(map);
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			sum += entries;
		else if (bpf_map__type(map) != BPF_MAP_TYPE_TASK_STORAGE)
			sum += entries * ((uint64_t)bpf_map__key_size(map) + bpf_map__value_size(map));
	}
	return sum;
}
