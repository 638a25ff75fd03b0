/* SPDX-License-Identifier: MIT */
/* Context options: the rows of options.tbl, then what a row cannot say. */
#include "opt_rows.h"

#include <limits.h>

#define MAX_CASES 64

static const struct opt_row *row(void) {
    return opt_row((size_t)zx_current()->arg);
}

static int can(char how) {
    return strchr(row()->access, how) != NULL;
}

static void check_row(void) {
    const struct opt_row *r = row();
    const char *label;

    zx_soft(1);
    if (can('G'))
        zx_check_int("default", strtoll(r->value, NULL, 10), zmq_ctx_get(zx_ctx(), r->number));
    if (!can('S')) return;
    if (r->content) return;
    if (r->number == ZMQ_THREAD_AFFINITY_CPU_ADD) {
        zx_check_rc("set 0", "0", zmq_ctx_set(zx_ctx(), r->number, 0));
        zx_check_rc("set -1", "EINVAL", zmq_ctx_set(zx_ctx(), r->number, -1));
        return;
    }
    for (int i = 0; i < 3; i++) {
        int value = i == 0 ? (int)r->min : i == 1 ? 7 : INT_MAX;
        zx_check_rc(zx_fmt("set %d", value), "0", zmq_ctx_set(zx_ctx(), r->number, value));
        if (!can('G')) continue;
        label = zx_fmt("get after %d", value);
        if (r->as_bool) value = value != 0;
        zx_check_int(label, value, zmq_ctx_get(zx_ctx(), r->number));
    }
    if (r->min == INT_MIN) return;
    zx_check_rc(zx_fmt("set %lld", r->min - 1), "EINVAL",
                zmq_ctx_set(zx_ctx(), r->number, (int)r->min - 1));
    zx_check_rc("set INT_MIN", "EINVAL", zmq_ctx_set(zx_ctx(), r->number, INT_MIN));
    if (can('G')) zx_check_int("kept", r->as_bool ? 1 : INT_MAX, zmq_ctx_get(zx_ctx(), r->number));
}

static void check_bad_context(void) {
    const struct opt_row *r = row();
    void *ctx = NULL;

    zx_check_rc("set", "EFAULT", zmq_ctx_set(ctx, r->number, 1));
    zx_check_rc("get", "EFAULT", zmq_ctx_get(ctx, r->number));
}

static void check_access(void) {
    const struct opt_row *r = row();

    if (!can('G') && r->number != ZMQ_SOCKET_LIMIT)
        zx_check_rc("get", "EINVAL", zmq_ctx_get(zx_ctx(), r->number));
    if (!can('S') && r->number != ZMQ_THREAD_PRIORITY)
        zx_check_rc("set", "EINVAL", zmq_ctx_set(zx_ctx(), r->number, 1));
}

static void unknown_numbers(void) {
    static const int numbers[] = {0, -1, 11, 12, 41, 43, 69, 71, 999};

    zx_soft(1);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        zx_check_rc(zx_fmt("set %d", numbers[i]), "EINVAL", zmq_ctx_set(zx_ctx(), numbers[i], 1));
        zx_check_rc(zx_fmt("get %d", numbers[i]), "EINVAL", zmq_ctx_get(zx_ctx(), numbers[i]));
    }
}

/* Number 3 is two options: set is a priority, get the limit of sockets. */
static void number_three(void) {
    zx_check_rc("set", "0", zmq_ctx_set(zx_ctx(), 3, 5));
    zx_check_int("get", 65535, zmq_ctx_get(zx_ctx(), 3));
}

static void affinity_set(void) {
    zx_check_rc("remove absent", "EINVAL",
                zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0));
    zx_check_rc("add", "0", zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_ADD, 0));
    zx_check_rc("add again", "0", zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_ADD, 0));
    zx_check_rc("remove", "0", zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0));
    zx_check_rc("remove again", "EINVAL",
                zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_REMOVE, 0));
    zx_check_rc("remove negative", "EINVAL",
                zmq_ctx_set(zx_ctx(), ZMQ_THREAD_AFFINITY_CPU_REMOVE, -1));
}

static void max_sockets_is_enforced(void) {
    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_MAX_SOCKETS, 2));
    zx_socket(ZMQ_PAIR);
    zx_socket(ZMQ_PUB);
    zx_check_rc("third", "EMFILE", zx_raw_socket(ZMQ_SUB) ? 0 : -1);
    zx_check_rc("before the type", "EMFILE", zx_raw_socket(99) ? 0 : -1);
}

static void max_sockets_is_fixed_by_the_first(void) {
    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_MAX_SOCKETS, 1));
    zx_socket(ZMQ_PAIR);
    zx_check_rc("set later", "0", zmq_ctx_set(zx_ctx(), ZMQ_MAX_SOCKETS, 10));
    zx_check_int("reads back", 10, zmq_ctx_get(zx_ctx(), ZMQ_MAX_SOCKETS));
    zx_check_rc("without effect", "EMFILE", zx_raw_socket(ZMQ_SUB) ? 0 : -1);
}

static void max_sockets_counts_monitors(void) {
    void *s;

    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_MAX_SOCKETS, 1));
    s = zx_socket(ZMQ_PAIR);
    zx_check_rc("monitor", "EMFILE", zmq_socket_monitor(s, zx_unique("inproc://"), ZMQ_EVENT_ALL));
}

static void io_threads_0_is_inproc_only(void) {
    void *a, *b;

    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_IO_THREADS, 0));
    a = zx_socket(ZMQ_PAIR);
    b = zx_socket(ZMQ_PAIR);
    zx_check_rc("bind tcp", "EMTHREAD", zmq_bind(a, "tcp://127.0.0.1:*"));
    zx_check_rc("connect tcp", "EMTHREAD", zmq_connect(a, zx_dead_tcp()));
    zx_check_rc("bind ipc", "EMTHREAD", zmq_bind(a, zx_fmt("ipc://%s/none", zx_dir())));
    zx_link(a, b);
    zx_ok(zx_send(a, "works", 0));
    zx_check_str("inproc", "works", zx_recv(b));
}

static void blocky_0_makes_linger_0(void) {
    int linger = -7;
    size_t n = sizeof linger;
    void *before = zx_raw_socket(ZMQ_PUSH), *after;

    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_BLOCKY, 0));
    after = zx_raw_socket(ZMQ_PUSH);
    zx_ok(zmq_getsockopt(before, ZMQ_LINGER, &linger, &n));
    zx_check_int("made before", -1, linger);
    zx_ok(zmq_getsockopt(after, ZMQ_LINGER, &linger, &n));
    zx_check_int("made after", 0, linger);
}

static void ipv6_is_the_default_of_sockets(void) {
    void *s;

    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_IPV6, 1));
    s = zx_socket(ZMQ_PUSH);
    zx_check_int("IPV6", 1, zx_get_int(s, ZMQ_IPV6));
    zx_check_int("IPV4ONLY", 0, zx_get_int(s, ZMQ_IPV4ONLY));
    zx_ok(zmq_ctx_set(zx_ctx(), ZMQ_IPV6, 0));
    zx_check_int("an older socket", 1, zx_get_int(s, ZMQ_IPV6));
    zx_check_int("a newer socket", 0, zx_get_int(zx_socket(ZMQ_PUSH), ZMQ_IPV6));
}

static void init_sets_io_threads(void) {
    void *ctx = zmq_init(3);

    assert_non_null(ctx);
    zx_check_int("IO_THREADS", 3, zmq_ctx_get(ctx, ZMQ_IO_THREADS));
    zx_ok(zmq_term(ctx));
    ctx = zmq_init(0);
    zx_check_rc("zero", "0", ctx ? 0 : -1);
    zx_ok(zmq_ctx_destroy(ctx));
    zx_check_rc("negative", "EINVAL", zmq_init(-1) ? 0 : -1);
}

static void options_after_shutdown(void) {
    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_rc("set", "0", zmq_ctx_set(zx_ctx(), ZMQ_MAX_SOCKETS, 5));
    zx_check_int("get", 5, zmq_ctx_get(zx_ctx(), ZMQ_MAX_SOCKETS));
}

static const struct zx_case by_hand[] = {
    ZX_CASE(unknown_numbers),
    ZX_CASE(number_three),
    ZX_CASE(affinity_set),
    ZX_CASE(max_sockets_is_enforced),
    ZX_CASE(max_sockets_is_fixed_by_the_first),
    ZX_CASE(max_sockets_counts_monitors),
    ZX_CASE(io_threads_0_is_inproc_only),
    ZX_CASE(blocky_0_makes_linger_0),
    ZX_CASE(ipv6_is_the_default_of_sockets),
    ZX_CASE(init_sets_io_threads),
    ZX_CASE(options_after_shutdown),
};

int main(int argc, char **argv) {
    static struct zx_case cases[MAX_CASES];
    size_t n, used = sizeof by_hand / sizeof by_hand[0];

    zx_start("opt_ctx", argc, argv);
    memcpy(cases, by_hand, sizeof by_hand);
    n = opt_load();
    for (size_t i = 0; i < n && used + 3 <= MAX_CASES; i++) {
        const char *name = opt_row(i)->name;
        int arg = (int)i;
        if (strcmp(opt_row(i)->scope, "ctx") != 0) continue;
        cases[used++] = (struct zx_case){name, check_row, ZX_INPROC, arg};
        name = strdup(zx_fmt("%s@access", name));
        cases[used++] = (struct zx_case){name, check_access, ZX_INPROC, arg};
        name = strdup(zx_fmt("%s@NULL", opt_row(i)->name));
        cases[used++] = (struct zx_case){name, check_bad_context, ZX_INPROC, arg};
    }
    return zx_run(cases, used);
}
