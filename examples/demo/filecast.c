/* SPDX-License-Identifier: MIT */
/*
 * Casts a file over ZeroMQ, chunk by chunk, from a PUSH to a PULL:
 *
 *   filecast recv tcp://127.0.0.1:* copy.bin     prints "endpoint <e>", then receives one file
 *   filecast send <e> file.bin
 *   filecast inproc file.bin copy.bin            both ends are threads of this process
 *
 * A chunk is two frames, its offset as eight bytes, most significant first, and its data; the
 * file's size with no data ends it. filecast.py speaks the same. Nothing here knows of more than
 * <zmq.h>: it compiles with any libzmq and runs on any.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

enum { CHUNK = 65536, OFFSET_SIZE = 8 };

static void fail(const char *what)
{
    fprintf(stderr, "filecast: %s: %s\n", what, zmq_strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}

/* Prints which libzmq this process has mapped, as the kernel tells. */
static void print_library(void)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");

    while (maps && fgets(line, sizeof line, maps)) {
        if (strstr(line, "/libzmq.so")) {
            printf("library %s", strchr(line, '/'));
            break;
        }
    }
    if (maps) {
        fclose(maps);
    }
    fflush(stdout);
}

static void send_chunk(void *sock, uint64_t offset, const void *data, size_t size)
{
    unsigned char head[OFFSET_SIZE];

    for (int i = 0; i < OFFSET_SIZE; i++) {
        head[i] = (unsigned char) (offset >> (56 - 8 * i));
    }
    if (zmq_send(sock, head, sizeof head, ZMQ_SNDMORE) < 0 || zmq_send(sock, data, size, 0) < 0) {
        fail("send");
    }
}

static void send_file(void *sock, const char *path)
{
    static char data[CHUNK];
    uint64_t offset = 0;
    size_t n;
    FILE *file = fopen(path, "rb");

    if (!file) {
        fail(path);
    }
    while ((n = fread(data, 1, sizeof data, file)) > 0) {
        send_chunk(sock, offset, data, n);
        offset += n;
    }
    if (ferror(file)) {
        fail(path);
    }
    fclose(file);
    send_chunk(sock, offset, "", 0);
    printf("sent %llu bytes\n", (unsigned long long) offset);
    fflush(stdout);
}

/* Receives the offset frame of a chunk. */
static uint64_t receive_offset(void *sock)
{
    unsigned char head[OFFSET_SIZE];
    uint64_t offset = 0;
    int more = 0;
    size_t size = sizeof more;

    if (zmq_recv(sock, head, sizeof head, 0) != OFFSET_SIZE ||
        zmq_getsockopt(sock, ZMQ_RCVMORE, &more, &size) != 0 || !more) {
        fail("not a chunk");
    }
    for (int i = 0; i < OFFSET_SIZE; i++) {
        offset = offset << 8 | head[i];
    }
    return offset;
}

static void receive_file(void *sock, const char *path)
{
    uint64_t have = 0;
    double start = 0;
    zmq_msg_t msg;
    FILE *file = fopen(path, "wb");

    if (!file) {
        fail(path);
    }
    for (;;) {
        if (receive_offset(sock) != have) {
            fprintf(stderr, "filecast: a chunk is missing or out of order\n");
            exit(1);
        }
        zmq_msg_init(&msg);
        if (zmq_msg_recv(&msg, sock, 0) < 0) {
            fail("receive");
        }
        const size_t n = zmq_msg_size(&msg);
        if (start <= 0) {
            start = now_s();
        }
        if (fwrite(zmq_msg_data(&msg), 1, n, file) != n) {
            fail(path);
        }
        have += n;
        zmq_msg_close(&msg);
        if (n == 0) {
            break;
        }
    }
    if (fclose(file) != 0) {
        fail(path);
    }
    printf("received %llu bytes, %.0f MB/s\n", (unsigned long long) have,
           (double) have / 1e6 / (now_s() - start));
    fflush(stdout);
}

static void *open_socket(void *ctx, int type)
{
    void *sock = zmq_socket(ctx, type);

    if (!sock) {
        fail("socket");
    }
    return sock;
}

static void run_send(void *ctx, const char *endpoint, const char *path)
{
    void *push = open_socket(ctx, ZMQ_PUSH);

    if (zmq_connect(push, endpoint) != 0) {
        fail(endpoint);
    }
    send_file(push, path);
    zmq_close(push);
}

static void run_receive(void *ctx, const char *endpoint, const char *path)
{
    char bound[256];
    size_t size = sizeof bound;
    void *pull = open_socket(ctx, ZMQ_PULL);

    if (zmq_bind(pull, endpoint) != 0 ||
        zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, bound, &size) != 0) {
        fail(endpoint);
    }
    printf("endpoint %s\n", bound);
    fflush(stdout);
    receive_file(pull, path);
    zmq_close(pull);
}

struct sender {
    void *ctx;
    const char *path;
};

static void *sender_main(void *arg)
{
    const struct sender *sender = arg;

    run_send(sender->ctx, "inproc://file", sender->path);
    return NULL;
}

static void run_threads(void *ctx, const char *from, const char *to)
{
    struct sender sender = {ctx, from};
    pthread_t thread;

    if (pthread_create(&thread, NULL, sender_main, &sender) != 0) {
        fail("thread");
    }
    run_receive(ctx, "inproc://file", to);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    void *ctx;

    if (argc != 4) {
        fprintf(stderr, "usage: filecast send|recv <endpoint> <file> | inproc <from> <to>\n");
        return 2;
    }
    alarm(120); /* a demonstration must not hang */
    ctx = zmq_ctx_new();
    print_library();
    if (strcmp(argv[1], "send") == 0) {
        run_send(ctx, argv[2], argv[3]);
    } else if (strcmp(argv[1], "recv") == 0) {
        run_receive(ctx, argv[2], argv[3]);
    } else {
        run_threads(ctx, argv[2], argv[3]);
    }
    return zmq_ctx_term(ctx) == 0 ? 0 : 1;
}
