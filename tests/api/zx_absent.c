/* SPDX-License-Identifier: MIT */
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_absent.h"

#include <fnmatch.h>

#include "zx_api.h"

#ifndef ZX_ABSENT_FILE
#define ZX_ABSENT_FILE "absent.txt"
#endif

#define MAX_LINES 200

struct line {
    char *pattern;
    int feature;
    int number;
    int met;
    int stale;
};

static struct line lines[MAX_LINES];
static size_t n_lines;
static int loaded;

static int option_answers(int option, const void *value, size_t size) {
    void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DEALER);
    int rc = zmq_setsockopt(s, option, value, size);
    zmq_close(s);
    zmq_ctx_term(ctx);
    return rc == 0;
}

static int has_curve(void) {
    int on = 1;
    return option_answers(ZMQ_CURVE_SERVER, &on, sizeof on);
}

static struct {
    const char *name;
    int (*answers)(void);
    int known; /* 0: not probed yet, 1: absent, 2: answers */
} features[] = {
    {"CURVE", has_curve, 0},
};

static void broken(int number, const char *what) {
    fprintf(stderr, "absent.txt:%d: %s\n", number, what);
    exit(99);
}

static int feature_of(const char *name, int number) {
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        if (strcmp(features[i].name, name) == 0) return (int)i;
    broken(number, "a feature nobody can probe");
    return -1;
}

static void parse_line(char *text, int number) {
    char *bar = strstr(text, " | ");

    text[strcspn(text, "\n")] = 0;
    if (*text == 0 || *text == '#') return;
    if (!bar) broken(number, "two columns wanted");
    if (n_lines == MAX_LINES) broken(number, "too long");
    *bar = 0;
    lines[n_lines++] = (struct line){strdup(text), feature_of(bar + 3, number), number, 0, 0};
}

static void load(void) {
    const char *name = getenv("ZX_ABSENT");
    char text[300];
    int number = 0;
    FILE *f = fopen(name ? name : ZX_ABSENT_FILE, "r");

    loaded = 1;
    if (!f) broken(0, "not readable");
    while (fgets(text, sizeof text, f)) parse_line(text, ++number);
    fclose(f);
}

const char *zx_absent(const char *key) {
    if (!loaded) load();
    for (size_t i = 0; i < n_lines; i++) {
        int f = lines[i].feature;
        if (fnmatch(lines[i].pattern, key, 0) != 0) continue;
        lines[i].met = 1;
        if (!features[f].known) features[f].known = features[f].answers() ? 2 : 1;
        if (features[f].known == 1) return features[f].name;
        if (!lines[i].stale)
            print_error("absent.txt:%d: listed as absent but answers: %s\n", lines[i].number,
                        features[f].name);
        lines[i].stale = 1;
    }
    return NULL;
}

int zx_absent_stale(void) {
    int n = 0;
    for (size_t i = 0; i < n_lines; i++) n += lines[i].stale;
    return n;
}

int zx_absent_unmet(const char *program) {
    size_t length = strlen(program);
    int n = 0;

    if (!loaded) load();
    for (size_t i = 0; i < n_lines; i++) {
        if (lines[i].met || strncmp(lines[i].pattern, program, length) != 0) continue;
        if (lines[i].pattern[length] != '/') continue;
        print_error("absent.txt:%d: no case or check meets %s\n", lines[i].number,
                    lines[i].pattern);
        n++;
    }
    return n;
}

void zx_absent_finish(void) {
    while (n_lines) free(lines[--n_lines].pattern);
}
