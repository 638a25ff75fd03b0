/* SPDX-License-Identifier: MIT */
/*
 * The GSSAPI mechanism (RFC 38): Kerberos, by way of security/gssapi_context.h.
 *
 *   client | server                       state      | meaning                     | commands
 *   -------+-------                       -----------+-----------------------------+---------
 *   INITIATE ->   (token)                 *_WORK     | a step of GSS-API is due    | wait
 *          <- INITIATE (token)            *_OUT      | that is due                 | wait
 *   empty  ->                             *_IN       | that must be next           | taken
 *          <- READY (ZAP said 200)        ZAP        | ZAP is asked                | wait
 *   READY  ->                             HOLD       | READY came, caller decides  | wait
 *                                         DONE, FAILED                             | -
 *
 * INITIATE may go to and fro several times. LAST is what the side says that has just established
 * its context: its token, or nothing in an empty command. Unless traffic is to be plain, each
 * READY is wrapped as a message is. There is no word for a refusal: the connection ends.
 */
#include "security/gssapi_context.h"

#include "base/bytes.h"
#include "zmtp/cmd_ready.h"
#include "zmtp/cmd_subscribe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum gssapi_state {
    GSSAPI_NONE, /* no state: what an empty field of the table says */
    GSSAPI_C_WORK,
    GSSAPI_C_TOKEN_OUT,
    GSSAPI_C_TOKEN_IN,
    GSSAPI_C_LAST_OUT,
    GSSAPI_C_READY_IN,
    GSSAPI_C_HOLD,
    GSSAPI_C_READY_OUT,
    GSSAPI_S_TOKEN_IN,
    GSSAPI_S_WORK,
    GSSAPI_S_TOKEN_OUT,
    GSSAPI_S_LAST_OUT,
    GSSAPI_S_LAST_IN,
    GSSAPI_S_ZAP,
    GSSAPI_S_READY_OUT,
    GSSAPI_S_READY_IN,
    GSSAPI_S_HOLD,
    GSSAPI_DONE,
    GSSAPI_FAILED,
    GSSAPI_STATES,
};

enum gssapi_event {
    ON_TOKEN,      /* the peer's INITIATE */
    ON_CONTINUE,   /* a step is done, and more tokens are needed */
    ON_COMPLETE,   /* a step has established the context */
    ON_WRITTEN,    /* next_command gave its command away */
    ON_LAST,       /* the client says that it is established, too */
    ON_ZAP_OK,
    ON_READY,
    ON_READY_HOLD, /* the same, and conf.hold is set */
    ON_ACCEPT,     /* the caller let the peer in */
    GSSAPI_EVENTS,
};

/* All legal orders. */
static const uint8_t orders[GSSAPI_STATES][GSSAPI_EVENTS] = {
    [GSSAPI_C_WORK] = {[ON_CONTINUE] = GSSAPI_C_TOKEN_OUT, [ON_COMPLETE] = GSSAPI_C_LAST_OUT},
    [GSSAPI_C_TOKEN_OUT] = {[ON_WRITTEN] = GSSAPI_C_TOKEN_IN},
    [GSSAPI_C_TOKEN_IN] = {[ON_TOKEN] = GSSAPI_C_WORK},
    [GSSAPI_C_LAST_OUT] = {[ON_WRITTEN] = GSSAPI_C_READY_IN},
    [GSSAPI_C_READY_IN] = {[ON_READY] = GSSAPI_C_READY_OUT, [ON_READY_HOLD] = GSSAPI_C_HOLD},
    [GSSAPI_C_HOLD] = {[ON_ACCEPT] = GSSAPI_C_READY_OUT},
    [GSSAPI_C_READY_OUT] = {[ON_WRITTEN] = GSSAPI_DONE},
    [GSSAPI_S_TOKEN_IN] = {[ON_TOKEN] = GSSAPI_S_WORK},
    [GSSAPI_S_WORK] = {[ON_CONTINUE] = GSSAPI_S_TOKEN_OUT, [ON_COMPLETE] = GSSAPI_S_LAST_OUT},
    [GSSAPI_S_TOKEN_OUT] = {[ON_WRITTEN] = GSSAPI_S_TOKEN_IN},
    [GSSAPI_S_LAST_OUT] = {[ON_WRITTEN] = GSSAPI_S_LAST_IN},
    [GSSAPI_S_LAST_IN] = {[ON_LAST] = GSSAPI_S_ZAP},
    [GSSAPI_S_ZAP] = {[ON_ZAP_OK] = GSSAPI_S_READY_OUT},
    [GSSAPI_S_READY_OUT] = {[ON_WRITTEN] = GSSAPI_S_READY_IN},
    [GSSAPI_S_READY_IN] = {[ON_READY] = GSSAPI_DONE, [ON_READY_HOLD] = GSSAPI_S_HOLD},
    [GSSAPI_S_HOLD] = {[ON_ACCEPT] = GSSAPI_DONE},
};

static const struct {
    enum zx_mech_status status;
    bool takes_command;
} meaning[GSSAPI_STATES] = {
    [GSSAPI_C_WORK] = {ZX_MECH_WORK, false},
    [GSSAPI_C_TOKEN_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_C_TOKEN_IN] = {ZX_MECH_COMMAND, true},
    [GSSAPI_C_LAST_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_C_READY_IN] = {ZX_MECH_COMMAND, true},
    [GSSAPI_C_HOLD] = {ZX_MECH_HOLD, false},
    [GSSAPI_C_READY_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_S_TOKEN_IN] = {ZX_MECH_COMMAND, true},
    [GSSAPI_S_WORK] = {ZX_MECH_WORK, false},
    [GSSAPI_S_TOKEN_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_S_LAST_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_S_LAST_IN] = {ZX_MECH_COMMAND, true},
    [GSSAPI_S_ZAP] = {ZX_MECH_ZAP, false},
    [GSSAPI_S_READY_OUT] = {ZX_MECH_COMMAND, false},
    [GSSAPI_S_READY_IN] = {ZX_MECH_COMMAND, true},
    [GSSAPI_S_HOLD] = {ZX_MECH_HOLD, false},
    [GSSAPI_DONE] = {ZX_MECH_DONE, false},
    [GSSAPI_FAILED] = {ZX_MECH_FAILED, false},
};

enum {
    ROUNDS_MAX = 8,       /* tokens of one peer; Kerberos needs one each way */
    TOKEN_MAX = 1 << 16,  /* of ours; the peer's are bounded with its commands */
    LENGTH_BYTES = 4,
    TEXT_MAX = INT32_MAX, /* beyond it Kerberos' own lengths overflow */
    OVERHEAD_MAX = 256,   /* of any encryption type: name, length, flags, headers, checksum */
};

/* Flags inside of a wrapped message. */
enum { INNER_MORE = 1, INNER_COMMAND = 2, INNER_SUBSCRIBE = 4, INNER_CANCEL = 8 };
/* The frame's flags that they stand for. */
enum { FRAME_MORE = 1, FRAME_COMMAND = 4 };

/* Command names with their length byte. */
static const uint8_t initiate_name[] = {8, 'I', 'N', 'I', 'T', 'I', 'A', 'T', 'E'};
static const uint8_t message_name[] = {7, 'M', 'E', 'S', 'S', 'A', 'G', 'E'};

struct gssapi {
    struct zx_mechanism base;
    enum gssapi_state state;
    struct zx_gss *gss; /* NULL while its step is under way */
    unsigned rounds;
    bool is_plain;
};

static struct gssapi *gssapi_of(struct zx_mechanism *m) {
    return (struct gssapi *)m;
}

static const struct gssapi *const_gssapi_of(const struct zx_mechanism *m) {
    return (const struct gssapi *)m;
}

static void enter(struct gssapi *g, enum gssapi_state state) {
    g->state = state;
    g->base.status = meaning[state].status;
}

/* False if the event is not legal now; nothing changed then. */
static bool step(struct gssapi *g, enum gssapi_event event) {
    enum gssapi_state next = (enum gssapi_state)orders[g->state][event];
    if (next == GSSAPI_NONE)
        return false;
    enter(g, next);
    return true;
}

static int fail(struct gssapi *g, enum zx_hs_error_kind kind, uint32_t value) {
    g->state = GSSAPI_FAILED;
    return zx_mechanism_fail(&g->base, kind, value);
}

static int fail_protocol(struct gssapi *g, uint32_t value) {
    return fail(g, ZX_HS_ERROR_PROTOCOL, value);
}

/* rc is returned; nobody can tell more. */
static int fail_quietly(struct gssapi *g, int rc) {
    (void)fail(g, ZX_HS_ERROR_NONE, 0);
    return rc;
}

static const struct zx_mechanism_ops plaintext_ops;

static int gssapi_create(struct zx_mechanism **m, const struct zx_mech_conf *conf) {
    if (!conf->settings)
        return -EINVAL;
    struct gssapi *g = calloc(1, sizeof *g);
    if (!g)
        return -ENOMEM;
    g->gss = zx_gss_new(conf->settings, conf->as_server);
    if (!g->gss) {
        free(g);
        return -ENOMEM;
    }
    g->is_plain = conf->settings->gss_plaintext;
    if (g->is_plain)
        g->base.ops = &plaintext_ops;
    enter(g, conf->as_server ? GSSAPI_S_TOKEN_IN : GSSAPI_C_WORK);
    *m = &g->base;
    return 0;
}

static void gssapi_destroy(struct zx_mechanism *m) {
    zx_gss_free(&gssapi_of(m)->gss);
    free(m);
}

/* ---- a name, a length, and so many bytes ------------------------------------------ */

enum { SAID, NOT_SAID, ILL_SAID };

static int parse(const uint8_t *name, size_t name_size, const uint8_t *body, size_t size) {
    if (size < name_size || memcmp(body, name, name_size))
        return NOT_SAID;
    if (size - name_size < LENGTH_BYTES)
        return ILL_SAID;
    return zx_get32(body + name_size) == size - name_size - LENGTH_BYTES ? SAID : ILL_SAID;
}

/* ---- messages ---------------------------------------------------------------------- */

enum { MESSAGE_HEAD = sizeof message_name + LENGTH_BYTES };

/* What is wrapped: flags, perhaps the 1 or 0 of a subscription, and the rest. */
struct inner {
    uint8_t lead[2];
    size_t lead_size;
    const uint8_t *data;
    size_t size;
};

static int write_message(struct gssapi *g, const struct inner *in, struct zx_buf *out) {
    struct zx_gss_extra extra;
    if (in->size > TEXT_MAX - OVERHEAD_MAX)
        return -EMSGSIZE;
    size_t size = in->lead_size + in->size;
    if (zx_gss_wrap_extra(g->gss, size, &extra))
        return zx_mechanism_fail(&g->base, ZX_HS_ERROR_NONE, 0);
    size_t token = extra.head + size + extra.padding + extra.tail;
    uint8_t *at = zx_buf_reserve(out, MESSAGE_HEAD + token);
    if (!at)
        return -ENOMEM;
    memcpy(at, message_name, sizeof message_name);
    zx_put32(at + sizeof message_name, (uint32_t)token);
    uint8_t *text = at + MESSAGE_HEAD + extra.head;
    memcpy(text, in->lead, in->lead_size);
    if (in->size)
        memcpy(text + in->lead_size, in->data, in->size);
    if (zx_gss_wrap(g->gss, text, size, &extra))
        return zx_mechanism_fail(&g->base, ZX_HS_ERROR_NONE, 0);
    out->tail += MESSAGE_HEAD + token;
    return 0;
}

/* Unwraps a message where it lies; its flags stay in front. */
static int open_message(struct gssapi *g, uint8_t *body, size_t size, uint8_t **text,
                        size_t *text_size) {
    switch (parse(message_name, sizeof message_name, body, size)) {
    case NOT_SAID:
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    case ILL_SAID:
        return fail_protocol(g, ZX_PERR_ZMTP_MALFORMED_MESSAGE);
    default:
        break;
    }
    if (size > TEXT_MAX || zx_gss_unwrap(g->gss, body + MESSAGE_HEAD, size - MESSAGE_HEAD, text,
                                         text_size))
        return fail_protocol(g, ZX_PERR_ZMTP_CRYPTOGRAPHIC);
    /* Without flags it is no message, however well it was wrapped. */
    return *text_size ? 0 : fail_protocol(g, ZX_PERR_ZMTP_MALFORMED_MESSAGE);
}

/* Subscriptions go as messages of 3.0: the flags that newer peers know mean nothing to older
 * ones, and a command means nothing to any. */
static int gssapi_encode(struct zx_mechanism *m, const struct zx_mech_frame *in,
                         struct zx_buf *out) {
    struct inner inner = {.lead_size = 1, .data = in->body, .size = in->size};
    struct zx_subscription sub;
    if (in->flags & FRAME_COMMAND && !zx_subscription_parse(in->body, in->size, &sub)) {
        inner.lead[inner.lead_size++] = sub.subscribe;
        inner.data = sub.topic;
        inner.size = sub.topic_size;
    } else {
        inner.lead[0] = (uint8_t)((in->flags & FRAME_MORE ? INNER_MORE : 0) |
                                  (in->flags & FRAME_COMMAND ? INNER_COMMAND : 0));
    }
    return write_message(gssapi_of(m), &inner, out);
}

/* A marked topic becomes the command that says the same. There is room for it: what was before
 * the text has been read. */
static int mark(struct gssapi *g, uint8_t *body, uint8_t *text, size_t size,
                struct zx_mech_frame *out) {
    struct zx_subscription sub = {.subscribe = text[0] & INNER_SUBSCRIBE};
    size_t name_size = zx_subscription_size(&sub);
    if ((size_t)(text + 1 - body) < name_size)
        return fail_protocol(g, ZX_PERR_ZMTP_MALFORMED_MESSAGE);
    uint8_t *at = text + 1 - name_size;
    (void)zx_subscription_write(at, name_size, &sub);
    *out = (struct zx_mech_frame){FRAME_COMMAND, at, name_size + size - 1};
    return 0;
}

static int gssapi_decode(struct zx_mechanism *m, uint8_t *body, size_t size,
                         struct zx_mech_frame *out) {
    struct gssapi *g = gssapi_of(m);
    uint8_t *text;
    size_t text_size;
    int rc = open_message(g, body, size, &text, &text_size);
    if (rc)
        return rc;
    if (text[0] & (INNER_SUBSCRIBE | INNER_CANCEL))
        return mark(g, body, text, text_size, out);
    out->flags = (uint8_t)((text[0] & INNER_MORE ? FRAME_MORE : 0) |
                           (text[0] & INNER_COMMAND ? FRAME_COMMAND : 0));
    out->body = text + 1;
    out->size = text_size - 1;
    return 0;
}

/* ---- commands out -------------------------------------------------------------------- */

static int write_token(struct gssapi *g, struct zx_buf *out) {
    struct zx_buf *token = &g->gss->out;
    size_t size = zx_buf_size(token);
    uint8_t *at = zx_buf_reserve(out, sizeof initiate_name + LENGTH_BYTES + size);
    if (!at)
        return -ENOMEM;
    memcpy(at, initiate_name, sizeof initiate_name);
    zx_put32(at + sizeof initiate_name, (uint32_t)size);
    memcpy(at + sizeof initiate_name + LENGTH_BYTES, token->data + token->head, size);
    out->tail += sizeof initiate_name + LENGTH_BYTES + size;
    zx_buf_fini(token);
    return 0;
}

static int write_ready(struct gssapi *g, struct zx_buf *out) {
    const struct zx_mech_conf *conf = &g->base.conf;
    size_t size = zx_ready_size(conf->props_size);
    struct zx_buf plain = {0};
    struct zx_buf *to = g->is_plain ? out : &plain;
    uint8_t *at = zx_buf_reserve(to, size);
    if (!at)
        return -ENOMEM;
    to->tail += zx_ready_write(at, size, conf->props, conf->props_size);
    if (g->is_plain)
        return 0;
    struct inner inner = {.lead_size = 1, .data = plain.data, .size = size};
    int rc = write_message(g, &inner, out);
    zx_buf_fini(&plain);
    return rc;
}

static int gssapi_next_command(struct zx_mechanism *m, struct zx_buf *out) {
    struct gssapi *g = gssapi_of(m);
    int rc = 0;
    switch (g->state) {
    case GSSAPI_C_TOKEN_OUT:
    case GSSAPI_S_TOKEN_OUT:
        rc = write_token(g, out);
        break;
    case GSSAPI_C_LAST_OUT:
    case GSSAPI_S_LAST_OUT:
        if (zx_buf_size(&g->gss->out))
            rc = write_token(g, out);
        break;
    case GSSAPI_C_READY_OUT:
    case GSSAPI_S_READY_OUT:
        rc = write_ready(g, out);
        break;
    default:
        return 0;
    }
    if (rc) /* -EPROTO: it shows in the status */
        return rc == -EPROTO ? 0 : rc;
    step(g, ON_WRITTEN);
    return 1;
}

/* ---- commands in ---------------------------------------------------------------------- */

static int on_token(struct gssapi *g, const uint8_t *body, size_t size) {
    size_t head = sizeof initiate_name + LENGTH_BYTES;
    switch (parse(initiate_name, sizeof initiate_name, body, size)) {
    case NOT_SAID:
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    case ILL_SAID:
        return fail_protocol(g, ZX_PERR_ZMTP_MALFORMED_INITIATE);
    default:
        break;
    }
    if (++g->rounds > ROUNDS_MAX)
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    if (zx_buf_append(&g->gss->in, body + head, size - head))
        return fail_quietly(g, -ENOMEM);
    step(g, ON_TOKEN);
    return 0;
}

/* Our context is established, so whatever token there may be changes nothing. */
static int on_last(struct gssapi *g, const uint8_t *body, size_t size) {
    if (size && parse(initiate_name, sizeof initiate_name, body, size) != SAID)
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    step(g, ON_LAST);
    return 0;
}

static int take_ready(struct gssapi *g, const uint8_t *body, size_t size) {
    const uint8_t *props;
    size_t props_size;
    if (zx_ready_parse(body, size, &props, &props_size))
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    int rc = zx_mechanism_take_props(&g->base, props, props_size);
    if (rc == -ENOMEM)
        return fail_quietly(g, rc);
    if (rc)
        return fail_protocol(g, ZX_PERR_ZMTP_INVALID_METADATA);
    step(g, g->base.conf.hold ? ON_READY_HOLD : ON_READY);
    return 0;
}

static int on_ready(struct gssapi *g, const uint8_t *body, size_t size) {
    uint8_t *text;
    size_t text_size;
    if (g->is_plain)
        return take_ready(g, body, size);
    struct zx_buf copy = {0};
    if (zx_buf_append(&copy, body, size))
        return fail_quietly(g, -ENOMEM);
    int rc = open_message(g, copy.data, size, &text, &text_size);
    if (!rc)
        rc = take_ready(g, text + 1, text_size - 1);
    zx_buf_fini(&copy);
    return rc;
}

static int gssapi_on_command(struct zx_mechanism *m, const uint8_t *body, size_t size) {
    struct gssapi *g = gssapi_of(m);
    switch (g->state) {
    case GSSAPI_C_TOKEN_IN:
    case GSSAPI_S_TOKEN_IN:
        return on_token(g, body, size);
    case GSSAPI_S_LAST_IN:
        return on_last(g, body, size);
    case GSSAPI_C_READY_IN:
    case GSSAPI_S_READY_IN:
        return on_ready(g, body, size);
    default:
        return fail_protocol(g, ZX_PERR_ZMTP_UNEXPECTED_COMMAND);
    }
}

static bool gssapi_takes_command(const struct zx_mechanism *m) {
    return meaning[const_gssapi_of(m)->state].takes_command;
}

/* ---- steps that may wait ---------------------------------------------------------------- */

static struct zx_mech_work *gssapi_take_work(struct zx_mechanism *m) {
    struct gssapi *g = gssapi_of(m);
    struct zx_gss *gss = g->gss;
    g->gss = NULL;
    return gss ? &gss->work : NULL;
}

static int gssapi_on_work(struct zx_mechanism *m, struct zx_mech_work *work) {
    struct gssapi *g = gssapi_of(m);
    g->gss = (struct zx_gss *)work;
    int rc = g->gss->result;
    if (rc == -ENOMEM)
        return fail_quietly(g, rc);
    if (rc < 0 || zx_buf_size(&g->gss->out) > TOKEN_MAX) {
        (void)fail(g, ZX_HS_ERROR_NO_DETAIL, EACCES);
        return -EACCES;
    }
    step(g, rc ? ON_COMPLETE : ON_CONTINUE);
    return 0;
}

static const struct zx_mech_work_ops work = {gssapi_take_work, gssapi_on_work};

/* ---- ZAP ---------------------------------------------------------------------------------- */

static void gssapi_zap_request(const struct zx_mechanism *m, struct zx_zap_request *request) {
    const struct zx_buf *name = &const_gssapi_of(m)->gss->peer;
    *request = (struct zx_zap_request){
        .mechanism = m->ops->name,
        .credentials = 1,
        .credential = {{name->data + name->head, zx_buf_size(name)}},
    };
}

/* Without a handler Kerberos' word is enough, unless a handler is demanded. */
static int gssapi_on_zap(struct zx_mechanism *m, const struct zx_zap_reply *reply) {
    struct gssapi *g = gssapi_of(m);
    bool is_demanded = m->conf.zap_enforce && m->conf.zap_domain;
    switch (reply->status) {
    case 200:
        step(g, ON_ZAP_OK);
        return 0;
    case 0:
        if (!is_demanded) {
            step(g, ON_ZAP_OK);
            return 0;
        }
        (void)fail(g, ZX_HS_ERROR_NO_DETAIL, EFAULT);
        break;
    case 300:
    case 400:
    case 500:
        (void)fail(g, ZX_HS_ERROR_AUTH, (uint32_t)reply->status);
        break;
    default: /* whatever else is no consent */
        (void)fail_protocol(g, ZX_PERR_ZAP_INVALID_STATUS_CODE);
        break;
    }
    return -EACCES;
}

static void gssapi_on_accept(struct zx_mechanism *m) {
    step(gssapi_of(m), ON_ACCEPT);
}

#define GSSAPI_OPS(does_transform, most_added)                                                     \
    {                                                                                              \
        .name = "GSSAPI", .number = 3, .transforms = does_transform, .overhead = most_added,       \
        .rows = NULL, .work = &work, .create = gssapi_create, .destroy = gssapi_destroy,           \
        .next_command = gssapi_next_command, .on_command = gssapi_on_command,                      \
        .takes_command = gssapi_takes_command, .zap_request = gssapi_zap_request,                  \
        .on_zap = gssapi_on_zap, .on_accept = gssapi_on_accept, .encode = gssapi_encode,           \
        .decode = gssapi_decode,                                                                   \
    }

const struct zx_mechanism_ops zx_gssapi_ops = GSSAPI_OPS(true, OVERHEAD_MAX);
static const struct zx_mechanism_ops plaintext_ops = GSSAPI_OPS(false, 0);
