/* SPDX-License-Identifier: MIT */
/* Sockets of the targets: loopback or Unix, whatever fails ends the program with a message. */
#ifndef TARGET_SOCKETS_H
#define TARGET_SOCKETS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static inline void fail(const char *what)
{
	perror(what);
	exit(70);
}

static inline struct sockaddr_in loopback(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)port);
	return address;
}

static inline unsigned local_port(int fd)
{
	struct sockaddr_in address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size))
		fail("getsockname");
	return ntohs(address.sin_port);
}

/* Bound to a free loopback port; listening when it is a stream. */
static inline int loopback_bind(int type)
{
	struct sockaddr_in address = loopback(0);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("bind");
	if (type == SOCK_STREAM && listen(fd, 256))
		fail("listen");
	return fd;
}

static inline int loopback_connect(int type, unsigned port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("connect");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static inline struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static inline int unix_bind(int type, const char *path)
{
	struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail(path);
	if (type == SOCK_STREAM && listen(fd, 256))
		fail("listen");
	return fd;
}

static inline int unix_connect(int type, const char *path)
{
	struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		fail(path);
	return fd;
}

static volatile sig_atomic_t stopping;

static inline void stop_on_signal(int signal_number)
{
	(void)signal_number;
	stopping = 1;
}

/* SIGTERM sets `stopping` and interrupts whatever waits. */
static inline void stop_when_told(void)
{
	struct sigaction action = {.sa_handler = stop_on_signal};

	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static inline void announce(const char *what, unsigned number)
{
	printf("%s %u\n", what, number);
	fflush(stdout);
}

/* Waits for a line (or the end) of standard input: the test's word to go on. */
static inline void await_word(void)
{
	char c;
	ssize_t got;

	do
		got = read(STDIN_FILENO, &c, 1);
	while ((got < 0 && errno == EINTR && !stopping) || (got == 1 && c != '\n'));
}

#endif
