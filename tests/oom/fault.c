/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include <errno.h>
#include <execinfo.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>

struct fault *fault;

static atomic_int armed;
static atomic_flag has_failed = ATOMIC_FLAG_INIT;
static struct fault_order order;

void fault_arm(struct fault_order what) {
    void *preload[4];
    (void)backtrace(preload, 4); /* the first one allocates */
    order = what;
    atomic_store(&fault->points, 0);
    atomic_store(&fault->live, 0);
    atomic_store(&fault->fired, 0);
    for (int i = 0; i < FAULT_PLACES; i++)
        atomic_store(&fault->place[i], 0);
    fault->verdict[0] = '\0';
    atomic_store(&armed, 1);
}

void fault_disarm(void) {
    atomic_store(&armed, 0);
}

/* By distances within the program: the same in each of its processes. */
static uint64_t mix(uint64_t h, const void *frame) {
    return (h ^ ((uintptr_t)frame - (uintptr_t)&fault_arm)) * UINT64_C(0x9e3779b97f4a7c15) >> 1 | 1;
}

/* Puts a value into a table of hashes; where it is, or -1 if the table is full. */
static int enter(_Atomic uint64_t *table, int size, uint64_t value) {
    for (int k = 0; k < size; k++) {
        int at = (int)((value + (unsigned)k) % (unsigned)size);
        uint64_t none = 0;
        if (atomic_compare_exchange_strong(&table[at], &none, value) || none == value)
            return at;
    }
    return -1;
}

/* How often system calls are made is up to the clock: of those that come the same way only the
 * first few are points. Ways are told apart by a hash of the stack; a table that is full says that
 * a way is new. The place is the stack's part next to the call. */
static bool is_often(const void *caller, uint64_t *place) {
    enum { FRAMES = 14, NEAR = 2, WAYS = 4096, OFTEN = 3 };
    static _Atomic uint64_t seen[WAYS];
    static atomic_int times[WAYS];
    void *stack[FRAMES];
    uint64_t way = 1;
    int n = backtrace(stack, FRAMES), from = 0;
    while (from < n && stack[from] != caller)
        from++;
    *place = 1;
    for (int i = from; i < n && i < from + NEAR; i++)
        *place = mix(*place, stack[i]);
    for (int i = n; i--;)
        way = mix(way, stack[i]);
    (void)enter(fault->place, FAULT_PLACES, *place);
    int at = enter(seen, WAYS, way);
    return at >= 0 && atomic_fetch_add(&times[at], 1) >= OFTEN;
}

/* Is it this call's turn to fail? Counts it. */
static bool is_due(const void *caller) {
    uint64_t place = 0;
    bool counts = order.kind == FAULT_MEMORY || !is_often(caller, &place);
    long point = counts ? atomic_fetch_add(&fault->points, 1) : -1;
    if (order.place ? place != order.place : !counts || point != order.point)
        return false;
    if (atomic_flag_test_and_set(&has_failed))
        return false;
    fault->failed_at = place;
    return true;
}

/* The errno a call shall fail with, or 0. */
static int refuse(enum fault_kind which, const char *function, const void *caller, const int *errs,
                  int n) {
    if (!atomic_load_explicit(&armed, memory_order_relaxed) || which != order.kind ||
        !is_due(caller))
        return 0;
    fault->err = errs[order.variant % n];
    fault->variants = n;
    fault->depth = backtrace(fault->stack, FAULT_DEPTH);
    snprintf(fault->function, sizeof fault->function, "%s", function);
    atomic_store(&fault->fired, 1);
    return fault->err;
}

#define REFUSE(which, function, ...)                                                               \
    refuse(which, function, __builtin_return_address(0), (const int[]){__VA_ARGS__},               \
           (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int)))

/* True, and errno set, if the call is to fail. */
#define FAILS(...) ((errno_of = REFUSE(FAULT_SYSTEM, __VA_ARGS__)) ? (errno = errno_of, 1) : 0)

/* ---- memory ---- */

#define WRAP(type, name, ...)                                                                      \
    type __wrap_##name(__VA_ARGS__);                                                               \
    type __real_##name(__VA_ARGS__);                                                               \
    type __wrap_##name(__VA_ARGS__)

static bool no_memory(const char *function) {
    if (!REFUSE(FAULT_MEMORY, function, ENOMEM))
        return false;
    errno = ENOMEM;
    return true;
}

static void *born(void *p) {
    atomic_fetch_add_explicit(&fault->live, p != NULL, memory_order_relaxed);
    return p;
}

WRAP(void *, malloc, size_t size) {
    return no_memory("malloc") ? NULL : born(__real_malloc(size));
}

WRAP(void *, calloc, size_t n, size_t size) {
    return no_memory("calloc") ? NULL : born(__real_calloc(n, size));
}

WRAP(void *, aligned_alloc, size_t align, size_t size) {
    return no_memory("aligned_alloc") ? NULL : born(__real_aligned_alloc(align, size));
}

WRAP(void *, realloc, void *p, size_t size) {
    if (no_memory("realloc"))
        return NULL;
    void *q = __real_realloc(p, size);
    return p ? q : born(q);
}

WRAP(char *, strdup, const char *s) {
    return no_memory("strdup") ? NULL : born(__real_strdup(s));
}

WRAP(void, free, void *p) {
    atomic_fetch_sub_explicit(&fault->live, p != NULL, memory_order_relaxed);
    __real_free(p);
}

/* ---- the system ---- */

WRAP(int, socket, int domain, int type, int protocol) {
    int errno_of;
    return FAILS("socket", EMFILE, ENOBUFS) ? -1 : __real_socket(domain, type, protocol);
}

WRAP(int, bind, int fd, const struct sockaddr *a, socklen_t n) {
    int errno_of;
    return FAILS("bind", ENOMEM, EADDRINUSE) ? -1 : __real_bind(fd, a, n);
}

WRAP(int, listen, int fd, int backlog) {
    int errno_of;
    return FAILS("listen", EADDRINUSE) ? -1 : __real_listen(fd, backlog);
}

WRAP(int, accept4, int fd, struct sockaddr *a, socklen_t *n, int flags) {
    int errno_of;
    return FAILS("accept4", EMFILE, ENOMEM, ECONNABORTED) ? -1 : __real_accept4(fd, a, n, flags);
}

WRAP(int, connect, int fd, const struct sockaddr *a, socklen_t n) {
    int errno_of;
    return FAILS("connect", ECONNREFUSED, ENETUNREACH, EAGAIN) ? -1 : __real_connect(fd, a, n);
}

WRAP(int, setsockopt, int fd, int level, int name, const void *value, socklen_t n) {
    int errno_of;
    return FAILS("setsockopt", ENOMEM) ? -1 : __real_setsockopt(fd, level, name, value, n);
}

WRAP(int, getsockopt, int fd, int level, int name, void *value, socklen_t *n) {
    int errno_of;
    return FAILS("getsockopt", ENOBUFS) ? -1 : __real_getsockopt(fd, level, name, value, n);
}

WRAP(int, getsockname, int fd, struct sockaddr *a, socklen_t *n) {
    int errno_of;
    return FAILS("getsockname", ENOBUFS) ? -1 : __real_getsockname(fd, a, n);
}

WRAP(int, getpeername, int fd, struct sockaddr *a, socklen_t *n) {
    int errno_of;
    return FAILS("getpeername", ENOTCONN, ENOBUFS) ? -1 : __real_getpeername(fd, a, n);
}

WRAP(ssize_t, send, int fd, const void *data, size_t size, int flags) {
    int errno_of;
    return FAILS("send", ECONNRESET, ENOBUFS) ? -1 : __real_send(fd, data, size, flags);
}

WRAP(ssize_t, sendmsg, int fd, const struct msghdr *m, int flags) {
    int errno_of;
    return FAILS("sendmsg", ECONNRESET, ENOMEM) ? -1 : __real_sendmsg(fd, m, flags);
}

WRAP(ssize_t, recv, int fd, void *data, size_t size, int flags) {
    int errno_of;
    return FAILS("recv", ECONNRESET, ENOMEM) ? -1 : __real_recv(fd, data, size, flags);
}

WRAP(ssize_t, recvmsg, int fd, struct msghdr *m, int flags) {
    int errno_of;
    return FAILS("recvmsg", ECONNRESET, ENOMEM) ? -1 : __real_recvmsg(fd, m, flags);
}

WRAP(int, sendmmsg, int fd, struct mmsghdr *m, unsigned n, int flags) {
    int errno_of;
    return FAILS("sendmmsg", ENETUNREACH, ENOMEM) ? -1 : __real_sendmmsg(fd, m, n, flags);
}

WRAP(int, recvmmsg, int fd, struct mmsghdr *m, unsigned n, int flags, struct timespec *t) {
    int errno_of;
    return FAILS("recvmmsg", ECONNREFUSED, ENOMEM) ? -1 : __real_recvmmsg(fd, m, n, flags, t);
}

WRAP(int, epoll_create1, int flags) {
    int errno_of;
    return FAILS("epoll_create1", EMFILE, ENOMEM) ? -1 : __real_epoll_create1(flags);
}

/* Only adding needs memory. */
WRAP(int, epoll_ctl, int set, int op, int fd, struct epoll_event *ev) {
    int errno_of;
    if (op == EPOLL_CTL_ADD && FAILS("epoll_ctl", ENOMEM, ENOSPC))
        return -1;
    return __real_epoll_ctl(set, op, fd, ev);
}

WRAP(int, epoll_wait, int set, struct epoll_event *ev, int n, int timeout) {
    int errno_of;
    return FAILS("epoll_wait", EINTR) ? -1 : __real_epoll_wait(set, ev, n, timeout);
}

/* Made by number: only waiting with nanoseconds, which old kernels and filters do not know. */
WRAP(long, syscall, long number, ...) {
    int errno_of;
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number == SYS_epoll_pwait2 && FAILS("epoll_pwait2", EINTR, ENOSYS))
        return -1;
    return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

WRAP(int, getifaddrs, struct ifaddrs **list) {
    int errno_of;
    return FAILS("getifaddrs", ENOMEM, ECONNREFUSED) ? -1 : __real_getifaddrs(list);
}

WRAP(int, ppoll, struct pollfd *fds, nfds_t n, const struct timespec *timeout,
     const sigset_t *mask) {
    int errno_of;
    return FAILS("ppoll", ENOMEM, EINTR) ? -1 : __real_ppoll(fds, n, timeout, mask);
}

WRAP(int, eventfd, unsigned initial, int flags) {
    int errno_of;
    return FAILS("eventfd", EMFILE, ENOMEM) ? -1 : __real_eventfd(initial, flags);
}

WRAP(char *, mkdtemp, char *template) {
    int errno_of;
    return FAILS("mkdtemp", ENOSPC) ? NULL : __real_mkdtemp(template);
}

WRAP(int, pthread_create, pthread_t *t, const pthread_attr_t *attr, void *(*fn)(void *),
     void *arg) {
    int err = REFUSE(FAULT_SYSTEM, "pthread_create", EAGAIN);
    return err ? err : __real_pthread_create(t, attr, fn, arg);
}

WRAP(int, getaddrinfo, const char *host, const char *service, const struct addrinfo *hints,
     struct addrinfo **out) {
    int errno_of;
    return FAILS("getaddrinfo", ENOMEM) ? EAI_MEMORY
                                        : __real_getaddrinfo(host, service, hints, out);
}
