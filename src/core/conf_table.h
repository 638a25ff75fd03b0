/* SPDX-License-Identifier: MIT */
/*
 * The table of generic socket options: one row an option, one kind a way to read and write it.
 *
 * What: private to conf.c, conf_table.c, conf_values.c and conf_security.c.
 * Owner: constant tables; the functions work on a struct zx_conf that is their caller's alone.
 * Life: for ever.
 * Never: decides when a value acts; knows sockets or patterns.
 */
#ifndef ZX_CORE_CONF_TABLE_H
#define ZX_CORE_CONF_TABLE_H

#include "core/conf.h"

enum { ZX_CONF_GET = 1, ZX_CONF_SET = 2 };

struct zx_conf_row;

struct zx_conf_kind {
    /* Stores the row's default in a zeroed conf. */
    void (*init)(struct zx_conf *c, const struct zx_conf_row *row);
    /* Checks and stores all or nothing. -EINVAL, -ENOMEM. */
    int (*set)(struct zx_conf *c, const struct zx_conf_row *row, const void *val, size_t size);
    /* *size is the room before and the value's size afterwards. -EINVAL. */
    int (*get)(const struct zx_conf *c, const struct zx_conf_row *row, void *val, size_t *size);
};

struct zx_conf_row {
    const char *name;
    int option;
    const struct zx_conf_kind *kind;
    unsigned access; /* ZX_CONF_GET | ZX_CONF_SET; 0: the feature is absent in this build */
    size_t offset;   /* of the field in struct zx_conf */
    int min, max;    /* of a number's value, of a text's length in bytes */
    int dflt;
    const char *unit; /* "" where there is none */
};

/* Every row, for what has to visit all. */
const struct zx_conf_row *zx_conf_rows(size_t *n);
/* NULL: unknown, or not to be accessed so. */
const struct zx_conf_row *zx_conf_find(int option, unsigned access);

/* Room of `need` bytes at `from` copied to a caller's buffer, the rest of it zeroed. -EINVAL. */
int zx_conf_give(const void *from, size_t need, void *val, size_t *size);
int zx_items_add(struct zx_items *items, const void *item);
void zx_items_clear(struct zx_items *items);

/* A row's field. */
void *zx_conf_field(struct zx_conf *c, const struct zx_conf_row *row);
const void *zx_conf_cfield(const struct zx_conf *c, const struct zx_conf_row *row);

/* Stock slots of kinds. */
void zx_kind_no_init(struct zx_conf *c, const struct zx_conf_row *row);
int zx_kind_no_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val, size_t size);
int zx_kind_no_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                   size_t *size);
int zx_kind_take_ranged(const struct zx_conf_row *row, const void *val, size_t size, int *out);
int zx_kind_text_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                     size_t size);
int zx_kind_text_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                     size_t *size);

/* conf_values.c */
extern const struct zx_conf_kind zx_kind_int;    /* min..max, an int field */
extern const struct zx_conf_kind zx_kind_bool01; /* 0 or 1, a bool field */
extern const struct zx_conf_kind zx_kind_truth;  /* any int, a bool field */
extern const struct zx_conf_kind zx_kind_not;    /* 0 or 1, a bool field of opposite meaning */
extern const struct zx_conf_kind zx_kind_64;     /* 8 bytes, signed or not */
extern const struct zx_conf_kind zx_kind_blob;   /* min..max bytes; empty ones where min is 0 */
extern const struct zx_conf_kind zx_kind_text;   /* as blob, read with a NUL */
extern const struct zx_conf_kind zx_kind_text_or_null; /* NULL of length 0 clears it */
extern const struct zx_conf_kind zx_kind_text_any_null; /* NULL clears it, of whatever length */
extern const struct zx_conf_kind zx_kind_device;
extern const struct zx_conf_kind zx_kind_ttl; /* ms outside, tenths of a second inside */
extern const struct zx_conf_kind zx_kind_metadata;
extern const struct zx_conf_kind zx_kind_accept_filter;
extern const struct zx_conf_kind zx_kind_id_filter; /* a list of uid_t, gid_t, pid_t */

/* conf_security.c: they choose the mechanism as a side effect, the last one wins. */
extern const struct zx_conf_kind zx_kind_mechanism;
extern const struct zx_conf_kind zx_kind_plain_server;
extern const struct zx_conf_kind zx_kind_plain_text;
extern const struct zx_conf_kind zx_kind_curve_server;
extern const struct zx_conf_kind zx_kind_curve_key;
extern const struct zx_conf_kind zx_kind_curve_server_key;
extern const struct zx_conf_kind zx_kind_gss_server;
extern const struct zx_conf_kind zx_kind_gss_principal;
extern const struct zx_conf_kind zx_kind_gss_service;

#endif
