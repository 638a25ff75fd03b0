/* SPDX-License-Identifier: MIT */
/* bind, connect, unbind, disconnect. */
#include "core/endpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/inproc.h"
#include "core/link.h"
#include "core/listener.h"
#include "core/monitor.h"
#include "core/reactor.h"
#include "core/shards.h"
#include "core/registry.h"
#include "core/socket.h"
#include "zmq.h"

struct zx_endpoint *zx_endpoint_new(struct zx_socket *s, const char *typed, bool is_bind) {
    struct zx_endpoint *ep = calloc(1, sizeof *ep);
    if (!ep)
        return NULL;
    ep->typed = strdup(typed);
    ep->text = strdup(typed);
    if (!ep->typed || !ep->text) {
        free(ep->typed);
        free(ep->text);
        free(ep);
        return NULL;
    }
    atomic_init(&ep->refs, 1);
    ep->address = strstr(ep->typed, "://") + 3;
    ep->is_bind = is_bind;
    ep->sock = s;
    zx_socket_slot_ref(s);
    ep->conf = zx_conf_ref(s->conf);
    return ep;
}

void zx_endpoint_ref(struct zx_endpoint *ep) {
    atomic_fetch_add_explicit(&ep->refs, 1, memory_order_relaxed);
}

void zx_endpoint_unref(struct zx_endpoint *ep) {
    if (atomic_fetch_sub_explicit(&ep->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct zx_socket *s = ep->sock;
    if (ep->binder)
        zx_binder_free(ep->binder);
    if (ep->pipe) /* inproc: no link can be the last to let go, the socket is locked */
        zx_pipe_unref_locked(ep->pipe, &ep->sock->dead);
    zx_conf_unref(ep->conf);
    free(ep->typed);
    free(ep->text);
    free(ep);
    zx_socket_slot_unref(s);
}

/* ---- accepted links; the lock of the list held ---- */

static void list_ready(struct zx_endpoint *ep, struct zx_link *l) {
    l->is_opening = false;
    l->prev = NULL;
    l->next = ep->links;
    if (ep->links)
        ep->links->prev = l;
    ep->links = l;
}

static void list_opening(struct zx_endpoint *ep, struct zx_link *l) {
    l->is_opening = true;
    l->next = NULL;
    l->prev = ep->newest;
    if (ep->newest)
        ep->newest->next = l;
    else
        ep->opening = l;
    ep->newest = l;
    ep->n_opening++;
}

static void unlist(struct zx_endpoint *ep, struct zx_link *l) {
    if (l->prev)
        l->prev->next = l->next;
    else if (l->is_opening)
        ep->opening = l->next;
    else
        ep->links = l->next;
    if (l->next)
        l->next->prev = l->prev;
    else if (l->is_opening)
        ep->newest = l->prev;
    ep->n_opening -= l->is_opening;
    l->next = l->prev = NULL;
}

static bool is_listed(const struct zx_endpoint *ep, const struct zx_link *l) {
    return l->prev || ep->links == l || ep->opening == l;
}

bool zx_endpoint_add_link(struct zx_endpoint *ep, struct zx_link *l) {
    zx_source_ref(&l->src);
    l->since_ns = zx_os_now_ns();
    zx_mutex_lock(&ep->lock);
    list_opening(ep, l);
    bool too_many = ep->n_opening > (unsigned)ep->conf->net.handshakes_max;
    zx_mutex_unlock(&ep->lock);
    return too_many;
}

void zx_endpoint_opened(struct zx_endpoint *ep, struct zx_link *l) {
    zx_mutex_lock(&ep->lock);
    if (l->is_opening && is_listed(ep, l)) {
        unlist(ep, l);
        list_ready(ep, l);
    }
    zx_mutex_unlock(&ep->lock);
}

bool zx_endpoint_drop_oldest(struct zx_endpoint *ep, uint64_t before_ns) {
    zx_mutex_lock(&ep->lock);
    struct zx_link *l = ep->opening;
    if (l && l->since_ns >= before_ns)
        l = NULL;
    if (l) {
        zx_source_ref(&l->src);
        unlist(ep, l);
        list_ready(ep, l); /* until it has removed itself */
    }
    zx_mutex_unlock(&ep->lock);
    if (!l)
        return false;
    zx_link_kick(l, ZX_WORK_EXPIRE, false);
    zx_source_unref(&l->src);
    return true;
}

void zx_endpoint_remove_link(struct zx_endpoint *ep, struct zx_link *l) {
    zx_mutex_lock(&ep->lock);
    bool in = is_listed(ep, l);
    if (in)
        unlist(ep, l);
    zx_mutex_unlock(&ep->lock);
    if (in)
        zx_source_unref(&l->src);
}

/* ---- the end of an endpoint ---- */

static void close_link(struct zx_link *l, uint64_t until) {
    atomic_store_explicit(&l->linger_until_ns, until, memory_order_release);
    zx_link_kick(l, ZX_WORK_CLOSE, true);
}

static struct zx_link *not_seen(struct zx_link *l) {
    while (l && l->closing_seen)
        l = l->next;
    return l;
}

/* The accepted links, one by one: closing a link takes it out of the list. */
static void close_links(struct zx_endpoint *ep, uint64_t until) {
    for (;;) {
        zx_mutex_lock(&ep->lock);
        struct zx_link *l = not_seen(ep->links);
        if (!l)
            l = not_seen(ep->opening);
        if (l) {
            l->closing_seen = true;
            zx_source_ref(&l->src);
        }
        zx_mutex_unlock(&ep->lock);
        if (!l)
            return;
        close_link(l, until);
        zx_source_unref(&l->src);
    }
}

/* A bound address is free when its owner goes on, as a listener's is. Whoever holds the word does
 * the closing in his turn, which waits for nobody; that this is so is rare, and nobody tells us. */
static void await_turn(struct zx_link *l) {
    while (atomic_load_explicit(&l->work, memory_order_acquire) & ZX_WORK_HELD) {
        unsigned st = atomic_load_explicit(&l->state, memory_order_relaxed);
        (void)zx_os_futex_wait(&l->state, st, 1000000);
    }
}

static void end_dial(struct zx_endpoint *ep, uint64_t until, bool keep_unread) {
    struct zx_link *l = ep->dial;
    ep->dial = NULL;
    /* Found by the socket's own list: l->pipe may go at any moment. */
    for (struct zx_pipe *p = keep_unread ? NULL : ep->sock->pipes; p; p = p->app.next) {
        if (p->link != l)
            continue;
        zx_socket_detach(ep->sock, p); /* unread messages go at once */
        break;
    }
    close_link(l, until);
    if (ep->is_bind)
        await_turn(l);
    zx_source_unref(&l->src);
}

static void end_inproc(struct zx_socket *s, struct zx_pipe *p) {
    if (p->app.phase == ZX_PIPE_NEW) { /* nobody is bound there yet */
        p->app.phase = ZX_PIPE_DETACHED;
        zx_pipe_close(p);
    } else {
        zx_socket_detach(s, p);
    }
}

void zx_endpoint_end(struct zx_endpoint *ep, int linger_ms, bool keep_unread) {
    uint64_t until = linger_ms ? zx_deadline(linger_ms) : 0;
    zx_socket_flush(ep->sock);
    if (ep->listener) {
        zx_listener_close(ep->listener);
        zx_source_unref(&ep->listener->src);
        ep->listener = NULL;
        close_links(ep, until);
    }
    if (ep->tp && ep->tp->carry)
        close_links(ep, until);
    if (ep->dial)
        end_dial(ep, until, keep_unread && ep->is_bind);
    if (ep->binder)
        zx_inproc_unbind(ep->sock->ctx->inproc, ep->typed, ep->binder);
    if (ep->pipe)
        end_inproc(ep->sock, ep->pipe);
}

/* ---- making endpoints ---- */

struct parsed {
    const struct zx_transport_ops *tp; /* NULL: inproc */
    const char *address;
};

/* Datagrams have their socket types. */
static bool is_for_type(const struct zx_socket *s, const struct zx_transport_ops *tp,
                        bool is_bind) {
    unsigned flags = s->ops->flags;
    int type = s->ops->type;
    if (tp && tp->carry)
        return type == ZMQ_PUB || type == ZMQ_SUB || type == ZMQ_XPUB || type == ZMQ_XSUB;
    if (tp && tp->datagrams)
        return flags & (is_bind ? ZX_PATTERN_BIND_DATAGRAMS : ZX_PATTERN_CONNECT_DATAGRAMS);
    return !(flags & ZX_PATTERN_ONLY_DATAGRAMS);
}

static int parse(struct zx_socket *s, const char *endpoint, bool is_bind,
                 struct parsed *out) {
    const char *sep = endpoint ? strstr(endpoint, "://") : NULL;
    if (!sep || sep == endpoint || !sep[3])
        return -EINVAL;
    size_t n = (size_t)(sep - endpoint);
    out->address = sep + 3;
    out->tp = NULL;
    bool is_inproc = n == 6 && !memcmp(endpoint, "inproc", 6);
    if (!is_inproc && !(out->tp = zx_registry_transport(endpoint, n)))
        return -EPROTONOSUPPORT;
    if (!is_for_type(s, out->tp, is_bind))
        return -ENOCOMPATPROTO;
    if (is_inproc)
        return 0;
    int rc = out->tp->check(s->conf, out->address, is_bind);
    if (rc && is_bind) {
        struct zx_event_text text = {out->address, NULL, false};
        zx_monitor_event(s, ZMQ_EVENT_BIND_FAILED, (uint64_t)-rc, &text);
    }
    return rc;
}

static int bind_inproc(struct zx_socket *s, struct zx_endpoint *ep) {
    ep->binder = zx_binder_new(s);
    if (!ep->binder)
        return -ENOMEM;
    return zx_inproc_bind(s->ctx->inproc, ep->typed, ep->binder, &s->dead);
}

/* A transport without connections: what it carries looks like one that was accepted. */
static int carry(struct zx_endpoint *ep) {
    struct zx_link *l;
    struct zx_carrier *carrier;
    int fd = ep->tp->carry(ep->conf, ep->address, &carrier);
    if (fd < 0)
        return fd;
    int rc = zx_link_new_accepted(ep, fd, &l);
    if (rc) {
        zx_sock_close(fd);
        ep->tp->release(carrier);
        return rc;
    }
    l->carrier = carrier;
    (void)zx_endpoint_add_link(ep, l);
    zx_link_kick(l, ZX_WORK_START, true);
    rc = zx_link_is_ready(l) ? 0 : -ENOMEM;
    zx_source_unref(&l->src);
    return rc;
}

/* The endpoint works: it is the socket's. Takes over last, the text of ZMQ_LAST_ENDPOINT. */
static void list_endpoint(struct zx_socket *s, struct zx_endpoint *ep, char *last) {
    free(s->last_endpoint);
    s->last_endpoint = last;
    ep->next = s->endpoints;
    s->endpoints = ep;
}

static int join_datagrams(struct zx_socket *s, struct zx_endpoint *ep, struct zx_pipe *p) {
    char text[ZX_ENDPOINT_MAX];
    struct zx_link *l;
    int rc = zx_link_new_datagrams(ep, p, text, &l);
    if (rc)
        return rc;
    char *resolved = strdup(ep->is_bind ? text : ep->typed);
    rc = resolved ? zx_socket_attach(s, p) : -ENOMEM;
    if (!rc) {
        free(ep->text);
        ep->text = resolved;
        ep->dial = l;
        return 0;
    }
    free(resolved);
    close_link(l, 0);
    zx_source_unref(&l->src);
    return rc;
}

/* One link, bound or not, for as long as the endpoint lives: a bind that fails says so. */
static int open_datagrams(struct zx_socket *s, struct zx_endpoint *ep) {
    struct zx_pipe *p = zx_pipe_new(s, ep->conf);
    if (!p)
        return -ENOMEM;
    p->hears_all = !ep->is_bind;
    zx_socket_attend(s); /* the place may be free already */
    int rc = zx_socket_register(s, p);
    if (!rc && (rc = join_datagrams(s, ep, p)))
        zx_socket_unregister(s, p);
    zx_pipe_unref_locked(p, &s->dead);
    if (rc && ep->is_bind) {
        struct zx_event_text text = {ep->address, NULL, false};
        zx_monitor_event(s, ZMQ_EVENT_BIND_FAILED, (uint64_t)-rc, &text);
    }
    return rc;
}

static int bind_network(struct zx_socket *s, struct zx_endpoint *ep) {
    return ep->tp->datagrams ? open_datagrams(s, ep) : zx_listener_new(ep, &ep->listener);
}

int zx_socket_bind(struct zx_socket *s, const char *endpoint) {
    struct parsed where;
    int rc = parse(s, endpoint, true, &where);
    if (!rc && where.tp)
        rc = zx_shards_new(s);
    if (rc)
        return rc;
    struct zx_endpoint *ep = zx_endpoint_new(s, endpoint, true);
    if (!ep)
        return -ENOMEM;
    ep->tp = where.tp;
    if (!where.tp)
        rc = bind_inproc(s, ep);
    else
        rc = where.tp->carry ? carry(ep) : bind_network(s, ep);
    char *last = rc ? NULL : strdup(ep->text);
    if (last) {
        list_endpoint(s, ep, last);
        return 0;
    }
    if (!rc)
        zx_endpoint_end(ep, 0, false);
    zx_endpoint_unref(ep);
    return rc ? rc : -ENOMEM;
}

/* Enters the name the application chose for the peer of the next connect. */
static int take_connect_id(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_blob *id = &s->connect_id;
    if (!id->size)
        return 0;
    memcpy(p->id, id->data, id->size);
    p->id_size = (uint8_t)id->size;
    free(id->data);
    *id = (struct zx_blob){0};
    return 0;
}

/* The place of a single peer is free, but the socket may not have heard of it yet. */
static int attach(struct zx_socket *s, struct zx_pipe *p) {
    int rc = zx_socket_attach(s, p);
    if (rc != -EBUSY)
        return rc;
    zx_socket_attend(s);
    return zx_socket_attach(s, p);
}

/* Joined, or waiting for a binder: p becomes one of the socket's pipes. */
static int join_inproc(struct zx_socket *s, struct zx_pipe *p) {
    if (p->late)
        return 0; /* whoever binds tells its id; the attach comes by mail then */
    int rc = zx_socket_register(s, p);
    if (!rc)
        rc = attach(s, p);
    if (!rc)
        return 0;
    zx_socket_unregister(s, p);
    zx_pipe_close(p);
    /* A second peer: its connection ends at once. */
    return rc == -EADDRINUSE && s->ops->flags & ZX_PATTERN_SINGLE_PEER ? 0 : rc;
}

static int connect_inproc(struct zx_socket *s, struct zx_endpoint *ep) {
    struct zx_pipe *end[2];
    int rc = zx_pipe_pair_new(s, ep->conf, end);
    if (rc)
        return rc;
    ep->pipe = end[0];
    (void)take_connect_id(s, end[0]);
    const struct zx_blob *hello = &ep->conf->id.hello_msg;
    if (hello->size && s->ops->flags & ZX_PATTERN_HELLO_MSG &&
        !zx_queue_write(end[0]->out, hello->data, hello->size, 0))
        zx_queue_commit(end[0]->out);
    rc = end[0]->id_size ? zx_socket_register(s, end[0]) : 0;
    if (rc)
        return rc;
    rc = zx_inproc_connect(s->ctx->inproc, ep->typed, end[0]);
    if (!rc)
        return join_inproc(s, end[0]);
    zx_socket_unregister(s, end[0]);
    return rc;
}

/* The pipe of an endpoint that connects. *out NULL: there will be one when the connection is
 * ready (IMMEDIATE; a single peer's place that is taken: it may be free by then). */
static int dial_pipe(struct zx_socket *s, struct zx_endpoint *ep, struct zx_pipe **out) {
    bool is_single = s->ops->flags & ZX_PATTERN_SINGLE_PEER;
    *out = NULL;
    if (ep->conf->queue.immediate)
        return 0;
    struct zx_pipe *p = zx_pipe_new(s, ep->conf);
    if (!p)
        return -ENOMEM;
    (void)take_connect_id(s, p);
    /* An id that is announced later, by the peer, is entered then. */
    bool enters = is_single || p->id_size || s->ops->flags & ZX_PATTERN_RAW;
    int rc = enters ? zx_socket_register(s, p) : 0;
    if (!rc) {
        *out = p;
        return 0;
    }
    zx_pipe_unref_locked(p, &s->dead);
    return is_single ? 0 : rc;
}

static int connect_network(struct zx_socket *s, struct zx_endpoint *ep) {
    if (ep->tp->datagrams)
        return open_datagrams(s, ep);
    struct zx_pipe *p;
    struct zx_link *l = NULL;
    int rc = dial_pipe(s, ep, &p);
    if (!rc)
        rc = zx_link_new_dial(ep, p, &l);
    if (!rc && p)
        rc = attach(s, p);
    if (rc && p)
        zx_socket_unregister(s, p);
    if (!rc) {
        ep->dial = l;
        zx_link_kick(l, ZX_WORK_START, true);
    } else if (l) {
        close_link(l, 0);
        zx_source_unref(&l->src);
    }
    if (p)
        zx_pipe_unref_locked(p, &s->dead);
    return rc;
}

void zx_endpoint_is_over(struct zx_endpoint *ep) {
    atomic_store_explicit(&ep->gone, true, memory_order_release);
    atomic_store_explicit(&ep->sock->endpoints_over, true, memory_order_release);
}

static void prune(struct zx_socket *s) {
    if (!atomic_exchange_explicit(&s->endpoints_over, false, memory_order_acquire))
        return;
    for (struct zx_endpoint **p = &s->endpoints; *p;) {
        struct zx_endpoint *ep = *p;
        if (!atomic_load_explicit(&ep->gone, memory_order_acquire)) {
            p = &ep->next;
            continue;
        }
        *p = ep->next;
        zx_endpoint_end(ep, 0, true);
        zx_endpoint_unref(ep);
    }
}

static bool is_connected_already(const struct zx_socket *s, const char *endpoint) {
    if (!(s->ops->flags & ZX_PATTERN_ONE_CONNECT))
        return false;
    for (const struct zx_endpoint *ep = s->endpoints; ep; ep = ep->next)
        if (!ep->is_bind && !strcmp(ep->typed, endpoint) &&
            !(ep->dial && atomic_load_explicit(&ep->dial->state, memory_order_relaxed) ==
                              ZX_LINK_STOPPED))
            return true;
    return false;
}

/* The text for ZMQ_LAST_ENDPOINT, by which a connect is known as well as by what was typed. */
static char *last_of_connect(struct zx_endpoint *ep) {
    char text[ZX_ENDPOINT_MAX];
    if (ep->tp && ep->tp->connect_text &&
        !ep->tp->connect_text(ep->address, text, sizeof text)) {
        char *own = strdup(text);
        if (!own)
            return NULL;
        free(ep->text);
        ep->text = own;
    }
    return strdup(ep->text);
}

int zx_socket_connect(struct zx_socket *s, const char *endpoint) {
    struct parsed where;
    int rc = parse(s, endpoint, false, &where);
    if (!rc && where.tp)
        rc = zx_shards_new(s);
    if (rc)
        return rc;
    prune(s);
    if (where.tp && is_connected_already(s, endpoint))
        return 0;
    struct zx_endpoint *ep = zx_endpoint_new(s, endpoint, false);
    if (ep)
        ep->tp = where.tp;
    char *last = ep ? last_of_connect(ep) : NULL; /* now: a connect is not taken back unseen */
    rc = last ? 0 : -ENOMEM;
    if (!rc && !where.tp)
        rc = connect_inproc(s, ep);
    else if (!rc)
        rc = where.tp->carry ? carry(ep) : connect_network(s, ep);
    if (!rc) {
        list_endpoint(s, ep, last);
        return 0;
    }
    free(last);
    if (ep)
        zx_endpoint_unref(ep);
    return rc;
}

/* ---- peers known by number ---- */

int zx_socket_connect_peer(struct zx_socket *s, const char *endpoint, uint32_t *number) {
    if (!(s->ops->flags & ZX_PATTERN_CONNECT_PEER))
        return -ENOTSUP;
    if (s->conf->queue.immediate)
        return -EFAULT; /* there would be no pipe to give a number to */
    int rc = zx_socket_connect(s, endpoint);
    if (!rc)
        *number = s->pipes->app.user_word; /* the newest */
    return rc;
}

int zx_socket_disconnect_peer(struct zx_socket *s, uint32_t number) {
    struct zx_pipe *peer;
    int rc = s->ops->numbered_peer(s, number, &peer);
    if (rc)
        return rc;
    int linger = s->conf->queue.linger_ms;
    struct zx_link *l = peer->link;
    for (struct zx_endpoint **p = &s->endpoints; *p; p = &(*p)->next) {
        struct zx_endpoint *ep = *p;
        if (ep->pipe != peer && !(l && ep->dial == l))
            continue;
        *p = ep->next;
        zx_endpoint_end(ep, linger, false);
        zx_endpoint_unref(ep);
        return 0;
    }
    zx_socket_flush(s);
    if (l)
        zx_source_ref(&l->src);
    zx_socket_detach(s, peer);
    if (l) {
        close_link(l, linger ? zx_deadline(linger) : 0);
        zx_source_unref(&l->src);
    }
    return 0;
}

static bool is_known_as(const struct zx_endpoint *ep, const char *endpoint) {
    bool typed = !ep->is_bind || (ep->tp && ep->tp->unbinds_as_typed);
    return !strcmp(ep->text, endpoint) || (typed && !strcmp(ep->typed, endpoint));
}

static bool is_same_bound(const struct zx_endpoint *ep, const char *endpoint) {
    return ep->is_bind && ep->tp &&
           !strncmp(endpoint, ep->tp->scheme, strlen(ep->tp->scheme)) &&
           ep->tp->same_bound(ep->conf, endpoint, ep->text);
}

/* Removes every endpoint that matches; number removed. */
static unsigned end_matching(struct zx_socket *s, const char *endpoint, bool loosely) {
    unsigned n = 0;
    for (struct zx_endpoint **p = &s->endpoints; *p;) {
        struct zx_endpoint *ep = *p;
        if (!(loosely ? is_same_bound(ep, endpoint) : is_known_as(ep, endpoint))) {
            p = &ep->next;
            continue;
        }
        *p = ep->next;
        zx_endpoint_end(ep, s->conf->queue.linger_ms, ep->is_bind);
        zx_endpoint_unref(ep);
        n++;
    }
    return n;
}

int zx_socket_unbind(struct zx_socket *s, const char *endpoint) {
    const char *sep = endpoint ? strstr(endpoint, "://") : NULL;
    if (!sep || sep == endpoint || !sep[3])
        return -EINVAL;
    size_t n = (size_t)(sep - endpoint);
    const struct zx_transport_ops *tp = zx_registry_transport(endpoint, n);
    if (!(n == 6 && !memcmp(endpoint, "inproc", 6)) && !tp)
        return -EPROTONOSUPPORT;
    if (!is_for_type(s, tp, true) && !is_for_type(s, tp, false))
        return -ENOCOMPATPROTO;
    prune(s);
    if (end_matching(s, endpoint, false) || end_matching(s, endpoint, true))
        return 0;
    return -ENOENT;
}
