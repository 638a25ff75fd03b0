/* SPDX-License-Identifier: MIT */
/*
 * Every row of options.tbl on every socket type: default, bounds, one beyond each bound, sizes.
 * Compiled twice: as it is for the stable rows on the stable types, and with OPT_DRAFT for the
 * draft rows on all types and the stable rows on the draft types.
 */
#include "opt_rows.h"

#ifdef OPT_DRAFT
#define PROGRAM "opt_socket_draft"
#define TYPES OPT_TYPES
#else
#define PROGRAM "opt_socket"
#define TYPES 12
#endif

#define MAX_CASES 3200

static struct zx_case cases[MAX_CASES];
static size_t n_cases;

static void check_row(void) {
    zx_soft(1);
    opt_check_socket(opt_row((size_t)zx_current()->arg / 32), zx_current()->arg % 32);
}

static void check_null(void) {
    opt_check_null(opt_row((size_t)zx_current()->arg / 32), zx_current()->arg % 32);
}

static void check_gaps(void) {
    zx_soft(1);
    opt_check_gaps(zx_current()->arg);
}

static void add(const char *name, void (*fn)(void), int arg) {
    if (n_cases == MAX_CASES) exit(99);
    cases[n_cases++] = (struct zx_case){strdup(name), fn, ZX_INPROC, arg};
}

static int is_ours(int draft_row, int type) {
#ifdef OPT_DRAFT
    return draft_row || type >= 12;
#else
    return !draft_row && type < 12;
#endif
}

/* NULL goes to the first type that takes the option: it needs a child each. */
static void add_null(size_t i, const struct opt_row *r) {
    for (int type = 0; type < TYPES; type++) {
        if (!opt_accepts(r, type) || !is_ours(r->draft, type)) continue;
        if (strchr(r->access, 'S') && opt_present(r) && (r->draft || type < 12))
            add(zx_fmt("%s@NULL", r->name), check_null, (int)i * 32 + type);
        return;
    }
}

int main(int argc, char **argv) {
    size_t n;

    zx_start(PROGRAM, argc, argv);
    n = opt_load();
    for (size_t i = 0; i < n; i++) {
        const struct opt_row *r = opt_row(i);
        if (strcmp(r->scope, "sock") != 0) continue;
        for (int type = 0; type < TYPES; type++)
            if (is_ours(r->draft, type))
                add(zx_fmt("%s@%s", r->name, opt_type_names[type]), check_row,
                    (int)i * 32 + type);
        add_null(i, r);
    }
    for (int type = 0; type < TYPES; type++)
        if (is_ours(0, type)) add(zx_fmt("gaps@%s", opt_type_names[type]), check_gaps, type);
    return zx_run(cases, n_cases);
}
