/* SPDX-License-Identifier: MIT */
#include "security/curve.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "zmtp/cmd_error.h"

/* All legal orders; an empty field (FAILED, which no event leads to) is an illegal one. */
static const uint8_t orders[ZX_CURVE_STATES][ZX_CURVE_EVENTS] = {
    [ZX_CURVE_C_HELLO] = {[ZX_CURVE_ON_WRITTEN] = ZX_CURVE_C_WELCOME},
    [ZX_CURVE_C_WELCOME] = {[ZX_CURVE_ON_COMMAND] = ZX_CURVE_C_INITIATE},
    [ZX_CURVE_C_INITIATE] = {[ZX_CURVE_ON_WRITTEN] = ZX_CURVE_C_READY},
    [ZX_CURVE_C_READY] = {[ZX_CURVE_ON_LET_IN] = ZX_CURVE_DONE,
                          [ZX_CURVE_ON_TO_HOLD] = ZX_CURVE_C_HOLD},
    [ZX_CURVE_C_HOLD] = {[ZX_CURVE_ON_LET_IN] = ZX_CURVE_DONE},
    [ZX_CURVE_S_HELLO] = {[ZX_CURVE_ON_COMMAND] = ZX_CURVE_S_WELCOME},
    [ZX_CURVE_S_WELCOME] = {[ZX_CURVE_ON_WRITTEN] = ZX_CURVE_S_INITIATE},
    [ZX_CURVE_S_INITIATE] = {[ZX_CURVE_ON_LET_IN] = ZX_CURVE_S_READY,
                             [ZX_CURVE_ON_TO_ASK] = ZX_CURVE_S_ZAP,
                             [ZX_CURVE_ON_TO_HOLD] = ZX_CURVE_S_HOLD},
    [ZX_CURVE_S_ZAP] = {[ZX_CURVE_ON_LET_IN] = ZX_CURVE_S_READY,
                        [ZX_CURVE_ON_TO_HOLD] = ZX_CURVE_S_HOLD},
    [ZX_CURVE_S_HOLD] = {[ZX_CURVE_ON_LET_IN] = ZX_CURVE_S_READY},
    [ZX_CURVE_S_READY] = {[ZX_CURVE_ON_WRITTEN] = ZX_CURVE_DONE},
};

static const struct {
    enum zx_mech_status status;
    bool takes_command;
} meaning[ZX_CURVE_STATES] = {
    [ZX_CURVE_FAILED] = {ZX_MECH_FAILED, false},
    [ZX_CURVE_C_HELLO] = {ZX_MECH_COMMAND, false},
    [ZX_CURVE_C_WELCOME] = {ZX_MECH_COMMAND, true},
    [ZX_CURVE_C_INITIATE] = {ZX_MECH_COMMAND, false},
    [ZX_CURVE_C_READY] = {ZX_MECH_COMMAND, true},
    [ZX_CURVE_C_HOLD] = {ZX_MECH_HOLD, false},
    [ZX_CURVE_S_HELLO] = {ZX_MECH_COMMAND, true},
    [ZX_CURVE_S_WELCOME] = {ZX_MECH_COMMAND, false},
    [ZX_CURVE_S_INITIATE] = {ZX_MECH_COMMAND, true},
    [ZX_CURVE_S_ZAP] = {ZX_MECH_ZAP, false},
    [ZX_CURVE_S_HOLD] = {ZX_MECH_HOLD, false},
    [ZX_CURVE_S_READY] = {ZX_MECH_COMMAND, false},
    [ZX_CURVE_S_REFUSE] = {ZX_MECH_FAILED, false},
    [ZX_CURVE_DONE] = {ZX_MECH_DONE, false},
};

static struct zx_curve *curve_of(struct zx_mechanism *m) {
    return (struct zx_curve *)m;
}

static const struct zx_curve *const_curve_of(const struct zx_mechanism *m) {
    return (const struct zx_curve *)m;
}

static void enter(struct zx_curve *c, enum zx_curve_state state) {
    c->state = state;
    c->base.status = meaning[state].status;
    if (state == ZX_CURVE_DONE || state == ZX_CURVE_FAILED || state == ZX_CURVE_S_REFUSE)
        sodium_memzero(&c->once, sizeof c->once);
}

bool zx_curve_step(struct zx_curve *c, enum zx_curve_event event) {
    enum zx_curve_state next = (enum zx_curve_state)orders[c->state][event];
    if (next == ZX_CURVE_FAILED)
        return false;
    enter(c, next);
    return true;
}

static int fail(struct zx_curve *c, enum zx_hs_error_kind kind, uint32_t value) {
    enter(c, ZX_CURVE_FAILED);
    return zx_mechanism_fail(&c->base, kind, value);
}

int zx_curve_fail(struct zx_curve *c, uint32_t value) {
    return fail(c, value ? ZX_HS_ERROR_PROTOCOL : ZX_HS_ERROR_NONE, value);
}

void zx_curve_begin_traffic(struct zx_curve *c, uint64_t sent, bool is_server) {
    zx_curve_traffic_init(&c->traffic, c->once.shared, is_server);
    c->traffic.sealed = sent;
    c->traffic.opened = c->heard;
}

void zx_curve_let_in(struct zx_curve *c) {
    zx_curve_step(c, c->base.conf.hold ? ZX_CURVE_ON_TO_HOLD : ZX_CURVE_ON_LET_IN);
}

/* ---- the table ---------------------------------------------------------------- */

static int create(struct zx_mechanism **m, const struct zx_mech_conf *conf) {
    if (!conf->settings || sodium_init() < 0)
        return -EINVAL;
    struct zx_curve *c = calloc(1, sizeof *c);
    if (!c)
        return -ENOMEM;
    enter(c, conf->as_server ? ZX_CURVE_S_HELLO : ZX_CURVE_C_HELLO);
    *m = &c->base;
    return 0;
}

static void destroy(struct zx_mechanism *m) {
    struct zx_curve *c = curve_of(m);
    sodium_memzero(c, sizeof *c);
    free(c);
}

static int write_error(const struct zx_curve *c, struct zx_buf *out) {
    enum { SIZE = 10 };
    uint8_t reason[3] = {(uint8_t)('0' + c->refused_with / 100), '0', '0'};
    uint8_t *room = zx_buf_reserve(out, SIZE);
    if (!room)
        return -ENOMEM;
    out->tail += zx_error_write(room, SIZE, reason, sizeof reason);
    return 0;
}

static int next_command(struct zx_mechanism *m, struct zx_buf *out) {
    struct zx_curve *c = curve_of(m);
    int rc;
    switch (c->state) {
    case ZX_CURVE_C_HELLO:
    case ZX_CURVE_C_INITIATE:
        rc = zx_curve_client_say(c, out);
        break;
    case ZX_CURVE_S_WELCOME:
    case ZX_CURVE_S_READY:
        rc = zx_curve_server_say(c, out);
        break;
    case ZX_CURVE_S_REFUSE:
        rc = write_error(c, out);
        if (rc)
            return rc;
        enter(c, ZX_CURVE_FAILED);
        return 1;
    default:
        return 0;
    }
    if (rc) /* -EPROTO: it shows in the status */
        return rc == -EPROTO ? 0 : rc;
    zx_curve_step(c, ZX_CURVE_ON_WRITTEN);
    return 1;
}

static int on_command(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct zx_curve *c = curve_of(m);
    int rc = m->conf.as_server ? zx_curve_server_hear(c, body, size)
                               : zx_curve_client_hear(c, body, size);
    if (rc && c->state != ZX_CURVE_FAILED)
        (void)zx_curve_fail(c, 0);
    return rc;
}

static bool takes_command(const struct zx_mechanism *m) {
    return meaning[const_curve_of(m)->state].takes_command;
}

static void zap_request(const struct zx_mechanism *m, struct zx_zap_request *request) {
    const struct zx_curve *c = const_curve_of(m);
    *request = (struct zx_zap_request){
        .mechanism = m->ops->name,
        .credentials = 1,
        .credential = {{c->peer_key, sizeof c->peer_key}},
    };
}

/* 300 means "later" and is answered by silence, 400 and 500 by ERROR. */
static int refuse(struct zx_curve *c, int status) {
    fail(c, ZX_HS_ERROR_AUTH, (uint32_t)status);
    if (status != 300) {
        c->refused_with = status;
        enter(c, ZX_CURVE_S_REFUSE);
    }
    return -EACCES;
}

static int on_zap(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    struct zx_curve *c = curve_of(m);
    bool is_absent = reply->status == 0;
    /* Without a handler there is encryption without authentication, unless that is forbidden. */
    if (reply->status == 200 || (is_absent && !m->conf.zap_enforce)) {
        zx_curve_let_in(c);
        return 0;
    }
    if (reply->status == 300 || reply->status == 400 || reply->status == 500)
        return refuse(c, reply->status);
    if (is_absent)
        fail(c, ZX_HS_ERROR_NO_DETAIL, EFAULT);
    else /* whatever else is no consent */
        fail(c, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE);
    return -EACCES;
}

static void on_accept(struct zx_mechanism *m) {
    zx_curve_step(curve_of(m), ZX_CURVE_ON_LET_IN);
}

/* ---- traffic -------------------------------------------------------------------- */

static int seal(struct zx_mechanism *m, const struct zx_mech_seal *list, unsigned n) {
    int rc = zx_curve_seal(&curve_of(m)->traffic, list, n);
    return rc ? zx_mechanism_fail(m, ZX_HS_ERROR_NONE, 0) : 0;
}

static unsigned open_row(struct zx_mechanism *m, struct zx_mech_open *list, unsigned n) {
    uint32_t error;
    unsigned done = zx_curve_open(&curve_of(m)->traffic, list, n, &error);
    if (done < n)
        (void)zx_mechanism_fail(m, ZX_HS_ERROR_PROTOCOL, error);
    return done;
}

static int encode(struct zx_mechanism *m, const struct zx_mech_frame *in, struct zx_buf *out) {
    if (in->size > PTRDIFF_MAX - ZX_CURVE_OVERHEAD)
        return -EMSGSIZE;
    uint8_t *room = zx_buf_reserve(out, in->size + ZX_CURVE_OVERHEAD);
    if (!room)
        return -ENOMEM;
    struct zx_mech_seal one = {in->body, in->size, in->flags, room};
    int rc = seal(m, &one, 1);
    if (!rc)
        out->tail += in->size + ZX_CURVE_OVERHEAD;
    return rc;
}

static int decode(struct zx_mechanism *m, uint8_t *body, size_t size, struct zx_mech_frame *out) {
    struct zx_mech_open one = {.box = body, .size = size, .to = body};
    if (size > ZX_CURVE_OVERHEAD)
        one.to = body + ZX_CURVE_OVERHEAD;
    if (!open_row(m, &one, 1))
        return -EPROTO;
    *out = (struct zx_mech_frame){one.flags, one.to, size - ZX_CURVE_OVERHEAD};
    return 0;
}

static const struct zx_mech_rows rows = {seal, open_row};

const struct zx_mechanism_ops zx_curve_ops = {
    .name = "CURVE",
    .number = 2,
    .transforms = true,
    .overhead = ZX_CURVE_OVERHEAD,
    .rows = &rows,
    .create = create,
    .destroy = destroy,
    .next_command = next_command,
    .on_command = on_command,
    .takes_command = takes_command,
    .zap_request = zap_request,
    .on_zap = on_zap,
    .on_accept = on_accept,
    .encode = encode,
    .decode = decode,
};

/* ---- key pairs --------------------------------------------------------------------- */

int zx_curve_pair_new(uint8_t public_key[ZX_CURVE_KEY], uint8_t secret[ZX_CURVE_KEY]) {
    return sodium_init() < 0 || crypto_box_keypair(public_key, secret) ? -ENOTSUP : 0;
}

int zx_curve_pair_public(uint8_t public_key[ZX_CURVE_KEY], const uint8_t secret[ZX_CURVE_KEY]) {
    return sodium_init() < 0 || crypto_scalarmult_base(public_key, secret) ? -ENOTSUP : 0;
}
