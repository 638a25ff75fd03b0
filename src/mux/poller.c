/* SPDX-License-Identifier: MIT */
/* Life, members, the descriptor. */
#include "mux/poller.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/reactor.h"
#include "core/socket.h"
#include "mux/poller_parts.h"

enum { ALL_BITS = ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI };

static struct {
    struct zx_mutex lock;
    struct zx_poller *free;
} slab;

static void after_fork(void) {
    atomic_store_explicit(&slab.lock.word, 0, memory_order_relaxed);
}

static struct zx_poller *slot_get(void) {
    zx_mutex_lock(&slab.lock);
    struct zx_poller *p = slab.free;
    if (p)
        slab.free = p->slab_next;
    zx_mutex_unlock(&slab.lock);
    return p ? p : calloc(1, sizeof *p);
}

static void slot_put(struct zx_poller *p) {
    zx_mutex_lock(&slab.lock);
    p->slab_next = slab.free;
    slab.free = p;
    zx_mutex_unlock(&slab.lock);
}

struct zx_poller *zx_poller_new(void) {
    static atomic_bool told;
    if (zx_os_fork_init())
        return NULL;
    zx_lock_init_process();
    if (!atomic_exchange_explicit(&told, true, memory_order_relaxed))
        zx_os_on_fork(after_fork);
    struct zx_poller *p = slot_get();
    if (!p)
        return NULL;
    zx_mutex_lock(&p->lock); /* a stale handle may be looking at the tag */
    size_t from = offsetof(struct zx_poller, fork_gen);
    memset((char *)p + from, 0, sizeof *p - from);
    p->fork_gen = zx_os_fork_generation();
    p->news.event.rfd = p->news.event.wfd = -1;
    p->news.fd_event = p->news.event;
    p->fds.set.fd = -1;
    atomic_store_explicit(&p->tag, ZX_POLLER_LIVE, memory_order_release);
    zx_mutex_unlock(&p->lock);
    return p;
}

static void free_parts(struct zx_poller *p) {
    zx_poller_free_fds(p);
    zx_event_fini(&p->news.event);
    zx_event_fini(&p->news.fd_event);
    free(p->found.v);
    p->found.v = NULL;
}

int zx_poller_enter(struct zx_poller *p) {
    if (!p || atomic_load_explicit(&p->tag, memory_order_acquire) != ZX_POLLER_LIVE)
        return -EFAULT;
    if (!zx_os_is_process(p->fork_gen))
        return -EINTR; /* a forked child: even the lock may be held by nobody */
    zx_mutex_lock(&p->lock);
    if (atomic_load_explicit(&p->tag, memory_order_relaxed) == ZX_POLLER_LIVE)
        return 0;
    zx_mutex_unlock(&p->lock);
    return -EFAULT;
}

void zx_poller_unlock(struct zx_poller *p) {
    if (!p->dead.n) {
        zx_mutex_unlock(&p->lock);
        return;
    }
    struct zx_dead dead = p->dead;
    p->dead.n = 0;
    p->dead.more = NULL;
    zx_mutex_unlock(&p->lock);
    zx_dead_flush(&dead); /* calls the outside */
}

int zx_poller_leave(struct zx_poller *p, int rc) {
    bool over = !p->waiters && atomic_load_explicit(&p->tag, memory_order_relaxed) ==
                                   ZX_POLLER_DEAD;
    if (over)
        free_parts(p);
    zx_poller_unlock(p);
    if (over)
        slot_put(p);
    return rc;
}

bool zx_member_enter(struct zx_member *m) {
    if (!zx_node_hold(&m->node))
        return false;
    if (!zx_socket_enter_any(m->sock))
        return true;
    zx_node_let_go(&m->node, m->sock);
    return false;
}

void zx_member_leave(struct zx_poller *p, struct zx_member *m) {
    zx_socket_leave_dead(m->sock, &p->dead);
    zx_node_let_go(&m->node, m->sock);
}

/* A socket that closes now is about to put its node in the news: until then it needs it. */
static void await_closing(struct zx_poller *p) {
    for (struct zx_member *m = p->socks.list, *next; m; m = next) {
        next = m->next;
        if (!zx_member_is_gone(m) || m->is_active)
            continue;
        zx_os_yield();
        zx_poller_take_news(p);
        next = p->socks.list;
    }
}

static void unlink_all(struct zx_poller *p) {
    for (struct zx_member *m = p->socks.list; m; m = m->next) {
        if (!zx_member_enter(m))
            continue;
        zx_node_remove(m->sock, &m->node);
        zx_member_leave(p, m);
    }
    zx_poller_take_news(p);
    await_closing(p);
    while (atomic_load_explicit(&p->news.closing, memory_order_acquire))
        zx_os_yield(); /* its last look at the descriptors */
    for (struct zx_member *m; (m = p->socks.list);) {
        p->socks.list = m->next;
        free(m);
    }
}

int zx_poller_destroy(struct zx_poller *p) {
    int rc = zx_poller_enter(p);
    if (rc == -EINTR) { /* a forked child: nothing shared with the parent may be touched */
        atomic_store_explicit(&p->tag, ZX_POLLER_DEAD, memory_order_relaxed);
        return 0;
    }
    if (rc)
        return rc;
    atomic_store_explicit(&p->tag, ZX_POLLER_DEAD, memory_order_release);
    unlink_all(p);
    if (p->waiters)
        zx_news_wake(&p->news);
    return zx_poller_leave(p, 0);
}

int zx_poller_size(struct zx_poller *p) {
    int rc = zx_poller_enter(p);
    if (rc)
        return rc;
    zx_poller_take_news(p);
    return zx_poller_leave(p, (int)(p->socks.n + p->fds.n));
}

int zx_poller_check_events(short events) {
    return events & ~ALL_BITS ? -EINVAL : 0;
}

void zx_poller_count(struct zx_poller *p, short before, short now) {
    p->n_enabled -= before != 0;
    p->n_enabled += now != 0;
}

/* ---- what is to be looked at ---- */

void zx_poller_activate(struct zx_poller *p, struct zx_member *m) {
    m->is_active = true;
    m->act_next = NULL;
    m->act_prev = p->socks.active_last;
    if (m->act_prev)
        m->act_prev->act_next = m;
    else
        p->socks.active = m;
    p->socks.active_last = m;
    p->socks.n_active++;
}

void zx_poller_deactivate(struct zx_poller *p, struct zx_member *m) {
    m->is_active = false;
    if (m->act_prev)
        m->act_prev->act_next = m->act_next;
    else
        p->socks.active = m->act_next;
    if (m->act_next)
        m->act_next->act_prev = m->act_prev;
    else
        p->socks.active_last = m->act_prev;
    p->socks.n_active--;
}

void zx_poller_forget(struct zx_poller *p, struct zx_member *m) {
    if (m->is_active)
        zx_poller_deactivate(p, m);
    if (m->prev)
        m->prev->next = m->next;
    else
        p->socks.list = m->next;
    if (m->next)
        m->next->prev = m->prev;
    p->socks.n--;
    p->changes++;
    zx_poller_count(p, m->events, 0);
    free(m);
}

void zx_poller_take_news(struct zx_poller *p) {
    if (!atomic_load_explicit(&p->news.head, memory_order_relaxed))
        return;
    for (struct zx_node *node = zx_news_take(&p->news), *next; node; node = next) {
        struct zx_member *m = (struct zx_member *)(void *)node;
        next = node->older;
        if (zx_member_is_gone(m)) {
            p->lost = true;
            zx_poller_forget(p, m);
        } else {
            zx_poller_activate(p, m);
        }
    }
}

/* ---- members ---- */

/* A call of the poller about a socket: both are locked. */
static int enter_both(struct zx_poller *p, struct zx_socket *s) {
    int rc = zx_poller_enter(p);
    if (rc)
        return rc;
    zx_poller_take_news(p);
    if (s && atomic_load_explicit(&s->tag, memory_order_acquire) == ZX_SOCKET_LIVE &&
        !zx_os_is_process(s->fork_gen))
        rc = -EINTR;
    else
        rc = zx_socket_enter_any(s);
    return rc ? zx_poller_leave(p, rc) : 0;
}

static int leave_both(struct zx_poller *p, struct zx_socket *s, int rc) {
    zx_socket_leave_dead(s, &p->dead);
    if (!rc)
        zx_news_wake(&p->news); /* whoever waits has something new to wait for */
    return zx_poller_leave(p, rc);
}

/* Hot reactors are watched by nobody until the next wait; the node is there already. */
static void give_hot(struct zx_socket *s) {
    if (s->reactor && zx_reactor_take_hot(s->reactor))
        zx_reactor_give(s->reactor);
}

static void give_all_hot(struct zx_poller *p) {
    for (struct zx_member *m = p->socks.list; m; m = m->next) {
        if (!zx_member_enter(m))
            continue;
        give_hot(m->sock);
        zx_member_leave(p, m);
    }
}

static struct zx_member *find(struct zx_poller *p, struct zx_socket *s) {
    for (struct zx_node *n = s->wake.nodes; n; n = n->next)
        if (n->news == &p->news)
            return (struct zx_member *)(void *)n;
    return NULL;
}

static int add_locked(struct zx_poller *p, struct zx_socket *s, void *user_data, short events) {
    int rc = zx_poller_check_events(events);
    if (rc || find(p, s))
        return -EINVAL;
    struct zx_member *m = calloc(1, sizeof *m);
    if (!m)
        return -ENOMEM;
    m->node.news = &p->news;
    m->node.events = m->events = events;
    m->sock = s;
    m->fd = -1;
    m->user_data = user_data;
    m->seq = ++p->last_seq;
    m->next = p->socks.list;
    if (m->next)
        m->next->prev = m;
    p->socks.list = m;
    p->socks.n++;
    p->changes++;
    zx_poller_count(p, 0, events);
    zx_poller_activate(p, m);
    zx_node_add(s, &m->node);
    give_hot(s);
    return 0;
}

int zx_poller_add(struct zx_poller *p, struct zx_socket *s, void *user_data, short events) {
    int rc = enter_both(p, s);
    if (rc)
        return rc;
    rc = leave_both(p, s, add_locked(p, s, user_data, events));
    if (rc || zx_poller_enter(p))
        return rc;
    if (p->socks.n == ZX_POLLER_DRIVES + 1)
        give_all_hot(p); /* too many for one thread from now on */
    return zx_poller_leave(p, 0);
}

static int modify_locked(struct zx_poller *p, struct zx_socket *s, short events) {
    struct zx_member *m = find(p, s);
    if (!m || zx_poller_check_events(events))
        return -EINVAL;
    zx_poller_count(p, m->events, events);
    m->events = events;
    m->node.events = events;
    if (!(atomic_fetch_or_explicit(&m->node.state, ZX_NODE_LISTED, memory_order_seq_cst) &
          ZX_NODE_LISTED))
        zx_poller_activate(p, m);
    return 0;
}

int zx_poller_modify(struct zx_poller *p, struct zx_socket *s, short events) {
    int rc = enter_both(p, s);
    return rc ? rc : leave_both(p, s, modify_locked(p, s, events));
}

int zx_poller_remove(struct zx_poller *p, struct zx_socket *s) {
    int rc = enter_both(p, s);
    if (rc)
        return rc;
    struct zx_member *m = find(p, s);
    if (m) {
        zx_node_remove(s, &m->node);
        zx_poller_take_news(p); /* it may be in there, and cannot come in any more */
        zx_poller_forget(p, m);
    }
    return leave_both(p, s, m ? 0 : -EINVAL);
}

/* ---- descriptor ---- */

static int make_fd(struct zx_poller *p) {
    int rc = 0;
    if (!p->last_seq)
        return -EINVAL;
    if (p->news.fd_event.rfd < 0)
        rc = zx_event_init(&p->news.fd_event);
    if (!rc)
        rc = zx_poller_use_set(p, p->news.fd_event.rfd);
    if (rc)
        return rc;
    /* Signalled from the start: whatever came before has not been announced. */
    atomic_store_explicit(&p->news.fd_signalled, 1, memory_order_relaxed);
    zx_event_signal(&p->news.fd_event);
    atomic_store_explicit(&p->news.has_fd, true, memory_order_seq_cst);
    give_all_hot(p); /* from now on the I/O threads drive and signal */
    return 0;
}

int zx_poller_fd(struct zx_poller *p, int *fd) {
    int rc = zx_poller_enter(p);
    if (rc)
        return rc;
    if (!atomic_load_explicit(&p->news.has_fd, memory_order_relaxed))
        rc = make_fd(p);
    if (!rc)
        *fd = p->fds.set.fd;
    return zx_poller_leave(p, rc);
}
