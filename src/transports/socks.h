/* SPDX-License-Identifier: MIT */
/*
 * The client's side of SOCKS 5 (RFC 1928) with user name and password (RFC 1929).
 *
 * What: the words that lead a connection on through a proxy, as bytes in and bytes out: methods,
 *   login, request, reply. No more is ever asked for than belongs to the dialogue, so that what
 *   follows it stays where it is.
 * Owner: whoever embeds it, one thread at a time. User and password stay the caller's.
 * Life: init, then output and input in turn until input says that it is over; fini wipes.
 * Never: does I/O, looks at a clock, allocates, resolves the target's name.
 */
#ifndef ZX_TRANSPORTS_SOCKS_H
#define ZX_TRANSPORTS_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/blob.h"

enum {
    ZX_SOCKS_TEXT_MAX = 255,
    ZX_SOCKS_WORDS_MAX = 3 + 2 * ZX_SOCKS_TEXT_MAX, /* a login */
    ZX_SOCKS_TARGET_MAX = 2 + ZX_SOCKS_TEXT_MAX + 2 /* type, length, name, port */
};

struct zx_socks_conf {
    const char *host; /* a literal without brackets goes as an address, all else as a name */
    uint16_t port;
    struct zx_blob user, password; /* borrowed until fini; an empty user: no login is offered */
};

struct zx_socks {
    struct zx_blob user, password;
    unsigned step; /* of the table in socks.c */
    bool hears;    /* the peer's turn to speak */
    uint16_t rest; /* bytes of the reply behind its fifth */
    size_t size, done; /* of words: that make this turn; said or heard of them */
    uint8_t words[ZX_SOCKS_WORDS_MAX];
    uint8_t target[ZX_SOCKS_TARGET_MAX];
    size_t target_size;
};

/* -EINVAL: port 0, no host, or a host, user or password that is too long. */
int zx_socks_init(struct zx_socks *s, const struct zx_socks_conf *conf);
void zx_socks_fini(struct zx_socks *s);

/* What is to be sent now; borrowed until the next call. */
const uint8_t *zx_socks_output(const struct zx_socks *s, size_t *size);
void zx_socks_output_taken(struct zx_socks *s, size_t size);

/* How many bytes may be read now; 0 while there is output. */
size_t zx_socks_wanted(const struct zx_socks *s);

/* At most so many bytes. 0: the dialogue goes on; 1: what follows is the target's own. Else it is
 * over: -EPROTO not SOCKS 5, or more than was wanted; -EACCES no method will do, the login or the
 * target is not allowed; -ECONNREFUSED, -ENETUNREACH, -EHOSTUNREACH, -ETIMEDOUT, -EOPNOTSUPP,
 * -EAFNOSUPPORT as the reply says; -EIO the proxy's own trouble. */
int zx_socks_input(struct zx_socks *s, const uint8_t *data, size_t size);

#endif
