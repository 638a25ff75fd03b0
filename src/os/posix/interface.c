/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "os/posix/addr.h"

enum { TRIES = 8 };

static bool is_passing(int code) {
    return code == ECONNREFUSED || code == EAGAIN || code == EINTR || code == EBUSY;
}

/* The kernel's answer can be refused for a moment while interfaces come and go: try again after
 * 1, 2, 4 ... ms, 127 ms in all. */
static int list_interfaces(struct ifaddrs **list) {
    uint64_t pause_ns = ZX_NS_PER_MS;
    for (int i = 1; getifaddrs(list) != 0; i++) {
        int rc = zx_posix_error();
        if (!is_passing(-rc))
            return rc;
        if (i == TRIES)
            return -ENODEV;
        struct timespec ts = zx_posix_timespec(pause_ns);
        nanosleep(&ts, NULL);
        pause_ns *= 2;
    }
    return 0;
}

static size_t sa_size(int af) {
    return af == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

int zx_os_interface_addr(struct zx_addr *a, const char *name, enum zx_family f) {
    int af = zx_posix_af(f);
    if (af != AF_INET && af != AF_INET6)
        return -ENODEV;
    struct ifaddrs *list = NULL;
    int rc = list_interfaces(&list);
    if (rc)
        return rc;
    rc = -ENODEV;
    for (struct ifaddrs *i = list; i && rc; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == af && !strcmp(i->ifa_name, name))
            rc = zx_posix_addr_store(a, i->ifa_addr, sa_size(af));
    freeifaddrs(list);
    return rc;
}

unsigned zx_os_interface_index(const char *name) {
    return if_nametoindex(name);
}
