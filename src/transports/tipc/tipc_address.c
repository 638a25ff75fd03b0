/* SPDX-License-Identifier: MIT */
#include "transports/tipc/tipc_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Below are the types of TIPC itself. libzmq has a name begin one later than a range. */
enum { RANGE_TYPE_MIN = 64, SERVICE_TYPE_MIN = 65, ZONE_MAX = 0xff, NODE_MAX = 0xfff };

/* ---- pieces: each goes on at *at and leaves it behind what it took --------------- */

static bool take_char(const char **at, char c) {
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool take_number(const char **at, uint32_t max, uint32_t *out) {
    const char *begin = *at;
    uint64_t n = 0;
    for (; **at >= '0' && **at <= '9' && n <= max; ++*at)
        n = n * 10 + (uint64_t)(**at - '0');
    *out = (uint32_t)n;
    return *at > begin && n <= max;
}

static bool take_spaced(const char **at, uint32_t *out) {
    while (**at == ' ')
        ++*at;
    return take_number(at, UINT32_MAX, out);
}

static bool take_node(const char **at, uint32_t *node) {
    uint32_t z, c, n;
    if (!take_number(at, ZONE_MAX, &z) || !take_char(at, '.') || !take_number(at, NODE_MAX, &c) ||
        !take_char(at, '.') || !take_number(at, NODE_MAX, &n))
        return false;
    *node = zx_tipc_node(z, c, n);
    return true;
}

/* ---- forms ---------------------------------------------------------------------- */

/* What stands between the brackets of "<...>". */
static bool take_id(struct zx_tipc_endpoint *ep, const char **at, bool for_bind) {
    struct zx_tipc_addr *a = &ep->addr;
    if (take_char(at, '*'))
        ep->any = true;
    else if (take_node(at, &a->node) && take_char(at, ':') &&
             take_number(at, UINT32_MAX, &a->ref))
        a->kind = ZX_TIPC_SOCKET;
    else
        return false;
    return ep->any == for_bind && take_char(at, '>');
}

static bool take_range(struct zx_tipc_endpoint *ep, const char **at, bool for_bind) {
    struct zx_tipc_addr *a = &ep->addr;
    a->kind = ZX_TIPC_RANGE;
    return for_bind && take_spaced(at, &a->upper) && take_char(at, '}') &&
           a->type >= RANGE_TYPE_MIN && a->lower <= a->upper;
}

static bool take_service(struct zx_tipc_endpoint *ep, const char **at, bool for_bind) {
    struct zx_tipc_addr *a = &ep->addr;
    if (!take_char(at, '}') || a->type < SERVICE_TYPE_MIN)
        return false;
    a->kind = ZX_TIPC_SERVICE;
    a->node = zx_tipc_node(1, 0, 0);
    ep->has_scope = take_char(at, '@');
    if (ep->has_scope && !take_node(at, &a->node))
        return false;
    if (for_bind)
        *a = (struct zx_tipc_addr){.kind = ZX_TIPC_RANGE, .type = a->type, .lower = a->lower,
                                   .upper = a->lower};
    return true;
}

/* What stands behind the "{". */
static bool take_name(struct zx_tipc_endpoint *ep, const char **at, bool for_bind) {
    struct zx_tipc_addr *a = &ep->addr;
    if (!take_spaced(at, &a->type) || !take_char(at, ',') || !take_spaced(at, &a->lower))
        return false;
    return take_char(at, ',') ? take_range(ep, at, for_bind) : take_service(ep, at, for_bind);
}

int zx_tipc_address_parse(struct zx_tipc_endpoint *ep, const char *text, bool for_bind) {
    const char *at = text + 1;
    *ep = (struct zx_tipc_endpoint){0};
    bool good = text[0] == '<'   ? take_id(ep, &at, for_bind)
                : text[0] == '{' ? take_name(ep, &at, for_bind)
                                 : false;
    return good && !*at ? 0 : -EINVAL;
}

int zx_tipc_address_text(const struct zx_addr *a, char *buf, size_t size) {
    struct zx_tipc_addr t;
    int rc = zx_addr_tipc(a, &t), n;
    if (rc)
        return rc;
    if (t.kind == ZX_TIPC_SOCKET)
        n = snprintf(buf, size, "tipc://<%u.%u.%u:%lu>", (unsigned)(t.node >> 24),
                     (unsigned)(t.node >> 12 & NODE_MAX), (unsigned)(t.node & NODE_MAX),
                     (unsigned long)t.ref);
    else
        n = snprintf(buf, size, "tipc://{%lu, %lu, %lu}", (unsigned long)t.type,
                     (unsigned long)t.lower,
                     (unsigned long)(t.kind == ZX_TIPC_RANGE ? t.upper : t.node));
    return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}
