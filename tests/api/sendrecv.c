/* SPDX-License-Identifier: MIT */
/* Sending and receiving: flags, sizes, truncation, time-outs, direction, vector calls. */
#include "zx_api.h"

#include <sys/uio.h>

static void one_way_types(void) {
    static const int no_recv[] = {ZMQ_PUB, ZMQ_PUSH}, no_send[] = {ZMQ_SUB, ZMQ_PULL};
    char room[4];
    zmq_msg_t m;

    zx_ok(zmq_msg_init_size(&m, 3));
    for (int i = 0; i < 2; i++) {
        void *out = zx_socket(no_recv[i]), *in = zx_socket(no_send[i]);
        zx_check_rc(zx_fmt("recv %d", no_recv[i]), "ENOTSUP", zmq_recv(out, room, 4, 0));
        zx_check_rc(zx_fmt("recv now %d", no_recv[i]), "ENOTSUP",
                    zmq_recv(out, room, 4, ZMQ_DONTWAIT));
        zx_check_rc(zx_fmt("send %d", no_send[i]), "ENOTSUP", zmq_send(in, "a", 1, 0));
        zx_check_rc(zx_fmt("send more %d", no_send[i]), "ENOTSUP",
                    zmq_send(in, "a", 1, ZMQ_SNDMORE));
        zx_check_rc(zx_fmt("msg_send %d", no_send[i]), "ENOTSUP", zmq_msg_send(&m, in, 0));
        zx_check_int(zx_fmt("message kept %d", no_send[i]), 3, (int)zmq_msg_size(&m));
        zx_check_rc(zx_fmt("msg_recv %d", no_recv[i]), "ENOTSUP", zmq_msg_recv(&m, out, 0));
        zx_check_int(zx_fmt("message untouched %d", no_recv[i]), 3, (int)zmq_msg_size(&m));
    }
    zx_ok(zmq_msg_close(&m));
}

static void nothing_to_receive(void) {
    static const int types[] = {ZMQ_PAIR, ZMQ_SUB,  ZMQ_REP,  ZMQ_DEALER, ZMQ_ROUTER,
                                ZMQ_PULL, ZMQ_XPUB, ZMQ_XSUB, ZMQ_STREAM};
    char room[4];

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        void *s = zx_socket(types[i]);
        zx_check_rc(zx_fmt("now %d", types[i]), "EAGAIN", zmq_recv(s, room, 4, ZMQ_DONTWAIT));
        zx_ok(zx_set_int(s, ZMQ_RCVTIMEO, 0));
        zx_check_rc(zx_fmt("timeout 0 %d", types[i]), "EAGAIN", zmq_recv(s, room, 4, 0));
        zx_ok(zx_set_int(s, ZMQ_RCVTIMEO, 20));
        zx_check_rc(zx_fmt("timeout 20 %d", types[i]), "EAGAIN", zmq_recv(s, room, 4, 0));
    }
}

static void nobody_to_send_to(void) {
    static const struct {
        int type;
        const char *want;
    } all[] = {
        {ZMQ_PAIR, "EAGAIN"}, {ZMQ_PUB, "1"},       {ZMQ_REQ, "EAGAIN"},  {ZMQ_REP, "EFSM"},
        {ZMQ_DEALER, "EAGAIN"}, {ZMQ_ROUTER, "1"},  {ZMQ_PUSH, "EAGAIN"}, {ZMQ_XPUB, "1"},
        {ZMQ_XSUB, "1"},
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        void *s = zx_socket(all[i].type);
        zx_check_rc(zx_fmt("now %d", all[i].type), all[i].want, zmq_send(s, "x", 1, ZMQ_DONTWAIT));
        zx_ok(zx_set_int(s, ZMQ_SNDTIMEO, 0));
        zx_check_rc(zx_fmt("timeout 0 %d", all[i].type), all[i].want, zmq_send(s, "x", 1, 0));
        zx_ok(zx_set_int(s, ZMQ_SNDTIMEO, 20));
        zx_check_rc(zx_fmt("timeout 20 %d", all[i].type), all[i].want, zmq_send(s, "x", 1, 0));
    }
}

static int close_to(long long took, int ms) {
    return took >= ms - 5 && took < ms + 1500;
}

static void timeouts_are_kept(void) {
    void *s = zx_socket(ZMQ_PAIR);
    long long start = zx_now_ms();
    char room[4];

    zx_ok(zx_set_int(s, ZMQ_RCVTIMEO, 100));
    zx_ok(zx_set_int(s, ZMQ_SNDTIMEO, 100));
    zx_check_rc("recv", "EAGAIN", zmq_recv(s, room, 4, 0));
    zx_check_int("recv took 100 ms", 1, close_to(zx_now_ms() - start, 100));
    start = zx_now_ms();
    zx_check_rc("send", "EAGAIN", zmq_send(s, "x", 1, 0));
    zx_check_int("send took 100 ms", 1, close_to(zx_now_ms() - start, 100));
}

static void sizes_and_truncation(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    char room[16];

    zx_link(a, b);
    zx_check_rc("send 10", "10", zmq_send(a, "0123456789", 10, 0));
    memset(room, 'z', sizeof room);
    zx_check_rc("recv 4", "10", zmq_recv(b, room, 4, 0));
    zx_check_str("cut", "0123zz", zx_bytes(room, 6));
    zx_check_rc("rest is gone", "EAGAIN", zmq_recv(b, room, 16, ZMQ_DONTWAIT));
    zx_check_rc("send 0", "0", zmq_send(a, "", 0, 0));
    zx_check_rc("recv 0", "0", zmq_recv(b, room, 16, 0));
    zx_check_rc("send NULL 0", "0", zmq_send(a, NULL, 0, 0));
    zx_check_rc("recv into NULL 0", "0", zmq_recv(b, NULL, 0, 0));
    zx_check_rc("send 3", "3", zmq_send(a, "abc", 3, 0));
    zx_check_rc("recv 3 into NULL 0", "3", zmq_recv(b, NULL, 0, 0));
    zx_check_rc("consumed", "EAGAIN", zmq_recv(b, room, 16, ZMQ_DONTWAIT));
}

static void large_messages(void) {
    static const int sizes[] = {255, 256, 8191, 8192, 8193, 65535, 65536, 300000, 3000000};
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    char *out = malloc(3000000), *in = malloc(3000000);

    assert_true(out && in);
    for (int i = 0; i < 3000000; i++) out[i] = (char)(i * 31 + i / 256);
    zx_link(b, a);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t n = (size_t)sizes[i];
        zx_check_rc(zx_fmt("send %zu", n), zx_num(sizes[i]), zmq_send(a, out, n, 0));
        zx_check_rc(zx_fmt("recv %zu", n), zx_num(sizes[i]), zmq_recv(b, in, n, 0));
        zx_check_int(zx_fmt("content %zu", n), 0, memcmp(out, in, n));
    }
    free(out);
    free(in);
}

static void order_is_kept(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL);
    int wrong = 0, got;

    zx_link(b, a);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 500; i++) zx_ok(zmq_send(a, &i, sizeof i, 0));
        for (int i = 0; i < 500; i++) {
            zx_ok(zmq_recv(b, &got, sizeof got, 0));
            wrong += got != i;
        }
    }
    zx_check_int("out of order", 0, wrong);
}

static void multipart(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_ok(zx_send(a, "one||three", 0));
    zx_check_str("three parts", "one||three", zx_recv(b));
    zx_ok(zx_send(a, "||", 0));
    zx_check_str("empty parts", "||", zx_recv(b));
    zx_ok(zx_send(a, "single", 0));
    zx_check_str("single", "single", zx_recv(b));
}

/* The receiver sees nothing of a message before its last part. */
static void multipart_is_atomic(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    zx_ok(zx_send(a, "one", ZMQ_SNDMORE));
    zx_ok(zx_send(a, "two", ZMQ_SNDMORE));
    zx_check_str("unfinished", "EAGAIN", zx_recv_soon(b));
    zx_ok(zx_send(a, "three", 0));
    zx_check_str("finished", "one|two|three", zx_recv(b));
}

static void unfinished_message_is_dropped_at_close(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PULL), *other = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(a, ZMQ_LINGER, -1));
    zx_link(b, a);
    zx_ok(zmq_connect(other, zx_last_endpoint(b)));
    zx_ok(zx_send(a, "whole", 0));
    zx_ok(zx_send(a, "half", ZMQ_SNDMORE));
    zx_close(a);
    zx_check_str("whole", "whole", zx_recv(b));
    zx_ok(zx_send(other, "next", 0));
    zx_check_str("next", "next", zx_recv(b));
    zx_check_str("nothing else", "EAGAIN", zx_recv_soon(b));
}

static void unknown_flags_are_ignored(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    char room[8];

    zx_link(a, b);
    zx_check_rc("send", "1", zmq_send(a, "x", 1, 0x70));
    zx_check_rc("recv", "1", zmq_recv(b, room, 8, 0x70));
    zx_check_rc("recv DONTWAIT", "EAGAIN", zmq_recv(b, room, 8, 0x70 | ZMQ_DONTWAIT));
}

static void more_flag_of_the_message_follows_the_call(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_msg_t m;

    zx_link(a, b);
    zx_ok(zx_send(a, "one|two", 0));
    zx_ok(zmq_msg_init(&m));
    zx_ok(zmq_msg_recv(&m, b, 0));
    zx_check_int("received with MORE", 1, zmq_msg_more(&m));
    zx_ok(zmq_msg_send(&m, b, 0)); /* sent on without MORE */
    zx_check_str("rest", "two", zx_recv(b));
    zx_check_str("single", "one", zx_recv(a));
    zx_ok(zmq_msg_close(&m));
}

static void send_const_refers(void) {
    static const char text[] = "constant text of more than thirty-three bytes in all";
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_msg_t m;

    zx_link(a, b);
    zx_check_rc("send", zx_num(sizeof text), zmq_send_const(a, text, sizeof text, 0));
    zx_ok(zmq_msg_init(&m));
    zx_check_rc("recv", zx_num(sizeof text), zmq_msg_recv(&m, b, 0));
    zx_check_str("content", text, zmq_msg_data(&m));
    if (zx_current()->via == ZX_INPROC)
        zx_check_int("the very same bytes", 1, zmq_msg_data(&m) == text);
    zx_ok(zmq_msg_close(&m));
}

static void sendmsg_recvmsg(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    zmq_msg_t m;

    zx_link(a, b);
    zx_ok(zmq_msg_init_size(&m, 3));
    memcpy(zmq_msg_data(&m), "abc", 3);
    zx_check_rc("sendmsg", "3", zmq_sendmsg(a, &m, 0));
    zx_check_rc("recvmsg", "3", zmq_recvmsg(b, &m, 0));
    zx_check_str("content", "abc", zx_bytes(zmq_msg_data(&m), 3));
    zx_check_rc("nothing left", "EAGAIN", zmq_recvmsg(b, &m, ZMQ_DONTWAIT));
    zx_ok(zmq_msg_close(&m));
}

#define PART(text) {(void *)(uintptr_t)(text), sizeof(text) - 1}

static void sendiov(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    struct iovec v[] = {PART("one"), PART(""), PART("three")};

    zx_link(a, b);
    zx_check_rc("as one message", "5", zmq_sendiov(a, v, 3, ZMQ_SNDMORE));
    zx_check_str("one message", "one||three", zx_recv(b));
    zx_check_rc("as three messages", "5", zmq_sendiov(a, v, 3, 0));
    zx_check_str("first", "one", zx_recv(b));
    zx_check_str("second", "", zx_recv(b));
    zx_check_str("third", "three", zx_recv(b));
    zx_check_rc("count 0", "EINVAL", zmq_sendiov(a, v, 0, 0));
    zx_check_rc("NULL vector", "EINVAL", zmq_sendiov(a, NULL, 1, 0));
    zx_check_rc("NULL socket", "ENOTSOCK", zmq_sendiov(NULL, v, 1, 0));
}

static const char *iov_text(struct iovec *v, size_t n) {
    char text[100] = "";

    for (size_t i = 0; i < n; i++) {
        snprintf(text + strlen(text), 20, "%s%.*s", i ? "|" : "", (int)v[i].iov_len,
                 (char *)v[i].iov_base);
        free(v[i].iov_base);
    }
    return zx_fmt("%s", text);
}

static void recviov(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    struct iovec v[4];
    size_t n = 4;

    zx_link(a, b);
    zx_ok(zx_send(a, "one|two|three", 0));
    zx_check_rc("all", "3", zmq_recviov(b, v, &n, 0));
    zx_check_int("count", 3, (int)n);
    zx_check_str("parts", "one|two|three", iov_text(v, n));
    zx_ok(zx_send(a, "one|two|three", 0));
    n = 2;
    zx_check_rc("some", "2", zmq_recviov(b, v, &n, 0));
    zx_check_str("two parts", "one|two", iov_text(v, n));
    zx_check_int("rest waits", 1, zx_get_int(b, ZMQ_RCVMORE));
    zx_check_str("rest", "three", zx_recv(b));
    n = 0;
    zx_check_rc("count 0", "EINVAL", zmq_recviov(b, v, &n, 0));
    n = 1;
    zx_check_rc("NULL vector", "EINVAL", zmq_recviov(b, NULL, &n, 0));
    zx_check_rc("NULL count", "EINVAL", zmq_recviov(b, v, NULL, 0));
    zx_check_rc("nothing", "EAGAIN", zmq_recviov(b, v, &n, ZMQ_DONTWAIT));
    zx_check_rc("NULL socket", "ENOTSOCK", zmq_recviov(NULL, v, &n, 0));
}

static const char *send_null(void) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_PUB);
    return zx_err(zmq_send(s, NULL, 5, 0));
}

static const char *recv_null(void) {
    void *ctx = zmq_ctx_new(), *a = zmq_socket(ctx, ZMQ_PAIR), *b = zmq_socket(ctx, ZMQ_PAIR);
    char room[8];
    int rc;

    zmq_bind(a, "inproc://a");
    zmq_connect(b, "inproc://a");
    zmq_send(a, "abc", 3, 0);
    rc = zmq_recv(b, NULL, 5, 0);
    if (rc >= 0) return zx_err(rc);
    return zx_fmt("%s, then %s", zx_err(rc), zx_err(zmq_recv(b, room, 8, ZMQ_DONTWAIT)));
}

static void null_buffers(void) {
    zx_soft(1);
    zx_check_str("send", "EFAULT", zx_child(send_null));
    zx_check_str("recv", "EFAULT, then 3", zx_child(recv_null));
}

static void recv_on_eagain_empties(void) {
    void *s = zx_socket(ZMQ_PULL);
    zmq_msg_t m;

    zx_ok(zmq_msg_init_size(&m, 5));
    zx_check_rc("recv", "EAGAIN", zmq_msg_recv(&m, s, ZMQ_DONTWAIT));
    zx_check_int("size", 0, (int)zmq_msg_size(&m));
    zx_ok(zmq_msg_close(&m));
}

static void recv_wakes_up(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);

    zx_link(a, b);
    for (int i = 0; i < 50; i++) {
        zx_ok(zx_send(a, "ping", 0));
        zx_check_str("ping", "ping", zx_recv(b));
        zx_ok(zx_send(b, "pong", 0));
        zx_check_str("pong", "pong", zx_recv(a));
    }
}

static const struct zx_case cases[] = {
    ZX_CASE(one_way_types),
    ZX_CASE(nothing_to_receive),
    ZX_CASE(nobody_to_send_to),
    ZX_CASE(timeouts_are_kept),
    ZX_CASE_ALL(sizes_and_truncation),
    ZX_CASE_ALL(large_messages),
    ZX_CASE_ALL(order_is_kept),
    ZX_CASE_ALL(multipart),
    ZX_CASE_ALL(multipart_is_atomic),
    ZX_CASE_ALL(unfinished_message_is_dropped_at_close),
    ZX_CASE(unknown_flags_are_ignored),
    ZX_CASE_ALL(more_flag_of_the_message_follows_the_call),
    ZX_CASE_ALL(send_const_refers),
    ZX_CASE_ALL(sendmsg_recvmsg),
    ZX_CASE_ALL(sendiov),
    ZX_CASE_ALL(recviov),
    ZX_CASE(null_buffers),
    ZX_CASE(recv_on_eagain_empties),
    ZX_CASE_ALL(recv_wakes_up),
};

ZX_MAIN("sendrecv", cases)
