/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_CREW_H
#define ZX_TEST_CREW_H

/*
 * Threads that hammer sockets, and how they report.
 *
 * What it is: a crew of threads with a random generator each, a common deadline, failures noted
 *   from any thread, and numbered messages that are checked where they arrive.
 * Owner: the test's main thread makes and joins a crew; its members only note failures and look
 *   at crew_is_over.
 * Life: crew_start, crew_hire ..., crew_join (fails the test if anybody noted something).
 * Never: a member calls cmocka's checks; anything waits without a deadline of the library's call.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crew;

struct member {
    struct crew *crew;
    void (*run)(struct member *me);
    void *a, *b;        /* what it works on */
    unsigned number;    /* in its crew */
    uint32_t heard;     /* a routing id it may use */
    uint64_t random;    /* state of its generator */
};

/* lasts_ms: after that crew_is_over says true. */
struct crew *crew_start(unsigned lasts_ms);
struct member *crew_hire(struct crew *c, void (*run)(struct member *me), void *a, void *b);
void crew_join(struct crew **c);
bool crew_is_over(const struct crew *c);
/* Over at once: also what a failure does. */
void crew_end(struct crew *c);
/* Notes the first failure of a crew, with where and the errno of the library. */
void crew_fail_at(struct member *me, const char *file, int line, const char *what);
#define crew_fail(me, what) crew_fail_at(me, __FILE__, __LINE__, what)
#define crew_check(me, condition)                                                                  \
    do {                                                                                           \
        if (!(condition)) crew_fail_at(me, __FILE__, __LINE__, #condition);                        \
    } while (0)

/* 0 .. below - 1 */
unsigned crew_random(struct member *me, unsigned below);
/* Passes some time: nothing, a spin, a yield or a few milliseconds. */
void crew_dawdle(struct member *me);

/* One or more parts, numbered; small, or now and then large. */
struct crew_letter {
    uint32_t from, seq;
    uint32_t parts;
    uint32_t size; /* of each part but the first, which is this struct */
};
/* Sends one letter with `flags`; tries for ever (until the crew is over). 0, or -1 with errno:
 * nothing of it went. */
int crew_send(struct member *me, void *socket, uint32_t seq);
/* Takes the rest of a letter whose first part is `first`; checks all of it. */
void crew_take_rest(struct member *me, void *socket, const struct crew_letter *first);
/* Receives one letter in one of many ways, chosen at random, within about wait_ms. 1: there it
 * is; 0: nothing came; -1 with errno. */
int crew_receive(struct member *me, void *socket, struct crew_letter *out, int wait_ms);

#endif
