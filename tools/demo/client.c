/* SPDX-License-Identifier: MIT */
/*
 * The demo's customers: each of six connections asks, waits for the answer, thinks for a moment, and asks
 * again. usage: client PORT; it ends with SIGTERM or when the server goes away, and says how many answers
 * came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CUSTOMERS 6

static uint16_t port;
static atomic_ulong answers;

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* 0.5 to 1.5 ms */
static void think(uint32_t *state)
{
	struct timespec moment = {.tv_sec = 0, .tv_nsec = 500000 + (long)(next_random(state) % 1000000)};

	nanosleep(&moment, NULL);
}

/* Seven of ten look at an item, two order, the rest wants a report or asks whether the server lives. */
static int make_request(uint32_t *state, char *request, size_t size)
{
	uint32_t die = next_random(state) % 20, item = next_random(state) % 1000;

	if (die < 14)
		return snprintf(request, size, "GET /item/%u HTTP/1.1\r\nHost: demo\r\n\r\n", item);
	if (die < 18)
		return snprintf(request, size, "POST /order/%u HTTP/1.1\r\nHost: demo\r\n\r\n", item);
	return snprintf(request, size, "GET /%s HTTP/1.1\r\nHost: demo\r\n\r\n",
			die == 18 ? "report" : "health");
}

/* Reads up to the end of one answer. */
static int read_answer(int connection)
{
	char answer[1024];
	size_t have = 0;

	while (have < sizeof(answer) - 1) {
		ssize_t got = recv(connection, answer + have, sizeof(answer) - 1 - have, 0);
		const char *head_end, *length;

		if (got <= 0)
			return -1;
		have += (size_t)got;
		answer[have] = '\0';
		head_end = strstr(answer, "\r\n\r\n");
		length = strstr(answer, "Content-Length: ");
		if (head_end && length &&
		    have >= (size_t)(head_end + 4 - answer) + strtoul(length + 16, NULL, 10))
			return 0;
	}
	return -1;
}

static void *shop(void *number)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint32_t state = 2463534242u + (uint32_t)(uintptr_t)number;
	int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	char request[128];

	if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof(address))) {
		perror("demo client");
		return NULL;
	}
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (;;) {
		int length = make_request(&state, request, sizeof(request));

		if (send(connection, request, (size_t)length, MSG_NOSIGNAL) != length ||
		    read_answer(connection))
			break;
		atomic_fetch_add(&answers, 1);
		think(&state);
	}
	close(connection);
	return NULL;
}

static void *wait_for_end(void *signals)
{
	int number;

	sigwait(signals, &number);
	printf("%lu answers\n", atomic_load(&answers));
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	pthread_t customer[CUSTOMERS], ender;
	sigset_t signals;

	if (argc != 2 || !(port = (uint16_t)strtoul(argv[1], NULL, 10))) {
		fprintf(stderr, "usage: client PORT\n");
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	if (pthread_create(&ender, NULL, wait_for_end, &signals))
		return 1;
	for (unsigned i = 0; i < CUSTOMERS; i++)
		if (pthread_create(&customer[i], NULL, shop, (void *)(uintptr_t)i))
			return 1;
	for (unsigned i = 0; i < CUSTOMERS; i++)
		pthread_join(customer[i], NULL);
	return 1;
}
