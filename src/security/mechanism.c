/* SPDX-License-Identifier: MIT */
#include "security/mechanism.h"

#include "zmtp/cmd_error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Adding a mechanism: its table, and one line here (#if ZX_HAVE_... where it can be absent). */
static const struct zx_mechanism_ops *const registry[] = {
    &zx_null_ops,
    &zx_plain_ops,
#if ZX_HAVE_CURVE
    &zx_curve_ops,
#endif
#if ZX_HAVE_GSSAPI
    &zx_gssapi_ops,
#endif
};

enum { REGISTERED = sizeof registry / sizeof registry[0] };

const struct zx_mechanism_ops *zx_mechanism_by_name(const char *name) {
    for (size_t i = 0; i < REGISTERED; i++)
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    return NULL;
}

const struct zx_mechanism_ops *zx_mechanism_by_number(int number) {
    for (size_t i = 0; i < REGISTERED; i++)
        if (registry[i]->number == number)
            return registry[i];
    return NULL;
}

int zx_mechanism_new(struct zx_mechanism **m, const struct zx_mechanism_ops *ops,
                     const struct zx_mech_conf *conf) {
    *m = NULL;
    int rc = ops->create(m, conf);
    if (rc)
        return rc;
    if (!(*m)->ops)
        (*m)->ops = ops;
    (*m)->conf = *conf;
    (*m)->peer.socket_type = -1;
    return 0;
}

void zx_mechanism_free(struct zx_mechanism **m) {
    if (!*m)
        return;
    free((*m)->peer_props);
    (*m)->ops->destroy(*m);
    *m = NULL;
}

int zx_mechanism_fail(struct zx_mechanism *m, enum zx_hs_error_kind kind, uint32_t value) {
    m->status = ZX_MECH_FAILED;
    m->error.kind = kind;
    m->error.value = value;
    return -EPROTO;
}

int zx_mechanism_take_props(struct zx_mechanism *m, const uint8_t *props, size_t size) {
    /* One byte more, so that an empty block is not mistaken for no memory. */
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        return -ENOMEM;
    if (size)
        memcpy(copy, props, size);
    int rc = zx_meta_peer_parse(&m->peer, copy, size, m->conf.socket_type);
    if (rc) {
        m->peer = (struct zx_meta_peer){.socket_type = -1};
        free(copy);
        return rc;
    }
    free(m->peer_props);
    m->peer_props = copy;
    m->peer_props_size = size;
    return 0;
}

int zx_mechanism_on_error(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    const uint8_t *reason;
    size_t reason_size;
    if (zx_error_parse(body, size, &reason, &reason_size))
        return zx_mechanism_fail(m, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_MALFORMED_ERROR);
    unsigned status = zx_error_status(reason, reason_size);
    if (status == 0)
        return zx_mechanism_fail(m, ZX_HS_ERROR_NONE, 0);
    return zx_mechanism_fail(m, ZX_HS_ERROR_AUTH, status);
}

bool zx_mechanism_takes_command_default(const struct zx_mechanism *m) {
    return m->status == ZX_MECH_COMMAND;
}

void zx_mechanism_zap_request_none(const struct zx_mechanism *m, struct zx_zap_request *request) {
    *request = (struct zx_zap_request){.mechanism = m->ops->name};
}

int zx_mechanism_on_zap_none(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    (void)reply;
    return zx_mechanism_fail(m, ZX_HS_ERROR_NONE, 0);
}

int zx_mechanism_encode_none(struct zx_mechanism *m, const struct zx_mech_frame *in,
                             struct zx_buf *out) {
    (void)m;
    (void)in;
    (void)out;
    return -ENOTSUP; /* not called: `transforms` is false */
}

int zx_mechanism_decode_none(struct zx_mechanism *m, uint8_t *body, size_t size,
                             struct zx_mech_frame *out) {
    (void)m;
    (void)body;
    (void)size;
    (void)out;
    return -ENOTSUP; /* not called: `transforms` is false */
}
