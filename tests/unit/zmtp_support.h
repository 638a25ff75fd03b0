/* SPDX-License-Identifier: MIT */
/*
 * Help for the tests of src/zmtp.
 *
 * What: bytes from hexadecimal text, and a runner that plays a peer's bytes to
 *   a handshake whole, byte by byte and cut at every place, and compares all
 *   that comes back.
 * Owner: the test that uses it. Life: hex() allocates, bytes_free frees.
 * Never: used by more than one thread.
 */
#ifndef ZX_TESTS_ZMTP_SUPPORT_H
#define ZX_TESTS_ZMTP_SUPPORT_H

#include "security/mechanism.h"
#include "zmtp/handshake.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

struct bytes {
    uint8_t *data;
    size_t size;
};

/* "ff 00*8 7f": hex digits, blanks ignored, a byte repeated by *count. The data
 * ends where the allocation ends, so that a sanitizer sees an overrun. */
struct bytes hex(const char *text);
void bytes_free(struct bytes *b);
void assert_bytes(const uint8_t *data, size_t size, const char *expected);

/* The 64 bytes of a 3.x greeting with mechanism NULL and no identity. */
#define GREETING "ff 00*7 01 7f 03 01 4e554c4c 00*16 00*32 "
#define GREETING_3_0 "ff 00*7 01 7f 03 00 4e554c4c 00*16 00*32 "
/* READY of a DEALER without identity, as a frame. */
#define READY_DEALER                                                                               \
    "04 29 05 5245414459 0b 536f636b65742d54797065 00000006 4445414c4552 08 4964656e74697479 "     \
    "00000000 "
#define READY_ROUTER                                                                               \
    "04 29 05 5245414459 0b 536f636b65742d54797065 00000006 524f55544552 08 4964656e74697479 "     \
    "00000000 "
#define READY_PUSH "04 1a 05 5245414459 0b 536f636b65742d54797065 00000004 50555348 "
#define READY_PULL "04 1a 05 5245414459 0b 536f636b65742d54797065 00000004 50554c4c "

/* What a peer sends, and everything that must come of it. */
struct play {
    struct zx_hs_conf conf;
    const char *input;
    const char *output;             /* all we send, NULL: not compared */
    const char *rest;               /* input left to the caller, NULL: none */
    int rc;                         /* of the last call */
    struct zx_hs_error error;       /* if rc < 0 */
    int version;                    /* if rc >= 0 */
    const struct zx_zap_reply *zap; /* given at ZX_HS_WAIT_ZAP; NULL: stop there */
    int hold;                       /* at ZX_HS_HOLD: 0 stop, 1 accept, 2 refuse */
    /* Called at the end, if set. */
    void (*check)(struct zx_hs *hs);
};

void run_play(const struct play *p);

#endif
