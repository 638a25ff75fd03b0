/* SPDX-License-Identifier: MIT */
/*
 * The API as a careful program uses it: a call refused for want of something is made once more.
 *
 * What: wrappers that give up (kit_fail) on anything that a single fault does not excuse, and
 *   traffic that checks what arrives: in order, unchanged, nothing twice.
 * Owner: the scene, one thread. Life: of the process.
 * Never: allocates; waits without a limit (the process has one).
 */
#ifndef ZX_TESTS_OOM_KIT_H
#define ZX_TESTS_OOM_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zmq.h"

enum { KIT_ENDPOINT = 256 };

/* Ends the process with a verdict. */
_Noreturn void kit_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A call failed: fine once, by the fault and with its number. */
void kit_refused(const char *call);

/* An expression of the API that says -1 (or NULL) when it fails. */
#define MUST(expression)                                                                           \
    do {                                                                                           \
        while ((expression) == -1)                                                                 \
            kit_refused(#expression);                                                              \
    } while (0)

void *kit_ctx(void);
void kit_term(void *ctx);
/* A socket that retries at once and does not linger. */
void *kit_socket(void *ctx, int type);
void kit_set(void *sock, int option, int value);
void kit_close(void *sock);
/* Binds to a fresh address of the transport; its text goes to endpoint. */
void kit_bind(void *sock, const char *transport, char endpoint[KIT_ENDPOINT]);
/* An address of that transport that nobody is bound to, for a connect that comes first. */
void kit_free_address(void *ctx, const char *transport, char endpoint[KIT_ENDPOINT]);

/* Message number i in 1 to 3 frames whose sizes depend on it. 1: sent, 0: not now. Never leaves a
 * part of it behind. */
bool kit_send(void *sock, const void *prefix, size_t prefix_size, uint32_t i);
/* The next message within timeout_ms: its number, -1 for none. */
int64_t kit_recv(void *sock, const void *prefix, size_t prefix_size, int timeout_ms);
/* Messages from one socket to the other until n arrived: in order, none lost but by a fault, or
 * where the scene itself cuts the connection. */
struct kit_stream {
    uint32_t sent, arrived; /* next numbers */
};
void kit_stream(void *from, void *to, uint32_t n);
/* Message i of a stream has arrived. In order, and nothing twice; once a fault may have ended a
 * connection, what that brought may arrive among what the next one brings, each in its order. */
void kit_in_order(int64_t i);
/* A stream begins whose first message has that number. */
void kit_order_from(int64_t first);
void kit_stream_on(void *from, void *to, struct kit_stream *s, uint32_t n, bool may_lose);
/* Is there something to receive within timeout_ms? */
bool kit_poll(void *sock, int timeout_ms);
/* The same for what must come, unless a fault has lost it. */
bool kit_await(void *sock);

#endif
