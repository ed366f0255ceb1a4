/* SPDX-License-Identifier: MIT */
#include "user/report/paint.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/util/escape.h"

#define LONGEST_UNIT 4 /* "GiB," */

void paint_tone(struct paint *paint, enum tone tone)
{
	static const char *const code[TONE_COUNT] = {
		[TONE_PLAIN] = "0",
		[TONE_STRONG] = "1",
		[TONE_FAINT] = "2",
		[TONE_GOOD] = "32",
		[TONE_FAIR] = "33",
		[TONE_POOR] = "31",
		[TONE_BAD] = "1;31",
		[TONE_COMPONENT + PSS_C_ON_CPU] = "30;42",
		[TONE_COMPONENT + PSS_C_RUNQ] = "97;41",
		[TONE_COMPONENT + PSS_C_LOCK] = "97;45",
		[TONE_COMPONENT + PSS_C_DISK] = "30;43",
		[TONE_COMPONENT + PSS_C_NET] = "97;44",
		[TONE_COMPONENT + PSS_C_FAULT] = "30;46",
		[TONE_COMPONENT + PSS_C_SLEEP] = "30;47",
		[TONE_COMPONENT + PSS_C_HANDOFF] = "30;105",
		[TONE_COMPONENT + PSS_C_OTHER] = "97;100",
	};
	if (paint->style.colour)
		fprintf(paint->out, "\033[%sm", code[tone]);
}

enum tone paint_score_tone(double score)
{
	return score >= 0.85 ? TONE_GOOD : score >= 0.6 ? TONE_FAIR : score >= 0.4 ? TONE_POOR : TONE_BAD;
}

static void repeat(struct paint *paint, const char *text, unsigned times)
{
	while (times--)
		fputs(text, paint->out);
}

void paint_heading(struct paint *paint, const char *title)
{
	const char *rule = paint->style.utf8 ? "\u2500" : "-";
	unsigned used = (unsigned)strlen(title) + 4;
	putc('\n', paint->out);
	paint_tone(paint, TONE_FAINT);
	repeat(paint, rule, 2);
	paint_tone(paint, TONE_PLAIN);
	putc(' ', paint->out);
	paint_tone(paint, TONE_STRONG);
	fputs(title, paint->out);
	paint_tone(paint, TONE_PLAIN);
	putc(' ', paint->out);
	paint_tone(paint, TONE_FAINT);
	repeat(paint, rule, paint->style.width > used ? paint->style.width - used : 0);
	paint_tone(paint, TONE_PLAIN);
	putc('\n', paint->out);
}

char *paint_safe(struct paint *paint, const char *text, size_t size, unsigned columns)
{
	char *safe = escape_terminal(text, size, !paint->style.utf8);
	if (!safe)
		paint->no_memory = true;
	else if (columns)
		text_shorten(safe, columns, !paint->style.utf8);
	return safe;
}

void paint_word(struct paint *paint, const char *text, size_t size, unsigned columns)
{
	char *safe = paint_safe(paint, text, size, columns);
	if (safe)
		fputs(safe, paint->out);
	free(safe);
}

void paint_cell(struct paint *paint, const char *text, unsigned columns, bool right)
{
	char *safe = paint_safe(paint, text, strlen(text), columns);
	unsigned used = safe ? text_columns(safe) : 0;
	unsigned blanks = columns > used ? columns - used : 0;
	if (right)
		repeat(paint, " ", blanks);
	if (safe)
		fputs(safe, paint->out);
	if (!right)
		repeat(paint, " ", blanks);
	free(safe);
}

/* Writes as much of a word as fits into so many columns, at least one character; how many bytes that was. */
static size_t put_part(struct paint *paint, const char *word, size_t length, unsigned columns)
{
	size_t end = 0;
	unsigned used = 0;
	while (end < length) {
		uint32_t code = 0;
		size_t step = utf8_decode(word + end, length - end, &code);
		char one[8] = {0};
		step = step ? step : 1;
		memcpy(one, word + end, step);
		used += text_columns(one);
		if (end && used > columns)
			break;
		end += step;
	}
	fwrite(word, 1, end, paint->out);
	return end;
}

static unsigned columns_of(const char *text, size_t length)
{
	char *copy = strndup(text, length);
	unsigned columns = copy ? text_columns(copy) : (unsigned)length;
	free(copy);
	return columns;
}

static void next_line(struct paint *paint, unsigned column)
{
	putc('\n', paint->out);
	repeat(paint, " ", column);
}

/* Length of the next word; a number and its unit ("1.2 ms", "5 %") stay together. */
static size_t word_length(const char *text)
{
	size_t length = strcspn(text, " ");
	if (!length || text[length] != ' ' || text[length - 1] < '0' || text[length - 1] > '9')
		return length;
	size_t unit = strcspn(text + length + 1, " ");
	return unit && unit <= LONGEST_UNIT ? length + 1 + unit : length;
}

void paint_wrap(struct paint *paint, unsigned column, const char *text)
{
	char *safe = paint_safe(paint, text, strlen(text), 0);
	unsigned room = paint->style.width > column + 20 ? paint->style.width - column : 20;
	unsigned used = 0;
	for (const char *at = safe; at && *at;) {
		at += strspn(at, " ");
		size_t length = word_length(at);
		unsigned wide = columns_of(at, length);
		if (used && used + 1 + wide > room) {
			next_line(paint, column);
			used = 0;
		} else if (used && length) {
			putc(' ', paint->out);
			used++;
		}
		/* A word longer than a line is cut into lines. */
		while (wide > room) {
			size_t part = put_part(paint, at, length, room);
			at += part;
			length -= part;
			wide = columns_of(at, length);
			next_line(paint, column);
		}
		fwrite(at, 1, length, paint->out);
		used += wide;
		at += length;
	}
	putc('\n', paint->out);
	free(safe);
}

/* The cell that a share of the bar ends in. */
static unsigned cells(double share, unsigned columns)
{
	if (!(share > 0))
		return 0;
	return share >= 1 ? columns : (unsigned)lround(share * columns);
}

void paint_bar(struct paint *paint, double value, double lo, double hi, unsigned columns)
{
	const char *sure = paint->style.utf8 ? "\u2588" : "#";
	const char *unsure = paint->style.utf8 ? "\u2592" : "=";
	const char *rest = paint->style.utf8 ? "\u2591" : ".";
	unsigned from = cells(lo, columns), to = cells(hi, columns);
	to = to < from ? from : to;
	paint_tone(paint, paint_score_tone(value));
	repeat(paint, sure, from);
	repeat(paint, unsure, to - from);
	paint_tone(paint, TONE_PLAIN);
	paint_tone(paint, TONE_FAINT);
	repeat(paint, rest, columns - to);
	paint_tone(paint, TONE_PLAIN);
}

char paint_component_letter(enum pss_component component)
{
	static const char letter[PSS_C_COUNT] = {
		[PSS_C_ON_CPU] = 'C', [PSS_C_RUNQ] = 'R',    [PSS_C_LOCK] = 'L',
		[PSS_C_DISK] = 'D',   [PSS_C_NET] = 'N',     [PSS_C_FAULT] = 'F',
		[PSS_C_SLEEP] = 'S',  [PSS_C_HANDOFF] = 'H', [PSS_C_OTHER] = 'O',
	};
	return letter[component];
}

void paint_stack(struct paint *paint, const double *share, unsigned columns)
{
	double total = 0, sum = 0;
	for (int i = 0; i < PSS_C_COUNT; i++)
		total += isfinite(share[i]) && share[i] > 0 ? share[i] : 0;
	unsigned done = 0;
	for (int i = 0; i < PSS_C_COUNT && total > 0; i++) {
		if (!isfinite(share[i]) || share[i] <= 0)
			continue;
		sum += share[i];
		unsigned end = cells(sum / total, columns);
		if (end <= done)
			continue;
		paint_tone(paint, TONE_COMPONENT + i);
		while (done < end) {
			putc(paint_component_letter(i), paint->out);
			done++;
		}
		paint_tone(paint, TONE_PLAIN);
	}
	repeat(paint, " ", columns - done);
}

void paint_spark(struct paint *paint, const double *value, size_t values)
{
	static const char *const block[] = {"\u2581", "\u2582", "\u2583", "\u2584",
					    "\u2585", "\u2586", "\u2587", "\u2588"};
	static const char *const mark[] = {"_", ".", ",", "-", "~", "=", "*", "#"};
	double most = 0;
	for (size_t i = 0; i < values; i++)
		if (isfinite(value[i]) && value[i] > most)
			most = value[i];
	for (size_t i = 0; i < values; i++) {
		if (!isfinite(value[i]) || value[i] < 0) {
			putc(' ', paint->out);
			continue;
		}
		unsigned height = most > 0 ? (unsigned)(value[i] / most * 7.999) : 0;
		fputs(paint->style.utf8 ? block[height] : mark[height], paint->out);
	}
}

const char *format_grouped(char *buffer, size_t size, uint64_t value)
{
	char plain[24];
	size_t digits = (size_t)snprintf(plain, sizeof(plain), "%" PRIu64, value), used = 0;
	for (size_t i = 0; i < digits && used + 2 < size; i++) {
		if (i && (digits - i) % 3 == 0)
			buffer[used++] = ',';
		buffer[used++] = plain[i];
	}
	buffer[used] = '\0';
	return buffer;
}
