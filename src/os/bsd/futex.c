/* SPDX-License-Identifier: MIT */
/*
 * Waiting on a word: the kernel's call on FreeBSD and OpenBSD; elsewhere a table of
 * condition variables, where a signal does not end the wait (no -EINTR) before its timeout.
 */
#include "os/posix/posix.h"

#if ZX_OS_BSD

#    if defined(__FreeBSD__)

#        include <sys/types.h>
#        include <sys/umtx.h>

int zx_os_futex_wait(atomic_uint *word, unsigned expected, uint64_t timeout_ns) {
    struct timespec ts = zx_posix_timespec(timeout_ns);
    void *size = (void *)(uintptr_t)sizeof(ts);
    if (_umtx_op((void *)word, UMTX_OP_WAIT_UINT_PRIVATE, expected, size, &ts) == 0)
        return 0;
    return zx_posix_error();
}

void zx_os_futex_wake(atomic_uint *word, int count) {
    _umtx_op((void *)word, UMTX_OP_WAKE_PRIVATE, (unsigned long)count, NULL, NULL);
}

#    elif defined(__OpenBSD__)

#        include <sys/futex.h>
#        include <sys/time.h>

int zx_os_futex_wait(atomic_uint *word, unsigned expected, uint64_t timeout_ns) {
    struct timespec ts = zx_posix_timespec(timeout_ns);
    volatile uint32_t *at = (volatile uint32_t *)(void *)word;
    int rc = futex(at, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, (int)expected, &ts, NULL);
    int code = rc < 0 ? errno : rc; /* releases differ in where they tell it */
    if (code == EAGAIN)
        return 0;
    return code == ECANCELED ? -EINTR : -code; /* the former: a handler with SA_RESTART */
}

void zx_os_futex_wake(atomic_uint *word, int count) {
    volatile uint32_t *at = (volatile uint32_t *)(void *)word;
    futex(at, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, count, NULL, NULL);
}

#    else

#        include <pthread.h>
#        include <sys/time.h>

enum { BUCKETS = 64 };

/* Words that share a bucket share its wake-ups: the waiter looks at its own word again. */
static struct bucket {
    pthread_mutex_t lock;
    pthread_cond_t woken;
} buckets[BUCKETS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void) {
    for (int i = 0; i < BUCKETS; i++) {
        pthread_mutex_init(&buckets[i].lock, NULL);
        pthread_cond_init(&buckets[i].woken, NULL);
    }
}

static struct bucket *bucket_of(const atomic_uint *word) {
    pthread_once(&once, init);
    return &buckets[((uintptr_t)word >> 6) % BUCKETS];
}

/* Condition variables count by the wall clock here; a step of it only makes a wait longer or
 * shorter, which a futex wait allows. */
static struct timespec deadline(uint64_t timeout_ns) {
    struct timeval now;
    gettimeofday(&now, NULL);
    struct timespec ts = zx_posix_timespec(timeout_ns);
    ts.tv_sec += now.tv_sec;
    ts.tv_nsec += (long)now.tv_usec * 1000;
    if (ts.tv_nsec >= (long)ZX_NS_PER_S) {
        ts.tv_nsec -= (long)ZX_NS_PER_S;
        ts.tv_sec++;
    }
    return ts;
}

int zx_os_futex_wait(atomic_uint *word, unsigned expected, uint64_t timeout_ns) {
    struct bucket *b = bucket_of(word);
    struct timespec until = deadline(timeout_ns);
    int rc = 0;
    pthread_mutex_lock(&b->lock);
    if (atomic_load(word) == expected)
        rc = pthread_cond_timedwait(&b->woken, &b->lock, &until);
    pthread_mutex_unlock(&b->lock);
    return -rc;
}

void zx_os_futex_wake(atomic_uint *word, int count) {
    (void)count; /* the bucket may hold waiters for other words, so all are woken */
    struct bucket *b = bucket_of(word);
    pthread_mutex_lock(&b->lock);
    pthread_cond_broadcast(&b->woken);
    pthread_mutex_unlock(&b->lock);
}

#    endif
#endif
