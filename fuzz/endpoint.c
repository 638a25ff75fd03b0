/* SPDX-License-Identifier: MIT */
/* Endpoint strings of tcp, ipc, vsock and tipc, and CIDR filters: [switches][text]. */
#include "fuzz.h"

#include "os/cidr.h"
#include "transports/ipc_address.h"
#include "transports/tcp_address.h"
#if ZX_HAVE_TIPC
#include "transports/tipc/tipc_address.h"
#endif
#if ZX_HAVE_VSOCK
#include "transports/vsock/vsock_address.h"
#endif

#include <errno.h>

enum { BIND = 1, IPV6 = 2 };

enum { ADDRESSES = 4 };

/* What an address is written as is read as the same address. */
static void tcp_text(const struct zx_addr *a, bool ipv6) {
    char text[ZX_TCP_TEXT_MAX];
    struct zx_tcp_endpoint ep;
    struct zx_addr again;
    FUZZ_CHECK(zx_tcp_address_text(a, text, sizeof text) == 0);
    FUZZ_CHECK(strncmp(text, "tcp://", 6) == 0);
    FUZZ_CHECK(zx_tcp_address_parse(&ep, text + 6, false) == 0);
    FUZZ_CHECK(zx_tcp_address_is_numeric(&ep));
    FUZZ_CHECK(zx_tcp_address_resolve(&ep, ipv6, &again, 1) == 1);
    FUZZ_CHECK(zx_addr_equal(a, &again));
}

/* What is bound to. A name would be asked for: only literals, and interfaces of short names, since
 * asking the system for them takes long. */
static void tcp_local(const struct zx_tcp_endpoint *ep, bool ipv6) {
    enum { SHORT = 4 };
    struct zx_addr a;
    if (ep->any_host || zx_tcp_address_is_numeric(ep)) {
        int rc = zx_tcp_address_bindable(ep, ipv6, &a);
        FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENODEV);
        FUZZ_CHECK(rc || zx_addr_port(&a) == ep->port);
    }
    if (!ep->has_src || ep->any_src_host || strlen(ep->src_host) <= SHORT) {
        int rc = zx_tcp_address_source(ep, ipv6, &a);
        FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENODEV);
        FUZZ_CHECK(rc || zx_addr_port(&a) == ep->src_port);
    }
}

static void tcp(const char *text, bool for_bind, bool ipv6) {
    struct zx_tcp_endpoint ep;
    struct zx_addr found[ADDRESSES];
    int rc = zx_tcp_address_parse(&ep, text, for_bind);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    if (rc)
        return;
    FUZZ_CHECK(memchr(ep.host, 0, sizeof ep.host) && memchr(ep.src_host, 0, sizeof ep.src_host));
    FUZZ_CHECK(!ep.any_port || ep.port == 0);
    FUZZ_CHECK(ep.has_src || !ep.src_host[0]);
    FUZZ_CHECK(for_bind || (!ep.any_port && !ep.any_host));
    tcp_local(&ep, ipv6);
    if (!zx_tcp_address_is_numeric(&ep)) /* would ask the name service */
        return;
    int n = zx_tcp_address_resolve(&ep, ipv6, found, ADDRESSES);
    FUZZ_CHECK(n == -EINVAL || (n > 0 && n <= ADDRESSES));
    for (int i = 0; i < n; i++) {
        FUZZ_CHECK(zx_addr_port(&found[i]) == ep.port);
        tcp_text(&found[i], ipv6);
    }
}

static void ipc(const char *text, bool for_bind) {
    struct zx_ipc_endpoint ep, again;
    char written[ZX_IPC_TEXT_MAX];
    int rc = zx_ipc_address_parse(&ep, text, for_bind);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL || rc == -ENAMETOOLONG);
    if (rc || ep.wildcard)
        return;
    FUZZ_CHECK(zx_ipc_address_text(&ep.addr, written, sizeof written) == 0);
    FUZZ_CHECK(strncmp(written, "ipc://", 6) == 0 && strcmp(written + 6, text) == 0);
    FUZZ_CHECK(zx_ipc_address_parse(&again, written + 6, false) == 0);
    FUZZ_CHECK(zx_addr_equal(&ep.addr, &again.addr));
}

#if ZX_HAVE_VSOCK

static void vsock(const char *text, bool for_bind) {
    struct zx_vsock_address a, again;
    struct zx_addr addr;
    char written[64];
    int rc = zx_vsock_address_parse(&a, text, for_bind);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    if (rc)
        return;
    bool any = a.cid == ZX_VSOCK_ANY || a.port == ZX_VSOCK_ANY;
    FUZZ_CHECK(strchr(text, ':') && (for_bind || !any) && (!a.at || !a.cid));
    zx_addr_from_vsock(&addr, a.cid, a.port);
    FUZZ_CHECK(zx_vsock_address_text("vmci", &addr, (struct zx_iov){written, 64}) == 0);
    FUZZ_CHECK(strncmp(written, "vmci://", 7) == 0);
    FUZZ_CHECK(zx_vsock_address_parse(&again, written + 7, for_bind) == 0);
    FUZZ_CHECK(again.cid == a.cid && again.port == a.port && !again.at);
}

#else

static void vsock(const char *text, bool for_bind) {
    (void)text, (void)for_bind;
}

#endif

#if ZX_HAVE_TIPC

/* What a bind is written as is read as the same, and so is what a socket's id is written as. */
static void tipc(const char *text, bool for_bind) {
    struct zx_tipc_endpoint ep, again;
    struct zx_addr a, b;
    char written[96];
    int rc = zx_tipc_address_parse(&ep, text, for_bind);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    FUZZ_CHECK(rc == 0 || zx_tipc_address_parse(&again, text, for_bind) == rc);
    if (rc || ep.any) {
        FUZZ_CHECK(rc || (for_bind && !strcmp(text, "<*>")));
        return;
    }
    zx_addr_from_tipc(&a, &ep.addr);
    FUZZ_CHECK(zx_tipc_address_text(&a, written, sizeof written) == 0);
    FUZZ_CHECK(strncmp(written, "tipc://", 7) == 0);
    FUZZ_CHECK((ep.addr.kind == ZX_TIPC_RANGE) == for_bind);
    if (ep.addr.kind == ZX_TIPC_SERVICE)
        return;
    FUZZ_CHECK(zx_tipc_address_parse(&again, written + 7, for_bind) == 0);
    zx_addr_from_tipc(&b, &again.addr);
    FUZZ_CHECK(zx_addr_equal(&a, &b));
}

#else

static void tipc(const char *text, bool for_bind) {
    (void)text, (void)for_bind;
}

#endif

static void cidr(const char *text, bool ipv6) {
    static const char *const peers[] = {"127.0.0.1", "::1", "::ffff:10.1.2.3", "fe80::1"};
    struct zx_cidr c;
    int rc = zx_cidr_parse(&c, text, ipv6);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    if (rc)
        return;
    FUZZ_CHECK(c.bits <= 128);
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        struct zx_addr peer;
        FUZZ_CHECK(zx_addr_parse_ip(&peer, peers[i]) == 0);
        bool matches = zx_cidr_match(&c, &peer);
        FUZZ_CHECK(matches || c.bits > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    uint8_t switches = fuzz_byte(&in);
    char *text = malloc(in.left + 1); /* exactly as long as the string could be */
    if (!text)
        abort();
    if (in.left)
        memcpy(text, in.data, in.left);
    text[in.left] = 0;
    tcp(text, switches & BIND, switches & IPV6);
    ipc(text, switches & BIND);
    vsock(text, switches & BIND);
    tipc(text, switches & BIND);
    cidr(text, switches & IPV6);
    free(text);
    return 0;
}
