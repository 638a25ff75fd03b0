/* SPDX-License-Identifier: MIT */
/*
 * The NULL mechanism: READY both ways, no secrets, traffic as it is.
 *
 *   state    | meaning                                    | peer's commands
 *   ---------+--------------------------------------------+----------------
 *   ZAP      | ZAP is asked, the peer's READY not here    | taken
 *   ZAP_GOT  | ZAP is asked, the peer's READY is here     | wait
 *   SEND     | our READY is due, the peer's not here      | taken
 *   SEND_GOT | our READY is due, the peer's is here       | wait
 *   SENT     | our READY is out, the peer's not here      | taken
 *   KEEP     | ours waits for the peer's (conf.hold)      | taken
 *   HOLD     | the peer's is here, ours waits for consent | wait
 *   REFUSE   | an ERROR is due, then FAILED               | -
 *   DONE, FAILED                                          | -
 */
#include "base/buf.h"
#include "security/mechanism.h"
#include "zmtp/cmd_error.h"
#include "zmtp/cmd_ready.h"

#include <errno.h>
#include <stdlib.h>

enum null_state {
    NULL_ZAP,
    NULL_ZAP_GOT,
    NULL_SEND,
    NULL_SEND_GOT,
    NULL_SENT,
    NULL_KEEP,
    NULL_HOLD,
    NULL_REFUSE,
    NULL_DONE,
    NULL_FAILED,
    NULL_STATES,
};

enum null_event {
    ON_READY,    /* the peer's READY came */
    ON_ZAP_OK,   /* ZAP let it in */
    ON_ZAP_KEEP, /* the same, and conf.hold is set */
    ON_ACCEPT,   /* the caller let it in */
    ON_WRITTEN,  /* next_command gave its command away */
    NULL_EVENTS,
};

/* All legal orders; an empty field (the state ZAP, which nothing leads back to)
 * is an illegal one. */
static const uint8_t orders[NULL_STATES][NULL_EVENTS] = {
    [NULL_ZAP] = {[ON_READY] = NULL_ZAP_GOT, [ON_ZAP_OK] = NULL_SEND, [ON_ZAP_KEEP] = NULL_KEEP},
    [NULL_ZAP_GOT] = {[ON_ZAP_OK] = NULL_SEND_GOT, [ON_ZAP_KEEP] = NULL_HOLD},
    [NULL_SEND] = {[ON_READY] = NULL_SEND_GOT, [ON_WRITTEN] = NULL_SENT},
    [NULL_SEND_GOT] = {[ON_WRITTEN] = NULL_DONE},
    [NULL_SENT] = {[ON_READY] = NULL_DONE},
    [NULL_KEEP] = {[ON_READY] = NULL_HOLD},
    [NULL_HOLD] = {[ON_ACCEPT] = NULL_SEND_GOT},
    [NULL_REFUSE] = {[ON_WRITTEN] = NULL_FAILED},
};

static const struct {
    enum zx_mech_status status;
    bool takes_command;
} meaning[NULL_STATES] = {
    [NULL_ZAP] = {ZX_MECH_ZAP, true},      [NULL_ZAP_GOT] = {ZX_MECH_ZAP, false},
    [NULL_SEND] = {ZX_MECH_COMMAND, true}, [NULL_SEND_GOT] = {ZX_MECH_COMMAND, false},
    [NULL_SENT] = {ZX_MECH_COMMAND, true}, [NULL_KEEP] = {ZX_MECH_COMMAND, true},
    [NULL_HOLD] = {ZX_MECH_HOLD, false},   [NULL_REFUSE] = {ZX_MECH_FAILED, false},
    [NULL_DONE] = {ZX_MECH_DONE, false},   [NULL_FAILED] = {ZX_MECH_FAILED, false},
};

struct null_mechanism {
    struct zx_mechanism base;
    enum null_state state;
    int refused_with; /* 400 or 500 in state REFUSE */
};

static struct null_mechanism *null_of(struct zx_mechanism *m) {
    return (struct null_mechanism *)m;
}

static const struct null_mechanism *const_null_of(const struct zx_mechanism *m) {
    return (const struct null_mechanism *)m;
}

static void enter(struct null_mechanism *n, enum null_state state) {
    n->state = state;
    n->base.status = meaning[state].status;
}

/* False if the event is not legal now; nothing changed then. */
static bool step(struct null_mechanism *n, enum null_event event) {
    enum null_state next = (enum null_state)orders[n->state][event];
    if (next == NULL_ZAP)
        return false;
    enter(n, next);
    return true;
}

static int fail(struct null_mechanism *n, enum zx_hs_error_kind kind, uint32_t value) {
    n->state = NULL_FAILED;
    return zx_mechanism_fail(&n->base, kind, value);
}

static int null_create(struct zx_mechanism **m, const struct zx_mech_conf *conf) {
    struct null_mechanism *n = calloc(1, sizeof *n);
    if (!n)
        return -ENOMEM;
    if (conf->zap_domain)
        enter(n, NULL_ZAP);
    else
        enter(n, conf->hold ? NULL_KEEP : NULL_SEND);
    *m = &n->base;
    return 0;
}

static void null_destroy(struct zx_mechanism *m) {
    free(null_of(m));
}

static int write_ready(const struct null_mechanism *n, struct zx_buf *out) {
    const struct zx_mech_conf *conf = &n->base.conf;
    size_t size = zx_ready_size(conf->props_size);
    uint8_t *room = zx_buf_reserve(out, size);
    if (!room)
        return -ENOMEM;
    out->tail += zx_ready_write(room, size, conf->props, conf->props_size);
    return 0;
}

static int write_error(const struct null_mechanism *n, struct zx_buf *out) {
    enum { SIZE = 10 };
    uint8_t reason[3] = {(uint8_t)('0' + n->refused_with / 100), '0', '0'};
    uint8_t *room = zx_buf_reserve(out, SIZE);
    if (!room)
        return -ENOMEM;
    out->tail += zx_error_write(room, SIZE, reason, sizeof reason);
    return 0;
}

static int null_next_command(struct zx_mechanism *m, struct zx_buf *out) {
    struct null_mechanism *n = null_of(m);
    int rc;
    switch (n->state) {
    case NULL_SEND:
    case NULL_SEND_GOT:
        rc = write_ready(n, out);
        break;
    case NULL_REFUSE:
        rc = write_error(n, out);
        break;
    default:
        return 0;
    }
    if (rc)
        return rc;
    step(n, ON_WRITTEN);
    return 1;
}

static int null_on_command(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct null_mechanism *n = null_of(m);
    const uint8_t *props;
    size_t props_size;
    if (zx_error_is(body, size)) {
        n->state = NULL_FAILED;
        return zx_mechanism_on_error(m, body, size);
    }
    if (!meaning[n->state].takes_command || zx_ready_parse(body, size, &props, &props_size))
        return fail(n, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    int rc = zx_mechanism_take_props(m, props, props_size);
    if (rc) {
        fail(n, ZX_HS_ERROR_NONE, 0); /* libzmq raises no event for this either */
        return rc;
    }
    step(n, ON_READY);
    return 0;
}

static bool null_takes_command(const struct zx_mechanism *m) {
    return meaning[const_null_of(m)->state].takes_command;
}

/* 300 means "later" and is answered by silence, 400 and 500 by ERROR. */
static int refuse(struct null_mechanism *n, int status) {
    fail(n, ZX_HS_ERROR_AUTH, (uint32_t)status);
    if (status != 300) {
        n->refused_with = status;
        enter(n, NULL_REFUSE);
    }
    return -EACCES;
}

static int null_on_zap(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    struct null_mechanism *n = null_of(m);
    bool is_absent = reply->status == 0;
    if (reply->status == 200 || (is_absent && !m->conf.zap_enforce)) {
        step(n, m->conf.hold ? ON_ZAP_KEEP : ON_ZAP_OK);
        return 0;
    }
    if (reply->status == 300 || reply->status == 400 || reply->status == 500)
        return refuse(n, reply->status);
    if (is_absent)
        fail(n, ZX_HS_ERROR_NO_DETAIL, EFAULT);
    else /* whatever else is no consent */
        fail(n, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZAP_INVALID_STATUS_CODE);
    return -EACCES;
}

static void null_on_accept(struct zx_mechanism *m) {
    step(null_of(m), ON_ACCEPT);
}

const struct zx_mechanism_ops zx_null_ops = {
    .name = "NULL",
    .number = 0,
    .transforms = false,
    .overhead = 0,
    .rows = NULL,
    .create = null_create,
    .destroy = null_destroy,
    .next_command = null_next_command,
    .on_command = null_on_command,
    .takes_command = null_takes_command,
    .zap_request = zx_mechanism_zap_request_none,
    .on_zap = null_on_zap,
    .on_accept = null_on_accept,
    .encode = zx_mechanism_encode_none,
    .decode = zx_mechanism_decode_none,
};
