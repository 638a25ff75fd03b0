/* SPDX-License-Identifier: MIT */
/* A subscription is made over a connection that stands, and at once the message is sent that it
 * asks for: by the same thread, with nothing between. What the network has delivered by then is
 * looked for before a message is dropped because nobody wants it. Only that the I/O thread may just
 * be busy with it for long, on a loaded machine, lets some be late; libzmq misses nearly all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <zmq.h>

enum { PAIRS = 20, TOPICS = 10, MANY_MS = 10000, NONE_MS = 20 };

static void set(void *s, int option, int value) {
    assert_int_equal(zmq_setsockopt(s, option, &value, sizeof value), 0);
}

/* Messages until the first is heard: the connection stands, and its subscription is known. */
static void stand(void *pub, void *sub) {
    char buf[16];
    int heard = -1;
    set(sub, ZMQ_RCVTIMEO, NONE_MS);
    for (int i = 0; heard < 0 && i < MANY_MS / NONE_MS; i++) {
        assert_int_equal(zmq_send(pub, "first", 5, 0), 5);
        heard = zmq_recv(sub, buf, sizeof buf, 0);
    }
    assert_int_equal(heard, 5);
}

static int in_time(void *ctx, const char *endpoint) {
    void *pub = zmq_socket(ctx, ZMQ_PUB), *sub = zmq_socket(ctx, ZMQ_SUB);
    char text[256];
    size_t size = sizeof text;
    int got = 0;
    set(pub, ZMQ_LINGER, 0);
    assert_int_equal(zmq_bind(pub, endpoint), 0);
    assert_int_equal(zmq_getsockopt(pub, ZMQ_LAST_ENDPOINT, text, &size), 0);
    assert_int_equal(zmq_connect(sub, text), 0);
    assert_int_equal(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "first", 5), 0);
    stand(pub, sub);
    for (int i = 0; i < TOPICS; i++) {
        int n = sprintf(text, "t%d.", i);
        assert_int_equal(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, text, (size_t)n), 0);
        assert_int_equal(zmq_send(pub, text, (size_t)n, 0), n);
        got += zmq_recv(sub, text, sizeof text, 0) == n;
    }
    assert_int_equal(zmq_close(pub), 0);
    assert_int_equal(zmq_close(sub), 0);
    return got;
}

static void most_are_in_time(const char *endpoint) {
    void *ctx = zmq_ctx_new();
    int got = 0;
    for (int i = 0; i < PAIRS; i++)
        got += in_time(ctx, endpoint);
    assert_int_equal(zmq_ctx_term(ctx), 0);
    printf("%s: %d of %d in time\n", endpoint, got, PAIRS * TOPICS);
    assert_in_range(got, PAIRS * TOPICS * 3 / 4, PAIRS * TOPICS);
}

static void over_tcp(void **state) {
    (void)state;
    most_are_in_time("tcp://127.0.0.1:*");
}

static void over_ipc(void **state) {
    (void)state;
    most_are_in_time("ipc://*");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tcp),
        cmocka_unit_test(over_ipc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
