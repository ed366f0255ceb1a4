/* SPDX-License-Identifier: MIT */
/*
 * A server in many styles that counts its own requests:
 *
 *   server [--loop threads|epoll|poll|prefork] [--socket tcp|udp|unix|unix-dgram|pair] [--path PATH]
 *          [--io plain|recv|message|vector|sendfile] [--writes N] [--http] [--work US] [--greet]
 *          [--delay US: with epoll, answers leave 1 to 5 times so much later, others being read meanwhile]
 *          [--together: answers to a pipelined batch leave in one write]
 *
 * Prints "port N" (0 for Unix). With --socket pair a child asks 300 times over a
 * socket pair, once there is a line on standard input. A request is a line, or with --http a head
 * that ends with an empty line; an answer is a line, or an HTTP response, sent
 * in so many writes. At SIGTERM: {"requests", "operations", "wall_ns",
 * "shortest_ns", "connections"}: an operation lasts from the read that
 * brought its first bytes to the last write before the next read.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"

#define CONNECTIONS_MOST 1024

enum io { IO_PLAIN, IO_RECV, IO_MESSAGE, IO_VECTOR, IO_SENDFILE };

static struct {
	const char *loop, *socket, *path;
	enum io io;
	unsigned writes, work_us, delay_us;
	bool http, greet, together;
} option = {.loop = "threads", .socket = "tcp", .writes = 1};

/* Shared with children of --loop prefork. */
static struct shared {
	atomic_ulong requests, operations, connections;
	atomic_ulong wall, shortest; /* sums, to after and to before the last write */
} * shared;

struct connection {
	int fd;
	char buffer[65536];
	size_t have;
	bool open;       /* an operation has begun */
	bool answered;   /* and part of its answer has left */
	uint64_t start;  /* wall */
	uint64_t last;   /* wall: after the last write */
	uint64_t before; /* wall: before it */
	uint64_t due;    /* wall: when a delayed answer leaves; 0: none waits */
};

static int listener;
static int answer_file = -1;

static ssize_t read_some(int fd, void *to, size_t size)
{
	struct iovec part[2] = {{to, size / 2}, {(char *)to + size / 2, size - size / 2}};
	struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};

	switch (option.io) {
	case IO_RECV:
		return recv(fd, to, size, 0);
	case IO_MESSAGE:
		return recvmsg(fd, &message, 0);
	case IO_VECTOR:
		return readv(fd, part, 2);
	default:
		return read(fd, to, size);
	}
}

static void write_some(int fd, const char *from, size_t size, off_t offset)
{
	struct iovec part[2] = {{(char *)(uintptr_t)from, size / 2},
				{(char *)(uintptr_t)from + size / 2, size - size / 2}};
	struct msghdr message = {.msg_iov = part, .msg_iovlen = 2};
	ssize_t done;

	switch (option.io) {
	case IO_RECV:
		done = send(fd, from, size, MSG_NOSIGNAL);
		break;
	case IO_MESSAGE:
		done = sendmsg(fd, &message, MSG_NOSIGNAL);
		break;
	case IO_VECTOR:
		done = writev(fd, part, 2);
		break;
	case IO_SENDFILE:
		done = sendfile(fd, answer_file, &offset, size);
		break;
	default:
		done = write(fd, from, size);
	}
	if (done != (ssize_t)size && !stopping)
		perror("answer");
}

static const char *answer_text(void)
{
	if (option.http)
		return "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world\n";
	return "a line that is long enough for pieces\n";
}

/* The same answer `count` times, in the wanted number of pieces. */
static void write_answers(struct connection *connection, unsigned count)
{
	const char *one = answer_text();
	size_t size = strlen(one);
	char many[32768];
	unsigned i;

	if (count > 1) {
		for (i = 0; i < count && (i + 1) * size < sizeof(many); i++)
			memcpy(many + i * size, one, size);
		connection->before = wall_now();
		write_some(connection->fd, many, size * count, 0);
	} else {
		for (i = 0; i < option.writes; i++) {
			size_t from = size * i / option.writes, to = size * (i + 1) / option.writes;

			connection->before = wall_now();
			write_some(connection->fd, one + from, to - from, (off_t)from);
		}
	}
	connection->answered = true;
	connection->last = wall_now();
}

/* The operation that was open is over: the next read, or the end of the connection, has come. */
static void settle(struct connection *connection)
{
	if (!connection->answered)
		return;
	atomic_fetch_add(&shared->operations, 1);
	atomic_fetch_add(&shared->wall, connection->last - connection->start);
	atomic_fetch_add(&shared->shortest, connection->before - connection->start);
	connection->open = connection->answered = false;
}

/* Connections whose answer is still to leave. */
static struct connection *delayed[CONNECTIONS_MOST];
static unsigned delayed_count;

static void delay_answer(struct connection *connection)
{
	static unsigned turn;

	connection->due = wall_now() + (uint64_t)option.delay_us * 1000 * (1 + turn++ * 7 % 5);
	if (delayed_count < CONNECTIONS_MOST)
		delayed[delayed_count++] = connection;
}

/* Sends what is due; milliseconds until more is, or -1. */
static int send_due(void)
{
	uint64_t now = wall_now(), next = UINT64_MAX;
	unsigned i;

	for (i = 0; i < delayed_count; i++) {
		struct connection *connection = delayed[i];

		if (connection->due > now) {
			next = connection->due < next ? connection->due : next;
			continue;
		}
		delayed[i--] = delayed[--delayed_count];
		write_answers(connection, 1);
	}
	return next == UINT64_MAX ? -1 : (int)((next - now + 999999) / 1000000);
}

static void answer_all(struct connection *connection)
{
	const char *end = option.http ? "\r\n\r\n" : "\n";
	size_t at = 0, length = strlen(end);
	unsigned count = 0;
	char *found;

	while ((found = memmem(connection->buffer + at, connection->have - at, end, length))) {
		at = (size_t)(found - connection->buffer) + length;
		if (option.work_us)
			spin_us(option.work_us);
		count++;
		if (option.delay_us)
			delay_answer(connection);
		else if (!option.together)
			write_answers(connection, 1);
	}
	if (option.together && count)
		write_answers(connection, count);
	atomic_fetch_add(&shared->requests, count);
	memmove(connection->buffer, connection->buffer + at, connection->have - at);
	connection->have -= at;
}

/* One read and what follows from it; false when the connection has ended. */
static bool serve_once(struct connection *connection)
{
	ssize_t got = read_some(connection->fd, connection->buffer + connection->have,
				sizeof(connection->buffer) - connection->have);

	settle(connection);
	if (got <= 0) {
		close(connection->fd);
		free(connection);
		return false;
	}
	if (!connection->open) {
		connection->open = true;
		connection->start = wall_now();
	}
	connection->have += (size_t)got;
	answer_all(connection);
	return true;
}

static struct connection *accept_one(void)
{
	struct connection *connection;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	int on = 1;

	if (fd < 0)
		return NULL;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		fail("calloc");
	connection->fd = fd;
	atomic_fetch_add(&shared->connections, 1);
	if (option.greet)
		write_some(fd, "welcome\n", 8, 0);
	return connection;
}

static void *serve(void *argument)
{
	while (serve_once(argument))
		continue;
	return NULL;
}

static void loop_threads(void)
{
	while (!stopping) {
		struct connection *connection = accept_one();
		pthread_t thread;

		if (!connection)
			continue;
		if (pthread_create(&thread, NULL, serve, connection))
			fail("pthread_create");
		pthread_detach(thread);
	}
}

static void loop_prefork(void)
{
	signal(SIGCHLD, SIG_IGN);
	while (!stopping) {
		struct connection *connection = accept_one();

		if (!connection)
			continue;
		if (!fork()) {
			close(listener);
			serve(connection);
			_exit(0);
		}
		close(connection->fd);
		free(connection);
	}
}

static void watch(int epoll, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail("epoll_ctl");
}

static void loop_epoll(void)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	watch(epoll, listener, NULL);
	while (!stopping) {
		struct epoll_event event[64];
		int i, ready = epoll_wait(epoll, event, 64, send_due());

		for (i = 0; i < ready; i++) {
			struct connection *connection = event[i].data.ptr;

			if (connection)
				serve_once(connection);
			else if ((connection = accept_one()))
				watch(epoll, connection->fd, connection);
		}
	}
}

static void loop_poll(void)
{
	static struct connection *connection[CONNECTIONS_MOST];
	static struct pollfd wanted[CONNECTIONS_MOST];
	nfds_t count = 1, i;

	wanted[0] = (struct pollfd){listener, POLLIN, 0};
	while (!stopping) {
		if (poll(wanted, count, -1) < 0)
			continue;
		for (i = 1; i < count; i++) {
			if (!wanted[i].revents || serve_once(connection[i]))
				continue;
			count--;
			connection[i] = connection[count];
			wanted[i] = wanted[count];
			i--;
		}
		if (!(wanted[0].revents & POLLIN) || count == CONNECTIONS_MOST)
			continue;
		connection[count] = accept_one();
		if (!connection[count])
			continue;
		wanted[count] = (struct pollfd){connection[count]->fd, POLLIN, 0};
		count++;
	}
}

/* The one connection is a pair of sockets, with a child at the other end. */
static void loop_pair(void)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int pair[2], i;
	char answer[64];

	if (!connection || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("socketpair");
	if (!fork()) {
		close(pair[0]);
		await_word();
		for (i = 0; i < 300; i++)
			if (write(pair[1], "hello\n", 6) != 6 || read(pair[1], answer, sizeof(answer)) <= 0)
				_exit(1);
		_exit(0);
	}
	close(pair[1]);
	connection->fd = pair[0];
	serve(connection);
	announce("done", 0);
	while (!stopping)
		pause();
}

static void loop_datagrams(void)
{
	char datagram[2048];

	while (!stopping) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		ssize_t got =
			recvfrom(listener, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &size);
		uint64_t start = wall_now();
		uint64_t before;

		if (got < 0)
			continue;
		if (option.work_us)
			spin_us(option.work_us);
		before = wall_now();
		if (sendto(listener, datagram, (size_t)got, 0, (struct sockaddr *)&from, size) != got)
			perror("sendto");
		atomic_fetch_add(&shared->requests, 1);
		atomic_fetch_add(&shared->operations, 1);
		atomic_fetch_add(&shared->wall, wall_now() - start);
		atomic_fetch_add(&shared->shortest, before - start);
	}
}

static void option_value(const char *name, const char *value)
{
	static const char *const ios[] = {"plain", "recv", "message", "vector", "sendfile"};
	unsigned i;

	if (!strcmp(name, "--loop"))
		option.loop = value;
	else if (!strcmp(name, "--socket"))
		option.socket = value;
	else if (!strcmp(name, "--path"))
		option.path = value;
	else if (!strcmp(name, "--writes"))
		option.writes = (unsigned)atoi(value);
	else if (!strcmp(name, "--work"))
		option.work_us = (unsigned)atoi(value);
	else if (!strcmp(name, "--delay"))
		option.delay_us = (unsigned)atoi(value);
	else if (!strcmp(name, "--io")) {
		for (i = 0; i < 5; i++)
			if (!strcmp(ios[i], value))
				option.io = (enum io)i;
	} else
		exit(2);
}

static void open_answer_file(void)
{
	char path[] = "/tmp/pss-server-XXXXXX";

	answer_file = mkostemp(path, O_CLOEXEC);
	unlink(path);
	if (answer_file < 0 || write(answer_file, answer_text(), strlen(answer_text())) < 0)
		fail(path);
}

static void open_listener(void)
{
	bool datagram = !strcmp(option.socket, "udp") || !strcmp(option.socket, "unix-dgram");
	int type = datagram ? SOCK_DGRAM : SOCK_STREAM;
	bool local = !strncmp(option.socket, "unix", 4);

	if (!strcmp(option.socket, "pair")) {
		announce("port", 0);
		loop_pair();
		return;
	}

	listener = local ? unix_bind(type, option.path) : loopback_bind(type);
	announce("port", local ? 0 : local_port(listener));
	if (datagram)
		loop_datagrams();
	else if (!strcmp(option.loop, "epoll"))
		loop_epoll();
	else if (!strcmp(option.loop, "poll"))
		loop_poll();
	else if (!strcmp(option.loop, "prefork"))
		loop_prefork();
	else
		loop_threads();
}

int main(int argc, char **argv)
{
	int at;

	for (at = 1; at < argc; at++) {
		if (!strcmp(argv[at], "--http"))
			option.http = true;
		else if (!strcmp(argv[at], "--greet"))
			option.greet = true;
		else if (!strcmp(argv[at], "--together"))
			option.together = true;
		else if (at + 1 < argc)
			option_value(argv[at], argv[at + 1]), at++;
		else
			exit(2);
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		fail("mmap");
	stop_when_told();
	open_answer_file();
	open_listener();
	printf("{\"requests\": %lu, \"operations\": %lu, \"wall_ns\": %lu, \"shortest_ns\": %lu, "
	       "\"connections\": %lu}\n",
	       shared->requests, shared->operations, shared->wall, shared->shortest, shared->connections);
	return 0;
}
