/* SPDX-License-Identifier: MIT */
#include "user/util/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Three significant digits: 1.20, 12.0, 120. */
static int digits_for(double value)
{
	value = fabs(value);
	return value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

const char *format_duration_ns(char *buffer, size_t size, double ns)
{
	static const struct {
		double unit;
		const char *name;
	} scale[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
	if (!isfinite(ns)) {
		snprintf(buffer, size, "-");
		return buffer;
	}
	for (size_t i = 0; i < sizeof(scale) / sizeof(scale[0]); i++) {
		/* From 999.5 on three digits would read 1000. */
		if (fabs(ns) >= scale[i].unit * 0.9995) {
			double value = ns / scale[i].unit;
			snprintf(buffer, size, "%.*f %s", digits_for(value), value, scale[i].name);
			return buffer;
		}
	}
	snprintf(buffer, size, "%.0f ns", ns);
	return buffer;
}

const char *format_bytes(char *buffer, size_t size, double bytes)
{
	static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	if (!isfinite(bytes)) {
		snprintf(buffer, size, "-");
		return buffer;
	}
	size_t i = 0;
	while (fabs(bytes) >= 1023.5 && i + 1 < sizeof(unit) / sizeof(unit[0])) {
		bytes /= 1024;
		i++;
	}
	snprintf(buffer, size, "%.*f %s", i == 0 || fabs(bytes) >= 99.95 ? 0 : 1, bytes, unit[i]);
	return buffer;
}

const char *format_count(char *buffer, size_t size, double count)
{
	static const char unit[] = "kMGTPE";
	if (!isfinite(count)) {
		snprintf(buffer, size, "-");
		return buffer;
	}
	if (fabs(count) < 9999.5) {
		snprintf(buffer, size, "%.*f", fabs(count) < 9.995 && count != floor(count) ? 1 : 0, count);
		return buffer;
	}
	size_t i = 0;
	count /= 1000;
	while (fabs(count) >= 999.5 && unit[i + 1]) {
		count /= 1000;
		i++;
	}
	snprintf(buffer, size, "%.*f%c", digits_for(count), count, unit[i]);
	return buffer;
}

const char *format_percent(char *buffer, size_t size, double share)
{
	double percent = share * 100;
	if (!isfinite(percent))
		snprintf(buffer, size, "-");
	else if (percent != 0 && fabs(percent) < 0.01)
		snprintf(buffer, size, "<0.01 %%");
	else
		snprintf(buffer, size, "%.*f %%",
			 percent == 0 || fabs(percent) >= 9.95 ? 0
			 : fabs(percent) >= 0.1                ? 1
							       : 2,
			 percent);
	return buffer;
}

const char *format_time_utc(char *buffer, size_t size, uint64_t unix_ns, int precise)
{
	time_t seconds = (time_t)(unix_ns / 1000000000u);
	struct tm utc;
	char date[40];
	if (!gmtime_r(&seconds, &utc) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc))
		snprintf(buffer, size, "-");
	else if (precise)
		snprintf(buffer, size, "%s.%09luZ", date, (unsigned long)(unix_ns % 1000000000u));
	else
		snprintf(buffer, size, "%sZ", date);
	return buffer;
}

/*
 * A plain decimal number ("10", "1.5") at the start; what follows it comes
 * back. strtod alone would take "inf", "0x10", "1e9" and leading blanks.
 */
static int parse_decimal(const char *text, double *value, const char **rest)
{
	size_t length = strspn(text, "0123456789.");
	if (!length || length > 40 || !strcspn(text, "."))
		return -EINVAL;
	char copy[48];
	memcpy(copy, text, length);
	copy[length] = '\0';
	char *end;
	*value = strtod(copy, &end);
	if (*end)
		return -EINVAL;
	*rest = text + length;
	return 0;
}

int parse_duration_ns(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} unit[] = {{"", 1e9},   {"s", 1e9},    {"ms", 1e6},   {"us", 1e3},   {"ns", 1},
		    {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
	double value;
	const char *rest;
	if (parse_decimal(text, &value, &rest))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++) {
		if (strcmp(rest, unit[i].name))
			continue;
		value *= unit[i].ns;
		if (value < 1 || value > 366 * 86400e9)
			return -ERANGE;
		*ns = (uint64_t)value;
		return 0;
	}
	return -EINVAL;
}

int parse_bytes(const char *text, uint64_t *bytes)
{
	static const char unit[] = "KMGT";
	double value;
	const char *rest;
	if (parse_decimal(text, &value, &rest))
		return -EINVAL;
	if (*rest) {
		const char *found = strchr(unit, *rest >= 'a' ? *rest - 32 : *rest);
		if (!found)
			return -EINVAL;
		value = ldexp(value, 10 * (int)(found - unit + 1));
		rest++;
		if (*rest && strcasecmp(rest, "B") && strcasecmp(rest, "iB"))
			return -EINVAL;
	}
	if (value > 9e18)
		return -ERANGE;
	*bytes = (uint64_t)value;
	return 0;
}

int parse_unsigned(const char *text, uint64_t most, uint64_t *value)
{
	if (!*text || text[strspn(text, "0123456789")])
		return -EINVAL;
	errno = 0;
	unsigned long long number = strtoull(text, NULL, 10);
	if (errno || number > most)
		return -ERANGE;
	*value = number;
	return 0;
}

int parse_real(const char *text, double least, double most, double *value)
{
	const char *rest;
	if (parse_decimal(text, value, &rest) || *rest)
		return -EINVAL;
	return *value < least || *value > most ? -ERANGE : 0;
}
