/* SPDX-License-Identifier: MIT */
#ifndef ZX_OPT_ROWS_H
#define ZX_OPT_ROWS_H

/*
 * What it is: the table options.tbl in memory and the checks generated from its rows.
 * Owner: the one thread of an opt_* program. Life: loaded once, never freed.
 * Never: knows an option by name; what a row cannot express is tested by hand in opt_special.c.
 */

#include "zx_api.h"

#define OPT_TYPES 21

struct opt_row {
    char scope[8], name[48], kind[8], access[12], value[32], needs[8], types[160];
    int number;
    int draft;
    int is_len;     /* the range speaks of the length, not of the value */
    int content;    /* only particular contents are valid: lengths are not tried */
    int takes_null; /* NULL with length 0 clears it */
    int null_any;   /* NULL with any length clears it */
    int keeps;      /* that NULL leaves the stored text readable */
    int as_bool;    /* reads back as 0 or 1 */
    int step;       /* reads back rounded towards 0 to a multiple, 0: as set */
    long long min, max;
};

extern const char *const opt_type_names[OPT_TYPES];

size_t opt_load(void);
const struct opt_row *opt_row(size_t i);
int opt_accepts(const struct opt_row *r, int type);
int opt_present(const struct opt_row *r); /* this build has the feature the option needs */
long long opt_default(const struct opt_row *r, int type);

void opt_check_socket(const struct opt_row *r, int type); /* all checks of one row on one type */
void opt_check_gaps(int type);                            /* numbers that mean nothing */
void opt_check_null(const struct opt_row *r, int type);   /* a child passes NULL */

#endif
