/* SPDX-License-Identifier: MIT */
#include "zmtp/handshake.h"

#include "base/blob.h"
#include "base/buf.h"
#include "security/mechanism.h"
#include "zmtp/greeting.h"
#include "zmtp/hs_frame.h"
#include "zmtp/metadata.h"
#include "zmtp/types.h"
#include "zmtp/v1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_BYTES = 160 }; /* greeting and a usual READY, in one allocation */

enum phase { GREETING, IDENTITY, MECHANISM, HOLD_OLD, DONE, FAILED };

struct zx_hs {
    enum phase phase;
    int rc; /* in FAILED */
    int socket_type;
    bool refuse_old;
    bool hold;
    uint64_t max_command;
    struct zx_hs_error error;

    struct zx_mechanism *mechanism;
    struct zx_buf output;
    struct zx_greeting greeting;
    struct zx_hs_frame frame;
    struct zx_v1_decoder v1;

    struct zx_meta_peer peer;
    uint8_t *peer_props;
    size_t peer_props_size;
    uint8_t *zap; /* user id, then metadata of ZAP's reply */
    size_t user_id_size;
    size_t zap_metadata_size;

    size_t routing_id_size;
    size_t props_size;
    uint8_t own[]; /* routing id, then metadata block */
};

/* ---- life --------------------------------------------------------------- */

static struct zx_meta_own own_of(const struct zx_hs_conf *conf) {
    return (struct zx_meta_own){
        .socket_type = conf->socket_type,
        .routing_id = conf->routing_id,
        .routing_id_size = conf->routing_id_size,
        .extra = conf->extra_meta,
        .extra_size = conf->extra_meta_size,
    };
}

static struct zx_hs *new_hs(const struct zx_hs_conf *conf) {
    struct zx_meta_own own = own_of(conf);
    size_t props_size = zx_meta_own_size(&own);
    struct zx_hs *hs = calloc(1, sizeof *hs + conf->routing_id_size + props_size);
    if (!hs)
        return NULL;
    hs->socket_type = conf->socket_type;
    hs->refuse_old = conf->refuse_old;
    hs->hold = conf->hold;
    hs->max_command =
        conf->max_command > 0 ? (uint64_t)conf->max_command : ZX_HS_MAX_COMMAND_DEFAULT;
    if (hs->max_command > SIZE_MAX / 2)
        hs->max_command = SIZE_MAX / 2;
    hs->peer.socket_type = -1;
    hs->routing_id_size = conf->routing_id_size;
    hs->props_size = props_size;
    if (conf->routing_id_size)
        memcpy(hs->own, conf->routing_id, conf->routing_id_size);
    zx_meta_own_write(hs->own + conf->routing_id_size, props_size, &own);
    zx_greeting_init(&hs->greeting);
    zx_v1_decoder_init(&hs->v1, ZX_ROUTING_ID_MAX);
    return hs;
}

static int new_mechanism(struct zx_hs *hs, const struct zx_hs_conf *conf) {
    struct zx_mech_conf mech = {
        .socket_type = conf->socket_type,
        .as_server = conf->as_server,
        .hold = conf->hold,
        .zap_domain = conf->zap_domain,
        .zap_enforce = conf->zap_enforce,
        .props = hs->own + hs->routing_id_size,
        .props_size = hs->props_size,
        .settings = conf->settings,
    };
    return zx_mechanism_new(&hs->mechanism, conf->mechanism ? conf->mechanism : &zx_null_ops,
                            &mech);
}

static int drive(struct zx_hs *hs);
static int send_identity(struct zx_hs *hs);

/* The first bytes: part A of the greeting, or the mechanism's first command. */
static int begin(struct zx_hs *hs, const struct zx_hs_conf *conf) {
    if (!zx_buf_reserve(&hs->output, OUTPUT_BYTES))
        return -ENOMEM;
    if (conf->skip_greeting && conf->bare) {
        hs->greeting.version = ZX_ZMTP_2_0;
        hs->phase = IDENTITY;
        return send_identity(hs);
    }
    if (conf->skip_greeting) {
        hs->greeting.version = ZX_ZMTP_3_0;
        hs->phase = MECHANISM;
        int rc = drive(hs);
        return rc < 0 ? rc : 0;
    }
    uint8_t signature[ZX_SIGNATURE_SIZE];
    zx_greeting_write_signature(signature, hs->routing_id_size);
    return zx_buf_append(&hs->output, signature, sizeof signature);
}

int zx_hs_init(struct zx_hs **hs, const struct zx_hs_conf *conf) {
    *hs = NULL;
    if (!zx_type_name(conf->socket_type) || conf->routing_id_size > ZX_ROUTING_ID_MAX)
        return -EINVAL;
    if (zx_meta_check(conf->extra_meta, conf->extra_meta_size))
        return -EINVAL;
    struct zx_hs *made = new_hs(conf);
    if (!made)
        return -ENOMEM;
    int rc = new_mechanism(made, conf);
    if (!rc)
        rc = begin(made, conf);
    if (rc) {
        zx_hs_free(&made);
        return rc;
    }
    *hs = made;
    return 0;
}

void zx_hs_free(struct zx_hs **hs) {
    struct zx_hs *h = *hs;
    if (!h)
        return;
    zx_mechanism_free(&h->mechanism);
    zx_buf_wipe(&h->output);
    zx_buf_wipe(&h->frame.body);
    free(h->peer_props);
    free(h->zap);
    free(h);
    *hs = NULL;
}

/* ---- output --------------------------------------------------------------- */

const uint8_t *zx_hs_output(struct zx_hs *hs, size_t *size) {
    *size = zx_buf_size(&hs->output);
    return *size ? hs->output.data + hs->output.head : NULL;
}

void zx_hs_output_taken(struct zx_hs *hs, size_t n) {
    size_t size = zx_buf_size(&hs->output);
    if (n < size) {
        zx_buf_consume(&hs->output, n);
        return;
    }
    zx_wipe(hs->output.data, hs->output.tail); /* a password may have gone out */
    zx_buf_consume(&hs->output, size);
}

/* ---- failure ---------------------------------------------------------------- */

static int fail(struct zx_hs *hs, int rc, enum zx_hs_error_kind kind, uint32_t value) {
    hs->phase = FAILED;
    hs->rc = rc;
    hs->error.kind = kind;
    hs->error.value = value;
    return rc;
}

static int fail_quietly(struct zx_hs *hs, int rc) {
    return fail(hs, rc, ZX_HS_ERROR_NONE, 0);
}

/* ---- mechanism ---------------------------------------------------------------- */

static int pump(struct zx_hs *hs) {
    int rc;
    do {
        size_t before = zx_buf_size(&hs->output);
        rc = hs->mechanism->ops->next_command(hs->mechanism, &hs->output);
        if (rc > 0 &&
            zx_hs_frame_wrap(&hs->output, ZX_HS_FRAME_COMMAND, zx_buf_size(&hs->output) - before))
            rc = -ENOMEM;
    } while (rc > 0);
    return rc;
}

static int fail_by_mechanism(struct zx_hs *hs, int rc) {
    struct zx_hs_error error = hs->mechanism->error;
    (void)pump(hs); /* its ERROR command; without memory the peer just sees the end */
    return fail(hs, rc, error.kind, error.value);
}

/* What the peer said now belongs to the handshake; the mechanism may be handed on. */
static void take_peer(struct zx_hs *hs) {
    struct zx_mechanism *m = hs->mechanism;
    if (!m->peer_props)
        return;
    hs->peer = m->peer;
    hs->peer_props = m->peer_props;
    hs->peer_props_size = m->peer_props_size;
    m->peer_props = NULL;
    m->peer_props_size = 0;
}

/* Lets the mechanism say what it has to say; tells where that leaves us. */
static int drive(struct zx_hs *hs) {
    int rc = pump(hs);
    if (rc < 0)
        return fail_quietly(hs, rc);
    switch (hs->mechanism->status) {
    case ZX_MECH_ZAP:
        return ZX_HS_WAIT_ZAP;
    case ZX_MECH_WORK:
        return ZX_HS_WAIT_WORK;
    case ZX_MECH_HOLD:
        take_peer(hs);
        return ZX_HS_HOLD;
    case ZX_MECH_DONE:
        take_peer(hs);
        hs->phase = DONE;
        return ZX_HS_DONE;
    case ZX_MECH_FAILED:
        return fail_by_mechanism(hs, -EPROTO);
    case ZX_MECH_COMMAND:
        break;
    }
    return ZX_HS_MORE;
}

/* ---- input ----------------------------------------------------------------- */

/* One round of the mechanism. MORE with input left means: go on. */
static int input_mechanism(struct zx_hs *hs, struct zx_hs_bytes *in) {
    const uint8_t *body;
    int rc = drive(hs);
    if (rc != ZX_HS_MORE && rc != ZX_HS_WAIT_ZAP)
        return rc;
    if (!hs->mechanism->ops->takes_command(hs->mechanism))
        return rc;
    int got = zx_hs_frame_read(&hs->frame, in, hs->max_command, &body);
    if (got < 0)
        return fail_quietly(hs, got);
    if (!got)
        return rc;
    got = hs->mechanism->ops->on_command(hs->mechanism, body, (size_t)hs->frame.size);
    zx_hs_frame_end(&hs->frame);
    return got ? fail_by_mechanism(hs, got) : drive(hs);
}

/* The peer's identity of a 1.0 or 2.0 peer is known. */
static int finish_identity(struct zx_hs *hs, const uint8_t *id, size_t size) {
    if (zx_routing_id_is_usable(id, size)) {
        hs->peer_props = malloc(size);
        if (!hs->peer_props)
            return fail_quietly(hs, -ENOMEM);
        memcpy(hs->peer_props, id, size);
        hs->peer.routing_id = hs->peer_props;
        hs->peer.routing_id_size = size;
    }
    hs->phase = hs->hold ? HOLD_OLD : DONE;
    return hs->hold ? ZX_HS_HOLD : ZX_HS_DONE;
}

static int input_identity_v1(struct zx_hs *hs, struct zx_hs_bytes *in) {
    struct zx_buf *id = &hs->frame.body;
    size_t n;
    int rc = zx_v1_decode(&hs->v1, in->data, in->left, &n);
    zx_hs_bytes_take(in, n);
    if (rc < 0)
        return fail_quietly(hs, rc);
    if (rc == ZX_V1_MORE)
        return ZX_HS_MORE;
    n = in->left < hs->v1.left ? in->left : (size_t)hs->v1.left;
    if (zx_buf_append(id, zx_hs_bytes_take(in, n), n))
        return fail_quietly(hs, -ENOMEM);
    zx_v1_take(&hs->v1, n);
    if (hs->v1.left)
        return ZX_HS_MORE;
    return finish_identity(hs, id->data, zx_buf_size(id));
}

static int input_identity_v2(struct zx_hs *hs, struct zx_hs_bytes *in) {
    const uint8_t *body;
    int rc = zx_hs_frame_read(&hs->frame, in, ZX_ROUTING_ID_MAX, &body);
    if (rc < 0)
        return fail_quietly(hs, rc);
    return rc ? finish_identity(hs, body, (size_t)hs->frame.size) : ZX_HS_MORE;
}

static int input_identity(struct zx_hs *hs, struct zx_hs_bytes *in) {
    if (hs->greeting.version == ZX_ZMTP_2_0)
        return input_identity_v2(hs, in);
    return input_identity_v1(hs, in);
}

/* Our identity frame in the peer's framing. To an unversioned peer its header
 * went out as part A of the greeting already. */
static int send_identity(struct zx_hs *hs) {
    uint8_t header[ZX_V1_HEADER_MAX];
    size_t n = 0;
    if (hs->greeting.version == ZX_ZMTP_REV0)
        n = zx_v1_header(header, hs->routing_id_size, false);
    if (zx_buf_append(&hs->output, header, n) ||
        zx_buf_append(&hs->output, hs->own, hs->routing_id_size))
        return -ENOMEM;
    if (hs->greeting.version != ZX_ZMTP_2_0)
        return 0;
    return zx_hs_frame_wrap(&hs->output, 0, hs->routing_id_size);
}

/* The one place where the version is decided, and so the one that refuses old
 * peers (a downgrade would bypass the mechanism). */
static int finish_greeting(struct zx_hs *hs) {
    if (hs->greeting.version >= ZX_ZMTP_3_0) {
        if (!zx_greeting_has_mechanism(&hs->greeting, hs->mechanism->ops->name))
            return fail(hs, -EPROTO, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_MECHANISM_MISMATCH);
        hs->phase = MECHANISM;
        return drive(hs);
    }
    if (hs->refuse_old)
        return fail_quietly(hs, -EPROTO);
    hs->phase = IDENTITY;
    int rc = send_identity(hs);
    if (rc)
        return fail_quietly(hs, rc);
    if (hs->greeting.version != ZX_ZMTP_UNVERSIONED)
        return ZX_HS_MORE;
    struct zx_hs_bytes first;
    first.data = zx_greeting_refeed(&hs->greeting, &first.left);
    return input_identity(hs, &first);
}

static int send_greeting_part(struct zx_hs *hs, enum zx_greeting_event event) {
    uint8_t rest[ZX_GREETING_REST_SIZE];
    switch (event) {
    case ZX_GREETING_SEND_MAJOR:
        return zx_buf_append(&hs->output, (const uint8_t[]){3}, 1);
    case ZX_GREETING_SEND_TYPE:
        return zx_buf_append(&hs->output, (const uint8_t[]){(uint8_t)hs->socket_type}, 1);
    default:
        zx_greeting_write_rest(rest, hs->mechanism->ops->name);
        return zx_buf_append(&hs->output, rest, sizeof rest);
    }
}

static int input_greeting(struct zx_hs *hs, struct zx_hs_bytes *in) {
    for (;;) {
        size_t n;
        enum zx_greeting_event event = zx_greeting_feed(&hs->greeting, in->data, in->left, &n);
        zx_hs_bytes_take(in, n);
        if (event == ZX_GREETING_MORE)
            return ZX_HS_MORE;
        if (event == ZX_GREETING_DONE)
            return finish_greeting(hs);
        int rc = send_greeting_part(hs, event);
        if (rc)
            return fail_quietly(hs, rc);
    }
}

static int input_round(struct zx_hs *hs, struct zx_hs_bytes *in) {
    switch (hs->phase) {
    case GREETING:
        return input_greeting(hs, in);
    case IDENTITY:
        return input_identity(hs, in);
    case MECHANISM:
        return input_mechanism(hs, in);
    case HOLD_OLD:
        return ZX_HS_HOLD;
    case DONE:
        return ZX_HS_DONE;
    case FAILED:
        break;
    }
    return hs->rc;
}

int zx_hs_input(struct zx_hs *hs, const uint8_t *data, size_t size, size_t *consumed) {
    static const uint8_t nothing[1];
    struct zx_hs_bytes in = {size ? data : nothing, size};
    int rc;
    bool has_moved;
    do {
        enum phase phase = hs->phase;
        size_t left = in.left;
        rc = input_round(hs, &in);
        has_moved = in.left < left || hs->phase != phase;
    } while ((rc == ZX_HS_MORE || rc == ZX_HS_WAIT_ZAP) && in.left && has_moved);
    *consumed = size - in.left;
    return rc;
}

/* ---- decisions of the caller ------------------------------------------------- */

int zx_hs_accept(struct zx_hs *hs) {
    if (hs->phase == HOLD_OLD) {
        hs->phase = DONE;
        return ZX_HS_DONE;
    }
    if (hs->phase != MECHANISM || hs->mechanism->status != ZX_MECH_HOLD)
        return hs->phase == FAILED ? hs->rc : -EINVAL;
    hs->mechanism->ops->on_accept(hs->mechanism);
    return drive(hs);
}

int zx_hs_refuse(struct zx_hs *hs) {
    if (hs->phase == FAILED)
        return hs->rc;
    return fail(hs, -EPROTO, ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_INVALID_METADATA);
}

static bool is_waiting_for_zap(const struct zx_hs *hs) {
    return hs->phase == MECHANISM && hs->mechanism->status == ZX_MECH_ZAP;
}

void zx_hs_zap_request(const struct zx_hs *hs, struct zx_zap_request *request) {
    *request = (struct zx_zap_request){.mechanism = hs->mechanism->ops->name};
    if (is_waiting_for_zap(hs))
        hs->mechanism->ops->zap_request(hs->mechanism, request);
}

static int keep_zap(struct zx_hs *hs, const struct zx_zap_reply *reply) {
    uint8_t *copy = malloc(reply->user_id_size + reply->metadata_size + 1);
    if (!copy)
        return -ENOMEM;
    if (reply->user_id_size)
        memcpy(copy, reply->user_id, reply->user_id_size);
    if (reply->metadata_size)
        memcpy(copy + reply->user_id_size, reply->metadata, reply->metadata_size);
    free(hs->zap);
    hs->zap = copy;
    hs->user_id_size = reply->user_id_size;
    hs->zap_metadata_size = reply->metadata_size;
    return 0;
}

int zx_hs_zap_reply(struct zx_hs *hs, const struct zx_zap_reply *reply) {
    if (!is_waiting_for_zap(hs))
        return hs->phase == FAILED ? hs->rc : -EINVAL;
    if (zx_meta_check(reply->metadata, reply->metadata_size))
        return zx_hs_zap_failed(hs, ZX_PERR_ZAP_INVALID_METADATA);
    if (reply->status && keep_zap(hs, reply))
        return fail_quietly(hs, -ENOMEM);
    int rc = hs->mechanism->ops->on_zap(hs->mechanism, reply);
    return rc ? fail_by_mechanism(hs, rc) : drive(hs);
}

int zx_hs_zap_failed(struct zx_hs *hs, uint32_t proto_error) {
    if (!is_waiting_for_zap(hs))
        return hs->phase == FAILED ? hs->rc : -EINVAL;
    return fail(hs, -EPROTO, ZX_HS_ERROR_PROTOCOL, proto_error);
}

static bool is_waiting_for_work(const struct zx_hs *hs) {
    return hs->phase == MECHANISM && hs->mechanism->status == ZX_MECH_WORK;
}

struct zx_mech_work *zx_hs_take_work(struct zx_hs *hs) {
    return is_waiting_for_work(hs) ? hs->mechanism->ops->work->take(hs->mechanism) : NULL;
}

int zx_hs_give_work(struct zx_hs *hs, struct zx_mech_work *work) {
    if (!is_waiting_for_work(hs)) {
        work->free(work);
        return hs->phase == FAILED ? hs->rc : -EINVAL;
    }
    int rc = hs->mechanism->ops->work->give(hs->mechanism, work);
    return rc ? fail_by_mechanism(hs, rc) : drive(hs);
}

/* ---- results ------------------------------------------------------------------- */

struct zx_hs_error zx_hs_error(const struct zx_hs *hs) {
    return hs->error;
}

int zx_hs_version(const struct zx_hs *hs) {
    return hs->greeting.version;
}

int zx_hs_peer_type(const struct zx_hs *hs) {
    return hs->peer.socket_type;
}

const uint8_t *zx_hs_routing_id(const struct zx_hs *hs, size_t *size) {
    *size = hs->peer.routing_id_size;
    return hs->peer.routing_id;
}

bool zx_hs_subscribe_all(const struct zx_hs *hs) {
    bool publishes = hs->socket_type == ZX_TYPE_PUB || hs->socket_type == ZX_TYPE_XPUB;
    return publishes && hs->greeting.version == ZX_ZMTP_UNVERSIONED;
}

int zx_hs_meta(const struct zx_hs *hs, const char *peer_address, int fd, struct zx_meta **meta) {
    *meta = NULL;
    if (hs->greeting.version < ZX_ZMTP_3_0)
        return 0;
    struct zx_meta_source source = {
        .peer_address = peer_address,
        .fd = fd,
        .has_user_id = hs->zap != NULL,
        .user_id = hs->zap,
        .user_id_size = hs->user_id_size,
        .zap = hs->zap ? hs->zap + hs->user_id_size : NULL,
        .zap_size = hs->zap_metadata_size,
        .peer = hs->peer_props,
        .peer_size = hs->peer_props_size,
    };
    return zx_meta_new(meta, &source);
}

struct zx_mechanism *zx_hs_take_mechanism(struct zx_hs *hs) {
    if (hs->phase != DONE || !hs->mechanism->ops->transforms)
        return NULL;
    struct zx_mechanism *m = hs->mechanism;
    hs->mechanism = NULL;
    return m;
}
