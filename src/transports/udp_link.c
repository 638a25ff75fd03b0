/* SPDX-License-Identifier: MIT */
/* Between datagrams and pairs of frames, many at a time. */
#include <errno.h>
#include <string.h>

#include "core/link.h"
#include "core/pipe.h"
#include "transports/udp.h"
#include "transports/udp_codec.h"

enum { ADDRESS_TEXT = 80 };

static void refuse(struct zx_udp *u) {
    atomic_fetch_add_explicit(&u->refused, 1, memory_order_relaxed);
}

/* ---- receiving ---------------------------------------------------------- */

static int take_raw(struct zx_queue *q, const struct zx_datagram *d) {
    char text[ADDRESS_TEXT];
    int n = zx_addr_ip_port_text(d->addr, text, sizeof text);
    if (n < 0)
        return n;
    /* With its NUL, as libzmq gives it. */
    int rc = zx_queue_write(q, text, (size_t)n + 1, ZX_FRAME_MORE);
    return rc ? rc : zx_queue_write(q, d->iov[0].base, d->size, 0);
}

static int take_grouped(struct zx_queue *q, const struct zx_datagram *d) {
    struct zx_udp_parts parts;
    int rc = zx_udp_split(d->iov[0].base, d->size, &parts);
    if (!rc)
        rc = zx_queue_write(q, parts.group, parts.group_size, ZX_FRAME_MORE);
    return rc ? rc : zx_queue_write(q, parts.body, parts.body_size, 0);
}

static void take(struct zx_udp *u, struct zx_queue *q, const struct zx_datagram *d) {
    int rc = d->cut || d->size > ZX_DATAGRAM_MAX ? -EMSGSIZE : 0;
    if (!rc)
        rc = u->is_raw ? take_raw(q, d) : take_grouped(q, d);
    if (!rc)
        return;
    zx_queue_rollback(q);
    refuse(u);
}

/* Nobody listens here: what comes is thrown away, so that it does not come again and again. */
static ptrdiff_t discard(struct zx_link *l) {
    uint8_t byte;
    return zx_sock_recv(l->src.fd, &byte, 1) == -EAGAIN ? 0 : 1;
}

/* No more than the high-water mark lets in; the rest waits in the kernel. */
static unsigned room(struct zx_udp *u, const struct zx_queue *q, struct zx_datagram *d) {
    uint64_t left = q->w.limit - q->w.written;
    unsigned n = left < ZX_DATAGRAMS_MAX ? (unsigned)left : ZX_DATAGRAMS_MAX;
    for (unsigned i = 0; i < n; i++)
        d[i] = (struct zx_datagram){
            .addr = u->is_raw ? &u->from[i] : NULL,
            .iov = {{u->slots + (size_t)i * ZX_UDP_SLOT, ZX_DATAGRAM_MAX}},
            .n_iov = 1,
        };
    return n;
}

ptrdiff_t zx_udp_recv(struct zx_link *l, struct zx_pipe *p, bool owner) {
    struct zx_udp *u = l->own;
    struct zx_queue *q = p->in;
    struct zx_datagram d[ZX_DATAGRAMS_MAX];
    if (!u->is_bound)
        return discard(l);
    if (owner)
        zx_queue_rewind(q, true);
    unsigned n = room(u, q, d);
    int got = zx_dgram_recv(l->src.fd, d, n);
    if (got < 0)
        return got == -EAGAIN ? 0 : 1; /* an error that waited: now it is gone */
    ptrdiff_t bytes = 0;
    for (int i = 0; i < got; i++) {
        take(u, q, &d[i]);
        bytes += (ptrdiff_t)d[i].size + 1;
    }
    zx_queue_commit(q);
    zx_pipe_announce(p);
    return (unsigned)got == n && !(owner && zx_queue_has(q)) ? bytes : 0;
}

/* ---- sending ------------------------------------------------------------- */

struct batch {
    struct zx_rec recs[2 * ZX_DATAGRAMS_MAX];
    unsigned n_recs;
    struct zx_datagram out[ZX_DATAGRAMS_MAX];
    struct zx_addr to[ZX_DATAGRAMS_MAX];
    uint8_t heads[ZX_DATAGRAMS_MAX][1 + 255];
    unsigned n;
};

static int address(struct zx_udp *u, const uint8_t *head, size_t size, struct zx_addr *to) {
    if (!size || size > sizeof to->sa)
        return -EINVAL;
    memcpy(to->sa, head, size);
    to->len = (uint32_t)size;
    if (u->is_v6)
        zx_addr_map_v4(to);
    else
        zx_addr_unmap_v4(to);
    return 0;
}

/* The message of that head and body becomes the next of b. Negative: it cannot be sent. */
static int compose(struct zx_udp *u, struct batch *b, const struct zx_rec *head,
                   const struct zx_rec *body) {
    struct zx_datagram *d = &b->out[b->n];
    struct zx_iov text = {(void *)(uintptr_t)body->data, body->size};
    if (u->is_raw) {
        *d = (struct zx_datagram){.addr = &b->to[b->n], .iov = {text}, .n_iov = 1};
        return address(u, head->data, head->size, d->addr);
    }
    int rc = zx_udp_may_send(head->size, body->size);
    if (rc)
        return rc;
    uint8_t *to = b->heads[b->n];
    to[0] = (uint8_t)head->size;
    if (head->size)
        memcpy(to + 1, head->data, head->size);
    *d = (struct zx_datagram){.addr = &u->to, .iov = {{to, head->size + 1}, text}, .n_iov = 2};
    return 0;
}

static void consume(struct zx_link *l, struct zx_queue *q, const struct zx_rec *rec,
                    bool *credit) {
    if (rec->body)
        zx_dead_add(l->w.dead, rec->body);
    *credit |= zx_queue_consume_encoded(q, rec);
}

/* The last record of a chunk is a head: it is kept until the chunk with its body comes. */
static void keep_head(struct zx_link *l, struct zx_queue *q, const struct zx_rec *rec,
                      bool *credit) {
    struct zx_udp *u = l->own;
    u->has_head = true;
    u->head_size = rec->size < sizeof u->head ? rec->size : sizeof u->head;
    if (u->head_size)
        memcpy(u->head, rec->data, u->head_size);
    consume(l, q, rec, credit);
}

/* As many as may go with one call; how many of the records at the front each takes is 2, but for
 * the first where its head was kept. A bad one ends the batch. Negative: the first is bad. */
static int fill(struct zx_udp *u, struct batch *b) {
    struct zx_rec kept = {.data = u->head, .size = u->head_size};
    unsigned i = 0;
    b->n = 0;
    while (b->n < ZX_DATAGRAMS_MAX) {
        bool has = u->has_head && !b->n;
        if (i + (has ? 1 : 2) > b->n_recs)
            break;
        const struct zx_rec *head = has ? &kept : &b->recs[i];
        int rc = compose(u, b, head, &b->recs[has ? i : i + 1]);
        if (rc)
            return b->n ? 0 : rc;
        b->n++;
        i += has ? 1 : 2;
    }
    return 0;
}

static void consume_messages(struct zx_link *l, struct zx_queue *q, const struct batch *b,
                             unsigned n, bool *credit) {
    struct zx_udp *u = l->own;
    unsigned recs = 2 * n - (u->has_head ? 1 : 0);
    u->has_head = false;
    for (unsigned i = 0; i < recs; i++)
        consume(l, q, &b->recs[i], credit);
}

/* Notes are about connections: there is none. */
static bool skip_note(struct zx_link *l, struct zx_queue *q, const struct zx_rec *rec) {
    if (!(rec->flags & ZX_FRAME_NOTE))
        return false;
    zx_rec_release(rec, l->w.dead);
    q->r.pos += rec->total;
    q->r.frame = q->r.pos;
    return true;
}

int zx_udp_send(struct zx_link *l, struct zx_pipe *p, bool *credit) {
    struct zx_udp *u = l->own;
    struct batch b;
    b.n_recs = zx_queue_peek_row(p->out, b.recs, 2 * ZX_DATAGRAMS_MAX, SIZE_MAX);
    if (!b.n_recs)
        return 0;
    if (skip_note(l, p->out, &b.recs[0]))
        return 1;
    if (b.n_recs == 1 && !u->has_head) {
        keep_head(l, p->out, &b.recs[0], credit);
        return 1;
    }
    int rc = fill(u, &b);
    int sent = rc ? rc : zx_dgram_send(l->src.fd, b.out, b.n);
    if (sent == -EAGAIN)
        return -EAGAIN;
    if (sent < 0) { /* no route, too long, a filter: of this one only */
        refuse(u);
        sent = 1;
    }
    consume_messages(l, p->out, &b, (unsigned)sent, credit);
    return 1;
}
