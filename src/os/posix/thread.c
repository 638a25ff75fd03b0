/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 16 };

/* A thread's own copy of what it was asked to be: it may outlive its starter's. */
struct start {
    void (*fn)(void *);
    void *arg;
    int priority;
    int sched_policy;
    char name[NAME_SIZE];
    size_t n_cpus;
    int cpus[];
};

static_assert(sizeof(pthread_t) <= sizeof(uintptr_t), "a pthread_t must fit zx_thread");

static void apply_scheduling(const struct start *st) {
    int policy;
    struct sched_param param;
    if (st->priority < 0 && st->sched_policy < 0)
        return;
    if (pthread_getschedparam(pthread_self(), &policy, &param) != 0)
        return;
    if (st->sched_policy >= 0)
        policy = st->sched_policy;
    bool realtime = policy == SCHED_FIFO || policy == SCHED_RR;
    if (realtime && st->priority >= 0)
        param.sched_priority = st->priority;
    pthread_setschedparam(pthread_self(), policy, &param);
    if (!realtime && st->priority > 0)
        zx_posix_thread_favour();
}

/* Here and not in the starter: naming or placing a thread that has ended meanwhile could hit
 * the caller instead. */
static void *run(void *arg) {
    struct start *st = arg;
    if (st->name[0])
        zx_posix_thread_name(st->name);
    if (st->n_cpus)
        zx_posix_thread_cpus(st->cpus, st->n_cpus);
    apply_scheduling(st);
    void (*fn)(void *) = st->fn;
    void *fn_arg = st->arg;
    free(st);
    fn(fn_arg);
    return NULL;
}

static struct start *copy_conf(const struct zx_thread_conf *conf) {
    size_t n = conf ? conf->n_cpus : 0;
    if (n > SIZE_MAX / sizeof(int) / 2)
        return NULL;
    struct start *st = calloc(1, sizeof(*st) + n * sizeof(int));
    if (!st)
        return NULL;
    st->priority = conf ? conf->priority : -1;
    st->sched_policy = conf ? conf->sched_policy : -1;
    st->n_cpus = n;
    if (n)
        memcpy(st->cpus, conf->cpus, n * sizeof(int));
    if (conf && conf->name)
        memcpy(st->name, conf->name, strnlen(conf->name, NAME_SIZE - 1));
    return st;
}

int zx_thread_start(struct zx_thread *t, const struct zx_thread_conf *conf, void (*fn)(void *),
                    void *arg) {
    t->running = false;
    struct start *st = copy_conf(conf);
    if (!st)
        return -ENOMEM;
    st->fn = fn;
    st->arg = arg;
    sigset_t all, old;
    sigfillset(&all);
    pthread_t handle;
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&handle, NULL, run, st);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc) {
        free(st);
        return rc == ENOMEM ? -ENOMEM : -EAGAIN;
    }
    t->handle = (uintptr_t)handle;
    t->running = true;
    return 0;
}

void zx_thread_join(struct zx_thread *t) {
    if (!t->running)
        return;
    pthread_join((pthread_t)t->handle, NULL);
    t->running = false;
}

int zx_thread_start_detached(const struct zx_thread_conf *conf, void (*fn)(void *), void *arg) {
    struct zx_thread t;
    int rc = zx_thread_start(&t, conf, fn, arg);
    if (!rc)
        pthread_detach((pthread_t)t.handle);
    return rc;
}

_Thread_local char zx_os_thread_mark;

uintptr_t zx_thread_self(void) {
    return (uintptr_t)pthread_self();
}
