/* SPDX-License-Identifier: MIT */
/*
 * What the tests of src/os share.
 *
 * What: counting descriptors, running out of them, waiting until a thread sleeps, checks in a
 *   forked child. Owner: the test program. Life: none. Never: sleeps to let something happen.
 */
#ifndef ZX_TESTS_UNIT_OS_SUPPORT_H
#define ZX_TESTS_UNIT_OS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/os.h"

#define SECOND 1000000000ull
#define MS 1000000ull
/* Long enough that only a hang reaches it. */
#define FOREVER (15 * SECOND)

/* Descriptors open in this process. */
int os_count_fds(void);

/* From now on no descriptor can be had, until os_give_fds. */
void os_take_fds(void);
void os_give_fds(void);

/* The kernel's number of the calling thread. */
int os_thread_number(void);
/* Returns once that thread sleeps in the kernel; fails the test if it does not. */
void os_wait_asleep(const atomic_int *thread_number);

/* Runs check in a forked child; it returns 0 for success. Gives what the child exited with, or
 * 128 + signal. */
int os_in_child(int (*check)(void));

/* An address of the loopback interface, port 0. */
struct zx_addr os_loopback(enum zx_family f);
/* A listener there, and where it listens. */
int os_listen(enum zx_family f, struct zx_addr *at);
/* A connected pair over it: [0] connected, [1] accepted. */
void os_connect_pair(enum zx_family f, int pair[2]);
/* Waits until fd has one of these events (ZX_POLL_*); fails the test if it never has. */
unsigned os_wait_fd(int fd, unsigned events);
/* Does this machine have IPv6 on its loopback? Says so loudly if not. */
bool os_has_ipv6(void);

#endif
