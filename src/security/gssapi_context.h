/* SPDX-License-Identifier: MIT */
/*
 * A GSS-API security context: the only place that calls gss_*.
 *
 * What: credentials, names and context of one connection; the step of its establishment as work
 *   that may wait (it asks a KDC, reads keytabs and caches); then wrapping and unwrapping, which
 *   only compute.
 * Owner: the mechanism; while a step is under way whoever runs it, exclusively.
 * Life: zx_gss_new, steps until it is established or refused, wrap and unwrap, zx_gss_free.
 * Never: keeps a token; offers a mechanism other than Kerberos; passes on credentials of a peer.
 */
#ifndef ZX_SECURITY_GSSAPI_CONTEXT_H
#define ZX_SECURITY_GSSAPI_CONTEXT_H

#include "base/buf.h"
#include "security/mechanism.h"

#include <gssapi/gssapi.h>

struct zx_gss {
    struct zx_mech_work work; /* one step: takes `in`, leaves `out` and `result` */
    const struct zx_security_settings *settings;
    bool is_server;
    bool is_prepared; /* credentials are there, and the client's target name */
    gss_cred_id_t cred;
    gss_name_t target;
    gss_ctx_id_t ctx;
    struct zx_buf in, out; /* tokens of the step */
    struct zx_buf peer;    /* server, established: the client's principal as text */
    /* 1 established, 0 more tokens needed, -EACCES (no credentials, or not the peer wanted),
     * -ENOMEM */
    int result;
};

struct zx_gss *zx_gss_new(const struct zx_security_settings *settings, bool is_server);
/* Frees and clears; *g may be NULL. */
void zx_gss_free(struct zx_gss **g);

/* Established: bytes that wrapping adds in front and behind; 0 or -EPROTO. */
struct zx_gss_extra {
    size_t head, padding, tail;
};
int zx_gss_wrap_extra(struct zx_gss *g, size_t size, struct zx_gss_extra *extra);
/* Wraps size bytes at text where they lie, with that room before and behind them. -EPROTO. */
int zx_gss_wrap(struct zx_gss *g, uint8_t *text, size_t size, const struct zx_gss_extra *extra);
/* Unwraps where it lies. -EPROTO: forged, repeated, out of order or not encrypted. */
int zx_gss_unwrap(struct zx_gss *g, uint8_t *token, size_t size, uint8_t **text,
                  size_t *text_size);

#endif
