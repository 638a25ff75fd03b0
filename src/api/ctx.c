/* SPDX-License-Identifier: MIT */
/* Contexts. */
#include "api/api.h"
#include "core/ctx.h"

void *zmq_ctx_new(void) {
    int err = 0, before = errno;
    struct zx_ctx *ctx = zx_ctx_new(&err);
    errno = ctx ? before : err;
    return ctx;
}

int zmq_ctx_term(void *ctx) {
    int before = errno;
    return zx_api_result_after(before, zx_ctx_is_valid(ctx) ? zx_ctx_term(ctx) : -EFAULT);
}

int zmq_term(void *ctx) {
    return zmq_ctx_term(ctx);
}

int zmq_ctx_destroy(void *ctx) {
    return zmq_ctx_term(ctx);
}

int zmq_ctx_shutdown(void *ctx) {
    return zx_api_result(zx_ctx_is_valid(ctx) ? zx_ctx_shutdown(ctx) : -EFAULT);
}

int zmq_ctx_set(void *ctx, int option, int optval) {
    return zmq_ctx_set_ext(ctx, option, &optval, sizeof optval);
}

int zmq_ctx_get(void *ctx, int option) {
    int value = -1;
    size_t size = sizeof value;
    return zmq_ctx_get_ext(ctx, option, &value, &size) ? -1 : value;
}

int zmq_ctx_set_ext(void *ctx, int option, const void *optval, size_t optvallen) {
    return zx_api_result(zx_ctx_is_valid(ctx) ? zx_ctx_set(ctx, option, optval, optvallen)
                                              : -EFAULT);
}

int zmq_ctx_get_ext(void *ctx, int option, void *optval, size_t *optvallen) {
    return zx_api_result(zx_ctx_is_valid(ctx) ? zx_ctx_get(ctx, option, optval, optvallen)
                                              : -EFAULT);
}

void *zmq_init(int io_threads) {
    if (io_threads < 0) {
        errno = EINVAL;
        return NULL;
    }
    void *ctx = zmq_ctx_new();
    if (ctx)
        (void)zmq_ctx_set(ctx, ZMQ_IO_THREADS, io_threads);
    return ctx;
}
