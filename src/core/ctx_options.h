/* SPDX-License-Identifier: MIT */
/*
 * The options of a context.
 *
 * What: the values that zmq_ctx_set and zmq_ctx_get know, their defaults and ranges.
 * Owner: part of the context; its lock is the caller's business.
 * Life: zx_ctx_conf_init, zx_ctx_conf_fini (safe on a zeroed one).
 * Never: acts on a value: threads, sockets and limits read what they need when they start.
 */
#ifndef ZX_CORE_CTX_OPTIONS_H
#define ZX_CORE_CTX_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* A wait polls for as long as waking from sleep costs on the systems measured. */
enum { ZX_NAME_PREFIX_MAX = 16, ZX_SPIN_US_DEFAULT = 30 };

struct zx_ctx_conf {
    int io_threads, max_sockets;
    int max_msgsz;              /* bytes; stored only, as libzmq does */
    int priority, sched_policy; /* of the threads; -1: leave alone */
    int spin_us;                /* -1: never set */
    bool blocky, ipv6;
    bool zero_copy; /* stored only */
    char name_prefix[ZX_NAME_PREFIX_MAX + 1];
    int *cpus; /* the threads' affinity, n_cpus different numbers */
    size_t n_cpus;
};

void zx_ctx_conf_init(struct zx_ctx_conf *conf);
void zx_ctx_conf_fini(struct zx_ctx_conf *conf);

/* val is copied. -EINVAL: unknown or read-only option, wrong size or value; -ENOMEM. */
int zx_ctx_conf_set(struct zx_ctx_conf *conf, int option, const void *val, size_t size);
/* *size is the room before and the size of the value afterwards. -EINVAL: unknown or write-only
 * option, wrong size, too little room. */
int zx_ctx_conf_get(const struct zx_ctx_conf *conf, int option, void *val, size_t *size);

#endif
