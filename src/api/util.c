/* SPDX-License-Identifier: MIT */
/* Version, errors, capabilities, clocks, threads, counters. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/blob.h"
#include "base/z85.h"
#include "core/registry.h"
#include "os/os.h"
#include "zmqx.h"

int zmq_errno(void) {
    return errno;
}

const char *zmq_strerror(int errnum) {
    switch (errnum) {
    case EFSM:
        return "Operation cannot be accomplished in current state";
    case ENOCOMPATPROTO:
        return "The protocol is not compatible with the socket type";
    case ETERM:
        return "Context was terminated";
    case EMTHREAD:
        return "No thread available";
    case EHOSTUNREACH:
        return "Host unreachable";
    default:
        return strerror(errnum);
    }
}

void zmq_version(int *major, int *minor, int *patch) {
    if (major)
        *major = ZMQ_VERSION_MAJOR;
    if (minor)
        *minor = ZMQ_VERSION_MINOR;
    if (patch)
        *patch = ZMQ_VERSION_PATCH;
}

void zmqx_version(int *major, int *minor, int *patch) {
    if (major)
        *major = ZMQX_VERSION_MAJOR;
    if (minor)
        *minor = ZMQX_VERSION_MINOR;
    if (patch)
        *patch = ZMQX_VERSION_PATCH;
}

int zmq_has(const char *capability) {
    static const struct {
        const char *name;
        int is_here;
    } all[] = {
        {"ipc", ZX_HAVE_IPC},   {"pgm", ZX_HAVE_PGM},     {"tipc", ZX_HAVE_TIPC},
        {"norm", ZX_HAVE_NORM}, {"curve", ZX_HAVE_CURVE}, {"gssapi", ZX_HAVE_GSSAPI},
        {"vmci", ZX_HAVE_VMCI}, {"vsock", ZX_HAVE_VSOCK}, {"WS", ZX_HAVE_WS},
        {"WSS", ZX_HAVE_WSS},   {"draft", 1},             {"zmqx", 1},
    };
    for (size_t i = 0; capability && i < sizeof all / sizeof *all; i++)
        if (!strcmp(capability, all[i].name))
            return all[i].is_here;
    return 0;
}

/* ---- Z85 ---- */

char *zmq_z85_encode(char *dest, const uint8_t *data, size_t size) {
    if (dest && (data || !size) && zx_z85_encode(dest, data, size))
        return dest;
    errno = EINVAL;
    return NULL;
}

uint8_t *zmq_z85_decode(uint8_t *dest, const char *string) {
    if (dest && string && *string && zx_z85_decode(dest, string))
        return dest;
    errno = EINVAL;
    return NULL;
}

/* ---- keys of CURVE ---- */

enum { KEY = 32, KEY_TEXT = 40 };

int zmq_curve_keypair(char *z85_public, char *z85_secret) {
    uint8_t public_key[KEY], secret[KEY];
    if (!z85_public || !z85_secret)
        return zx_api_result(-EFAULT);
    int rc = zx_registry_key_pair(public_key, secret);
    if (!rc) {
        zx_z85_encode(z85_public, public_key, sizeof public_key);
        zx_z85_encode(z85_secret, secret, sizeof secret);
    }
    zx_wipe(secret, sizeof secret);
    return zx_api_result(rc);
}

int zmq_curve_public(char *z85_public, const char *z85_secret) {
    uint8_t public_key[KEY], secret[KEY];
    if (!z85_public || !z85_secret)
        return zx_api_result(-EFAULT);
    if (strlen(z85_secret) != KEY_TEXT || !zx_z85_decode(secret, z85_secret))
        return zx_api_result(-EINVAL);
    int rc = zx_registry_public_key(public_key, secret);
    if (!rc)
        zx_z85_encode(z85_public, public_key, sizeof public_key);
    zx_wipe(secret, sizeof secret);
    return zx_api_result(rc);
}

/* ---- stopwatch ---- */

void *zmq_stopwatch_start(void) {
    uint64_t *start = malloc(sizeof *start);
    if (start)
        *start = zx_os_now_ns();
    else
        errno = ENOMEM;
    return start;
}

unsigned long zmq_stopwatch_intermediate(void *watch) {
    return watch ? (unsigned long)((zx_os_now_ns() - *(uint64_t *)watch) / 1000) : 0;
}

unsigned long zmq_stopwatch_stop(void *watch) {
    unsigned long us = zmq_stopwatch_intermediate(watch);
    free(watch);
    return us;
}

void zmq_sleep(int seconds) {
    if (seconds > 0)
        (void)zx_os_poll(NULL, 0, (uint64_t)seconds * UINT64_C(1000000000), NULL);
}

/* ---- threads ---- */

struct app_thread {
    struct zx_thread thread;
    zmq_thread_fn *fn;
    void *arg;
};

static void run_app(void *arg) {
    struct app_thread *t = arg;
    t->fn(t->arg);
}

void *zmq_threadstart(zmq_thread_fn *fn, void *arg) {
    static const struct zx_thread_conf conf = {"ZMQapp", -1, -1, NULL, 0};
    struct app_thread *t = calloc(1, sizeof *t);
    if (!t) {
        errno = ENOMEM;
        return NULL;
    }
    t->fn = fn;
    t->arg = arg;
    int rc = zx_thread_start(&t->thread, &conf, run_app, t);
    if (!rc)
        return t;
    free(t);
    errno = -rc;
    return NULL;
}

void zmq_threadclose(void *thread) {
    struct app_thread *t = thread;
    if (!t)
        return;
    zx_thread_join(&t->thread);
    free(t);
}

/* ---- atomic counters ---- */

void *zmq_atomic_counter_new(void) {
    atomic_int *c = malloc(sizeof *c);
    if (c)
        atomic_init(c, 0);
    else
        errno = ENOMEM;
    return c;
}

void zmq_atomic_counter_set(void *counter, int value) {
    atomic_store((atomic_int *)counter, value);
}

int zmq_atomic_counter_inc(void *counter) {
    return atomic_fetch_add((atomic_int *)counter, 1);
}

int zmq_atomic_counter_dec(void *counter) {
    return atomic_fetch_sub((atomic_int *)counter, 1) != 1;
}

int zmq_atomic_counter_value(void *counter) {
    return atomic_load((atomic_int *)counter);
}

void zmq_atomic_counter_destroy(void **counter_p) {
    if (!counter_p)
        return;
    free(*counter_p);
    *counter_p = NULL;
}
