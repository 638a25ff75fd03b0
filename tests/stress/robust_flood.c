/* SPDX-License-Identifier: MIT */
/* Ten thousand connections at once, silent ones and talking ones: pitfalls.md §9.9, §16. As many
 * as the limit of descriptors allows; the number is printed. */
#include "child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "node.h"
#include "peer.h"

static const uint8_t hello[] = "\xff\0\0\0\0\0\0\0\0\x7f\3\1NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                               "\4\x1a\5READY\13Socket-Type\0\0\0\4PUSH";

static unsigned how_many(void) {
    struct rlimit limit;
    unsigned n = 10000 / WIRE_SLOWER;
    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < n + 500)
        n = (unsigned)limit.rlim_cur - 500;
    return n;
}

static int connect_to(const char *endpoint) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a.sin_port = htons((uint16_t)strtoul(strrchr(endpoint, ':') + 1, NULL, 10));
    must(fd >= 0);
    must(connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

/* Reads exactly len bytes. */
static void swallow(int fd, size_t len) {
    uint8_t junk[256];
    while (len) {
        ssize_t n;
        must(wire_readable(fd, 4 * DEADLINE_MS));
        n = recv(fd, junk, len < sizeof junk ? len : sizeof junk, 0);
        must(n > 0);
        len -= (size_t)n;
    }
}

/* The other process: connects, says nothing; on demand shakes hands; then sends its number. */
static int crowd(struct child *self, const char *endpoint) {
    unsigned n = how_many();
    int *fds = calloc(n, sizeof *fds);
    char line[32];
    must(fds != NULL);
    for (unsigned i = 0; i < n; i++)
        fds[i] = connect_to(endpoint);
    child_tell(self, "connected");
    child_hear(self, line, sizeof line);
    for (unsigned i = 0; i < n; i++)
        must(send(fds[i], hello, sizeof hello - 1, MSG_NOSIGNAL) == sizeof hello - 1);
    for (unsigned i = 0; i < n; i++)
        swallow(fds[i], sizeof hello - 1); /* the PULL's is as long */
    child_tell(self, "shaken");
    child_hear(self, line, sizeof line);
    for (unsigned i = 0; i < n; i++) {
        uint8_t message[6] = {0, 4, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                              (uint8_t)i};
        must(send(fds[i], message, sizeof message, MSG_NOSIGNAL) == sizeof message);
    }
    child_hear(self, line, sizeof line); /* all have arrived */
    free(fds);
    return 0;
}

static void expect_service(struct wire *w, struct node *n) {
    struct peer *p = peer_connect(w, n->endpoint);
    peer_shake(p, "PUSH");
    peer_send(p, "<00 'service'>");
    node_expect(n, "'service'");
    peer_drop(p);
}

static struct node *open_for_many(struct wire *w, int handshake_ms) {
    struct node *n = node_new(w, ZMQ_PULL);
    node_set(n, ZMQ_BACKLOG, 4096); /* what does not fit there costs seconds of retransmission */
    node_set(n, ZMQ_HANDSHAKE_IVL, handshake_ms);
    node_bind(n);
    return n;
}

static void all_of_them_talk(void **state) {
    struct wire *w = *state;
    struct node *n = open_for_many(w, 0);
    unsigned count = how_many();
    uint8_t *seen = calloc(count, 1);
    struct child c;
    char line[32];
    assert_non_null(seen);
    print_message("%u connections\n", count);
    /* The child is forked from a process with the library's threads, and uses none of it. */
    c = child_start(crowd, n->endpoint);
    child_hear(&c, line, sizeof line);
    expect_service(w, n);
    child_tell(&c, "shake");
    child_hear(&c, line, sizeof line);
    expect_service(w, n);
    child_tell(&c, "send");
    for (unsigned i = 0; i < count; i++) {
        uint8_t b[4];
        uint32_t number;
        zmq_msg_t msg;
        node_receive(n, &msg);
        assert_int_equal(zmq_msg_size(&msg), 4);
        memcpy(b, zmq_msg_data(&msg), 4);
        number = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        wire_check(number < count && !seen[number]++, "message %u", number);
        zmq_msg_close(&msg);
    }
    child_tell(&c, "enough");
    child_finish(&c);
    free(seen);
    expect_service(w, n);
}

/* Nobody shakes hands: all are gone when the handshake's time is over. */
static int silent_crowd(struct child *self, const char *endpoint) {
    unsigned n = how_many();
    struct pollfd *items = calloc(n, sizeof *items);
    must(items != NULL);
    for (unsigned i = 0; i < n; i++)
        items[i] = (struct pollfd){.fd = connect_to(endpoint), .events = POLLRDHUP};
    child_tell(self, "connected");
    for (unsigned i = 0; i < n; i++)
        must(poll(&items[i], 1, 4 * DEADLINE_MS) == 1);
    free(items);
    return 0;
}

static void all_of_them_are_silent(void **state) {
    struct wire *w = *state;
    struct node *n = open_for_many(w, 500);
    char line[32];
    struct child c = child_start(silent_crowd, n->endpoint);
    child_hear(&c, line, sizeof line);
    expect_service(w, n);
    child_finish(&c);
    expect_service(w, n);
}

/* They end all at once. */
static void all_of_them_leave(void **state) {
    struct wire *w = *state;
    struct node *n = open_for_many(w, 0);
    char line[32];
    struct child c = child_start(crowd, n->endpoint);
    child_hear(&c, line, sizeof line);
    child_tell(&c, "shake");
    child_hear(&c, line, sizeof line);
    child_kill(&c);
    expect_service(w, n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_TCP(all_of_them_talk),
        ON_TCP(all_of_them_are_silent),
        ON_TCP(all_of_them_leave),
    };
    return cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
}
