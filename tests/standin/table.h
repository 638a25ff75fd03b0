/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_STANDIN_TABLE_H
#define ZX_TEST_STANDIN_TABLE_H

/*
 * Inside of the stand-in: what the families share.
 *
 * What: the table of descriptors that stand for something else, names in the abstract space, the
 *   calls of the C library that this one hides. Owner: table_lock guards the table.
 * Life: as the process. Never: is included from outside this folder.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "standin.h"

enum { NAME_MAX_LEN = 100, FD_MAX = 65536 };

struct entry {
    int family;        /* 0: not ours */
    unsigned birth;    /* another one each time the number is given out */
    int pending;       /* errno that SO_ERROR tells once */
    bool silent;       /* a connect that nobody answers */
    uint64_t max, min, size;
    int timeout_ms;
};

extern pthread_mutex_t table_lock;
extern unsigned standin_switches;

int standin_family(int fd);
/* Of a descriptor that is ours; table_lock held. */
struct entry *entry_of(int fd);

/* "@<kind>/<machine>/" and the rest of a name. */
void name_of(char *name, char kind, const char *rest);
int name_bind(int fd, const char *name);
int name_connect(int fd, const char *name); /* 0 or the errno */
/* The rest of this socket's or its peer's name; false without one. */
bool name_get(int fd, bool peer, char kind, char *rest);
/* The rests of all names of a kind on this machine, until fn says true. */
bool name_each(char kind, bool (*fn)(const char *rest, bool listening, void *arg), void *arg);

/* What a connect ends with that does not wait: errno as the kernel would have it. */
int connect_result(int fd, int err);
/* The same where nobody answers. */
int connect_silent(int fd);
void give_address(struct sockaddr *to, socklen_t *n, const void *from, size_t size);
int refuse_with(int err); /* -1 and errno */

/* The families. */
int vsock_bind(int fd, const struct sockaddr *a, socklen_t n);
int vsock_connect(int fd, const struct sockaddr *a, socklen_t n);
int vsock_name(int fd, bool peer, struct sockaddr *a, socklen_t *n);
int vsock_set(int fd, int name, const void *value, socklen_t n);
int vsock_get(int fd, int name, void *value, socklen_t *n);
void vsock_born(struct entry *e);
int tipc_bind(int fd, const struct sockaddr *a, socklen_t n);
int tipc_connect(int fd, const struct sockaddr *a, socklen_t n);
int tipc_name(int fd, bool peer, struct sockaddr *a, socklen_t *n);
int tipc_listen(int fd);

/* The C library's own. */
struct real {
    int (*socket)(int, int, int);
    int (*bind)(int, const struct sockaddr *, socklen_t);
    int (*listen)(int, int);
    int (*accept4)(int, struct sockaddr *, socklen_t *, int);
    int (*connect)(int, const struct sockaddr *, socklen_t);
    int (*getsockname)(int, struct sockaddr *, socklen_t *);
    int (*getpeername)(int, struct sockaddr *, socklen_t *);
    int (*setsockopt)(int, int, int, const void *, socklen_t);
    int (*getsockopt)(int, int, int, void *, socklen_t *);
    int (*close)(int);
    int (*ioctl)(int, unsigned long, ...);
    int (*open)(const char *, int, ...);
};
const struct real *real(void);

#endif
