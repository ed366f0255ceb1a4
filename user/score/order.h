/* SPDX-License-Identifier: MIT */
/* Order statistics of unsorted values, without a copy and in linear time whatever their order. */
#ifndef PSS_ORDER_H
#define PSS_ORDER_H

#include <stddef.h>

/* The value that sorting would put at `rank`, from 0. No NAN among them; rank < count. */
double order_statistic(const double *value, size_t count, size_t rank);

/*
 * What Python's sorted() leaves at a rank when there are NANs, which compare
 * as neither less nor more: for up to ORDER_NAN_MOST values, where it is a
 * binary insertion sort.
 */
#define ORDER_NAN_MOST 63
double order_statistic_python(const double *value, size_t count, size_t rank);

#endif
