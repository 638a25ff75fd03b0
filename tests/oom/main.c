/* SPDX-License-Identifier: MIT */
/*
 * Every allocation (or system call) of the library fails once, in whole programs.
 *
 *     oom_memory | oom_system [scene [transport [point [variant [place]]]]]
 *
 * A scene is played in a process of its own: once to count the calls, then once for each of them
 * with that one failing. It must come to its end in time, by the means of a careful program (a call
 * refused is made again, a message lost with its connection is sent again), and leave nothing
 * behind. With a point, that one alone, in this process: for a debugger.
 *
 * Several plays go on at a time: most of each is waiting for what the fault has delayed.
 *
 * points.txt holds how much of each scene is known to fail: how many allocations, and from how many
 * places system calls. There may be more, never fewer. How many system calls there are is up to the
 * clock, and so is whether a place's turn comes in a play by numbers: places that did not fail so
 * are played by name, until they do or as many as are known have.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/pool.h"
#include "fault.h"
#include "scenes.h"
#include "zmq.h"

#if defined(__SANITIZE_ADDRESS__)
enum { DEADLINE_S = 25 };
#else
enum { DEADLINE_S = 20 }; /* below the 30 s after which a handshake is given up */
#endif

/* The clock may keep a scene from a place for some plays, hardly for so many. */
enum { AT_A_TIME = 8, CASES_MAX = 64, COUNTS = 3, COUNTS_MAX = 60, AIMS = 2, AIMS_MAX = 60 };

static enum fault_kind kind = ZX_OOM_SYSTEM ? FAULT_SYSTEM : FAULT_MEMORY;
static const char *points_file = ZX_OOM_POINTS;

/* A scene on a transport. */
struct act {
    const struct scene *scene;
    const char *transport;
    long points, live; /* found by counting */
    long next;         /* the next point to be played */
    long floor, played, failures;
    uint64_t place[FAULT_PLACES];
    bool failed[FAULT_PLACES];
    int places, places_failed;
};

/* What one of the processes of the moment plays. */
struct seat {
    pid_t child;
    struct act *act;
    struct fault_order order;
    double since, took, awake_since;
};

static struct act acts[CASES_MAX];
static int n_acts;
static struct fault *faults; /* one for each seat */
static struct seat seats[AT_A_TIME];
static struct seat slowest;
static double awake; /* how long this process has run: a machine that stands still is no hang */

/* ---- one play ---- */

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Sockets' slots are never given back: those made here are not counted as left behind. */
static void make_slots(void) {
    enum { SLOTS = 20 };
    void *ctx = zmq_ctx_new(), *sock[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        sock[i] = zmq_socket(ctx, ZMQ_PULL);
    for (int i = 0; i < SLOTS; i++)
        (void)zmq_close(sock[i]);
    (void)zmq_ctx_term(ctx);
}

/* Helpers that nobody joins give back what they have on their way out. */
static void await_helpers(void) {
    for (double end = now() + 5; now() < end;) {
        int threads = 0;
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks)
            return;
        while (readdir(tasks))
            threads++;
        (void)closedir(tasks);
        if (threads <= 3) /* ours and two dots */
            return;
        (void)sched_yield();
    }
}

static void play(const struct act *a, struct fault_order order) {
    make_slots();
    fault_arm(order);
    a->scene->play(a->transport);
    fault_disarm();
    await_helpers();
    zx_pool_trim();
}

/* Their ends are asked for, not told at any time. */
static void keep_children_quiet(int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    (void)sigprocmask(how, &set, NULL);
}

static void seat_start(struct seat *s, struct act *a, struct fault_order order) {
    *s = (struct seat){.act = a, .order = order, .since = now(), .awake_since = awake};
    fault = &faults[s - seats];
    fault->variants = 1;
    fault->function[0] = fault->verdict[0] = '\0';
    fflush(stdout);
    s->child = fork();
    if (s->child < 0) {
        perror("fork");
        exit(1);
    }
    if (s->child)
        return;
    keep_children_quiet(SIG_UNBLOCK);
    play(a, order);
    exit(0); /* where a sanitizer looks for leaks */
}

/* Waits for one of them to end; ends those that hang. */
static pid_t await_child(int *status) {
    const struct timespec nap = {0, 100000000};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    for (double last = now();;) {
        pid_t child = waitpid(-1, status, WNOHANG);
        if (child)
            return child;
        (void)sigtimedwait(&set, NULL, &nap);
        double passed = now() - last;
        awake += passed < 1 ? passed : 1;
        last += passed;
        for (struct seat *s = seats; s < seats + AT_A_TIME; s++)
            if (s->child && awake - s->awake_since > DEADLINE_S)
                (void)kill(s->child, SIGALRM);
    }
}

/* Waits for one of them to end. What is wrong is in its fault's verdict, else that is empty. */
static struct seat *seat_end(void) {
    int status = 0;
    pid_t child = await_child(&status);
    struct seat *s = seats;
    while (s < seats + AT_A_TIME && s->child != child)
        s++;
    if (child < 0 || s == seats + AT_A_TIME) {
        perror("wait");
        exit(1);
    }
    char *verdict = faults[s - seats].verdict;
    size_t size = sizeof faults->verdict;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(verdict, size, "hangs");
    else if (WIFSIGNALED(status))
        snprintf(verdict, size, "dies: %s", strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) && !verdict[0])
        snprintf(verdict, size, "ends with %d", WEXITSTATUS(status));
    s->child = 0;
    s->took = now() - s->since;
    if (s->took > slowest.took)
        slowest = *s;
    return s;
}

static void report(const struct seat *s) {
    const struct fault *f = &faults[s - seats];
    s->act->failures++;
    if (s->order.point < 0 && !s->order.place) {
        printf("FAILED %s %s without any fault: %s\n", s->act->scene->name, s->act->transport,
               f->verdict);
        return;
    }
    printf("FAILED %s %s %ld %d %llu (%s, %s): %s\n", s->act->scene->name, s->act->transport,
           s->order.point, s->order.variant, (unsigned long long)s->order.place, f->function,
           strerror(f->err), f->verdict);
    Dl_info self;
    if (!dladdr((void *)(size_t)&report, &self))
        return;
    printf("    addr2line -pfie %s", "$program");
    for (int i = 0; i < f->depth; i++)
        printf(" %zx", (size_t)f->stack[i] - (size_t)self.dli_fbase - 1);
    printf("\n");
}

/* ---- floors ---- */

/* Places are those of the optimiser the floors were measured with: another one's inlining makes one
 * of two. */
static long places_asked(long n) {
    return kind == FAULT_SYSTEM && !ZX_OOM_EXACT ? n * 3 / 4 : n;
}

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
    return places_asked(found);
}

/* ---- all of them ---- */

static struct seat *free_seat(void) {
    for (int i = 0; i < AT_A_TIME; i++)
        if (!seats[i].child)
            return &seats[i];
    return NULL;
}

/* Which of the act's places that is, or a new one. */
static int place_of(struct act *a, uint64_t place) {
    int i = 0;
    while (i < a->places && a->place[i] != place)
        i++;
    if (i == a->places && i < FAULT_PLACES)
        a->place[a->places++] = place;
    return i < FAULT_PLACES ? i : FAULT_PLACES - 1;
}

static void note_places(struct act *a, struct fault *f) {
    for (int i = 0; i < FAULT_PLACES; i++)
        if (atomic_load(&f->place[i]))
            (void)place_of(a, atomic_load(&f->place[i]));
}

static void note_failed(struct act *a, const struct fault *f) {
    if (kind != FAULT_SYSTEM || !atomic_load(&f->fired))
        return;
    bool *failed = &a->failed[place_of(a, f->failed_at)];
    a->places_failed += !*failed;
    *failed = true;
}

/* How many calls there are, and from where. Threads that meet otherwise make some less: counted
 * again then. */
static void count(struct act *a) {
    int counts = kind == FAULT_SYSTEM ? COUNTS : 1;
    a->floor = floor_of(a->scene->name, a->transport);
    for (int i = 0; i < COUNTS_MAX; i++) {
        if (i >= counts && (kind == FAULT_SYSTEM ? a->places : a->points) >= a->floor)
            break;
        seat_start(&seats[0], a, (struct fault_order){.kind = kind, .point = -1});
        if (seat_end(), faults[0].verdict[0]) {
            report(&seats[0]);
            a->points = 0;
            return;
        }
        if (atomic_load(&faults[0].points) > a->points)
            a->points = atomic_load(&faults[0].points);
        a->live = atomic_load(&faults[0].live);
        note_places(a, &faults[0]);
    }
}

static long reached(const struct act *a) {
    return kind == FAULT_SYSTEM ? a->places_failed : a->points;
}

/* Has as much failed as is known to? */
static void hold_to_floor(struct act *a) {
    if (reached(a) >= a->floor && a->floor >= 0)
        return;
    printf("FAILED %s %s: %ld %s, %s says %ld\n", a->scene->name, a->transport, reached(a),
           kind == FAULT_SYSTEM ? "places" : "points", points_file, a->floor);
    a->failures++;
}

static void judge(struct seat *s) {
    struct fault *f = &faults[s - seats];
    s->act->played++;
    note_failed(s->act, f);
    if (!f->verdict[0] && atomic_load(&f->live) > s->act->live)
        snprintf(f->verdict, sizeof f->verdict, "%ld allocations are left, not %ld",
                 atomic_load(&f->live), s->act->live);
    if (f->verdict[0])
        report(s);
}

/* Where the round is. */
static struct {
    int act, place;
    int round;
} aim;

/* The next play by number. */
static bool next_point(struct act **act, struct fault_order *order) {
    static int at;
    while (at < n_acts && acts[at].next == acts[at].points)
        at++;
    if (at == n_acts)
        return false;
    *act = &acts[at];
    *order = (struct fault_order){.kind = kind, .point = acts[at].next++};
    return true;
}

/* The next play for a place that has not failed yet. */
static bool next_place(struct act **act, struct fault_order *order) {
    for (; aim.act < n_acts; aim.act++, aim.place = 0) {
        struct act *a = &acts[aim.act];
        if (aim.round >= AIMS && a->places_failed >= a->floor)
            continue;
        while (aim.place < a->places && a->failed[aim.place])
            aim.place++;
        if (aim.place == a->places)
            continue;
        *act = a;
        *order = (struct fault_order){.kind = kind, .point = -1, .place = a->place[aim.place++]};
        return true;
    }
    return false;
}

static void play_all(bool (*next)(struct act **act, struct fault_order *order)) {
    struct act *act;
    struct fault_order order;
    int busy = 0;
    for (;;) {
        if (busy < AT_A_TIME && next(&act, &order)) {
            seat_start(free_seat(), act, order);
            busy++;
            continue;
        }
        if (!busy)
            return;
        struct seat *s = seat_end();
        int variants = faults[s - seats].variants;
        judge(s);
        busy--;
        if (s->order.variant + 1 < variants) {
            order = s->order;
            order.variant++;
            seat_start(s, s->act, order);
            busy++;
        }
    }
}

static void play_places(void) {
    for (int i = 0; i < AIMS_MAX; i++) {
        aim.act = aim.place = 0;
        aim.round = i;
        play_all(next_place);
    }
}

/* ---- */

static void choose(int argc, char **argv) {
    static const struct {
        const char *name;
        int is_here;
    } transports[] = {
        {"inproc", 1},      {"tcp", 1},
        {"ipc", 1},         {"udp", 1},
        {"ws", ZX_HAVE_WS}, {"vmci", ZX_HAVE_VMCI && ZX_OOM_STANDIN},
        {"tipc", ZX_HAVE_TIPC && ZX_OOM_STANDIN},
    };
    enum { TRANSPORTS = sizeof transports / sizeof transports[0] };
    for (const struct scene *s = scenes; s->name; s++)
        for (int i = 0; i < TRANSPORTS && n_acts < CASES_MAX; i++)
            if (transports[i].is_here &&
                (argc < 2 || !strcmp(argv[1], s->name)) &&
                (argc < 3 || !strcmp(argv[2], transports[i].name)) &&
                strstr(s->transports, transports[i].name))
                acts[n_acts++] = (struct act){.scene = s, .transport = transports[i].name};
}

static int summary(double seconds) {
    long points = 0, played = 0, failures = 0;
    for (struct act *a = acts; a < acts + n_acts; a++) {
        printf("%s %-20s %-7s %5ld points, %3d places of %3d, %5ld plays, %ld failures\n",
               kind == FAULT_MEMORY ? "memory" : "system", a->scene->name, a->transport, a->points,
               a->places_failed, a->places, a->played, a->failures);
        points += a->points;
        played += a->played;
        failures += a->failures;
    }
    printf("%ld points of failure, %ld plays, %ld failures, %.1f s\n", points, played, failures,
           seconds);
    if (slowest.act)
        printf("slowest: %s %s %ld %d, %.1f s\n", slowest.act->scene->name,
               slowest.act->transport, slowest.order.point, slowest.order.variant, slowest.took);
    return failures || !played;
}

int main(int argc, char **argv) {
    double start = now();
    setvbuf(stdout, NULL, _IOLBF, 0);
    faults = mmap(NULL, AT_A_TIME * sizeof *faults, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (faults == MAP_FAILED)
        return 1;
    fault = faults;
    keep_children_quiet(SIG_BLOCK);
    choose(argc, argv);
    if (kind == FAULT_SYSTEM && !ZX_OOM_EXACT)
        printf("not built as points.txt was measured (gcc -O2): three quarters of it are asked\n");
    if (argc > 3 && n_acts == 1) {
        play(acts, (struct fault_order){.kind = kind,
                                        .point = atol(argv[3]),
                                        .variant = argc > 4 ? atoi(argv[4]) : 0,
                                        .place = argc > 5 ? strtoull(argv[5], NULL, 10) : 0});
        printf("%ld points, %ld left\n", atomic_load(&fault->points), atomic_load(&fault->live));
        return 0;
    }
    for (int i = 0; i < n_acts; i++)
        count(&acts[i]);
    play_all(next_point);
    play_places();
    for (int i = 0; i < n_acts; i++)
        hold_to_floor(&acts[i]);
    return summary(now() - start);
}
