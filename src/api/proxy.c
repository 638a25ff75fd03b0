/* SPDX-License-Identifier: MIT */
/* Proxies. */
#include "mux/proxy.h"

#include "api/api.h"

int zmq_proxy_steerable(void *frontend, void *backend, void *capture, void *control) {
    struct zx_proxy_ends ends = {frontend, backend, capture, control};
    return zx_api_result(frontend && backend ? zx_proxy(&ends) : -EFAULT);
}

int zmq_proxy(void *frontend, void *backend, void *capture) {
    return zmq_proxy_steerable(frontend, backend, capture, NULL);
}

int zmq_device(int type, void *frontend, void *backend) {
    (void)type;
    return zmq_proxy(frontend, backend, NULL);
}
