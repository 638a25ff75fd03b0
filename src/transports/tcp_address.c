/* SPDX-License-Identifier: MIT */
#include "transports/tcp_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- grammar ----------------------------------------------------------- */

/* Not ctype.h: an address means the same in every locale. */
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A decimal number up to max and nothing else; only "0" is zero. */
static int parse_number(const char *text, unsigned max, unsigned *out) {
    unsigned n = 0;
    const char *at = text;
    for (; is_digit(*at) && n <= max; at++)
        n = n * 10 + (unsigned)(*at - '0');
    if (at == text || *at || n > max || (!n && text[1]))
        return -EINVAL;
    *out = n;
    return 0;
}

static int parse_port(const char *text, bool wildcard, uint16_t *port, bool *any) {
    unsigned n = 0;
    *any = wildcard && !strcmp(text, "*");
    int rc = *any ? 0 : parse_number(text, UINT16_MAX, &n);
    *port = (uint16_t)n;
    return rc;
}

/* Copies without the brackets around it. */
static int copy_host(char *host, size_t size, const char *text, size_t len) {
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= size)
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    const char *zone = strchr(host, '%');
    return zone && !zone[1] ? -EINVAL : 0;
}

/* The last colon before `end`, where the port begins. */
static const char *port_colon(const char *text, const char *end) {
    while (end > text)
        if (*--end == ':')
            return end;
    return NULL;
}

static int parse_source(struct zx_tcp_endpoint *ep, const char *text, const char *end) {
    char port[8];
    bool any_port;
    const char *colon = port_colon(text, end);
    if (!colon || (size_t)(end - colon) > sizeof(port))
        return -EINVAL;
    size_t len = (size_t)(end - colon) - 1;
    memcpy(port, colon + 1, len);
    port[len] = '\0';
    int rc = copy_host(ep->src_host, sizeof(ep->src_host), text, (size_t)(colon - text));
    if (rc)
        return rc;
    ep->has_src = true;
    ep->any_src_host = !strcmp(ep->src_host, "*");
    return parse_port(port, true, &ep->src_port, &any_port);
}

/* The characters that libzmq lets pass to connect. */
static bool is_connectable(const char *text) {
    if (!is_alnum(*text) && *text != '[' && *text != ':')
        return false;
    for (const char *at = text; *at; at++)
        if (!is_alnum(*at) && !strchr(".-:%;[]_*", *at))
            return false;
    return true;
}

int zx_tcp_address_parse(struct zx_tcp_endpoint *ep, const char *address, bool for_bind) {
    memset(ep, 0, sizeof(*ep));
    if (!for_bind && !is_connectable(address))
        return -EINVAL;
    const char *target = strchr(address, ';');
    if (target) {
        int rc = parse_source(ep, address, target);
        if (rc)
            return rc;
    }
    target = target ? target + 1 : address;
    const char *colon = strrchr(target, ':');
    if (!colon || strchr(target, ';'))
        return -EINVAL;
    int rc = copy_host(ep->host, sizeof(ep->host), target, (size_t)(colon - target));
    if (rc)
        return rc;
    ep->any_host = for_bind && !strcmp(ep->host, "*");
    return parse_port(colon + 1, for_bind, &ep->port, &ep->any_port);
}

/* ---- what an address stands for ----------------------------------------- */

static enum zx_family family(bool ipv6) {
    return ipv6 ? ZX_AF_INET6 : ZX_AF_INET;
}

/* Could name service know this host? Spares the asking for what no name can be. */
static bool is_name(const char *host) {
    for (const char *at = host; *at; at++)
        if (!is_alnum(*at) && *at != '.' && *at != '-' && *at != '_')
            return false;
    return *host;
}

/* At most max addresses of a host; with a zone or other characters only a literal will do. */
static int resolve_host(const char *host, bool ipv6, bool dns, struct zx_addr *out, size_t max) {
    struct zx_addr literal;
    if (strchr(host, '%') && zx_addr_parse_ip(&literal, host))
        return -EINVAL;
    return zx_os_resolve(host, family(ipv6), !dns || !is_name(host), out, max);
}

static int local_addr(const char *host, bool ipv6, bool dns, struct zx_addr *out) {
    struct zx_addr literal;
    if (zx_addr_parse_ip(&literal, host)) {
        int rc = zx_os_interface_addr(out, host, family(ipv6));
        if (rc != -ENODEV)
            return rc;
        if (strchr(host, '%'))
            return -EINVAL;
    }
    int n = resolve_host(host, ipv6, dns, out, 1);
    if (n > 0)
        return 0;
    return n == -ENOMEM ? -ENOMEM : -ENODEV;
}

int zx_tcp_address_bindable(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out) {
    int rc = 0;
    if (ep->any_host)
        zx_addr_any(out, family(ipv6));
    else
        rc = local_addr(ep->host, ipv6, true, out);
    if (!rc)
        zx_addr_set_port(out, ep->port);
    return rc;
}

int zx_tcp_address_source(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out) {
    int rc = 0;
    if (!ep->has_src || ep->any_src_host)
        zx_addr_any(out, family(ipv6));
    else
        rc = local_addr(ep->src_host, ipv6, false, out);
    if (!rc)
        zx_addr_set_port(out, ep->src_port);
    return rc;
}

bool zx_tcp_address_is_numeric(const struct zx_tcp_endpoint *ep) {
    struct zx_addr literal;
    return !is_name(ep->host) || !zx_addr_parse_ip(&literal, ep->host);
}

int zx_tcp_address_resolve(const struct zx_tcp_endpoint *ep, bool ipv6, struct zx_addr *out,
                           size_t max) {
    int n = resolve_host(ep->host, ipv6, true, out, max);
    for (int i = 0; i < n; i++)
        zx_addr_set_port(&out[i], ep->port);
    return n;
}

int zx_tcp_address_text(const struct zx_addr *a, char *buf, size_t size) {
    char host[ZX_TCP_TEXT_MAX];
    int rc = zx_addr_host_text(a, host, sizeof(host));
    if (rc)
        return rc;
    bool v6 = zx_addr_family(a) == ZX_AF_INET6;
    unsigned port = zx_addr_port(a);
    int n = snprintf(buf, size, v6 ? "tcp://[%s]:%u" : "tcp://%s:%u", host, port);
    return n < 0 || (size_t)n >= size ? -ENOSPC : 0;
}
