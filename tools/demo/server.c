/* SPDX-License-Identifier: MIT */
/*
 * The demo's server: a small shop that speaks enough HTTP/1.1, on a random port of loopback, with eight
 * workers that each serve one connection at a time. All requests but /health look into a shelf that one lock
 * protects.
 *
 * Its fault begins with SIGUSR1: a background thread "takes stock" and holds that lock for 20 ms, eight times
 * a second. It burns no CPU while it does so, and no request fails: only waiting shows it.
 */
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

#define WORKERS 8
#define SHELF 4096
#define STOCKTAKING_NS 20000000L
#define PAUSE_NS 105000000L

static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t shelf[SHELF];
static volatile sig_atomic_t faulty;

static void begin_fault(int signal_number)
{
	(void)signal_number;
	faulty = 1;
}

static void sleep_ns(long nanoseconds)
{
	struct timespec left = {.tv_sec = 0, .tv_nsec = nanoseconds};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

static void *take_stock(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "stocktaking");
	for (;;) {
		sleep_ns(PAUSE_NS);
		if (!faulty)
			continue;
		pthread_mutex_lock(&shelf_lock);
		sleep_ns(STOCKTAKING_NS);
		pthread_mutex_unlock(&shelf_lock);
	}
	return NULL;
}

/* Work that takes about so many microseconds of CPU. */
static uint64_t compute(unsigned microseconds, uint64_t seed)
{
	for (unsigned i = 0; i < microseconds * 200; i++)
		seed = seed * 6364136223846793005u + 1442695040888963407u;
	return seed;
}

static uint64_t look_up(uint64_t item, uint64_t change)
{
	uint64_t value;

	pthread_mutex_lock(&shelf_lock);
	shelf[item % SHELF] += change;
	value = shelf[item % SHELF];
	pthread_mutex_unlock(&shelf_lock);
	return value;
}

/* The body of the answer; its length, or -1 for a path that is not served. */
static int answer_body(const char *request, char *body, size_t size)
{
	uint64_t sum = 0;

	if (!strncmp(request, "GET /item/", 10))
		return snprintf(
			body, size, "{\"item\":%llu,\"left\":%llu}\n", strtoull(request + 10, NULL, 10),
			(unsigned long long)look_up(compute(60, strtoull(request + 10, NULL, 10)), 0));
	if (!strncmp(request, "POST /order/", 12))
		return snprintf(
			body, size, "{\"ordered\":%llu}\n",
			(unsigned long long)look_up(compute(120, strtoull(request + 12, NULL, 10)), 1));
	if (!strncmp(request, "GET /report", 11)) {
		for (unsigned i = 0; i < 16; i++)
			sum += look_up(compute(50, i), 0);
		return snprintf(body, size, "{\"sum\":%llu}\n", (unsigned long long)sum);
	}
	if (!strncmp(request, "GET /health", 11))
		return snprintf(body, size, "ok\n");
	return -1;
}

static int send_all(int connection, const char *data, size_t length)
{
	while (length) {
		ssize_t sent = send(connection, data, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -1;
		data += sent;
		length -= (size_t)sent;
	}
	return 0;
}

static int answer(int connection, const char *request)
{
	char body[256], all[512];
	int length = answer_body(request, body, sizeof(body));
	const char *status = "200 OK";

	if (length < 0) {
		status = "404 Not Found";
		length = snprintf(body, sizeof(body), "no such thing\n");
	}
	length = snprintf(all, sizeof(all), "HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, length,
			  body);
	return send_all(connection, all, (size_t)length);
}

/* Keep-alive, one request after the other; requests have no body. */
static void serve(int connection)
{
	char request[1024];
	size_t have = 0;

	for (;;) {
		ssize_t got = recv(connection, request + have, sizeof(request) - 1 - have, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return;
		have += (size_t)got;
		request[have] = '\0';
		if (!strstr(request, "\r\n\r\n")) {
			if (have == sizeof(request) - 1)
				return;
			continue;
		}
		if (answer(connection, request))
			return;
		have = 0;
	}
}

static void *work(void *listening)
{
	const int one = 1;

	pthread_setname_np(pthread_self(), "worker");
	for (;;) {
		int connection = accept(*(const int *)listening, NULL, NULL);

		if (connection < 0)
			continue;
		setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve(connection);
		close(connection);
	}
	return NULL;
}

/* A socket that listens on a random port of loopback, or -1. */
static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listening, 64) || getsockname(listening, (struct sockaddr *)&address, &length))
		return -1;
	*port = ntohs(address.sin_port);
	return listening;
}

int main(void)
{
	pthread_t thread;
	uint16_t port;
	int listening = listen_somewhere(&port);

	if (listening < 0) {
		perror("demo server");
		return 1;
	}
	signal(SIGUSR1, begin_fault);
	if (pthread_create(&thread, NULL, take_stock, NULL))
		return 1;
	for (unsigned i = 0; i < WORKERS; i++)
		if (pthread_create(&thread, NULL, work, &listening))
			return 1;
	printf("%u\n", port);
	fflush(stdout);
	for (;;)
		pause();
}
