/* SPDX-License-Identifier: MIT */
#include "core/background.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/link.h"
#include "security/mechanism.h"

enum { THREADS_MAX = 8 };

enum kind { RESOLVE, STEP, KINDS };

struct zx_job {
    struct zx_mutex lock;
    struct zx_link *link; /* reference; NULL once cancelled or done */
    struct zx_job *next;
    struct zx_conf *conf;
    enum kind kind;
    bool is_done;
    atomic_uint refs; /* link and thread */
    struct {
        const struct zx_transport_ops *tp;
        char *address;
        int result;
        struct zx_addr *addrs;
    } name;
    struct zx_mech_work *step; /* the thread's until is_done */
};

static struct pool {
    struct zx_mutex lock;
    struct zx_job *first, *last;
    int threads;
} pools[KINDS];

void zx_background_after_fork(void) {
    /* No helper thread is here; the parent's jobs are not ours. */
    for (int i = 0; i < KINDS; i++) {
        /* Acquire: what its last holder did, in the parent, came first. */
        (void)atomic_exchange_explicit(&pools[i].lock.word, 0, memory_order_acquire);
        pools[i].first = pools[i].last = NULL;
        pools[i].threads = 0;
    }
}

static void job_unref(struct zx_job *job) {
    if (atomic_fetch_sub_explicit(&job->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (job->step)
        job->step->free(job->step);
    zx_conf_unref(job->conf);
    free(job->name.addrs);
    free(job->name.address);
    free(job);
}

static bool is_wanted(struct zx_job *job) {
    zx_mutex_lock(&job->lock);
    bool is = job->link != NULL;
    zx_mutex_unlock(&job->lock);
    return is;
}

static void do_job(struct zx_job *job) {
    if (job->kind == RESOLVE)
        job->name.result = job->name.tp->resolve(job->conf, job->name.address, job->name.addrs,
                                                 ZX_RESOLVE_MAX);
    else
        job->step->run(job->step);
}

static void run_job(struct zx_job *job) {
    if (is_wanted(job))
        do_job(job);
    zx_mutex_lock(&job->lock);
    job->is_done = true;
    struct zx_link *l = job->link;
    job->link = NULL;
    zx_mutex_unlock(&job->lock);
    if (l) {
        zx_link_kick(l, job->kind == RESOLVE ? ZX_WORK_RESOLVED : ZX_WORK_STEP_DONE, false);
        zx_source_unref(&l->src);
    }
    job_unref(job);
}

static void pool_loop(void *arg) {
    struct pool *pool = arg;
    for (;;) {
        zx_mutex_lock(&pool->lock);
        struct zx_job *job = pool->first;
        if (job)
            pool->first = job->next;
        else
            pool->threads--;
        zx_mutex_unlock(&pool->lock);
        if (!job)
            return;
        run_job(job);
    }
}

/* No thread could be started. Only a job still in the list has failed: another thread may have
 * run it. */
static bool withdraw(struct pool *pool, const struct zx_job *job) {
    bool found = false;
    zx_mutex_lock(&pool->lock);
    pool->threads--;
    for (struct zx_job **p = &pool->first; pool->threads == 0 && *p && !found;) {
        found = *p == job;
        if (found)
            *p = job->next;
        else
            p = &(*p)->next;
    }
    pool->last = pool->first;
    while (pool->last && pool->last->next)
        pool->last = pool->last->next;
    zx_mutex_unlock(&pool->lock);
    return found;
}

static int pool_push(struct zx_job *job) {
    static const char *const names[KINDS] = {"ZMQbg/Resolve", "ZMQbg/Security"};
    struct pool *pool = &pools[job->kind];
    zx_mutex_lock(&pool->lock);
    bool start = pool->threads < THREADS_MAX;
    if (start)
        pool->threads++;
    if (pool->first)
        pool->last->next = job;
    else
        pool->first = job;
    pool->last = job;
    zx_mutex_unlock(&pool->lock);
    if (!start)
        return 0;
    struct zx_thread_conf conf = {names[job->kind], -1, -1, NULL, 0};
    int rc = zx_thread_start_detached(&conf, pool_loop, pool);
    return rc && withdraw(pool, job) ? rc : 0;
}

static struct zx_job *job_new(struct zx_link *l, enum kind kind) {
    struct zx_job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    atomic_init(&job->refs, 2);
    job->kind = kind;
    job->conf = zx_conf_ref(l->conf);
    return job;
}

static int start(struct zx_link *l, struct zx_job *job, struct zx_job **out) {
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

void zx_background_cancel(struct zx_job **pjob) {
    struct zx_job *job = *pjob;
    *pjob = NULL;
    if (!job)
        return;
    zx_mutex_lock(&job->lock);
    struct zx_link *l = job->link;
    job->link = NULL;
    zx_mutex_unlock(&job->lock);
    if (l)
        zx_source_unref(&l->src);
    job_unref(job);
}

int zx_background_resolve(struct zx_link *l, struct zx_job **out) {
    struct zx_job *job = job_new(l, RESOLVE);
    if (!job)
        return -ENOMEM;
    job->name.tp = l->tp;
    job->name.address = strdup(l->ep->address);
    job->name.addrs = calloc(ZX_RESOLVE_MAX, sizeof *job->name.addrs);
    if (job->name.address && job->name.addrs)
        return start(l, job, out);
    job_unref(job);
    job_unref(job);
    return -ENOMEM;
}

static bool is_done(struct zx_job *job) {
    zx_mutex_lock(&job->lock);
    bool is = job->is_done;
    zx_mutex_unlock(&job->lock);
    return is;
}

int zx_background_take_addrs(struct zx_job **pjob, struct zx_addr *out, int max) {
    struct zx_job *job = *pjob;
    int n = is_done(job) ? job->name.result : -EAGAIN;
    if (n > 0)
        memcpy(out, job->name.addrs, (size_t)(n < max ? n : max) * sizeof *out);
    zx_background_cancel(pjob);
    return n;
}

int zx_background_step(struct zx_link *l, struct zx_mech_work *work, struct zx_job **out) {
    struct zx_job *job = job_new(l, STEP);
    if (!job) {
        work->free(work);
        return -ENOMEM;
    }
    job->step = work;
    return start(l, job, out);
}

struct zx_mech_work *zx_background_take_step(struct zx_job **pjob) {
    struct zx_job *job = *pjob;
    if (job->kind != STEP || !is_done(job))
        return NULL;
    struct zx_mech_work *work = job->step;
    job->step = NULL;
    zx_background_cancel(pjob);
    return work;
}
