/* SPDX-License-Identifier: MIT */
#include "core/conf_table.h"

#include <errno.h>
#include <string.h>

#include "base/z85.h"

static void choose(struct zx_conf *c, enum zx_mechanism_id mechanism, bool as_server) {
    c->security.mechanism = mechanism;
    c->security.as_server = as_server;
}

static int is_server(const struct zx_conf *c, enum zx_mechanism_id mechanism) {
    return c->security.mechanism == mechanism && c->security.as_server;
}

static int mechanism_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                         size_t *size) {
    (void)row;
    return zx_opt_get_int((int)c->security.mechanism, val, size);
}

const struct zx_conf_kind zx_kind_mechanism = {zx_kind_no_init, zx_kind_no_set, mechanism_get};

/* ---- PLAIN ------------------------------------------------------------------ */

static int plain_server_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                            size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    if (!rc)
        choose(c, value ? ZX_MECH_PLAIN : ZX_MECH_NULL, value);
    return rc;
}

static int plain_server_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                            size_t *size) {
    (void)row;
    return zx_opt_get_int(is_server(c, ZX_MECH_PLAIN), val, size);
}

const struct zx_conf_kind zx_kind_plain_server = {zx_kind_no_init, plain_server_set,
                                                  plain_server_get};

/* NULL switches the mechanism off and keeps the text, as libzmq does. */
static int plain_text_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                          size_t size) {
    if (!val && !size) {
        c->security.mechanism = ZX_MECH_NULL;
        return 0;
    }
    int rc = zx_kind_text_set(c, row, val, size);
    if (!rc)
        choose(c, ZX_MECH_PLAIN, false);
    return rc;
}

const struct zx_conf_kind zx_kind_plain_text = {zx_kind_no_init, plain_text_set,
                                                zx_kind_text_get};

/* ---- CURVE ------------------------------------------------------------------ */

static int curve_server_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                            size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    if (!rc)
        choose(c, value ? ZX_MECH_CURVE : ZX_MECH_NULL, value);
    return rc;
}

static int curve_server_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                            size_t *size) {
    (void)row;
    return zx_opt_get_int(is_server(c, ZX_MECH_CURVE), val, size);
}

const struct zx_conf_kind zx_kind_curve_server = {zx_kind_no_init, curve_server_set,
                                                  curve_server_get};

enum { KEY_SIZE = 32, KEY_TEXT_SIZE = 40 };

/* 32 bytes as they are, or their Z85 text with or, as libzmq still takes it, without its NUL. */
static int take_key(uint8_t key[KEY_SIZE], const void *val, size_t size) {
    char text[KEY_TEXT_SIZE + 1];
    uint8_t decoded[KEY_SIZE];
    if (size == KEY_SIZE) {
        memcpy(key, val, KEY_SIZE);
        return 0;
    }
    if (size != KEY_TEXT_SIZE && size != KEY_TEXT_SIZE + 1)
        return -EINVAL;
    text[KEY_TEXT_SIZE] = '\0';
    memcpy(text, val, size);
    if (text[KEY_TEXT_SIZE] || !zx_z85_decode(decoded, text))
        return -EINVAL;
    memcpy(key, decoded, KEY_SIZE);
    return 0;
}

static int curve_key_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                         size_t size) {
    int rc = take_key(zx_conf_field(c, row), val, size);
    if (!rc)
        c->security.mechanism = ZX_MECH_CURVE;
    return rc;
}

static int curve_server_key_set(struct zx_conf *c, const struct zx_conf_row *row,
                                const void *val, size_t size) {
    int rc = take_key(zx_conf_field(c, row), val, size);
    if (!rc)
        choose(c, ZX_MECH_CURVE, false);
    return rc;
}

static int curve_key_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                         size_t *size) {
    const uint8_t *key = zx_conf_cfield(c, row);
    if (*size == KEY_SIZE)
        return zx_conf_give(key, KEY_SIZE, val, size);
    if (*size != KEY_TEXT_SIZE + 1)
        return -EINVAL;
    return zx_z85_encode(val, key, KEY_SIZE) ? 0 : -EINVAL;
}

const struct zx_conf_kind zx_kind_curve_key = {zx_kind_no_init, curve_key_set, curve_key_get};
const struct zx_conf_kind zx_kind_curve_server_key = {zx_kind_no_init, curve_server_key_set,
                                                      curve_key_get};

/* ---- GSSAPI ----------------------------------------------------------------- */

static int gss_server_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                          size_t size) {
    int value;
    int rc = zx_kind_take_ranged(row, val, size, &value);
    if (!rc)
        choose(c, ZX_MECH_GSSAPI, value);
    return rc;
}

static int gss_server_get(const struct zx_conf *c, const struct zx_conf_row *row, void *val,
                          size_t *size) {
    (void)row;
    return zx_opt_get_int(is_server(c, ZX_MECH_GSSAPI), val, size);
}

const struct zx_conf_kind zx_kind_gss_server = {zx_kind_no_init, gss_server_set, gss_server_get};

static int gss_principal_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                             size_t size) {
    int rc = zx_kind_text_set(c, row, val, size);
    if (!rc)
        c->security.mechanism = ZX_MECH_GSSAPI;
    return rc;
}

const struct zx_conf_kind zx_kind_gss_principal = {zx_kind_no_init, gss_principal_set,
                                                   zx_kind_text_get};

static int gss_service_set(struct zx_conf *c, const struct zx_conf_row *row, const void *val,
                           size_t size) {
    int rc = zx_kind_text_set(c, row, val, size);
    if (!rc)
        choose(c, ZX_MECH_GSSAPI, false);
    return rc;
}

const struct zx_conf_kind zx_kind_gss_service = {zx_kind_no_init, gss_service_set,
                                                 zx_kind_text_get};
