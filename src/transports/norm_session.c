/* SPDX-License-Identifier: MIT */
#include "transports/norm_session.h"

#include <errno.h>

#include "os/os.h"
#include "transports/norm_address.h"
#include "zmq.h"

static const uint64_t MS = 1000000;

enum { REPAIR_MIN_MS = 100, REPAIR_MAX_MS = 1000, SLOW_MS = 5000, ECT = 1 };

static uint32_t buffer_bytes(const struct zx_conf_multicast *m) {
    return m->norm_buffer_kb > (int)(UINT32_MAX >> 11) ? UINT32_MAX >> 1
                                                       : (uint32_t)m->norm_buffer_kb * 1024;
}

/* ---- opening ---- */

static int use_interface(NormSessionHandle session, const char *name) {
    struct zx_addr addr;
    if (!name[0])
        return 0;
    if (zx_addr_parse_ip(&addr, name) && zx_os_interface_addr(&addr, name, ZX_AF_INET) &&
        zx_os_interface_addr(&addr, name, ZX_AF_INET6))
        return -ENODEV;
    return NormSetMulticastInterface(session, name) ? 0 : -ENODEV;
}

/* A sender to one host needs no port of its own: it hears on the one it sends from, and a receiver
 * may be on the same host. */
static void use_host(NormSessionHandle session, const char *host, bool is_sender) {
    if (!NormIsUnicastAddress(host)) {
        NormSetRxPortReuse(session, true, NULL, NULL, 0);
        return;
    }
    if (is_sender)
        NormSetTxOnly(session, true, false);
    else
        NormSetDefaultUnicastNack(session, true);
}

static void set_network(const struct zx_conf *conf, NormSessionHandle session) {
    const struct zx_conf_multicast *m = &conf->multicast;
    int tos = conf->net.tos;
    if (m->norm_mode == ZMQ_NORM_CCE || m->norm_mode == ZMQ_NORM_CCE_ECNONLY)
        tos |= ECT;
    (void)NormSetTTL(session, (unsigned char)(m->hops < 255 ? m->hops : 255));
    if (tos)
        (void)NormSetTOS(session, (unsigned char)tos);
    (void)NormSetMulticastLoopback(session, m->loop);
    /* Nodes of one host have the same number unless the address says another: what seems to be
     * one's own is heard all the same. */
    (void)NormSetLoopback(session, m->loop);
}

static bool start_receiver(const struct zx_conf *conf, NormSessionHandle session) {
    if (conf->multicast.norm_unicast_nack)
        NormSetDefaultUnicastNack(session, true);
    NormSetDefaultSyncPolicy(session, NORM_SYNC_STREAM);
    return NormStartReceiver(session, buffer_bytes(&conf->multicast));
}

int zx_norm_session_open(const struct zx_conf *conf, const char *address,
                         NormInstanceHandle *instance, NormSessionHandle *session) {
    struct zx_norm_endpoint ep;
    bool is_sender = conf->type == ZMQ_PUB || conf->type == ZMQ_XPUB;
    int rc = zx_norm_address_parse(&ep, address);
    if (rc)
        return rc;
    *instance = NormCreateInstance(false);
    if (!*instance)
        return -EMFILE;
    *session = NormCreateSession(*instance, ep.host, ep.port, ep.has_id ? ep.id : NORM_NODE_ANY);
    if (!*session)
        return -EINVAL;
    rc = use_interface(*session, ep.iface);
    if (rc)
        return rc;
    use_host(*session, ep.host, is_sender);
    set_network(conf, *session);
    return is_sender || start_receiver(conf, *session) ? 0 : -EADDRINUSE;
}

/* The instance does not free its sessions. */
void zx_norm_session_close(NormInstanceHandle instance, NormSessionHandle session) {
    if (session)
        NormDestroySession(session);
    if (instance)
        NormDestroyInstance(instance);
}

static void set_rate(const struct zx_conf_multicast *m, NormSessionHandle session) {
    NormSetTxRate(session, m->rate_kbps * 1000.0);
    if (m->norm_mode == ZMQ_NORM_FIXED)
        return;
    NormSetCongestionControl(session, true, true);
    if (m->norm_mode == ZMQ_NORM_CCL)
        NormSetEcnSupport(session, false, false, true);
    else if (m->norm_mode != ZMQ_NORM_CC)
        NormSetEcnSupport(session, true, m->norm_mode == ZMQ_NORM_CCE_ECNONLY, false);
}

int zx_norm_tx_open(struct zx_norm_tx *tx, const struct zx_conf *conf, NormSessionHandle session) {
    const struct zx_conf_multicast *m = &conf->multicast;
    uint32_t buffer = buffer_bytes(m);
    int parity = m->norm_parity > m->norm_autoparity ? m->norm_parity : m->norm_autoparity;
    int block = m->norm_block > parity ? m->norm_block : parity + 1;
    if (m->norm_segment > UINT16_MAX || block + parity > UINT8_MAX)
        return -EINVAL;
    set_rate(m, session);
    if (!NormStartSender(session, NormGetRandomSessionId(), buffer, (uint16_t)m->norm_segment,
                         (uint16_t)block, (uint16_t)parity, 0))
        return -EADDRINUSE;
    if (m->norm_autoparity)
        NormSetAutoParity(session, (unsigned char)m->norm_autoparity);
    tx->stream = NormStreamOpen(session, buffer, NULL, 0);
    if (!tx->stream)
        return -ENOMEM;
    NormStreamSetPushEnable(tx->stream, m->norm_push);
    tx->drain_ns = (uint64_t)buffer * 8 / (uint64_t)m->rate_kbps * MS + SLOW_MS * MS;
    return 0;
}

/* ---- sending ---- */

static size_t write_some(struct zx_norm_tx *tx, const uint8_t *data, size_t size) {
    size_t n = NormStreamWrite(tx->stream, (const char *)data, (unsigned)size);
    if (n) {
        tx->last_ns = zx_os_now_ns();
        tx->all_sent = false;
    }
    return n;
}

/* False: the header is not complete. */
static bool begin_frame(struct zx_norm_tx *tx, struct zx_buf *from) {
    size_t used;
    int rc = zx_mcast_head(&tx->f, ZX_MCAST_OLD, from->data + from->head, zx_buf_size(from),
                           &used);
    zx_buf_consume(from, used);
    if (rc != 1)
        return false;
    tx->head[0] = tx->in_message ? ZX_NORM_OTHER : ZX_NORM_FIRST;
    tx->head_size = 1 + zx_mcast_put_head(tx->head + 1, ZX_MCAST_NEW, tx->f.left, tx->f.more);
    tx->head_at = 0;
    tx->in_frame = true;
    return true;
}

/* False: the stream takes no more, or there is no more. */
static bool continue_frame(struct zx_norm_tx *tx, struct zx_buf *from) {
    tx->head_at += write_some(tx, tx->head + tx->head_at, tx->head_size - tx->head_at);
    if (tx->head_at < tx->head_size)
        return false;
    size_t n = tx->f.left < zx_buf_size(from) ? (size_t)tx->f.left : zx_buf_size(from);
    if (n)
        n = write_some(tx, from->data + from->head, n);
    if (!n && tx->f.left)
        return false;
    zx_buf_consume(from, n);
    tx->f.left -= n;
    if (tx->f.left)
        return true;
    NormStreamMarkEom(tx->stream);
    tx->in_message = tx->f.more;
    tx->in_frame = false;
    tx->unflushed = true;
    return true;
}

void zx_norm_tx_pump(struct zx_norm_tx *tx, struct zx_buf *from) {
    for (;;) {
        bool go_on = tx->in_frame ? continue_frame(tx, from)
                                  : zx_buf_size(from) && begin_frame(tx, from);
        if (!go_on)
            break;
    }
    if (tx->unflushed && !tx->in_frame) {
        NormStreamFlush(tx->stream, true, NORM_FLUSH_ACTIVE); /* or the last are not repaired */
        tx->unflushed = false;
    }
}

uint64_t zx_norm_tx_until(const struct zx_norm_tx *tx, NormSessionHandle session) {
    if (!tx->last_ns)
        return 0;
    if (!tx->all_sent)
        return tx->last_ns + tx->drain_ns;
    double ms = NormGetGrttEstimate(session) * 3000;
    ms = ms < REPAIR_MIN_MS ? REPAIR_MIN_MS : ms > REPAIR_MAX_MS ? REPAIR_MAX_MS : ms;
    return tx->last_ns + (uint64_t)ms * MS;
}
