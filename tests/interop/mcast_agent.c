/* SPDX-License-Identifier: MIT */
/*
 * One end of a multicast test, on whichever libzmq it is run with: mcast.py steers it by lines.
 *   mcast_agent pub|xpub <endpoint> <messages> <size> [option=value ...]
 *       sends "w" until a line comes, then numbered messages of two parts; says `sent`; with
 *       MCAST_GO_ON in the environment it goes on with "e"
 *   mcast_agent sub|xsub <endpoint> <messages> <size> [option=value ...]
 *       says `ready`, `first` at the first message, `done <count> <gaps> <ms>` after the last
 *       or at an "e"
 * Both end when their input does. Options by number; one that the library lacks is left out.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zmq.h"

enum { PATIENCE_MS = 60000, WARM_MS = 10 };

static void say(const char *what) {
    puts(what);
    fflush(stdout);
}

static void die(const char *what) {
    printf("error %s: %s\n", what, zmq_strerror(zmq_errno()));
    fflush(stdout);
    exit(1);
}

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * (int64_t)1000 + t.tv_nsec / 1000000;
}

/* A line or the end of input came. */
static int has_line(int wait_ms) {
    struct pollfd p = {0, POLLIN, 0};
    char c;
    return poll(&p, 1, wait_ms) > 0 && read(0, &c, 1) >= 0;
}

static void wait_for_end(void) {
    char c;
    while (read(0, &c, 1) > 0)
        continue;
}

static void fill(unsigned char *body, size_t size, unsigned i) {
    for (size_t k = 0; k < size; k++)
        body[k] = (unsigned char)(i * 31 + k);
}

static void publish(void *s, unsigned n, size_t size) {
    unsigned char *body = malloc(size + 1);
    char number[16];
    while (!has_line(WARM_MS))
        if (zmq_send(s, "w", 1, 0) < 0)
            die("warm");
    for (unsigned i = 0; i < n; i++) {
        fill(body, size, i);
        snprintf(number, sizeof number, "n%08x", i);
        if (zmq_send(s, number, 9, ZMQ_SNDMORE) < 0 || zmq_send(s, body, size, 0) < 0)
            die("send");
    }
    free(body);
    say("sent");
    /* Without more to come some senders never notice that the last was lost. */
    while (getenv("MCAST_GO_ON") && !has_line(WARM_MS))
        if (zmq_send(s, "e", 1, ZMQ_DONTWAIT) < 0 && zmq_errno() != EAGAIN)
            die("go on");
    wait_for_end();
}

static void check_body(void *s, unsigned char *want, unsigned char *got, size_t size, unsigned i) {
    int more;
    size_t len = sizeof more;
    zmq_getsockopt(s, ZMQ_RCVMORE, &more, &len);
    fill(want, size, i);
    if (!more || zmq_recv(s, got, size + 1, 0) != (int)size || memcmp(got, want, size))
        die("body");
}

static void listen_to(void *s, unsigned n, size_t size) {
    unsigned char *want = malloc(size + 1), *got = malloc(size + 1);
    char head[16];
    unsigned count = 0, gaps = 0, next = 0;
    int64_t start = 0;
    say("ready");
    for (int first = 1; next < n; first = 0) {
        int len = zmq_recv(s, head, sizeof head - 1, 0);
        if (len < 0)
            die("recv");
        head[len] = '\0';
        if (first)
            say("first");
        if (head[0] == 'e')
            break;
        if (head[0] != 'n')
            continue;
        unsigned i = (unsigned)strtoul(head + 1, NULL, 16);
        check_body(s, want, got, size, i);
        if (i < next)
            die("order");
        if (!count)
            start = now_ms();
        gaps += i != next && count;
        next = i + 1;
        count++;
    }
    free(want);
    free(got);
    printf("done %u %u %lld\n", count, gaps, (long long)(now_ms() - start));
    fflush(stdout);
    wait_for_end();
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int type;
    } types[] = {{"pub", ZMQ_PUB}, {"sub", ZMQ_SUB}, {"xpub", ZMQ_XPUB}, {"xsub", ZMQ_XSUB}};
    int type = -1, patience = PATIENCE_MS;
    for (size_t i = 0; argc > 4 && i < sizeof types / sizeof *types; i++)
        if (!strcmp(argv[1], types[i].name))
            type = types[i].type;
    if (type < 0)
        return 2;
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, type);
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience);
    for (int i = 5; i < argc; i++) {
        int option = atoi(argv[i]), value = atoi(strchr(argv[i], '=') + 1);
        (void)zmq_setsockopt(s, option, &value, sizeof value);
    }
    int is_pub = type == ZMQ_PUB || type == ZMQ_XPUB, one = 1;
    if (type == ZMQ_SUB)
        zmq_setsockopt(s, ZMQ_SUBSCRIBE, "", 0);
    if (is_pub && zmq_setsockopt(s, ZMQ_XPUB_NODROP, &one, sizeof one))
        die("nodrop");
    if (is_pub ? zmq_bind(s, argv[2]) : zmq_connect(s, argv[2]))
        die("endpoint");
    (is_pub ? publish : listen_to)(s, (unsigned)atoi(argv[3]), (size_t)atoi(argv[4]));
    zmq_close(s);
    zmq_ctx_term(ctx);
    say("over");
    return 0;
}
