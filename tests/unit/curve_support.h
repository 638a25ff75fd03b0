/* SPDX-License-Identifier: MIT */
/*
 * Help for the tests of CURVE: two mechanisms that talk without a network.
 *
 * What: the published key pairs, a client and a server with them, and the commands that pass
 *   between them one at a time, so that a test can change any.
 * Owner: the test that uses it. Life: talk_init ... talk_fini.
 * Never: used by more than one thread.
 */
#ifndef ZX_TESTS_CURVE_SUPPORT_H
#define ZX_TESTS_CURVE_SUPPORT_H

#include "base/buf.h"
#include "security/curve.h"
#include "unit/zmtp_support.h"

#define SERVER_PUBLIC "54FCBA24E93249969316FB617C872BB0C1D1FF14800427C594CBFACF1BC2D652"
#define SERVER_SECRET "8E0BDD697628B91D8F245587EE95C5B04D48963F79259877B49CD9063AEAD3B7"
#define CLIENT_PUBLIC "BB88471D65E2659B30C55A5321CEBB5AAB2B70A398645C26DCA2B2FCB43FC518"
#define CLIENT_SECRET "7BB864B489AFA3671FBE69101F94B38972F24816DFB01B51656B3FEC8DFD0888"

void key_of(uint8_t key[32], const char *text);

struct talk {
    struct zx_security_settings client_set, server_set;
    struct zx_mech_conf client_conf, server_conf;
    struct zx_mechanism *client, *server;
    struct zx_buf said; /* the command now on its way */
};

/* What passes, in order. */
enum { HELLO, WELCOME, INITIATE, READY, COMMANDS };

/* Settings with the published keys; change them, then talk_start. */
void talk_init(struct talk *t);
void talk_start(struct talk *t);
void talk_fini(struct talk *t);
/* The side that says command n, and the one that hears it. */
struct zx_mechanism *talk_speaker(struct talk *t, int n);
struct zx_mechanism *talk_hearer(struct talk *t, int n);
/* Lets the speaker of command n say it, into t->said. */
void talk_say(struct talk *t, int n);
/* Gives t->said to the hearer of n; what on_command returned. ZAP is answered with 200, HOLD
 * accepted. */
int talk_hear(struct talk *t, int n);
/* All commands before n pass, n is said. */
void talk_until(struct talk *t, int n);

#endif
