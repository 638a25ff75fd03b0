/* SPDX-License-Identifier: MIT */
/*
 * CURVE, the mechanism (RFC 25, RFC 26): what its two sides share.
 *
 * What: the object of one connection, its states, and the functions of the client's and the
 *   server's side that curve.c puts into the mechanism's table.
 * Owner: as every mechanism: the handshake, then the link; one holder at a time.
 * Life: as every mechanism. What a step of the handshake needed is wiped after it; after the
 *   handshake only `traffic` holds keys; destroy wipes everything.
 * Never: keeps more than this struct for a stranger: before INITIATE is proved a server holds the
 *   cookie's key alone, its short-term secret is in the cookie the client keeps for it.
 *
 *   state     | meaning                                          | peer's commands
 *   ----------+--------------------------------------------------+----------------
 *   C_HELLO   | our HELLO is due                                 | wait
 *   C_WELCOME | HELLO is out                                     | WELCOME, ERROR
 *   C_INITIATE| our INITIATE is due                              | wait
 *   C_READY   | INITIATE is out                                  | READY, ERROR
 *   C_HOLD    | READY came, the caller decides                   | wait
 *   S_HELLO   | nothing was said                                 | HELLO
 *   S_WELCOME | our WELCOME is due                               | wait
 *   S_INITIATE| WELCOME is out                                   | INITIATE
 *   S_ZAP     | the client is who it says, ZAP is asked          | wait
 *   S_HOLD    | it is let in, the caller decides                 | wait
 *   S_READY   | our READY is due                                 | wait
 *   S_REFUSE  | an ERROR is due, then FAILED                     | -
 *   DONE, FAILED                                                 | -
 */
#ifndef ZX_SECURITY_CURVE_H
#define ZX_SECURITY_CURVE_H

#include "security/curve_box.h"
#include "security/curve_commands.h"
#include "security/mechanism.h"

enum zx_curve_state {
    ZX_CURVE_FAILED,
    ZX_CURVE_C_HELLO,
    ZX_CURVE_C_WELCOME,
    ZX_CURVE_C_INITIATE,
    ZX_CURVE_C_READY,
    ZX_CURVE_C_HOLD,
    ZX_CURVE_S_HELLO,
    ZX_CURVE_S_WELCOME,
    ZX_CURVE_S_INITIATE,
    ZX_CURVE_S_ZAP,
    ZX_CURVE_S_HOLD,
    ZX_CURVE_S_READY,
    ZX_CURVE_S_REFUSE,
    ZX_CURVE_DONE,
    ZX_CURVE_STATES
};

enum zx_curve_event {
    ZX_CURVE_ON_WRITTEN,  /* our command is out */
    ZX_CURVE_ON_COMMAND,  /* the peer's is good */
    ZX_CURVE_ON_TO_ASK,   /* the same, and ZAP is to be asked */
    ZX_CURVE_ON_TO_HOLD,  /* the same, or ZAP let it in, and the caller is to be asked */
    ZX_CURVE_ON_LET_IN,   /* ZAP or the caller let it in */
    ZX_CURVE_EVENTS
};

struct zx_curve {
    struct zx_mechanism base;
    enum zx_curve_state state;
    int refused_with;       /* 400 or 500 in S_REFUSE */
    uint64_t heard;         /* the peer's counter last seen */
    uint8_t peer_key[ZX_CURVE_KEY]; /* server: C, for ZAP */
    struct {
        uint8_t own_public[ZX_CURVE_KEY];  /* client: short-term */
        uint8_t own_secret[ZX_CURVE_KEY];  /* client: short-term, until WELCOME */
        uint8_t peer_public[ZX_CURVE_KEY]; /* short-term; server: until its WELCOME is out */
        uint8_t shared[ZX_CURVE_KEY];      /* of HELLO and WELCOME, then of both short-term keys */
        uint8_t cookie_key[ZX_CURVE_KEY];  /* server: until INITIATE */
        uint8_t cookie[ZX_CURVE_COOKIE];   /* client: until INITIATE */
    } once; /* wiped when the handshake is over */
    struct zx_curve_traffic traffic;
};

/* False if the event is not legal now; nothing changed then. */
bool zx_curve_step(struct zx_curve *c, enum zx_curve_event event);
/* FAILED with a PROTOCOL event; value 0: with none. -EPROTO. */
int zx_curve_fail(struct zx_curve *c, uint32_t value);
/* Both short-term keys are known: traffic begins behind the counters so far. */
void zx_curve_begin_traffic(struct zx_curve *c, uint64_t sent, bool is_server);
/* The step after a good last command of the peer, or after ZAP's consent. */
void zx_curve_let_in(struct zx_curve *c);

/* As next_command and on_command of the table, by side. */
int zx_curve_client_say(struct zx_curve *c, struct zx_buf *out);
int zx_curve_client_hear(struct zx_curve *c, const uint8_t *body, size_t size);
int zx_curve_server_say(struct zx_curve *c, struct zx_buf *out);
int zx_curve_server_hear(struct zx_curve *c, const uint8_t *body, size_t size);

/* Key pairs, for a socket's long-term keys. 0, -ENOTSUP (libsodium does not work here). */
int zx_curve_pair_new(uint8_t public_key[ZX_CURVE_KEY], uint8_t secret[ZX_CURVE_KEY]);
int zx_curve_pair_public(uint8_t public_key[ZX_CURVE_KEY], const uint8_t secret[ZX_CURVE_KEY]);

#endif
