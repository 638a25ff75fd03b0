/* SPDX-License-Identifier: MIT */
/*
 * What an application chose about security: mechanism, role, credentials, ZAP.
 *
 * What: the part of a socket's options that mechanisms read (zx_mech_conf.settings).
 * Owner: the snapshot of options it is a member of (core/conf.h); shared, so never changed while
 *   a connection uses it. Any thread may read.
 * Life: as its snapshot, which a link holds as long as it lives: longer than the mechanism. The
 *   snapshot wipes what is secret when it is freed.
 * Never: is copied member by member without being wiped.
 */
#ifndef ZX_SECURITY_SETTINGS_H
#define ZX_SECURITY_SETTINGS_H

#include "base/blob.h"

#include <stdbool.h>
#include <stdint.h>

enum zx_mechanism_id { ZX_MECH_NULL, ZX_MECH_PLAIN, ZX_MECH_CURVE, ZX_MECH_GSSAPI };

struct zx_security_settings {
    enum zx_mechanism_id mechanism;
    bool as_server, zap_enforce, gss_plaintext;
    struct zx_blob plain_username, plain_password, zap_domain;
    uint8_t curve_public[32], curve_secret[32], curve_server[32];
    struct zx_blob gss_principal, gss_service;
    int gss_nametype, gss_service_nametype;
    struct zx_blob wss_key, wss_cert, wss_trust, wss_hostname;
    bool wss_trust_system;
};

#endif
