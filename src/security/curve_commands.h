/* SPDX-License-Identifier: MIT */
/*
 * The commands of the CurveZMQ handshake (RFC 26), each written and read side by side.
 *
 * What: bytes of HELLO, WELCOME with its cookie, INITIATE with its vouch, and READY; pure
 *   functions of their inputs, random bytes included, so that vectors can be compared.
 * Owner: no state, any thread. Life: none.
 * Never: allocates; decides which command may come when; leaves a decrypted secret behind on
 *   its stack.
 *
 * Readers return 0 or the ZX_PERR_* of what is wrong; writers false if a key is no key.
 * Capital C, S and small c, s: the client's and server's public and secret long-term keys, with
 * `short` those of this connection.
 */
#ifndef ZX_SECURITY_CURVE_COMMANDS_H
#define ZX_SECURITY_CURVE_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ZX_CURVE_KEY = 32,
    ZX_CURVE_TAIL = 16, /* random end of a long nonce */
    ZX_CURVE_HELLO = 200,
    ZX_CURVE_COOKIE = 96,
    ZX_CURVE_WELCOME = 168,
    ZX_CURVE_VOUCH = 96,
    ZX_CURVE_INITIATE = 257, /* and the metadata */
    ZX_CURVE_READY = 30      /* and the metadata */
};

/* shared: beforenm of the client's short-term and the server's long-term key. */
void zx_curve_hello_write(uint8_t out[ZX_CURVE_HELLO], const uint8_t short_public[ZX_CURVE_KEY],
                          const uint8_t shared[ZX_CURVE_KEY], uint64_t counter);
/* Form alone: then *short_public and *counter say with what to open it. */
uint32_t zx_curve_hello_look(const uint8_t *body, size_t size, const uint8_t **short_public,
                             uint64_t *counter);
uint32_t zx_curve_hello_open(const uint8_t body[ZX_CURVE_HELLO],
                             const uint8_t shared[ZX_CURVE_KEY]);

struct zx_curve_cookie {
    uint8_t client_short[ZX_CURVE_KEY]; /* C' */
    uint8_t own_secret[ZX_CURVE_KEY];   /* s' */
};
void zx_curve_cookie_write(uint8_t out[ZX_CURVE_COOKIE], const struct zx_curve_cookie *c,
                           const uint8_t key[ZX_CURVE_KEY], const uint8_t tail[ZX_CURVE_TAIL]);
uint32_t zx_curve_cookie_read(struct zx_curve_cookie *c, const uint8_t in[ZX_CURVE_COOKIE],
                              const uint8_t key[ZX_CURVE_KEY]);

struct zx_curve_welcome {
    uint8_t server_short[ZX_CURVE_KEY]; /* S' */
    uint8_t cookie[ZX_CURVE_COOKIE];
};
void zx_curve_welcome_write(uint8_t out[ZX_CURVE_WELCOME], const struct zx_curve_welcome *w,
                            const uint8_t shared[ZX_CURVE_KEY],
                            const uint8_t tail[ZX_CURVE_TAIL]);
uint32_t zx_curve_welcome_read(struct zx_curve_welcome *w, const uint8_t *body, size_t size,
                               const uint8_t shared[ZX_CURVE_KEY]);

struct zx_curve_vouch {
    uint8_t client_short[ZX_CURVE_KEY]; /* C' */
    uint8_t server[ZX_CURVE_KEY];       /* S */
};
/* secret and other: c and S' to write, s' and C to read. */
bool zx_curve_vouch_write(uint8_t out[ZX_CURVE_VOUCH], const struct zx_curve_vouch *v,
                          const uint8_t tail[ZX_CURVE_TAIL], const uint8_t secret[ZX_CURVE_KEY],
                          const uint8_t other[ZX_CURVE_KEY]);
uint32_t zx_curve_vouch_read(struct zx_curve_vouch *v, const uint8_t in[ZX_CURVE_VOUCH],
                             const uint8_t secret[ZX_CURVE_KEY],
                             const uint8_t other[ZX_CURVE_KEY]);

struct zx_curve_text {
    const uint8_t *data; /* C, the vouch, the metadata */
    size_t size;         /* at least 128 */
};
/* out: text->size + 129. */
void zx_curve_initiate_write(uint8_t *out, const struct zx_curve_text *text,
                             const uint8_t cookie[ZX_CURVE_COOKIE], uint64_t counter,
                             const uint8_t shared[ZX_CURVE_KEY]);
enum { ZX_CURVE_INITIATE_TEXT = 128, ZX_CURVE_INITIATE_REST = 129 };
uint32_t zx_curve_initiate_look(const uint8_t *body, size_t size, const uint8_t **cookie,
                                uint64_t *counter);
/* text: size - 129 bytes. */
uint32_t zx_curve_initiate_open(uint8_t *text, const uint8_t *body, size_t size,
                                const uint8_t shared[ZX_CURVE_KEY]);

/* out: size + 30. */
void zx_curve_ready_write(uint8_t *out, uint64_t counter, const uint8_t shared[ZX_CURVE_KEY],
                          const uint8_t *props, size_t size);
/* props: size - 30 bytes. */
uint32_t zx_curve_ready_read(uint8_t *props, const uint8_t *body, size_t size,
                             const uint8_t shared[ZX_CURVE_KEY], uint64_t *counter);

#endif
