/* SPDX-License-Identifier: MIT */
#include "core/conf_table.h"

#include <limits.h>

#include "zmq.h"
#include "zmqx.h"

enum {
    G = ZX_CONF_GET,
    S = ZX_CONF_SET,
    GS = G | S,
    CURVE_GS = ZX_HAVE_CURVE ? GS : 0,
    GSS_GS = ZX_HAVE_GSSAPI ? GS : 0,
    NORM_GS = ZX_HAVE_NORM ? GS : 0,
    VMCI_S = ZX_HAVE_VMCI ? S : 0,
    WSS_S = ZX_HAVE_WSS ? S : 0,
    SPIN_US_MAX = 1000000,
    HANDSHAKES = 16384,
    TEXT_MAX = 255,
    DEVICE_MAX = 16,
};

#define ROW(option, kind, access, field, ...)                                                      \
    {#option, option, &zx_kind_##kind, access, offsetof(struct zx_conf, field), __VA_ARGS__}

/* name, kind, access, field, smallest, largest, default, unit */
static const struct zx_conf_row table[] = {
    ROW(ZMQ_AFFINITY, 64, GS, queue.affinity, 0, 0, 0, "bitmap"),
    ROW(ZMQ_ROUTING_ID, blob, GS, id.routing_id, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_RATE, int, GS, multicast.rate_kbps, 1, INT_MAX, 100, "kbit/s"),
    ROW(ZMQ_RECOVERY_IVL, int, GS, multicast.recovery_ivl_ms, 0, INT_MAX, 10000, "ms"),
    ROW(ZMQ_SNDBUF, int, GS, net.sndbuf, -1, INT_MAX, -1, "bytes"),
    ROW(ZMQ_RCVBUF, int, GS, net.rcvbuf, -1, INT_MAX, -1, "bytes"),
    ROW(ZMQ_LINGER, int, GS, queue.linger_ms, -1, INT_MAX, -1, "ms"),
    ROW(ZMQ_RECONNECT_IVL, int, GS, timing.reconnect_ivl_ms, -1, INT_MAX, 100, "ms"),
    ROW(ZMQ_BACKLOG, int, GS, net.backlog, 0, INT_MAX, 100, "connections"),
    ROW(ZMQ_RECONNECT_IVL_MAX, int, GS, timing.reconnect_ivl_max_ms, 0, INT_MAX, 0, "ms"),
    ROW(ZMQ_MAXMSGSIZE, 64, GS, queue.maxmsgsize, 0, 0, -1, "bytes"),
    ROW(ZMQ_SNDHWM, int, GS, queue.sndhwm, 0, INT_MAX, 1000, "messages"),
    ROW(ZMQ_RCVHWM, int, GS, queue.rcvhwm, 0, INT_MAX, 1000, "messages"),
    ROW(ZMQ_MULTICAST_HOPS, int, GS, multicast.hops, 1, INT_MAX, 1, "hops"),
    ROW(ZMQ_RCVTIMEO, int, GS, queue.rcvtimeo_ms, -1, INT_MAX, -1, "ms"),
    ROW(ZMQ_SNDTIMEO, int, GS, queue.sndtimeo_ms, -1, INT_MAX, -1, "ms"),
    ROW(ZMQ_IPV4ONLY, not, GS, net.ipv6, 0, 1, 1, ""),
    ROW(ZMQ_TCP_KEEPALIVE, int, GS, net.keepalive, -1, 1, -1, ""),
    ROW(ZMQ_TCP_KEEPALIVE_CNT, int, GS, net.keepalive_cnt, -1, INT_MAX, -1, "probes"),
    ROW(ZMQ_TCP_KEEPALIVE_IDLE, int, GS, net.keepalive_idle_s, -1, INT_MAX, -1, "s"),
    ROW(ZMQ_TCP_KEEPALIVE_INTVL, int, GS, net.keepalive_intvl_s, -1, INT_MAX, -1, "s"),
    ROW(ZMQ_TCP_ACCEPT_FILTER, accept_filter, S, net.accept_filters, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_IMMEDIATE, bool01, GS, queue.immediate, 0, 1, 0, ""),
    ROW(ZMQ_IPV6, bool01, GS, net.ipv6, 0, 1, 0, ""),
    ROW(ZMQ_MECHANISM, mechanism, G, security.mechanism, 0, 0, 0, ""),
    ROW(ZMQ_CONFLATE, bool01, GS, queue.conflate, 0, 1, 0, ""),
    ROW(ZMQ_TOS, int, GS, net.tos, 0, INT_MAX, 0, ""),
    ROW(ZMQ_IPC_FILTER_PID, id_filter, S, net.ipc_pid, 0, 0, 0, ""),
    ROW(ZMQ_IPC_FILTER_UID, id_filter, S, net.ipc_uid, 0, 0, 0, ""),
    ROW(ZMQ_IPC_FILTER_GID, id_filter, S, net.ipc_gid, 0, 0, 0, ""),
    ROW(ZMQ_HANDSHAKE_IVL, int, GS, timing.handshake_ivl_ms, 0, INT_MAX, 30000, "ms"),
    ROW(ZMQ_SOCKS_PROXY, text_or_null, GS, net.socks_proxy, 1, INT_MAX, 0, ""),
    ROW(ZMQ_INVERT_MATCHING, truth, GS, queue.invert_matching, INT_MIN, INT_MAX, 0, ""),
    ROW(ZMQ_HEARTBEAT_IVL, int, GS, timing.heartbeat_ivl_ms, 0, INT_MAX, 0, "ms"),
    ROW(ZMQ_HEARTBEAT_TTL, ttl, GS, timing.heartbeat_ttl_ds, -99, 6553599, 0, "ms"),
    ROW(ZMQ_HEARTBEAT_TIMEOUT, int, GS, timing.heartbeat_timeout_ms, 0, INT_MAX, -1, "ms"),
    ROW(ZMQ_CONNECT_TIMEOUT, int, GS, timing.connect_timeout_ms, 0, INT_MAX, 0, "ms"),
    ROW(ZMQ_TCP_MAXRT, int, GS, net.maxrt_ms, 0, INT_MAX, 0, "ms"),
    ROW(ZMQ_MULTICAST_MAXTPDU, int, GS, multicast.maxtpdu, 1, INT_MAX, 1500, "bytes"),
    ROW(ZMQ_USE_FD, int, GS, net.use_fd, -1, INT_MAX, -1, "descriptor"),
    ROW(ZMQ_BINDTODEVICE, device, GS, net.device, 1, DEVICE_MAX, 0, ""),
    ROW(ZMQ_LOOPBACK_FASTPATH, truth, GS, net.loopback_fastpath, INT_MIN, INT_MAX, 0, ""),
    ROW(ZMQ_METADATA, metadata, S, id.metadata, 0, 0, 0, ""),
    ROW(ZMQ_MULTICAST_LOOP, truth, GS, multicast.loop, INT_MIN, INT_MAX, 1, ""),
    ROW(ZMQ_ROUTER_NOTIFY, int, G, id.router_notify, 0, 3, 0, ""),
    ROW(ZMQ_SOCKS_USERNAME, text_any_null, GS, net.socks_username, 0, TEXT_MAX, 0, ""),
    ROW(ZMQ_SOCKS_PASSWORD, text_any_null, GS, net.socks_password, 0, TEXT_MAX, 0, ""),
    ROW(ZMQ_IN_BATCH_SIZE, int, GS, queue.in_batch_bytes, 1, INT_MAX, 8192, "bytes"),
    ROW(ZMQ_OUT_BATCH_SIZE, int, GS, queue.out_batch_bytes, 1, INT_MAX, 8192, "bytes"),
    ROW(ZMQ_RECONNECT_STOP, int, GS, timing.reconnect_stop, INT_MIN, INT_MAX, 0, "bits"),
    ROW(ZMQ_HELLO_MSG, blob, S, id.hello_msg, 0, INT_MAX, 0, ""),
    ROW(ZMQ_DISCONNECT_MSG, blob, S, id.disconnect_msg, 0, INT_MAX, 0, ""),
    ROW(ZMQ_HICCUP_MSG, blob, S, id.hiccup_msg, 0, INT_MAX, 0, ""),
    ROW(ZMQ_PRIORITY, int, GS, net.priority, 0, INT_MAX, 0, ""),
    ROW(ZMQ_BUSY_POLL, int, S, net.busy_poll_us, INT_MIN, INT_MAX, 0, "us"),

    ROW(ZMQ_PLAIN_SERVER, plain_server, GS, security.as_server, 0, 1, 0, ""),
    ROW(ZMQ_PLAIN_USERNAME, plain_text, GS, security.plain_username, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_PLAIN_PASSWORD, plain_text, GS, security.plain_password, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_CURVE_SERVER, curve_server, CURVE_GS, security.as_server, 0, 1, 0, ""),
    ROW(ZMQ_CURVE_PUBLICKEY, curve_key, CURVE_GS, security.curve_public, 0, 0, 0, ""),
    ROW(ZMQ_CURVE_SECRETKEY, curve_key, CURVE_GS, security.curve_secret, 0, 0, 0, ""),
    ROW(ZMQ_CURVE_SERVERKEY, curve_server_key, CURVE_GS, security.curve_server, 0, 0, 0, ""),
    ROW(ZMQ_ZAP_DOMAIN, text, GS, security.zap_domain, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_ZAP_ENFORCE_DOMAIN, truth, GS, security.zap_enforce, INT_MIN, INT_MAX, 0, ""),
    ROW(ZMQ_GSSAPI_SERVER, gss_server, GSS_GS, security.as_server, 0, 1, 0, ""),
    ROW(ZMQ_GSSAPI_PRINCIPAL, gss_principal, GSS_GS, security.gss_principal, 1, TEXT_MAX, 0, ""),
    ROW(ZMQ_GSSAPI_SERVICE_PRINCIPAL, gss_service, GSS_GS, security.gss_service, 1, TEXT_MAX, 0,
        ""),
    ROW(ZMQ_GSSAPI_PLAINTEXT, bool01, GSS_GS, security.gss_plaintext, 0, 1, 0, ""),
    ROW(ZMQ_GSSAPI_PRINCIPAL_NAMETYPE, int, GSS_GS, security.gss_nametype, 0, 2, 0, ""),
    ROW(ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE, int, GSS_GS, security.gss_service_nametype, 0, 2, 0,
        ""),
    ROW(ZMQ_WSS_KEY_PEM, text, WSS_S, security.wss_key, 0, INT_MAX, 0, ""),
    ROW(ZMQ_WSS_CERT_PEM, text, WSS_S, security.wss_cert, 0, INT_MAX, 0, ""),
    ROW(ZMQ_WSS_TRUST_PEM, text, WSS_S, security.wss_trust, 0, INT_MAX, 0, ""),
    ROW(ZMQ_WSS_HOSTNAME, text, WSS_S, security.wss_hostname, 0, INT_MAX, 0, ""),
    ROW(ZMQ_WSS_TRUST_SYSTEM, bool01, WSS_S, security.wss_trust_system, 0, 1, 0, ""),

    ROW(ZMQ_NORM_MODE, int, NORM_GS, multicast.norm_mode, 0, 4, 1, ""),
    ROW(ZMQ_NORM_UNICAST_NACK, bool01, NORM_GS, multicast.norm_unicast_nack, 0, 1, 0, ""),
    ROW(ZMQ_NORM_BUFFER_SIZE, int, NORM_GS, multicast.norm_buffer_kb, 1, INT_MAX, 2048, "kB"),
    ROW(ZMQ_NORM_SEGMENT_SIZE, int, NORM_GS, multicast.norm_segment, 1, INT_MAX, 1400, "bytes"),
    ROW(ZMQ_NORM_BLOCK_SIZE, int, NORM_GS, multicast.norm_block, 1, 255, 16, "segments"),
    ROW(ZMQ_NORM_NUM_PARITY, int, NORM_GS, multicast.norm_parity, 0, 254, 4, "segments"),
    ROW(ZMQ_NORM_NUM_AUTOPARITY, int, NORM_GS, multicast.norm_autoparity, 0, 254, 0, "segments"),
    ROW(ZMQ_NORM_PUSH, bool01, NORM_GS, multicast.norm_push, 0, 1, 0, ""),
    ROW(ZMQ_VMCI_BUFFER_SIZE, 64, VMCI_S, multicast.vmci_buffer, 0, 0, 0, "bytes"),
    ROW(ZMQ_VMCI_BUFFER_MIN_SIZE, 64, VMCI_S, multicast.vmci_buffer_min, 0, 0, 0, "bytes"),
    ROW(ZMQ_VMCI_BUFFER_MAX_SIZE, 64, VMCI_S, multicast.vmci_buffer_max, 0, 0, 0, "bytes"),
    ROW(ZMQ_VMCI_CONNECT_TIMEOUT, int, VMCI_S, multicast.vmci_connect_timeout_ms, INT_MIN,
        INT_MAX, -1, "ms"),

    ROW(ZMQX_SPIN_US, int, GS, queue.spin_us, 0, SPIN_US_MAX, -1, "us"),
    ROW(ZMQX_HANDSHAKES_MAX, int, GS, net.handshakes_max, 1, INT_MAX, HANDSHAKES, "connections"),
};

const struct zx_conf_row *zx_conf_rows(size_t *n) {
    *n = sizeof(table) / sizeof(table[0]);
    return table;
}

const struct zx_conf_row *zx_conf_find(int option, unsigned access) {
    size_t n;
    for (const struct zx_conf_row *row = zx_conf_rows(&n); n; row++, n--)
        if (row->option == option)
            return row->access & access ? row : NULL;
    return NULL;
}
