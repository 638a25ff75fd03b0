/* SPDX-License-Identifier: MIT */
/*
 * zmq.h - the public interface: messages, sockets, polling, proxies, utilities.
 *
 * What it is: the C interface of libzmq 4.3.6, name for name and number for number (libzmq.so.5).
 *   Every call has its contract here; doc/man has a page per call with examples. Draft calls and
 *   names are visible when ZMQ_BUILD_DRAFT_API is defined before inclusion; the library always has
 *   them. Own additions are in zmqx.h.
 * Which thread: contexts and sockets of every type may be used from any thread, the library
 *   serialises the calls on one socket; the parts of a multipart message must be kept together by
 *   the caller. Messages and timers are used by one thread at a time; pollers by any (a libzmq's by
 *   one). What differs is said with the call. ("Thread-safe" below: any thread, no lock of the
 *   caller's needed.)
 * How it lives and dies: ctx_new -> socket -> close -> ctx_term; msg_init* -> msg_close.
 * What it never does: abort the process; keep a pointer of the caller's beyond a call unless the
 *   call says so; change a number once published.
 *
 * Rules for all calls; an errno named below without a cause has the cause given here:
 *   ENOTSOCK  the socket argument is NULL, already closed, or not a socket.
 *   ETERM     the socket's context was terminated or shut down. Only zmq_close is of use then.
 *   EINTR     a signal handler ran while the call waited. Nothing was sent, received or changed.
 *   ENOMEM    out of memory. Any call that allocates may fail so; nothing was changed.
 *   EFAULT    the handle (context, poller, timers) or message is NULL or not a live one.
 *   Unless the text says otherwise a call returns 0 for success and -1 with errno set for failure.
 *   After success errno is unspecified. Times are milliseconds, sizes bytes, unless said otherwise.
 *   After fork() the child may only close what it inherited; waiting calls give EINTR there.
 */
#ifndef ZMQ_H_INCLUDED
#define ZMQ_H_INCLUDED

#define ZMQ_VERSION_MAJOR 4
#define ZMQ_VERSION_MINOR 3
#define ZMQ_VERSION_PATCH 6

#define ZMQ_MAKE_VERSION(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define ZMQ_VERSION ZMQ_MAKE_VERSION(ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH)

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#ifndef _WIN32
#    include <signal.h>
#    if defined ZMQ_BUILD_DRAFT_API && defined __STRICT_ANSI__
#        include <sys/select.h> /* sigset_t, which signal.h hides in strict modes */
#    endif
#endif

#ifndef ZMQ_DEFINED_STDINT
#    define ZMQ_DEFINED_STDINT 1
#endif

#ifdef __cplusplus
extern "C" {
#endif

#if defined ZMQ_NO_EXPORT
#    define ZMQ_EXPORT
#elif defined _WIN32
#    if defined ZMQ_STATIC
#        define ZMQ_EXPORT
#    elif defined DLL_EXPORT
#        define ZMQ_EXPORT __declspec(dllexport)
#    else
#        define ZMQ_EXPORT __declspec(dllimport)
#    endif
#elif defined __GNUC__
#    define ZMQ_EXPORT __attribute__((visibility("default")))
#else
#    define ZMQ_EXPORT
#endif

/* An operating system's descriptor, as zmq_poll takes it. */
#ifdef _WIN32
typedef uintptr_t zmq_fd_t;
#else
typedef int zmq_fd_t;
#endif

/* ---- Errors --------------------------------------------------------------------------------- */

/* Base of the error numbers that the operating system does not have. */
#define ZMQ_HAUSNUMERO 156384712

#ifndef ENOTSUP
#    define ENOTSUP (ZMQ_HAUSNUMERO + 1)
#endif
#ifndef EPROTONOSUPPORT
#    define EPROTONOSUPPORT (ZMQ_HAUSNUMERO + 2)
#endif
#ifndef ENOBUFS
#    define ENOBUFS (ZMQ_HAUSNUMERO + 3)
#endif
#ifndef ENETDOWN
#    define ENETDOWN (ZMQ_HAUSNUMERO + 4)
#endif
#ifndef EADDRINUSE
#    define EADDRINUSE (ZMQ_HAUSNUMERO + 5)
#endif
#ifndef EADDRNOTAVAIL
#    define EADDRNOTAVAIL (ZMQ_HAUSNUMERO + 6)
#endif
#ifndef ECONNREFUSED
#    define ECONNREFUSED (ZMQ_HAUSNUMERO + 7)
#endif
#ifndef EINPROGRESS
#    define EINPROGRESS (ZMQ_HAUSNUMERO + 8)
#endif
#ifndef ENOTSOCK
#    define ENOTSOCK (ZMQ_HAUSNUMERO + 9)
#endif
#ifndef EMSGSIZE
#    define EMSGSIZE (ZMQ_HAUSNUMERO + 10)
#endif
#ifndef EAFNOSUPPORT
#    define EAFNOSUPPORT (ZMQ_HAUSNUMERO + 11)
#endif
#ifndef ENETUNREACH
#    define ENETUNREACH (ZMQ_HAUSNUMERO + 12)
#endif
#ifndef ECONNABORTED
#    define ECONNABORTED (ZMQ_HAUSNUMERO + 13)
#endif
#ifndef ECONNRESET
#    define ECONNRESET (ZMQ_HAUSNUMERO + 14)
#endif
#ifndef ENOTCONN
#    define ENOTCONN (ZMQ_HAUSNUMERO + 15)
#endif
#ifndef ETIMEDOUT
#    define ETIMEDOUT (ZMQ_HAUSNUMERO + 16)
#endif
#ifndef EHOSTUNREACH
#    define EHOSTUNREACH (ZMQ_HAUSNUMERO + 17)
#endif
#ifndef ENETRESET
#    define ENETRESET (ZMQ_HAUSNUMERO + 18)
#endif

#define EFSM (ZMQ_HAUSNUMERO + 51)           /* call out of turn: REQ, REP */
#define ENOCOMPATPROTO (ZMQ_HAUSNUMERO + 52) /* transport and socket type do not go together */
#define ETERM (ZMQ_HAUSNUMERO + 53)          /* context terminated */
#define EMTHREAD (ZMQ_HAUSNUMERO + 54)       /* no I/O thread for a network endpoint */

/*
 * The calling thread's errno, for programs that do not share the C library with this one.
 * Never fails. Thread-safe.
 */
ZMQ_EXPORT int zmq_errno(void);

/*
 * Text for an error number, for the numbers above as for the system's.
 * Returns: a text owned by the library, never NULL; system texts may be overwritten by the next
 * call to strerror. errno stays as it is for the numbers above. Never fails.
 */
ZMQ_EXPORT const char *zmq_strerror(int errnum);

/*
 * Stores the libzmq version this library stands for: 4, 3, 6.
 * A NULL pointer skips its number. Never fails. Thread-safe.
 */
ZMQ_EXPORT void zmq_version(int *major, int *minor, int *patch);

/* ---- Context -------------------------------------------------------------------------------- */

/* Options of zmq_ctx_set and zmq_ctx_get; int. G: can be got, S: can be set. */
#define ZMQ_IO_THREADS 1                 /* GS number, default 1, >= 0; 0: inproc only */
#define ZMQ_MAX_SOCKETS 2                /* GS sockets open at once, default 1023, >= 1 */
#define ZMQ_SOCKET_LIMIT 3               /* G  highest useful MAX_SOCKETS */
#define ZMQ_THREAD_PRIORITY 3            /*  S priority of the library's threads, >= 0 */
#define ZMQ_THREAD_SCHED_POLICY 4        /* GS scheduling policy of those, default -1: system's */
#define ZMQ_MAX_MSGSZ 5                  /* GS default INT_MAX, >= 0; stored, no effect */
#define ZMQ_MSG_T_SIZE 6                 /* G  sizeof(zmq_msg_t), 64 */
#define ZMQ_THREAD_AFFINITY_CPU_ADD 7    /*  S processor added to the threads' set */
#define ZMQ_THREAD_AFFINITY_CPU_REMOVE 8 /*  S processor taken out of that set */
#define ZMQ_THREAD_NAME_PREFIX 9         /* GS number, or text of 1 to 16 bytes by ..._ext */

/* Defaults of the above. */
#define ZMQ_IO_THREADS_DFLT 1
#define ZMQ_MAX_SOCKETS_DFLT 1023
#define ZMQ_THREAD_PRIORITY_DFLT -1
#define ZMQ_THREAD_SCHED_POLICY_DFLT -1

/*
 * Makes a context, the home of sockets and inproc names. Threads start with the first socket.
 * Returns: the context, to be given to zmq_ctx_term; or NULL.
 * Errors: ENOMEM. Thread-safe.
 */
ZMQ_EXPORT void *zmq_ctx_new(void);

/*
 * Ends a context: wakes every call on its sockets (ETERM), waits until the application closed
 * them all and what they still had to send is gone or ZMQ_LINGER over, then frees it. With LINGER
 * -1 and an absent peer that is for ever.
 * Errors: EFAULT; EINTR a signal came while waiting: call again, termination goes on.
 * Thread-safe, but one thread only calls it, and nobody uses the context after it returned 0.
 */
ZMQ_EXPORT int zmq_ctx_term(void *context);

/*
 * The first half of zmq_ctx_term: every call on the context's sockets gives ETERM, now and later,
 * zmq_socket too. Does not wait and frees nothing; zmq_ctx_term is still due. May be repeated.
 * Errors: EFAULT. Thread-safe.
 */
ZMQ_EXPORT int zmq_ctx_shutdown(void *context);

/*
 * Sets a context option. IO_THREADS, MAX_SOCKETS and THREAD_* are read when the first socket is
 * made; set later they are stored but without effect. ZMQ_IPV6 and ZMQ_BLOCKY are the defaults of
 * sockets made afterwards.
 * Errors: EFAULT; EINVAL unknown or read-only option, or value out of range. Thread-safe.
 */
ZMQ_EXPORT int zmq_ctx_set(void *context, int option, int optval);

/*
 * Gets a context option.
 * Returns: the value, which for the THREAD_* defaults may be -1; or -1 with errno set.
 * Errors: EFAULT; EINVAL unknown or write-only option. Thread-safe.
 */
ZMQ_EXPORT int zmq_ctx_get(void *context, int option);

/* Deprecated: zmq_ctx_new, then IO_THREADS set. NULL with EINVAL if io_threads < 0. */
ZMQ_EXPORT void *zmq_init(int io_threads);

/* Deprecated: zmq_ctx_term under its older names. */
ZMQ_EXPORT int zmq_term(void *context);
ZMQ_EXPORT int zmq_ctx_destroy(void *context);

/* ---- Messages ------------------------------------------------------------------------------- */

/* A message, one frame. Opaque: 64 bytes on every platform, never copied or moved as bytes. */
#if defined __GNUC__
typedef struct zmq_msg_t {
    unsigned char _[64] __attribute__((aligned(sizeof(void *))));
} zmq_msg_t;
#elif defined _MSC_VER && defined _WIN64
typedef struct zmq_msg_t {
    __declspec(align(8)) unsigned char _[64];
} zmq_msg_t;
#elif defined _MSC_VER
typedef struct zmq_msg_t {
    __declspec(align(4)) unsigned char _[64];
} zmq_msg_t;
#else
typedef struct zmq_msg_t {
    unsigned char _[64];
} zmq_msg_t;
#endif

/* Frees data given to zmq_msg_init_data; may run in any thread, never with a lock held. */
typedef void(zmq_free_fn)(void *data, void *hint);

/* Properties for zmq_msg_get. */
#define ZMQ_MORE 1
#define ZMQ_SHARED 3

/* Makes msg an empty message. msg must not be a live one. Always 0. */
ZMQ_EXPORT int zmq_msg_init(zmq_msg_t *msg);

/*
 * Makes msg a message of size bytes, their content unspecified. msg must not be a live one.
 * Errors: ENOMEM, also for a size that no memory could hold; msg is not live then.
 */
ZMQ_EXPORT int zmq_msg_init_size(zmq_msg_t *msg, size_t size);

/*
 * Makes msg a message around the caller's data, without copying. The library owns data until it has
 * called ffn(data, hint), once, in whatever thread lets the last reference go. ffn NULL: data is
 * constant, the caller keeps it valid and unchanged for as long as anyone may read it.
 * Errors: ENOMEM; EINVAL data NULL with size > 0. The caller keeps data then, ffn is not called.
 */
ZMQ_EXPORT int zmq_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *ffn,
                                 void *hint);

/*
 * Sends a message as one frame. flags: ZMQ_DONTWAIT do not wait, ZMQ_SNDMORE another part follows.
 * Returns: the frame's size (at most INT_MAX). The socket took the content, msg is empty and live.
 * On failure the caller keeps msg and its content.
 * Errors, in the order they are looked for: ENOTSOCK; EFAULT msg not live; ETERM;
 *   ENOTSUP the type only receives: PULL SUB DISH GATHER;
 *   EFSM REQ that waits for its reply, REP without a request read to its end;
 *   EINVAL SNDMORE on a type without multipart, or wrong parts on DGRAM;
 *   EHOSTUNREACH no such peer: ROUTER with ROUTER_MANDATORY, STREAM, SERVER, PEER;
 *   EAGAIN no peer can take it, and DONTWAIT given or ZMQ_SNDTIMEO over; EINTR; ENOMEM.
 * PUB, XPUB, RADIO and ROUTER drop for a peer that is full and succeed, unless told otherwise by
 * XPUB_NODROP and ROUTER_MANDATORY. Thread-safe for the socket.
 */
ZMQ_EXPORT int zmq_msg_send(zmq_msg_t *msg, void *socket, int flags);

/*
 * Receives one frame into msg, which must be live; what it held is released.
 * flags: ZMQ_DONTWAIT do not wait. zmq_msg_more tells whether another part follows.
 * Returns: the frame's size (at most INT_MAX).
 * Errors: ENOTSOCK; EFAULT msg not live; ETERM; ENOTSUP the type only sends: PUSH PUB RADIO
 *   SCATTER; EFSM REQ without a request sent, REP that still owes a reply;
 *   EAGAIN nothing there, and DONTWAIT given or ZMQ_RCVTIMEO over (msg may be empty then); EINTR.
 * Thread-safe for the socket.
 */
ZMQ_EXPORT int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags);

/*
 * Releases a message's content; msg is no longer live.
 * Errors: EFAULT msg not live, as after a second close.
 */
ZMQ_EXPORT int zmq_msg_close(zmq_msg_t *msg);

/*
 * Moves src with everything it carries to dest, whose old content is released; src is left empty
 * and live. dest == src does nothing. Small content moves in memory: pointers into it die.
 * Errors: EFAULT either is not live.
 */
ZMQ_EXPORT int zmq_msg_move(zmq_msg_t *dest, zmq_msg_t *src);

/*
 * Makes dest another message with src's content, properties, routing id and group; dest's old
 * content is released. Large content is shared and must not be written by either afterwards.
 * dest == src does nothing. The two may then be used from different threads.
 * Errors: EFAULT either is not live.
 */
ZMQ_EXPORT int zmq_msg_copy(zmq_msg_t *dest, zmq_msg_t *src);

/*
 * The content; valid until the message is moved, sent, closed or received into.
 * Returns: the pointer (may be NULL for size 0); NULL with EFAULT if msg is not live.
 */
ZMQ_EXPORT void *zmq_msg_data(zmq_msg_t *msg);

/* The content's size in bytes; 0 with EFAULT if msg is not live. */
ZMQ_EXPORT size_t zmq_msg_size(const zmq_msg_t *msg);

/* 1 if the message, as received, is followed by another part of the same message, else 0. */
ZMQ_EXPORT int zmq_msg_more(const zmq_msg_t *msg);

/*
 * A property: ZMQ_MORE as zmq_msg_more; ZMQ_SHARED 1 if the content is constant data or was shared
 * by zmq_msg_copy; ZMQ_SRCFD (deprecated) the descriptor it came in by.
 * Errors: EINVAL unknown property, or SRCFD of a message that came from no connection.
 */
ZMQ_EXPORT int zmq_msg_get(const zmq_msg_t *msg, int property);

/* No property can be set: always -1 with EINVAL. */
ZMQ_EXPORT int zmq_msg_set(zmq_msg_t *msg, int property, int optval);

/*
 * A text property of a received message, by name, case counting: "Socket-Type", "Routing-Id" and
 * its older name "Identity", "Peer-Address", "User-Id", names given by ZAP, and the sender's
 * "X-...".
 * Returns: a text owned by the message; or NULL.
 * Errors: EINVAL no such property (messages by inproc, udp and ZMTP 1 or 2 have none), name NULL.
 */
ZMQ_EXPORT const char *zmq_msg_gets(const zmq_msg_t *msg, const char *property);

/* ---- Sockets -------------------------------------------------------------------------------- */

/* Types for zmq_socket. */
#define ZMQ_PAIR 0
#define ZMQ_PUB 1
#define ZMQ_SUB 2
#define ZMQ_REQ 3
#define ZMQ_REP 4
#define ZMQ_DEALER 5
#define ZMQ_ROUTER 6
#define ZMQ_PULL 7
#define ZMQ_PUSH 8
#define ZMQ_XPUB 9
#define ZMQ_XSUB 10
#define ZMQ_STREAM 11

/* Deprecated names. */
#define ZMQ_XREQ ZMQ_DEALER
#define ZMQ_XREP ZMQ_ROUTER

/*
 * Socket options. Type, unit, default, range and moment of effect of each are in zmq_setsockopt(3)
 * and zmq_getsockopt(3). The notes give: G can be got, S can be set; type; unit; default.
 */
#define ZMQ_AFFINITY 4                  /* GS uint64, bitmap of I/O threads, 0: all */
#define ZMQ_ROUTING_ID 5                /* GS 1 to 255 bytes, none */
#define ZMQ_SUBSCRIBE 6                 /*  S bytes: prefix; SUB, manual XPUB */
#define ZMQ_UNSUBSCRIBE 7               /*  S bytes: prefix; SUB, manual XPUB */
#define ZMQ_RATE 8                      /* GS int, kbit/s, 100; pgm, norm */
#define ZMQ_RECOVERY_IVL 9              /* GS int, ms, 10000; pgm */
#define ZMQ_SNDBUF 11                   /* GS int, bytes, -1: system's */
#define ZMQ_RCVBUF 12                   /* GS int, bytes, -1: system's */
#define ZMQ_RCVMORE 13                  /* G  int: the last part received has a follower */
#define ZMQ_FD 14                       /* G  zmq_fd_t to poll for reading, then read EVENTS */
#define ZMQ_EVENTS 15                   /* G  int: ZMQ_POLLIN, ZMQ_POLLOUT */
#define ZMQ_TYPE 16                     /* G  int */
#define ZMQ_LINGER 17                   /* GS int, ms, -1: for ever (0: SUB XSUB DISH) */
#define ZMQ_RECONNECT_IVL 18            /* GS int, ms, 100; 0 and -1: do not reconnect */
#define ZMQ_BACKLOG 19                  /* GS int, connections, 100 */
#define ZMQ_RECONNECT_IVL_MAX 21        /* GS int, ms, 0: no back-off */
#define ZMQ_MAXMSGSIZE 22               /* GS int64, bytes a frame, -1: no limit */
#define ZMQ_SNDHWM 23                   /* GS int, messages a peer, 1000; 0: no limit */
#define ZMQ_RCVHWM 24                   /* GS int, messages a peer, 1000; 0: no limit */
#define ZMQ_MULTICAST_HOPS 25           /* GS int, hops, 1 */
#define ZMQ_RCVTIMEO 27                 /* GS int, ms, -1: for ever */
#define ZMQ_SNDTIMEO 28                 /* GS int, ms, -1: for ever */
#define ZMQ_LAST_ENDPOINT 32            /* G  text: the last bind or connect, resolved */
#define ZMQ_ROUTER_MANDATORY 33         /*  S bool, 0; ROUTER */
#define ZMQ_TCP_KEEPALIVE 34            /* GS int, -1: system's, 0, 1 */
#define ZMQ_TCP_KEEPALIVE_CNT 35        /* GS int, -1: system's */
#define ZMQ_TCP_KEEPALIVE_IDLE 36       /* GS int, s, -1: system's */
#define ZMQ_TCP_KEEPALIVE_INTVL 37      /* GS int, s, -1: system's */
#define ZMQ_IMMEDIATE 39                /* GS bool, 0: queue before the connection is there */
#define ZMQ_XPUB_VERBOSE 40             /*  S bool, 0; PUB XPUB */
#define ZMQ_ROUTER_RAW 41               /*  S bool, 0; ROUTER; deprecated, see ZMQ_STREAM */
#define ZMQ_IPV6 42                     /* GS bool, 0; context option too */
#define ZMQ_MECHANISM 43                /* G  int: ZMQ_NULL, ZMQ_PLAIN, ZMQ_CURVE, ZMQ_GSSAPI */
#define ZMQ_PLAIN_SERVER 44             /* GS bool, 0 */
#define ZMQ_PLAIN_USERNAME 45           /* GS text of 1 to 255 bytes; NULL: back to ZMQ_NULL */
#define ZMQ_PLAIN_PASSWORD 46           /* GS text of 1 to 255 bytes; NULL: back to ZMQ_NULL */
#define ZMQ_CURVE_SERVER 47             /* GS bool, 0 */
#define ZMQ_CURVE_PUBLICKEY 48          /* GS 32 bytes, or 41 of Z85 with its NUL */
#define ZMQ_CURVE_SECRETKEY 49          /* GS as PUBLICKEY */
#define ZMQ_CURVE_SERVERKEY 50          /* GS as PUBLICKEY; makes the socket a client */
#define ZMQ_PROBE_ROUTER 51             /*  S bool, 0; REQ REP DEALER ROUTER */
#define ZMQ_REQ_CORRELATE 52            /*  S bool, 0; REQ */
#define ZMQ_REQ_RELAXED 53              /*  S bool, 0; REQ */
#define ZMQ_CONFLATE 54                 /* GS bool, 0: keep the newest frame only */
#define ZMQ_ZAP_DOMAIN 55               /* GS text of 1 to 255 bytes, none */
#define ZMQ_ROUTER_HANDOVER 56          /*  S bool, 0; ROUTER */
#define ZMQ_TOS 57                      /* GS int, 0: system's */
#define ZMQ_CONNECT_ROUTING_ID 61       /*  S 1 to 255 bytes, for the next connect; ROUTER STREAM */
#define ZMQ_GSSAPI_SERVER 62            /* GS bool, 0 */
#define ZMQ_GSSAPI_PRINCIPAL 63         /* GS text of 1 to 255 bytes */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL 64 /* GS text of 1 to 255 bytes */
#define ZMQ_GSSAPI_PLAINTEXT 65         /* GS bool, 0 */
#define ZMQ_HANDSHAKE_IVL 66            /* GS int, ms, 30000; 0: no limit */
#define ZMQ_SOCKS_PROXY 68              /* GS text host:port, none; for tcp connects */
#define ZMQ_XPUB_NODROP 69              /*  S bool, 0; PUB XPUB RADIO */
#define ZMQ_BLOCKY 70                   /* GS bool, 1; of contexts only: 0 makes LINGER 0 */
#define ZMQ_XPUB_MANUAL 71              /*  S bool, 0; PUB XPUB */
#define ZMQ_XPUB_WELCOME_MSG 72         /*  S bytes, none; PUB XPUB */
#define ZMQ_STREAM_NOTIFY 73            /*  S bool, 1; STREAM */
#define ZMQ_INVERT_MATCHING 74          /* GS bool, 0 */
#define ZMQ_HEARTBEAT_IVL 75            /* GS int, ms, 0: no heartbeats */
#define ZMQ_HEARTBEAT_TTL 76            /* GS int, ms in steps of 100, 0 */
#define ZMQ_HEARTBEAT_TIMEOUT 77        /* GS int, ms, -1: as HEARTBEAT_IVL */
#define ZMQ_XPUB_VERBOSER 78            /*  S bool, 0; PUB XPUB */
#define ZMQ_CONNECT_TIMEOUT 79          /* GS int, ms, 0: system's */
#define ZMQ_TCP_MAXRT 80                /* GS int, ms, 0: system's */
#define ZMQ_THREAD_SAFE 81              /* G  int: 1 for the types that libzmq shares */
#define ZMQ_MULTICAST_MAXTPDU 84        /* GS int, bytes, 1500; pgm */
#define ZMQ_VMCI_BUFFER_SIZE 85         /*  S uint64, bytes, 0: system's; vmci */
#define ZMQ_VMCI_BUFFER_MIN_SIZE 86     /*  S uint64, bytes, 0: system's; vmci */
#define ZMQ_VMCI_BUFFER_MAX_SIZE 87     /*  S uint64, bytes, 0: system's; vmci */
#define ZMQ_VMCI_CONNECT_TIMEOUT 88     /*  S int, ms, -1: system's; vmci */
#define ZMQ_USE_FD 89                   /* GS int: listening descriptor for the next bind, -1 */
#define ZMQ_GSSAPI_PRINCIPAL_NAMETYPE 90         /* GS int, ZMQ_GSSAPI_NT_... */
#define ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE 91 /* GS int, ZMQ_GSSAPI_NT_... */
#define ZMQ_BINDTODEVICE 92                      /* GS text of 1 to 16 bytes, none */

/* Deprecated options and names. */
#define ZMQ_IDENTITY ZMQ_ROUTING_ID
#define ZMQ_CONNECT_RID ZMQ_CONNECT_ROUTING_ID
#define ZMQ_DELAY_ATTACH_ON_CONNECT ZMQ_IMMEDIATE
#define ZMQ_FAIL_UNROUTABLE ZMQ_ROUTER_MANDATORY
#define ZMQ_ROUTER_BEHAVIOR ZMQ_ROUTER_MANDATORY
#define ZMQ_IPV4ONLY 31          /* GS bool, 1: the inverse of IPV6 */
#define ZMQ_TCP_ACCEPT_FILTER 38 /*  S text addr/bits, adds one; NULL clears */
#define ZMQ_IPC_FILTER_PID 58    /*  S pid_t, adds one; NULL clears */
#define ZMQ_IPC_FILTER_UID 59    /*  S uid_t, adds one; NULL clears */
#define ZMQ_IPC_FILTER_GID 60    /*  S gid_t, adds one; NULL clears */

/* Flags of send and receive; other bits are ignored. */
#define ZMQ_DONTWAIT 1
#define ZMQ_SNDMORE 2

/* Values of ZMQ_MECHANISM. */
#define ZMQ_NULL 0
#define ZMQ_PLAIN 1
#define ZMQ_CURVE 2
#define ZMQ_GSSAPI 3

/* Longest group of RADIO and DISH in bytes, without its NUL. */
#define ZMQ_GROUP_MAX_LENGTH 255

/* Values of ZMQ_GSSAPI_PRINCIPAL_NAMETYPE and ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE. */
#define ZMQ_GSSAPI_NT_HOSTBASED 0
#define ZMQ_GSSAPI_NT_USER_NAME 1
#define ZMQ_GSSAPI_NT_KRB5_PRINCIPAL 2

/* Deprecated names. */
#define ZMQ_NOBLOCK ZMQ_DONTWAIT
#define ZMQ_SRCFD 2

/*
 * Makes a socket of a type in a context. The first one starts the context's threads.
 * Returns: the socket, to be given to zmq_close; or NULL.
 * Errors: EFAULT bad context; ETERM context terminated or shut down; EMFILE MAX_SOCKETS are open,
 *   or no descriptor left; ENFILE; EINVAL no such type; EAGAIN threads could not be started;
 *   ENOMEM.
 * Thread-safe.
 */
ZMQ_EXPORT void *zmq_socket(void *context, int type);

/*
 * Closes a socket. Returns at once; what is queued for sending goes on leaving for ZMQ_LINGER, what
 * is unread is lost. Names and ports may stay taken for a moment.
 * Errors: ENOTSOCK. Works, and is needed, when the context was terminated. Must not race with
 * another use of the same socket.
 */
ZMQ_EXPORT int zmq_close(void *socket);

/*
 * Sets a socket option; optval is read during the call only, optvallen is its size.
 * Most options hold for later zmq_connect and zmq_bind: set them first.
 * Errors: ENOTSOCK; ETERM; EINVAL unknown for this type, read-only, wrong size, NULL with a size,
 *   or out of range; ENOMEM. Thread-safe.
 */
ZMQ_EXPORT int zmq_setsockopt(void *socket, int option, const void *optval, size_t optvallen);

/*
 * Gets a socket option. *optvallen: the buffer's size before, the value's after; texts count their
 * NUL. int, int64 and uint64 need exactly their size (RCVMORE, FD, EVENTS, THREAD_SAFE,
 * TOPICS_COUNT at least that); CURVE keys need 32 (bytes) or 41 (Z85).
 * Errors: ENOTSOCK; ETERM; EINVAL unknown for this type, write-only, or wrong size; EINTR (EVENTS).
 * Thread-safe.
 */
ZMQ_EXPORT int zmq_getsockopt(void *socket, int option, void *optval, size_t *optvallen);

/*
 * Listens on an endpoint, transport://address; a socket may do so any number of times. The real
 * address (after a wildcard) is ZMQ_LAST_ENDPOINT.
 * Errors: ENOTSOCK; ETERM; EINTR; EINVAL endpoint NULL or malformed, port missing or above 65535;
 *   EPROTONOSUPPORT transport unknown or left out; ENOCOMPATPROTO transport not for this type;
 *   EMTHREAD no I/O thread (IO_THREADS 0, or none in AFFINITY); EADDRINUSE taken;
 *   EADDRNOTAVAIL not an address of this host; ENODEV no such host or interface;
 *   ENAMETOOLONG ipc path too long; and what the system's calls give: EACCES, ENOENT, EMFILE ...
 * Thread-safe.
 */
ZMQ_EXPORT int zmq_bind(void *socket, const char *endpoint);

/*
 * Begins to connect to an endpoint and goes on in the background, again and again if need be; the
 * peer need not be there. DEALER, SUB, PUB and REQ: the same endpoint again does nothing while the
 * first lives; other types get another connection.
 * Errors: as zmq_bind but for those of the address being taken or absent; a name that cannot be
 *   resolved is retried, except for ws, wss and udp: EINVAL. EADDRINUSE the CONNECT_ROUTING_ID set
 *   for this connect is taken. Thread-safe.
 */
ZMQ_EXPORT int zmq_connect(void *socket, const char *endpoint);

/*
 * Takes endpoints away again, all that match; either call takes bound and connected ones. Match:
 * the text given to zmq_connect, or LAST_ENDPOINT's after zmq_bind. zmq_unbind ends the connections
 * accepted there too. Queued messages leave for ZMQ_LINGER.
 * Errors: ENOTSOCK; ETERM; EINTR; EINVAL endpoint NULL or malformed; EPROTONOSUPPORT;
 *   ENOCOMPATPROTO; ENOENT no such endpoint on this socket. Thread-safe.
 */
ZMQ_EXPORT int zmq_unbind(void *socket, const char *endpoint);
ZMQ_EXPORT int zmq_disconnect(void *socket, const char *endpoint);

/*
 * Sends len bytes at buf as one frame, copying them; otherwise as zmq_msg_send. (NULL, 0) is an
 * empty frame.
 * Returns: len (at most INT_MAX). Errors: zmq_msg_send's; EFAULT buf NULL with len > 0.
 * Thread-safe.
 */
ZMQ_EXPORT int zmq_send(void *socket, const void *buf, size_t len, int flags);

/*
 * As zmq_send, but may keep buf instead of copying: it must stay valid and unchanged until every
 * receiver is done; over inproc the receiver may read this very memory. Errors: zmq_send's.
 */
ZMQ_EXPORT int zmq_send_const(void *socket, const void *buf, size_t len, int flags);

/*
 * Receives one frame into buf, at most len bytes; the rest of a longer one is lost.
 * Returns: the frame's full size (at most INT_MAX), so more than len says that it was cut.
 * Errors: zmq_msg_recv's; EFAULT buf NULL with len > 0, nothing is received then. Thread-safe.
 */
ZMQ_EXPORT int zmq_recv(void *socket, void *buf, size_t len, int flags);

/* ---- Monitor -------------------------------------------------------------------------------- */

/* Events; the value that comes with each is said behind it. */
#define ZMQ_EVENT_CONNECTED 0x0001                  /* descriptor */
#define ZMQ_EVENT_CONNECT_DELAYED 0x0002            /* EINPROGRESS */
#define ZMQ_EVENT_CONNECT_RETRIED 0x0004            /* ms until the next attempt */
#define ZMQ_EVENT_LISTENING 0x0008                  /* descriptor */
#define ZMQ_EVENT_BIND_FAILED 0x0010                /* errno */
#define ZMQ_EVENT_ACCEPTED 0x0020                   /* descriptor */
#define ZMQ_EVENT_ACCEPT_FAILED 0x0040              /* errno */
#define ZMQ_EVENT_CLOSED 0x0080                     /* descriptor */
#define ZMQ_EVENT_CLOSE_FAILED 0x0100               /* errno */
#define ZMQ_EVENT_DISCONNECTED 0x0200               /* descriptor */
#define ZMQ_EVENT_MONITOR_STOPPED 0x0400            /* 0 */
#define ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL 0x0800 /* errno */
#define ZMQ_EVENT_HANDSHAKE_SUCCEEDED 0x1000        /* 0 */
#define ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL 0x2000  /* ZMQ_PROTOCOL_ERROR_... */
#define ZMQ_EVENT_HANDSHAKE_FAILED_AUTH 0x4000      /* ZAP status: 300, 400, 500 */
#define ZMQ_EVENT_ALL 0xFFFF

#define ZMQ_PROTOCOL_ERROR_ZMTP_UNSPECIFIED 0x10000000
#define ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND 0x10000001
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_SEQUENCE 0x10000002
#define ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE 0x10000003
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_UNSPECIFIED 0x10000011
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_MESSAGE 0x10000012
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_HELLO 0x10000013
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_INITIATE 0x10000014
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR 0x10000015
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_READY 0x10000016
#define ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_WELCOME 0x10000017
#define ZMQ_PROTOCOL_ERROR_ZMTP_INVALID_METADATA 0x10000018
#define ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC 0x11000001
#define ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH 0x11000002
#define ZMQ_PROTOCOL_ERROR_ZAP_UNSPECIFIED 0x20000000
#define ZMQ_PROTOCOL_ERROR_ZAP_MALFORMED_REPLY 0x20000001
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_REQUEST_ID 0x20000002
#define ZMQ_PROTOCOL_ERROR_ZAP_BAD_VERSION 0x20000003
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_STATUS_CODE 0x20000004
#define ZMQ_PROTOCOL_ERROR_ZAP_INVALID_METADATA 0x20000005
#define ZMQ_PROTOCOL_ERROR_WS_UNSPECIFIED 0x30000000

/*
 * Publishes the socket's events on a PAIR bound to an inproc endpoint, to which the application
 * connects a PAIR of the same context. Two parts an event: 6 bytes (uint16 event, uint32 value,
 * host byte order, no padding) and the endpoint's text. endpoint NULL ends it; a new one replaces
 * it. Events nobody takes in time are dropped, never waited for.
 * Errors: ENOTSOCK; ETERM; EINVAL events beyond 0xFFFF, endpoint malformed; EPROTONOSUPPORT
 *   endpoint not inproc; ENOCOMPATPROTO udp; EADDRINUSE name taken; EMFILE MAX_SOCKETS are open.
 * Thread-safe.
 */
ZMQ_EXPORT int zmq_socket_monitor(void *socket, const char *endpoint, int events);

/* ---- Polling -------------------------------------------------------------------------------- */

#define ZMQ_POLLIN 1
#define ZMQ_POLLOUT 2
#define ZMQ_POLLERR 4
#define ZMQ_POLLPRI 8

#define ZMQ_POLLITEMS_DFLT 16

/* What to watch: a socket, or with socket NULL a descriptor. */
typedef struct zmq_pollitem_t {
    void *socket;
    zmq_fd_t fd;
    short events;
    short revents;
} zmq_pollitem_t;

/*
 * Waits until an item is ready or timeout ms passed: 0 looks once, negative waits for ever. Every
 * revents is written. A descriptor's error comes as ZMQ_POLLERR, asked for or not; a descriptor of
 * -1 is skipped.
 * Returns: how many items have revents; 0 after the timeout.
 * Errors: EINVAL nitems < 0; EFAULT items NULL with nitems > 0; ENOTSOCK an item's socket; ETERM an
 *   item's context; EINTR. Thread-safe, with items of the caller's own.
 */
ZMQ_EXPORT int zmq_poll(zmq_pollitem_t *items, int nitems, long timeout);

/* ---- Proxies -------------------------------------------------------------------------------- */

/*
 * Carries messages between two sockets, both ways, until an error; each frame is copied to capture,
 * if that is not NULL. frontend == backend echoes. The sockets are this thread's meanwhile and stay
 * the caller's.
 * Returns: -1 always. Errors: EFAULT frontend or backend NULL; ENOTSOCK; ETERM; EINTR; those of
 * sending and receiving.
 */
ZMQ_EXPORT int zmq_proxy(void *frontend, void *backend, void *capture);

/*
 * zmq_proxy that obeys a socket, control: PAUSE, RESUME, TERMINATE; STATISTICS is answered by eight
 * uint64 parts, host byte order: frames and bytes received, then sent, of frontend, then of
 * backend. A REP control gets an empty reply to each of the others. control NULL: zmq_proxy.
 * Returns: 0 after TERMINATE, else -1. Errors: zmq_proxy's.
 */
ZMQ_EXPORT int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control);

/* Deprecated: zmq_proxy without capture; type is ignored. */
#define ZMQ_STREAMER 1
#define ZMQ_FORWARDER 2
#define ZMQ_QUEUE 3
ZMQ_EXPORT int zmq_device(int type, void *frontend, void *backend);

/* ---- Capabilities and keys ------------------------------------------------------------------ */

#define ZMQ_HAS_CAPABILITIES 1

/*
 * Whether the library has a capability: "ipc" "pgm" "tipc" "norm" "curve" "gssapi" "vmci" "vsock"
 * "draft" "WS" "WSS" "zmqx", case counting.
 * Returns: 1 or 0; 0 for NULL and unknown names. Never fails. Thread-safe.
 */
ZMQ_EXPORT int zmq_has(const char *capability);

/*
 * Writes size bytes as Z85 text and a NUL: dest has room for size * 5 / 4 + 1.
 * Returns: dest; NULL with EINVAL if size is no multiple of 4. Thread-safe. Source: ZMQ RFC 32.
 */
ZMQ_EXPORT char *zmq_z85_encode(char *dest, const uint8_t *data, size_t size);

/*
 * Reads Z85 text: dest has room for strlen(string) * 4 / 5 bytes.
 * Returns: dest; NULL with EINVAL if the text is empty, its length no multiple of 5, or it is no
 * Z85 (dest may be partly written). Thread-safe. Source: ZMQ RFC 32.
 */
ZMQ_EXPORT uint8_t *zmq_z85_decode(uint8_t *dest, const char *string);

/*
 * Makes a CURVE key pair, each key as 40 characters of Z85 and a NUL: two buffers of 41 bytes.
 * Errors: ENOTSUP built without CURVE. Thread-safe. Source: ZMQ RFC 26.
 */
ZMQ_EXPORT int zmq_curve_keypair(char *z85_public_key, char *z85_secret_key);

/*
 * Derives the public key from a secret one: 40 characters of Z85 in, 41 bytes out.
 * Errors: EINVAL the secret key is not 40 characters of Z85; ENOTSUP built without CURVE.
 * Thread-safe.
 */
ZMQ_EXPORT int zmq_curve_public(char *z85_public_key, const char *z85_secret_key);

/* ---- Counters ------------------------------------------------------------------------------- */

/* An atomic counter of value 0; NULL with ENOMEM. All but set and destroy may race. */
ZMQ_EXPORT void *zmq_atomic_counter_new(void);

/* Sets the value; not to be mixed with other calls at the same time. */
ZMQ_EXPORT void zmq_atomic_counter_set(void *counter, int value);

/* Adds 1. Returns: the value before. Thread-safe. */
ZMQ_EXPORT int zmq_atomic_counter_inc(void *counter);

/* Takes 1 away. Returns: 0 if the value is now 0, else 1. Thread-safe. */
ZMQ_EXPORT int zmq_atomic_counter_dec(void *counter);

/* The value now. Thread-safe. */
ZMQ_EXPORT int zmq_atomic_counter_value(void *counter);

/* Frees the counter and makes *counter_p NULL. */
ZMQ_EXPORT void zmq_atomic_counter_destroy(void **counter_p);

/* ---- Timers --------------------------------------------------------------------------------- */

#define ZMQ_HAVE_TIMERS

/* Called by zmq_timers_execute, in its thread; may add, change and cancel timers. */
typedef void(zmq_timer_fn)(int timer_id, void *arg);

/* An empty set of timers, for one thread at a time; NULL with ENOMEM. */
ZMQ_EXPORT void *zmq_timers_new(void);

/* Frees the set and its timers and makes *timers_p NULL. Errors: EFAULT. */
ZMQ_EXPORT int zmq_timers_destroy(void **timers_p);

/*
 * Adds a timer that expires each interval ms, first interval ms from now, until cancelled.
 * Returns: its id, 1 and upwards, never used again in this set. Errors: EFAULT timers bad or
 * handler NULL; ENOMEM.
 */
ZMQ_EXPORT int zmq_timers_add(void *timers, size_t interval, zmq_timer_fn handler, void *arg);

/* Ends a timer; its handler is not called again. Errors: EFAULT; EINVAL no such timer. */
ZMQ_EXPORT int zmq_timers_cancel(void *timers, int timer_id);

/* Sets a timer's interval and starts it anew from now. Errors: EFAULT; EINVAL no such timer. */
ZMQ_EXPORT int zmq_timers_set_interval(void *timers, int timer_id, size_t interval);

/* Starts a timer's interval anew from now. Errors: EFAULT; EINVAL no such timer. */
ZMQ_EXPORT int zmq_timers_reset(void *timers, int timer_id);

/*
 * Milliseconds until the next expiry, fit for zmq_poll: 0 if it is overdue, -1 if there is no
 * timer.
 * Errors: -1 with EFAULT.
 */
ZMQ_EXPORT long zmq_timers_timeout(void *timers);

/*
 * Calls the handler of each timer that has expired, once, in the order of their expiry; a timer's
 * next one is its interval from now, missed ones are not made up for. Errors: EFAULT.
 */
ZMQ_EXPORT int zmq_timers_execute(void *timers);

/* ---- Stopwatch, sleep, threads -------------------------------------------------------------- */

/* Starts a stopwatch; NULL with ENOMEM. zmq_stopwatch_stop frees it. */
ZMQ_EXPORT void *zmq_stopwatch_start(void);

/* Microseconds since the start. */
ZMQ_EXPORT unsigned long zmq_stopwatch_intermediate(void *watch);

/* Microseconds since the start; frees the stopwatch. */
ZMQ_EXPORT unsigned long zmq_stopwatch_stop(void *watch);

/* Sleeps; a signal may end it early. */
ZMQ_EXPORT void zmq_sleep(int seconds);

typedef void(zmq_thread_fn)(void *);

/*
 * Runs func(arg) in a new thread with all signals blocked.
 * Returns: a handle for zmq_threadclose; or NULL. Errors: EAGAIN no thread can be made; ENOMEM.
 */
ZMQ_EXPORT void *zmq_threadstart(zmq_thread_fn *func, void *arg);

/* Waits for the thread to end and frees the handle. */
ZMQ_EXPORT void zmq_threadclose(void *thread);

/* ---- Deprecated sending and receiving ------------------------------------------------------- */

struct iovec;

/* zmq_msg_send and zmq_msg_recv with the arguments in their older order. */
ZMQ_EXPORT int zmq_sendmsg(void *socket, zmq_msg_t *msg, int flags);
ZMQ_EXPORT int zmq_recvmsg(void *socket, zmq_msg_t *msg, int flags);

/*
 * Sends each element as a frame, copying; with ZMQ_SNDMORE as one message, else as one each.
 * Returns: the size of the last. Errors: EINVAL iov NULL or count 0; zmq_send's, frames before the
 * failing one stay sent.
 */
ZMQ_EXPORT int zmq_sendiov(void *socket, struct iovec *iov, size_t count, int flags);

/*
 * Receives up to *count frames of one message. Each iov_base is from malloc and the caller's to
 * free; *count becomes the number stored. Frames beyond stay to be read.
 * Returns: that number. Errors: EINVAL iov or count NULL or *count 0; zmq_msg_recv's; ENOMEM.
 */
ZMQ_EXPORT int zmq_recviov(void *socket, struct iovec *iov, size_t *count, int flags);

/* ---- Draft ---------------------------------------------------------------------------------- */

#ifdef ZMQ_BUILD_DRAFT_API

/* Socket types: single frames only (DGRAM: two). */
#    define ZMQ_SERVER 12
#    define ZMQ_CLIENT 13
#    define ZMQ_RADIO 14
#    define ZMQ_DISH 15
#    define ZMQ_GATHER 16
#    define ZMQ_SCATTER 17
#    define ZMQ_DGRAM 18
#    define ZMQ_PEER 19
#    define ZMQ_CHANNEL 20

/* Socket options, noted as above. */
#    define ZMQ_ZAP_ENFORCE_DOMAIN 93        /* GS bool, 0 */
#    define ZMQ_LOOPBACK_FASTPATH 94         /* GS bool, 0; no effect but on Windows */
#    define ZMQ_METADATA 95                  /*  S text X-name:value, adds one */
#    define ZMQ_MULTICAST_LOOP 96            /* GS bool, 1; udp */
#    define ZMQ_ROUTER_NOTIFY 97             /* GS int, ZMQ_NOTIFY_... bits, 0; ROUTER */
#    define ZMQ_XPUB_MANUAL_LAST_VALUE 98    /*  S bool, 0; PUB XPUB */
#    define ZMQ_SOCKS_USERNAME 99            /* GS text up to 255 bytes, none: no login */
#    define ZMQ_SOCKS_PASSWORD 100           /* GS text up to 255 bytes, none */
#    define ZMQ_IN_BATCH_SIZE 101            /* GS int, bytes, 8192 */
#    define ZMQ_OUT_BATCH_SIZE 102           /* GS int, bytes, 8192 */
#    define ZMQ_WSS_KEY_PEM 103              /*  S text; wss */
#    define ZMQ_WSS_CERT_PEM 104             /*  S text; wss */
#    define ZMQ_WSS_TRUST_PEM 105            /*  S text; wss */
#    define ZMQ_WSS_HOSTNAME 106             /*  S text; wss */
#    define ZMQ_WSS_TRUST_SYSTEM 107         /*  S bool, 0; wss */
#    define ZMQ_ONLY_FIRST_SUBSCRIBE 108     /*  S bool, 0; PUB XPUB XSUB */
#    define ZMQ_RECONNECT_STOP 109           /* GS int, ZMQ_RECONNECT_STOP_... bits, 0 */
#    define ZMQ_HELLO_MSG 110                /*  S bytes, none */
#    define ZMQ_DISCONNECT_MSG 111           /*  S bytes, none */
#    define ZMQ_PRIORITY 112                 /* GS int, 0: system's */
#    define ZMQ_BUSY_POLL 113                /*  S int, microseconds, 0 */
#    define ZMQ_HICCUP_MSG 114               /*  S bytes, none */
#    define ZMQ_XSUB_VERBOSE_UNSUBSCRIBE 115 /*  S bool, 0; XSUB */
#    define ZMQ_TOPICS_COUNT 116             /* G  int; PUB XPUB SUB XSUB */
#    define ZMQ_NORM_MODE 117                /* GS int, ZMQ_NORM_... */
#    define ZMQ_NORM_UNICAST_NACK 118        /* GS bool, 0 */
#    define ZMQ_NORM_BUFFER_SIZE 119         /* GS int, kB, 2048 */
#    define ZMQ_NORM_SEGMENT_SIZE 120        /* GS int, bytes, 1400 */
#    define ZMQ_NORM_BLOCK_SIZE 121          /* GS int, segments, 16 */
#    define ZMQ_NORM_NUM_PARITY 122          /* GS int, segments, 4 */
#    define ZMQ_NORM_NUM_AUTOPARITY 123      /* GS int, segments, 0 */
#    define ZMQ_NORM_PUSH 124                /* GS bool, 0 */

/* Values of ZMQ_NORM_MODE. */
#    define ZMQ_NORM_FIXED 0
#    define ZMQ_NORM_CC 1
#    define ZMQ_NORM_CCL 2
#    define ZMQ_NORM_CCE 3
#    define ZMQ_NORM_CCE_ECNONLY 4

/* Bits of ZMQ_RECONNECT_STOP. */
#    define ZMQ_RECONNECT_STOP_CONN_REFUSED 0x1
#    define ZMQ_RECONNECT_STOP_HANDSHAKE_FAILED 0x2
#    define ZMQ_RECONNECT_STOP_AFTER_DISCONNECT 0x4

/* Bits of ZMQ_ROUTER_NOTIFY. */
#    define ZMQ_NOTIFY_CONNECT 1
#    define ZMQ_NOTIFY_DISCONNECT 2

/* Context option, noted as above. */
#    define ZMQ_ZERO_COPY_RECV 10 /* GS default 1, >= 0; no effect */

/* Names for zmq_msg_gets. */
#    define ZMQ_MSG_PROPERTY_ROUTING_ID "Routing-Id"
#    define ZMQ_MSG_PROPERTY_SOCKET_TYPE "Socket-Type"
#    define ZMQ_MSG_PROPERTY_USER_ID "User-Id"
#    define ZMQ_MSG_PROPERTY_PEER_ADDRESS "Peer-Address"

/* Monitor. */
#    define ZMQ_EVENT_PIPES_STATS 0x10000 /* two values: queued outbound, queued inbound */
#    define ZMQ_CURRENT_EVENT_VERSION 1
#    define ZMQ_CURRENT_EVENT_VERSION_DRAFT 2
#    define ZMQ_EVENT_ALL_V1 ZMQ_EVENT_ALL
#    define ZMQ_EVENT_ALL_V2 (ZMQ_EVENT_ALL_V1 | ZMQ_EVENT_PIPES_STATS)

#    define ZMQ_HAVE_POLLER

/*
 * zmq_ctx_set for values of any size; an int option wants sizeof(int). THREAD_NAME_PREFIX takes a
 * text of 1 to 16 bytes, but 4 bytes are always an int.
 * Errors: EFAULT; EINVAL unknown or read-only option, wrong size, out of range. Thread-safe.
 */
ZMQ_EXPORT int zmq_ctx_set_ext(void *context, int option, const void *optval, size_t optvallen);

/*
 * zmq_ctx_get for values of any size. *optvallen: the buffer's size before, the value's after.
 * Errors: EFAULT; EINVAL unknown or write-only option, wrong or too small a size. Thread-safe.
 */
ZMQ_EXPORT int zmq_ctx_get_ext(void *context, int option, void *optval, size_t *optvallen);

/*
 * DISH only: joins or leaves a group, a text of at most ZMQ_GROUP_MAX_LENGTH bytes; "" is one too.
 * Errors: ENOTSOCK; ENOTSUP another type; EINVAL group NULL or too long, joined already (join), not
 *   joined (leave). Thread-safe.
 */
ZMQ_EXPORT int zmq_join(void *socket, const char *group);
ZMQ_EXPORT int zmq_leave(void *socket, const char *group);

/*
 * PEER only: zmq_connect that tells the routing id for sending to this endpoint, good at once and
 * over reconnects.
 * Returns: the id; 0 with errno set. Errors: ENOTSOCK; ENOTSUP another type; EFAULT ZMQ_IMMEDIATE
 *   is set; ETERM; zmq_connect's. Thread-safe.
 */
ZMQ_EXPORT uint32_t zmq_connect_peer(void *socket, const char *endpoint);

/*
 * SERVER and PEER: ends the connection to a peer.
 * Errors: ENOTSOCK; ENOTSUP another type; EHOSTUNREACH no such peer. Thread-safe.
 */
ZMQ_EXPORT int zmq_disconnect_peer(void *socket, uint32_t routing_id);

/*
 * ROUTER and REP: whether a peer's queue has room; routing_id is size bytes.
 * Returns: ZMQ_POLLOUT if so, 0 if full. Errors: ENOTSOCK; ENOTSUP another type; EHOSTUNREACH no
 * such peer; EINVAL routing_id NULL with size > 0. Thread-safe.
 */
ZMQ_EXPORT int zmq_socket_get_peer_state(void *socket, const void *routing_id, size_t size);

/* The address for sending by SERVER or PEER. Errors: EINVAL routing_id is 0; EFAULT. */
ZMQ_EXPORT int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id);

/* Where a message received by SERVER or PEER came from; 0 if it has none. */
ZMQ_EXPORT uint32_t zmq_msg_routing_id(zmq_msg_t *msg);

/*
 * The group for sending by RADIO; copied.
 * Errors: EINVAL group NULL or longer than 255 bytes; ENOMEM; EFAULT.
 */
ZMQ_EXPORT int zmq_msg_set_group(zmq_msg_t *msg, const char *group);

/* The group, "" if none, never NULL; owned by the message. */
ZMQ_EXPORT const char *zmq_msg_group(zmq_msg_t *msg);

/*
 * Makes msg a message with a copy of size bytes at buf; (NULL, 0) is an empty one.
 * Errors: ENOMEM; EINVAL buf NULL with size > 0. msg is not live then.
 */
ZMQ_EXPORT int zmq_msg_init_buffer(zmq_msg_t *msg, const void *buf, size_t size);

/* What a poller reports: a socket, or with socket NULL a descriptor, and what is to be told of it.
 */
typedef struct zmq_poller_event_t {
    void *socket;
    zmq_fd_t fd;
    void *user_data;
    short events;
} zmq_poller_event_t;

/* An empty poller; NULL with ENOMEM. */
ZMQ_EXPORT void *zmq_poller_new(void);

/* Frees the poller, not what it watched, and makes *poller_p NULL; a wait in another thread fails
 * with EFAULT. Errors: EFAULT. */
ZMQ_EXPORT int zmq_poller_destroy(void **poller_p);

/* How many sockets and descriptors are registered, or -1. Errors: EFAULT. */
ZMQ_EXPORT int zmq_poller_size(void *poller);

/*
 * Registers a socket; events may be 0; user_data comes back with its events and is not touched.
 * Take the socket out before closing it; else the next wait fails with ENOTSOCK, once.
 * Errors: EFAULT; ENOTSOCK; EINVAL unknown event bits, or registered already; ENOMEM.
 */
ZMQ_EXPORT int zmq_poller_add(void *poller, void *socket, void *user_data, short events);

/* Sets what a socket is watched for. Errors: EFAULT; ENOTSOCK; EINVAL bad bits, not registered. */
ZMQ_EXPORT int zmq_poller_modify(void *poller, void *socket, short events);

/* Takes a socket out. Errors: EFAULT; ENOTSOCK; EINVAL not registered. */
ZMQ_EXPORT int zmq_poller_remove(void *poller, void *socket);

/*
 * Waits until one object is ready, at most timeout ms (0 looks once, negative for ever), and stores
 * its event: socket or fd, what it is ready for, user_data.
 * Returns: 0. On failure the event is {NULL, -1, NULL, 0}.
 * Errors: EFAULT poller bad, event NULL, or nothing to watch and a negative timeout; EAGAIN
 *   timeout; ETERM; ENOTSOCK a registered socket was closed; EINTR; ENOMEM; EMFILE.
 */
ZMQ_EXPORT int zmq_poller_wait(void *poller, zmq_poller_event_t *event, long timeout);

/*
 * As zmq_poller_wait, for up to n_events at once; entries not used are {NULL, -1, NULL, 0}.
 * Returns: how many were stored, at least 1. Errors: zmq_poller_wait's; EINVAL n_events < 0.
 */
ZMQ_EXPORT int zmq_poller_wait_all(void *poller, zmq_poller_event_t *events, int n_events,
                                   long timeout);

/*
 * A descriptor, the poller's own, readable as long as something registered is ready (of a libzmq:
 * when a thread-safe socket may be). Wait with timeout 0 until that gives EAGAIN.
 * Errors: EFAULT; EINVAL nothing was ever registered; EMFILE.
 */
ZMQ_EXPORT int zmq_poller_fd(void *poller, zmq_fd_t *fd);

/*
 * As zmq_poller_add, for a descriptor.
 * Errors: EFAULT; EBADF fd is -1; EINVAL unknown event bits, or registered already; ENOMEM;
 *   EMFILE.
 */
ZMQ_EXPORT int zmq_poller_add_fd(void *poller, zmq_fd_t fd, void *user_data, short events);

/*
 * As zmq_poller_modify and zmq_poller_remove, for a descriptor.
 * Errors: EFAULT; EBADF fd is -1; EINVAL unknown event bits, or not registered.
 */
ZMQ_EXPORT int zmq_poller_modify_fd(void *poller, zmq_fd_t fd, short events);
ZMQ_EXPORT int zmq_poller_remove_fd(void *poller, zmq_fd_t fd);

#    ifndef _WIN32
/*
 * zmq_poll with a signal mask in force only while it waits; NULL leaves the mask alone.
 * Errors: zmq_poll's; EINVAL also for a socket of a thread-safe type;
 *   ENOTSUP the system has no such wait.
 */
ZMQ_EXPORT int zmq_ppoll(zmq_pollitem_t *items, int nitems, long timeout, const sigset_t *sigmask);
#    else
ZMQ_EXPORT int zmq_ppoll(zmq_pollitem_t *items, int nitems, long timeout, const void *sigmask);
#    endif

/*
 * zmq_socket_monitor with a version of the events' form (1, or 2 with 64-bit values and both ends'
 * addresses) and the type of the publishing socket: ZMQ_PAIR, ZMQ_PUB or ZMQ_PUSH.
 * Version 2 parts: uint64 event, uint64 n, n uint64 values, local endpoint, remote endpoint.
 * Errors: zmq_socket_monitor's; EINVAL also for another version or type.
 */
ZMQ_EXPORT int zmq_socket_monitor_versioned(void *socket, const char *endpoint, uint64_t events,
                                            int event_version, int type);

/*
 * Asks for one ZMQ_EVENT_PIPES_STATS per peer on the socket's monitor.
 * Errors: ENOTSOCK; EINVAL no monitor, or it does not select that event; EAGAIN no peers; ENOMEM.
 */
ZMQ_EXPORT int zmq_socket_monitor_pipes_stats(void *socket);

#endif /* ZMQ_BUILD_DRAFT_API */

#undef ZMQ_EXPORT

#ifdef __cplusplus
}
#endif

#endif
