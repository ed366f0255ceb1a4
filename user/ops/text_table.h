/* SPDX-License-Identifier: MIT */
/* Texts, each kept once and numbered from 0 in the order of their first appearance. */
#ifndef PSS_TEXT_TABLE_H
#define PSS_TEXT_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct text_table {
	char *bytes; /* owned: all texts, one after the other */
	size_t used, size;
	size_t *start; /* owned: where text i begins; start[count] is used */
	uint32_t count, capacity;
	struct text_slot {
		uint32_t id; /* plus one; 0: free */
		uint32_t check;
	} * slot; /* owned: a power of two of them */
	size_t slots;
	uint64_t key; /* of the hash: texts chosen to collide do not */
};

/* All zero is an empty table. */
void text_table_free(struct text_table *table);
/* 0 with the number of the text; -ENOMEM; -E2BIG beyond 4,000 million bytes or texts. */
int text_table_add(struct text_table *table, const char *text, size_t size, uint32_t *id);
/* Valid until the next add. */
const char *text_table_get(const struct text_table *table, uint32_t id, size_t *size);

#endif
