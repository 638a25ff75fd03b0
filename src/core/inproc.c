/* SPDX-License-Identifier: MIT */
#include "core/inproc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/link.h"
#include "core/pipe.h"
#include "core/socket.h"
#include "zmq.h"
#include "zmtp/handshake.h"

enum { BUCKETS = 256 };

struct name {
    struct name *next;
    struct zx_binder *binder; /* NULL: a waiting connect */
    struct zx_pipe *waiting;  /* the binder's end to be; its reference */
    char text[];
};

struct zx_inproc {
    struct zx_mutex lock;
    bool stopped; /* nobody will ever bind any more */
    struct name *bucket[BUCKETS];
};

static struct name **bucket_of(struct zx_inproc *ip, const char *text) {
    uint32_t h = 2166136261u;
    for (; *text; text++)
        h = (h ^ (uint8_t)*text) * 16777619u;
    return &ip->bucket[h % BUCKETS];
}

int zx_inproc_new(struct zx_inproc **out) {
    *out = calloc(1, sizeof **out);
    return *out ? 0 : -ENOMEM;
}

void zx_inproc_cancel(struct zx_inproc *ip) {
    struct name *gone = NULL;
    zx_mutex_lock(&ip->lock);
    ip->stopped = true;
    for (int i = 0; i < BUCKETS; i++) {
        for (struct name **p = &ip->bucket[i]; *p;) {
            struct name *n = *p;
            if (n->binder) {
                p = &n->next;
                continue;
            }
            *p = n->next;
            n->next = gone;
            gone = n;
        }
    }
    zx_mutex_unlock(&ip->lock);
    while (gone) {
        struct name *next = gone->next;
        zx_pipe_unref(gone->waiting);
        free(gone);
        gone = next;
    }
}

void zx_inproc_free(struct zx_inproc **ip) {
    if (*ip)
        zx_inproc_cancel(*ip);
    free(*ip);
    *ip = NULL;
}

static uint32_t sum_hwm(int a, int b) {
    return a && b ? (uint32_t)a + (uint32_t)b : 0;
}

static void take_id(struct zx_pipe *p, const struct zx_conf *peer) {
    const struct zx_blob *id = &peer->id.routing_id;
    if (!id->size || p->id_size || id->size > sizeof p->id)
        return;
    memcpy(p->id, id->data, id->size);
    p->id_size = (uint8_t)id->size;
}

/* The binder's socket gets its end; b->conf is the binder's. The connecter's end is being
 * used by its socket meanwhile: only what is atomic in it is touched. */
static void join(struct zx_binder *binder, struct zx_pipe *b, struct zx_dead *dead) {
    struct zx_pipe *a = b->peer;
    const struct zx_conf *ca = a->conf, *cb = binder->conf;
    b->conf = zx_conf_ref(binder->conf);
    b->accepted = true;
    take_id(b, ca);
    if (a->late)
        take_id(a, cb);
    atomic_store_explicit(&a->out->sh.hwm, sum_hwm(ca->queue.sndhwm, cb->queue.rcvhwm),
                          memory_order_relaxed);
    zx_queue_set_hwm(b->out, sum_hwm(cb->queue.sndhwm, ca->queue.rcvhwm));
    /* Nothing was read from either queue so far: both readers start by the summed mark. */
    zx_queue_rearm(b->in);
    zx_pipe_post(a, ZX_POST_REARM);
    const struct zx_blob *hello = &cb->id.hello_msg;
    if (binder->sock && hello->size && binder->sock->ops->flags & ZX_PATTERN_HELLO_MSG &&
        !zx_queue_write(b->out, hello->data, hello->size, 0))
        zx_queue_commit(b->out);
    zx_pipe_ref(b); /* a refused one may have no other reference left */
    if (binder->on_leave)
        b->binder = binder;
    binder->on_connect(binder, b);
    atomic_store_explicit(&a->post.joined, true, memory_order_release);
    /* The connecter may have filled its own share of the summed high-water mark. */
    if (atomic_exchange_explicit(&a->out->sh.full, 0, memory_order_seq_cst))
        zx_pipe_post(a, ZX_POST_CREDIT);
    zx_pipe_announce(a);
    if (a->late)
        zx_pipe_post(a, ZX_POST_ATTACH | ZX_POST_READABLE);
    zx_pipe_unref_locked(b, dead);
}

static void socket_on_connect(struct zx_binder *binder, struct zx_pipe *b) {
    struct zx_socket *s = binder->sock;
    zx_pipe_set_socket(b, s);
    int rc = zx_socket_register(s, b);
    if (rc == -EADDRINUSE) {
        zx_pipe_close(b);
    } else {
        b->late = rc; /* no memory: the attach tries again */
        s->ops->link_ready(s, b, ZX_ZMTP_UNKNOWN);
        atomic_store_explicit(&b->post.listed, 1, memory_order_seq_cst);
        zx_pipe_post(b, ZX_POST_ATTACH | ZX_POST_READABLE);
    }
    zx_pipe_unref(b);
}

struct zx_binder *zx_binder_new(struct zx_socket *s) {
    struct zx_binder *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->on_connect = socket_on_connect;
    b->sock = s;
    zx_socket_slot_ref(s);
    b->conf = zx_conf_ref(s->conf);
    return b;
}

void zx_binder_free(struct zx_binder *b) {
    zx_conf_unref(b->conf);
    if (b->sock)
        zx_socket_slot_unref(b->sock);
    free(b);
}

static struct name *name_new(const char *text) {
    size_t size = strlen(text) + 1;
    struct name *n = calloc(1, sizeof *n + size);
    if (n)
        memcpy(n->text, text, size);
    return n;
}

static struct zx_binder *binder_of(struct zx_inproc *ip, const char *text) {
    for (struct name *n = *bucket_of(ip, text); n; n = n->next)
        if (n->binder && !strcmp(n->text, text))
            return n->binder;
    return NULL;
}

/* Oldest waiting connect of that name, taken out. */
static struct name *take_waiting(struct zx_inproc *ip, const char *text) {
    struct name **found = NULL;
    for (struct name **p = bucket_of(ip, text); *p; p = &(*p)->next)
        if (!(*p)->binder && !strcmp((*p)->text, text))
            found = p; /* pushed at the front: the last one is the oldest */
    if (!found)
        return NULL;
    struct name *n = *found;
    *found = n->next;
    return n;
}

int zx_inproc_bind(struct zx_inproc *ip, const char *text, struct zx_binder *b,
                   struct zx_dead *dead) {
    struct name *n = name_new(text);
    if (!n)
        return -ENOMEM;
    zx_mutex_lock(&ip->lock);
    if (binder_of(ip, text)) {
        zx_mutex_unlock(&ip->lock);
        free(n);
        return -EADDRINUSE;
    }
    n->binder = b;
    struct name **head = bucket_of(ip, text);
    n->next = *head;
    *head = n;
    struct name *joined = NULL;
    for (struct name *w; (w = take_waiting(ip, text)); joined = w) {
        zx_pipe_ref(w->waiting);
        join(b, w->waiting, dead);
        w->next = joined;
    }
    zx_mutex_unlock(&ip->lock);
    /* The last reference of a refused one may end a socket, whose monitor has a name here. */
    while (joined) {
        struct name *next = joined->next;
        zx_pipe_unref(joined->waiting);
        free(joined);
        joined = next;
    }
    return 0;
}

void zx_inproc_unbind(struct zx_inproc *ip, const char *text, struct zx_binder *b) {
    struct name *n = NULL;
    zx_mutex_lock(&ip->lock);
    for (struct name **p = bucket_of(ip, text); *p; p = &(*p)->next) {
        if ((*p)->binder != b)
            continue;
        n = *p;
        *p = n->next;
        break;
    }
    zx_mutex_unlock(&ip->lock);
    free(n);
}

int zx_inproc_connect(struct zx_inproc *ip, const char *text, struct zx_pipe *a) {
    zx_mutex_lock(&ip->lock);
    struct zx_binder *b = binder_of(ip, text);
    if (!b && ip->stopped) {
        zx_mutex_unlock(&ip->lock);
        return -ETERM;
    }
    struct name *n = b ? NULL : name_new(text);
    if (b || n)
        zx_pipe_ref(a->peer);
    if (b) {
        take_id(a, b->conf);
        join(b, a->peer, &a->sock->dead);
    } else if (n) {
        a->late = a->sock->ops->flags & ZX_PATTERN_RECV_ID && !a->id_size;
        n->waiting = a->peer;
        struct name **head = bucket_of(ip, text);
        n->next = *head;
        *head = n;
    }
    zx_mutex_unlock(&ip->lock);
    return b || n ? 0 : -ENOMEM;
}

static bool can_answer(const struct zx_binder *b) {
    int type = b->sock ? b->sock->ops->type : -1;
    return type == ZMQ_REP || type == ZMQ_ROUTER || type == ZMQ_SERVER;
}

int zx_inproc_ask(struct zx_inproc *ip, const char *text, struct zx_pipe *a,
                  struct zx_dead *dead) {
    zx_mutex_lock(&ip->lock);
    struct zx_binder *b = binder_of(ip, text);
    if (b && !can_answer(b))
        b = NULL;
    if (b) {
        zx_pipe_ref(a->peer);
        join(b, a->peer, dead);
    }
    zx_mutex_unlock(&ip->lock);
    return b ? 0 : -ECONNREFUSED;
}

void zx_inproc_leave(struct zx_inproc *ip, struct zx_pipe *p) {
    zx_mutex_lock(&ip->lock);
    struct zx_binder *b = p->binder;
    p->binder = NULL;
    if (b)
        b->on_leave(b, p);
    zx_mutex_unlock(&ip->lock);
    if (b)
        zx_pipe_unref(p); /* the binder's reference */
}

bool zx_inproc_disown(struct zx_inproc *ip, struct zx_pipe *p) {
    zx_mutex_lock(&ip->lock);
    bool mine = p->binder != NULL;
    p->binder = NULL;
    zx_mutex_unlock(&ip->lock);
    return mine;
}
