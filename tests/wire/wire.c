/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "node.h"
#include "peer.h"

struct census {
    unsigned descriptors;
    unsigned threads;
};

static struct census before;
int wire_row = -1;
const char *wire_name;

bool wire_is_ours(void) {
    return zmq_has("zmqx") == 1;
}

void wire_ours_only(const char *why) {
    if (wire_is_ours() || getenv("ZMQX_WIRE_ALL"))
        return;
    print_message("SKIPPED: another library is loaded; %s\n", why);
    skip();
}

int64_t wire_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool wire_readable(int fd, int timeout_ms) {
    int64_t end = wire_now_ms() + timeout_ms;
    struct pollfd item = {.fd = fd, .events = POLLIN};
    for (;;) {
        int64_t left = end - wire_now_ms();
        int rc = poll(&item, 1, left > 0 ? (int)left : 0);
        if (rc >= 0)
            return rc > 0;
        if (errno != EINTR)
            return false;
    }
}

void wire_fail(const char *file, int line, const char *format, ...) {
    va_list args;
    print_error("%s:%d: ", file, line);
    va_start(args, format);
    vprint_error(format, args);
    va_end(args);
    if (wire_row >= 0)
        print_error(" (row %d)", wire_row);
    print_error("\n");
    _fail(file, line);
    abort();
}

void wire_fresh_address(struct wire *w, char *address, size_t size) {
    if (strcmp(w->transport, "tcp") == 0) {
        snprintf(address, size, "tcp://127.0.0.1:*");
        return;
    }
    if (!w->dir[0]) {
        snprintf(w->dir, sizeof w->dir, "/tmp/zx-wire-XXXXXX");
        wire_check(mkdtemp(w->dir), "mkdtemp: %s", strerror(errno));
    }
    snprintf(address, size, "ipc://%s/%u", w->dir, w->names++);
}

static void hung(int signo) {
    static const char text[] = "\nthe test named last has hung\n";
    (void)signo;
    (void)!write(STDERR_FILENO, text, sizeof text - 1);
    abort();
}

int wire_setup(void **state) {
    struct wire *w = calloc(1, sizeof *w);
    if (!w)
        return -1;
    wire_name = *state;
    w->transport = strrchr(wire_name, '/') + 1;
    w->ctx = zmq_ctx_new();
    *state = w;
    wire_row = -1;
    signal(SIGALRM, hung);
    alarm(HANG_S);
    return w->ctx ? 0 : -1;
}

static void remove_dir(const char *dir) {
    struct dirent *entry;
    DIR *d = opendir(dir);
    char path[300];
    if (!d)
        return;
    while ((entry = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    rmdir(dir);
}

int wire_teardown(void **state) {
    struct wire *w = *state;
    int rc = 0;
    for (size_t i = 0; i < WIRE_NODES; i++)
        if (w->nodes[i])
            node_close(w->nodes[i]);
    do
        rc = w->ctx ? zmq_ctx_term(w->ctx) : 0;
    while (rc && zmq_errno() == EINTR); /* a test that failed may have left a timer */
    for (size_t i = 0; i < WIRE_PEERS; i++)
        if (w->peers[i])
            peer_drop(w->peers[i]);
    if (w->dir[0])
        remove_dir(w->dir);
    free(w);
    alarm(0);
    return rc;
}

static unsigned count_entries(const char *path) {
    unsigned n = 0;
    DIR *d = opendir(path);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static struct census take_census(void) {
    return (struct census){count_entries("/proc/self/fd"), count_entries("/proc/self/task")};
}

static void *tell_id(void *id) {
    *(long *)id = syscall(SYS_gettid);
    return NULL;
}

/* A sanitizer starts a thread of its own with the first one, and keeps it. Ours is joined, but
 * stays listed for the moment the kernel needs to reap it: the census must not count it. */
static void start_first_thread(void) {
    pthread_t first;
    char path[64];
    long id = 0;
    if (pthread_create(&first, NULL, tell_id, &id))
        return;
    pthread_join(first, NULL);
    snprintf(path, sizeof path, "/proc/self/task/%ld", id);
    for (int64_t end = wire_now_ms() + DEADLINE_MS; !access(path, F_OK) && wire_now_ms() < end;)
        ;
}

int wire_group_setup(void **state) {
    struct rlimit limit;
    (void)state;
    start_first_thread();
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    before = take_census();
    return 0;
}

int wire_group_teardown(void **state) {
    struct census after = take_census();
    (void)state;
    /* A joined thread may stay listed for the moment the kernel needs to reap it. */
    for (int64_t end = wire_now_ms() + DEADLINE_MS;
         after.threads != before.threads && wire_now_ms() < end; after = take_census())
        ;
    if (after.descriptors == before.descriptors && after.threads == before.threads)
        return 0;
    print_error("left behind: descriptors %u -> %u, threads %u -> %u\n", before.descriptors,
                after.descriptors, before.threads, after.threads);
    return -1;
}
