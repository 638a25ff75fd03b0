/* SPDX-License-Identifier: MIT */
/*
 * TLS between a WebSocket and its descriptor, by GnuTLS.
 *
 * What: a session as a wire of ws_stream.h. A server shows its certificate; a client verifies the
 *   chain, and the name if one is given. No client certificates.
 * Owner: the stream that has the wire.
 * Life: zx_wss_tls_new ... ops->free. Certificates, keys and the system's store are read once, for
 *   a bind or connect, and are its snapshot's (zx_conf_keep); connections share them.
 * Never: lets bytes through before the certificate has been verified; blocks.
 */
#ifndef ZX_TRANSPORTS_WSS_TLS_H
#define ZX_TRANSPORTS_WSS_TLS_H

#include "transports/ws_stream.h"

/* Can these options serve, or connect? What was read stays with conf. -EINVAL: a key, certificate
 * or name that is none; for a server also: none was given. -ENOMEM. */
int zx_wss_tls_check(const struct zx_conf *conf, bool is_server);
int zx_wss_tls_new(const struct zx_stream_place *where, struct zx_ws_wire **out);

#endif
