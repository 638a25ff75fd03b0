/* SPDX-License-Identifier: MIT */
/* One look at what may be ready: active sockets and descriptors. */
#include <errno.h>
#include <stdlib.h>

#include "core/socket.h"
#include "mux/poller_parts.h"

enum { FOUND_MIN = 16 };

int zx_poller_note(struct zx_poller *p, const struct zx_member *m, short events) {
    if (p->found.n == p->found.cap) {
        size_t cap = p->found.cap ? p->found.cap * 2 : FOUND_MIN;
        struct zx_found *v = realloc(p->found.v, cap * sizeof *v);
        if (!v)
            return -ENOMEM;
        p->found.v = v;
        p->found.cap = cap;
    }
    p->found.v[p->found.n++] =
        (struct zx_found){m->seq, {m->sock, m->fd, m->user_data, events}};
    return 0;
}

/* Nothing more of a burst is to be expected, the caller is about to wait or has too many to
 * keep them in mind. */
static bool may_keep(const struct zx_poller *p, const struct zx_socket *s, bool settle) {
    return s->budget.burst && !settle && p->socks.n_active <= ZX_POLLER_BURSTS;
}

/* With the socket locked: what it is ready for. If nothing, the mark is cleared: from then on
 * mail and calls push the node again. */
static int ready_for(struct zx_poller *p, struct zx_member *m, bool settle) {
    struct zx_socket *s = m->sock;
    int wanted = m->events & (ZMQ_POLLIN | ZMQ_POLLOUT);
    int ready = s->ops->events(s) & wanted;
    if (ready || may_keep(p, s, settle))
        return ready;
    zx_socket_rest(s);
    /* Cleared, then the look: whoever posts sets attention and then finds the mark clear, or
     * we see the attention. Calls do neither while we hold the lock. */
    atomic_fetch_and_explicit(&m->node.state, ~(unsigned)ZX_NODE_LISTED, memory_order_seq_cst);
    if (atomic_load_explicit(&s->attention, memory_order_seq_cst)) {
        zx_socket_attend(s);
        ready = s->ops->events(s) & wanted;
    }
    bool stopped = zx_socket_is_stopped(s);
    if ((!ready && !stopped) ||
        atomic_fetch_or_explicit(&m->node.state, ZX_NODE_LISTED, memory_order_seq_cst) &
            ZX_NODE_LISTED) {
        zx_poller_deactivate(p, m); /* or somebody was faster and has pushed it */
        return 0;
    }
    return stopped ? -ETERM : ready;
}

/* -ENOTSOCK: it was closed. */
static int check(struct zx_poller *p, struct zx_member *m, bool settle) {
    if (!zx_node_hold(&m->node))
        return -ENOTSOCK;
    int rc = zx_socket_enter(m->sock);
    if (!rc) {
        rc = ready_for(p, m, settle);
        zx_socket_leave_dead(m->sock, &p->dead);
    }
    zx_node_let_go(&m->node, m->sock);
    return rc;
}

/* Every node that is active now, or as many as there is room for; the ready ones go to the
 * end, so that the next look begins with others. */
static int look_socks(struct zx_poller *p, bool settle) {
    zx_poller_take_news(p);
    for (unsigned left = p->socks.n_active; left && p->socks.active; left--) {
        struct zx_member *m = p->socks.active;
        if (p->found.max && !zx_poller_has_room(p))
            break;
        int rc = check(p, m, settle);
        if (rc == -ENOTSOCK) {
            if (!zx_member_is_gone(m))
                continue; /* it closes right now */
            zx_poller_forget(p, m);
            p->lost = true;
            continue;
        }
        if (rc < 0)
            return rc;
        if (m == p->socks.active) {
            zx_poller_deactivate(p, m);
            zx_poller_activate(p, m);
        }
        if (rc && zx_poller_has_room(p) && (rc = zx_poller_note(p, m, (short)rc)))
            return rc;
    }
    if (!p->lost)
        return 0;
    p->lost = false;
    return -ENOTSOCK;
}

int zx_poller_look(struct zx_poller *p) {
    p->found.n = 0;
    bool fds_first = p->fds_first && p->fds.n;
    int rc = fds_first ? zx_poller_look_fds(p) : 0;
    if (!rc)
        rc = look_socks(p, false);
    if (!rc && !fds_first)
        rc = zx_poller_look_fds(p);
    p->fds_first = !fds_first && p->found.n && !zx_poller_has_room(p);
    return rc;
}

int zx_poller_settle(struct zx_poller *p) {
    p->found.n = 0;
    return look_socks(p, true);
}
