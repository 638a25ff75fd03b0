/* SPDX-License-Identifier: MIT */
#include "transports/pgm_socket.h"

#include <errno.h>
#include <string.h>

#include "core/lock.h"
#include "os/os.h"
#include "zmq.h"

/* Two that begin at once must both find the library ready. */
static struct zx_mutex library;

int zx_pgm_address_parse(struct zx_pgm_endpoint *ep, const char *address) {
    const char *colon = strrchr(address, ':');
    size_t size = colon ? (size_t)(colon - address) : 0;
    uint32_t port = 0;
    if (!size || size >= sizeof ep->network || !colon[1])
        return -EINVAL;
    for (const char *c = colon + 1; *c; c++) {
        if (*c < '0' || *c > '9')
            return -EINVAL;
        port = port * 10 + (uint32_t)(*c - '0');
        if (port > UINT16_MAX)
            return -EINVAL;
    }
    memcpy(ep->network, address, size);
    ep->network[size] = '\0';
    ep->port = (uint16_t)port;
    return port ? 0 : -EINVAL;
}

/* Takes the library's error. */
static int code_of(pgm_error_t *error) {
    int code = error ? error->code : PGM_ERROR_FAILED;
    if (error)
        pgm_error_free(error);
    switch (code) {
    case PGM_ERROR_PERM:
        return -EPERM;
    case PGM_ERROR_MFILE:
    case PGM_ERROR_NFILE:
        return -EMFILE;
    case PGM_ERROR_NOMEM:
    case PGM_ERROR_NOBUFS:
        return -ENOMEM;
    default:
        return -EINVAL;
    }
}

/* ---- options ---- */

static bool set(pgm_sock_t *sock, int option, int value) {
    return pgm_setsockopt(sock, IPPROTO_PGM, option, &value, sizeof value);
}

static int64_t bytes_per_s(const struct zx_conf_multicast *m) {
    return (int64_t)m->rate_kbps * 125;
}

/* Packets that are kept for repair: as many as go out in that time. */
static int window(const struct zx_conf_multicast *m) {
    enum { MAX = 1 << 20 };
    int64_t n = bytes_per_s(m) * m->recovery_ivl_ms / 1000 / m->maxtpdu;
    return n < 1 ? 1 : n > MAX ? MAX : (int)n;
}

/* What is lost before the sender has said who it is (SPM) is given up when the random wait before
 * a request (up to NAK_BO_IVL) is over: it is asked at once who it is, libzmq's 25 ms are late. */
static bool set_receiver(pgm_sock_t *sock, const struct zx_conf_multicast *m) {
    enum { S = 1000000, MS = 1000 };
    return set(sock, PGM_RECV_ONLY, 1) && set(sock, PGM_PASSIVE, 0) &&
           set(sock, PGM_RXW_SQNS, window(m)) && set(sock, PGM_PEER_EXPIRY, 300 * S) &&
           set(sock, PGM_SPMR_EXPIRY, 1) && set(sock, PGM_NAK_BO_IVL, 50 * MS) &&
           set(sock, PGM_NAK_RPT_IVL, 200 * MS) && set(sock, PGM_NAK_RDATA_IVL, 200 * MS) &&
           set(sock, PGM_NAK_DATA_RETRIES, 50) && set(sock, PGM_NAK_NCF_RETRIES, 50);
}

static bool set_sender(pgm_sock_t *sock, const struct zx_conf_multicast *m) {
    static const int heartbeat[] = {100000,  100000,  100000,   100000,  1300000,
                                    7000000, 16000000, 25000000, 30000000};
    int64_t rate = bytes_per_s(m);
    return set(sock, PGM_SEND_ONLY, 1) && set(sock, PGM_TXW_SQNS, window(m)) &&
           set(sock, PGM_ODATA_MAX_RTE, rate < INT32_MAX ? (int)rate : INT32_MAX) &&
           set(sock, PGM_AMBIENT_SPM, 30000000) &&
           pgm_setsockopt(sock, IPPROTO_PGM, PGM_HEARTBEAT_SPM, heartbeat, sizeof heartbeat);
}

static bool set_buffer(pgm_sock_t *sock, int option, int bytes) {
    return bytes < 0 || pgm_setsockopt(sock, SOL_SOCKET, option, &bytes, sizeof bytes);
}

static bool set_before_bind(pgm_sock_t *sock, const struct zx_conf *conf, int port,
                            bool encapsulated) {
    bool is_sender = conf->type == ZMQ_PUB || conf->type == ZMQ_XPUB;
    if (encapsulated && !(set(sock, PGM_UDP_ENCAP_UCAST_PORT, port) &&
                          set(sock, PGM_UDP_ENCAP_MCAST_PORT, port)))
        return false;
    if (!set(sock, PGM_MTU, conf->multicast.maxtpdu) ||
        !set_buffer(sock, SO_RCVBUF, conf->net.rcvbuf) ||
        !set_buffer(sock, SO_SNDBUF, conf->net.sndbuf))
        return false;
    return is_sender ? set_sender(sock, &conf->multicast) : set_receiver(sock, &conf->multicast);
}

/* The reference of the group is one struct with room for a source, or without: versions differ. */
static bool set_group(pgm_sock_t *sock, int option, const struct pgm_group_source_req *group) {
    return pgm_setsockopt(sock, IPPROTO_PGM, option, group, sizeof(struct group_req)) ||
           pgm_setsockopt(sock, IPPROTO_PGM, option, group, sizeof *group);
}

static bool set_after_bind(pgm_sock_t *sock, const struct zx_conf *conf,
                           const struct pgm_addrinfo_t *where) {
    enum { EXPEDITED = 0xb8 };
    for (uint32_t i = 0; i < where->ai_recv_addrs_len; i++)
        if (!set_group(sock, PGM_JOIN_GROUP, &where->ai_recv_addrs[i]))
            return false;
    if (!set_group(sock, PGM_SEND_GROUP, &where->ai_send_addrs[0]))
        return false;
    int hops = conf->multicast.hops < 255 ? conf->multicast.hops : 255;
    bool is_v4 = where->ai_send_addrs[0].gsr_group.ss_family == AF_INET;
    return set(sock, PGM_MULTICAST_LOOP, conf->multicast.loop) &&
           set(sock, PGM_MULTICAST_HOPS, hops) && (!is_v4 || set(sock, PGM_TOS, EXPEDITED)) &&
           set(sock, PGM_NOBLOCK, 1);
}

/* ---- opening ---- */

static int bind_to(pgm_sock_t *sock, const struct pgm_addrinfo_t *where, uint16_t port) {
    struct pgm_sockaddr_t addr = {.sa_port = port};
    struct pgm_interface_req_t iface = {.ir_interface = where->ai_recv_addrs[0].gsr_interface};
    pgm_error_t *error = NULL;
    int rc = zx_os_random(&addr.sa_addr.gsi, sizeof addr.sa_addr.gsi);
    if (rc)
        return rc;
    memcpy(&iface.ir_address, &where->ai_recv_addrs[0].gsr_addr, sizeof iface.ir_address);
    if (!pgm_bind3(sock, &addr, sizeof addr, &iface, sizeof iface, &iface, sizeof iface, &error))
        return code_of(error);
    return 0;
}

static int prepare(pgm_sock_t *sock, const struct zx_conf *conf,
                   const struct pgm_addrinfo_t *where, const struct zx_pgm_endpoint *ep,
                   bool encapsulated) {
    pgm_error_t *error = NULL;
    if (!set_before_bind(sock, conf, ep->port, encapsulated))
        return -EINVAL;
    int rc = bind_to(sock, where, ep->port);
    if (rc)
        return rc;
    if (!set_after_bind(sock, conf, where))
        return -EINVAL;
    return pgm_connect(sock, &error) ? 0 : code_of(error);
}

/* The library asks the name service for an interface's name first, and gives up if that does not
 * answer: it gets the address. Anything that is no interface is left to it. */
static void name_interface(struct zx_pgm_endpoint *ep) {
    char name[sizeof ep->network], host[64];
    struct zx_addr addr;
    const char *semicolon = strchr(ep->network, ';');
    size_t size = semicolon ? (size_t)(semicolon - ep->network) : 0;
    if (!size)
        return;
    memcpy(name, ep->network, size);
    name[size] = '\0';
    enum zx_family family = strchr(semicolon, ':') ? ZX_AF_INET6 : ZX_AF_INET;
    if (zx_os_interface_addr(&addr, name, family) ||
        zx_addr_host_text(&addr, host, sizeof host))
        return;
    if (strlen(host) + strlen(semicolon) >= sizeof name)
        return;
    size = strlen(semicolon) + 1;
    memmove(ep->network + strlen(host), semicolon, size);
    memcpy(ep->network, host, strlen(host));
}

static int open_at(const struct zx_conf *conf, const struct zx_pgm_endpoint *ep,
                   bool encapsulated, pgm_sock_t **out) {
    struct pgm_addrinfo_t *where = NULL;
    pgm_error_t *error = NULL;
    if (!pgm_getaddrinfo(ep->network, NULL, &where, &error)) {
        (void)code_of(error);
        return -EINVAL;
    }
    int rc = 0;
    if (!pgm_socket(out, where->ai_send_addrs[0].gsr_group.ss_family, SOCK_SEQPACKET,
                    encapsulated ? IPPROTO_UDP : IPPROTO_PGM, &error))
        rc = code_of(error);
    else
        rc = prepare(*out, conf, where, ep, encapsulated);
    pgm_freeaddrinfo(where);
    return rc;
}

static void leave_library(void) {
    zx_mutex_lock(&library);
    (void)pgm_shutdown();
    zx_mutex_unlock(&library);
}

int zx_pgm_socket_open(const struct zx_conf *conf, const char *address, bool encapsulated,
                       pgm_sock_t **out) {
    struct zx_pgm_endpoint ep;
    pgm_error_t *error = NULL;
    int rc = zx_pgm_address_parse(&ep, address);
    if (rc)
        return rc;
    *out = NULL;
    name_interface(&ep);
    zx_mutex_lock(&library);
    bool ready = pgm_init(&error);
    zx_mutex_unlock(&library);
    if (!ready)
        return code_of(error);
    rc = open_at(conf, &ep, encapsulated, out);
    if (rc && *out)
        pgm_close(*out, false);
    if (rc)
        leave_library();
    return rc;
}

void zx_pgm_socket_close(pgm_sock_t *sock) {
    pgm_close(sock, true);
    leave_library();
}

/* ---- what the library tells ---- */

int zx_pgm_socket_fd(pgm_sock_t *sock, int which) {
    int fd = -1;
    socklen_t size = sizeof fd;
    return pgm_getsockopt(sock, IPPROTO_PGM, which, &fd, &size) ? fd : -1;
}

uint64_t zx_pgm_socket_time(pgm_sock_t *sock, int which) {
    struct timeval left = {0, 0};
    socklen_t size = sizeof left;
    if (!pgm_getsockopt(sock, IPPROTO_PGM, which, &left, &size))
        return UINT64_C(10000000);
    return (uint64_t)left.tv_sec * 1000000000 + (uint64_t)left.tv_usec * 1000;
}

size_t zx_pgm_socket_room(pgm_sock_t *sock) {
    int room = 0;
    socklen_t size = sizeof room;
    return pgm_getsockopt(sock, IPPROTO_PGM, PGM_MSSS, &room, &size) && room > 0 ? (size_t)room : 0;
}
