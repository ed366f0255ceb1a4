/* SPDX-License-Identifier: MIT */
#include "user/score/exact.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef unsigned __int128 u128;

#define LOW_BIT (-1074)  /* of a double */
#define SUM_WORDS 70     /* 32 bits each: 2,098 bits of a double and 40 of the count, and room */
#define SQUARE_WORDS 140 /* squares: twice that */
#define WIDE_WORDS 152   /* a product with the count, and a shift */
#define SHIFT_WORDS 6    /* so many words are put below a number before it is divided */
#define CARRY_EVERY (1u << 30)

/* Words of 32 bits in 64, so that 2^31 additions need no carry. */
struct sums {
	int64_t value[SUM_WORDS];
	int64_t square[SQUARE_WORDS];
};

/* An unsigned integer, least word first; words above `used` are 0. */
struct wide {
	uint32_t word[WIDE_WORDS];
	int used;
};

static void carry(int64_t *word, int words)
{
	for (int i = 0; i + 1 < words; i++) {
		word[i + 1] += word[i] >> 32;
		word[i] &= 0xffffffff;
	}
}

static void add_one(struct sums *sums, double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof(bits));
	unsigned exponent = bits >> 52 & 0x7ff;
	uint64_t mantissa = bits & 0xfffffffffffffu;
	if (exponent) {
		mantissa |= 1ULL << 52;
		exponent--;
	}
	int64_t sign = bits >> 63 ? -1 : 1;
	u128 shifted = (u128)mantissa << exponent % 32;
	for (unsigned i = exponent / 32; shifted; i++, shifted >>= 32)
		sums->value[i] += sign * (int64_t)(uint32_t)shifted;

	u128 square = (u128)mantissa * mantissa;
	unsigned i = 2 * exponent / 32, shift = 2 * exponent % 32;
	uint64_t left = 0;
	for (; square || left; i++, square >>= 32) {
		left += (uint64_t)(uint32_t)square << shift;
		sums->square[i] += (int64_t)(uint32_t)left;
		left >>= 32;
	}
}

static void trim(struct wide *wide)
{
	while (wide->used > 0 && !wide->word[wide->used - 1])
		wide->used--;
}

/* After carry: all words but the last are in 0..2^32-1, and the last has the sign. */
static bool to_wide(const int64_t *word, int words, struct wide *wide)
{
	bool negative = word[words - 1] < 0;
	uint64_t borrow = negative;

	memset(wide, 0, sizeof(*wide));
	for (int i = 0; i < words; i++) {
		uint64_t digit = (uint32_t)word[i];
		if (negative) {
			digit = (uint64_t)(uint32_t)~digit + borrow;
			borrow = digit >> 32;
		}
		wide->word[i] = (uint32_t)digit;
	}
	wide->used = words;
	trim(wide);
	return negative;
}

static void multiply(struct wide *wide, uint64_t factor)
{
	u128 left = 0;
	for (int i = 0; i < wide->used || left; i++) {
		left += (u128)wide->word[i] * factor;
		wide->word[i] = (uint32_t)left;
		left >>= 32;
		if (i >= wide->used)
			wide->used = i + 1;
	}
	trim(wide);
}

/* Returns whether something was left over. */
static bool divide(struct wide *wide, uint64_t divisor)
{
	u128 rest = 0;
	for (int i = wide->used - 1; i >= 0; i--) {
		rest = rest << 32 | wide->word[i];
		wide->word[i] = (uint32_t)(rest / divisor);
		rest %= divisor;
	}
	trim(wide);
	return rest != 0;
}

static void shift_up(struct wide *wide)
{
	memmove(wide->word + SHIFT_WORDS, wide->word, (WIDE_WORDS - SHIFT_WORDS) * sizeof(wide->word[0]));
	memset(wide->word, 0, SHIFT_WORDS * sizeof(wide->word[0]));
	if (wide->used)
		wide->used += SHIFT_WORDS;
}

/* from -= root * root; the result is not negative. */
static void subtract_square(struct wide *from, const struct wide *root)
{
	for (int i = 0; i < root->used; i++) {
		uint64_t carried = 0;
		int64_t borrow = 0;
		for (int j = 0; i + j < from->used && (j < root->used || carried || borrow); j++) {
			carried += (uint64_t)root->word[i] * (j < root->used ? root->word[j] : 0);
			borrow += (int64_t)from->word[i + j] - (int64_t)(uint32_t)carried;
			from->word[i + j] = (uint32_t)borrow;
			borrow >>= 32;
			carried >>= 32;
		}
	}
	trim(from);
}

static int bits_of(const struct wide *wide)
{
	return wide->used ? wide->used * 32 - __builtin_clz(wide->word[wide->used - 1]) : 0;
}

/* 128 bits from `low` on (which may be below 0); *rest tells whether a lower one is set. */
static u128 window_of(const struct wide *wide, int low, bool *rest)
{
	u128 window = 0;
	for (int bit = 0; bit < 128; bit += 32) {
		for (int half = 0; half < 2; half++) { /* the two words that 32 bits can touch */
			int at = low + bit, index = (at >= 0 ? at / 32 : -((31 - at) / 32)) + half;
			int offset = index * 32 - at;
			if (index < 0 || index >= wide->used)
				continue;
			uint64_t piece = offset >= 0 ? (uint64_t)wide->word[index] << offset
						     : wide->word[index] >> -offset;
			window |= (u128)(uint32_t)piece << bit;
		}
	}
	for (int i = 0; i * 32 < low && i < wide->used; i++) {
		uint32_t below = low - i * 32 >= 32 ? UINT32_MAX : (1u << (low - i * 32)) - 1;
		*rest = *rest || (wide->word[i] & below);
	}
	return window;
}

/* top * 2^exponent, to the nearest double, ties to even; `rest`: a little more than that. The highest bit of
 * top is set. */
static double round_to_double(uint64_t top, int exponent, bool rest)
{
	int drop = 11;
	if (exponent + drop < LOW_BIT)
		drop = LOW_BIT - exponent;
	if (drop > 64)
		return 0;
	uint64_t kept = drop == 64 ? 0 : top >> drop;
	uint64_t below = drop == 64 ? top : top & ((1ULL << drop) - 1);
	uint64_t half = 1ULL << (drop - 1);
	if (below > half || (below == half && (rest || (kept & 1))))
		kept++;
	return ldexp((double)kept, exponent + drop);
}

/* wide * 2^exponent, and `rest` more. */
static double wide_to_double(const struct wide *wide, int exponent, bool rest)
{
	int bits = bits_of(wide);
	if (!bits)
		return 0;
	u128 window = window_of(wide, bits - 128, &rest);
	return round_to_double((uint64_t)(window >> 64), exponent + bits - 64, rest || (uint64_t)window);
}

static uint64_t square_root(u128 square)
{
	uint64_t root = 0;
	for (int bit = 63; bit >= 0; bit--) {
		uint64_t larger = root | 1ULL << bit;
		if ((u128)larger * larger <= square)
			root = larger;
	}
	return root;
}

/* The root of wide * 2^exponent, and `rest` more; exponent is even. */
static double wide_root(const struct wide *wide, int exponent, bool rest)
{
	int bits = bits_of(wide);
	if (!bits)
		return 0;
	int low = bits - 128 + (bits & 1); /* even, so that its half is an exponent */
	u128 window = window_of(wide, low, &rest);
	uint64_t root = square_root(window);
	rest = rest || (u128)root * root != window;
	/* The window has 127 or 128 bits, so the root has all of its 64. */
	return round_to_double(root, (exponent + low) / 2, rest);
}

/* count * sum of squares - square of the sum, over count * (count - 1). */
static void spread(struct wide *squares, const struct wide *sum, size_t count, struct exact_moments *moments)
{
	const int exponent = 2 * LOW_BIT - 32 * SHIFT_WORDS;

	multiply(squares, count);
	subtract_square(squares, sum);
	shift_up(squares);
	bool rest = divide(squares, count);
	rest = divide(squares, count - 1) || rest;
	moments->variance = wide_to_double(squares, exponent, rest);
	moments->stdev = wide_root(squares, exponent, rest);
}

void exact_moments(const double *value, size_t count, struct exact_moments *moments)
{
	struct sums sums;
	struct wide sum, squares, mean;

	memset(&sums, 0, sizeof(sums));
	memset(moments, 0, sizeof(*moments));
	for (size_t i = 0; i < count; i++) {
		add_one(&sums, value[i]);
		if (i % CARRY_EVERY == CARRY_EVERY - 1) {
			carry(sums.value, SUM_WORDS);
			carry(sums.square, SQUARE_WORDS);
		}
	}
	carry(sums.value, SUM_WORDS);
	carry(sums.square, SQUARE_WORDS);
	bool negative = to_wide(sums.value, SUM_WORDS, &sum);
	to_wide(sums.square, SQUARE_WORDS, &squares);
	mean = sum;
	shift_up(&mean);
	bool rest = divide(&mean, count);
	moments->mean = wide_to_double(&mean, LOW_BIT - 32 * SHIFT_WORDS, rest);
	if (negative)
		moments->mean = -moments->mean;
	if (count > 1)
		spread(&squares, &sum, count, moments);
}
