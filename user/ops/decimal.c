/* SPDX-License-Identifier: MIT */
#include "user/ops/decimal.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define MANTISSA_DIGITS 19

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits into the mantissa; a digit that does not fit makes the number inexact. */
static const char *scan_digits(const char *at, struct decimal *decimal, int *significant)
{
	for (; is_digit(*at); at++) {
		if (*significant == 0 && *at == '0')
			continue;
		if (*significant == MANTISSA_DIGITS) {
			decimal->exact = false;
			continue;
		}
		decimal->mantissa = decimal->mantissa * 10 + (uint64_t)(*at - '0');
		++*significant;
	}
	return at;
}

static const char *scan_exponent(const char *at, struct decimal *decimal, bool *valid)
{
	bool negative = *at == '-';
	int exponent = 0, digits = 0;

	if (*at == '-' || *at == '+')
		at++;
	*valid = is_digit(*at);
	for (; is_digit(*at); at++) {
		digits += digits || *at != '0';
		if (exponent < DECIMAL_EXPONENT_MOST)
			exponent = exponent * 10 + (*at - '0');
	}
	decimal->absurd = digits > 18;
	decimal->exponent += negative ? -exponent : exponent;
	return at;
}

/* Where the number ends, or *valid is false and this is where it breaks off. */
static const char *scan(const char *at, struct decimal *decimal, bool *valid)
{
	int significant = 0;
	const char *start = at;

	*valid = is_digit(*at);
	at = *at == '0' ? at + 1 : scan_digits(at, decimal, &significant);
	decimal->digits = (size_t)(at - start);
	if (*valid && *at == '.') {
		start = ++at;
		at = scan_digits(at, decimal, &significant);
		*valid = at > start;
		if (at - start > DECIMAL_EXPONENT_MOST)
			decimal->exact = false;
		decimal->exponent = decimal->exact ? -(int)(at - start) : 0;
		decimal->integer = false;
	}
	if (*valid && (*at == 'e' || *at == 'E')) {
		at = scan_exponent(at + 1, decimal, valid);
		decimal->integer = false;
	}
	return at;
}

size_t decimal_scan(const char *text, struct decimal *decimal)
{
	bool valid;
	*decimal = (struct decimal){.exact = true, .integer = true, .text = text, .negative = *text == '-'};
	decimal->stop = scan(text + decimal->negative, decimal, &valid);
	if (valid)
		decimal->size = (size_t)(decimal->stop - text);
	return decimal->size;
}

#if LDBL_MANT_DIG == 64
/*
 * Extended precision rounds to 64 bits, the conversion then to 53. Both
 * together give what one rounding gives, unless the first result lies exactly
 * half way between two doubles.
 */
static bool short_way(const struct decimal *decimal, double *value)
{
	static const long double power[] = {
		1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
		1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
		1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
	};
	if (!decimal->exact || decimal->exponent > 27 || decimal->exponent < -27)
		return false;
	long double result = (long double)decimal->mantissa;
	if (decimal->exponent < 0)
		result /= power[-decimal->exponent];
	else
		result *= power[decimal->exponent];
	uint64_t bits;
	memcpy(&bits, &result, sizeof(bits));
	if ((bits & 0x7ff) == 0x400)
		return false;
	*value = decimal->negative ? -(double)result : (double)result;
	return true;
}
#else
static bool short_way(const struct decimal *decimal, double *value)
{
	if (!decimal->exact || decimal->exponent || decimal->mantissa >> 53)
		return false;
	*value = decimal->negative ? -(double)decimal->mantissa : (double)decimal->mantissa;
	return true;
}
#endif

int decimal_value(const struct decimal *decimal, double *value)
{
	if (short_way(decimal, value))
		return 0;
	return decimal_text(decimal->text, decimal->size, value);
}

/* The "C" locale, made once: a decimal comma of the user's must not change a trace file. */
static locale_t plain_locale(void)
{
	static locale_t plain;
	locale_t have = __atomic_load_n(&plain, __ATOMIC_ACQUIRE);
	if (have)
		return have;
	locale_t made = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (made &&
	    !__atomic_compare_exchange_n(&plain, &have, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		freelocale(made);
		return have;
	}
	return made;
}

int decimal_text(const char *text, size_t size, double *value)
{
	char small[64];
	char *copy = size < sizeof(small) ? small : malloc(size + 1);
	locale_t plain = plain_locale();
	int result = copy && plain ? 0 : -ENOMEM;

	if (!result) {
		memcpy(copy, text, size);
		copy[size] = '\0';
		*value = strtod_l(copy, NULL, plain);
	}
	if (copy != small)
		free(copy);
	return result;
}
