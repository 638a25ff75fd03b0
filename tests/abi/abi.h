/* SPDX-License-Identifier: MIT */
/*
 * abi.h - the tables that constants.awk writes from constants.txt, as constants.c reads them.
 *
 * What it is: one table per way of including zmq.h, with and without ZMQ_BUILD_DRAFT_API.
 * Which thread: constant data, any.
 * How it lives and dies: static.
 * What it never does: take a value from the header's text; the compiler evaluates the names.
 */
#ifndef ZX_TESTS_ABI_H
#define ZX_TESTS_ABI_H

#include <stddef.h>

struct abi_number {
    const char *name;
    long long is;
    long long must_be;
};

struct abi_text {
    const char *name;
    const char *is;
    const char *must_be;
};

struct abi_table {
    const struct abi_number *numbers;
    size_t n_numbers;
    const struct abi_text *texts;
    size_t n_texts;
    const char *const *visible_drafts; /* NULL-terminated: draft names seen without asking */
};

extern const struct abi_table abi_with_drafts;
extern const struct abi_table abi_without_drafts;

#endif
