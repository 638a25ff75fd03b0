/* SPDX-License-Identifier: MIT */
/*
 * The PLAIN mechanism (RFC 24): user name and password in clear text, judged by ZAP.
 *
 *   client | server                         state     | meaning                    | commands
 *   -------+-------                         ----------+----------------------------+---------
 *   HELLO   ->                              SEND_*    | that command is due        | wait
 *           <- WELCOME (ZAP said 200)       WAIT_*    | that command must be next  | taken
 *   INITIATE ->                             ZAP       | ZAP is asked               | punished
 *           <- READY                        HOLD      | READY waits for consent    | wait
 *           <- ERROR instead of either      REFUSE    | ERROR is due, then FAILED  | -
 *                                           DONE, FAILED                           | -
 */
#include "base/blob.h"
#include "base/buf.h"
#include "security/mechanism.h"
#include "zmtp/cmd_error.h"
#include "zmtp/cmd_ready.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum plain_state {
    PLAIN_NONE, /* no state: what an empty field of the table says */
    PLAIN_SEND_HELLO,
    PLAIN_WAIT_WELCOME,
    PLAIN_SEND_INITIATE,
    PLAIN_WAIT_READY,
    PLAIN_WAIT_HELLO,
    PLAIN_ZAP,
    PLAIN_SEND_WELCOME,
    PLAIN_WAIT_INITIATE,
    PLAIN_HOLD,
    PLAIN_SEND_READY,
    PLAIN_REFUSE,
    PLAIN_DONE,
    PLAIN_FAILED,
    PLAIN_STATES,
};

enum plain_event {
    ON_HELLO,
    ON_WELCOME,
    ON_INITIATE,
    ON_INITIATE_HOLD, /* the same, and conf.hold is set */
    ON_READY,
    ON_ZAP_OK,
    ON_ACCEPT,  /* the caller let the peer in */
    ON_WRITTEN, /* next_command gave its command away */
    PLAIN_EVENTS,
};

/* All legal orders. */
static const uint8_t orders[PLAIN_STATES][PLAIN_EVENTS] = {
    [PLAIN_SEND_HELLO] = {[ON_WRITTEN] = PLAIN_WAIT_WELCOME},
    [PLAIN_WAIT_WELCOME] = {[ON_WELCOME] = PLAIN_SEND_INITIATE},
    [PLAIN_SEND_INITIATE] = {[ON_WRITTEN] = PLAIN_WAIT_READY},
    [PLAIN_WAIT_READY] = {[ON_READY] = PLAIN_DONE},
    [PLAIN_WAIT_HELLO] = {[ON_HELLO] = PLAIN_ZAP},
    [PLAIN_ZAP] = {[ON_ZAP_OK] = PLAIN_SEND_WELCOME},
    [PLAIN_SEND_WELCOME] = {[ON_WRITTEN] = PLAIN_WAIT_INITIATE},
    [PLAIN_WAIT_INITIATE] = {[ON_INITIATE] = PLAIN_SEND_READY, [ON_INITIATE_HOLD] = PLAIN_HOLD},
    [PLAIN_HOLD] = {[ON_ACCEPT] = PLAIN_SEND_READY},
    [PLAIN_SEND_READY] = {[ON_WRITTEN] = PLAIN_DONE},
    [PLAIN_REFUSE] = {[ON_WRITTEN] = PLAIN_FAILED},
};

static const struct {
    enum zx_mech_status status;
    bool takes_command;
} meaning[PLAIN_STATES] = {
    [PLAIN_SEND_HELLO] = {ZX_MECH_COMMAND, false},
    [PLAIN_WAIT_WELCOME] = {ZX_MECH_COMMAND, true},
    [PLAIN_SEND_INITIATE] = {ZX_MECH_COMMAND, false},
    [PLAIN_WAIT_READY] = {ZX_MECH_COMMAND, true},
    [PLAIN_WAIT_HELLO] = {ZX_MECH_COMMAND, true},
    [PLAIN_ZAP] = {ZX_MECH_ZAP, true},
    [PLAIN_SEND_WELCOME] = {ZX_MECH_COMMAND, false},
    [PLAIN_WAIT_INITIATE] = {ZX_MECH_COMMAND, true},
    [PLAIN_HOLD] = {ZX_MECH_HOLD, false},
    [PLAIN_SEND_READY] = {ZX_MECH_COMMAND, false},
    [PLAIN_REFUSE] = {ZX_MECH_FAILED, false},
    [PLAIN_DONE] = {ZX_MECH_DONE, false},
    [PLAIN_FAILED] = {ZX_MECH_FAILED, false},
};

enum { TEXT_MAX = 255, FRAME_HEAD = 9 };

struct text {
    uint8_t size;
    uint8_t data[TEXT_MAX];
};

struct plain {
    struct zx_mechanism base;
    enum plain_state state;
    int refused_with; /* 400 or 500 in state REFUSE */
    struct text username, password; /* server: the peer's, until ZAP has answered */
};

/* Command names with their length byte. */
static const uint8_t hello[] = {5, 'H', 'E', 'L', 'L', 'O'};
static const uint8_t welcome[] = {7, 'W', 'E', 'L', 'C', 'O', 'M', 'E'};
static const uint8_t initiate[] = {8, 'I', 'N', 'I', 'T', 'I', 'A', 'T', 'E'};

static struct plain *plain_of(struct zx_mechanism *m) {
    return (struct plain *)m;
}

static const struct plain *const_plain_of(const struct zx_mechanism *m) {
    return (const struct plain *)m;
}

static void enter(struct plain *p, enum plain_state state) {
    p->state = state;
    p->base.status = meaning[state].status;
}

/* False if the event is not legal now; nothing changed then. */
static bool step(struct plain *p, enum plain_event event) {
    enum plain_state next = (enum plain_state)orders[p->state][event];
    if (next == PLAIN_NONE)
        return false;
    enter(p, next);
    return true;
}

static void forget_credentials(struct plain *p) {
    zx_wipe(&p->username, sizeof p->username);
    zx_wipe(&p->password, sizeof p->password);
}

static int fail(struct plain *p, enum zx_hs_error_kind kind, uint32_t value) {
    forget_credentials(p);
    p->state = PLAIN_FAILED;
    return zx_mechanism_fail(&p->base, kind, value);
}

static int fail_protocol(struct plain *p, uint32_t value) {
    return fail(p, ZX_HS_ERROR_PROTOCOL, value);
}

static int plain_create(struct zx_mechanism **m, const struct zx_mech_conf *conf) {
    const struct zx_security_settings *s = conf->settings;
    if (!conf->as_server &&
        (s->plain_username.size > TEXT_MAX || s->plain_password.size > TEXT_MAX))
        return -EINVAL;
    struct plain *p = calloc(1, sizeof *p);
    if (!p)
        return -ENOMEM;
    enter(p, conf->as_server ? PLAIN_WAIT_HELLO : PLAIN_SEND_HELLO);
    *m = &p->base;
    return 0;
}

static void plain_destroy(struct zx_mechanism *m) {
    forget_credentials(plain_of(m));
    free(m);
}

/* ---- commands out ------------------------------------------------------------- */

/* Room for a command of this size and the header that will be put in front of it: a buffer that
 * grew later would leave the password behind. */
static uint8_t *reserve(struct zx_buf *out, size_t size) {
    return zx_buf_reserve(out, size + FRAME_HEAD);
}

static uint8_t *put_text(uint8_t *at, const struct zx_blob *b) {
    *at++ = (uint8_t)b->size;
    if (b->size)
        memcpy(at, b->data, b->size);
    return at + b->size;
}

static int write_hello(const struct plain *p, struct zx_buf *out) {
    const struct zx_security_settings *s = p->base.conf.settings;
    size_t size = sizeof hello + 1 + s->plain_username.size + 1 + s->plain_password.size;
    uint8_t *at = reserve(out, size);
    if (!at)
        return -ENOMEM;
    memcpy(at, hello, sizeof hello);
    at = put_text(at + sizeof hello, &s->plain_username);
    (void)put_text(at, &s->plain_password);
    out->tail += size;
    return 0;
}

static int write_initiate(const struct plain *p, struct zx_buf *out) {
    const struct zx_mech_conf *conf = &p->base.conf;
    uint8_t *at = reserve(out, sizeof initiate + conf->props_size);
    if (!at)
        return -ENOMEM;
    memcpy(at, initiate, sizeof initiate);
    if (conf->props_size)
        memcpy(at + sizeof initiate, conf->props, conf->props_size);
    out->tail += sizeof initiate + conf->props_size;
    return 0;
}

static int write_ready(const struct plain *p, struct zx_buf *out) {
    const struct zx_mech_conf *conf = &p->base.conf;
    size_t size = zx_ready_size(conf->props_size);
    uint8_t *at = reserve(out, size);
    if (!at)
        return -ENOMEM;
    out->tail += zx_ready_write(at, size, conf->props, conf->props_size);
    return 0;
}

/* In the odd form: it is the one that libzmq's clients take for a refusal, and to others both
 * mean the end of the connection. */
static int write_error(const struct plain *p, struct zx_buf *out) {
    uint8_t body[] = {'^', 'R', 'R', 'O', 'R', 3, (uint8_t)('0' + p->refused_with / 100), '0', '0'};
    return zx_buf_append(out, body, sizeof body);
}

static int plain_next_command(struct zx_mechanism *m, struct zx_buf *out) {
    struct plain *p = plain_of(m);
    int rc;
    switch (p->state) {
    case PLAIN_SEND_HELLO:
        rc = write_hello(p, out);
        break;
    case PLAIN_SEND_WELCOME:
        rc = zx_buf_append(out, welcome, sizeof welcome);
        break;
    case PLAIN_SEND_INITIATE:
        rc = write_initiate(p, out);
        break;
    case PLAIN_SEND_READY:
        rc = write_ready(p, out);
        break;
    case PLAIN_REFUSE:
        rc = write_error(p, out);
        break;
    default:
        return 0;
    }
    if (rc)
        return rc;
    step(p, ON_WRITTEN);
    return 1;
}

/* ---- commands in: the client ---------------------------------------------------- */

static bool starts_with(const uint8_t *body, size_t size, const uint8_t *name, size_t name_size) {
    return size >= name_size && !memcmp(body, name, name_size);
}

static int on_welcome(struct plain *p, size_t size) {
    if (!orders[p->state][ON_WELCOME])
        return fail_protocol(p, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    if (size != sizeof welcome)
        return fail_protocol(p, ZX_PERR_ZMTP_MALFORMED_WELCOME);
    step(p, ON_WELCOME);
    return 0;
}

static int on_ready(struct plain *p, const uint8_t *props, size_t size) {
    if (!orders[p->state][ON_READY])
        return fail_protocol(p, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    int rc = zx_mechanism_take_props(&p->base, props, size);
    if (rc == -ENOMEM) {
        fail(p, ZX_HS_ERROR_NONE, 0);
        return rc;
    }
    if (rc)
        return fail_protocol(p, ZX_PERR_ZMTP_INVALID_METADATA);
    step(p, ON_READY);
    return 0;
}

static int client_on_command(struct plain *p, const uint8_t *body, size_t size) {
    const uint8_t *props;
    size_t props_size;
    if (zx_error_is(body, size) || zx_error_is_plain(body, size)) {
        p->state = PLAIN_FAILED;
        return zx_mechanism_on_error(&p->base, body, size);
    }
    if (starts_with(body, size, welcome, sizeof welcome))
        return on_welcome(p, size);
    if (!zx_ready_parse(body, size, &props, &props_size))
        return on_ready(p, props, props_size);
    return fail_protocol(p, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
}

/* ---- commands in: the server ---------------------------------------------------- */

/* One length byte and so many bytes; false if they are not there. */
static bool take_text(struct text *t, const uint8_t **at, size_t *left) {
    if (*left == 0 || **at > *left - 1)
        return false;
    t->size = **at;
    memcpy(t->data, *at + 1, t->size);
    *at += 1 + t->size;
    *left -= 1u + t->size;
    return true;
}

static int on_hello(struct plain *p, const uint8_t *body, size_t size) {
    if (size <= 1 || body[0] >= size)
        return fail_protocol(p, ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED);
    if (!starts_with(body, size, hello, sizeof hello))
        return fail_protocol(p, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    const uint8_t *at = body + sizeof hello;
    size_t left = size - sizeof hello;
    if (!take_text(&p->username, &at, &left) || !take_text(&p->password, &at, &left) || left)
        return fail_protocol(p, ZX_PERR_ZMTP_MALFORMED_HELLO);
    /* Without a domain nobody may be asked, and nobody else could let it in. */
    if (p->base.conf.zap_enforce && !p->base.conf.zap_domain)
        return fail(p, ZX_HS_ERROR_NO_DETAIL, EFAULT);
    step(p, ON_HELLO);
    return 0;
}

static int on_initiate(struct plain *p, const uint8_t *body, size_t size) {
    if (!starts_with(body, size, initiate, sizeof initiate))
        return fail_protocol(p, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    int rc = zx_mechanism_take_props(&p->base, body + sizeof initiate, size - sizeof initiate);
    if (rc) {
        fail(p, ZX_HS_ERROR_NONE, 0); /* libzmq raises no event for this either */
        return rc;
    }
    step(p, p->base.conf.hold ? ON_INITIATE_HOLD : ON_INITIATE);
    return 0;
}

static int server_on_command(struct plain *p, const uint8_t *body, size_t size) {
    if (p->state == PLAIN_WAIT_HELLO)
        return on_hello(p, body, size);
    if (p->state == PLAIN_WAIT_INITIATE)
        return on_initiate(p, body, size);
    return fail_protocol(p, ZX_PERR_ZMTP_UNSPECIFIED);
}

static int plain_on_command(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct plain *p = plain_of(m);
    return m->conf.as_server ? server_on_command(p, body, size) : client_on_command(p, body, size);
}

static bool plain_takes_command(const struct zx_mechanism *m) {
    return meaning[const_plain_of(m)->state].takes_command;
}

/* ---- ZAP ------------------------------------------------------------------------ */

static void plain_zap_request(const struct zx_mechanism *m, struct zx_zap_request *request) {
    const struct plain *p = const_plain_of(m);
    *request = (struct zx_zap_request){
        .mechanism = m->ops->name,
        .credentials = 2,
        .credential = {{p->username.data, p->username.size}, {p->password.data, p->password.size}},
    };
}

/* No handler, no entry. 300 means "later" and is answered by silence, 400 and 500 by ERROR. */
static int plain_on_zap(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    struct plain *p = plain_of(m);
    forget_credentials(p);
    switch (reply->status) {
    case 200:
        step(p, ON_ZAP_OK);
        return 0;
    case 0:
        fail(p, ZX_HS_ERROR_NO_DETAIL, EFAULT);
        break;
    case 300:
        fail(p, ZX_HS_ERROR_AUTH, 300);
        break;
    case 400:
    case 500:
        fail(p, ZX_HS_ERROR_AUTH, (uint32_t)reply->status);
        p->refused_with = reply->status;
        enter(p, PLAIN_REFUSE);
        break;
    default: /* whatever else is no consent */
        fail_protocol(p, ZX_PERR_ZAP_INVALID_STATUS_CODE);
        break;
    }
    return -EACCES;
}

static void plain_on_accept(struct zx_mechanism *m) {
    step(plain_of(m), ON_ACCEPT);
}

const struct zx_mechanism_ops zx_plain_ops = {
    .name = "PLAIN",
    .number = 1,
    .transforms = false,
    .overhead = 0,
    .rows = NULL,
    .create = plain_create,
    .destroy = plain_destroy,
    .next_command = plain_next_command,
    .on_command = plain_on_command,
    .takes_command = plain_takes_command,
    .zap_request = plain_zap_request,
    .on_zap = plain_on_zap,
    .on_accept = plain_on_accept,
    .encode = zx_mechanism_encode_none,
    .decode = zx_mechanism_decode_none,
};
