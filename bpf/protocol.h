/* SPDX-License-Identifier: MIT */
/*
 * How many requests one read brought in. A server that is sent a batch
 * (pipelining) answers it together; the batch is one operation, but counts as
 * its requests. Only RESP (Redis) and HTTP/1 are taken apart; a read of
 * anything else brings one. Nothing that is read here is kept.
 */
#ifndef PSS_PROTOCOL_H
#define PSS_PROTOCOL_H

#include "bpf/thread.h"

#define RESP_STEPS 4096   /* commands and arguments looked at in one read */
#define RESP_STEPS_OLD 24 /* without bpf_loop (before 5.17) */
#define RESP_HEADER 16    /* "*3\r\n", "$5\r\n" */

/*
 * Where a walk over a read has got to. In map memory and not on the stack: what
 * the verifier knew of each counter would make every step of the loop new to it.
 */
struct resp_walk {
	u64 buffer;
	s64 position; /* below 0: in a header that began in the last read; may pass the length: the rest comes
			 later */
	s64 length;
	u32 parts; /* arguments still to come */
	u32 units;
	u32 stop;  /* the rest of this read is not looked at */
	u32 first; /* length of the first whole command */
	u32 head;  /* its first four bytes */
};

/*
 * The number after '*' or '$', shifted by 8; below it the header's length with
 * its \r\n. 0: it is not all there. For the verifier a world of its own: its
 * many ways through would multiply with the caller's.
 */
u64 verified_alone resp_number(struct pss_socket *socket)
{
	u64 number = 0;
	if (!socket)
		return 0;
#pragma unroll
	for (int i = 1; i < RESP_HEADER - 2; i++) {
		u32 digit = socket->cut[i] - '0';
		if (socket->cut[i] == '\r')
			return number << 8 | (i + 2);
		if (digit > 9)
			return 0;
		number = number * 10 + digit;
	}
	return 0;
}

static __always_inline struct resp_walk *resp_walk_here(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&scratches, &zero);
}

/* Batches are mostly of one shape: if all that was read is a multiple of the first command, look at three and
 * believe. */
static __always_inline bool resp_is_uniform(struct resp_walk *walk)
{
	u32 first = walk->first, length = (u32)walk->length, head = 0;
	if (!first || walk->length > 1 << 20 || length % first || length / first < 2)
		return false;
	u32 places[3] = {first, length / first / 2 * first, length - first};
#pragma unroll
	for (int i = 0; i < 3; i++) {
		bpf_probe_read_user(&head, sizeof(head), (void *)(walk->buffer + places[i]));
		if (head != walk->head)
			return false;
	}
	return true;
}

/* The next header, into socket->cut: what the last read left there, and what comes now. Bytes there; 0: none.
 */
static __always_inline u32 resp_header(struct resp_walk *walk, struct pss_socket *socket)
{
	u32 kept = walk->position < 0 ? (u32)-walk->position : 0;
	s64 from = walk->position < 0 ? 0 : walk->position;
	s64 left = walk->length - from;
	u32 size = left < RESP_HEADER ? (u32)left : RESP_HEADER;
	asm volatile("" : "+r"(size)); /* one register for the check and the call */
	asm volatile("" : "+r"(kept));
	if (kept >= RESP_HEADER || size > RESP_HEADER)
		return 0;
	__builtin_memset(socket->cut + RESP_HEADER, 0, RESP_HEADER);
	if (bpf_probe_read_user(socket->cut + kept, size, (void *)(walk->buffer + from)))
		return 0;
	return kept + size;
}

static __always_inline void resp_first_done(struct resp_walk *walk, struct pss_socket *socket)
{
	walk->first = (u32)walk->position;
	if (walk->position == walk->length) {
		socket->usual_length = walk->first;
		socket->usual_head = walk->head;
	} else if (resp_is_uniform(walk)) {
		walk->units = (u32)walk->length / walk->first;
		walk->position = walk->length;
	}
}

static long resp_step(u32 step, struct pss_socket **context)
{
	struct pss_socket *socket = *context;
	struct resp_walk *walk = resp_walk_here();
	u64 header = 0;
	if (!walk || walk->position >= walk->length)
		return 1;
	u32 size = resp_header(walk, socket);
	if (!size) {
		walk->stop = 1;
		return 1;
	}
	u8 kind = socket->cut[0];
	if (kind == '*' || kind == '$')
		header = resp_number(socket);
	u32 header_length = header & 0xff;
	u64 number = header >> 8 & 0xffffffff;
	if (header_length > size || (!header_length && size < RESP_HEADER && (kind == '*' || kind == '$'))) {
		/* Cut in two: it is looked at again when the rest has come. */
		socket->cut_length = (u8)size;
		walk->position = walk->length;
		return 1;
	}
	if (kind == '*' && !walk->parts && header_length) {
		/* Shapes are learned from reads that begin with a command, and not in the middle of one. */
		if (!walk->position)
			walk->head = *(u32 *)socket->cut;
		walk->parts = number;
		walk->position += header_length;
		walk->units += !number;
	} else if (kind == '$' && walk->parts && header_length) {
		walk->parts--;
		walk->position += header_length + number + 2;
		/* Counted in the read that brings its end: that read's operation is the one that answers it.
		 */
		walk->units += !walk->parts && walk->position <= walk->length;
	} else {
		/* An inline command, or a stream we lost track of: one request. */
		walk->units += !walk->parts;
		walk->stop = 1;
		return 1;
	}
	if (!walk->parts && walk->units == 1 && walk->head)
		resp_first_done(walk, socket);
	return 0;
}

/* A client that does not pipeline sends one command a read: the same length again is the same again, now and
 * then looked at. */
static __always_inline bool resp_is_usual(struct pss_socket *socket, u64 buffer)
{
	u32 head = 0;
	if (socket->batches || socket->skip_bytes || socket->skip_parts || socket->cut_length)
		return false;
	if (socket->trust++ & 7)
		return true;
	if (!bpf_probe_read_user(&head, sizeof(head), (void *)buffer) && head == socket->usual_head)
		return true;
	socket->usual_length = 0;
	return false;
}

u32 verified_alone resp_requests(struct pss_socket *socket, u64 buffer, u64 length)
{
	if (!socket)
		return 0;
	if (length == socket->usual_length && resp_is_usual(socket, buffer))
		return 1;
	struct resp_walk *walk = resp_walk_here();
	if (!walk)
		return 1;
	*walk = (struct resp_walk){.buffer = buffer, .length = length, .parts = socket->skip_parts};
	walk->position = socket->cut_length ? -(s64)socket->cut_length : (s64)socket->skip_bytes;
	/* The end of a command that an earlier read began. */
	walk->units = walk->position > 0 && !walk->parts && walk->position <= walk->length;
	socket->cut_length = 0;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(RESP_STEPS, resp_step, &socket, 0);
	} else {
		for (u32 i = 0; i < RESP_STEPS_OLD; i++)
			if (resp_step(i, &socket))
				break;
	}
	if (walk->units > 1)
		socket->batches = 1;
	bool unfinished = walk->position < walk->length;
	socket->skip_bytes = walk->position > walk->length ? walk->position - walk->length : 0;
	socket->skip_parts = unfinished ? 0 : walk->parts;
	if (unfinished) {
		/* As many again as fit into the rest, by the size of those seen; said, since it is an
		 * estimate. */
		u64 seen = walk->position, left = walk->length - seen;
		u32 rest = walk->position > 0 ? (u32)(walk->units * left / seen) : 0;
		__sync_fetch_and_add(&totals.lost[PSS_LOST_PARSE], rest ? rest : 1);
		walk->units += rest;
	}
	return walk->units;
}

struct http_walk {
	u32 words;
	u32 length;
	u32 recent; /* last three bytes */
	u32 units;
};

#define HTTP_BLANK 0x0a0d0a /* "\n\r\n": a header ended, and an empty line */

static __always_inline bool word_has_newline(u64 word)
{
	word ^= 0x0a0a0a0a0a0a0a0aULL;
	return (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;
}

static long http_step(u32 step, struct http_walk *walk)
{
	u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch || step >= walk->words)
		return 1;
	u64 word = scratch->word[step & (SCRATCH_BYTES / 8 - 1)];
	u32 recent = walk->recent;
	if (!word_has_newline(word)) {
		/* The last byte alone can begin what we look for, and it is no newline. */
		walk->recent = (u32)(word >> 56);
		return 0;
	}
#pragma unroll
	for (int i = 0; i < 8; i++) {
		u32 byte = (u32)(word >> (i * 8)) & 0xff;
		if (step * 8 + i >= walk->length)
			break;
		recent = (recent << 8 | byte) & 0xffffff;
		walk->units += recent == HTTP_BLANK;
	}
	walk->recent = recent;
	return 0;
}

/* Only methods without a body are sent in batches; what follows the empty line is then the next request. */
static __always_inline bool http_may_batch(u8 first)
{
	return first == 'G' || first == 'H' || first == 'O' || first == 'D';
}

u32 verified_alone http_requests(struct pss_socket *socket, u64 buffer, u64 length)
{
	if (!socket)
		return 0;
	u32 zero = 0, size = length < SCRATCH_BYTES ? (u32)length : SCRATCH_BYTES;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	bool continues = socket->phase == PSS_PHASE_OPEN && !socket->ended;
	asm volatile("" : "+r"(size)); /* one register for the check and the call */
	if (!scratch || !size || size > SCRATCH_BYTES ||
	    bpf_probe_read_user(scratch->word, size, (void *)buffer))
		return continues ? 0 : 1;
	struct http_walk walk = {.words = (size + 7) / 8, .length = size, .recent = socket->recent};
	bool inside = socket->inside;
	socket->inside = 0;
	socket->ended = 0;
	if (!inside) {
		if (continues)
			return 0; /* a body */
		walk.recent = 0;
		if (!http_may_batch((u8)scratch->word[0]))
			return 1;
	}
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return inside ? 0 : 1;
	bpf_loop(SCRATCH_BYTES / 8, http_step, &walk, 0);
	if (length > SCRATCH_BYTES) {
		count_lost(PSS_LOST_PARSE);
		return walk.units || inside ? walk.units : 1;
	}
	socket->recent = walk.recent;
	socket->ended = walk.recent == HTTP_BLANK;
	socket->inside = !socket->ended;
	return walk.units;
}

static __always_inline void protocol_detect(struct pss_socket *socket, u64 buffer)
{
	u32 head = 0;
	socket->protocol = PSS_PROTOCOL_OTHER;
	if (bpf_probe_read_user(&head, sizeof(head), (void *)buffer))
		return;
	u8 first = (u8)head, second = (u8)(head >> 8);
	if (first == '*' && second >= '1' && second <= '9')
		socket->protocol = PSS_PROTOCOL_RESP;
	else if (head == 0x20544547 /* "GET " */ || head == 0x54534f50 /* POST */ ||
		 head == 0x44414548 /* HEAD */ || head == 0x20545550 /* "PUT " */ ||
		 head == 0x4954504f /* OPTI */ || head == 0x454c4544 /* DELE */ ||
		 head == 0x43544150 /* PATC */)
		socket->protocol = PSS_PROTOCOL_HTTP;
}

/* Not a request: the client says that it will close, and expects no answer. */
#define UNITS_FAREWELL (~0u)

/* PostgreSQL's Terminate and MySQL's COM_QUIT, each five bytes. */
static __always_inline bool is_farewell(u64 buffer, u64 length)
{
	struct {
		u32 head;
		u8 last;
	} message = {};
	if (length != 5 || bpf_probe_read_user(&message, 5, (void *)buffer))
		return false;
	return (message.head == 0x00000058 && message.last == 4) ||
	       (message.head == 0x00000001 && message.last == 1);
}

/* Requests that begin in what was just read. Called before the socket's phase moves on. */
u32 verified_alone requests_in(struct pss_socket *socket, u64 buffer, u64 length)
{
	if (!socket)
		return 0;
	if (socket->type != 1) /* SOCK_STREAM; elsewhere a message is a request */
		return 1;
	if (socket->protocol == PSS_PROTOCOL_NEW && buffer && length >= 4)
		protocol_detect(socket, buffer);
	if (socket->protocol == PSS_PROTOCOL_RESP && buffer)
		return resp_requests(socket, buffer, length);
	if (socket->protocol == PSS_PROTOCOL_HTTP && buffer)
		return http_requests(socket, buffer, length);
	if (socket->phase == PSS_PHASE_OPEN)
		return 0;
	return buffer && is_farewell(buffer, length) ? UNITS_FAREWELL : 1;
}

#endif
