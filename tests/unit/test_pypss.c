/* SPDX-License-Identifier: MIT */
/* The pypss profile against what pypss itself answers: tests/golden/. */
#include "user/score/pypss.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/score/exact.h"
#include "user/score/order.h"

#define GOLDEN "tests/golden/"
#define NEAR 1e-12 /* relative; on the machine that made the answers they are the same to the last bit */

static cJSON *read_golden(const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), GOLDEN "%s", name);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	cr_assert_eq(fseek(file, 0, SEEK_END), 0);
	size_t size = (size_t)ftell(file);
	rewind(file);
	char *text = calloc(size + 1, 1);
	cr_assert_eq(fread(text, 1, size, file), size);
	fclose(file);
	cJSON *json = cJSON_Parse(text);
	free(text);
	cr_assert_not_null(json, "%s", path);
	return json;
}

static const cJSON *get(const cJSON *object, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
	cr_assert_not_null(item, "%s is missing", key);
	return item;
}

static double number(const cJSON *object, const char *key)
{
	const cJSON *item = get(object, key);
	cr_assert(cJSON_IsNumber(item), "%s", key);
	return item->valuedouble;
}

/* The array's numbers, owned by the caller. */
static double *numbers(const cJSON *array, size_t *count)
{
	*count = (size_t)cJSON_GetArraySize(array);
	double *value = calloc(*count + 1, sizeof(*value));
	size_t i = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, array) value[i++] = item->valuedouble;
	return value;
}

static bool is_near(double have, double want)
{
	return have == want || fabs(have - want) <= NEAR * fabs(want);
}

/* null where Python raised an error: nothing to compare. */
static void check_stat(const cJSON *vector, const char *key, double have, double tolerance)
{
	const cJSON *want = get(vector, key);
	if (cJSON_IsNumber(want))
		cr_expect_leq(fabs(have - want->valuedouble), tolerance * fabs(want->valuedouble),
			      "%s: %.17g, not %.17g", key, have, want->valuedouble);
}

Test(pypss, statistics)
{
	cJSON *units = read_golden("golden_units.json");
	const cJSON *vector;
	int seen = 0;

	cJSON_ArrayForEach(vector, get(units, "stats"))
	{
		size_t count;
		double *data = numbers(get(vector, "data"), &count), cv;
		struct exact_moments moments;
		exact_moments(data, count, &moments);
		check_stat(vector, "mean", moments.mean, 0);
		check_stat(vector, "variance", moments.variance, 0);
		check_stat(vector, "stdev", moments.stdev, 0);
		check_stat(vector, "median", pypss_median(data, count), 0);
		cr_expect_eq(pypss_cv(data, count, &cv), 0);
		check_stat(vector, "cv", cv, 0);
		if (count > 1) {
			check_stat(vector, "q_index_0", pypss_quantile(data, count, 1), 0);
			check_stat(vector, "q_index_49_p50", pypss_quantile(data, count, 50), 0);
			check_stat(vector, "q_index_94_p95", pypss_quantile(data, count, 95), 0);
			check_stat(vector, "q_index_98_p99", pypss_quantile(data, count, 99), 0);
		}
		free(data);
		seen++;
	}
	cr_assert_eq(seen, 12);
	cJSON_Delete(units);
}

Test(pypss, rounding)
{
	cJSON *units = read_golden("golden_units.json");
	const cJSON *pair;
	int seen = 0;

	cJSON_ArrayForEach(pair, get(units, "round2"))
	{
		double from = cJSON_GetArrayItem(pair, 0)->valuedouble;
		double want = cJSON_GetArrayItem(pair, 1)->valuedouble, have = pypss_round2(from);
		cr_expect_eq(have, want, "%.17g: %.17g, not %.17g", from, have, want);
		seen++;
	}
	cJSON_ArrayForEach(pair, get(units, "round_int"))
	{
		double from = cJSON_GetArrayItem(pair, 0)->valuedouble;
		cr_expect_eq(pypss_round(from), cJSON_GetArrayItem(pair, 1)->valueint, "%.17g", from);
		seen++;
	}
	cr_assert_eq(seen, 25);
	cJSON_Delete(units);
}

static void set_constant(struct pss_pypss_config *config, const char *key, double value)
{
	const struct {
		const char *key;
		double *constant;
	} constant[] = {
		{"alpha", &config->alpha},
		{"beta", &config->beta},
		{"gamma", &config->gamma},
		{"delta", &config->delta},
		{"mem_spike_threshold_ratio", &config->mem_spike_threshold_ratio},
		{"error_spike_threshold", &config->error_spike_threshold},
		{"concurrency_wait_threshold", &config->concurrency_wait_threshold},
		{"score_memory_epsilon", &config->score_memory_epsilon},
		{"score_error_vmr_multiplier", &config->score_error_vmr_multiplier},
		{"score_error_spike_impact_multiplier", &config->score_error_spike_impact_multiplier},
		{"score_consecutive_error_decay_multiplier",
		 &config->score_consecutive_error_decay_multiplier},
	};
	if (!strcmp(key, "consecutive_error_threshold")) {
		config->consecutive_error_threshold = (unsigned)value;
		return;
	}
	if (!strcmp(key, "score_latency_tail_percentile")) {
		config->score_latency_tail_percentile = (unsigned)value;
		return;
	}
	for (size_t i = 0; i < sizeof(constant) / sizeof(constant[0]); i++) {
		if (!strcmp(key, constant[i].key)) {
			*constant[i].constant = value;
			return;
		}
	}
	cr_assert_fail("unknown constant %s", key);
}

static double branching(const cJSON *counts)
{
	size_t count[16], tags = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, counts)
	{
		cr_assert_lt(tags, 16);
		count[tags++] = (size_t)item->valueint;
	}
	return pypss_branching(count, tags);
}

static double subscore(const cJSON *vector, const struct pss_pypss_config *config)
{
	const char *kind = get(vector, "kind")->valuestring, *why = "";
	size_t count, lags = 0;
	double *data = numbers(get(vector, "data"), &count), *lag = NULL, score = NAN;
	uint8_t *error = calloc(count + 1, 1);
	int result = 0;

	for (size_t i = 0; i < count; i++)
		error[i] = data[i] != 0;
	if (!strcmp(kind, "ts")) {
		result = pypss_timing(data, count, config, &score, &why);
	} else if (!strcmp(kind, "ms")) {
		result = pypss_memory(data, count, config, &score, &why);
	} else if (!strcmp(kind, "ev")) {
		result = pypss_errors(error, count, config, &score, &why);
	} else if (!strcmp(kind, "be")) {
		score = branching(get(vector, "data"));
	} else {
		cr_assert_str_eq(kind, "cc");
		lag = numbers(get(vector, "lag"), &lags);
		result = pypss_concurrency(data, count, lag, lags, config, &score, &why);
	}
	cr_expect_eq(result, 0, "%s: %s", kind, why);
	free(lag);
	free(error);
	free(data);
	return score;
}

Test(pypss, subscores)
{
	cJSON *units = read_golden("golden_units.json");
	const cJSON *configuration, *vector, *constant;
	int seen = 0;

	cJSON_ArrayForEach(configuration, get(units, "configs"))
	{
		struct pss_config config;
		pss_config_defaults(&config);
		cJSON_ArrayForEach(constant, configuration)
			set_constant(&config.pypss, constant->string, constant->valuedouble);
		cJSON_ArrayForEach(vector, get(units, "subscores"))
		{
			double want = number(get(vector, "scores"), configuration->string);
			double have = subscore(vector, &config.pypss);
			cr_expect(is_near(have, want), "%s under %s, vector %d: %.17g, not %.17g",
				  get(vector, "kind")->valuestring, configuration->string, seen, have, want);
			seen++;
		}
	}
	cr_assert_eq(seen, 5 * 47);
	cJSON_Delete(units);
}

static int score_file(const char *name, const struct pss_config *config, struct pypss_result *result)
{
	char path[300], message[300] = "";
	struct pypss_columns columns;
	snprintf(path, sizeof(path), GOLDEN "traces/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s", path);
	pypss_columns_init(&columns);
	int error = trace_file_read(fd, &columns, NULL, message, sizeof(message));
	if (!error)
		error = pypss_score(&columns, config, result, message, sizeof(message));
	cr_expect_eq(error != 0, message[0] != '\0', "%s: %s", name, message);
	cr_expect_null(strchr(message, '\n'));
	pypss_columns_free(&columns);
	close(fd);
	return error;
}

static void expect_result(const char *name, const cJSON *want, const struct pypss_result *have)
{
	cr_expect_eq(have->pss, (int)number(want, "pss"), "%s: %d", name, have->pss);
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		double value = number(get(want, "breakdown"), pss_dimension_key(i));
		cr_expect_eq(have->dimension[i], value, "%s %s: %.17g, not %.17g", name, pss_dimension_key(i),
			     have->dimension[i], value);
	}
}

static void expect_unrounded(const char *name, const cJSON *want, const struct pypss_result *have)
{
	cr_expect(is_near(have->pss_unrounded, number(want, "pss")), "%s: %.17g", name, have->pss_unrounded);
	for (int i = 0; i < PSS_DIM_COUNT; i++) {
		double value = number(want, pss_dimension_key(i));
		cr_expect(is_near(have->dimension_unrounded[i], value), "%s %s: %.17g, not %.17g", name,
			  pss_dimension_key(i), have->dimension_unrounded[i], value);
	}
}

Test(pypss, weights)
{
	static const char *const key[PSS_DIM_COUNT] = {"w_ts", "w_ms", "w_ev", "w_be", "w_cc"};
	cJSON *units = read_golden("golden_units.json");
	const cJSON *vector, *weight;
	int seen = 0;

	cJSON_ArrayForEach(vector, get(units, "weights"))
	{
		struct pss_config config;
		struct pypss_result result;
		const char *name = get(vector, "file")->valuestring;
		pss_config_defaults(&config);
		for (int i = 0; i < PSS_DIM_COUNT; i++) {
			weight = cJSON_GetObjectItemCaseSensitive(get(vector, "weights"), key[i]);
			config.weight[i] = weight ? weight->valuedouble : config.weight[i];
		}
		cr_assert_eq(score_file(name, &config, &result), 0);
		expect_result(name, get(vector, "result"), &result);
		expect_unrounded(name, get(vector, "unrounded"), &result);
		seen++;
	}
	cr_assert_eq(seen, 4);
	cJSON_Delete(units);
}

/* With space or a byte-order mark in front pypss sees no array and answers all zeros; here the array counts.
 */
static bool begins_late(const char *name)
{
	return !strncmp(name, "096_", 4) || !strncmp(name, "097_", 4);
}

Test(pypss, golden_files, .timeout = 120)
{
	cJSON *golden = read_golden("golden.json"), *detail = read_golden("golden_detail.json");
	struct pss_config config;
	const cJSON *want;
	int seen = 0, refused = 0;

	pss_config_defaults(&config);
	cJSON_ArrayForEach(want, golden)
	{
		const char *name = want->string;
		struct pypss_result result;
		int error = score_file(name, &config, &result);
		seen++;
		if (cJSON_GetObjectItemCaseSensitive(want, "error")) {
			cr_expect_neq(error, 0, "%s", name);
			refused++;
			continue;
		}
		cr_expect_eq(error, 0, "%s", name);
		if (begins_late(name)) {
			cr_expect_eq(result.pss, 72, "%s: %d", name, result.pss);
			continue;
		}
		expect_result(name, want, &result);
		expect_unrounded(name, get(get(detail, name), "unrounded"), &result);
	}
	cr_assert_eq(seen, 98);
	cr_assert_eq(refused, 7);
	cJSON_Delete(detail);
	cJSON_Delete(golden);
}

static struct exact_moments moments_of(const double *value, size_t count)
{
	struct exact_moments moments;
	exact_moments(value, count, &moments);
	return moments;
}

#define MOMENTS(...)                                                                                         \
	moments_of((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

Test(pypss, moments_are_exact)
{
	struct exact_moments moments = MOMENTS(1e308, 1e100, 1, -1e308, -1e100);
	cr_expect_eq(moments.mean, 0.2);
	cr_expect(isinf(moments.variance));
	cr_expect_eq(moments.stdev, 0x1.92c80954c51f5p+1022);
	moments = MOMENTS(1e17, 1e17 + 16, 1e17 + 32);
	cr_expect_eq(moments.mean, 1e17 + 16);
	cr_expect_eq(moments.variance, 256);
	cr_expect_eq(moments.stdev, 16);
	moments = MOMENTS(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);
	cr_expect_eq(moments.mean, 0.1);
	cr_expect_eq(moments.stdev, 0);
	moments = MOMENTS(5e-324, 5e-324, 0);
	cr_expect_eq(moments.mean, 5e-324, "two thirds of the least double round up");
	moments = MOMENTS(5e-324, 0, 0);
	cr_expect_eq(moments.mean, 0);
	moments = MOMENTS(1.7e308, -1.7e308);
	cr_expect_eq(moments.mean, 0);
	cr_expect(isinf(moments.stdev));
	moments = MOMENTS(-3);
	cr_expect_eq(moments.mean, -3);
	cr_expect_eq(moments.stdev, 0);
}

/* Scaling by a power of two and changing the order change nothing else. */
Test(pypss, moments_scale)
{
	double value[500], scaled[500];
	uint64_t state = 1;
	for (int i = 0; i < 500; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		value[i] = (double)(state >> 11) / (double)(state & 0xffff) - 1e11;
	}
	for (int exponent = -900; exponent <= 450; exponent += 75) {
		for (int i = 0; i < 500; i++)
			scaled[499 - i] = ldexp(value[i], exponent);
		struct exact_moments one = moments_of(value, 500), other = moments_of(scaled, 500);
		cr_expect_eq(other.mean, ldexp(one.mean, exponent), "%d", exponent);
		cr_expect_eq(other.stdev, ldexp(one.stdev, exponent), "%d", exponent);
		if (2 * exponent > -900)
			cr_expect_eq(other.variance, ldexp(one.variance, 2 * exponent), "%d", exponent);
	}
}

static int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

Test(pypss, order_statistics)
{
	double value[300], sorted[300];
	uint64_t state = 7;
	for (int i = 0; i < 300; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		value[i] =
			i % 3 ? (double)(int64_t)state * pow(10, (double)(state >> 60) - 8) : (double)(i % 7);
	}
	value[5] = INFINITY;
	value[6] = -INFINITY;
	memcpy(sorted, value, sizeof(value));
	qsort(sorted, 300, sizeof(*sorted), ascending);
	for (size_t rank = 0; rank < 300; rank++)
		cr_expect_eq(order_statistic(value, 300, rank), sorted[rank], "%zu", rank);
	for (size_t rank = 0; rank < 63; rank++) {
		memcpy(sorted, value, sizeof(value));
		qsort(sorted, 63, sizeof(*sorted), ascending);
		cr_expect_eq(order_statistic_python(value, 63, rank), sorted[rank], "%zu", rank);
	}
}

static int memory_score(const double *memory, size_t count, double *score)
{
	struct pss_config config;
	const char *why;
	pss_config_defaults(&config);
	return pypss_memory(memory, count, &config.pypss, score, &why);
}

/* What CPython's sorted() and max() make of a NAN decides; checked against pypss itself. */
Test(pypss, memory_that_is_no_number)
{
	double score;
	cr_expect_eq(memory_score((const double[]){NAN, 0, 0}, 3, &score), 0);
	cr_expect_eq(score, 0);
	cr_expect_eq(memory_score((const double[]){0, NAN, 0}, 3, &score), -EDOM);
	cr_expect_eq(memory_score((const double[]){0, 0, NAN}, 3, &score), 0);
	cr_expect_eq(score, 1);
	cr_expect_eq(memory_score((const double[]){0, 0, INFINITY}, 3, &score), 0);
	cr_expect_eq(score, 0);
	cr_expect_eq(memory_score((const double[]){1, 2, INFINITY}, 3, &score), -EDOM);
}

Test(pypss, refusals_say_why)
{
	double duration[] = {-1, 1, -1e-4}, wait[] = {1, INFINITY}, lag[] = {0.5, NAN};
	struct pypss_columns columns = {.records = 3, .duration = duration, .durations = 3};
	struct pypss_result result;
	struct pss_config config;
	char message[200] = "";

	pss_config_defaults(&config);
	cr_expect_eq(pypss_score(&columns, &config, &result, message, sizeof(message)), -EDOM);
	cr_expect(strstr(message, "overflows"), "%s", message);
	columns = (struct pypss_columns){.records = 2, .wait = wait, .waits = 2};
	cr_expect_eq(pypss_score(&columns, &config, &result, message, sizeof(message)), -EDOM);
	cr_expect(strstr(message, "wait"), "%s", message);
	columns = (struct pypss_columns){.lag = lag, .lags = 2};
	cr_expect_eq(pypss_score(&columns, &config, &result, message, sizeof(message)), -EDOM);
	cr_expect(strstr(message, "lag"), "%s", message);
	columns.lags = 1;
	cr_expect_eq(pypss_score(&columns, &config, &result, message, sizeof(message)), 0);
	cr_expect_eq(result.dimension[PSS_DIM_CONCURRENCY], 0);
	cr_expect_eq(result.pss, 85);
}
