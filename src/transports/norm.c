/* SPDX-License-Identifier: MIT */
/* norm://, on the NORM library: the endpoint and its carrier's thread. The library has a thread of
 * its own beside it, which sends, receives and repairs. */
#include <errno.h>
#include <stdlib.h>

#include "core/transport.h"
#include "transports/carrier.h"
#include "transports/norm_address.h"
#include "transports/norm_session.h"

enum { READ_PIECE = 8192, EVENTS_MAX = 256 };

struct norm_in { /* one sender's stream */
    struct norm_in *next;
    NormObjectHandle object;
    struct zx_norm_rx rx;
    bool readable;
    bool seeking; /* what comes next may be the midst of a message */
};

struct norm {
    struct zx_carrier c;
    NormInstanceHandle instance;
    NormSessionHandle session;
    int64_t max_size;
    struct norm_in *streams; /* receiver */
    struct zx_norm_tx tx;    /* sender */
};

/* ---- receiving ---- */

static struct norm_in *stream_of(struct norm *n, NormObjectHandle object) {
    struct norm_in *in = n->streams;
    while (in && in->object != object)
        in = in->next;
    return in;
}

/* Without memory for it the stream is not heard. */
static struct norm_in *stream_new(struct norm *n, NormObjectHandle object) {
    if (NormObjectGetType(object) != NORM_OBJECT_STREAM)
        return NULL;
    struct norm_in *in = calloc(1, sizeof *in);
    if (!in)
        return NULL;
    zx_norm_rx_init(&in->rx, n->max_size);
    in->object = object;
    in->seeking = true;
    in->next = n->streams;
    n->streams = in;
    return in;
}

static void stream_free(struct norm *n, struct norm_in *in) {
    struct norm_in **p = &n->streams;
    while (*p != in)
        p = &(*p)->next;
    *p = in->next;
    zx_mcast_fini(&in->rx.c);
    free(in);
}

/* A piece of the stream. False: nothing more is there. */
static bool read_piece(struct norm *n, struct norm_in *in) {
    uint8_t buf[READ_PIECE];
    unsigned size = sizeof buf;
    if (in->seeking) {
        if (!NormStreamSeekMsgStart(in->object))
            return false;
        in->seeking = false;
        zx_norm_rx_lost(&in->rx);
    }
    if (!NormStreamRead(in->object, (char *)buf, &size)) {
        in->seeking = true; /* a gap that could not be repaired */
        return true;
    }
    if (!size)
        return false;
    in->seeking = zx_norm_rx_input(&in->rx, buf, size, &n->c.to) < 0;
    return true;
}

static void read_stream(struct norm *n, struct norm_in *in, bool all) {
    in->readable = true;
    for (int i = 0; i < EVENTS_MAX && (all || !zx_carrier_is_full(&n->c)); i++) {
        in->readable = read_piece(n, in);
        if (!in->readable)
            return;
    }
}

static void on_stream(struct norm *n, const NormEvent *ev) {
    struct norm_in *in = stream_of(n, ev->object);
    if (!in)
        in = stream_new(n, ev->object);
    if (in)
        in->readable = true;
}

/* The object may not be touched after the next event was asked for: all of it is read now. */
static void on_stream_end(struct norm *n, const NormEvent *ev, bool is_complete) {
    struct norm_in *in = stream_of(n, ev->object);
    if (!in)
        return;
    if (is_complete)
        read_stream(n, in, true);
    stream_free(n, in);
}

static void on_event(struct norm *n, const NormEvent *ev) {
    switch (ev->type) {
    case NORM_TX_QUEUE_EMPTY:
    case NORM_TX_FLUSH_COMPLETED:
        n->tx.all_sent = true;
        break;
    case NORM_RX_OBJECT_NEW:
    case NORM_RX_OBJECT_UPDATED:
        on_stream(n, ev);
        break;
    case NORM_RX_OBJECT_COMPLETED:
    case NORM_RX_OBJECT_ABORTED:
        on_stream_end(n, ev, ev->type == NORM_RX_OBJECT_COMPLETED);
        break;
    default:
        break; /* vacancies too: whoever is woken tries to write */
    }
}

/* ---- the thread ---- */

/* How long to wait at most; 0: it is over. */
static uint64_t time_left(struct norm *n) {
    if (!n->c.is_sender || !n->c.ended || zx_buf_size(&n->c.from))
        return UINT64_MAX;
    uint64_t now = zx_os_now_ns(), until = zx_norm_tx_until(&n->tx, n->session);
    return until > now ? until - now : 0;
}

static bool has_readable(const struct norm *n) {
    for (const struct norm_in *in = n->streams; in; in = in->next)
        if (in->readable)
            return true;
    return false;
}

static void work(struct norm *n) {
    NormEvent ev;
    for (int i = 0; i < EVENTS_MAX && NormGetNextEvent(n->instance, &ev, false); i++)
        on_event(n, &ev);
    if (n->c.is_sender)
        zx_norm_tx_pump(&n->tx, &n->c.from);
    for (struct norm_in *in = n->streams; in; in = in->next)
        if (in->readable)
            read_stream(n, in, false);
}

static void run(void *arg) {
    struct norm *n = arg;
    for (;;) {
        work(n);
        uint64_t left = time_left(n);
        if (!left)
            break;
        if (has_readable(n) && !zx_carrier_is_full(&n->c))
            left = 0;
        struct zx_os_pollfd fds[2] = {
            {n->c.fd, zx_carrier_wants(&n->c), 0},
            {NormGetDescriptor(n->instance), ZX_POLL_IN, 0},
        };
        int rc = zx_os_poll(fds, 2, left, NULL);
        if (rc < 0 && rc != -EINTR)
            break;
        if (!zx_carrier_turn(&n->c, rc < 0 ? 0 : fds[0].revents))
            break;
    }
    zx_norm_session_close(n->instance, n->session);
    while (n->streams)
        stream_free(n, n->streams);
    zx_carrier_done(&n->c);
}

/* ---- the endpoint ---- */

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct zx_norm_endpoint ep;
    (void)conf;
    (void)for_bind;
    return zx_norm_address_parse(&ep, address);
}

static int carry(const struct zx_conf *conf, const char *address, struct zx_carrier **out) {
    struct norm *n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    int fd = zx_carrier_init(&n->c, conf);
    if (fd < 0) {
        free(n);
        return fd;
    }
    n->max_size = conf->queue.maxmsgsize;
    int rc = zx_norm_session_open(conf, address, &n->instance, &n->session);
    if (!rc && n->c.is_sender)
        rc = zx_norm_tx_open(&n->tx, conf, n->session);
    if (!rc) {
        rc = zx_carrier_start(&n->c, fd, "zmqx/norm", run);
    } else {
        zx_sock_close(n->c.fd);
        zx_sock_close(fd);
    }
    if (!rc) {
        *out = &n->c;
        return fd;
    }
    zx_norm_session_close(n->instance, n->session);
    free(n);
    return rc;
}

static void release(struct zx_carrier *c) {
    zx_carrier_join(c);
    free(c);
}

const struct zx_transport_ops zx_norm_ops = {
    .scheme = "norm",
    .check = check,
    .peer_text = zx_carrier_no_text,
    .local_endpoint = zx_carrier_no_text,
    .remote_endpoint = zx_carrier_no_text,
    .same_bound = zx_carrier_not_same,
    .carry = carry,
    .release = release,
};
