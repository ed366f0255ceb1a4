/* SPDX-License-Identifier: MIT */
#include "user/score/order.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1u << DIGIT_BITS)

/* Integers in the order of the doubles. */
static uint64_t to_key(double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	return bits >> 63 ? ~bits : bits | 1ULL << 63;
}

static double from_key(uint64_t key)
{
	double value;
	uint64_t bits = key >> 63 ? key & ~(1ULL << 63) : ~key;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Finds the key digit by digit: each pass counts the values that agree so far by their next digit. */
double order_statistic(const double *value, size_t count, size_t rank)
{
	size_t seen[DIGITS];
	uint64_t prefix = 0;
	int known = 0; /* bits of prefix */

	while (known < 64) {
		int bits = 64 - known < DIGIT_BITS ? 64 - known : DIGIT_BITS;
		int shift = 64 - known - bits;
		memset(seen, 0, sizeof(seen));
		for (size_t i = 0; i < count; i++) {
			uint64_t key = to_key(value[i]);
			if (!known || key >> (64 - known) == prefix)
				seen[key >> shift & (DIGITS - 1) & ((1u << bits) - 1)]++;
		}
		uint64_t digit = 0;
		while (rank >= seen[digit])
			rank -= seen[digit++];
		prefix = prefix << bits | digit;
		known += bits;
	}
	return from_key(prefix);
}

/* Length of the run at the start, which is turned round when it descends strictly. */
static size_t first_run(double *value, size_t count)
{
	size_t length = 1;
	if (count < 2)
		return count;
	bool down = value[1] < value[0];
	for (length = 2; length < count && (value[length] < value[length - 1]) == down; length++)
		;
	for (size_t i = 0; down && i < length / 2; i++) {
		double swap = value[i];
		value[i] = value[length - 1 - i];
		value[length - 1 - i] = swap;
	}
	return length;
}

double order_statistic_python(const double *value, size_t count, size_t rank)
{
	double sorted[ORDER_NAN_MOST];

	memcpy(sorted, value, count * sizeof(*value));
	for (size_t start = first_run(sorted, count); start < count; start++) {
		double pivot = sorted[start];
		size_t left = 0, right = start;
		while (left < right) {
			size_t middle = left + (right - left) / 2;
			if (pivot < sorted[middle])
				right = middle;
			else
				left = middle + 1;
		}
		memmove(sorted + left + 1, sorted + left, (start - left) * sizeof(*sorted));
		sorted[left] = pivot;
	}
	return sorted[rank];
}
