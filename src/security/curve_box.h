/* SPDX-License-Identifier: MIT */
/*
 * The MESSAGE command of CurveZMQ: traffic sealed and opened by the row.
 *
 * What: the two keys and counters of a connection (RFC 26, MESSAGE), and the boxes made with
 *   them. The nonce's first 16 bytes never change, so what XSalsa20 makes of them and the key is
 *   computed once; the keystreams of a row of small messages are computed together.
 * Owner: embedded in a CURVE mechanism: the holder of the link's word.
 * Life: zx_curve_traffic_init when both sides' short-term keys are known; the mechanism wipes
 *   it when it goes.
 * Never: allocates; uses a counter twice; takes one that is not greater than the last.
 */
#ifndef ZX_SECURITY_CURVE_BOX_H
#define ZX_SECURITY_CURVE_BOX_H

#include "security/mechanism.h"

enum {
    ZX_CURVE_MESSAGE_HEAD = 16, /* name and counter */
    ZX_CURVE_OVERHEAD = 33      /* these, authenticator, flags */
};

struct zx_curve_traffic {
    uint32_t seal_key[8], open_key[8];
    uint64_t sealed; /* counter last used */
    uint64_t opened; /* counter last seen */
};

/* shared: crypto_box_beforenm of the short-term keys. Counters go on from those given. */
void zx_curve_traffic_init(struct zx_curve_traffic *t, const uint8_t shared[32], bool is_server);
/* Writes the n sealed bodies. -EPROTO: the counter is used up. */
int zx_curve_seal(struct zx_curve_traffic *t, const struct zx_mech_seal *seal, unsigned n);
/* Opens bodies in order: how many, and if not all, *error says why the next was refused. */
unsigned zx_curve_open(struct zx_curve_traffic *t, struct zx_mech_open *open, unsigned n,
                       uint32_t *error);

#endif
