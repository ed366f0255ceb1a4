/* SPDX-License-Identifier: MIT */
/*
 * A closed-loop load: a thread for each connection sends a request, reads the
 * whole answer, sends the next. Prints what it counted as one line of JSON.
 *
 *   client --port N | --udp N | --unix PATH | --unix-dgram PATH
 *          [--connections N] [--requests N, of each connection] [--line TEXT]... [--http]
 *          [--parts N, writes for one request] [--gap US, between them] [--pipeline N]
 *          [--pause US, between requests] [--wait: begin and end at lines on standard input]
 *          [--poll: wait for answers with poll]
 *          [--greeted: the server speaks first]
 *
 * Lines are sent in turn, the same turn on every connection. With --http they
 * are paths. A pipelined batch is written in one piece.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"
#include "tests/targets/totals.h"

#define LINES_MOST 32

static struct {
	unsigned port;
	int type;
	const char *path; /* Unix */
	unsigned connections, requests, parts, pipeline;
	unsigned gap_us, pause_us;
	bool http, wait, poll, greeted;
	const char *line[LINES_MOST];
	unsigned lines;
} option = {.type = SOCK_STREAM, .connections = 1, .requests = 1, .parts = 1, .pipeline = 1};

static atomic_ulong sent, answered, failed;
static struct totals totals;
static pthread_mutex_t totals_mutex = PTHREAD_MUTEX_INITIALIZER;

static int client_connect(unsigned number)
{
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	int fd;

	if (!option.path)
		return loopback_connect(option.type, option.port);
	if (option.type == SOCK_STREAM)
		return unix_connect(SOCK_STREAM, option.path);
	/* A datagram needs an address of its own to be answered: an abstract one. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(own.sun_path + 1, sizeof(own.sun_path) - 1, "pss-client-%d-%u", getpid(), number);
	if (bind(fd, (struct sockaddr *)&own, sizeof(own)))
		fail("bind");
	struct sockaddr_un server = unix_address(option.path);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)))
		fail("connect");
	return fd;
}

static size_t request_text(char *text, size_t size, const char *line)
{
	int length;

	if (option.http)
		length = snprintf(text, size, "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", line);
	else
		length = snprintf(text, size, "%s\n", line);
	return (size_t)length;
}

static bool write_parts(int fd, const char *text, size_t size)
{
	unsigned i;

	for (i = 0; i < option.parts; i++) {
		size_t from = size * i / option.parts, to = size * (i + 1) / option.parts;

		if (i)
			sleep_us(option.gap_us);
		if (write(fd, text + from, to - from) != (ssize_t)(to - from))
			return false;
	}
	return true;
}

/* Whole answers at the front of the buffer, which is shortened by them. */
static unsigned take_answers(char *buffer, size_t *have)
{
	unsigned count = 0;
	size_t at = 0;

	for (;;) {
		char *end =
			memmem(buffer + at, *have - at, option.http ? "\r\n\r\n" : "\n", option.http ? 4 : 1);
		size_t next;

		if (!end)
			break;
		next = (size_t)(end - buffer) + (option.http ? 4 : 1);
		if (option.http) {
			char *length = memmem(buffer + at, *have - at, "Content-Length: ", 16);

			if (!length)
				fail("no length");
			next += strtoul(length + 16, NULL, 10);
		}
		if (next > *have)
			break;
		at = next;
		count++;
	}
	memmove(buffer, buffer + at, *have - at);
	*have -= at;
	return count;
}

static bool exchange(int fd, unsigned first)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	char text[16384], answer[65536];
	size_t size = 0, have = 0;
	unsigned left = option.pipeline, i;
	ssize_t got;

	for (i = 0; i < option.pipeline; i++)
		size += request_text(text + size, sizeof(text) - size,
				     option.line[(first + i) % option.lines]);
	if (!write_parts(fd, text, size))
		return false;
	atomic_fetch_add(&sent, option.pipeline);
	while (left) {
		unsigned whole;

		if (option.poll)

			poll(&ready, 1, -1);

		got = read(fd, answer + have, sizeof(answer) - 1 - have);
		if (got <= 0)
			return false;
		have += (size_t)got;
		answer[have] = '\0';
		whole = take_answers(answer, &have);
		atomic_fetch_add(&answered, whole);
		left -= whole < left ? whole : left;
	}
	return true;
}

static void *drive(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument, i;
	struct totals own = {0};
	int fd = client_connect(number);
	char greeting[256];

	if (option.greeted && read(fd, greeting, sizeof(greeting)) <= 0)
		fail("greeting");
	for (i = 0; i < option.requests; i += option.pipeline) {
		struct clocks before = clocks_now(), after;

		if (!exchange(fd, i)) {
			atomic_fetch_add(&failed, 1);
			break;
		}
		after = clocks_since(before, clocks_now());
		totals_add(&own, "exchange", after, after, after);
		if (option.pause_us)
			sleep_us(option.pause_us);
	}
	close(fd);
	pthread_mutex_lock(&totals_mutex);
	totals_merge(&totals, &own);
	pthread_mutex_unlock(&totals_mutex);
	return NULL;
}

static void option_value(const char *name, const char *value)
{
	if (!strcmp(name, "--port"))
		option.port = (unsigned)atoi(value);
	else if (!strcmp(name, "--udp")) {
		option.port = (unsigned)atoi(value);
		option.type = SOCK_DGRAM;
	} else if (!strcmp(name, "--unix"))
		option.path = value;
	else if (!strcmp(name, "--unix-dgram")) {
		option.path = value;
		option.type = SOCK_DGRAM;
	} else if (!strcmp(name, "--connections"))
		option.connections = (unsigned)atoi(value);
	else if (!strcmp(name, "--requests"))
		option.requests = (unsigned)atoi(value);
	else if (!strcmp(name, "--parts"))
		option.parts = (unsigned)atoi(value);
	else if (!strcmp(name, "--pipeline"))
		option.pipeline = (unsigned)atoi(value);
	else if (!strcmp(name, "--gap"))
		option.gap_us = (unsigned)atoi(value);
	else if (!strcmp(name, "--pause"))
		option.pause_us = (unsigned)atoi(value);
	else if (!strcmp(name, "--line") && option.lines < LINES_MOST)
		option.line[option.lines++] = value;
	else
		exit(2);
}

int main(int argc, char **argv)
{
	pthread_t thread[1024];
	unsigned i;
	int at;

	for (at = 1; at < argc; at++) {
		if (!strcmp(argv[at], "--http"))
			option.http = true;
		else if (!strcmp(argv[at], "--wait"))
			option.wait = true;
		else if (!strcmp(argv[at], "--poll"))
			option.poll = true;
		else if (!strcmp(argv[at], "--greeted"))
			option.greeted = true;
		else if (at + 1 < argc)
			option_value(argv[at], argv[at + 1]), at++;
		else
			exit(2);
	}
	if (!option.lines)
		option.line[option.lines++] = "hello";
	signal(SIGPIPE, SIG_IGN);
	if (option.wait) {
		announce("ready", (unsigned)getpid());
		await_word();
	}
	for (i = 0; i < option.connections; i++)
		if (pthread_create(&thread[i], NULL, drive, (void *)(uintptr_t)i))
			fail("pthread_create");
	for (i = 0; i < option.connections; i++)
		pthread_join(thread[i], NULL);
	printf("{\"sent\": %lu, \"answered\": %lu, \"failed\": %lu, \"totals\": ", sent, answered, failed);
	totals_print(&totals);
	printf("}\n");
	fflush(stdout);
	if (option.wait)
		await_word();
	return failed ? 1 : 0;
}
