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

#define RESP_STEPS 512     /* commands and arguments looked at in one read */
#define RESP_STEPS_OLD 24  /* without bpf_loop (before 5.17) */
#define RESP_HEADER 16     /* "*3\r\n", "$5\r\n" */

struct resp_walk {
	u64 buffer;
	u64 position; /* may pass the length: what is missing comes with later reads */
	u64 length;
	u32 parts; /* arguments still to come */
	u32 units;
	u32 broken;
	u32 first; /* length of the first whole command */
	u32 head;  /* its first four bytes */
};

/* The number after '*' or '$'; returns the header's length with its \r\n, 0 when it is not all there. */
static __always_inline u32 resp_number(const char *header, u32 *number)
{
	*number = 0;
#pragma unroll
	for (int i = 1; i < RESP_HEADER - 2; i++) {
		u32 digit = (u8)header[i] - '0';
		if (header[i] == '\r')
			return i + 2;
		if (digit > 9)
			return 0;
		*number = *number * 10 + digit;
	}
	return 0;
}

/* Batches are mostly of one shape: if all that was read is a multiple of the first command, look at two and believe. */
static __always_inline bool resp_is_uniform(struct resp_walk *walk)
{
	u32 first = walk->first, length = (u32)walk->length, head = 0;
	if (!first || walk->length > 1 << 20 || length % first || length / first < 2)
		return false;
	bpf_probe_read_user(&head, sizeof(head), (void *)(walk->buffer + first));
	if (head != walk->head)
		return false;
	bpf_probe_read_user(&head, sizeof(head), (void *)(walk->buffer + length - first));
	return head == walk->head;
}

static long resp_step(u32 step, struct resp_walk *walk)
{
	char header[RESP_HEADER] = {};
	u32 number;
	if (walk->position >= walk->length)
		return 1;
	u64 left = walk->length - walk->position;
	u32 size = left < RESP_HEADER ? left : RESP_HEADER;
	asm volatile("" : "+r"(size)); /* one register for the check and the call */
	if (size > RESP_HEADER || bpf_probe_read_user(header, size, (void *)(walk->buffer + walk->position))) {
		walk->broken = 1;
		return 1;
	}
	u32 header_length = resp_number(header, &number);
	if (header[0] == '*' && !walk->parts && header_length) {
		walk->units++;
		walk->parts = number;
		walk->position += header_length;
		if (walk->units == 1 && !step)
			walk->head = *(u32 *)header;
	} else if (header[0] == '$' && walk->parts && header_length) {
		walk->parts--;
		walk->position += header_length + (u64)number + 2;
	} else {
		/* An inline command, or a header cut in two: one request, and the rest of this read is not looked at. */
		if (!walk->parts)
			walk->units++;
		walk->broken = 1;
		return 1;
	}
	if (walk->parts || walk->units != 1 || !walk->head)
		return 0;
	walk->first = (u32)walk->position;
	if (!resp_is_uniform(walk))
		return 0;
	walk->units = (u32)walk->length / walk->first;
	walk->position = walk->length;
	return 1;
}

u32 verified_alone resp_requests(struct pss_socket *socket, u64 buffer, u64 length)
{
	if (!socket)
		return 0;
	struct resp_walk walk = {.buffer = buffer, .length = length};
	walk.position = socket->skip_bytes;
	walk.parts = socket->skip_parts;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(RESP_STEPS, resp_step, &walk, 0);
	} else {
		for (u32 i = 0; i < RESP_STEPS_OLD; i++)
			if (resp_step(i, &walk))
				break;
	}
	bool unfinished = walk.position < length;
	socket->skip_bytes = walk.position > length ? walk.position - length : 0;
	socket->skip_parts = unfinished ? 0 : walk.parts;
	/* Cut short at the end of the read is no loss: the request is counted already. */
	if (unfinished && !(walk.broken && length - walk.position < RESP_HEADER))
		count_lost(PSS_LOST_PARSE);
	return walk.units;
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
	if (!word_has_newline(word) && recent != HTTP_BLANK && (recent & 0xffff) != 0x0a0d) {
		/* The last byte alone can begin what we look for, and it is no newline. */
		walk->recent = (u32)(word >> 56);
		return 0;
	}
#pragma unroll
	for (int i = 0; i < 8; i++) {
		u32 byte = (u32)(word >> (i * 8)) & 0xff;
		if (recent == HTTP_BLANK && byte >= 'A' && byte <= 'Z')
			walk->units++;
		if (step * 8 + i < walk->length)
			recent = (recent << 8 | byte) & 0xffffff;
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
	bool continues = socket->phase == PSS_PHASE_OPEN;
	asm volatile("" : "+r"(size)); /* one register for the check and the call */
	if (!scratch || !size || size > SCRATCH_BYTES ||
	    bpf_probe_read_user(scratch->word, size, (void *)buffer))
		return continues ? 0 : 1;
	u8 first = (u8)scratch->word[0];
	if (!continues)
		socket->skip_parts = 0;
	if (!continues && !http_may_batch(first))
		return 1;
	/* skip_parts: the last read ended with the end of a request, so that this one begins another. */
	struct http_walk walk = {.words = (size + 7) / 8, .length = size};
	walk.recent = continues && socket->skip_parts ? HTTP_BLANK : 0;
	if (!bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop))
		return continues ? 0 : 1;
	bpf_loop(SCRATCH_BYTES / 8, http_step, &walk, 0);
	socket->skip_parts = walk.recent == HTTP_BLANK;
	if (length > SCRATCH_BYTES)
		count_lost(PSS_LOST_PARSE);
	return walk.units + (continues ? 0 : 1);
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
	else if (head == 0x20544547 /* "GET " */ || head == 0x54534f50 /* POST */ || head == 0x44414548 /* HEAD */ ||
		 head == 0x20545550 /* "PUT " */ || head == 0x4954504f /* OPTI */ || head == 0x454c4544 /* DELE */ ||
		 head == 0x43544150 /* PATC */)
		socket->protocol = PSS_PROTOCOL_HTTP;
}

/* Requests that begin in what was just read. Called before the socket's phase moves on. */
u32 verified_alone requests_in(struct pss_socket *socket, u64 buffer, u64 length)
{
	if (!socket)
		return 0;
	if (socket->type != 1) /* SOCK_STREAM; elsewhere a message is a request */
		return 1;
	if (socket->protocol == PSS_PROTOCOL_NEW && buffer)
		protocol_detect(socket, buffer);
	if (socket->protocol == PSS_PROTOCOL_RESP && buffer)
		return resp_requests(socket, buffer, length);
	if (socket->protocol == PSS_PROTOCOL_HTTP && buffer)
		return http_requests(socket, buffer, length);
	return socket->phase == PSS_PHASE_OPEN ? 0 : 1;
}

#endif
