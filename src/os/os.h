/* SPDX-License-Identifier: MIT */
/*
 * The contract with the operating system.
 *
 * What: everything the library asks of its platform: clock, randomness, poll
 *   sets, wake-ups, futexes, threads, sockets, name resolution. The only place
 *   below which platform `#if` may stand.
 * Owner: every object here belongs to its caller; each function says if it may
 *   be called from several threads at once.
 * Life: init/fini pairs; fini is safe on a half-made or zeroed object.
 * Never: sets errno for its caller, aborts, raises SIGPIPE, retries for ever,
 *   or leaks a descriptor into an exec'ed program (all are close-on-exec).
 *
 * Every function that can fail returns 0 (or a count >= 0) or a negative errno
 * number (-EAGAIN, -EMFILE ...). EINTR is reported only where stated.
 */
#ifndef ZX_OS_H
#define ZX_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>

/* ---- clock, randomness, processors ------------------------------------ */

/* Monotonic time in nanoseconds. Any thread. */
uint64_t zx_os_now_ns(void);
/* Fills buf from the system's generator. 0 or -errno. */
int zx_os_random(void *buf, size_t size);
/* Processors this process may run on, at least 1 (cached). */
unsigned zx_os_cpus(void);
/* Tells the processor that this is a spin loop. */
void zx_os_cpu_relax(void);
void zx_os_yield(void);
/* Environment variable as a non-negative number, or dflt if absent or malformed. */
long zx_os_env_number(const char *name, long dflt);

/* ---- fork ------------------------------------------------------------- */

/* Generation of this process: changes in a forked child (one byte of
 * MADV_WIPEONFORK memory where there is such a thing, else the pid kept by
 * pthread_atfork). Cheap: one load. Call zx_os_fork_init once first. */
int zx_os_fork_init(void);
uint32_t zx_os_fork_generation(void);

/* Has fn called in each child of fork() from now on, before anything else runs there: for locks
 * that a thread of the parent may have held. Idempotent; at most 8 functions. */
void zx_os_on_fork(void (*fn)(void));

/* The same as last seen, in one plain load for the path of every call: a child made by fork()
 * has its own from the start. */
extern atomic_uint zx_os_process;
static inline bool zx_os_is_process(uint32_t generation) {
    return atomic_load_explicit(&zx_os_process, memory_order_relaxed) == generation;
}

/* ---- barriers --------------------------------------------------------- */

/* Registers for process-wide expedited barriers; true where there are some.
 * May take 10 ms when threads run: call it from a background thread. */
bool zx_os_membarrier_init(void);
/* Full barrier on every running thread of the process; only after init said true. */
void zx_os_membarrier(void);

/* ---- futex: pure in-process waits ------------------------------------- */

/* Sleeps while *word == expected, at most timeout_ns (always finite so that a
 * signal handler installed with SA_RESTART still interrupts it: the implementation
 * passes a timeout to the kernel). 0 woken or changed, -ETIMEDOUT, -EINTR. */
int zx_os_futex_wait(atomic_uint *word, unsigned expected, uint64_t timeout_ns);
void zx_os_futex_wake(atomic_uint *word, int count);

/* ---- event: a wake-up that a poll set can hold ------------------------- */

struct zx_event {
    int rfd; /* poll this for reading */
    int wfd; /* == rfd with eventfd; the pipe's other end else */
};

int zx_event_init(struct zx_event *ev); /* -EMFILE, -ENFILE, -ENOMEM */
void zx_event_fini(struct zx_event *ev);
void zx_event_signal(struct zx_event *ev); /* never blocks; any thread */
bool zx_event_drain(struct zx_event *ev);  /* never blocks; true if a signal was there */

/* ---- poll set --------------------------------------------------------- */

#define ZX_POLL_IN 1u
#define ZX_POLL_OUT 2u
#define ZX_POLL_ERR 4u     /* reported only: error or hang-up */
#define ZX_POLL_PRI 8u
#define ZX_POLL_EDGE 16u   /* edge-triggered */
#define ZX_POLL_ONESHOT 32u

struct zx_pollset {
    int fd; /* epoll or kqueue descriptor, itself pollable for reading; -1 if unmade */
};

struct zx_poll_event {
    uint64_t key;
    unsigned events; /* ZX_POLL_IN | OUT | ERR */
};

int zx_pollset_init(struct zx_pollset *ps);
void zx_pollset_fini(struct zx_pollset *ps);
int zx_pollset_add(struct zx_pollset *ps, int fd, unsigned events, uint64_t key);
int zx_pollset_mod(struct zx_pollset *ps, int fd, unsigned events, uint64_t key);
int zx_pollset_del(struct zx_pollset *ps, int fd);
/* Waits at most timeout_ns (UINT64_MAX: for ever; 0: looks once) with nanosecond
 * resolution where the system has it (epoll_pwait2), else rounded up to ms.
 * Number of events, 0 on timeout, -EINTR, -errno. */
int zx_pollset_wait(struct zx_pollset *ps, struct zx_poll_event *evs, int n, uint64_t timeout_ns);

/* Plain poll over n descriptors with an optional signal mask (may be NULL);
 * fd < 0 is skipped. revents gets ZX_POLL_*; ERR also for a closed descriptor. */
struct zx_os_pollfd {
    int fd;
    unsigned events;
    unsigned revents;
};
int zx_os_poll(struct zx_os_pollfd *fds, size_t n, uint64_t timeout_ns, const sigset_t *mask);

/* ---- threads ---------------------------------------------------------- */

struct zx_thread {
    uintptr_t handle; /* pthread_t */
    bool running;
};

struct zx_thread_conf {
    const char *name;     /* cut at 15 characters */
    int priority;         /* -1: leave alone */
    int sched_policy;     /* -1: leave alone */
    const int *cpus;      /* affinity, n_cpus numbers */
    size_t n_cpus;
};

/* Starts a thread with all signals blocked. Name, priority, policy and affinity
 * are best effort. 0 or -EAGAIN/-ENOMEM. */
int zx_thread_start(struct zx_thread *t, const struct zx_thread_conf *conf, void (*fn)(void *),
                    void *arg);
void zx_thread_join(struct zx_thread *t);
/* The same for a thread that nobody joins. */
int zx_thread_start_detached(const struct zx_thread_conf *conf, void (*fn)(void *), void *arg);
/* The calling thread's timer slack (Linux), so that short sleeps are short. */
void zx_thread_timer_slack_ns(uint64_t ns);
/* A number unique among living threads, never 0, cheap. */
uintptr_t zx_thread_self(void);
/* The same for the path of every call: the address of a variable of the thread, found in one
 * instruction (initial-exec: the few bytes fit what loaders keep for libraries opened late). */
#if defined(__GNUC__)
#define ZX_OS_FAST_TLS __attribute__((tls_model("initial-exec")))
#else
#define ZX_OS_FAST_TLS
#endif
extern _Thread_local char zx_os_thread_mark ZX_OS_FAST_TLS;
static inline uintptr_t zx_os_self(void) {
    return (uintptr_t)&zx_os_thread_mark;
}

/* ---- addresses -------------------------------------------------------- */

/* A socket address of any family; big enough for sockaddr_un. */
struct zx_addr {
    uint32_t len;
    _Alignas(8) unsigned char sa[128];
};

enum zx_family {
    ZX_AF_NONE,
    ZX_AF_INET,
    ZX_AF_INET6,
    ZX_AF_UNIX,
    ZX_AF_VSOCK, /* see os/vsock.h */
    ZX_AF_TIPC,  /* see os/tipc.h */
    ZX_AF_OTHER
};

enum zx_family zx_addr_family(const struct zx_addr *a);
uint16_t zx_addr_port(const struct zx_addr *a);
void zx_addr_set_port(struct zx_addr *a, uint16_t port);
bool zx_addr_equal(const struct zx_addr *a, const struct zx_addr *b);
/* Numeric literal (no brackets), IPv4 or IPv6 with optional %zone (name or number). -EINVAL. */
int zx_addr_parse_ip(struct zx_addr *a, const char *text);
/* IPv4 literal or address as v4-mapped IPv6. */
void zx_addr_map_v4(struct zx_addr *a);
/* The other way: a v4-mapped IPv6 address as IPv4. Leaves any other alone. */
void zx_addr_unmap_v4(struct zx_addr *a);
/* ANY address of the family. */
void zx_addr_any(struct zx_addr *a, enum zx_family f);
/* Numeric host text without port and brackets ("127.0.0.1", "::ffff:1.2.3.4", "fe80::1%eth0");
 * a zone that is no interface (any more) stays a number. -ENOSPC, -EINVAL (no IP address). */
int zx_addr_host_text(const struct zx_addr *a, char *buf, size_t size);
/* "1.2.3.4:5", "[::1]:5": literals only, size bytes, with or without a NUL at the end. -EINVAL. */
int zx_addr_parse_ip_port(struct zx_addr *a, const char *text, size_t size);
/* The other way, a mapped address in its IPv4 form. Length without the NUL; -ENOSPC, -EINVAL. */
int zx_addr_ip_port_text(const struct zx_addr *a, char *buf, size_t size);
bool zx_addr_is_multicast(const struct zx_addr *a); /* of IPv4 or IPv6 */
unsigned zx_addr_scope(const struct zx_addr *a);    /* IPv6: number of the zone; else 0 */
/* Raw bytes and bit length of the address for CIDR matching: 4 or 16 bytes; 0 if none. */
size_t zx_addr_bytes(const struct zx_addr *a, uint8_t out[16]);
/* path: "name" or "@abstract". -ENAMETOOLONG, -EINVAL. */
int zx_addr_from_unix(struct zx_addr *a, const char *path);
/* Text "path", "@abstract" or "" for an unnamed one. */
int zx_addr_unix_text(const struct zx_addr *a, char *buf, size_t size);
/* First address of interface `name` in that family. -ENODEV; -EMFILE, -ENOMEM ... where the
 * system cannot be asked. Retries getifaddrs a few times when it fails for the moment. */
int zx_os_interface_addr(struct zx_addr *a, const char *name, enum zx_family f);

/* Number of interface `name`, 0 if there is none. */
unsigned zx_os_interface_index(const char *name);

/* Blocking name resolution (getaddrinfo, SOCK_STREAM): at most max addresses, in
 * the resolver's order. INET: IPv4 only, a mapped literal as what it maps; INET6: IPv6 and
 * mapped IPv4. Count or
 * -ENOMEM, -EINVAL (no such name). Call it from a helper thread only. */
int zx_os_resolve(const char *host, enum zx_family f, bool numeric_only, struct zx_addr *out,
                  size_t max);

/* ---- stream sockets (non-blocking, close-on-exec) ---------------------- */

int zx_sock_open(enum zx_family f); /* fd or -EMFILE, -EAFNOSUPPORT ... */
int zx_sock_pair(int fd[2]);           /* two ends of a local stream; -EMFILE ... */
void zx_sock_close(int fd);
int zx_sock_bind(int fd, const struct zx_addr *a);
int zx_sock_listen(int fd, int backlog);
/* Accepted descriptor (non-blocking, cloexec) or -EAGAIN, -EMFILE, -ECONNABORTED ... */
int zx_sock_accept(int fd, struct zx_addr *peer);
/* 0 connected, -EINPROGRESS (also for EINTR), -ECONNREFUSED ... */
int zx_sock_connect(int fd, const struct zx_addr *a);
int zx_sock_error(int fd); /* SO_ERROR as negative errno or 0 */
int zx_sock_local(int fd, struct zx_addr *a);
int zx_sock_peer(int fd, struct zx_addr *a);
int zx_sock_set_nonblock(int fd);

struct zx_iov { /* same layout as struct iovec on POSIX; checked in posix/ */
    void *base;
    size_t len;
};
/* Bytes moved, or -EAGAIN, or another negative errno; EINTR is retried inside
 * (non-blocking calls do not wait). recv returns 0 at end of stream. No SIGPIPE. */
ptrdiff_t zx_sock_send(int fd, const void *buf, size_t size);
ptrdiff_t zx_sock_sendv(int fd, const struct zx_iov *iov, size_t n);
ptrdiff_t zx_sock_recv(int fd, void *buf, size_t size);
ptrdiff_t zx_sock_recvv(int fd, const struct zx_iov *iov, size_t n);
void zx_sock_shut_write(int fd);

int zx_sock_set_nodelay(int fd);
int zx_sock_set_reuseaddr(int fd);
int zx_sock_set_v6only(int fd, bool on);
int zx_sock_set_buffers(int fd, int sndbuf, int rcvbuf);         /* < 0: leave alone */
int zx_sock_set_keepalive(int fd, int on, int cnt, int idle, int intvl); /* -1: leave alone */
int zx_sock_set_user_timeout(int fd, int ms);
int zx_sock_set_tos(int fd, int tos);       /* IP_TOS and IPV6_TCLASS as the family needs */
int zx_sock_set_priority(int fd, int prio);
int zx_sock_set_busy_poll(int fd, int usec);
int zx_sock_bind_device(int fd, const char *name);

/* ---- datagram sockets (non-blocking, close-on-exec) -------------------- */

struct zx_datagram {
    struct zx_addr *addr;  /* where to; where from, NULL if nobody asks */
    struct zx_iov iov[2];  /* receiving: one */
    unsigned n_iov;
    size_t size;           /* received: bytes that are there */
    bool cut;              /* received: it was longer than its room */
};
enum { ZX_DATAGRAMS_MAX = 32 }; /* in one call */

int zx_dgram_open(enum zx_family f);
/* Datagrams moved, at least 1, in as few system calls as the system can do it; -EAGAIN; another
 * negative errno is about the first one (sending), or an error that waited (receiving). */
int zx_dgram_send(int fd, const struct zx_datagram *d, unsigned n);
int zx_dgram_recv(int fd, struct zx_datagram *d, unsigned n);

struct zx_dgram_group { /* a multicast group, and by which interface */
    struct zx_addr addr;
    struct zx_addr iface; /* len 0: the system's choice; an address of the interface (IPv4) */
    unsigned index;       /* of the interface, 0: not known */
};
/* Others may bind the same port, each gets every datagram to the group. */
int zx_dgram_share_port(int fd);
/* Joins; other groups that this host has joined are not heard, where the system can tell. */
int zx_dgram_join(int fd, const struct zx_dgram_group *group);
/* How what is sent to the group leaves. */
int zx_dgram_aim(int fd, const struct zx_dgram_group *group, bool loop, int hops);

struct zx_cred {
    uint32_t uid, gid;
    int32_t pid;
};
int zx_sock_peer_cred(int fd, struct zx_cred *c); /* -ENOTSUP where there are none */
/* Is the user with this uid listed as a member of group gid (by name)? */
bool zx_os_user_in_group(uint32_t uid, uint32_t gid);

/* ---- files (ipc) ------------------------------------------------------ */

/* Makes a fresh directory "tmpXXXXXX" under $TMPDIR, $TEMPDIR, $TMP (first that
 * is a directory) or /tmp, and writes "<dir>/socket" to path. */
int zx_os_ipc_temp_path(char *path, size_t size);
/* Removes a socket file whose listener is dead: only if it is a socket and a
 * connect to it is refused. 0 removed or absent, -EADDRINUSE otherwise. */
int zx_os_ipc_clear_stale(const char *path);
int zx_os_unlink(const char *path);
int zx_os_rmdir(const char *path);

#endif
