/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "table.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
unsigned standin_switches;

static struct entry table[FD_MAX];
static pthread_cond_t gone = PTHREAD_COND_INITIALIZER;
static unsigned births;

/* ---- the calls underneath ------------------------------------------------------ */

static struct real calls;
static pthread_once_t found = PTHREAD_ONCE_INIT;

static void find(void *slot, const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    memcpy(slot, &symbol, sizeof symbol);
}

static void find_all(void) {
    find(&calls.socket, "socket");
    find(&calls.bind, "bind");
    find(&calls.listen, "listen");
    find(&calls.accept4, "accept4");
    find(&calls.connect, "connect");
    find(&calls.getsockname, "getsockname");
    find(&calls.getpeername, "getpeername");
    find(&calls.setsockopt, "setsockopt");
    find(&calls.getsockopt, "getsockopt");
    find(&calls.close, "close");
    find(&calls.ioctl, "ioctl");
    find(&calls.open, "open");
}

const struct real *real(void) {
    pthread_once(&found, find_all);
    return &calls;
}

int refuse_with(int err) {
    errno = err;
    return -1;
}

/* ---- descriptors ----------------------------------------------------------------- */

struct entry *entry_of(int fd) {
    return &table[fd];
}

int standin_family(int fd) {
    if (fd < 0 || fd >= FD_MAX)
        return 0;
    pthread_mutex_lock(&table_lock);
    int family = table[fd].family;
    pthread_mutex_unlock(&table_lock);
    return family;
}

static void enter(int fd, const struct entry *e) {
    pthread_mutex_lock(&table_lock);
    table[fd] = *e;
    table[fd].birth = ++births;
    pthread_mutex_unlock(&table_lock);
}

static void forget(int fd) {
    pthread_mutex_lock(&table_lock);
    if (table[fd].family) {
        table[fd] = (struct entry){0};
        pthread_cond_broadcast(&gone);
    }
    pthread_mutex_unlock(&table_lock);
}

/* ---- names ------------------------------------------------------------------------ */

static char machine[40];
static pthread_once_t machine_known = PTHREAD_ONCE_INIT;

static void know_machine(void) {
    const char *set = getenv("ZX_STANDIN");
    if (set && *set) {
        snprintf(machine, sizeof machine, "%s", set);
        return;
    }
    snprintf(machine, sizeof machine, "%d-%lx", (int)getpid(), (unsigned long)time(NULL));
    setenv("ZX_STANDIN", machine, 1);
}

/* Before main, so that children are of the same machine. */
__attribute__((constructor)) static void begin(void) {
    pthread_once(&machine_known, know_machine);
}

void name_of(char *name, char kind, const char *rest) {
    pthread_once(&machine_known, know_machine);
    snprintf(name, NAME_MAX_LEN, "zx-standin-%c/%s/%s", kind, machine, rest);
}

static socklen_t fill(struct sockaddr_un *un, const char *name) {
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(un->sun_path + 1, name, len);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

int name_bind(int fd, const char *name) {
    struct sockaddr_un un;
    socklen_t n = fill(&un, name);
    return real()->bind(fd, (struct sockaddr *)&un, n);
}

int name_connect(int fd, const char *name) {
    struct sockaddr_un un;
    socklen_t n = fill(&un, name);
    return real()->connect(fd, (struct sockaddr *)&un, n) ? errno : 0;
}

bool name_get(int fd, bool peer, char kind, char *rest) {
    struct sockaddr_un un = {0};
    socklen_t n = sizeof un - 1;
    char prefix[NAME_MAX_LEN];
    int rc = peer ? real()->getpeername(fd, (struct sockaddr *)&un, &n)
                  : real()->getsockname(fd, (struct sockaddr *)&un, &n);
    name_of(prefix, kind, "");
    if (rc || strncmp(un.sun_path + 1, prefix, strlen(prefix)) != 0)
        return false;
    snprintf(rest, NAME_MAX_LEN, "%s", un.sun_path + 1 + strlen(prefix));
    return true;
}

bool name_each(char kind, bool (*fn)(const char *rest, bool listening, void *arg), void *arg) {
    enum { LISTENS = 0x10000 };
    char prefix[NAME_MAX_LEN], line[300];
    bool done = false;
    FILE *f = fopen("/proc/net/unix", "r");
    name_of(prefix, kind, "");
    while (f && !done && fgets(line, sizeof line, f)) {
        unsigned flags;
        char *at = strchr(line, '@');
        line[strcspn(line, "\n")] = '\0';
        if (!at || strncmp(at + 1, prefix, strlen(prefix)) != 0)
            continue;
        if (sscanf(line, "%*s %*x %*x %x", &flags) == 1)
            done = fn(at + 1 + strlen(prefix), flags & LISTENS, arg);
    }
    if (f)
        fclose(f);
    return done;
}

/* ---- connecting --------------------------------------------------------------------- */

static bool may_block(int fd) {
    return !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

int connect_result(int fd, int err) {
    if (may_block(fd))
        return err ? refuse_with(err) : 0;
    pthread_mutex_lock(&table_lock);
    table[fd].pending = err;
    pthread_mutex_unlock(&table_lock);
    return refuse_with(EINPROGRESS);
}

struct silence {
    int fd, held; /* the second is our own */
    unsigned birth;
    struct timespec until;
};

/* Nobody answers: after the time the descriptor is writable, and SO_ERROR says why. */
static void *keep_silent(void *arg) {
    struct silence *s = arg;
    uint64_t drained;
    int rc = 0;
    pthread_mutex_lock(&table_lock);
    while (table[s->fd].birth == s->birth && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&gone, &table_lock, &s->until);
    if (table[s->fd].birth == s->birth) {
        table[s->fd].pending = ETIMEDOUT;
        (void)!read(s->held, &drained, sizeof drained);
    }
    pthread_mutex_unlock(&table_lock);
    real()->close(s->held);
    free(s);
    return NULL;
}

/* A full eventfd is never writable, like a socket that waits for an answer. */
int connect_silent(int fd) {
    uint64_t full = UINT64_MAX - 1;
    pthread_t thread;
    int silent = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct silence *s = calloc(1, sizeof *s);
    if (silent < 0 || !s || write(silent, &full, sizeof full) < 0 ||
        dup3(silent, fd, O_CLOEXEC) < 0)
        abort();
    clock_gettime(CLOCK_REALTIME, &s->until);
    pthread_mutex_lock(&table_lock);
    int64_t ns = s->until.tv_nsec + (int64_t)table[fd].timeout_ms * 1000000;
    s->until.tv_sec += (time_t)(ns / 1000000000);
    s->until.tv_nsec = (long)(ns % 1000000000);
    s->fd = fd;
    s->held = silent;
    s->birth = table[fd].birth;
    table[fd].silent = true;
    pthread_mutex_unlock(&table_lock);
    if (pthread_create(&thread, NULL, keep_silent, s))
        abort();
    pthread_detach(thread);
    return refuse_with(EINPROGRESS);
}

void give_address(struct sockaddr *to, socklen_t *n, const void *from, size_t size) {
    if (!to || !n)
        return;
    memcpy(to, from, *n < size ? *n : size);
    *n = (socklen_t)size;
}

/* ---- the calls above ------------------------------------------------------------------ */

/* Others of the C library's declarations have attributes that ours need not repeat. */
#define EXPORT __attribute__((visibility("default")))

EXPORT void standin_set(unsigned switches) {
    pthread_mutex_lock(&table_lock);
    standin_switches = switches;
    pthread_mutex_unlock(&table_lock);
}

EXPORT int socket(int domain, int type, int protocol) {
    if (domain != AF_VSOCK && domain != AF_TIPC)
        return real()->socket(domain, type, protocol);
    if (standin_switches & STANDIN_NO_FAMILY)
        return refuse_with(EAFNOSUPPORT);
    int fd = real()->socket(AF_UNIX, type, 0);
    struct entry e = {.family = domain};
    if (domain == AF_VSOCK)
        vsock_born(&e);
    if (fd >= 0 && fd < FD_MAX)
        enter(fd, &e);
    return fd;
}

EXPORT int close(int fd) {
    if (fd >= 0 && fd < FD_MAX)
        forget(fd);
    return real()->close(fd);
}

EXPORT int bind(int fd, const struct sockaddr *a, socklen_t n) {
    int family = standin_family(fd);
    if (family == AF_VSOCK)
        return vsock_bind(fd, a, n);
    return family ? tipc_bind(fd, a, n) : real()->bind(fd, a, n);
}

EXPORT int listen(int fd, int backlog) {
    if (standin_family(fd) == AF_TIPC && tipc_listen(fd))
        return -1;
    char rest[NAME_MAX_LEN];
    if (standin_family(fd) == AF_VSOCK && !name_get(fd, false, 'v', rest))
        return refuse_with(EINVAL);
    return real()->listen(fd, backlog);
}

EXPORT int connect(int fd, const struct sockaddr *a, socklen_t n) {
    int family = standin_family(fd);
    if (family == AF_VSOCK)
        return vsock_connect(fd, a, n);
    return family ? tipc_connect(fd, a, n) : real()->connect(fd, a, n);
}

EXPORT int getsockname(int fd, struct sockaddr *a, socklen_t *n) {
    int family = standin_family(fd);
    if (family == AF_VSOCK)
        return vsock_name(fd, false, a, n);
    return family ? tipc_name(fd, false, a, n) : real()->getsockname(fd, a, n);
}

EXPORT int getpeername(int fd, struct sockaddr *a, socklen_t *n) {
    int family = standin_family(fd);
    if (family == AF_VSOCK)
        return vsock_name(fd, true, a, n);
    return family ? tipc_name(fd, true, a, n) : real()->getpeername(fd, a, n);
}

EXPORT int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags) {
    int family = standin_family(fd);
    if (!family)
        return real()->accept4(fd, a, n, flags);
    int got = real()->accept4(fd, NULL, NULL, flags);
    if (got < 0 || got >= FD_MAX)
        return got;
    pthread_mutex_lock(&table_lock);
    struct entry e = table[fd]; /* options are inherited */
    pthread_mutex_unlock(&table_lock);
    e.pending = 0;
    enter(got, &e);
    if (a)
        (void)(family == AF_VSOCK ? vsock_name(got, true, a, n) : tipc_name(got, true, a, n));
    return got;
}

EXPORT int accept(int fd, struct sockaddr *a, socklen_t *n) {
    return accept4(fd, a, n, 0);
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t n) {
    if (level == AF_VSOCK && standin_family(fd) == AF_VSOCK)
        return vsock_set(fd, name, value, n);
    return real()->setsockopt(fd, level, name, value, n);
}

/* The error that connect() left behind. */
static bool take_pending(int fd, int *err) {
    pthread_mutex_lock(&table_lock);
    bool own = table[fd].pending || table[fd].silent;
    *err = table[fd].pending;
    table[fd].pending = 0;
    pthread_mutex_unlock(&table_lock);
    return own;
}

EXPORT int getsockopt(int fd, int level, int name, void *value, socklen_t *n) {
    int err, family = standin_family(fd);
    if (family == AF_VSOCK && level == AF_VSOCK)
        return vsock_get(fd, name, value, n);
    if (family && level == SOL_SOCKET && name == SO_ERROR && *n >= sizeof err &&
        take_pending(fd, &err)) {
        memcpy(value, &err, sizeof err);
        *n = sizeof err;
        return 0;
    }
    return real()->getsockopt(fd, level, name, value, n);
}
