/* SPDX-License-Identifier: MIT */
#include "core/registry.h"

#include <errno.h>
#include <string.h>

#include "core/pattern.h"
#include "core/transport.h"
#if ZX_HAVE_CURVE
#include "security/curve.h"
#endif

extern const struct zx_pattern_ops zx_pair_ops, zx_pub_ops, zx_sub_ops, zx_req_ops, zx_rep_ops,
    zx_dealer_ops, zx_router_ops, zx_pull_ops, zx_push_ops, zx_xpub_ops, zx_xsub_ops,
    zx_stream_ops, zx_server_ops, zx_client_ops, zx_radio_ops, zx_dish_ops, zx_gather_ops,
    zx_scatter_ops, zx_dgram_ops, zx_peer_ops, zx_channel_ops;

static const struct zx_pattern_ops *const patterns[] = {
    &zx_pair_ops,   &zx_pub_ops,  &zx_sub_ops,  &zx_req_ops,  &zx_rep_ops,  &zx_dealer_ops,
    &zx_router_ops, &zx_pull_ops, &zx_push_ops, &zx_xpub_ops, &zx_xsub_ops, &zx_stream_ops,
    &zx_server_ops, &zx_client_ops, &zx_radio_ops, &zx_dish_ops, &zx_gather_ops, &zx_scatter_ops,
    &zx_dgram_ops,  &zx_peer_ops, &zx_channel_ops,
};

static const struct zx_transport_ops *const transports[] = {
    &zx_tcp_ops, &zx_ipc_ops, &zx_udp_ops,
#if ZX_HAVE_WS
    &zx_ws_ops,
#endif
#if ZX_HAVE_WSS
    &zx_wss_ops,
#endif
#if ZX_HAVE_NORM
    &zx_norm_ops,
#endif
#if ZX_HAVE_PGM
    &zx_pgm_ops,
    &zx_epgm_ops,
#endif
#if ZX_HAVE_VSOCK
    &zx_vsock_ops,
#endif
#if ZX_HAVE_VMCI
    &zx_vmci_ops,
#endif
#if ZX_HAVE_TIPC
    &zx_tipc_ops,
#endif
};

const struct zx_pattern_ops *zx_registry_pattern(int type) {
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (patterns[i]->type == type)
            return patterns[i];
    return NULL;
}

const struct zx_transport_ops *zx_registry_transport(const char *scheme, size_t size) {
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        if (strlen(transports[i]->scheme) == size && !memcmp(transports[i]->scheme, scheme, size))
            return transports[i];
    return NULL;
}

#if ZX_HAVE_CURVE

int zx_registry_key_pair(uint8_t public_key[32], uint8_t secret[32]) {
    return zx_curve_pair_new(public_key, secret);
}

int zx_registry_public_key(uint8_t public_key[32], const uint8_t secret[32]) {
    return zx_curve_pair_public(public_key, secret);
}

#else

int zx_registry_key_pair(uint8_t public_key[32], uint8_t secret[32]) {
    (void)public_key, (void)secret;
    return -ENOTSUP;
}

int zx_registry_public_key(uint8_t public_key[32], const uint8_t secret[32]) {
    (void)public_key, (void)secret;
    return -ENOTSUP;
}

#endif
