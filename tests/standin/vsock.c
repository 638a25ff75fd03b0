/* SPDX-License-Identifier: MIT */
/* AF_VSOCK. A name's rest is "port/cid". */
#define _GNU_SOURCE
#include "table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define ANY UINT32_MAX

enum { LOCAL = 1, HOST = 2, KERNELS_TIMEOUT_MS = 2000, GET_CID = 0x7b9 };

struct vm {
    uint16_t family, reserved;
    uint32_t port, cid;
    uint8_t flags, zero[3];
};

static bool has(unsigned what) {
    pthread_mutex_lock(&table_lock);
    bool on = standin_switches & what;
    pthread_mutex_unlock(&table_lock);
    return on;
}

/* ---- names --------------------------------------------------------------------------- */

static void name_place(char *name, uint32_t cid, uint32_t port) {
    char rest[NAME_MAX_LEN];
    snprintf(rest, sizeof rest, "%u/%u", (unsigned)port, (unsigned)cid);
    name_of(name, 'v', rest);
}

static bool place_of(int fd, bool peer, uint32_t *cid, uint32_t *port) {
    char rest[NAME_MAX_LEN];
    unsigned p, c;
    if (!name_get(fd, peer, 'v', rest) || sscanf(rest, "%u/%u", &p, &c) != 2)
        return false;
    *cid = c;
    *port = p;
    return true;
}

static bool collides(const char *rest, bool listening, void *arg) {
    const struct vm *want = arg;
    unsigned port, cid;
    return listening && sscanf(rest, "%u/%u", &port, &cid) == 2 && port == want->port &&
           (cid == want->cid || cid == ANY || want->cid == ANY);
}

/* Ports of the system's choice are those above the ones that need privileges. */
static int bind_any(int fd, uint32_t cid) {
    static uint32_t next;
    char name[NAME_MAX_LEN];
    for (int tries = 0; tries < 1000; tries++) {
        pthread_mutex_lock(&table_lock);
        if (!next)
            next = 0x10000000u + ((uint32_t)getpid() & 0xffff) * 4096;
        uint32_t port = next++;
        pthread_mutex_unlock(&table_lock);
        name_place(name, cid, port);
        if (!name_bind(fd, name))
            return 0;
        if (errno != EADDRINUSE)
            return -1;
    }
    return refuse_with(EADDRNOTAVAIL);
}

/* ---- calls ------------------------------------------------------------------------------ */

void vsock_born(struct entry *e) {
    e->max = e->size = 262144;
    e->min = 128;
    e->timeout_ms = KERNELS_TIMEOUT_MS;
}

static bool take(struct vm *vm, const struct sockaddr *a, socklen_t n) {
    if (n < sizeof *vm)
        return false;
    memcpy(vm, a, sizeof *vm);
    return vm->family == AF_VSOCK && !vm->reserved;
}

int vsock_bind(int fd, const struct sockaddr *a, socklen_t n) {
    struct vm vm;
    char name[NAME_MAX_LEN];
    if (!take(&vm, a, n))
        return refuse_with(EINVAL);
    if (vm.cid != ANY && vm.cid != STANDIN_CID &&
        (vm.cid != LOCAL || has(STANDIN_NO_LOOPBACK)))
        return refuse_with(EADDRNOTAVAIL);
    if (vm.port == ANY)
        return bind_any(fd, vm.cid);
    if (vm.port < 1024 && has(STANDIN_NO_PRIVILEGE))
        return refuse_with(EACCES);
    if (name_each('v', collides, &vm))
        return refuse_with(EADDRINUSE);
    name_place(name, vm.cid, vm.port);
    return name_bind(fd, name);
}

int vsock_connect(int fd, const struct sockaddr *a, socklen_t n) {
    struct vm vm;
    uint32_t cid, port;
    char name[NAME_MAX_LEN];
    if (!take(&vm, a, n))
        return refuse_with(EINVAL);
    if (vm.cid == STANDIN_CID && has(STANDIN_NO_LOOPBACK))
        return refuse_with(ENODEV);
    if (vm.cid == HOST)
        return connect_result(fd, ECONNRESET);
    if (vm.cid != STANDIN_CID && (vm.cid != LOCAL || has(STANDIN_NO_LOOPBACK)))
        return connect_silent(fd);
    if (!place_of(fd, false, &cid, &port) && bind_any(fd, vm.cid))
        return -1;
    name_place(name, vm.cid, vm.port);
    int err = name_connect(fd, name);
    if (err == ECONNREFUSED) {
        name_place(name, ANY, vm.port);
        err = name_connect(fd, name);
    }
    /* Nobody there and nobody free are the same answer. */
    return connect_result(fd, err == ECONNREFUSED || err == EAGAIN ? ECONNRESET : err);
}

int vsock_name(int fd, bool peer, struct sockaddr *a, socklen_t *n) {
    struct vm vm = {.family = AF_VSOCK, .port = ANY, .cid = ANY};
    uint32_t theirs, port;
    bool connected = place_of(fd, true, &theirs, &port);
    if (peer && !connected)
        return refuse_with(ENOTCONN);
    (void)place_of(fd, peer, &vm.cid, &vm.port);
    /* Accepted: both ends are on this machine. */
    if (!peer && connected && vm.cid == ANY)
        vm.cid = theirs;
    give_address(a, n, &vm, sizeof vm);
    return 0;
}

/* ---- options ------------------------------------------------------------------------------ */

enum { SIZE = 0, MIN = 1, MAX = 2, CONNECT_TIMEOUT = 6 };

static char options[1000];

static void note(const char *name, unsigned long long value, const char *unit) {
    size_t used = strlen(options);
    snprintf(options + used, sizeof options - used, "%s=%llu%s ", name, value, unit);
}

EXPORT const char *standin_options(void) {
    static char taken[sizeof options];
    pthread_mutex_lock(&table_lock);
    memcpy(taken, options, sizeof options);
    options[0] = '\0';
    pthread_mutex_unlock(&table_lock);
    return taken;
}

/* The size always lies between what the others are at that moment. */
static int set_bytes(struct entry *e, int name, uint64_t value) {
    static const char *const names[] = {"size", "min", "max"};
    note(names[name], value, "");
    *(name == MAX ? &e->max : name == MIN ? &e->min : &e->size) = value;
    e->size = e->size > e->max ? e->max : e->size < e->min ? e->min : e->size;
    return 0;
}

static int set_timeout(struct entry *e, const void *value, socklen_t n) {
    struct {
        long s, us;
    } t;
    if (n < sizeof t)
        return EINVAL;
    memcpy(&t, value, sizeof t);
    if (t.s < 0 || t.us < 0 || t.us >= 1000000)
        return ERANGE;
    e->timeout_ms = t.s || t.us ? (int)(t.s * 1000 + t.us / 1000) : KERNELS_TIMEOUT_MS;
    note("timeout", (unsigned long long)e->timeout_ms, "ms");
    return 0;
}

int vsock_set(int fd, int name, const void *value, socklen_t n) {
    uint64_t bytes;
    int err = ENOPROTOOPT;
    pthread_mutex_lock(&table_lock);
    struct entry *e = entry_of(fd);
    if (name >= SIZE && name <= MAX && n >= sizeof bytes) {
        memcpy(&bytes, value, sizeof bytes);
        err = set_bytes(e, name, bytes);
    } else if (name == CONNECT_TIMEOUT) {
        err = set_timeout(e, value, n);
    }
    pthread_mutex_unlock(&table_lock);
    return err ? refuse_with(err) : 0;
}

int vsock_get(int fd, int name, void *value, socklen_t *n) {
    uint64_t bytes = 0;
    if (name < SIZE || name > MAX || *n < sizeof bytes)
        return refuse_with(ENOPROTOOPT);
    pthread_mutex_lock(&table_lock);
    const struct entry *e = entry_of(fd);
    bytes = name == MAX ? e->max : name == MIN ? e->min : e->size;
    pthread_mutex_unlock(&table_lock);
    memcpy(value, &bytes, sizeof bytes);
    *n = sizeof bytes;
    return 0;
}

/* ---- the device ------------------------------------------------------------------------------ */

int ioctl(int fd, unsigned long request, ...); /* not in the headers above */

EXPORT int ioctl(int fd, unsigned long request, ...) {
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    if (request != GET_CID)
        return real()->ioctl(fd, request, arg);
    *(unsigned *)arg = has(STANDIN_NO_CID) ? ANY : STANDIN_CID;
    return 0;
}

static int open_for(const char *path, int flags, mode_t mode) {
    if (strcmp(path, "/dev/vsock") != 0)
        return real()->open(path, flags, mode);
    return has(STANDIN_NO_DEVICE) ? refuse_with(ENOENT) : real()->open("/dev/null", flags);
}

EXPORT int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_for(path, flags, mode);
}

EXPORT int open64(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
    va_end(args);
    return open_for(path, flags | O_LARGEFILE, mode);
}
