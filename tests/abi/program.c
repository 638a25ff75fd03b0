/* SPDX-License-Identifier: MIT */
/*
 * A program of the kind that exists in the world: stable calls only, whichever zmq.h is found. It
 * says what it saw; programs.sh builds and runs it with each pair of header and library and
 * compares. Nothing it prints may depend on time, ports or versions.
 */
#include <zmq.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define DEADLINE_MS 10000

static int failures;

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("FAILED line %d: %s (errno %d)\n", __LINE__, #condition, zmq_errno());          \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static void *new_socket(void *ctx, int type) {
    int deadline = DEADLINE_MS, none = 0;
    void *socket = zmq_socket(ctx, type);
    EXPECT(socket != NULL);
    EXPECT(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &deadline, sizeof deadline) == 0);
    EXPECT(zmq_setsockopt(socket, ZMQ_SNDTIMEO, &deadline, sizeof deadline) == 0);
    EXPECT(zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none) == 0);
    return socket;
}

static void show_message(const char *what, void *socket) {
    printf("%s:", what);
    int more = 1;
    while (more) {
        zmq_msg_t msg;
        EXPECT(zmq_msg_init(&msg) == 0);
        int size = zmq_msg_recv(&msg, socket, 0);
        EXPECT(size >= 0);
        if (size >= 0)
            printf(" [%.*s]", size, (const char *)zmq_msg_data(&msg));
        more = zmq_msg_more(&msg);
        EXPECT(more == zmq_msg_get(&msg, ZMQ_MORE));
        EXPECT(zmq_msg_close(&msg) == 0);
    }
    printf("\n");
}

static void on_free(void *data, void *hint) {
    ++*(int *)hint;
    free(data);
}

static void show_messages(void) {
    struct {
        unsigned char before[8];
        zmq_msg_t msg;
        unsigned char after[8];
    } guarded;
    memset(&guarded, 0x5a, sizeof guarded);
    int freed = 0;
    char *data = malloc(100);
    EXPECT(data != NULL);
    EXPECT(zmq_msg_init_data(&guarded.msg, data, 100, on_free, &freed) == 0);
    zmq_msg_t copy, moved;
    EXPECT(zmq_msg_init(&copy) == 0 && zmq_msg_init(&moved) == 0);
    EXPECT(zmq_msg_copy(&copy, &guarded.msg) == 0);
    EXPECT(zmq_msg_get(&copy, ZMQ_SHARED) == 1);
    EXPECT(zmq_msg_data(&copy) == data && zmq_msg_size(&copy) == 100);
    EXPECT(zmq_msg_move(&moved, &guarded.msg) == 0 && zmq_msg_size(&guarded.msg) == 0);
    EXPECT(zmq_msg_close(&guarded.msg) == 0 && zmq_msg_close(&moved) == 0);
    printf("freed early: %d", freed);
    EXPECT(zmq_msg_close(&copy) == 0);
    printf(", in the end: %d\n", freed);
    for (size_t i = 0; i < 8; i++)
        EXPECT(guarded.before[i] == 0x5a && guarded.after[i] == 0x5a);
    EXPECT(zmq_msg_close(&copy) == -1 && zmq_errno() == EFAULT);
}

static void show_options(void *ctx) {
    EXPECT(zmq_ctx_get(ctx, ZMQ_MSG_T_SIZE) == (int)sizeof(zmq_msg_t));
    void *socket = zmq_socket(ctx, ZMQ_DEALER);
    const int options[] = {ZMQ_TYPE,   ZMQ_LINGER,       ZMQ_SNDHWM,        ZMQ_RCVHWM,
                           ZMQ_EVENTS, ZMQ_RCVMORE,      ZMQ_RECONNECT_IVL, ZMQ_BACKLOG,
                           ZMQ_IPV6,   ZMQ_IMMEDIATE,    ZMQ_MECHANISM,     ZMQ_HANDSHAKE_IVL,
                           ZMQ_RATE,   ZMQ_RECOVERY_IVL, ZMQ_TCP_KEEPALIVE, ZMQ_CONFLATE};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int value = 0x5a5a5a5a;
        size_t size = sizeof value;
        int rc = zmq_getsockopt(socket, options[i], &value, &size);
        printf("option %d: %d, size %d, %d\n", options[i], rc, (int)size, value);
    }
    int64_t limit = 0;
    uint64_t affinity = 1;
    size_t size = sizeof limit;
    EXPECT(zmq_getsockopt(socket, ZMQ_MAXMSGSIZE, &limit, &size) == 0 && limit == -1);
    EXPECT(zmq_getsockopt(socket, ZMQ_AFFINITY, &affinity, &size) == 0 && affinity == 0);
    int one = 1;
    EXPECT(zmq_setsockopt(socket, ZMQ_TYPE, &one, sizeof one) == -1 && zmq_errno() == EINVAL);
    EXPECT(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) == -1 && zmq_errno() == EINVAL);
    EXPECT(zmq_setsockopt(socket, ZMQ_IDENTITY, "me", 2) == 0);
    char id[16] = "";
    size = sizeof id;
    EXPECT(zmq_getsockopt(socket, ZMQ_ROUTING_ID, id, &size) == 0 && size == 2);
    printf("routing id: %.2s\n", id);
    EXPECT(zmq_close(socket) == 0);
    EXPECT(zmq_close(NULL) == -1 && zmq_errno() == ENOTSOCK);
}

static void show_pipeline(void *ctx, const char *endpoint) {
    void *pull = new_socket(ctx, ZMQ_PULL);
    void *push = new_socket(ctx, ZMQ_PUSH);
    char real[256];
    size_t size = sizeof real;
    EXPECT(zmq_bind(pull, endpoint) == 0);
    EXPECT(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, real, &size) == 0 && size == strlen(real) + 1);
    EXPECT(zmq_connect(push, real) == 0);
    EXPECT(zmq_send(push, "one", 3, 0) == 3);
    EXPECT(zmq_send(push, "two", 3, ZMQ_SNDMORE) == 3);
    EXPECT(zmq_send_const(push, "three", 5, 0) == 5);
    struct iovec iov[2] = {{(char *)"four", 4}, {(char *)"five5", 5}};
    EXPECT(zmq_sendiov(push, iov, 2, ZMQ_SNDMORE) == 5);
    show_message(endpoint, pull);
    show_message(endpoint, pull);
    size_t count = 2;
    EXPECT(zmq_recviov(pull, iov, &count, 0) == 2 && count == 2);
    for (size_t i = 0; i < count; i++) {
        printf("%.*s\n", (int)iov[i].iov_len, (const char *)iov[i].iov_base);
        free(iov[i].iov_base);
    }
    char small[2];
    EXPECT(zmq_send(push, "truncated", 9, 0) == 9);
    EXPECT(zmq_recv(pull, small, sizeof small, 0) == 9 && memcmp(small, "tr", 2) == 0);
    EXPECT(zmq_recv(pull, small, sizeof small, ZMQ_DONTWAIT) == -1 && zmq_errno() == EAGAIN);
    EXPECT(zmq_recv(push, small, sizeof small, 0) == -1 && zmq_errno() == ENOTSUP);
    EXPECT(zmq_unbind(pull, real) == 0);
    EXPECT(zmq_unbind(pull, real) == -1 && zmq_errno() == ENOENT);
    EXPECT(zmq_close(push) == 0 && zmq_close(pull) == 0);
}

static void show_poll(void *ctx) {
    void *rep = new_socket(ctx, ZMQ_REP);
    void *req = new_socket(ctx, ZMQ_REQ);
    EXPECT(zmq_bind(rep, "inproc://poll") == 0 && zmq_connect(req, "inproc://poll") == 0);
    zmq_pollitem_t items[2] = {{rep, 0, ZMQ_POLLIN, 9}, {req, 0, ZMQ_POLLIN | ZMQ_POLLOUT, 9}};
    printf("poll: %d", zmq_poll(items, 2, 0));
    printf(" %d %d\n", items[0].revents, items[1].revents);
    EXPECT(zmq_recv(req, NULL, 0, 0) == -1 && zmq_errno() == EFSM);
    EXPECT(zmq_send(req, "q", 1, 0) == 1);
    printf("poll: %d", zmq_poll(items, 2, DEADLINE_MS));
    printf(" %d %d\n", items[0].revents, items[1].revents);
    show_message("request", rep);
    EXPECT(zmq_send(rep, "a", 1, 0) == 1);
    printf("poll: %d", zmq_poll(items, 2, DEADLINE_MS));
    printf(" %d %d\n", items[0].revents, items[1].revents);
    show_message("reply", req);
    EXPECT(zmq_poll(items, -1, 0) == -1 && zmq_errno() == EINVAL);
    EXPECT(zmq_close(rep) == 0 && zmq_close(req) == 0);
}

static void show_monitor(void *ctx) {
    void *socket = new_socket(ctx, ZMQ_ROUTER);
    void *reader = new_socket(ctx, ZMQ_PAIR);
    EXPECT(zmq_socket_monitor(socket, "inproc://monitor", ZMQ_EVENT_ALL) == 0);
    EXPECT(zmq_connect(reader, "inproc://monitor") == 0);
    EXPECT(zmq_bind(socket, "tcp://127.0.0.1:*") == 0);
    unsigned char event[6];
    uint16_t number = 0;
    EXPECT(zmq_recv(reader, event, sizeof event, 0) == 6);
    memcpy(&number, event, sizeof number);
    printf("event: %d\n", number);
    char address[64];
    int size = zmq_recv(reader, address, sizeof address, 0);
    EXPECT(size > 16 && memcmp(address, "tcp://127.0.0.1:", 16) == 0);
    EXPECT(zmq_close(socket) == 0 && zmq_close(reader) == 0);
}

static void count_up(void *counter) {
    zmq_atomic_counter_inc(counter);
}

static void on_timer(int timer_id, void *arg) {
    *(int *)arg += timer_id;
}

static void show_timers(void) {
    void *timers = zmq_timers_new();
    int sum = 0;
    EXPECT(zmq_timers_timeout(timers) == -1);
    EXPECT(zmq_timers_add(timers, 1, on_timer, &sum) == 1);
    EXPECT(zmq_timers_add(timers, 1000000, on_timer, &sum) == 2);
    while (zmq_timers_timeout(timers) > 0)
        ; /* a millisecond at most */
    EXPECT(zmq_timers_execute(timers) == 0 && zmq_timers_cancel(timers, 2) == 0);
    printf("timers: %d\n", sum);
    EXPECT(zmq_timers_destroy(&timers) == 0 && timers == NULL);
}

static void show_utilities(void) {
    void *counter = zmq_atomic_counter_new();
    void *thread = zmq_threadstart(count_up, counter);
    zmq_threadclose(thread);
    printf("counter: %d", zmq_atomic_counter_value(counter));
    printf(" %d", zmq_atomic_counter_dec(counter));
    zmq_atomic_counter_destroy(&counter);
    EXPECT(counter == NULL);
    char text[16];
    uint8_t bytes[8] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    EXPECT(zmq_z85_encode(text, bytes, sizeof bytes) == text);
    printf(", Z85: %s\n", text);
    EXPECT(zmq_z85_decode(bytes, "hello") == bytes && zmq_z85_decode(bytes, "\"\"\"\"\"") == NULL);
    void *watch = zmq_stopwatch_start();
    unsigned long first = zmq_stopwatch_intermediate(watch);
    EXPECT(zmq_stopwatch_stop(watch) >= first);
    show_timers();
    printf("errors:");
    const int errors[] = {EFSM, ENOCOMPATPROTO, ETERM, EMTHREAD};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        printf(" %d %d", errors[i], zmq_strerror(errors[i])[0] != '\0');
    printf("\n");
}

int main(void) {
    int version[3] = {0, 0, 0};
    zmq_version(&version[0], &version[1], &version[2]);
    EXPECT(version[0] == 4 && version[1] == 3 && version[2] >= 4);
    void *ctx = zmq_ctx_new();
    EXPECT(ctx != NULL);
    show_messages();
    show_options(ctx);
    show_pipeline(ctx, "inproc://pipeline");
    show_pipeline(ctx, "tcp://127.0.0.1:*");
    show_poll(ctx);
    show_monitor(ctx);
    show_utilities();
    EXPECT(zmq_ctx_shutdown(ctx) == 0);
    EXPECT(zmq_socket(ctx, ZMQ_PAIR) == NULL && zmq_errno() == ETERM);
    EXPECT(zmq_ctx_term(ctx) == 0);
    printf("%d failures\n", failures);
    return failures != 0;
}
