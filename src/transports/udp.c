/* SPDX-License-Identifier: MIT */
/* udp: RADIO connects, DISH and DGRAM bind. "host:port", "interface;group:port". */
#include "transports/udp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"
#include "transports/tcp_address.h"
#include "zmq.h"

struct place {
    struct zx_tcp_endpoint at;
    char iface[64]; /* before ';' */
    bool has_iface;
    struct zx_dgram_group group; /* addr: where, whether a group or not */
    bool is_group;
};

static const char scheme[] = "udp://";

/* The host and port have tcp's grammar; what stands before the last ';' has no port. */
static int parse(struct place *p, const char *address, bool for_bind) {
    const char *last = strrchr(address, ';');
    memset(p, 0, sizeof *p);
    if (last) {
        size_t n = (size_t)(last - address);
        if (n >= sizeof p->iface)
            return -ENODEV; /* no interface has such a name */
        p->has_iface = true;
        memcpy(p->iface, address, n);
        address = last + 1;
    }
    return zx_tcp_address_parse(&p->at, address, for_bind);
}

static int check(const struct zx_conf *conf, const char *address, bool for_bind) {
    struct place p;
    (void)conf;
    return parse(&p, address, for_bind);
}

/* By name or one of its addresses; with "*" the system chooses, as without. */
static int find_interface(struct place *p) {
    struct zx_dgram_group *g = &p->group;
    if (!p->has_iface || !strcmp(p->iface, "*"))
        return 0;
    if (zx_addr_parse_ip(&g->iface, p->iface)) {
        g->index = zx_os_interface_index(p->iface);
        if (!g->index)
            return -ENODEV;
        (void)zx_os_interface_addr(&g->iface, p->iface, ZX_AF_INET);
    }
    return zx_addr_is_multicast(&g->iface) ? -EINVAL : 0;
}

/* An IPv6 group is joined by the interface's number, which its zone tells too. */
static int check_group(struct place *p) {
    struct zx_dgram_group *g = &p->group;
    uint32_t zone = zx_addr_scope(&g->addr);
    if (zone && g->index && zone != g->index)
        return -EINVAL;
    if (zone)
        g->index = zone;
    return zx_addr_family(&g->addr) == ZX_AF_INET6 && g->iface.len && !g->index ? -ENODEV : 0;
}

static int resolve(struct place *p, bool ipv6, bool for_bind) {
    struct zx_addr *a = &p->group.addr;
    int rc = find_interface(p);
    if (!rc)
        rc = for_bind ? zx_tcp_address_bindable(&p->at, ipv6, a)
                      : zx_tcp_address_resolve(&p->at, ipv6, a, 1);
    if (rc < 0)
        return rc;
    zx_addr_unmap_v4(a);
    p->is_group = zx_addr_is_multicast(a);
    if (!p->is_group)
        return p->has_iface ? -EINVAL : 0;
    return check_group(p);
}

static int bind_to(const struct place *p, int fd) {
    struct zx_addr here = p->group.addr;
    if (!p->is_group)
        return zx_sock_bind(fd, &here);
    zx_addr_any(&here, zx_addr_family(&p->group.addr));
    zx_addr_set_port(&here, p->at.port);
    int rc = zx_dgram_share_port(fd);
    if (!rc)
        rc = zx_sock_bind(fd, &here);
    return rc ? rc : zx_dgram_join(fd, &p->group);
}

static int open_socket(const struct zx_conf *conf, const struct place *p, bool for_bind) {
    enum zx_family family = zx_addr_family(&p->group.addr);
    int fd = zx_dgram_open(family);
    if (fd < 0)
        return fd;
    if (family == ZX_AF_INET6)
        (void)zx_sock_set_v6only(fd, false);
    (void)zx_sock_set_buffers(fd, conf->net.sndbuf, conf->net.rcvbuf);
    int rc = conf->net.device[0] ? zx_sock_bind_device(fd, conf->net.device) : 0;
    if (!rc && for_bind)
        rc = bind_to(p, fd);
    if (!rc && !for_bind && p->is_group)
        rc = zx_dgram_aim(fd, &p->group, conf->multicast.loop, conf->multicast.hops);
    if (!rc)
        return fd;
    zx_sock_close(fd);
    return rc;
}

/* With the port that was really bound; a group keeps the words it was asked for by. */
static int bound_text(const struct place *p, const char *address, int fd, char *text) {
    struct zx_addr here;
    char where[96];
    int n, rc = zx_sock_local(fd, &here);
    if (!rc && !p->is_group)
        rc = zx_addr_ip_port_text(&here, where, sizeof where);
    if (rc < 0)
        return rc;
    if (p->is_group)
        n = snprintf(text, ZX_ENDPOINT_MAX, "%s%.*s:%u", scheme,
                     (int)(strrchr(address, ':') - address), address,
                     (unsigned)zx_addr_port(&here));
    else
        n = snprintf(text, ZX_ENDPOINT_MAX, "%s%s", scheme, where);
    return n < 0 || n >= ZX_ENDPOINT_MAX ? -EINVAL : 0;
}

static int open_link(const struct zx_endpoint *ep, void **state, char *text, size_t size) {
    struct place p;
    (void)size;
    int rc = parse(&p, ep->address, ep->is_bind);
    if (!rc)
        rc = resolve(&p, ep->conf->net.ipv6, ep->is_bind);
    if (rc)
        return rc;
    size_t slots = ep->is_bind ? (size_t)ZX_DATAGRAMS_MAX * ZX_UDP_SLOT : 0;
    struct zx_udp *u = malloc(sizeof *u + slots); /* untouched memory costs nothing */
    if (!u)
        return -ENOMEM;
    memset(u, 0, sizeof *u);
    u->to = p.group.addr;
    u->is_raw = ep->conf->type == ZMQ_DGRAM;
    u->is_bound = ep->is_bind;
    u->is_v6 = zx_addr_family(&u->to) == ZX_AF_INET6;
    int fd = open_socket(ep->conf, &p, ep->is_bind);
    rc = fd >= 0 && ep->is_bind ? bound_text(&p, ep->address, fd, text) : 0;
    if (rc)
        zx_sock_close(fd);
    if (fd < 0 || rc) {
        free(u);
        return rc ? rc : fd;
    }
    *state = u;
    return fd;
}

static uint64_t refused(const void *state) {
    return atomic_load_explicit(&((const struct zx_udp *)state)->refused, memory_order_relaxed);
}

/* ---- texts ----------------------------------------------------------------- */

static void no_text(int fd, char *buf, size_t size) {
    (void)fd;
    (void)size;
    buf[0] = '\0';
}

/* A literal address with its port, in another spelling. */
static bool same_bound(const struct zx_conf *conf, const char *typed, const char *bound) {
    struct place a, b;
    size_t n = sizeof scheme - 1;
    if (strncmp(typed, scheme, n) != 0 || parse(&a, typed + n, false) || !a.at.port ||
        a.has_iface || parse(&b, bound + n, false) || b.has_iface)
        return false;
    if (!zx_tcp_address_is_numeric(&a.at) || !zx_tcp_address_is_numeric(&b.at))
        return false;
    return !resolve(&a, conf->net.ipv6, false) && !resolve(&b, conf->net.ipv6, false) &&
           zx_addr_equal(&a.group.addr, &b.group.addr);
}

static const struct zx_datagram_ops datagrams = {open_link, zx_udp_recv, zx_udp_send, refused};

const struct zx_transport_ops zx_udp_ops = {
    .scheme = "udp",
    .datagrams = &datagrams,
    .check = check,
    .peer_text = no_text,
    .local_endpoint = no_text,
    .remote_endpoint = no_text,
    .same_bound = same_bound,
};
