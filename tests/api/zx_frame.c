/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "zx_api.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "zx_absent.h"
#include "zx_frame.h"

#ifndef ZX_DIFFERENCES_FILE
#define ZX_DIFFERENCES_FILE "differences.txt"
#endif

#define CASE_LIMIT_S 9
#define MAX_ROWS 1000

/* One line of differences.txt for the library under test. */
struct row {
    char *key;
    char *value;
    int line;
    int used;
};

static struct {
    const char *program;
    const char *lib;
    const char *filter;
    int list;
    const struct zx_case *current;
    int soft;
    int soft_failures;
    unsigned long checks;
    struct row rows[MAX_ROWS];
    size_t n_rows;
    timer_t watchdog;
} zx;

static void die(const char *what) {
    fprintf(stderr, "%s: %s\n", zx.program, what);
    exit(99);
}

/* The file mapped at an address, as the kernel tells it. */
static void mapped_file(const void *where, char path[PATH_MAX]) {
    unsigned long from, to;
    char line[PATH_MAX + 128];
    FILE *f = fopen("/proc/self/maps", "r");

    path[0] = 0;
    if (!f) die("no /proc/self/maps");
    while (fgets(line, sizeof line, f)) {
        char *slash = strchr(line, '/');
        if (sscanf(line, "%lx-%lx", &from, &to) != 2 || !slash) continue;
        slash[strcspn(slash, "\n")] = 0;
        if ((unsigned long)where >= from && (unsigned long)where < to)
            snprintf(path, PATH_MAX, "%s", slash);
        if (strstr(slash, "/libzmq.so") && zx.lib && strcmp(zx.lib, "435") != 0 && path[0] &&
            strcmp(path, slash) != 0)
            die("two files called libzmq.so are mapped");
    }
    fclose(f);
}

/* Which library is this really? The loader's search order is not evidence, the map is. */
static void prove(void) {
    static const char *const version[][2] = {{"ours", "4.3.6"}, {"434", "4.3.4"}, {"435", "4.3.5"}};
    const char *want = getenv("ZX_LIB_FILE");
    char got[PATH_MAX], real[PATH_MAX], text[32];
    const char *expected = NULL;
    int major, minor, patch;

    zx.lib = getenv("ZX_LIB");
    if (!zx.lib || !want) die("set ZX_LIB (ours, 434, 435) and ZX_LIB_FILE; see tools/oracle/run");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(zx.lib, version[i][0]) == 0) expected = version[i][1];
    if (!expected) die("ZX_LIB must be ours, 434 or 435");
    if (!realpath(want, real)) die("ZX_LIB_FILE does not exist");
    mapped_file(dlsym(RTLD_DEFAULT, "zmq_version"), got);
    if (strcmp(got, real) != 0) {
        fprintf(stderr, "mapped: %s\nwanted: %s\n", got, real);
        die("another library than the one under test is loaded");
    }
    zmq_version(&major, &minor, &patch);
    snprintf(text, sizeof text, "%d.%d.%d", major, minor, patch);
    if (strcmp(text, expected) != 0) die("zmq_version does not fit ZX_LIB");
    if (zmq_has("zmqx") != (strcmp(zx.lib, "ours") == 0)) die("zmq_has(\"zmqx\") does not fit");
    if (!zx.list) fprintf(stderr, "%s: library %s, %s, %s\n", zx.program, zx.lib, text, got);
}

static char *trim(char *s) {
    size_t n;

    s += strspn(s, " \t");
    n = strlen(s);
    while (n > 0 && strchr(" \t\n", s[n - 1])) s[--n] = 0;
    return s;
}

static void load_differences(void) {
    const char *name = getenv("ZX_DIFFERENCES");
    char line[1000];
    int number = 0;
    FILE *f = fopen(name ? name : ZX_DIFFERENCES_FILE, "r");

    if (!f) die("differences.txt is not readable");
    while (fgets(line, sizeof line, f)) {
        char *save, *col[4];
        char *text = trim(line);

        number++;
        if (*text == 0 || *text == '#') continue;
        for (int i = 0; i < 4; i++) {
            col[i] = strtok_r(i ? NULL : text, "|", &save);
            if (!col[i]) die(zx_fmt("differences.txt:%d: four columns wanted", number));
            col[i] = trim(col[i]);
        }
        if (strcmp(col[1], zx.lib) != 0) continue;
        if (zx.n_rows == MAX_ROWS) die("differences.txt is too long");
        zx.rows[zx.n_rows].key = strdup(col[0]);
        zx.rows[zx.n_rows].value = strdup(col[2]);
        zx.rows[zx.n_rows++].line = number;
    }
    fclose(f);
}

static void report_used(void) {
    const char *name = getenv("ZX_DIFF_USED");
    FILE *f = name ? fopen(name, "a") : NULL;

    for (size_t i = 0; f && i < zx.n_rows; i++)
        if (zx.rows[i].used) fprintf(f, "%d\n", zx.rows[i].line);
    if (f) fclose(f);
}

static void on_watchdog(int sig) {
    static const char text[] = ": HANG: a case ran into its time limit\n";
    const char *name = zx.current ? zx.current->name : "?";

    (void)sig;
    (void)!write(2, zx.program, strlen(zx.program));
    (void)!write(2, "/", 1);
    (void)!write(2, name, strlen(name));
    (void)!write(2, text, sizeof text - 1);
    _exit(98);
}

static void arm(int seconds) {
    struct itimerspec at = {.it_value = {.tv_sec = seconds}};
    timer_settime(zx.watchdog, 0, &at, NULL);
}

/*
 * cmocka turns deadly signals into failed cases by jumping back into its loop over the tests: a
 * child must die of them. Timers are not inherited; the parent watches the child's time.
 */
void zx_frame_in_child(void) {
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT};

    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) signal(deadly[i], SIG_DFL);
}

void zx_start(const char *program, int argc, char **argv) {
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1};

    zx.program = program;
    setvbuf(stdout, NULL, _IOLBF, 0); /* cmocka writes to both: keep their order */
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0) zx.list = 1;
        else zx.filter = argv[i];
    }
    prove();
    load_differences();
    signal(SIGRTMIN + 1, on_watchdog);
    if (timer_create(CLOCK_MONOTONIC, &ev, &zx.watchdog) != 0) die("no timer");
}

const struct zx_case *zx_current(void) {
    return zx.current;
}

const char *zx_program(void) {
    return zx.program;
}

const char *zx_lib(void) {
    return zx.lib;
}

int zx_is_lib(const char *lib) {
    return strcmp(zx.lib, lib) == 0;
}

void zx_needs(const char *capability) {
    if (zmq_has(capability)) return;
    print_message("SKIP: %s/%s: this library is built without %s\n", zx.program, zx.current->name,
                  capability);
    skip();
}

void zx_soft(int on) {
    zx.soft = on;
}

static int count_fds(void) {
    int n = 0;
    DIR *d = opendir("/proc/self/fd");

    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

static int fds_before;

/* Where tools/man/recorder.py is preloaded it wants to know whose errors it sees. */
static void tell_recorder(void) {
    void (*tell)(const char *, const char *);

    *(void **)&tell = dlsym(RTLD_DEFAULT, "zx_record_case");
    if (tell) tell(zx.program, zx.current->name);
}

static int set_up(void **state) {
    zx.current = *state;
    tell_recorder();
    zx.soft = zx.soft_failures = 0;
    fds_before = count_fds();
    arm(CASE_LIMIT_S);
    return 0;
}

static int tear_down(void **state) {
    long long end = zx_now_ms() + 1000;
    int now;

    (void)state;
    zx_help_finish();
    do now = count_fds(); /* a name being looked up may outlive its context by a moment */
    while (now != fds_before && zx_now_ms() < end && sched_yield() == 0);
    if (now != fds_before)
        print_error("%s/%s: %d descriptors before, %d after\n", zx.program, zx.current->name,
                    fds_before, now);
    return now != fds_before;
}

/* What this version of our library has not, as absent.txt lists it. */
static int lacks(const char *label) {
    const char *key = zx_fmt("%s/%s%s%s", zx.program, zx.current->name, *label ? "/" : "", label);
    const char *feature = zx_is_lib("ours") ? zx_absent(key) : NULL;

    if (feature) print_message("SKIP: %s: %s is not in this version\n", key, feature);
    return feature != NULL;
}

static void run_case(void **state) {
    const struct zx_case *c = *state;

    if (lacks("")) skip();
    c->fn();
    if (zx.soft_failures) fail_msg("%d checks failed", zx.soft_failures);
}

/* ZX_VIA: the cases on ipc take another transport of streams instead, and its name. */
static struct zx_case *rename_cases(const struct zx_case *cases, size_t *n) {
    const char *via = getenv("ZX_VIA");
    struct zx_case *mine = calloc(*n, sizeof *mine);
    size_t used = 0;

    if (!mine) die("no memory");
    for (size_t i = 0; i < *n; i++) {
        const char *at = strstr(cases[i].name, "@ipc");
        if (via && (cases[i].via != ZX_IPC || !at)) continue;
        mine[used] = cases[i];
        if (via) {
            char name[200];
            snprintf(name, sizeof name, "%.*s@%s%s", (int)(at - cases[i].name), cases[i].name, via,
                     at + 4);
            mine[used].name = strdup(name);
        }
        used++;
    }
    *n = used;
    return mine;
}

int zx_run(const struct zx_case *all, size_t n) {
    struct zx_case *cases = rename_cases(all, &n);
    struct CMUnitTest *tests = calloc(n, sizeof *tests);
    size_t used = 0;
    int rc;

    if (!tests) die("no memory");
    for (size_t i = 0; i < n; i++) {
        if (zx.filter && fnmatch(zx.filter, cases[i].name, 0) != 0) continue;
        if (zx.list) puts(cases[i].name);
        tests[used++] = (struct CMUnitTest){cases[i].name, run_case, set_up, tear_down,
                                            (void *)(uintptr_t)&cases[i]};
    }
    if (zx.list) return 0;
    if (used == 0) die("no such case");
    rc = _cmocka_run_group_tests(zx.program, tests, used, NULL, NULL);
    fprintf(stderr, "%s: %lu checks in %zu cases\n", zx.program, zx.checks, used);
    if (zx_is_lib("ours")) {
        int whole = !zx.filter && !getenv("ZX_VIA");
        if (zx_absent_stale() || (whole && zx_absent_unmet(zx.program))) rc = 1;
        zx_absent_finish();
    }
    report_used();
    free(tests);
    for (size_t i = 0; getenv("ZX_VIA") && i < n; i++) free((char *)(uintptr_t)cases[i].name);
    free(cases);
    for (size_t i = 0; i < zx.n_rows; i++) {
        free(zx.rows[i].key);
        free(zx.rows[i].value);
    }
    return rc ? 1 : 0;
}

/* The first line that fits counts; "=" takes a check out of a pattern further down. */
static struct row *find_row(const char *label) {
    char key[300];

    snprintf(key, sizeof key, "%s/%s/%s", zx.program, zx.current->name, label);
    for (size_t i = 0; i < zx.n_rows; i++)
        if (fnmatch(zx.rows[i].key, key, 0) == 0) {
            zx.rows[i].used = 1;
            return strcmp(zx.rows[i].value, "=") == 0 ? NULL : &zx.rows[i];
        }
    return NULL;
}

int zx_runs(const char *label) {
    const struct row *row = find_row(label);
    return !row || strcmp(row->value, "not-run") != 0;
}

const char *zx_expect(const char *label, const char *reference) {
    const struct row *row = find_row(label);

    if (row && strcmp(row->value, reference) == 0) {
        print_error("differences.txt:%d is no difference\n", row->line);
        zx.soft_failures++;
    }
    return row ? row->value : reference;
}

static void report(const char *text, const char *file, int line) {
    print_error("%s/%s/%s (library %s, %s:%d)\n", zx.program, zx.current->name, text, zx.lib, file,
                line);
    zx.soft_failures++;
    if (!zx.soft) _fail(file, line);
}

void zx_check_at(const char *label, const char *want, const char *got, const char *file, int line) {
    const char *expected = zx_expect(label, want);

    if (lacks(label)) return;
    zx.checks++;
    if (strcmp(expected, got) != 0)
        report(zx_fmt("%s: expected \"%s\", got \"%s\"", label, expected, got), file, line);
}

void zx_ok_at(long rc, const char *what, const char *file, int line) {
    zx.checks++;
    if (rc < 0) report(zx_fmt("%s: expected success, got %s", what, zx_err(-1)), file, line);
}
