/* SPDX-License-Identifier: MIT */
#include "core/ctx_options.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf.h"
#include "os/os.h"
#include "zmq.h"
#include "zmqx.h"

enum { SOCKET_LIMIT = 65535, SPIN_US_MAX = 1000000 };

enum kind { INT, FLAG, CONSTANT, CPU_ADD, CPU_REMOVE, PREFIX };

enum { GET = 1, SET = 2 };

struct row {
    int option;
    enum kind kind;
    unsigned access;
    size_t offset;
    int min, max;
    int dflt; /* a CONSTANT's value */
};

#define AT(field) offsetof(struct zx_ctx_conf, field)

/* Number 3 has two rows: THREAD_PRIORITY can only be set, SOCKET_LIMIT only be read. */
static const struct row table[] = {
    {ZMQ_IO_THREADS, INT, GET | SET, AT(io_threads), 0, INT_MAX, ZMQ_IO_THREADS_DFLT},
    {ZMQ_MAX_SOCKETS, INT, GET | SET, AT(max_sockets), 1, INT_MAX, ZMQ_MAX_SOCKETS_DFLT},
    {ZMQ_SOCKET_LIMIT, CONSTANT, GET, 0, 0, 0, SOCKET_LIMIT},
    {ZMQ_THREAD_PRIORITY, INT, SET, AT(priority), 0, INT_MAX, ZMQ_THREAD_PRIORITY_DFLT},
    {ZMQ_THREAD_SCHED_POLICY, INT, GET | SET, AT(sched_policy), 0, INT_MAX,
     ZMQ_THREAD_SCHED_POLICY_DFLT},
    {ZMQ_MAX_MSGSZ, INT, GET | SET, AT(max_msgsz), 0, INT_MAX, INT_MAX},
    {ZMQ_MSG_T_SIZE, CONSTANT, GET, 0, 0, 0, sizeof(zmq_msg_t)},
    {ZMQ_THREAD_AFFINITY_CPU_ADD, CPU_ADD, SET, 0, 0, INT_MAX, 0},
    {ZMQ_THREAD_AFFINITY_CPU_REMOVE, CPU_REMOVE, SET, 0, 0, INT_MAX, 0},
    {ZMQ_THREAD_NAME_PREFIX, PREFIX, GET | SET, 0, INT_MIN, INT_MAX, 0},
    {ZMQ_ZERO_COPY_RECV, FLAG, GET | SET, AT(zero_copy), 0, INT_MAX, 1},
    {ZMQ_IPV6, FLAG, GET | SET, AT(ipv6), 0, INT_MAX, 0},
    {ZMQ_BLOCKY, FLAG, GET | SET, AT(blocky), 0, INT_MAX, 1},
    {ZMQX_SPIN_US, INT, GET | SET, AT(spin_us), 0, SPIN_US_MAX, -1},
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

static const struct row *find(int option, unsigned access) {
    for (const struct row *r = table; r < table + ROWS; r++)
        if (r->option == option && r->access & access)
            return r;
    return NULL;
}

static int *int_at(struct zx_ctx_conf *conf, const struct row *r) {
    return (int *)(void *)((char *)conf + r->offset);
}

static bool *flag_at(struct zx_ctx_conf *conf, const struct row *r) {
    return (bool *)((char *)conf + r->offset);
}

void zx_ctx_conf_init(struct zx_ctx_conf *conf) {
    memset(conf, 0, sizeof(*conf));
    for (const struct row *r = table; r < table + ROWS; r++) {
        if (r->kind == INT)
            *int_at(conf, r) = r->dflt;
        else if (r->kind == FLAG)
            *flag_at(conf, r) = r->dflt;
    }
}

void zx_ctx_conf_fini(struct zx_ctx_conf *conf) {
    free(conf->cpus);
    conf->cpus = NULL;
    conf->n_cpus = 0;
}

/* ---- the set of processors ---------------------------------------------- */

static size_t find_cpu(const struct zx_ctx_conf *conf, int cpu) {
    size_t i = 0;
    while (i < conf->n_cpus && conf->cpus[i] != cpu)
        i++;
    return i;
}

static int add_cpu(struct zx_ctx_conf *conf, int cpu) {
    if (find_cpu(conf, cpu) < conf->n_cpus)
        return 0;
    int *more = realloc(conf->cpus, (conf->n_cpus + 1) * sizeof(*more));
    if (!more)
        return -ENOMEM;
    conf->cpus = more;
    conf->cpus[conf->n_cpus++] = cpu;
    return 0;
}

static int remove_cpu(struct zx_ctx_conf *conf, int cpu) {
    size_t i = find_cpu(conf, cpu);
    if (i == conf->n_cpus)
        return -EINVAL;
    conf->cpus[i] = conf->cpus[--conf->n_cpus];
    return 0;
}

/* ---- set and get -------------------------------------------------------- */

static int set_number(struct zx_ctx_conf *conf, const struct row *r, int value) {
    switch (r->kind) {
    case INT:
        *int_at(conf, r) = value;
        return 0;
    case FLAG:
        *flag_at(conf, r) = value;
        return 0;
    case CPU_ADD:
        return add_cpu(conf, value);
    case CPU_REMOVE:
        return remove_cpu(conf, value);
    case PREFIX:
        snprintf(conf->name_prefix, sizeof(conf->name_prefix), "%d", value);
        return 0;
    case CONSTANT:
        break;
    }
    return -EINVAL;
}

static int set_prefix(struct zx_ctx_conf *conf, const char *text, size_t size) {
    if (!text || size < 1 || size > ZX_NAME_PREFIX_MAX)
        return -EINVAL;
    memcpy(conf->name_prefix, text, size);
    conf->name_prefix[size] = '\0';
    return 0;
}

int zx_ctx_conf_set(struct zx_ctx_conf *conf, int option, const void *val, size_t size) {
    int value;
    const struct row *r = find(option, SET);
    if (!r)
        return -EINVAL;
    /* Four bytes are a number even where a text could stand: libzmq's rule. */
    if (r->kind == PREFIX && size != sizeof(value))
        return set_prefix(conf, val, size);
    int rc = zx_opt_take_int(val, size, &value);
    if (rc)
        return rc;
    return value < r->min || value > r->max ? -EINVAL : set_number(conf, r, value);
}

/* The bytes without a terminator, which follows where there is room: libzmq's callers give a
 * buffer of exactly the prefix's length. */
static int get_prefix(const struct zx_ctx_conf *conf, char *text, size_t *size) {
    size_t len = strlen(conf->name_prefix);
    if (!text || *size < len)
        return -EINVAL;
    memcpy(text, conf->name_prefix, len);
    if (*size > len)
        text[len] = '\0';
    *size = len;
    return 0;
}

static int prefix_as_number(const char *prefix) {
    long n = strtol(prefix, NULL, 10);
    return n > INT_MAX ? INT_MAX : n < INT_MIN ? INT_MIN : (int)n;
}

int zx_ctx_conf_get(const struct zx_ctx_conf *conf, int option, void *val, size_t *size) {
    const struct row *r = find(option, GET);
    if (!r || !size)
        return -EINVAL;
    if (r->kind == PREFIX && *size != sizeof(int))
        return get_prefix(conf, val, size);
    int value = r->dflt;
    if (r->kind == PREFIX)
        value = prefix_as_number(conf->name_prefix);
    else if (r->kind == INT)
        memcpy(&value, (const char *)conf + r->offset, sizeof(value));
    else if (r->kind == FLAG)
        value = *((const bool *)conf + r->offset);
    if (option == ZMQX_SPIN_US && value < 0)
        value = (int)zx_os_env_number("ZMQX_SPIN_US", ZX_SPIN_US_DEFAULT); /* as zx_ctx_new */
    return zx_opt_get_int(value, val, size);
}
