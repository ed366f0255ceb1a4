/* SPDX-License-Identifier: MIT */
/*
 * A server whose requests each do one known thing, and which knows how long
 * it took by its own clocks:
 *
 *   phases [--upstream PORT] [--cpu N] [--directory PATH]
 *
 * prints "port N", serves lines "KIND AMOUNT\n" (see `kinds` below) with
 * "ok\n", a thread for each connection, and at SIGTERM prints its totals. What
 * a request needs beforehand (a lock that is held, pages that are absent) is
 * prepared between the answer and the next read, outside of any request.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/targets/clocks.h"
#include "tests/targets/sockets.h"
#include "tests/targets/totals.h"

#define FRESH_BYTES (8UL << 20)
#define CONTINUES_US (1ULL << 63) /* to the child at the pipe: not an answer, but a SIGCONT */

/* One connection's own things: nothing is shared, so that nothing waits but what is meant to. */
struct session {
	int fd;
	int upstream;    /* connected socket, or -1 */
	int file;        /* scratch file, FRESH_BYTES long */
	int locked_file; /* the server's description of the file that the holder locks */
	int to_child, from_child;
	char *fresh;  /* anonymous memory */
	char *mapped; /* the scratch file */
	pthread_mutex_t mutex;
	sem_t retake, held, begin;
	int holder_file;
	bool lock_taken; /* the holder has lock and file lock */
	uint64_t hold_us;
	uint64_t random;
	struct totals totals;
	struct session *next;
};

static unsigned upstream_port;
static unsigned deaf_port; /* bound, and nobody listens */
static const char *directory = "/tmp";
static struct session *sessions;
static pthread_mutex_t sessions_mutex = PTHREAD_MUTEX_INITIALIZER;

static void run_spin(struct session *session, uint64_t amount)
{
	(void)session;
	spin_us(amount);
}

static void run_sleep(struct session *session, uint64_t amount)
{
	(void)session;
	sleep_us(amount);
}

/* A readiness wait that times out. */
static void run_timeout(struct session *session, uint64_t amount)
{
	struct timespec wait = {(time_t)(amount / 1000000), (long)(amount % 1000000) * 1000};
	struct pollfd ready = {.fd = session->fd, .events = POLLPRI};

	ppoll(&ready, 1, &wait, NULL);
}

/*
 * A long-tailed draw by the server itself: half of the answers within a
 * quarter of a millisecond around the amount, one in a hundred at 8 times it.
 */
static void run_draw(struct session *session, uint64_t amount)
{
	uint64_t draw;

	session->random = session->random * 6364136223846793005ULL + 1442695040888963407ULL;
	draw = (session->random >> 33) % 1000;
	if (draw < 900)
		amount += amount * draw / 900;
	else if (draw < 985)
		amount = amount * 2 + amount * (draw - 900) / 40;
	else
		amount *= 8;
	sleep_us(amount);
}

static void run_lock(struct session *session, uint64_t amount)
{
	session->hold_us = amount;
	sem_post(&session->begin);
	pthread_mutex_lock(&session->mutex);
	pthread_mutex_unlock(&session->mutex);
	session->lock_taken = false;
}

static void run_flock(struct session *session, uint64_t amount)
{
	session->hold_us = amount;
	sem_post(&session->begin);
	if (flock(session->locked_file, LOCK_EX) || flock(session->locked_file, LOCK_UN))
		fail("flock");
	session->lock_taken = false;
}

static void run_fsync(struct session *session, uint64_t amount)
{
	char block[4096];
	uint64_t i;

	memset(block, (int)amount, sizeof(block));
	for (i = 0; i < amount; i++)
		if (pwrite(session->file, block, sizeof(block), (off_t)(i * sizeof(block))) < 0 ||
		    fsync(session->file))
			fail("fsync");
}

static void ask_upstream(struct session *session, uint64_t amount)
{
	char line[64];
	int size = snprintf(line, sizeof(line), "sleep %" PRIu64 "\n", amount);

	if (session->upstream < 0 || write(session->upstream, line, (size_t)size) != size)
		fail("upstream");
}

static void read_upstream(struct session *session)
{
	char answer[64];

	if (read(session->upstream, answer, sizeof(answer)) <= 0)
		fail("upstream");
}

static void run_upstream(struct session *session, uint64_t amount)
{
	ask_upstream(session, amount);
	read_upstream(session);
}

/* The same through a readiness wait. */
static void run_ready(struct session *session, uint64_t amount)
{
	struct pollfd ready = {.fd = session->upstream, .events = POLLIN};

	ask_upstream(session, amount);
	poll(&ready, 1, -1);
	read_upstream(session);
}

/* Touches so many pages that are not there, by stores in user mode. */
static void run_fault(struct session *session, uint64_t amount)
{
	volatile char *page = session->fresh;
	uint64_t i;

	for (i = 0; i < amount; i++)
		page[i * 4096] = 1;
}

/* Touches so many pages of a file that are not in memory. */
static void run_mapped(struct session *session, uint64_t amount)
{
	volatile char *page = session->mapped;
	uint64_t i;

	for (i = 0; i < amount; i++)
		(void)page[i * 16 * 4096];
}

static void run_pipe(struct session *session, uint64_t amount)
{
	if (write(session->to_child, &amount, sizeof(amount)) != sizeof(amount) ||
	    read(session->from_child, &amount, sizeof(amount)) != sizeof(amount))
		fail("pipe");
}

/* Stops the whole process; the child at the pipe continues it. */
static void run_stop(struct session *session, uint64_t amount)
{
	amount |= CONTINUES_US;
	if (write(session->to_child, &amount, sizeof(amount)) != sizeof(amount))
		fail("pipe");
	raise(SIGSTOP);
	if (write(session->to_child, &amount, sizeof(amount)) != sizeof(amount))
		fail("pipe");
}

static void run_child(struct session *session, uint64_t amount)
{
	pid_t child = fork();

	(void)session;
	if (!child) {
		sleep_us(amount);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/* A file that is not there, and a port where nobody listens: so many times. */
static void run_missing(struct session *session, uint64_t amount)
{
	(void)session;
	while (amount--)
		if (open("/nonexistent/pss", O_RDONLY | O_CLOEXEC) >= 0)
			fail("missing");
}

static void run_refused(struct session *session, uint64_t amount)
{
	(void)session;
	while (amount--) {
		struct sockaddr_in address = loopback(deaf_port);
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			fail("refused");
		close(fd);
	}
}

/* A bit of everything, one after the other. */
static void run_mixed(struct session *session, uint64_t amount)
{
	run_spin(session, amount);
	run_sleep(session, amount);
	run_lock(session, amount);
	run_upstream(session, amount);
	run_pipe(session, amount);
}

static const struct {
	const char *name;
	void (*run)(struct session *session, uint64_t amount);
} kinds[] = {
	{"spin", run_spin},         {"sleep", run_sleep}, {"timeout", run_timeout}, {"draw", run_draw},
	{"lock", run_lock},         {"flock", run_flock}, {"fsync", run_fsync},     {"fault", run_fault},
	{"upstream", run_upstream}, {"ready", run_ready}, {"mapped", run_mapped},   {"pipe", run_pipe},
	{"child", run_child},       {"mixed", run_mixed}, {"stop", run_stop},       {"missing", run_missing},
	{"refused", run_refused},
};

/* Takes mutex and file lock when told, holds them for a while after `begin`. */
static void *hold(void *argument)
{
	struct session *session = argument;

	for (;;) {
		while (sem_wait(&session->retake))
			continue;
		pthread_mutex_lock(&session->mutex);
		if (flock(session->holder_file, LOCK_EX))
			fail("flock");
		sem_post(&session->held);
		while (sem_wait(&session->begin))
			continue;
		sleep_us(session->hold_us);
		if (flock(session->holder_file, LOCK_UN))
			fail("flock");
		pthread_mutex_unlock(&session->mutex);
	}
	return NULL;
}

/* Outside of any request: whatever the next one may need to find. */
static void prepare(struct session *session)
{
	if (!session->lock_taken) {
		sem_post(&session->retake);
		while (sem_wait(&session->held))
			continue;
		session->lock_taken = true;
	}
}

static void prepare_memory(struct session *session, const char *last)
{
	if (!strcmp(last, "fault"))
		madvise(session->fresh, FRESH_BYTES, MADV_DONTNEED);
	if (!strcmp(last, "mapped")) {
		madvise(session->mapped, FRESH_BYTES, MADV_DONTNEED);
		posix_fadvise(session->file, 0, (off_t)FRESH_BYTES, POSIX_FADV_DONTNEED);
	}
}

static int scratch_file(bool filled)
{
	char path[512];
	char block[4096] = {1};
	size_t done;
	int fd;

	snprintf(path, sizeof(path), "%s/pss-phases-XXXXXX", directory);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		fail(path);
	for (done = 0; filled && done < FRESH_BYTES; done += sizeof(block))
		if (write(fd, block, sizeof(block)) != sizeof(block))
			fail(path);
	if (filled && fsync(fd))
		fail(path);
	unlink(path);
	return fd;
}

/* The second description of the same file, so that the two can lock each other out. */
static int reopen(int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	if (again < 0)
		fail(path);
	return again;
}

/* Continues its parent after a while, and again and again should it have been too early, until the parent
 * says so. */
static void continue_parent(int from, uint64_t amount)
{
	struct pollfd word = {.fd = from, .events = POLLIN};

	sleep_us(amount & ~CONTINUES_US);
	do
		kill(getppid(), SIGCONT);
	while (!poll(&word, 1, 2));
	if (read(from, &amount, sizeof(amount)) != sizeof(amount))
		_exit(0);
}

static void start_pipe_child(struct session *session)
{
	int there[2], back[2];
	uint64_t amount;

	if (pipe(there) || pipe(back))
		fail("pipe");
	if (!fork()) {
		close(there[1]);
		close(session->fd);
		while (read(there[0], &amount, sizeof(amount)) == sizeof(amount)) {
			if (amount & CONTINUES_US) {
				continue_parent(there[0], amount);
				continue;
			}
			sleep_us(amount);
			if (write(back[1], &amount, sizeof(amount)) < 0)
				break;
		}
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	session->to_child = there[1];
	session->from_child = back[0];
}

static struct session *session_open(int fd)
{
	struct session *session = calloc(1, sizeof(*session));
	pthread_t holder;

	if (!session)
		fail("calloc");
	session->fd = fd;
	session->random = 42;
	session->upstream = upstream_port ? loopback_connect(SOCK_STREAM, upstream_port) : -1;
	session->file = scratch_file(true);
	session->locked_file = scratch_file(false);
	session->holder_file = reopen(session->locked_file);
	session->fresh = mmap(NULL, FRESH_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	session->mapped = mmap(NULL, FRESH_BYTES, PROT_READ, MAP_SHARED, session->file, 0);
	if (session->fresh == MAP_FAILED || session->mapped == MAP_FAILED)
		fail("mmap");
	madvise(session->fresh, FRESH_BYTES, MADV_NOHUGEPAGE);
	madvise(session->mapped, FRESH_BYTES, MADV_RANDOM);
	pthread_mutex_init(&session->mutex, NULL);
	sem_init(&session->retake, 0, 0);
	sem_init(&session->held, 0, 0);
	sem_init(&session->begin, 0, 0);
	start_pipe_child(session);
	if (pthread_create(&holder, NULL, hold, session))
		fail("pthread_create");
	prepare_memory(session, "mapped");
	prepare(session);
	return session;
}

/* Runs one request line (terminated); the name of its kind, or NULL. */
static const char *answer(struct session *session, const char *line, struct clocks start)
{
	struct clocks before, after, end;
	unsigned long long amount;
	char name[32];
	size_t i;

	if (sscanf(line, "%31s %llu", name, &amount) != 2)
		return NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (strcmp(kinds[i].name, name))
			continue;
		before = clocks_now();
		kinds[i].run(session, amount);
		after = clocks_now();
		if (write(session->fd, "ok\n", 3) != 3)
			return NULL;
		end = clocks_now();
		totals_add(&session->totals, kinds[i].name, clocks_since(start, end),
			   clocks_since(start, after), clocks_since(before, after));
		return kinds[i].name;
	}
	return NULL;
}

static void *serve(void *argument)
{
	struct session *session = session_open((int)(intptr_t)argument);
	struct clocks start = {0};
	char line[256];
	size_t have = 0;
	ssize_t got;

	clocks_now();
	pthread_mutex_lock(&sessions_mutex);
	session->next = sessions;
	sessions = session;
	pthread_mutex_unlock(&sessions_mutex);
	while ((got = read(session->fd, line + have, sizeof(line) - 1 - have)) > 0) {
		const char *kind;

		if (!have)
			start = clocks_now();
		have += (size_t)got;
		line[have] = '\0';
		if (!strchr(line, '\n'))
			continue;
		have = 0;
		kind = answer(session, line, start);
		if (!kind)
			break;
		prepare(session);
		prepare_memory(session, kind);
	}
	close(session->fd);
	return NULL;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity");
}

static void options(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--upstream"))
			upstream_port = (unsigned)atoi(argv[i + 1]);
		else if (!strcmp(argv[i], "--cpu"))
			pin(atoi(argv[i + 1]));
		else if (!strcmp(argv[i], "--directory"))
			directory = argv[i + 1];
		else
			exit(2);
	}
}

int main(int argc, char **argv)
{
	static struct totals all;
	struct session *session;
	int listener;

	options(argc, argv);
	stop_when_told();
	listener = loopback_bind(SOCK_STREAM);
	deaf_port = local_port(loopback_bind(SOCK_DGRAM));
	announce("port", local_port(listener));
	while (!stopping) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		int on = 1;
		pthread_t thread;

		if (fd < 0)
			continue;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd))
			fail("pthread_create");
		pthread_detach(thread);
	}
	pthread_mutex_lock(&sessions_mutex);
	for (session = sessions; session; session = session->next)
		totals_merge(&all, &session->totals);
	totals_print(&all);
	printf("\n");
	return 0;
}
