/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>

#include "user/util/number.h"

static char buffer[64];
#define SHOWN(function, value) function(buffer, sizeof(buffer), value)

Test(number, durations_have_three_digits)
{
	cr_assert_str_eq(SHOWN(format_duration_ns, 0), "0 ns");
	cr_assert_str_eq(SHOWN(format_duration_ns, 999), "999 ns");
	cr_assert_str_eq(SHOWN(format_duration_ns, 999.9), "1.00 us");
	cr_assert_str_eq(SHOWN(format_duration_ns, 5600), "5.60 us");
	cr_assert_str_eq(SHOWN(format_duration_ns, 999600), "1.00 ms");
	cr_assert_str_eq(SHOWN(format_duration_ns, 123456789), "123 ms");
	cr_assert_str_eq(SHOWN(format_duration_ns, 1.2e9), "1.20 s");
	cr_assert_str_eq(SHOWN(format_duration_ns, NAN), "-");
	cr_assert_str_eq(SHOWN(format_duration_ns, INFINITY), "-");
}

Test(number, bytes_counts_and_shares)
{
	cr_assert_str_eq(SHOWN(format_bytes, 0), "0 B");
	cr_assert_str_eq(SHOWN(format_bytes, 1023), "1023 B");
	cr_assert_str_eq(SHOWN(format_bytes, 1023.9), "1.0 KiB");
	cr_assert_str_eq(SHOWN(format_bytes, -4096), "-4.0 KiB");
	cr_assert_str_eq(SHOWN(format_bytes, 12.3 * 1048576), "12.3 MiB");
	cr_assert_str_eq(SHOWN(format_count, 950), "950");
	cr_assert_str_eq(SHOWN(format_count, 1.5), "1.5");
	cr_assert_str_eq(SHOWN(format_count, 110000), "110k");
	cr_assert_str_eq(SHOWN(format_count, 999999), "1.00M");
	cr_assert_str_eq(SHOWN(format_percent, 0.823), "82 %");
	cr_assert_str_eq(SHOWN(format_percent, 0.002), "0.2 %");
	cr_assert_str_eq(SHOWN(format_percent, 0.00001), "<0.01 %");
	cr_assert_str_eq(SHOWN(format_percent, 0), "0 %");
}

Test(number, times)
{
	cr_assert_str_eq(format_time_utc(buffer, sizeof(buffer), 1700000000123456789u, 0),
			 "2023-11-14T22:13:20Z");
	cr_assert_str_eq(format_time_utc(buffer, sizeof(buffer), 1700000000123456789u, 1),
			 "2023-11-14T22:13:20.123456789Z");
}

Test(number, reads_durations)
{
	static const struct {
		const char *text;
		int error;
		uint64_t ns;
	} sample[] = {
		{"10s", 0, 10000000000u},  {"10", 0, 10000000000u},   {"500ms", 0, 500000000u},
		{"1.5m", 0, 90000000000u}, {"1h", 0, 3600000000000u}, {"", -EINVAL, 0},
		{"s", -EINVAL, 0},         {"-1s", -EINVAL, 0},       {"1e9", -EINVAL, 0},
		{"0x10", -EINVAL, 0},      {"inf", -EINVAL, 0},       {"nan", -EINVAL, 0},
		{" 1s", -EINVAL, 0},       {"1 s", -EINVAL, 0},       {"1.2.3s", -EINVAL, 0},
		{"0s", -ERANGE, 0},        {"400d", -ERANGE, 0},      {".", -EINVAL, 0},
		{"10sec", -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(sample) / sizeof(sample[0]); i++) {
		uint64_t ns = 0;
		cr_assert_eq(parse_duration_ns(sample[i].text, &ns), sample[i].error, "%s", sample[i].text);
		cr_assert_eq(ns, sample[i].ns, "%s", sample[i].text);
	}
}

Test(number, reads_bytes_and_numbers)
{
	uint64_t value = 0;
	double real = 0;
	cr_assert_eq(parse_bytes("8M", &value), 0);
	cr_assert_eq(value, 8u << 20);
	cr_assert_eq(parse_bytes("512KiB", &value), 0);
	cr_assert_eq(value, 512u << 10);
	cr_assert_eq(parse_bytes("4096", &value), 0);
	cr_assert_eq(parse_bytes("4Q", &value), -EINVAL);
	cr_assert_eq(parse_bytes("4Mx", &value), -EINVAL);
	cr_assert_eq(parse_bytes("99999999999T", &value), -ERANGE);
	cr_assert_eq(parse_unsigned("42", 100, &value), 0);
	cr_assert_eq(value, 42);
	cr_assert_eq(parse_unsigned("101", 100, &value), -ERANGE);
	cr_assert_eq(parse_unsigned("99999999999999999999999", UINT64_MAX, &value), -ERANGE);
	cr_assert_eq(parse_unsigned("-1", 100, &value), -EINVAL);
	cr_assert_eq(parse_unsigned("+1", 100, &value), -EINVAL);
	cr_assert_eq(parse_unsigned("", 100, &value), -EINVAL);
	cr_assert_eq(parse_real("79.5", 0, 100, &real), 0);
	cr_assert_float_eq(real, 79.5, 1e-12);
	cr_assert_eq(parse_real("101", 0, 100, &real), -ERANGE);
	cr_assert_eq(parse_real("80%", 0, 100, &real), -EINVAL);
}
