/* SPDX-License-Identifier: MIT */
#include "patterns/wants.h"

#include <errno.h>

#include "base/buf.h"
#include "core/socket.h"

enum { SLICE_BYTES = 1 << 16, WAITING_BYTES = 1 << 16 };

/* ---- the list of peers; lock held ---- */

static void list(struct zx_wants *w, struct zx_pipe *p) {
    if (p->news.listed)
        return;
    zx_pipe_ref(p);
    p->news.listed = true;
    p->news.prev = NULL;
    p->news.next = w->peers;
    if (w->peers)
        w->peers->news.prev = p;
    w->peers = p;
}

/* The caller drops the reference, after the unlock. */
static void unlist(struct zx_wants *w, struct zx_pipe *p) {
    p->news.listed = false;
    if (p->news.prev)
        p->news.prev->news.next = p->news.next;
    else
        w->peers = p->news.next;
    if (p->news.next)
        p->news.next->news.prev = p->news.prev;
}

void zx_wants_close(struct zx_wants *w, struct zx_dead *dead) {
    zx_mutex_lock(&w->lock);
    struct zx_pipe *p = w->peers;
    w->peers = NULL;
    w->closed = true;
    for (struct zx_pipe *q = p; q; q = q->news.next) {
        q->news.listed = false;
        q->news.todo = NULL;
    }
    zx_mutex_unlock(&w->lock);
    while (p) {
        struct zx_pipe *next = p->news.next;
        zx_pipe_unref_locked(p, dead);
        p = next;
    }
}

/* ---- changes ---- */

enum due { NOTHING, PUBLISH, BREAK };

/* Must this peer be sent the change? One without a connection is told when it has one; one to
 * which a message is being sent gets it as a frame of that. */
static bool concerns(const struct zx_pipe *p, const struct zx_subscription *sub) {
    if ((!p->news.waiting && !zx_pipe_is_online(p)) || p->out->w.in_message)
        return false;
    return !p->news.todo || zx_radix_compare(p->news.todo, sub->topic, sub->topic_size) > 0;
}

/* Writes it for all, unpublished: publishing may work a link, which takes the lock. */
static void write_all(struct zx_wants *w, const struct zx_subscription *sub) {
    for (struct zx_pipe *p = w->peers; p; p = p->news.next) {
        p->news.due = NOTHING;
        if (!concerns(p, sub))
            continue;
        bool failed = zx_pipe_note_sub(p, p->news.epoch, sub);
        p->news.due = failed ? BREAK : PUBLISH;
        if (p->news.waiting) {
            p->news.queued += 8 + (uint32_t)sub->topic_size;
            p->news.waiting = !failed && p->news.queued < WAITING_BYTES;
        }
    }
}

static void publish(struct zx_pipe *p) {
    uint8_t due = p->news.due;
    p->news.due = NOTHING;
    if (due == PUBLISH && (p->peer || p->app.phase == ZX_PIPE_ATTACHED))
        zx_pipe_commit(p);
    else if (due == PUBLISH)
        zx_pipe_push(p);
    else if (due == BREAK && p->peer)
        zx_pipe_abort(p);
    else if (due == BREAK)
        zx_pipe_reset(p);
}

/* Without the lock: links add to the list, but before `first`; to take out needs the socket's. */
static void publish_all(struct zx_pipe *first) {
    for (struct zx_pipe *p = first; p; p = p->news.next)
        if (p->news.due)
            publish(p);
}

/* Nobody connects an inproc peer again, so what it must hear is not to fail half way. */
static int make_room(struct zx_wants *w, const struct zx_subscription *sub) {
    int rc = 0;
    for (struct zx_pipe *p = w->peers; p && !rc; p = p->news.next)
        if (p->peer && concerns(p, sub))
            rc = zx_pipe_note_room(p, sub->topic_size);
    return rc;
}

/* The set and what the peers must hear change as one. */
static int change(struct zx_wants *w, const struct zx_subscription *sub, bool verbose) {
    struct zx_leaf *last;
    int made = make_room(w, sub);
    if (made)
        return made;
    if (sub->subscribe) {
        int rc = zx_topics_add(&w->topics, sub->topic, sub->topic_size);
        if (!rc)
            write_all(w, sub);
        return rc ? rc : ZX_WANTS_TOLD;
    }
    enum zx_topics_left left = zx_topics_remove(&w->topics, sub->topic, sub->topic_size, &last);
    if (left != ZX_TOPICS_LAST && !verbose)
        return 0;
    write_all(w, sub);
    if (!last)
        return ZX_WANTS_TOLD;
    for (struct zx_pipe *p = w->peers; p; p = p->news.next)
        if (p->news.todo == last)
            p->news.todo = zx_topics_next(&w->topics, last);
    zx_topics_forget(&w->topics, last);
    return ZX_WANTS_TOLD;
}

int zx_wants_change(struct zx_wants *w, const struct zx_subscription *sub, bool verbose) {
    zx_mutex_lock(&w->lock);
    struct zx_pipe *first = w->peers;
    int rc = change(w, sub, verbose);
    zx_mutex_unlock(&w->lock);
    if (rc == ZX_WANTS_TOLD)
        publish_all(first);
    return rc;
}

/* Everything as records; to one that is not connected only so much as may wait. */
static int tell_all(struct zx_wants *w, struct zx_pipe *p) {
    struct zx_leaf *t = zx_topics_first(&w->topics);
    for (; t && (p->peer || p->news.queued < WAITING_BYTES); t = zx_topics_next(&w->topics, t)) {
        int rc = zx_pipe_note_sub(p, 0, &(struct zx_subscription){true, t->key, t->size});
        if (rc)
            return rc;
        p->news.queued += 8 + t->size;
    }
    zx_queue_commit(p->out);
    list(w, p);
    return 0;
}

int zx_wants_attach(struct zx_wants *w, struct zx_pipe *p) {
    int rc = 0;
    zx_mutex_lock(&w->lock);
    bool tells = !p->news.listed && (p->peer || w->in_order);
    if (tells) { /* not told by who connected to us, nor by its link */
        rc = tell_all(w, p);
        p->news.waiting = !p->peer && !rc && p->news.queued < WAITING_BYTES;
    }
    zx_mutex_unlock(&w->lock);
    if (!p->peer)
        return 0;
    if (!rc && tells)
        zx_pipe_announce(p->peer);
    return rc;
}

void zx_wants_lost(struct zx_wants *w, struct zx_pipe *p) {
    zx_mutex_lock(&w->lock);
    bool was_listed = p->news.listed;
    p->news.over = true;
    p->news.todo = NULL;
    if (was_listed)
        unlist(w, p);
    zx_mutex_unlock(&w->lock);
    if (was_listed)
        zx_pipe_unref_locked(p, &p->sock->dead);
}

/* ---- link hooks ---- */

void zx_wants_link_ready(struct zx_wants *w, struct zx_pipe *p, int version) {
    p->news.wire = (int8_t)version;
    zx_mutex_lock(&w->lock);
    if (!w->closed && !p->news.over && p->peer) {
        (void)tell_all(w, p); /* without memory: when it is attached */
    } else if (!w->closed && !p->news.over && !(p->news.waiting && p->epoch == 0)) {
        list(w, p);
        p->news.epoch = ++p->epoch; /* what waited is told now */
        p->news.todo = zx_topics_first(&w->topics);
    }
    p->news.waiting = false;
    zx_mutex_unlock(&w->lock);
}

static int put(const struct zx_wants *w, const struct zx_pipe *p,
               const struct zx_subscription *sub, struct zx_buf *out) {
    return w->groups ? zx_join_put(out, p->news.wire, sub) : zx_sub_put(out, p->news.wire, sub);
}

bool zx_wants_link_more(struct zx_wants *w, struct zx_pipe *p, struct zx_buf *out) {
    size_t before = zx_buf_size(out);
    int rc = 0;
    zx_mutex_lock(&w->lock);
    struct zx_leaf *t = p->news.todo;
    while (t && !rc && zx_buf_size(out) - before < SLICE_BYTES) {
        rc = put(w, p, &(struct zx_subscription){true, t->key, t->size}, out);
        t = zx_topics_next(&w->topics, t);
    }
    p->news.todo = t;
    zx_mutex_unlock(&w->lock);
    if (rc)
        zx_pipe_reset(p);
    return !rc && t;
}

int zx_wants_link_note(const struct zx_wants *w, const struct zx_pipe *p,
                       const struct zx_rec *note, struct zx_buf *out) {
    struct zx_subscription sub;
    return zx_rec_subscription(note, false, &sub) ? put(w, p, &sub, out) : 0;
}
