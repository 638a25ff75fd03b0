/* SPDX-License-Identifier: MIT */
#include "core/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "core/endpoint.h"
#include "core/inproc.h"
#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "zmq.h"

enum { PENDING_MAX = 1000, READERS_MAX = 16, VALUES_MAX = 2 };

struct values {
    unsigned n;
    uint64_t v[VALUES_MAX];
};

struct pending {
    struct pending *next;
    unsigned event;
    struct values values;
    char *local, *remote;
    bool connecting;
};

struct zx_monitor {
    struct zx_binder binder; /* first: on_connect finds the monitor by it */
    struct zx_mutex lock;
    struct zx_ctx *ctx;
    char *name; /* NULL: stopped */
    uint64_t events;
    int version, type;
    struct zx_pipe *reader[READERS_MAX]; /* our ends, references */
    unsigned n_readers, next_reader;
    struct pending *first, **last; /* raised before a reader came */
    unsigned n_pending;
    uint64_t dropped;
};

/* ---- writing events, under the monitor's lock ---- */

static int frame(struct zx_pipe *p, const void *data, size_t size, bool more) {
    return zx_queue_write(p->out, data, size, more ? ZX_FRAME_MORE : 0);
}

static int write_v1(struct zx_pipe *p, const struct pending *e) {
    uint8_t head[6];
    uint16_t event = (uint16_t)e->event;
    uint32_t value = (uint32_t)e->values.v[0];
    const char *text = e->connecting ? e->remote : e->local;
    memcpy(head, &event, 2);
    memcpy(head + 2, &value, 4);
    int rc = frame(p, head, sizeof head, true);
    return rc ? rc : frame(p, text, strlen(text), false);
}

static int write_v2(struct zx_pipe *p, const struct pending *e) {
    uint64_t event = e->event, count = e->values.n;
    int rc = frame(p, &event, 8, true);
    if (!rc)
        rc = frame(p, &count, 8, true);
    for (unsigned i = 0; !rc && i < e->values.n; i++)
        rc = frame(p, &e->values.v[i], 8, true);
    if (!rc)
        rc = frame(p, e->local, strlen(e->local), true);
    return rc ? rc : frame(p, e->remote, strlen(e->remote), false);
}

static bool deliver_to(struct zx_monitor *m, struct zx_pipe *p, const struct pending *e) {
    if (!zx_queue_can_write(p->out))
        return false;
    if (m->version == 1 ? write_v1(p, e) : write_v2(p, e)) {
        zx_queue_rollback(p->out);
        return false;
    }
    zx_queue_commit(p->out);
    zx_pipe_announce(p->peer);
    return true;
}

static void deliver(struct zx_monitor *m, const struct pending *e) {
    bool taken = false;
    for (unsigned i = 0; i < m->n_readers && !(taken && m->type == ZMQ_PUSH); i++)
        taken |= deliver_to(m, m->reader[(m->next_reader + i) % m->n_readers], e);
    if (m->n_readers)
        m->next_reader = (m->next_reader + 1) % m->n_readers;
    m->dropped += !taken;
}

static struct pending *pending_new(unsigned event, const struct values *values,
                                   const struct zx_event_text *text) {
    struct pending *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->event = event;
    e->values = *values;
    e->connecting = text && text->connecting;
    e->local = strdup(text && text->local ? text->local : "");
    e->remote = strdup(text && text->remote ? text->remote : "");
    if (e->local && e->remote)
        return e;
    free(e->local);
    free(e->remote);
    free(e);
    return NULL;
}

static void pending_free(struct pending *e) {
    free(e->local);
    free(e->remote);
    free(e);
}

static void raise_locked(struct zx_monitor *m, unsigned event,
                         const struct values *values, const struct zx_event_text *text) {
    if (!m->name || !(m->events & event))
        return;
    struct pending *e = pending_new(event, values, text);
    if (!e) {
        m->dropped++;
        return;
    }
    if (m->n_readers || m->type == ZMQ_PUB || m->n_pending == PENDING_MAX) {
        if (m->n_readers)
            deliver(m, e);
        else
            m->dropped++;
        pending_free(e);
        return;
    }
    *m->last = e;
    m->last = &e->next;
    m->n_pending++;
}

static void raise_event(struct zx_socket *s, unsigned event, const struct values *values,
                        const struct zx_event_text *text) {
    struct zx_monitor *m = atomic_load_explicit(&s->monitor, memory_order_acquire);
    if (!m)
        return;
    zx_mutex_lock(&m->lock);
    raise_locked(m, event, values, text);
    zx_mutex_unlock(&m->lock);
}

void zx_monitor_event(struct zx_socket *s, unsigned event, uint64_t value,
                      const struct zx_event_text *text) {
    struct values values = {1, {value}};
    raise_event(s, event, &values, text);
}

static bool wants(struct zx_socket *s, unsigned event) {
    struct zx_monitor *m = atomic_load_explicit(&s->monitor, memory_order_acquire);
    if (!m)
        return false;
    zx_mutex_lock(&m->lock);
    bool yes = m->name && m->events & event;
    zx_mutex_unlock(&m->lock);
    return yes;
}

/* ---- lengths of queues ---- */

enum { HOLD_TRIES = 1000 };

struct length { /* of an inproc pipe, taken in two steps: each end under its own lock */
    struct zx_pipe *pipe; /* reference */
    uint64_t out, in;
};

static void raise_lengths(struct zx_socket *s, uint64_t out, uint64_t in,
                          const struct zx_event_text *text) {
    struct values values = {2, {out, in}};
    raise_event(s, ZMQ_EVENT_PIPES_STATS, &values, text);
}

/* As far as the reader has told; what it read since is still counted. */
static uint64_t written(const struct zx_pipe *p) {
    return p->out->w.written - atomic_load_explicit(&p->out->sh.reported, memory_order_acquire);
}

/* A link's word is held for one read or write at most: a few looks, then an estimate. */
static void network_length(struct zx_socket *s, struct zx_pipe *p) {
    struct zx_link *l = p->link;
    char remote[ZX_ENDPOINT_MAX] = "";
    struct zx_event_text text = {NULL, NULL, l->w.dial != NULL};
    uint64_t out = written(p);
    int tries = 0;
    while (!zx_link_try_hold(l) && ++tries < HOLD_TRIES)
        zx_os_cpu_relax();
    if (tries < HOLD_TRIES) {
        out = zx_queue_unread(p->out);
        if (!l->w.dial && l->src.fd >= 0)
            l->tp->remote_endpoint(l->src.fd, remote, sizeof remote);
        zx_link_release(l, true);
    }
    text.local = text.connecting ? NULL : l->ep->text;
    text.remote = text.connecting ? l->ep->typed : remote;
    raise_lengths(s, out, zx_queue_unread(p->in), &text);
}

/* The network's at once; of inproc the ends of others are left for later. Number of those. */
static size_t first_step(struct zx_socket *s, struct length *later, size_t max) {
    size_t n = 0;
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next) {
        if (p->link) {
            network_length(s, p);
        } else if (n < max) {
            zx_pipe_ref(p);
            later[n++] = (struct length){p, written(p), zx_queue_unread(p->in)};
        }
    }
    return n;
}

/* No lock is held: the peer's is taken, and one socket's lock is no reason to wait for another. */
static void second_step(struct zx_socket *s, struct length *l) {
    struct zx_pipe *peer = l->pipe->peer;
    struct zx_socket *other = atomic_load_explicit(&peer->post.sock, memory_order_acquire);
    if (other && !zx_socket_enter_any(other)) {
        l->out = zx_queue_unread(peer->in);
        zx_socket_leave(other);
    }
    raise_lengths(s, l->out, l->in, NULL);
    zx_pipe_unref(l->pipe);
}

int zx_monitor_pipes_stats(struct zx_socket *s) {
    int rc = zx_socket_enter_any(s);
    if (rc)
        return rc;
    zx_socket_attend(s);
    size_t max = 0, n = 0;
    for (struct zx_pipe *p = s->pipes; p; p = p->app.next)
        max += !p->link;
    struct length *later = max ? malloc(max * sizeof *later) : NULL;
    if (!wants(s, ZMQ_EVENT_PIPES_STATS))
        rc = -EINVAL;
    else if (!s->pipes)
        rc = -EAGAIN;
    else if (max && !later)
        rc = -ENOMEM;
    else
        n = first_step(s, later, max);
    zx_socket_slot_ref(s);
    zx_socket_leave(s);
    for (size_t i = 0; i < n; i++)
        second_step(s, &later[i]);
    zx_socket_slot_unref(s);
    free(later);
    return rc;
}

/* ---- readers ---- */

static void on_connect(struct zx_binder *b, struct zx_pipe *p) {
    struct zx_monitor *m = (struct zx_monitor *)(void *)b;
    zx_mutex_lock(&m->lock);
    bool take = m->name && m->n_readers < (m->type == ZMQ_PAIR ? 1 : READERS_MAX);
    if (take)
        m->reader[m->n_readers++] = p;
    while (take && m->first) {
        struct pending *e = m->first;
        m->first = e->next;
        m->dropped += !deliver_to(m, p, e);
        pending_free(e);
        m->n_pending--;
    }
    if (!m->first)
        m->last = &m->first;
    zx_mutex_unlock(&m->lock);
    if (!take) {
        p->binder = NULL;
        zx_pipe_close(p);
        zx_pipe_unref(p);
    }
}

/* A reader closed its end: room for the next, and nothing of it is kept. (Two sockets that
 * read each other's monitors would otherwise keep each other for ever.) */
static void on_leave(struct zx_binder *b, struct zx_pipe *p) {
    struct zx_monitor *m = (struct zx_monitor *)(void *)b;
    zx_mutex_lock(&m->lock);
    for (unsigned i = 0; i < m->n_readers; i++) {
        if (m->reader[i] != p)
            continue;
        m->reader[i] = m->reader[--m->n_readers];
        break;
    }
    zx_mutex_unlock(&m->lock);
}

/* ---- start and stop; the socket's lock, or its slot's last reference ---- */

static struct zx_monitor *monitor_new(struct zx_socket *s) {
    struct zx_monitor *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->binder.on_connect = on_connect;
    m->binder.on_leave = on_leave;
    m->binder.conf = zx_conf_new(ZMQ_PAIR, false, true);
    m->ctx = s->ctx;
    m->last = &m->first;
    if (!m->binder.conf) {
        free(m);
        return NULL;
    }
    atomic_store_explicit(&s->monitor, m, memory_order_release);
    return m;
}

static void stop(struct zx_monitor *m) {
    zx_mutex_lock(&m->lock);
    char *name = m->name;
    struct values none = {1, {0}};
    if (name)
        raise_locked(m, ZMQ_EVENT_MONITOR_STOPPED, &none, NULL);
    m->name = NULL;
    struct zx_pipe *reader[READERS_MAX];
    unsigned n = m->n_readers;
    for (unsigned i = 0; i < n; i++) {
        reader[i] = m->reader[i];
        zx_pipe_ref(reader[i]); /* it may leave as soon as we unlock */
    }
    m->n_readers = 0;
    while (m->first) {
        struct pending *e = m->first;
        m->first = e->next;
        pending_free(e);
    }
    m->last = &m->first;
    m->n_pending = 0;
    zx_mutex_unlock(&m->lock);
    for (unsigned i = 0; i < n; i++) {
        if (zx_inproc_disown(m->ctx->inproc, reader[i])) {
            zx_pipe_close(reader[i]);
            zx_pipe_unref(reader[i]);
        }
        zx_pipe_unref(reader[i]);
    }
    if (!name)
        return;
    zx_inproc_unbind(m->ctx->inproc, name, &m->binder);
    zx_ctx_count_hidden(m->ctx, -1);
    free(name);
}

void zx_monitor_stop(struct zx_socket *s) {
    struct zx_monitor *m = atomic_load_explicit(&s->monitor, memory_order_acquire);
    if (m)
        stop(m);
}

void zx_monitor_free(struct zx_socket *s) {
    struct zx_monitor *m = atomic_load_explicit(&s->monitor, memory_order_acquire);
    if (!m)
        return;
    stop(m);
    zx_conf_unref(m->binder.conf);
    atomic_store_explicit(&s->monitor, NULL, memory_order_release);
    free(m);
}

static int check_name(const char *endpoint) {
    const char *sep = strstr(endpoint, "://");
    if (!sep || sep == endpoint || !sep[3])
        return -EINVAL;
    if (!strncmp(endpoint, "udp://", 6))
        return -ENOCOMPATPROTO;
    return strncmp(endpoint, "inproc://", 9) ? -EPROTONOSUPPORT : 0;
}

static int begin(struct zx_monitor *m, const char *endpoint, struct zx_dead *dead) {
    char *name = strdup(endpoint);
    if (!name)
        return -ENOMEM;
    int rc = zx_ctx_count_hidden(m->ctx, 1);
    if (rc) {
        free(name);
        return rc;
    }
    zx_mutex_lock(&m->lock);
    m->name = name; /* before the bind: waiting readers are joined by it */
    zx_mutex_unlock(&m->lock);
    rc = zx_inproc_bind(m->ctx->inproc, endpoint, &m->binder, dead);
    if (!rc)
        return 0;
    zx_mutex_lock(&m->lock);
    m->name = NULL;
    zx_mutex_unlock(&m->lock);
    zx_ctx_count_hidden(m->ctx, -1);
    free(name);
    return rc;
}

int zx_monitor_start(struct zx_socket *s, const char *endpoint, uint64_t events, int version,
                     int type) {
    if (!endpoint) {
        zx_monitor_stop(s);
        return 0;
    }
    if ((version != 1 && version != 2) || (version == 1 && events >> 16))
        return -EINVAL;
    int rc = check_name(endpoint);
    if (rc)
        return rc;
    zx_monitor_stop(s);
    if (type != ZMQ_PAIR && type != ZMQ_PUB && type != ZMQ_PUSH)
        return -EINVAL;
    struct zx_monitor *m = atomic_load_explicit(&s->monitor, memory_order_acquire);
    if (!m && !(m = monitor_new(s)))
        return -ENOMEM;
    m->events = events;
    m->version = version;
    m->type = type;
    return begin(m, endpoint, &s->dead);
}
