/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "user/util/nearest.h"

static const char *among(const char *wanted)
{
	static const char *const word[] = {"attach", "run", "analyze", "doctor", "help", "version"};
	struct nearest nearest = {0};
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		nearest_offer(&nearest, wanted, word[i]);
	return nearest_word(&nearest, wanted);
}

Test(nearest, distance)
{
	cr_assert_eq(edit_distance("", ""), 0);
	cr_assert_eq(edit_distance("pid", "pid"), 0);
	cr_assert_eq(edit_distance("pdi", "pid"), 1, "neighbours swapped");
	cr_assert_eq(edit_distance("", "pid"), 3);
	cr_assert_eq(edit_distance("kitten", "sitting"), 3);
}

Test(nearest, offers_what_was_meant_and_nothing_far)
{
	cr_assert_str_eq(among("anlyze"), "analyze");
	cr_assert_str_eq(among("analyse"), "analyze");
	cr_assert_str_eq(among("ana"), "analyze");
	cr_assert_str_eq(among("dcotor"), "doctor");
	cr_assert_null(among("frobnicate"));
	cr_assert_null(among(""));
	cr_assert_null(nearest_word(&(struct nearest){0}, "x"), "nothing was offered");
}
