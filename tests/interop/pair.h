/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_PAIR_H
#define ZX_TEST_PAIR_H

/*
 * Conversations of two socket types in two processes.
 *
 * What it is: for each legal pair of the twelve stable types (zmtp.md §9) the way to have it talk,
 *   and a set of messages: single, multipart, empty, around 255 bytes, 1 MiB and 8 MiB.
 * Owner: the test's thread; agents keep slot 0 for it.
 * Life: a call opens both sockets, talks, closes both; with either end binding.
 * Never: it leaves no message unread.
 */

#include "drive.h"

/* The first type at a, the second at b; NULL: every pair in which the other name fits. */
void pair_run(const char *first, const char *second, struct agent *a, struct agent *b,
              const char *transport);

#endif
