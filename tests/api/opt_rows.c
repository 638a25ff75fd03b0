/* SPDX-License-Identifier: MIT */
#include "opt_rows.h"

#include <limits.h>

#ifndef ZX_OPTIONS_FILE
#define ZX_OPTIONS_FILE "options.tbl"
#endif

#define MAX_ROWS 200
#define COLUMNS 13

const char *const opt_type_names[OPT_TYPES] = {
    "PAIR", "PUB",    "SUB",    "REQ",    "REP",   "DEALER", "ROUTER",
    "PULL", "PUSH",   "XPUB",   "XSUB",   "STREAM", "SERVER", "CLIENT",
    "RADIO", "DISH",  "GATHER", "SCATTER", "DGRAM", "PEER",   "CHANNEL",
};

static struct opt_row rows[MAX_ROWS];
static size_t n_rows;

static void parse_range(struct opt_row *r, const char *text) {
    const char *dots;

    r->content = strncmp(text, "content", 7) == 0;
    r->takes_null = strstr(text, "null") != NULL;
    r->null_any = strstr(text, "nulls") != NULL;
    r->keeps = strstr(text, "keeps") != NULL;
    r->as_bool = strstr(text, "bool") != NULL;
    r->is_len = strncmp(text, "len ", 4) == 0;
    if (strstr(text, "step 100")) r->step = 100;
    if (r->is_len) text += 4;
    r->min = strcmp(r->kind, "uint64") == 0 ? 0 : LLONG_MIN;
    r->max = LLONG_MAX;
    if (strncmp(r->kind, "int", 3) == 0 && strcmp(r->kind, "int64") != 0) {
        r->min = INT_MIN;
        r->max = INT_MAX;
    }
    dots = strstr(text, "..");
    if (!dots) return;
    r->min = strtoll(text, NULL, 10);
    if (dots[2] >= '0' && dots[2] <= '9') r->max = strtoll(dots + 2, NULL, 10);
}

static void parse_line(char *line) {
    struct opt_row *r = &rows[n_rows];
    char *col[COLUMNS];

    for (int i = 0; i < COLUMNS; i++) {
        char *end = strstr(line, i + 1 < COLUMNS ? " | " : "\n");
        if (!end) {
            fprintf(stderr, "options.tbl: bad line: %s\n", line);
            exit(99);
        }
        *end = 0;
        col[i] = line;
        line = end + 3;
    }
    snprintf(r->scope, sizeof r->scope, "%s", col[0]);
    snprintf(r->name, sizeof r->name, "%s", col[1]);
    r->number = atoi(col[2]);
    r->draft = *col[3] == 'D';
    snprintf(r->kind, sizeof r->kind, "%s", col[4]);
    snprintf(r->access, sizeof r->access, "%s", col[5]);
    snprintf(r->value, sizeof r->value, "%s", col[6]);
    parse_range(r, col[7]);
    snprintf(r->types, sizeof r->types, " %s ", col[8]);
    snprintf(r->needs, sizeof r->needs, "%s", col[9]);
    n_rows++;
}

size_t opt_load(void) {
    const char *name = getenv("ZX_OPTIONS");
    char line[512];
    FILE *f = fopen(name ? name : ZX_OPTIONS_FILE, "r");

    if (!f) {
        perror("options.tbl");
        exit(99);
    }
    while (n_rows < MAX_ROWS && fgets(line, sizeof line, f))
        if (line[0] != '#') parse_line(line);
    fclose(f);
    return n_rows;
}

const struct opt_row *opt_row(size_t i) {
    return &rows[i];
}

int opt_accepts(const struct opt_row *r, int type) {
    char word[16];

    snprintf(word, sizeof word, " %s ", opt_type_names[type]);
    return strcmp(r->types, " all ") == 0 || strstr(r->types, word) != NULL;
}

int opt_present(const struct opt_row *r) {
    return r->needs[0] == '-' || zmq_has(r->needs);
}

long long opt_default(const struct opt_row *r, int type) {
    const char *other = strchr(r->value, ' ');
    char word[16];

    if (strcmp(r->value, "type") == 0) return type;
    if (strcmp(r->value, "threadsafe") == 0) return type >= 12 && type != 18;
    snprintf(word, sizeof word, "%s", opt_type_names[type]);
    if (other) {
        const char *at = strstr(other, word);
        size_t n = strlen(word);
        if (at && (at[-1] == ' ' || at[-1] == ',') && (at[n] == ',' || at[n] == '='))
            return strtoll(strchr(other, '=') + 1, NULL, 10);
    }
    return strtoll(r->value, NULL, 10);
}
