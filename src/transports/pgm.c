/* SPDX-License-Identifier: MIT */
/* pgm:// and epgm://, on OpenPGM: the endpoint and its carrier's thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/transport.h"
#include "transports/carrier.h"
#include "transports/pgm_socket.h"
#include "transports/pgm_stream.h"

/* REPAIRS: as many packets as one request can name. */
enum { PACKET_MAX = 65536, TURN = 64, PEERS_MAX = 256, REPAIRS = 64 };

/* So long after the last packet what was lost can be asked for. */
static const uint64_t REPAIR_NS = UINT64_C(500000000);

struct pgm_peer { /* a sender */
    struct pgm_peer *next;
    pgm_tsi_t tsi;
    uint32_t next_packet; /* its number */
    bool has_next;
    struct zx_pgm_rx rx;
};

struct pgm {
    struct zx_carrier c;
    pgm_sock_t *sock;
    int64_t max_size;
    struct pgm_peer *peers; /* receiver: the newest first */
    struct zx_pgm_tx tx;
    uint64_t last_ns;    /* sender: when the last packet went; 0: none did */
    uint64_t wait_ns;    /* until the library wants to be called */
    bool blocked;        /* the system's buffer is full */
    bool was_asked;      /* sender: for repair, it may be */
    size_t room, pending;  /* of a packet; bytes of one that could not go yet */
    _Alignas(16) uint8_t packet[PACKET_MAX]; /* the library sums it up in wide words */
};

/* ---- receiving ---- */

static void peer_free(struct pgm_peer **p) {
    struct pgm_peer *peer = *p;
    *p = peer->next;
    zx_mcast_fini(&peer->rx.c);
    free(peer);
}

static struct pgm_peer **peer_of(struct pgm *g, const pgm_tsi_t *tsi) {
    struct pgm_peer **p = &g->peers;
    while (*p && memcmp(&(*p)->tsi, tsi, sizeof *tsi) != 0)
        p = &(*p)->next;
    return p;
}

/* Anybody can claim to be many: the oldest gives way. NULL: no memory. */
static struct pgm_peer *peer_new(struct pgm *g, const pgm_tsi_t *tsi) {
    struct pgm_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    zx_pgm_rx_init(&peer->rx, g->max_size);
    peer->tsi = *tsi;
    peer->next = g->peers;
    g->peers = peer;
    struct pgm_peer **p = &peer->next;
    for (int i = 1; *p && i < PEERS_MAX; i++)
        p = &(*p)->next;
    if (*p)
        peer_free(p);
    return peer;
}

/* A hole is seen by its numbers, whether or not the library has spoken of it before. */
static void check_order(struct pgm_peer *peer, const struct pgm_msgv_t *v) {
    if (peer->has_next && v->msgv_skb[0]->sequence != peer->next_packet)
        zx_pgm_rx_lost(&peer->rx);
    peer->next_packet = v->msgv_skb[v->msgv_len - 1]->sequence + 1;
    peer->has_next = true;
}

/* A payload that was sent in pieces (by others than us) comes in several buffers. */
static void take_payload(struct pgm *g, const struct pgm_msgv_t *v) {
    size_t size = 0;
    struct pgm_peer *peer = *peer_of(g, &v->msgv_skb[0]->tsi);
    if (!peer && !(peer = peer_new(g, &v->msgv_skb[0]->tsi)))
        return;
    check_order(peer, v);
    for (uint32_t i = 0; i < v->msgv_len; i++) {
        const struct pgm_sk_buff_t *skb = v->msgv_skb[i];
        if (size + skb->len > sizeof g->packet)
            return;
        memcpy(g->packet + size, skb->data, skb->len);
        size += skb->len;
    }
    (void)zx_pgm_rx_input(&peer->rx, g->packet, size, &g->c.to);
}

static void on_lost(struct pgm *g, struct pgm_msgv_t *v) {
    if (!v->msgv_len || !v->msgv_skb[0])
        return;
    struct pgm_peer *peer = *peer_of(g, &v->msgv_skb[0]->tsi);
    if (peer)
        zx_pgm_rx_lost(&peer->rx);
    pgm_free_skb(v->msgv_skb[0]);
}

/* One call of the library, which also answers requests for repair and keeps its timers. False:
 * nothing more is to be had. */
static bool receive(struct pgm *g) {
    struct pgm_msgv_t v = {.msgv_len = 0};
    size_t size = 0;
    switch (pgm_recvmsgv(g->sock, &v, 1, MSG_DONTWAIT | MSG_ERRQUEUE, &size, NULL)) {
    case PGM_IO_STATUS_NORMAL:
        if (size && v.msgv_len && !g->c.is_sender)
            take_payload(g, &v);
        return true;
    case PGM_IO_STATUS_RESET:
        on_lost(g, &v);
        return true;
    case PGM_IO_STATUS_TIMER_PENDING:
        g->wait_ns = zx_pgm_socket_time(g->sock, PGM_TIME_REMAIN);
        return false;
    case PGM_IO_STATUS_RATE_LIMITED:
        g->wait_ns = zx_pgm_socket_time(g->sock, PGM_RATE_REMAIN);
        return false;
    default:
        return false;
    }
}

/* ---- sending ---- */

static void soon(struct pgm *g, int which) {
    uint64_t left = zx_pgm_socket_time(g->sock, which);
    if (left < g->wait_ns)
        g->wait_ns = left;
}

/* False: there is nothing to send, or it cannot go now. */
static bool send_packet(struct pgm *g) {
    if (!g->pending)
        g->pending = zx_pgm_tx_fill(&g->tx, &g->c.from, g->packet, g->room);
    if (!g->pending)
        return false;
    switch (pgm_send(g->sock, g->packet, g->pending, NULL)) {
    case PGM_IO_STATUS_NORMAL:
        g->pending = 0;
        g->last_ns = zx_os_now_ns();
        return true;
    case PGM_IO_STATUS_RATE_LIMITED:
        soon(g, PGM_RATE_REMAIN);
        return false;
    case PGM_IO_STATUS_CONGESTION:
        soon(g, PGM_TIME_REMAIN);
        return false;
    default: /* a full buffer, or an error that may pass (a network that is down) */
        g->blocked = true;
        return false;
    }
}

/* A call repairs one packet at most, and those that are left wake nobody. */
static void repair(struct pgm *g) {
    for (int i = 0; g->was_asked && i < REPAIRS; i++)
        (void)receive(g);
    g->was_asked = false;
}

/* ---- the thread ---- */

static void work(struct pgm *g) {
    g->wait_ns = UINT64_MAX;
    g->blocked = false;
    for (int i = 0; i < TURN && !zx_carrier_is_full(&g->c); i++)
        if (!receive(g))
            break;
    repair(g);
    for (int i = 0; i < TURN; i++) {
        if (!send_packet(g))
            return;
    }
    g->wait_ns = 0;
}

/* Nothing more comes, all is sent, and who lost of it had time to ask. */
static bool is_over(struct pgm *g) {
    if (!g->c.is_sender || !g->c.ended || zx_buf_size(&g->c.from) || g->pending)
        return false;
    uint64_t now = zx_os_now_ns();
    if (!g->last_ns || now >= g->last_ns + REPAIR_NS)
        return true;
    if (g->wait_ns > g->last_ns + REPAIR_NS - now)
        g->wait_ns = g->last_ns + REPAIR_NS - now;
    return false;
}

/* False: the link is gone. */
static bool wait_for_work(struct pgm *g) {
    enum { LINK, RECV, REPAIR, PENDING, SEND, COUNT };
    static const uint64_t again_ns = UINT64_C(10000000);
    unsigned in = zx_carrier_is_full(&g->c) ? 0 : ZX_POLL_IN;
    struct zx_os_pollfd fds[COUNT] = {
        [LINK] = {g->c.fd, zx_carrier_wants(&g->c), 0},
        [RECV] = {in ? zx_pgm_socket_fd(g->sock, PGM_RECV_SOCK) : -1, in, 0},
        [REPAIR] = {g->c.is_sender ? zx_pgm_socket_fd(g->sock, PGM_REPAIR_SOCK) : -1, in, 0},
        [PENDING] = {in ? zx_pgm_socket_fd(g->sock, PGM_PENDING_SOCK) : -1, in, 0},
        [SEND] = {-1, 0, 0},
    };
    /* An error shows as readiness too, and would be met again at once: time decides. */
    if (g->blocked && g->wait_ns > again_ns)
        g->wait_ns = again_ns;
    int rc = zx_os_poll(fds, COUNT, g->wait_ns, NULL);
    if (rc < 0)
        return rc == -EINTR;
    g->was_asked = g->c.is_sender && (fds[RECV].revents || fds[REPAIR].revents);
    return zx_carrier_turn(&g->c, fds[LINK].revents);
}

static void run(void *arg) {
    struct pgm *g = arg;
    do {
        work(g);
    } while (!is_over(g) && wait_for_work(g));
    zx_pgm_socket_close(g->sock);
    while (g->peers)
        peer_free(&g->peers);
    zx_carrier_done(&g->c);
}

/* ---- the endpoints ---- */

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_pgm_endpoint ep;
    (void)conf;
    (void)for_bind;
    return zx_pgm_address_parse(&ep, address);
}

static int carry(const struct zx_conf *conf, const char *address, bool encapsulated,
                 struct zx_carrier **out) {
    struct pgm *g = calloc(1, sizeof *g);
    int rc = g ? zx_pgm_socket_open(conf, address, encapsulated, &g->sock) : -ENOMEM;
    if (rc) {
        free(g);
        return rc;
    }
    g->max_size = conf->queue.maxmsgsize;
    g->room = zx_pgm_socket_room(g->sock);
    int fd = g->room > ZX_PGM_OFFSET && g->room <= PACKET_MAX ? zx_carrier_init(&g->c, conf)
                                                              : -EINVAL;
    rc = fd < 0 ? fd : zx_carrier_start(&g->c, fd, "zmqx/pgm", run);
    if (!rc) {
        *out = &g->c;
        return fd;
    }
    zx_pgm_socket_close(g->sock);
    free(g);
    return rc;
}

static int carry_pgm(const struct zx_conf *conf, const char *address, struct zx_carrier **out) {
    return carry(conf, address, false, out);
}

static int carry_epgm(const struct zx_conf *conf, const char *address, struct zx_carrier **out) {
    return carry(conf, address, true, out);
}

static void release(struct zx_carrier *c) {
    zx_carrier_join(c);
    free(c);
}

const struct zx_transport_ops zx_pgm_ops = {
    .scheme = "pgm",
    .check = check,
    .peer_text = zx_carrier_no_text,
    .local_endpoint = zx_carrier_no_text,
    .remote_endpoint = zx_carrier_no_text,
    .same_bound = zx_carrier_not_same,
    .carry = carry_pgm,
    .release = release,
};

const struct zx_transport_ops zx_epgm_ops = {
    .scheme = "epgm",
    .check = check,
    .peer_text = zx_carrier_no_text,
    .local_endpoint = zx_carrier_no_text,
    .remote_endpoint = zx_carrier_no_text,
    .same_bound = zx_carrier_not_same,
    .carry = carry_epgm,
    .release = release,
};
