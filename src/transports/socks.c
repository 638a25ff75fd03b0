/* SPDX-License-Identifier: MIT */
#include "transports/socks.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "os/os.h"

enum {
    VERSION = 5,
    LOGIN_VERSION = 1,
    METHOD_OPEN = 0,
    METHOD_LOGIN = 2,
    CONNECT = 1,
    TYPE_IPV4 = 1,
    TYPE_NAME = 3,
    TYPE_IPV6 = 4,
    PORT_SIZE = 2
};

/* ---- what is said ---------------------------------------------------------------- */

/* Libzmq's bytes: one method, never both. */
static size_t say_methods(struct zx_socks *s) {
    s->words[0] = VERSION;
    s->words[1] = 1;
    s->words[2] = s->user.size ? METHOD_LOGIN : METHOD_OPEN;
    return 3;
}

static size_t put_text(uint8_t *at, const struct zx_blob *text) {
    at[0] = (uint8_t)text->size;
    if (text->size)
        memcpy(at + 1, text->data, text->size);
    return 1 + text->size;
}

static size_t say_login(struct zx_socks *s) {
    s->words[0] = LOGIN_VERSION;
    size_t n = 1 + put_text(s->words + 1, &s->user);
    return n + put_text(s->words + n, &s->password);
}

static size_t say_request(struct zx_socks *s) {
    s->words[0] = VERSION;
    s->words[1] = CONNECT;
    s->words[2] = 0;
    memcpy(s->words + 3, s->target, s->target_size);
    return 3 + s->target_size;
}

/* ---- what is heard: the next step, or why there is none ------------------------------ */

enum { METHODS, LOGIN, REQUEST, BOUND, REST, THROUGH, OVER };

/* A login may be asked for though none was offered: an empty one is given then, as by libzmq. */
static int hear_method(struct zx_socks *s) {
    if (s->words[0] != VERSION)
        return -EPROTO;
    switch (s->words[1]) {
    case METHOD_OPEN:
        return REQUEST;
    case METHOD_LOGIN:
        return LOGIN;
    default:
        return -EACCES;
    }
}

static int hear_login(struct zx_socks *s) {
    if (s->words[0] != LOGIN_VERSION)
        return -EPROTO;
    return s->words[1] ? -EACCES : REQUEST;
}

/* RFC 1928, 6. */
static int hear_reply(struct zx_socks *s) {
    static const int meaning[] = {BOUND,         -EIO,       -EACCES,     -ENETUNREACH,
                                  -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT, -EOPNOTSUPP,
                                  -EAFNOSUPPORT};
    if (s->words[0] != VERSION || s->words[1] >= sizeof meaning / sizeof *meaning)
        return -EPROTO;
    return meaning[s->words[1]];
}

/* The address that the proxy connects from: of no use but for its length. */
static int hear_bound(struct zx_socks *s) {
    enum { FIRST = 1, IPV4 = 4, IPV6 = 16 };
    if (s->words[0])
        return -EPROTO;
    switch (s->words[1]) {
    case TYPE_IPV4:
        s->rest = IPV4 - FIRST + PORT_SIZE;
        return REST;
    case TYPE_IPV6:
        s->rest = IPV6 - FIRST + PORT_SIZE;
        return REST;
    case TYPE_NAME:
        s->rest = (uint16_t)(s->words[2] + PORT_SIZE);
        return REST;
    default:
        return -EPROTO;
    }
}

static int hear_rest(struct zx_socks *s) {
    (void)s;
    return THROUGH;
}

/* ---- the dialogue --------------------------------------------------------------------- */

static const struct step {
    size_t (*say)(struct zx_socks *s); /* NULL: the peer goes on speaking */
    int (*hear)(struct zx_socks *s);
    size_t wanted;
} steps[] = {
    [METHODS] = {say_methods, hear_method, 2}, /* version, method */
    [LOGIN] = {say_login, hear_login, 2},      /* version, status */
    [REQUEST] = {say_request, hear_reply, 2},  /* version, reply */
    [BOUND] = {NULL, hear_bound, 3},           /* reserved, type, first byte of the address */
    [REST] = {NULL, hear_rest, 0},
    [THROUGH] = {NULL, NULL, 0},
    [OVER] = {NULL, NULL, 0},
};

static void enter(struct zx_socks *s, unsigned step) {
    s->step = step;
    s->done = 0;
    s->hears = !steps[step].say;
    s->size = !s->hears ? steps[step].say(s) : steps[step].wanted;
    if (step == REST)
        s->size = s->rest;
}

/* What is to be heard of it takes the place of what was said. */
static void listen_up(struct zx_socks *s) {
    zx_wipe(s->words, s->size);
    s->hears = true;
    s->done = 0;
    s->size = steps[s->step].wanted;
}

static size_t put_host(struct zx_socks *s, const char *host) {
    struct zx_addr a;
    size_t len = strlen(host);
    /* A zone means nothing elsewhere, or something else: it is the proxy's to understand. */
    if (!strchr(host, '%') && !zx_addr_parse_ip(&a, host)) {
        s->target[0] = zx_addr_family(&a) == ZX_AF_INET6 ? TYPE_IPV6 : TYPE_IPV4;
        return 1 + zx_addr_bytes(&a, s->target + 1);
    }
    s->target[0] = TYPE_NAME;
    s->target[1] = (uint8_t)len;
    memcpy(s->target + 2, host, len);
    return 2 + len;
}

int zx_socks_init(struct zx_socks *s, const struct zx_socks_conf *conf) {
    size_t len = strlen(conf->host);
    memset(s, 0, sizeof *s);
    s->step = OVER;
    if (!conf->port || !len || len > ZX_SOCKS_TEXT_MAX || conf->user.size > ZX_SOCKS_TEXT_MAX ||
        conf->password.size > ZX_SOCKS_TEXT_MAX)
        return -EINVAL;
    s->user = conf->user;
    if (s->user.size) /* else nobody is to be told it */
        s->password = conf->password;
    s->target_size = put_host(s, conf->host) + PORT_SIZE;
    zx_put16(s->target + s->target_size - PORT_SIZE, conf->port);
    enter(s, METHODS);
    return 0;
}

void zx_socks_fini(struct zx_socks *s) {
    zx_wipe(s, sizeof *s);
    s->step = OVER;
}

const uint8_t *zx_socks_output(const struct zx_socks *s, size_t *size) {
    *size = s->hears ? 0 : s->size - s->done;
    return s->words + s->done;
}

void zx_socks_output_taken(struct zx_socks *s, size_t size) {
    s->done += size;
    if (!s->hears && s->done == s->size)
        listen_up(s);
}

size_t zx_socks_wanted(const struct zx_socks *s) {
    return s->hears ? s->size - s->done : 0;
}

int zx_socks_input(struct zx_socks *s, const uint8_t *data, size_t size) {
    int next = size > zx_socks_wanted(s) ? -EPROTO : 0;
    if (!next) {
        if (size)
            memcpy(s->words + s->done, data, size);
        s->done += size;
        if (s->done < s->size)
            return 0;
        next = steps[s->step].hear ? steps[s->step].hear(s) : -EPROTO;
    }
    enter(s, next < 0 ? (unsigned)OVER : (unsigned)next);
    return next < 0 ? next : next == THROUGH;
}
