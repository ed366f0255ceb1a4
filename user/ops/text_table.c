/* SPDX-License-Identifier: MIT */
#include "user/ops/text_table.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MOST 4000000000u

void text_table_free(struct text_table *table)
{
	free(table->bytes);
	free(table->start);
	free(table->slot);
	memset(table, 0, sizeof(*table));
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Folded multiplication, eight bytes at a time, under a secret key. */
static uint64_t hash(const struct text_table *table, const char *text, size_t size)
{
	uint64_t state = table->key ^ size, word;
	size_t at = 0;
	for (; at + 8 <= size; at += 8) {
		memcpy(&word, text + at, 8);
		state = fold(state ^ word, table->key | 1);
	}
	word = 0;
	memcpy(&word, text + at, size - at);
	state = fold(state ^ word ^ 0x9e3779b97f4a7c15u, table->key | 1);
	return fold(state, 0xd6e8feb86659fd93u);
}

static void choose_key(struct text_table *table)
{
	if (getrandom(&table->key, sizeof(table->key), GRND_NONBLOCK) != sizeof(table->key)) {
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		table->key = fold((uint64_t)now.tv_nsec ^ (uintptr_t)table, 0x9e3779b97f4a7c15u);
	}
}

const char *text_table_get(const struct text_table *table, uint32_t id, size_t *size)
{
	*size = table->start[id + 1] - table->start[id];
	return table->bytes + table->start[id];
}

static bool is_text(const struct text_table *table, uint32_t id, const char *text, size_t size)
{
	size_t length;
	const char *have = text_table_get(table, id, &length);
	return length == size && (size == 0 || !memcmp(have, text, size));
}

/* The slot of the text, or the free one where it belongs. */
static struct text_slot *find(const struct text_table *table, uint64_t code, const char *text, size_t size)
{
	size_t mask = table->slots - 1;
	for (size_t i = (size_t)code & mask;; i = (i + 1) & mask) {
		struct text_slot *slot = &table->slot[i];
		if (!slot->id)
			return slot;
		if (slot->check == (uint32_t)(code >> 32) && is_text(table, slot->id - 1, text, size))
			return slot;
	}
}

static int grow_slots(struct text_table *table)
{
	size_t slots = table->slots ? table->slots * 2 : 64;
	struct text_slot *larger = calloc(slots, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	if (!table->slots)
		choose_key(table);
	for (uint32_t id = 0; id < table->count; id++) {
		size_t size;
		const char *text = text_table_get(table, id, &size);
		uint64_t code = hash(table, text, size);
		size_t i = (size_t)code & (slots - 1);
		while (larger[i].id)
			i = (i + 1) & (slots - 1);
		larger[i] = (struct text_slot){id + 1, (uint32_t)(code >> 32)};
	}
	free(table->slot);
	table->slot = larger;
	table->slots = slots;
	return 0;
}

static int make_room(struct text_table *table, size_t size)
{
	if (size > MOST || table->used + size > MOST || table->count >= MOST)
		return -E2BIG;
	if (table->used + size > table->size || !table->bytes) {
		size_t wanted = table->size * 2 > table->used + size ? table->size * 2 : table->used + size;
		if (wanted < 1024)
			wanted = 1024;
		char *larger = realloc(table->bytes, wanted);
		if (!larger)
			return -ENOMEM;
		table->bytes = larger;
		table->size = wanted;
	}
	if (table->count + 1 >= table->capacity) {
		uint32_t wanted = table->capacity ? table->capacity * 2 : 64;
		size_t *larger = realloc(table->start, wanted * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		table->start = larger;
		table->capacity = wanted;
		table->start[0] = 0;
	}
	if ((size_t)table->count * 2 >= table->slots)
		return grow_slots(table);
	return 0;
}

int text_table_add(struct text_table *table, const char *text, size_t size, uint32_t *id)
{
	if (table->slots) {
		struct text_slot *slot = find(table, hash(table, text, size), text, size);
		if (slot->id) {
			*id = slot->id - 1;
			return 0;
		}
	}
	int result = make_room(table, size);
	if (result)
		return result;
	uint64_t code = hash(table, text, size);
	struct text_slot *slot = find(table, code, text, size);
	if (size)
		memcpy(table->bytes + table->used, text, size);
	table->used += size;
	*id = table->count++;
	table->start[table->count] = table->used;
	*slot = (struct text_slot){*id + 1, (uint32_t)(code >> 32)};
	return 0;
}
