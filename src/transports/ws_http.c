/* SPDX-License-Identifier: MIT */
#include "transports/ws_http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char bare_name[] = "ZWS2.0";

struct text {
    const char *at;
    size_t size;
};

struct header {
    struct text name, value;
};

/* What both heads have in common. */
struct fields {
    bool upgrade, connection, version_13, version_other, extensions, malformed;
    struct text key, accept;
    unsigned keys, accepts, protocols;
    struct zx_ws_offer offer;
    enum zx_ws_chosen chosen;
};

/* ---- characters -------------------------------------------------------------- */

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_same(struct text t, const char *name) {
    size_t n = strlen(name);
    if (t.size != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(t.at[i]) != lower(name[i]))
            return false;
    return true;
}

static bool is_exactly(struct text t, const char *name) {
    return t.size == strlen(name) && !memcmp(t.at, name, t.size);
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct text t) {
    for (size_t i = 0; i < t.size; i++) {
        char c = lower(t.at[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
            (!c || !strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return t.size;
}

static bool is_printable(struct text t) {
    for (size_t i = 0; i < t.size; i++)
        if (((unsigned char)t.at[i] < ' ' && t.at[i] != '\t') || t.at[i] == 0x7f)
            return false;
    return true;
}

static struct text trim(struct text t) {
    for (; t.size && (*t.at == ' ' || *t.at == '\t'); t.at++, t.size--)
        ;
    for (; t.size && (t.at[t.size - 1] == ' ' || t.at[t.size - 1] == '\t'); t.size--)
        ;
    return t;
}

/* ---- lines and lists --------------------------------------------------------- */

/* The next line without its CRLF. */
static struct text next_line(struct text *rest) {
    struct text line = {rest->at, 0};
    while (line.size + 1 < rest->size &&
           (line.at[line.size] != '\r' || line.at[line.size + 1] != '\n'))
        line.size++;
    size_t taken = line.size + 2 < rest->size ? line.size + 2 : rest->size;
    rest->at += taken;
    rest->size -= taken;
    return line;
}

static bool split(struct text line, struct header *h) {
    const char *colon = memchr(line.at, ':', line.size);
    if (!colon)
        return false;
    h->name = (struct text){line.at, (size_t)(colon - line.at)};
    h->value = trim((struct text){colon + 1, line.size - h->name.size - 1});
    return is_token(h->name) && is_printable(h->value);
}

/* The next member of a comma-separated list; false at its end. */
static bool next_member(struct text *list, struct text *member) {
    if (!list->size)
        return false;
    const char *comma = memchr(list->at, ',', list->size);
    size_t n = comma ? (size_t)(comma - list->at) : list->size;
    *member = trim((struct text){list->at, n});
    list->at += n + (comma ? 1 : 0);
    list->size -= n + (comma ? 1 : 0);
    return true;
}

static bool has_member(struct text list, const char *name) {
    struct text member;
    while (next_member(&list, &member))
        if (is_same(member, name))
            return true;
    return false;
}

static enum zx_ws_chosen match(const struct zx_ws_offer *offer, struct text name) {
    size_t n = sizeof bare_name - 1;
    if (offer->bare && is_exactly(name, bare_name))
        return ZX_WS_BARE;
    if (!offer->mechanism || name.size <= n || memcmp(name.at, bare_name, n) || name.at[n] != '/')
        return ZX_WS_NOTHING;
    struct text mechanism = {name.at + n + 1, name.size - n - 1};
    return is_exactly(mechanism, offer->mechanism) ? ZX_WS_MECHANISM : ZX_WS_NOTHING;
}

/* ---- headers ----------------------------------------------------------------- */

static void take_protocols(struct fields *f, struct text list) {
    struct text member;
    while (next_member(&list, &member)) {
        enum zx_ws_chosen chosen = match(&f->offer, member);
        f->protocols++;
        if (!f->chosen)
            f->chosen = chosen;
    }
}

static void take_header(struct fields *f, const struct header *h) {
    if (is_same(h->name, "upgrade")) {
        f->upgrade |= has_member(h->value, "websocket");
    } else if (is_same(h->name, "connection")) {
        f->connection |= has_member(h->value, "upgrade");
    } else if (is_same(h->name, "sec-websocket-key")) {
        f->key = h->value;
        f->keys++;
    } else if (is_same(h->name, "sec-websocket-accept")) {
        f->accept = h->value;
        f->accepts++;
    } else if (is_same(h->name, "sec-websocket-version")) {
        f->version_13 |= is_exactly(h->value, "13");
        f->version_other |= !is_exactly(h->value, "13");
    } else if (is_same(h->name, "sec-websocket-extensions")) {
        f->extensions |= h->value.size != 0;
    } else if (is_same(h->name, "sec-websocket-protocol")) {
        take_protocols(f, h->value);
    }
}

/* Everything behind the first line, up to the empty one. */
static void take_headers(struct fields *f, struct text rest) {
    while (rest.size > 2) {
        struct header h;
        if (!split(next_line(&rest), &h)) {
            f->malformed = true;
            return;
        }
        take_header(f, &h);
    }
}

int zx_ws_head_size(const char *data, size_t size, size_t *seen, const char *start) {
    size_t n = strlen(start);
    if (memcmp(data, start, size < n ? size : n))
        return -EPROTO;
    size_t i = *seen > 3 ? *seen - 3 : 0;
    for (; i + 4 <= size && i + 4 <= ZX_WS_HTTP_MAX; i++)
        if (!memcmp(data + i, "\r\n\r\n", 4))
            return (int)(i + 4);
    *seen = size;
    return size >= ZX_WS_HTTP_MAX ? -EMSGSIZE : 0;
}

/* ---- the request ------------------------------------------------------------- */

/* "GET target HTTP/1.1"; more than one space before the target, as libzmq lets pass. */
static bool is_request_line(struct text line) {
    static const char end[] = " HTTP/1.1";
    size_t n = sizeof end - 1;
    if (line.size < 5 + n || memcmp(line.at, "GET ", 4))
        return false;
    if (memcmp(line.at + line.size - n, end, n))
        return false;
    struct text target = trim((struct text){line.at + 4, line.size - 4 - n});
    return target.size && is_printable(target) && !memchr(target.at, ' ', target.size) &&
           !memchr(target.at, '\t', target.size);
}

/* base64 of 16 bytes: 22 digits and two pads. */
static bool is_key(struct text t) {
    if (t.size != ZX_WS_KEY_TEXT - 1 || memcmp(t.at + 22, "==", 2))
        return false;
    for (size_t i = 0; i < 22; i++) {
        char c = lower(t.at[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '+' && c != '/')
            return false;
    }
    return true;
}

static int judge(const struct fields *f) {
    if (f->malformed || !f->upgrade || !f->connection || f->keys != 1 || !is_key(f->key))
        return 400;
    if (!f->version_13 || f->version_other)
        return 426;
    return f->chosen ? 101 : 400;
}

void zx_ws_request_parse(struct zx_ws_request *r, const char *head, size_t size,
                         const struct zx_ws_offer *offer) {
    struct fields f = {.offer = *offer};
    struct text rest = {head, size};
    *r = (struct zx_ws_request){.status = 400};
    if (!is_request_line(next_line(&rest)))
        return;
    take_headers(&f, rest);
    r->status = judge(&f);
    if (r->status != 101)
        return;
    r->chosen = f.chosen;
    memcpy(r->key, f.key.at, f.key.size);
}

static int written(int n) {
    return n < 0 || n >= ZX_WS_HTTP_OUT_MAX ? -EMSGSIZE : n;
}

int zx_ws_request_write(char *out, const char *host, const char *path, const char *key,
                        const struct zx_ws_offer *offer) {
    const char *mechanism = offer->mechanism;
    return written(snprintf(
        out, ZX_WS_HTTP_OUT_MAX,
        "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s%s%s%s\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n",
        path, host, key, mechanism ? "ZWS2.0/" : "", mechanism ? mechanism : "",
        mechanism && offer->bare ? "," : "", offer->bare ? bare_name : ""));
}

/* ---- the answer -------------------------------------------------------------- */

int zx_ws_response_write(char *out, const struct zx_ws_request *r, const char *mechanism) {
    char accept[ZX_WS_ACCEPT_TEXT];
    bool with = r->chosen == ZX_WS_MECHANISM;
    if (r->status != 101) {
        const char *reason = r->status == 426   ? "Upgrade Required"
                             : r->status == 431 ? "Request Header Fields Too Large"
                                                : "Bad Request";
        return written(snprintf(out, ZX_WS_HTTP_OUT_MAX,
                                "HTTP/1.1 %d %s\r\nConnection: close\r\n"
                                "Content-Length: 0\r\n%s\r\n",
                                r->status, reason,
                                r->status == 426 ? "Upgrade: websocket\r\n"
                                                   "Sec-WebSocket-Version: 13\r\n"
                                                 : ""));
    }
    zx_ws_accept(accept, r->key);
    return written(snprintf(out, ZX_WS_HTTP_OUT_MAX,
                            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                            "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                            "Sec-WebSocket-Protocol: %s%s%s\r\n\r\n",
                            accept, bare_name, with ? "/" : "", with ? mechanism : ""));
}

/* "HTTP/1.1 101 any words": the status, or 0. */
static int status_of(struct text line) {
    int status = 0;
    if (line.size < 12 || memcmp(line.at, "HTTP/1.", 7) || line.at[8] != ' ' || !is_printable(line))
        return 0;
    for (int i = 9; i < 12; i++) {
        if (line.at[i] < '0' || line.at[i] > '9')
            return 0;
        status = status * 10 + (line.at[i] - '0');
    }
    if (status == 101 && line.at[7] != '1')
        return 0;
    return line.size == 12 || line.at[12] == ' ' ? status : 0;
}

int zx_ws_response_parse(const char *head, size_t size, const struct zx_ws_offer *offer,
                         const char *accept, enum zx_ws_chosen *chosen) {
    struct fields f = {.offer = *offer};
    struct text rest = {head, size};
    int status = status_of(next_line(&rest));
    if (!status)
        return -EPROTO;
    if (status != 101)
        return -EAGAIN;
    take_headers(&f, rest);
    if (f.malformed || !f.upgrade || !f.connection || f.extensions)
        return -EPROTO;
    if (f.accepts != 1 || !is_exactly(f.accept, accept))
        return -EPROTO;
    if (f.protocols != 1 || !f.chosen)
        return -EPROTO;
    *chosen = f.chosen;
    return 0;
}
