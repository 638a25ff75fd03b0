/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "zx_api.h"

#include <pthread.h>

/* Texts are handed out of a ring: a check needs two or three of them at a time. */
#define RING 16
#define TEXT 2048

static _Thread_local char ring[RING][TEXT];
static _Thread_local unsigned next_text;

static char *new_text(void) {
    return ring[next_text++ % RING];
}

const char *zx_num(long long n) {
    char *t = new_text();
    snprintf(t, TEXT, "%lld", n);
    return t;
}

const char *zx_fmt(const char *fmt, ...) {
    char *t = new_text();
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(t, TEXT, fmt, ap);
    va_end(ap);
    return t;
}

#define NAME(e) {e, #e}
static const struct {
    int number;
    const char *name;
} errors[] = {
    NAME(EPERM),        NAME(ENOENT),          NAME(EINTR),      NAME(EBADF),
    NAME(EAGAIN),       NAME(ENOMEM),          NAME(EACCES),     NAME(EFAULT),
    NAME(EEXIST),       NAME(ENODEV),          NAME(ENOTDIR),    NAME(EINVAL),
    NAME(ENFILE),       NAME(EMFILE),          NAME(EPIPE),      NAME(ENAMETOOLONG),
    NAME(ENOTSUP),      NAME(EPROTONOSUPPORT), NAME(ENOBUFS),    NAME(EADDRINUSE),
    NAME(ENETDOWN),     NAME(EADDRNOTAVAIL),   NAME(ECONNRESET), NAME(ECONNREFUSED),
    NAME(EINPROGRESS),  NAME(ENOTSOCK),        NAME(EMSGSIZE),   NAME(EAFNOSUPPORT),
    NAME(ETIMEDOUT),    NAME(EHOSTUNREACH),    NAME(ENOTCONN),   NAME(EFSM),
    NAME(EPROTO),       NAME(ENOCOMPATPROTO),  NAME(ETERM),      NAME(EMTHREAD),
    NAME(ENETUNREACH),  NAME(ECONNABORTED),    NAME(ENETRESET),  NAME(EISDIR),
};

const char *zx_err(int rc) {
    int e = errno;

    if (rc != -1) return zx_num(rc);
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].number == e) return errors[i].name;
    return zx_fmt("errno %d", e);
}

const char *zx_bytes(const void *data, size_t n) {
    const unsigned char *b = data;
    char *t = new_text();
    size_t at = 0;

    for (size_t i = 0; i < n && at + 20 < TEXT; i++) {
        if (b[i] >= 0x20 && b[i] <= 0x7e && b[i] != '\\' && b[i] != '|') t[at++] = (char)b[i];
        else at += (size_t)sprintf(t + at, "\\%02x", b[i]);
    }
    t[at] = 0;
    return t;
}

/* Bytes of the part at *text, up to the next bar; moves *text behind the bar or to NULL. */
static size_t next_part(const char **text, char *out, size_t room) {
    const char *p = *text;
    size_t n = 0;

    while (*p && *p != '|' && n < room) {
        unsigned byte;
        if (*p == '\\' && sscanf(p + 1, "%2x", &byte) == 1) {
            out[n++] = (char)byte;
            p += 3;
        } else {
            out[n++] = *p++;
        }
    }
    *text = *p ? p + 1 : NULL;
    return n;
}

int zx_send(void *s, const char *parts, int flags) {
    char part[TEXT];
    int rc;

    do {
        size_t n = next_part(&parts, part, sizeof part);
        rc = zmq_send(s, part, n, flags | (parts ? ZMQ_SNDMORE : 0));
    } while (rc >= 0 && parts);
    return rc;
}

static const char *receive(void *s, int flags) {
    char *t = new_text();
    size_t at = 0;
    int more = 1;

    t[0] = 0;
    for (int part = 0; more; part++) {
        const char *text;
        zmq_msg_t m;

        zmq_msg_init(&m);
        if (zmq_msg_recv(&m, s, flags) < 0) {
            zmq_msg_close(&m);
            return part ? zx_fmt("%s|<%s>", t, zx_err(-1)) : zx_err(-1);
        }
        more = zmq_msg_more(&m);
        text = zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m));
        at += (size_t)snprintf(t + at, TEXT - at, "%s%s", part ? "|" : "", text);
        if (at >= TEXT) at = TEXT - 1;
        zmq_msg_close(&m);
    }
    return t;
}

const char *zx_recv(void *s) {
    return receive(s, 0);
}

const char *zx_recv_now(void *s) {
    return receive(s, ZMQ_DONTWAIT);
}

const char *zx_recv_soon(void *s) {
    zx_wait(s, ZMQ_POLLIN, ZX_SHORT_MS);
    return receive(s, ZMQ_DONTWAIT);
}
