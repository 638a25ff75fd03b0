/* SPDX-License-Identifier: MIT */
#include "mux/proxy.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/socket.h"
#include "mux/poll.h"

enum { MESSAGES_PER_TURN = 1000, NOTHING = 1, LOCKED_MAX = 3, ITEMS_MAX = 4 };
enum { COMMANDS_PER_TURN = 100, COMMAND_MAX = 10, TERMINATED = 1 };

struct counts {
    uint64_t frames, bytes;
};

struct end {
    struct zx_socket *s;
    struct counts in, out;
    zmq_pollitem_t *item; /* what the next wait is for; NULL: no such end */
};

struct proxy {
    struct end front, back, capture, control;
    struct zx_socket *locked[LOCKED_MAX]; /* each once, by address */
    unsigned n_locked;
    zmq_pollitem_t items[ITEMS_MAX];
    int n_items;
    bool is_locked, paused;
};

/* ---- the locks ---- */

static void add_locked(struct proxy *px, struct zx_socket *s) {
    unsigned i = px->n_locked;
    for (unsigned k = 0; k < i; k++)
        if (px->locked[k] == s)
            return;
    for (; i && (uintptr_t)px->locked[i - 1] > (uintptr_t)s; i--)
        px->locked[i] = px->locked[i - 1];
    px->locked[i] = s;
    px->n_locked++;
}

static int lock(struct proxy *px) {
    for (unsigned i = 0; i < px->n_locked; i++) {
        int rc = zx_socket_enter(px->locked[i]);
        if (!rc)
            continue;
        zx_socket_leave_all(px->locked, i);
        return rc;
    }
    px->is_locked = true;
    return 0;
}

static void unlock(struct proxy *px) {
    if (px->is_locked)
        zx_socket_leave_all(px->locked, px->n_locked);
    px->is_locked = false;
}

/* ---- a frame on its way ---- */

struct frame {
    struct zx_msg msg; /* valid; has the content unless it is borrowed */
    struct zx_loan loan;
    struct zx_sink sink;
};

static void frame_init(struct frame *f, const struct zx_socket *from, const struct zx_socket *to) {
    zx_msg_init(&f->msg);
    f->loan = (struct zx_loan){0};
    f->sink = (struct zx_sink){.msg = &f->msg};
    /* Routing ids and groups travel with messages; on the way back to the same socket its links
     * are worked before the bytes are copied. */
    if (from != to && !((from->ops->flags | to->ops->flags) & ZX_PATTERN_THREAD_SAFE))
        f->sink.loan = &f->loan;
}

/* The bytes lie in the in-queue still. */
static bool is_borrowed(const struct frame *f) {
    return f->loan.data != NULL;
}

static int frame_recv(struct frame *f, struct zx_socket *from) {
    struct zx_loan *loan = &f->loan;
    int rc = from->ops->recv(from, &f->sink);
    if (rc)
        return rc;
    from->rcvmore = f->sink.more;
    if (loan->body || loan->is_const) {
        zx_msg_init_ref(&f->msg, (void *)(uintptr_t)loan->data, f->sink.size, loan->body);
        loan->body = NULL;
        loan->data = NULL;
    } else if (!loan->data) {
        zx_msg_drop_meta(&f->msg);
    }
    return 0;
}

/* The bytes were copied to where they go: their place may be used again. */
static void frame_return(struct frame *f) {
    struct zx_pipe *owed = f->loan.owed;
    f->loan = (struct zx_loan){0};
    if (owed)
        zx_pipe_credit(owed);
}

/* What is borrowed is lost with the lock. -ENOMEM. */
static int frame_own(struct frame *f) {
    int rc = 0;
    if (is_borrowed(f)) {
        rc = zx_msg_init_size(&f->msg, f->sink.size);
        if (!rc && f->sink.size)
            memcpy(zx_msg_data(&f->msg), f->loan.data, f->sink.size);
    }
    frame_return(f);
    return rc;
}

/* The one peer that the message is for has no room, though the socket has: waits as zmq_send
 * does, for a message once taken cannot be put back. */
static int send_waiting(struct proxy *px, struct zx_socket *to, struct frame *f, bool keep) {
    struct zx_msg copy;
    int rc = frame_own(f);
    if (rc)
        return rc;
    zx_msg_init(&copy);
    if (keep)
        zx_msg_copy(&copy, &f->msg);
    struct zx_src src = zx_src_of(keep ? &copy : &f->msg, f->sink.more);
    unlock(px);
    rc = zx_socket_enter(to);
    if (!rc) {
        rc = zx_socket_send(to, &src, false);
        if (rc != -ENOTSOCK)
            zx_socket_leave(to);
    }
    zx_msg_close(&copy);
    int locked = lock(px);
    return locked ? locked : rc;
}

/* keep: others want the frame too. */
static int frame_send(struct proxy *px, struct zx_socket *to, struct frame *f, bool keep) {
    struct zx_src src = {.more = f->sink.more};
    struct zx_msg copy;
    if (is_borrowed(f)) {
        src.data = f->loan.data;
        src.size = f->sink.size;
    } else if (keep) {
        zx_msg_init(&copy);
        zx_msg_copy(&copy, &f->msg);
        src = zx_src_of(&copy, f->sink.more);
    } else {
        src = zx_src_of(&f->msg, f->sink.more);
    }
    int rc = to->ops->send(to, &src);
    if (src.msg == &copy)
        zx_msg_close(&copy); /* not the last reference, if it was not sent */
    return rc == -EAGAIN ? send_waiting(px, to, f, keep) : rc;
}

/* ---- a message ---- */

static void count(struct counts *c, size_t size) {
    c->frames++;
    c->bytes += size;
}

/* What is left of a message that could not be sent: nothing of it goes anywhere. */
static void drop_rest(struct proxy *px, struct zx_socket *from, struct frame *f) {
    if (!px->is_locked) {
        zx_msg_close(&f->msg);
        return;
    }
    for (;;) {
        struct zx_src rest = {.msg = &f->msg};
        zx_src_drop(from, &rest);
        frame_return(f);
        if (!f->sink.more || frame_recv(f, from))
            return;
    }
}

/* What is not to be had now: also from a type that never receives, or not in its state. */
static bool is_nothing(int rc) {
    return rc == -EAGAIN || rc == -EFSM || rc == -ENOTSUP;
}

/* One message. 0, NOTHING: there was none, or what sending and receiving say; -EAGAIN: the time for
 * sending it is over. */
static int move(struct proxy *px, struct end *from, struct end *to, struct frame *f) {
    int captured = 0, rc = frame_recv(f, from->s);
    if (rc)
        return is_nothing(rc) ? NOTHING : rc;
    for (;;) {
        size_t size = f->sink.size;
        count(&from->in, size);
        if (px->capture.s && !captured)
            captured = frame_send(px, px->capture.s, f, true);
        rc = px->is_locked ? frame_send(px, to->s, f, false) : captured;
        if (rc) {
            drop_rest(px, from->s, f);
            return rc;
        }
        frame_return(f);
        count(&to->out, size);
        if (!f->sink.more)
            return captured;
        rc = frame_recv(f, from->s);
        if (rc)
            return rc;
    }
}

/* ---- a turn ---- */

static void want(const struct end *e, short events) {
    e->item->events |= events;
}

static bool can_send(const struct zx_socket *s) {
    return s->ops->send != zx_pattern_send_none;
}

static bool has_room(struct zx_socket *s) {
    return s->ops->events(s) & ZMQ_POLLOUT;
}

/* Messages from one end to the other until there is none, or no room; marks what to wait for. */
static int carry(struct proxy *px, struct end *from, struct end *to) {
    /* An echoing REP has room for a reply only once it has taken the request. */
    bool always = from->s == to->s && to->s->ops->type == ZMQ_REP;
    struct zx_socket *tap = px->capture.s;
    struct frame f;
    frame_init(&f, from->s, to->s);
    for (int n = 0; n < MESSAGES_PER_TURN; n++) {
        if (!always && !has_room(to->s)) {
            want(to, ZMQ_POLLOUT);
            return 0;
        }
        if (tap && !has_room(tap)) {
            if (!can_send(tap) && from->s->ops->events(from->s) & ZMQ_POLLIN)
                return -ENOTSUP;
            want(can_send(tap) ? &px->capture : from, can_send(tap) ? ZMQ_POLLOUT : ZMQ_POLLIN);
            return 0;
        }
        int rc = move(px, from, to, &f);
        if (rc == NOTHING)
            break;
        if (rc)
            return rc;
    }
    want(from, ZMQ_POLLIN);
    return 0;
}

static int carry_both(struct proxy *px) {
    int rc = lock(px);
    if (rc)
        return rc;
    rc = carry(px, &px->front, &px->back);
    if (!rc && px->front.s != px->back.s)
        rc = carry(px, &px->back, &px->front);
    unlock(px);
    return rc;
}

/* ---- control; its socket locked ---- */

static bool is(const char *command, const char *text, size_t size) {
    return size == strlen(command) && !memcmp(text, command, size);
}

static int answer(struct zx_socket *s, const void *data, size_t size, bool more) {
    struct zx_src src = {.data = data, .size = size, .more = more};
    return zx_socket_send(s, &src, true);
}

static int tell_statistics(const struct proxy *px) {
    const struct counts *all[] = {&px->front.in, &px->front.out, &px->back.in, &px->back.out};
    struct zx_socket *s = px->control.s;
    int rc = 0;
    for (int i = 0; !rc && can_send(s) && i < 4; i++) {
        rc = answer(s, &all[i]->frames, sizeof all[i]->frames, true);
        if (!rc)
            rc = answer(s, &all[i]->bytes, sizeof all[i]->bytes, i < 3);
    }
    /* No room: whoever asked is gone, or has not taken hundreds of answers. */
    return rc == -EAGAIN ? 0 : rc;
}

/* One message, each frame a command. 0, TERMINATED or negative. */
static int obey_message(struct proxy *px) {
    struct zx_socket *s = px->control.s;
    char text[COMMAND_MAX];
    struct zx_sink sink = {.buf = text, .cap = sizeof text};
    bool replies = s->ops->type == ZMQ_REP, asked = false;
    int over = 0, rc;
    do {
        rc = zx_socket_recv(s, &sink, true);
        if (rc)
            return rc == -EAGAIN ? 0 : rc;
        if (is("PAUSE", text, sink.size))
            px->paused = true;
        else if (is("RESUME", text, sink.size))
            px->paused = false;
        else if (is("TERMINATE", text, sink.size))
            over = TERMINATED;
        else if (is("STATISTICS", text, sink.size) && replies)
            asked = true; /* a REP answers when it has the whole request */
        else if (is("STATISTICS", text, sink.size))
            rc = tell_statistics(px);
    } while (!rc && sink.more);
    if (!rc && replies)
        rc = asked ? tell_statistics(px) : answer(s, NULL, 0, false);
    return rc ? rc : over;
}

/* What commands there are; should they never end, messages get their turn all the same. */
static int obey(struct proxy *px) {
    struct zx_socket *s = px->control.s;
    int rc = zx_socket_enter(s);
    if (rc)
        return rc;
    want(&px->control, ZMQ_POLLIN);
    for (int n = 0; !rc && n < COMMANDS_PER_TURN && s->ops->events(s) & ZMQ_POLLIN; n++)
        rc = obey_message(px);
    if (rc != -ENOTSOCK) {
        zx_socket_flush(s);
        zx_socket_leave(s);
    }
    return rc;
}

/* ---- the call ---- */

static void add_end(struct proxy *px, struct end *e, struct zx_socket *s) {
    e->s = s;
    for (int i = 0; i < px->n_items; i++)
        if (px->items[i].socket == s)
            e->item = &px->items[i];
    if (e->item)
        return;
    e->item = &px->items[px->n_items++];
    e->item->socket = s;
}

static int turn(struct proxy *px) {
    for (int i = 0; i < px->n_items; i++)
        px->items[i].events = 0;
    int rc = px->control.s ? obey(px) : 0;
    if (!rc && !px->paused)
        rc = carry_both(px);
    if (rc)
        return rc;
    rc = zx_poll(px->items, px->n_items, -1, NULL);
    return rc < 0 ? rc : 0;
}

/* Is it a socket at all? Before any of them is locked. */
static int check(const struct proxy *px) {
    for (int i = 0; i < px->n_items; i++) {
        int rc = zx_socket_enter(px->items[i].socket);
        if (rc)
            return rc;
        zx_socket_leave(px->items[i].socket);
    }
    return 0;
}

static void flush(const struct proxy *px) {
    for (int i = 0; i < px->n_items; i++) {
        if (zx_socket_enter_any(px->items[i].socket))
            continue;
        zx_socket_rest(px->items[i].socket);
        zx_socket_leave(px->items[i].socket);
    }
}

int zx_proxy(const struct zx_proxy_ends *ends) {
    struct proxy px;
    memset(&px, 0, sizeof px);
    add_end(&px, &px.front, ends->front);
    add_end(&px, &px.back, ends->back);
    add_locked(&px, ends->front);
    add_locked(&px, ends->back);
    if (ends->capture) {
        add_end(&px, &px.capture, ends->capture);
        add_locked(&px, ends->capture);
    }
    if (ends->control)
        add_end(&px, &px.control, ends->control);
    int rc = check(&px);
    while (!rc)
        rc = turn(&px);
    flush(&px);
    return rc == TERMINATED ? 0 : rc;
}
