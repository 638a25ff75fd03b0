/* SPDX-License-Identifier: MIT */
#include "core/resolver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/link.h"

enum { THREADS_MAX = 8 };

struct zx_resolve_job {
    struct zx_mutex lock;
    struct zx_link *link; /* reference; NULL once cancelled */
    struct zx_resolve_job *next;
    const struct zx_transport_ops *tp;
    struct zx_conf *conf;
    char *address;
    struct zx_addr addrs[ZX_RESOLVE_MAX];
    int result;
    atomic_uint refs; /* link and thread */
};

static struct {
    struct zx_mutex lock;
    struct zx_resolve_job *first, *last;
    int threads, idle;
} pool;

void zx_resolver_after_fork(void) {
    /* No helper thread is here; the parent's jobs are not ours. */
    atomic_store_explicit(&pool.lock.word, 0, memory_order_relaxed);
    pool.first = pool.last = NULL;
    pool.threads = 0;
}

static void job_unref(struct zx_resolve_job *job) {
    if (atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) != 1)
        return;
    zx_conf_unref(job->conf);
    free(job->address);
    free(job);
}

static void run_job(struct zx_resolve_job *job) {
    int n = job->tp->resolve(job->conf, job->address, job->addrs, ZX_RESOLVE_MAX);
    zx_mutex_lock(&job->lock);
    job->result = n;
    struct zx_link *l = job->link;
    job->link = NULL;
    zx_mutex_unlock(&job->lock);
    if (l) {
        zx_link_kick(l, ZX_WORK_RESOLVED, false);
        zx_source_unref(&l->src);
    }
    job_unref(job);
}

static void resolver_loop(void *arg) {
    (void)arg;
    for (;;) {
        zx_mutex_lock(&pool.lock);
        struct zx_resolve_job *job = pool.first;
        if (job)
            pool.first = job->next;
        else
            pool.threads--;
        zx_mutex_unlock(&pool.lock);
        if (!job)
            return;
        run_job(job);
    }
}

static int pool_push(struct zx_resolve_job *job) {
    zx_mutex_lock(&pool.lock);
    bool start = pool.threads < THREADS_MAX;
    if (start)
        pool.threads++;
    if (pool.first)
        pool.last->next = job;
    else
        pool.first = job;
    pool.last = job;
    zx_mutex_unlock(&pool.lock);
    if (!start)
        return 0;
    struct zx_thread_conf conf = {"ZMQbg/Resolve", -1, -1, NULL, 0};
    int rc = zx_thread_start_detached(&conf, resolver_loop, NULL);
    if (!rc)
        return 0;
    /* Only a job still in the list has failed: another thread may have run it. */
    bool found = false;
    zx_mutex_lock(&pool.lock);
    pool.threads--;
    for (struct zx_resolve_job **p = &pool.first; pool.threads == 0 && *p && !found;) {
        found = *p == job;
        if (found)
            *p = job->next;
        else
            p = &(*p)->next;
    }
    pool.last = pool.first;
    while (pool.last && pool.last->next)
        pool.last = pool.last->next;
    zx_mutex_unlock(&pool.lock);
    return found ? rc : 0;
}

int zx_resolver_start(struct zx_link *l, struct zx_resolve_job **out) {
    struct zx_resolve_job *job = calloc(1, sizeof *job);
    if (!job || !(job->address = strdup(l->ep->address))) {
        free(job);
        return -ENOMEM;
    }
    atomic_init(&job->refs, 2);
    job->tp = l->tp;
    job->conf = zx_conf_ref(l->conf);
    job->result = -EAGAIN;
    job->link = l;
    zx_source_ref(&l->src);
    *out = job;
    int rc = pool_push(job);
    if (!rc)
        return 0;
    job->link = NULL;
    *out = NULL;
    job_unref(job);
    job_unref(job);
    zx_source_unref(&l->src);
    return rc;
}

void zx_resolver_cancel(struct zx_resolve_job **pjob) {
    struct zx_resolve_job *job = *pjob;
    *pjob = NULL;
    zx_mutex_lock(&job->lock);
    struct zx_link *l = job->link;
    job->link = NULL;
    zx_mutex_unlock(&job->lock);
    if (l)
        zx_source_unref(&l->src);
    job_unref(job);
}

int zx_resolver_take(struct zx_resolve_job **pjob, struct zx_addr *out, int max) {
    struct zx_resolve_job *job = *pjob;
    zx_mutex_lock(&job->lock);
    int n = job->result;
    zx_mutex_unlock(&job->lock);
    if (n > 0)
        memcpy(out, job->addrs, (size_t)(n < max ? n : max) * sizeof *out);
    *pjob = NULL;
    job_unref(job);
    return n;
}
