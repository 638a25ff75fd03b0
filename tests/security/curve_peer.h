/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_CURVE_PEER_H
#define ZX_TEST_CURVE_PEER_H

/*
 * A scripted peer that knows CURVE: it says each command as it should be, for a test to spoil.
 *
 * What it is: the keys and counters of one connection; commands are built by the code that
 *   unit_curve_vectors proves, messages by libsodium's own boxes.
 * Owner: the test's thread. Life: a plain value; curve_hello starts it anew.
 * Never: it answers nothing on its own; it never notices what it is not asked to check.
 */

#include "wire/node.h"
#include "wire/peer.h"

#include "security/curve_commands.h"

#define CURVE_GREETING "ff 00*8 7f 03 01 'CURVE' 00*15 00*32"
#define CURVE_GREETING_BACK "ff ??*8 7f 03 01 'CURVE' 00*15 00*32"

/* The pairs printed in zmq_curve(7). */
extern const char server_public[], server_secret[], client_public[], client_secret[];

struct curve_peer {
    bool is_server;
    uint8_t short_public[32], short_secret[32];
    uint8_t hello_key[32], shared[32];
    uint8_t cookie[96], cookie_key[32];
    uint8_t other_short[32];
    uint64_t said; /* counter last used */
};

struct blob {
    uint8_t data[70000];
    size_t size;
};

/* The bodies of commands: a client's ... */
void curve_hello(struct curve_peer *c, struct blob *out);
void curve_initiate(struct curve_peer *c, struct blob *out);
/* ... and a server's. */
void curve_welcome(struct curve_peer *c, const uint8_t hello[200], struct blob *out);
void curve_ready(struct curve_peer *c, struct blob *out);
/* What either says afterwards; flags: 1 MORE, 2 COMMAND. */
void curve_message(struct curve_peer *c, uint64_t counter, uint8_t flags, const char *text,
                   struct blob *out);

void peer_send_frame(struct peer *p, uint8_t flags, const struct blob *body);
/* The server's WELCOME and READY, the client's INITIATE (its box is opened). */
void curve_hear_welcome(struct curve_peer *c, struct peer *p);
void curve_hear_ready(struct curve_peer *c, struct peer *p);
void curve_hear_initiate(struct curve_peer *c, struct peer *p);

/* Sockets with those keys. */
void be_curve_server(struct node *n);
void be_curve_client(struct node *n);
/* Greeting; greeting and handshake up to READY, as a client. */
struct peer *curve_visitor(struct node *n);
struct peer *curve_client(struct node *n, struct curve_peer *c);

#endif
