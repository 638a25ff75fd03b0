/* SPDX-License-Identifier: MIT */
#include "core/conf_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "os/cidr.h"
#include "zmtp/metadata.h"

/* ---- helpers -------------------------------------------------------------- */

int zx_conf_give(const void *from, size_t need, void *val, size_t *size) {
    if (!val || !size || *size < need)
        return -EINVAL;
    if (need)
        memcpy(val, from, need);
    memset((char *)val + need, 0, *size - need);
    *size = need;
    return 0;
}

int zx_opt_get_int(int value, void *val, size_t *size) {
    if (!size || *size != sizeof(value))
        return -EINVAL;
    return zx_conf_give(&value, sizeof(value), val, size);
}

int zx_opt_get_int_loose(int value, void *val, size_t *size) {
    return zx_conf_give(&value, sizeof(value), val, size);
}

int zx_opt_get_text(const char *text, void *val, size_t *size) {
    return zx_conf_give(text, strlen(text) + 1, val, size);
}

int zx_opt_get_blob(const struct zx_blob *b, void *val, size_t *size) {
    return zx_conf_give(b->data, b->size, val, size);
}

int zx_opt_take_int(const void *val, size_t size, int *out) {
    if (!val || size != sizeof(*out))
        return -EINVAL;
    memcpy(out, val, sizeof(*out));
    return 0;
}

int zx_blob_set(struct zx_blob *b, const void *data, size_t size) {
    uint8_t *copy = NULL;
    if (size) {
        copy = malloc(size + 1);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, data, size);
        copy[size] = '\0';
    }
    zx_wipe(b->data, b->size); /* it may have been a password */
    free(b->data);
    b->data = copy;
    b->size = size;
    return 0;
}

int zx_items_add(struct zx_items *items, const void *item) {
    char *more = realloc(items->data, (items->count + 1) * items->item_size);
    if (!more)
        return -ENOMEM;
    memcpy(more + items->count * items->item_size, item, items->item_size);
    items->data = more;
    items->count++;
    return 0;
}

void zx_items_clear(struct zx_items *items) {
    free(items->data);
    items->data = NULL;
    items->count = 0;
}

void *zx_conf_field(struct zx_conf *c, const struct zx_conf_row *row) {
    return (char *)c + row->offset;
}

const void *zx_conf_cfield(const struct zx_conf *c, const struct zx_conf_row *row) {
    return (const char *)c + row->offset;
}

/* ---- stock slots ---------------------------------------------------------- */

void zx_kind_no_init(struct zx_conf *c, const struct zx_conf_row *row) {
    (void)c;
    (void)row;
}

int zx_kind_no_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                   size_t size) {
    (void)c;
    (void)row;
    (void)val;
    (void)size;
    return -EINVAL;
}

int zx_kind_no_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                   size_t *size) {
    (void)c;
    (void)row;
    (void)val;
    (void)size;
    return -EINVAL;
}

int zx_kind_take_ranged(const struct zx_conf_row *row, const void *val, size_t size, int *out) {
    int rc = zx_opt_take_int(val, size, out);
    if (rc)
        return rc;
    return *out < row->min || *out > row->max ? -EINVAL : 0;
}

/* ---- numbers -------------------------------------------------------------- */

static void int_init(struct zx_conf *c, const struct zx_conf_row *row) {
    int *field = zx_conf_field(c, row);
    *field = row->dflt;
}

static int int_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                   size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    int *field = zx_conf_field(c, row);
    if (!rc)
        *field = value;
    return rc;
}

static int int_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                   size_t *size) {
    const int *field = zx_conf_cfield(c, row);
    return zx_opt_get_int(*field, val, size);
}

const struct zx_conf_kind zx_kind_int = {int_init, int_set, int_get};

static void bool_init(struct zx_conf *c, const struct zx_conf_row *row) {
    bool *field = zx_conf_field(c, row);
    *field = row->dflt;
}

static int bool_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                    size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    bool *field = zx_conf_field(c, row);
    if (!rc)
        *field = value;
    return rc;
}

static int bool_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                    size_t *size) {
    const bool *field = zx_conf_cfield(c, row);
    return zx_opt_get_int(*field, val, size);
}

const struct zx_conf_kind zx_kind_bool01 = {bool_init, bool_set, bool_get};
const struct zx_conf_kind zx_kind_truth = {bool_init, bool_set, bool_get};

static int not_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                   size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    bool *field = zx_conf_field(c, row);
    if (!rc)
        *field = !value;
    return rc;
}

static int not_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                   size_t *size) {
    const bool *field = zx_conf_cfield(c, row);
    return zx_opt_get_int(!*field, val, size);
}

const struct zx_conf_kind zx_kind_not = {zx_kind_no_init, not_set, not_get};

static void int64_init(struct zx_conf *c, const struct zx_conf_row *row) {
    int64_t *field = zx_conf_field(c, row);
    *field = row->dflt;
}

static int int64_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                     size_t size) {
    if (!val || size != sizeof(int64_t))
        return -EINVAL;
    memcpy(zx_conf_field(c, row), val, size);
    return 0;
}

static int int64_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                     size_t *size) {
    if (*size != sizeof(int64_t))
        return -EINVAL;
    return zx_conf_give(zx_conf_cfield(c, row), sizeof(int64_t), val, size);
}

const struct zx_conf_kind zx_kind_64 = {int64_init, int64_set, int64_get};

enum { TTL_UNIT_MS = 100 };

static int ttl_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                   size_t size) {
    int ms;
    int rc = zx_kind_take_ranged(row, val, size, &ms);
    int *field = zx_conf_field(c, row);
    if (!rc)
        *field = ms / TTL_UNIT_MS;
    return rc;
}

static int ttl_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                   size_t *size) {
    const int *field = zx_conf_cfield(c, row);
    return zx_opt_get_int(*field * TTL_UNIT_MS, val, size);
}

const struct zx_conf_kind zx_kind_ttl = {int_init, ttl_set, ttl_get};

/* ---- bytes and texts ------------------------------------------------------- */

int zx_kind_text_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                     size_t size) {
    if (size < (size_t)row->min || size > (size_t)row->max)
        return -EINVAL;
    return zx_blob_set(zx_conf_field(c, row), val, size);
}

static int blob_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                    size_t *size) {
    return zx_opt_get_blob(zx_conf_cfield(c, row), val, size);
}

/* The text may hold NULs of its own: it is read back as it was set, and one more. */
int zx_kind_text_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                     size_t *size) {
    const struct zx_blob *b = zx_conf_cfield(c, row);
    return b->size ? zx_conf_give(b->data, b->size + 1, val, size)
                   : zx_opt_get_text("", val, size);
}

static int text_or_null_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                            size_t size) {
    if (!val && !size)
        return zx_blob_set(zx_conf_field(c, row), NULL, 0);
    return zx_kind_text_set(c, row, val, size);
}

const struct zx_conf_kind zx_kind_blob = {zx_kind_no_init, zx_kind_text_set, blob_get};
const struct zx_conf_kind zx_kind_text = {zx_kind_no_init, zx_kind_text_set, zx_kind_text_get};
const struct zx_conf_kind zx_kind_text_or_null = {zx_kind_no_init, text_or_null_set,
                                                  zx_kind_text_get};

static int text_any_null_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                             size_t size) {
    return zx_kind_text_set(c, row, val, val ? size : 0);
}

const struct zx_conf_kind zx_kind_text_any_null = {zx_kind_no_init, text_any_null_set,
                                                   zx_kind_text_get};

static int device_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                      size_t size) {
    char *field = zx_conf_field(c, row);
    if (size > (size_t)row->max || (val && size < (size_t)row->min))
        return -EINVAL;
    memset(field, 0, sizeof(c->net.device));
    if (size)
        memcpy(field, val, size);
    return 0;
}

static int device_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                      size_t *size) {
    return zx_opt_get_text(zx_conf_cfield(c, row), val, size);
}

const struct zx_conf_kind zx_kind_device = {zx_kind_no_init, device_set, device_get};

/* ---- metadata --------------------------------------------------------------- */

/* Own properties leave room for Socket-Type and Identity in what a peer will read. */
enum { OWN_PROPS_MAX = ZX_META_PROPS_MAX - 2 };

/* "X-name:value" taken apart. */
static int split_property(struct zx_meta_prop *prop, const uint8_t *text, size_t size) {
    const uint8_t *colon = size ? memchr(text, ':', size) : NULL;
    if (!colon || colon + 1 == text + size)
        return -EINVAL;
    prop->name = text;
    prop->name_size = (size_t)(colon - text);
    prop->value = colon + 1;
    prop->value_size = size - prop->name_size - 1;
    bool named = prop->name_size >= 2 && prop->name_size <= 255 && !memcmp(text, "X-", 2);
    return named && prop->value_size <= INT32_MAX ? 0 : -EINVAL;
}

static int compare_names(const struct zx_meta_prop *a, const struct zx_meta_prop *b) {
    size_t common = a->name_size < b->name_size ? a->name_size : b->name_size;
    int order = memcmp(a->name, b->name, common);
    return order ? order : (a->name_size > b->name_size) - (a->name_size < b->name_size);
}

/* Where in the sorted block the property belongs. -EEXIST: its name is there already. */
static int find_place(const struct zx_blob *b, const struct zx_meta_prop *prop, size_t *at) {
    struct zx_meta_iter iter;
    struct zx_meta_prop other;
    *at = 0;
    zx_meta_iter_init(&iter, b->data, b->size);
    while (zx_meta_iter_next(&iter, &other) == 1) {
        int order = compare_names(prop, &other);
        if (!order)
            return -EEXIST;
        if (order > 0)
            *at = b->size - iter.left;
    }
    return iter.count < OWN_PROPS_MAX ? 0 : -EINVAL;
}

static int insert_property(struct zx_blob *b, size_t at, const struct zx_meta_prop *prop) {
    size_t more = zx_meta_prop_size(prop->name_size, prop->value_size);
    uint8_t *grown = realloc(b->data, b->size + more);
    if (!grown)
        return -ENOMEM;
    b->data = grown;
    memmove(grown + at + more, grown + at, b->size - at);
    zx_meta_prop_write(grown + at, more, prop);
    b->size += more;
    return 0;
}

static int metadata_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                        size_t size) {
    struct zx_meta_prop prop;
    size_t at;
    int rc = split_property(&prop, val, size);
    if (rc)
        return rc;
    rc = find_place(zx_conf_cfield(c, row), &prop, &at);
    if (rc == -EEXIST)
        return 0; /* the first value wins */
    return rc ? rc : insert_property(zx_conf_field(c, row), at, &prop);
}

const struct zx_conf_kind zx_kind_metadata = {zx_kind_no_init, metadata_set, zx_kind_no_get};

/* ---- filters ---------------------------------------------------------------- */

static void accept_filter_init(struct zx_conf *c, const struct zx_conf_row *row) {
    struct zx_items *items = zx_conf_field(c, row);
    items->item_size = sizeof(struct zx_cidr);
}

static int accept_filter_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                             size_t size) {
    char text[256];
    struct zx_cidr block;
    if (!val) {
        zx_items_clear(zx_conf_field(c, row));
        return 0;
    }
    if (size < (size_t)row->min || size > (size_t)row->max)
        return -EINVAL;
    memcpy(text, val, size);
    text[size] = '\0';
    int rc = zx_cidr_parse(&block, text, c->net.ipv6);
    return rc ? rc : zx_items_add(zx_conf_field(c, row), &block);
}

const struct zx_conf_kind zx_kind_accept_filter = {accept_filter_init, accept_filter_set,
                                                   zx_kind_no_get};

static void id_filter_init(struct zx_conf *c, const struct zx_conf_row *row) {
    struct zx_items *items = zx_conf_field(c, row);
    items->item_size = sizeof(uint32_t);
}

static int id_filter_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                         size_t size) {
    struct zx_items *items = zx_conf_field(c, row);
    if (!val) {
        zx_items_clear(items);
        return 0;
    }
    return size == items->item_size ? zx_items_add(items, val) : -EINVAL;
}

const struct zx_conf_kind zx_kind_id_filter = {id_filter_init, id_filter_set, zx_kind_no_get};
