/* SPDX-License-Identifier: MIT */
/* AF_TIPC. A name's rest is "ref/type-lower-upper", the latter zeros where nothing is bound. */
#define _GNU_SOURCE
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RANGE = 1, SERVICE = 2, ID = 3, RESERVED_TYPES = 64, OUR_NODE = 0x01001001 };

struct tipc {
    uint16_t family;
    uint8_t kind;
    int8_t scope;
    /* range: type, lower, upper; service: type, instance, domain; id: ref, node */
    uint32_t word[3];
};

static bool take(struct tipc *t, const struct sockaddr *a, socklen_t n) {
    if (n < sizeof *t)
        return false;
    memcpy(t, a, sizeof *t);
    return t->family == AF_TIPC;
}

/* Every socket has a number of its own, from the first time that somebody asks. */
static int give_name(int fd, uint32_t type, uint32_t lower, uint32_t upper) {
    static uint32_t next;
    static pid_t owner; /* a child has numbers of its own */
    char name[NAME_MAX_LEN], rest[NAME_MAX_LEN];
    pthread_mutex_lock(&table_lock);
    if (owner != getpid()) {
        owner = getpid();
        next = (uint32_t)owner << 12 | 1;
    }
    uint32_t ref = next++;
    pthread_mutex_unlock(&table_lock);
    snprintf(rest, sizeof rest, "%u/%u-%u-%u", (unsigned)ref, (unsigned)type, (unsigned)lower,
             (unsigned)upper);
    name_of(name, 't', rest);
    return name_bind(fd, name);
}

static int need_name(int fd) {
    char rest[NAME_MAX_LEN];
    return name_get(fd, false, 't', rest) ? 0 : give_name(fd, 0, 0, 0);
}

int tipc_bind(int fd, const struct sockaddr *a, socklen_t n) {
    struct tipc t;
    if (!take(&t, a, n) || (t.kind != RANGE && t.kind != SERVICE))
        return refuse_with(EAFNOSUPPORT);
    uint32_t upper = t.kind == SERVICE ? t.word[1] : t.word[2];
    if (t.word[0] < RESERVED_TYPES)
        return refuse_with(EACCES);
    if (t.word[1] > upper || t.scope < 1 || t.scope > 3)
        return refuse_with(EINVAL);
    return give_name(fd, t.word[0], t.word[1], upper);
}

int tipc_listen(int fd) {
    return need_name(fd);
}

/* ---- who is there ------------------------------------------------------------------- */

struct search {
    const struct tipc *want;
    unsigned seen, skip; /* that many before the one */
    char found[NAME_MAX_LEN];
};

static bool fits(const struct tipc *want, const char *rest) {
    unsigned ref, type, lower, upper;
    if (sscanf(rest, "%u/%u-%u-%u", &ref, &type, &lower, &upper) != 4)
        return false;
    if (want->kind == ID)
        return ref == want->word[0];
    return type == want->word[0] && lower <= want->word[1] && want->word[1] <= upper;
}

static bool consider(const char *rest, bool listening, void *arg) {
    struct search *s = arg;
    if (!listening || !fits(s->want, rest))
        return false;
    snprintf(s->found, sizeof s->found, "%s", rest);
    return s->seen++ == s->skip;
}

/* One after the other of those that fit. */
static bool look_up(const struct tipc *want, char *found) {
    static unsigned turn;
    struct search s = {.want = want};
    s.skip = UINT32_MAX;
    name_each('t', consider, &s);
    if (!s.seen)
        return false;
    pthread_mutex_lock(&table_lock);
    s.skip = turn++ % s.seen;
    pthread_mutex_unlock(&table_lock);
    s.seen = 0;
    name_each('t', consider, &s);
    strcpy(found, s.found);
    return true;
}

/* A domain is a zone or a cluster only where nodes have such numbers. */
static bool is_in(uint32_t domain) {
    pthread_mutex_lock(&table_lock);
    bool old = !(standin_switches & STANDIN_NEW_NODE);
    pthread_mutex_unlock(&table_lock);
    return !domain || domain == OUR_NODE ||
           (old && (domain == (OUR_NODE & 0xff000000) || domain == (OUR_NODE & 0xfffff000)));
}

int tipc_connect(int fd, const struct sockaddr *a, socklen_t n) {
    struct tipc t;
    char name[NAME_MAX_LEN], rest[NAME_MAX_LEN] = "";
    if (!take(&t, a, n) || (t.kind != ID && t.kind != SERVICE))
        return refuse_with(EINVAL);
    if (t.kind == ID ? t.word[1] != OUR_NODE : !is_in(t.word[2]))
        return refuse_with(EHOSTUNREACH);
    bool found = look_up(&t, rest);
    if (!found && t.kind == SERVICE)
        return refuse_with(EHOSTUNREACH);
    if (need_name(fd))
        return -1;
    name_of(name, 't', rest);
    int err = found ? name_connect(fd, name) : ECONNREFUSED;
    return connect_result(fd, err == EAGAIN ? ECONNREFUSED : err);
}

int tipc_name(int fd, bool peer, struct sockaddr *a, socklen_t *n) {
    struct tipc t = {.family = AF_TIPC, .kind = ID, .scope = 0, .word = {0, OUR_NODE, 0}};
    char rest[NAME_MAX_LEN];
    unsigned ref;
    if (!peer && need_name(fd))
        return -1;
    if (!name_get(fd, peer, 't', rest) || sscanf(rest, "%u/", &ref) != 1)
        return refuse_with(ENOTCONN);
    t.word[0] = ref;
    give_address(a, n, &t, sizeof t);
    return 0;
}
