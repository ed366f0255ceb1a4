/* SPDX-License-Identifier: MIT */
/*
 * System calls that fail a known number of times:
 *
 *   failures KIND COUNT [KIND COUNT]...
 *
 * Kinds that are failures: refused, async-refused, reset, broken (EPIPE of a
 * socket), missing (ENOENT of open), denied-port (EADDRINUSE of bind), bad (EBADF of read).
 * Kinds that are flow control: again (EAGAIN of a socket read), interrupted
 * (EINTR of a wait), progress (EINPROGRESS of a connect that succeeds).
 *
 * Prints "port N", where nothing listens: refused and async-refused connect to
 * it; begins at a line on standard input, prints "done 0", ends at another line.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/time.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"

static int deaf;     /* bound, and never listens */
static int listener; /* for those that need a peer */

static void expect(bool as_meant, const char *what)
{
	if (as_meant)
		return;
	fprintf(stderr, "%s did not fail as meant: %s\n", what, strerror(errno));
	exit(70);
}

static void fail_refused(void)
{
	struct sockaddr_in address = loopback(local_port(deaf));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno == ECONNREFUSED, "refused");
	close(fd);
}

/* Connects without waiting; the error that SO_ERROR then gives. */
static int connect_async(unsigned port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	int error = 0;
	socklen_t size = sizeof(error);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		expect(errno == EINPROGRESS, "progress");
	poll(&ready, 1, 1000);
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
	close(fd);
	return error;
}

static void fail_async_refused(void)
{
	errno = connect_async(local_port(deaf));
	expect(errno == ECONNREFUSED, "async-refused");
}

static void fail_progress(void)
{
	errno = connect_async(local_port(listener));
	expect(!errno, "progress");
	close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

/* A peer that resets the connection. */
static int reset_connection(void)
{
	struct linger hard = {1, 0};
	int near = loopback_connect(SOCK_STREAM, local_port(listener));
	int far = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	setsockopt(far, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(far);
	return near;
}

static void fail_reset(void)
{
	char c;
	int fd = reset_connection();

	expect(read(fd, &c, 1) < 0 && errno == ECONNRESET, "reset");
	close(fd);
}

static void fail_broken(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		fail("socketpair");
	close(pair[1]);
	expect(write(pair[0], "x", 1) < 0 && errno == EPIPE, "broken");
	close(pair[0]);
}

static void fail_missing(void)
{
	expect(open("/nonexistent/pss", O_RDONLY | O_CLOEXEC) < 0 && errno == ENOENT, "missing");
}

static void fail_denied_port(void)
{
	struct sockaddr_in address = loopback(local_port(listener));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	expect(bind(fd, (struct sockaddr *)&address, sizeof(address)) && errno == EADDRINUSE, "denied-port");
	close(fd);
}

static void fail_bad(void)
{
	char c;

	expect(read(-1, &c, 1) < 0 && errno == EBADF, "bad");
}

static void fail_again(void)
{
	static int pair[2];
	char c;

	if (!pair[1] && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		fail("socketpair");
	expect(read(pair[0], &c, 1) < 0 && errno == EAGAIN, "again");
}

static void fail_interrupted(void)
{
	struct itimerval soon = {{0, 0}, {0, 1000}};

	setitimer(ITIMER_REAL, &soon, NULL);
	expect(poll(NULL, 0, 10000) < 0 && errno == EINTR, "interrupted");
}

static const struct {
	const char *name;
	void (*once)(void);
} kinds[] = {
	{"refused", fail_refused},
	{"async-refused", fail_async_refused},
	{"reset", fail_reset},
	{"broken", fail_broken},
	{"missing", fail_missing},
	{"denied-port", fail_denied_port},
	{"bad", fail_bad},
	{"again", fail_again},
	{"interrupted", fail_interrupted},
	{"progress", fail_progress},
};

static void run(const char *name, unsigned count)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			while (count--)
				kinds[i].once();
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop_on_signal};
	struct sockaddr_in any = loopback(0);
	int i;

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGALRM, &action, NULL);
	deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(deaf, (struct sockaddr *)&any, sizeof(any)))
		fail("bind");
	listener = loopback_bind(SOCK_STREAM);
	announce("port", local_port(deaf));
	await_word();
	for (i = 1; i + 1 < argc; i += 2)
		run(argv[i], (unsigned)atoi(argv[i + 1]));
	announce("done", 0);
	stopping = 0;
	await_word();
	return 0;
}
