/* SPDX-License-Identifier: MIT */
#include "nngsock.h"

#include <stdio.h>
#include <unistd.h>

void bench_nng_check(int rc, const char *what)
{
    if (rc) {
        fprintf(stderr, "nng: %s: %s\n", what, nng_strerror(rc));
        _exit(1);
    }
}

void bench_nng_listen(struct bench_side *side, nng_socket sock)
{
    char endpoint[BENCH_ENDPOINT_MAX] = {0};
    nng_listener listener;
    nng_sockaddr addr;
    int port = 0;

    if (strcmp(side->args->transport, "tcp") == 0) {
        snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:0");
    } else {
        snprintf(endpoint, sizeof endpoint, "%s:///tmp/nng-bench-%ld", side->args->transport,
                 (long) getpid());
    }
    bench_nng_check(nng_listen(sock, endpoint, &listener, 0), "listen");
    if (strcmp(side->args->transport, "tcp") == 0) {
        bench_nng_check(nng_listener_get_addr(listener, NNG_OPT_LOCADDR, &addr), "address");
        port = ((addr.s_in.sa_port & 0xff) << 8) | (addr.s_in.sa_port >> 8);
        snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    }
    bench_tell(side, endpoint, sizeof endpoint);
}

void bench_nng_dial(struct bench_side *side, nng_socket sock)
{
    char endpoint[BENCH_ENDPOINT_MAX];

    bench_hear(side, endpoint, sizeof endpoint);
    bench_nng_check(nng_dial(sock, endpoint, NULL, 0), "dial");
}

void bench_nng_run_pair(const struct bench_args *args, bench_side_fn *a, bench_side_fn *b)
{
    static int shared;

    bench_run_pair(args, strcmp(args->transport, "inproc") == 0 ? &shared : NULL, a, b);
}
