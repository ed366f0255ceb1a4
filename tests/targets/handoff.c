/* SPDX-License-Identifier: MIT */
/*
 * A server whose requests are read by one thread and answered by another:
 *
 *   handoff condition|eventfd|pipe [--epoll] [--workers N]
 *
 * Prints "port N"; serves lines "spin US\n" or "sleep US\n" with "ok\n". One
 * thread for each connection reads, or, with --epoll, one thread for all. A
 * worker that is idle waits for the condition, the eventfd or the pipe; one that
 * is busy takes the next request from the queue when it is done. At SIGTERM it
 * prints its totals: the phase of kind "handoff" is the time from before the
 * reader passed the request on until a worker had taken it up.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"
#include "tests/targets/totals.h"

#define QUEUE_MOST 1024

struct request {
	int fd;
	uint64_t amount;
	bool sleeps;
	struct clocks start; /* of the reader: the read has returned */
	struct clocks left;  /* of the reader: before it passes the request on */
};

static enum { BY_CONDITION, BY_EVENTFD, BY_PIPE } by;
static int signal_fd[2]; /* to wait on, to signal with */
static struct request queue[QUEUE_MOST];
static unsigned queue_first, queue_length;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static struct totals totals;
static pthread_mutex_t totals_mutex = PTHREAD_MUTEX_INITIALIZER;
static int listener;

static void pass_on(struct request request)
{
	uint64_t one = 1;

	request.left = clocks_now();
	pthread_mutex_lock(&mutex);
	queue[(queue_first + queue_length++) % QUEUE_MOST] = request;
	if (by == BY_CONDITION)
		pthread_cond_signal(&condition);
	pthread_mutex_unlock(&mutex);
	if (by == BY_EVENTFD && write(signal_fd[1], &one, sizeof(one)) != sizeof(one))
		fail("eventfd");
	if (by == BY_PIPE && write(signal_fd[1], "x", 1) != 1)
		fail("pipe");
}

static struct request take(void)
{
	struct request request;
	uint64_t word;

	if (by == BY_EVENTFD && read(signal_fd[0], &word, sizeof(word)) != sizeof(word))
		fail("eventfd");
	if (by == BY_PIPE && read(signal_fd[0], &word, 1) != 1)
		fail("pipe");
	pthread_mutex_lock(&mutex);
	while (!queue_length)
		pthread_cond_wait(&condition, &mutex);
	request = queue[queue_first++ % QUEUE_MOST];
	queue_length--;
	pthread_mutex_unlock(&mutex);
	return request;
}

/* CPU and run-queue time of both threads: the reader's until it left, the worker's since it took up. */
static struct clocks both(const struct request *request, struct clocks taken, struct clocks end)
{
	struct clocks sum = clocks_since(request->start, request->left);

	clocks_add(&sum, clocks_since(taken, end));
	sum.wall = end.wall - request->start.wall;
	return sum;
}

static void *work(void *unused)
{
	(void)unused;
	clocks_now();
	for (;;) {
		struct request request = take();
		struct clocks taken = clocks_now(), done, end, handoff = {0};

		if (request.sleeps)
			sleep_us(request.amount);
		else
			spin_us(request.amount);
		done = clocks_now();
		if (write(request.fd, "ok\n", 3) != 3)
			continue;
		end = clocks_now();
		handoff.wall = taken.wall - request.left.wall;
		pthread_mutex_lock(&totals_mutex);
		totals_add(&totals, "handoff", both(&request, taken, end), both(&request, taken, done),
			   handoff);
		pthread_mutex_unlock(&totals_mutex);
	}
	return NULL;
}

/* Reads once; false when the connection has ended. */
static bool read_request(int fd)
{
	struct request request = {.fd = fd};
	unsigned long long amount;
	char line[256], name[32];
	ssize_t got = read(fd, line, sizeof(line) - 1);

	if (got <= 0)
		return false;
	request.start = clocks_now();
	line[got] = '\0';
	if (sscanf(line, "%31s %llu", name, &amount) != 2)
		return false;
	request.amount = amount;
	request.sleeps = !strcmp(name, "sleep");
	pass_on(request);
	return true;
}

static void *read_one(void *argument)
{
	int fd = (int)(intptr_t)argument;

	clocks_now();
	while (read_request(fd))
		continue;
	return NULL;
}

static int accept_one(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void loop_threads(void)
{
	while (!stopping) {
		int fd = accept_one();
		pthread_t thread;

		if (fd >= 0 && pthread_create(&thread, NULL, read_one, (void *)(intptr_t)fd))
			fail("pthread_create");
	}
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

static void loop_epoll(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	watch(epoll, listener);
	while (!stopping) {
		struct epoll_event event[16];
		int i, ready = epoll_wait(epoll, event, 16, -1);

		for (i = 0; i < ready; i++) {
			if (event[i].data.fd == listener)
				watch(epoll, accept_one());
			else if (!read_request(event[i].data.fd))
				epoll_ctl(epoll, EPOLL_CTL_DEL, event[i].data.fd, NULL);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned workers = 1;
	bool epoll = false;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "condition"))
			by = BY_CONDITION;
		else if (!strcmp(argv[i], "eventfd"))
			by = BY_EVENTFD;
		else if (!strcmp(argv[i], "pipe"))
			by = BY_PIPE;
		else if (!strcmp(argv[i], "--epoll"))
			epoll = true;
		else if (!strcmp(argv[i], "--workers") && i + 1 < argc)
			workers = (unsigned)atoi(argv[++i]);
		else
			return 2;
	}
	if (by == BY_EVENTFD)
		signal_fd[0] = signal_fd[1] = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	if (by == BY_PIPE && pipe(signal_fd))
		fail("pipe");
	stop_when_told();
	listener = loopback_bind(SOCK_STREAM);
	while (workers--) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, NULL))
			fail("pthread_create");
	}
	announce("port", local_port(listener));
	if (epoll)
		loop_epoll();
	else
		loop_threads();
	pthread_mutex_lock(&totals_mutex);
	totals_print(&totals);
	printf("\n");
	return 0;
}
