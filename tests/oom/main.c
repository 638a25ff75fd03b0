/* SPDX-License-Identifier: MIT */
/*
 * Every allocation (or system call) of the library fails once, in whole programs.
 *
 *     oom_memory | oom_system [scene [transport [point [variant]]]]
 *
 * A scene is played in a process of its own: once to count the calls, then once for each of them
 * with that one failing. It must come to its end in time, by the means of a careful program (a call
 * refused is made again, a message lost with its connection is sent again), and leave nothing
 * behind. With a point, that one alone, in this process: for a debugger.
 *
 * points.txt holds how many calls each scene is known to make. There may be more, never fewer.
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/msg.h"
#include "base/queue.h"
#include "fault.h"
#include "scenes.h"
#include "zmq.h"

#if defined(__SANITIZE_ADDRESS__)
enum { DEADLINE_S = 40, IS_SANITIZED = 1 };
#else
enum { DEADLINE_S = 15, IS_SANITIZED = 0 };
#endif

static enum fault_kind kind = ZX_OOM_SYSTEM ? FAULT_SYSTEM : FAULT_MEMORY;
static const char *points_file = ZX_OOM_POINTS;

struct tally {
    long points, played, failures;
    double seconds;
};

/* ---- one play ---- */

/* Sockets' slots are never given back: those made here are not counted as left behind. */
static void make_slots(void) {
    enum { SLOTS = 8 };
    void *ctx = zmq_ctx_new(), *sock[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        sock[i] = zmq_socket(ctx, ZMQ_PULL);
    for (int i = 0; i < SLOTS; i++)
        (void)zmq_close(sock[i]);
    (void)zmq_ctx_term(ctx);
}

static void play(const struct scene *s, const char *transport, long point, int variant) {
    make_slots();
    fault_arm(kind, point, variant);
    s->play(transport);
    fault_disarm();
    zx_body_trim();
    zx_queue_trim();
}

/* In a child. 0: well; else the verdict says what is wrong. */
static int play_apart(const struct scene *s, const char *transport, long point, int variant) {
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (!child) {
        (void)alarm(DEADLINE_S);
        play(s, transport, point, variant);
        exit(0); /* where a sanitizer looks for leaks */
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(fault->verdict, sizeof fault->verdict, "hangs");
    else if (WIFSIGNALED(status))
        snprintf(fault->verdict, sizeof fault->verdict, "dies: %s", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) && !fault->verdict[0])
        snprintf(fault->verdict, sizeof fault->verdict, "ends with %d", WEXITSTATUS(status));
    return fault->verdict[0] != 0;
}

static void report(const struct scene *s, const char *transport, long point, int variant) {
    printf("FAILED %s %s %ld %d (%s, %s): %s\n", s->name, transport, point, variant,
           fault->function, strerror(fault->err), fault->verdict);
    Dl_info self;
    if (!dladdr((void *)(size_t)&report, &self))
        return;
    printf("    addr2line -pfie %s", "$program");
    for (int i = 0; i < fault->depth; i++)
        printf(" %zx", (size_t)fault->stack[i] - (size_t)self.dli_fbase - 1);
    printf("\n");
}

/* ---- floors ---- */

static long floor_of(const char *scene, const char *transport) {
    char line[200], a[64], b[64], c[64];
    long n, found = -1;
    FILE *f = fopen(points_file, "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %63s %63s %ld", a, b, c, &n) == 4 &&
            !strcmp(a, kind == FAULT_MEMORY ? "memory" : "system") && !strcmp(b, scene) &&
            !strcmp(c, transport))
            found = n;
    if (f)
        fclose(f);
    return found;
}

/* ---- a scene on a transport ---- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void one_point(const struct scene *s, const char *transport, long point, long live,
                      struct tally *t) {
    int variants = 1;
    for (int v = 0; v < variants; v++) {
        fault->variants = 1;
        int bad = play_apart(s, transport, point, v);
        if (!bad && atomic_load(&fault->live) > live) {
            snprintf(fault->verdict, sizeof fault->verdict, "%ld allocations are left, not %ld",
                     atomic_load(&fault->live), live);
            bad = 1;
        }
        t->played++;
        variants = fault->variants;
        if (!bad)
            continue;
        t->failures++;
        report(s, transport, point, v);
    }
}

static void run(const struct scene *s, const char *transport, struct tally *total) {
    struct tally t = {0, 0, 0, now()};
    fault->function[0] = '\0';
    if (play_apart(s, transport, -1, 0)) {
        printf("FAILED %s %s without any fault: %s\n", s->name, transport, fault->verdict);
        total->failures++;
        return;
    }
    long points = atomic_load(&fault->points), live = atomic_load(&fault->live);
    for (long i = 0; i < points; i++)
        one_point(s, transport, i, live, &t);
    long floor = floor_of(s->name, transport);
    printf("%-20s %-7s %5ld points, %5ld plays, %ld failures, %.1f s\n", s->name, transport, points,
           t.played, t.failures, now() - t.seconds);
    if (points < floor || floor < 0) {
        printf("FAILED %s %s: %s says %ld points\n", s->name, transport, points_file, floor);
        t.failures++;
    }
    total->points += points;
    total->played += t.played;
    total->failures += t.failures;
}

static int is_wanted(const char *list, const char *transport) {
    const char *at = strstr(list, transport);
    return at != NULL;
}

int main(int argc, char **argv) {
    static const char *const transports[] = {"inproc", "tcp", "ipc"};
    struct tally total = {0, 0, 0, 0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    fault = mmap(NULL, sizeof *fault, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fault == MAP_FAILED)
        return 1;
    for (const struct scene *s = scenes; s->name; s++) {
        for (int i = 0; i < 3; i++) {
            if ((argc > 1 && strcmp(argv[1], s->name)) ||
                (argc > 2 && strcmp(argv[2], transports[i])) ||
                !is_wanted(s->transports, transports[i]))
                continue;
            if (argc > 3) {
                play(s, transports[i], atol(argv[3]), argc > 4 ? atoi(argv[4]) : 0);
                printf("%ld points, %ld left\n", atomic_load(&fault->points),
                       atomic_load(&fault->live));
                return 0;
            }
            run(s, transports[i], &total);
        }
    }
    printf("%ld points of failure, %ld plays, %ld failures\n", total.points, total.played,
           total.failures);
    return total.failures || !total.played;
}
