/* SPDX-License-Identifier: MIT */
/* zmq_msg_*: construction, sharing, moving, properties, and what happens to invalid messages. */
#include "zx_api.h"

#include <limits.h>

/* Below, at and above every size at which storage may change. */
static const size_t sizes[] = {0, 1, 32, 33, 34, 63, 64, 255, 256, 4096, 8192, 8193, 1000000};
#define N_SIZES (sizeof sizes / sizeof sizes[0])

static int freed;
static void *freed_data, *freed_hint;

static void count_free(void *data, void *hint) {
    freed++;
    freed_data = data;
    freed_hint = hint;
}

static void fill(zmq_msg_t *m) {
    unsigned char *p = zmq_msg_data(m);
    for (size_t i = 0; i < zmq_msg_size(m); i++) p[i] = (unsigned char)(i * 7);
}

static int is_filled(zmq_msg_t *m, size_t n) {
    unsigned char *p = zmq_msg_data(m);
    if (zmq_msg_size(m) != n) return 0;
    for (size_t i = 0; i < n; i++)
        if (p[i] != (unsigned char)(i * 7)) return 0;
    return 1;
}

static void empty(void) {
    zmq_msg_t m;

    zx_check_rc("init", "0", zmq_msg_init(&m));
    zx_check_int("size", 0, (int)zmq_msg_size(&m));
    zx_check_int("more", 0, zmq_msg_more(&m));
    zx_check_int("shared", 0, zmq_msg_get(&m, ZMQ_SHARED));
    zx_check_int("data", 1, zmq_msg_data(&m) != NULL);
    zx_check_rc("close", "0", zmq_msg_close(&m));
    zx_check_rc("close again", "EFAULT", zmq_msg_close(&m));
}

static void init_size(void) {
    for (size_t i = 0; i < N_SIZES; i++) {
        zmq_msg_t m;
        zx_check_rc(zx_fmt("init %zu", sizes[i]), "0", zmq_msg_init_size(&m, sizes[i]));
        fill(&m);
        zx_check_int(zx_fmt("content %zu", sizes[i]), 1, is_filled(&m, sizes[i]));
        zx_ok(zmq_msg_close(&m));
    }
}

static void init_size_too_large(void) {
    zmq_msg_t m;

    zx_check_rc("SIZE_MAX", "ENOMEM", zmq_msg_init_size(&m, SIZE_MAX));
    zx_check_rc("SIZE_MAX - 8", "ENOMEM", zmq_msg_init_size(&m, SIZE_MAX - 8));
    zx_check_rc("SIZE_MAX / 2", "ENOMEM", zmq_msg_init_size(&m, SIZE_MAX / 2));
}

static void init_data_frees_once(void) {
    static char text[] = "some text";
    zmq_msg_t m, copy, third;
    int hint;

    freed = 0;
    zx_ok(zmq_msg_init_data(&m, text, sizeof text, count_free, &hint));
    zx_check_int("no copy", 1, zmq_msg_data(&m) == text);
    zx_check_int("size", (int)sizeof text, (int)zmq_msg_size(&m));
    zx_ok(zmq_msg_init(&copy));
    zx_ok(zmq_msg_copy(&copy, &m));
    zx_check_int("copy refers to it", 1, zmq_msg_data(&copy) == text);
    zx_ok(zmq_msg_init(&third));
    zx_ok(zmq_msg_move(&third, &m));
    zx_check_int("move refers to it", 1, zmq_msg_data(&third) == text);
    zx_ok(zmq_msg_close(&m));
    zx_ok(zmq_msg_close(&copy));
    zx_check_int("not yet", 0, freed);
    zx_ok(zmq_msg_close(&third));
    zx_check_int("once", 1, freed);
    zx_check_int("data", 1, freed_data == text);
    zx_check_int("hint", 1, freed_hint == &hint);
}

static void init_data_of_size_0_frees(void) {
    static char text[1];
    zmq_msg_t m;

    freed = 0;
    zx_ok(zmq_msg_init_data(&m, text, 0, count_free, NULL));
    zx_check_int("size", 0, (int)zmq_msg_size(&m));
    zx_ok(zmq_msg_close(&m));
    zx_check_int("freed", 1, freed);
}

static void init_data_constant(void) {
    static char text[100];
    zmq_msg_t m, copy;

    zx_ok(zmq_msg_init_data(&m, text, sizeof text, NULL, NULL));
    zx_check_int("shared", 1, zmq_msg_get(&m, ZMQ_SHARED));
    zx_ok(zmq_msg_init(&copy));
    zx_ok(zmq_msg_copy(&copy, &m));
    zx_check_int("copy is the same", 1, zmq_msg_data(&copy) == text);
    zx_ok(zmq_msg_close(&m));
    zx_ok(zmq_msg_close(&copy));
}

static void copies(void) {
    for (size_t i = 0; i < N_SIZES; i++) {
        zmq_msg_t m, copy;
        zx_ok(zmq_msg_init_size(&m, sizes[i]));
        fill(&m);
        zx_ok(zmq_msg_init_size(&copy, 50));
        zx_check_rc(zx_fmt("copy %zu", sizes[i]), "0", zmq_msg_copy(&copy, &m));
        zx_check_int(zx_fmt("source %zu", sizes[i]), 1, is_filled(&m, sizes[i]));
        zx_check_int(zx_fmt("target %zu", sizes[i]), 1, is_filled(&copy, sizes[i]));
        zx_ok(zmq_msg_close(&m));
        zx_check_int(zx_fmt("after close %zu", sizes[i]), 1, is_filled(&copy, sizes[i]));
        zx_ok(zmq_msg_close(&copy));
    }
}

static void moves(void) {
    for (size_t i = 0; i < N_SIZES; i++) {
        zmq_msg_t m, other;
        zx_ok(zmq_msg_init_size(&m, sizes[i]));
        fill(&m);
        zx_ok(zmq_msg_init_size(&other, 50));
        zx_check_rc(zx_fmt("move %zu", sizes[i]), "0", zmq_msg_move(&other, &m));
        zx_check_int(zx_fmt("source %zu", sizes[i]), 0, (int)zmq_msg_size(&m));
        zx_check_int(zx_fmt("target %zu", sizes[i]), 1, is_filled(&other, sizes[i]));
        zx_ok(zmq_msg_close(&m));
        zx_ok(zmq_msg_close(&other));
    }
}

static void shared_property(void) {
    zmq_msg_t small, large, copy;

    zx_ok(zmq_msg_init_size(&small, 5));
    zx_ok(zmq_msg_init_size(&large, 5000));
    zx_check_int("small", 0, zmq_msg_get(&small, ZMQ_SHARED));
    zx_check_int("large", 0, zmq_msg_get(&large, ZMQ_SHARED));
    zx_ok(zmq_msg_init(&copy));
    zx_ok(zmq_msg_copy(&copy, &small));
    zx_check_int("small copied", 0, zmq_msg_get(&small, ZMQ_SHARED));
    zx_ok(zmq_msg_copy(&copy, &large));
    zx_check_int("large copied", 1, zmq_msg_get(&large, ZMQ_SHARED));
    zx_check_int("its copy", 1, zmq_msg_get(&copy, ZMQ_SHARED));
    zx_ok(zmq_msg_close(&copy));
    zx_check_int("copy closed", 1, zmq_msg_get(&large, ZMQ_SHARED));
    zx_ok(zmq_msg_close(&small));
    zx_ok(zmq_msg_close(&large));
}

static void copying_frees_the_target(void) {
    static char text[100];
    zmq_msg_t m, target;

    freed = 0;
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_init_data(&target, text, sizeof text, count_free, NULL));
    zx_ok(zmq_msg_copy(&target, &m));
    zx_check_int("copy", 1, freed);
    zx_ok(zmq_msg_close(&target));
    zx_ok(zmq_msg_init_data(&target, text, sizeof text, count_free, NULL));
    zx_ok(zmq_msg_move(&target, &m));
    zx_check_int("move", 2, freed);
    zx_ok(zmq_msg_close(&target));
    zx_ok(zmq_msg_close(&m));
}

static void closed_messages(void) {
    zmq_msg_t live, dead;

    zx_ok(zmq_msg_init_size(&live, 3));
    zx_ok(zmq_msg_init(&dead));
    zx_ok(zmq_msg_close(&dead));
    zx_check_rc("copy from", "EFAULT", zmq_msg_copy(&live, &dead));
    zx_check_rc("move from", "EFAULT", zmq_msg_move(&live, &dead));
    zx_check_int("kept", 3, (int)zmq_msg_size(&live));
    zx_check_rc("copy to", "EFAULT", zmq_msg_copy(&dead, &live));
    zx_check_rc("move to", "EFAULT", zmq_msg_move(&dead, &live));
    zx_check_int("still kept", 3, (int)zmq_msg_size(&live));
    zx_ok(zmq_msg_close(&live));
}

static const char *data_of_closed(void) {
    zmq_msg_t m;

    zmq_msg_init(&m);
    zmq_msg_close(&m);
    errno = 0;
    return zmq_msg_data(&m) ? "pointer" : zx_err(-1);
}

static const char *size_of_closed(void) {
    zmq_msg_t m;

    zmq_msg_init(&m);
    zmq_msg_close(&m);
    errno = 0;
    return zmq_msg_size(&m) ? "size" : zx_err(-1);
}

static const char *send_closed(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUB);
    zmq_msg_t m;

    zmq_msg_init(&m);
    zmq_msg_close(&m);
    return zx_err(zmq_msg_send(&m, s, 0));
}

static const char *recv_closed(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PULL);
    zmq_msg_t m;

    zmq_msg_init(&m);
    zmq_msg_close(&m);
    return zx_err(zmq_msg_recv(&m, s, ZMQ_DONTWAIT));
}

static const char *null_data(void) {
    zmq_msg_t m;
    return zx_err(zmq_msg_init_data(&m, NULL, 5, count_free, NULL));
}

static const char *copy_to_itself(void) {
    zmq_msg_t m;

    zmq_msg_init_size(&m, 100);
    fill(&m);
    if (zmq_msg_copy(&m, &m) != 0) return zx_err(-1);
    return is_filled(&m, 100) ? "same" : "changed";
}

static void fatal_in_libzmq(void) {
    zx_soft(1);
    zx_check_str("data of a closed one", "EFAULT", zx_child(data_of_closed));
    zx_check_str("size of a closed one", "EFAULT", zx_child(size_of_closed));
    zx_check_str("send a closed one", "EFAULT", zx_child(send_closed));
    zx_check_str("receive into a closed one", "EFAULT", zx_child(recv_closed));
    zx_check_str("init_data NULL", "EINVAL", zx_child(null_data));
    zx_check_str("copy to itself", "same", zx_child(copy_to_itself));
}

static void move_to_itself(void) {
    zmq_msg_t m;

    zx_ok(zmq_msg_init_size(&m, 100));
    fill(&m);
    zx_check_rc("move", "0", zmq_msg_move(&m, &m));
    zx_check_int("size", 100, (int)zmq_msg_size(&m));
    zx_ok(zmq_msg_close(&m));
}

static void properties(void) {
    zmq_msg_t m;

    zx_ok(zmq_msg_init_size(&m, 3));
    zx_check_int("MORE", 0, zmq_msg_get(&m, ZMQ_MORE));
    zx_check_rc("SRCFD", "EINVAL", zmq_msg_get(&m, ZMQ_SRCFD));
    zx_check_rc("unknown", "EINVAL", zmq_msg_get(&m, 4));
    zx_check_rc("0", "EINVAL", zmq_msg_get(&m, 0));
    zx_check_rc("-1", "EINVAL", zmq_msg_get(&m, -1));
    for (int p = 0; p < 5; p++)
        zx_check_rc(zx_fmt("set %d", p), "EINVAL", zmq_msg_set(&m, p, 1));
    zx_check_rc("gets", "EINVAL", zmq_msg_gets(&m, "Socket-Type") ? 0 : -1);
    zx_check_rc("gets unknown", "EINVAL", zmq_msg_gets(&m, "X-nothing") ? 0 : -1);
    zx_ok(zmq_msg_close(&m));
}

static void more_travels_with_copy_and_move(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_msg_t m, other;

    zx_link(a, b);
    zx_ok(zx_send(a, "one|two", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_init(&other));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_int("received", 1, zmq_msg_more(&m));
    zx_ok(zmq_msg_copy(&other, &m));
    zx_check_int("copied", 1, zmq_msg_more(&other));
    zx_ok(zmq_msg_move(&other, &m));
    zx_check_int("moved", 1, zmq_msg_more(&other));
    zx_check_int("source", 0, zmq_msg_more(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_int("last", 0, zmq_msg_more(&m));
    zx_ok(zmq_msg_close(&m));
    zx_ok(zmq_msg_close(&other));
}

static void sent_messages_are_empty(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    for (size_t i = 0; i < N_SIZES; i++) {
        zmq_msg_t m;
        zx_ok(zmq_msg_init_size(&m, sizes[i]));
        fill(&m);
        zx_check_rc(zx_fmt("send %zu", sizes[i]), zx_num((int)sizes[i]), zmq_msg_send(&m, a, 0));
        zx_check_int(zx_fmt("emptied %zu", sizes[i]), 0, (int)zmq_msg_size(&m));
        zx_check_rc(zx_fmt("receive %zu", sizes[i]), zx_num((int)sizes[i]), zmq_msg_recv(&m, b, 0));
        zx_check_int(zx_fmt("content %zu", sizes[i]), 1, is_filled(&m, sizes[i]));
        zx_check_rc(zx_fmt("close %zu", sizes[i]), "0", zmq_msg_close(&m));
    }
}

static void a_failed_send_keeps_the_message(void) {
    void *a = zx_socket(ZMQ_PAIR);

    for (size_t i = 0; i < N_SIZES; i++) {
        zmq_msg_t m;
        zx_ok(zmq_msg_init_size(&m, sizes[i]));
        fill(&m);
        zx_check_rc(zx_fmt("send %zu", sizes[i]), "EAGAIN", zmq_msg_send(&m, a, ZMQ_DONTWAIT));
        zx_check_int(zx_fmt("kept %zu", sizes[i]), 1, is_filled(&m, sizes[i]));
        zx_ok(zmq_msg_close(&m));
    }
}

/* The receiver owns what the sender gave by reference until the last copy is closed. */
static void free_function_after_transfer(void) {
    static char text[10000];
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    zmq_msg_t m;

    zx_link(b, a);
    freed = 0;
    zx_ok(zmq_msg_init_data(&m, text, sizeof text, count_free, NULL));
    zx_ok(zmq_msg_send(&m, a, 0));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_int("while held", 0, freed);
    zx_ok(zmq_msg_close(&m));
    zx_check_int("after close", 1, freed);
}

static void received_into_replaces(void) {
    static char text[100];
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_msg_t m;

    zx_link(a, b);
    zx_ok(zx_send(a, "new", 0));
    freed = 0;
    zx_ok(zmq_msg_init_data(&m, text, sizeof text, count_free, NULL));
    zx_check_rc("recv", "3", zmq_msg_recv(&m, b, 0));
    zx_check_int("old content freed", 1, freed);
    zx_ok(zmq_msg_close(&m));
}

static void metadata(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_DEALER);
    zmq_msg_t m, copy;

    zx_ok(zx_set_str(a, ZMQ_ROUTING_ID, "me"));
    zx_link(b, a);
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_str("type", "DEALER", zmq_msg_gets(&m, "Socket-Type"));
    zx_check_str("identity", "me", zmq_msg_gets(&m, "Identity"));
    if (zx_current()->via == ZX_TCP)
        zx_check_str("address", "127.0.0.1", zmq_msg_gets(&m, "Peer-Address"));
    zx_check_rc("case matters", "EINVAL", zmq_msg_gets(&m, "socket-type") ? 0 : -1);
    zx_check_rc("user id", "EINVAL", zmq_msg_gets(&m, "User-Id") ? 0 : -1);
    zx_check_int("fd", 1, zmq_msg_get(&m, ZMQ_SRCFD) >= 0);
    zx_ok(zmq_msg_init(&copy));
    zx_ok(zmq_msg_copy(&copy, &m));
    zx_check_str("copied", "DEALER", zmq_msg_gets(&copy, "Socket-Type"));
    zx_ok(zmq_msg_move(&copy, &m));
    zx_check_str("moved", "DEALER", zmq_msg_gets(&copy, "Socket-Type"));
    zx_check_rc("moved away", "EINVAL", zmq_msg_gets(&m, "Socket-Type") ? 0 : -1);
    zx_ok(zmq_msg_send(&copy, b, 0));
    zx_check_rc("sent on", "EINVAL", zmq_msg_gets(&copy, "Socket-Type") ? 0 : -1);
    zx_ok(zmq_msg_close(&m));
}

static void metadata_has_a_routing_id(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_DEALER);
    const char *id;
    zmq_msg_t m;

    zx_ok(zx_set_str(a, ZMQ_ROUTING_ID, "me"));
    zx_link(b, a);
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    id = zmq_msg_gets(&m, "Routing-Id");
    zx_check_str("Routing-Id", "me", id ? id : "absent");
    zx_ok(zmq_msg_close(&m));
}

static void no_metadata_on_inproc(void) {
    void *a = zx_socket(ZMQ_DEALER), *b = zx_socket(ZMQ_DEALER);
    zmq_msg_t m;

    zx_link(b, a);
    zx_ok(zx_send(a, "x", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_rc("type", "EINVAL", zmq_msg_gets(&m, "Socket-Type") ? 0 : -1);
    zx_check_rc("fd", "EINVAL", zmq_msg_get(&m, ZMQ_SRCFD));
    zx_ok(zmq_msg_close(&m));
}

static const struct zx_case cases[] = {
    ZX_CASE(empty),
    ZX_CASE(init_size),
    ZX_CASE(init_size_too_large),
    ZX_CASE(init_data_frees_once),
    ZX_CASE(init_data_of_size_0_frees),
    ZX_CASE(init_data_constant),
    ZX_CASE(copies),
    ZX_CASE(moves),
    ZX_CASE(shared_property),
    ZX_CASE(copying_frees_the_target),
    ZX_CASE(closed_messages),
    ZX_CASE(fatal_in_libzmq),
    ZX_CASE(move_to_itself),
    ZX_CASE(properties),
    ZX_CASE(more_travels_with_copy_and_move),
    ZX_CASE_ALL(sent_messages_are_empty),
    ZX_CASE(a_failed_send_keeps_the_message),
    ZX_CASE(free_function_after_transfer),
    ZX_CASE(received_into_replaces),
    ZX_CASE_NET(metadata),
    ZX_CASE_NET(metadata_has_a_routing_id),
    ZX_CASE(no_metadata_on_inproc),
};

ZX_MAIN("msg", cases)
