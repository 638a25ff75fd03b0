/* SPDX-License-Identifier: MIT */
/*
 * What a security mechanism is.
 *
 * What: the typed table every mechanism fills, the part all of them share
 *   (struct zx_mechanism), and the registry that finds them by name or number.
 * Owner: a mechanism object belongs to a handshake (zmtp/handshake.h), after it
 *   to the link; used only by the holder of the link's word. Tables are
 *   constant.
 * Life: ops->create ... ops->destroy, through zx_mechanism_new/_free. One
 *   object per connection.
 * Never: sees frames (bodies only), descriptors, clocks or errno; takes a flag
 *   from outside its own authenticated text; keeps a pointer into a body beyond
 *   the call.
 *
 * A mechanism is driven so: while there is something to say, next_command;
 * then by status:
 *   COMMAND  on_command with the peer's next command
 *   ZAP      zap_request tells what to ask, on_zap takes the answer; on_command
 *            meanwhile only if takes_command says so
 *   WORK     a step that may wait: work->take, its run() on a thread that may, work->give
 *   HOLD     on_accept when the caller has registered the peer
 *   DONE     traffic; encode and decode if `transforms`
 *   FAILED   error tells why; a last command may wait in next_command
 */
#ifndef ZX_SECURITY_MECHANISM_H
#define ZX_SECURITY_MECHANISM_H

#include "security/settings.h"
#include "zmtp/metadata.h"
#include "zmtp/proto_error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_mechanism;
struct zx_buf;

enum zx_mech_status {
    ZX_MECH_COMMAND,
    ZX_MECH_ZAP,
    ZX_MECH_WORK,
    ZX_MECH_HOLD,
    ZX_MECH_DONE,
    ZX_MECH_FAILED,
};

/* Given at creation; props are borrowed and outlive the handshake, settings the mechanism. */
struct zx_mech_conf {
    int socket_type;
    bool as_server;
    bool hold;            /* ask for HOLD before the last command that lets the peer in */
    bool zap_domain;      /* a ZAP domain is set */
    bool zap_enforce;     /* ZMQ_ZAP_ENFORCE_DOMAIN */
    const uint8_t *props; /* own metadata block */
    size_t props_size;
    const struct zx_security_settings *settings; /* keys, names, passwords */
};

#define ZX_ZAP_CREDENTIALS_MAX 2

struct zx_zap_credential {
    const uint8_t *data;
    size_t size;
};

struct zx_zap_request {
    const char *mechanism;
    unsigned credentials;
    struct zx_zap_credential credential[ZX_ZAP_CREDENTIALS_MAX];
};

/* A well-formed reply; status 0 says that no handler is there. */
struct zx_zap_reply {
    int status; /* 0, 200, 300, 400, 500 */
    const uint8_t *user_id;
    size_t user_id_size;
    const uint8_t *metadata; /* checked block */
    size_t metadata_size;
};

/* One frame as the application sees it: flags are ZMTP's MORE 1 and COMMAND 4. */
struct zx_mech_frame {
    uint8_t flags;
    const uint8_t *body;
    size_t size;
};

/* A frame to be sealed: `to` has room for size and the overhead. */
struct zx_mech_seal {
    const uint8_t *text;
    size_t size;
    uint8_t flags; /* ZMTP's MORE 1 and COMMAND 4 */
    uint8_t *to;
};

/* A body to be opened: its text, size less the overhead, goes to `to`, which may lie before the
 * text's place or be it. */
struct zx_mech_open {
    const uint8_t *box;
    size_t size;
    uint8_t *to;
    uint8_t flags; /* out */
};

/* The fast way of a mechanism whose bodies are longer than their texts by a fixed number of bytes
 * (`overhead`): whole rows at once, where the bytes lie. */
struct zx_mech_rows {
    /* Writes all n bodies. -EPROTO with m->error set. */
    int (*seal)(struct zx_mechanism *m, const struct zx_mech_seal *seal, unsigned n);
    /* Opens in order; returns how many, fewer than n with m->error set. */
    unsigned (*open)(struct zx_mechanism *m, struct zx_mech_open *open, unsigned n);
};

/* A step that may wait for others: it owns all that it needs but the settings, so that any thread
 * can run it, while the mechanism waits or after it is gone. */
struct zx_mech_work {
    void (*run)(struct zx_mech_work *work);
    void (*free)(struct zx_mech_work *work);
};

struct zx_mech_work_ops {
    /* Only with status WORK: hands the step out, once; NULL afterwards. */
    struct zx_mech_work *(*take)(struct zx_mechanism *m);
    /* Takes back what was run. 0; -EACCES, -EPROTO or -ENOMEM with m->error set and status
     * FAILED. */
    int (*give)(struct zx_mechanism *m, struct zx_mech_work *work);
};

struct zx_mechanism_ops {
    const char *name; /* as in the greeting, at most 20 bytes */
    int number;       /* ZMQ_NULL 0, ZMQ_PLAIN 1, ZMQ_CURVE 2, ZMQ_GSSAPI 3 */
    bool transforms;  /* traffic goes through encode and decode */
    size_t overhead;  /* most bytes that encode adds to a body */
    const struct zx_mech_rows *rows; /* NULL: only encode and decode */
    const struct zx_mech_work_ops *work; /* NULL: never in status WORK */

    /* Makes *m in its first state; may choose another table for it. -ENOMEM, -EINVAL (unusable
     * configuration). */
    int (*create)(struct zx_mechanism **m, const struct zx_mech_conf *conf);
    /* Frees, wiping secrets. */
    void (*destroy)(struct zx_mechanism *m);

    /* Appends the body of the next command to out: 1 appended, 0 nothing to
     * say now, -ENOMEM. */
    int (*next_command)(struct zx_mechanism *m, struct zx_buf *out);
    /* Takes the body of the peer's command: 0, or -EPROTO / -ENOMEM with
     * m->error set and status FAILED. */
    int (*on_command)(struct zx_mechanism *m, const uint8_t *body, size_t size);
    /* True if the peer's next frame is for on_command; false if it must wait. */
    bool (*takes_command)(const struct zx_mechanism *m);

    /* Only with status ZAP. The request borrows from m. */
    void (*zap_request)(const struct zx_mechanism *m, struct zx_zap_request *request);
    /* Only with status ZAP: decides by the status of the reply. 0, or -EACCES
     * with m->error set and status FAILED (next_command may hold ERROR). */
    int (*on_zap)(struct zx_mechanism *m, const struct zx_zap_reply *reply);
    /* Only with status HOLD: the caller let the peer in. */
    void (*on_accept)(struct zx_mechanism *m);

    /* Appends the body that travels instead of the frame. -ENOMEM, -EMSGSIZE. */
    int (*encode)(struct zx_mechanism *m, const struct zx_mech_frame *in, struct zx_buf *out);
    /* Opens a received body in place; *out borrows from it. -EPROTO with
     * m->error set. */
    int (*decode)(struct zx_mechanism *m, uint8_t *body, size_t size, struct zx_mech_frame *out);
};

/* What all mechanisms share; first member of each mechanism's own struct. */
struct zx_mechanism {
    const struct zx_mechanism_ops *ops;
    struct zx_mech_conf conf;
    enum zx_mech_status status;
    struct zx_hs_error error;
    uint8_t *peer_props; /* the peer's metadata block; NULL until known, and again
                          * after the handshake took it over */
    size_t peer_props_size;
    struct zx_meta_peer peer; /* what it says; borrows from the block */
};

/* ---- for the driver ------------------------------------------------------ */

int zx_mechanism_new(struct zx_mechanism **m, const struct zx_mechanism_ops *ops,
                     const struct zx_mech_conf *conf);
/* Frees and clears; *m may be NULL. */
void zx_mechanism_free(struct zx_mechanism **m);

/* Registry: NULL if this build has no such mechanism. */
const struct zx_mechanism_ops *zx_mechanism_by_name(const char *name);
const struct zx_mechanism_ops *zx_mechanism_by_number(int number);

/* ---- for the mechanisms -------------------------------------------------- */

/* Sets status FAILED and the error; returns -EPROTO. */
int zx_mechanism_fail(struct zx_mechanism *m, enum zx_hs_error_kind kind, uint32_t value);
/* Checks the peer's metadata against the local type and keeps a copy. -EPROTO
 * (no error set: each mechanism reports this in its own way), -ENOMEM. */
int zx_mechanism_take_props(struct zx_mechanism *m, const uint8_t *props, size_t size);
/* Handles a body known to be an ERROR command: always -EPROTO. */
int zx_mechanism_on_error(struct zx_mechanism *m, const uint8_t *body, size_t size);

/* Stock entries for slots a mechanism does not use. */
bool zx_mechanism_takes_command_default(const struct zx_mechanism *m); /* status COMMAND */
void zx_mechanism_zap_request_none(const struct zx_mechanism *m, struct zx_zap_request *request);
int zx_mechanism_on_zap_none(struct zx_mechanism *m, const struct zx_zap_reply *reply);
int zx_mechanism_encode_none(struct zx_mechanism *m, const struct zx_mech_frame *in,
                             struct zx_buf *out);
int zx_mechanism_decode_none(struct zx_mechanism *m, uint8_t *body, size_t size,
                             struct zx_mech_frame *out);

extern const struct zx_mechanism_ops zx_null_ops, zx_plain_ops, zx_curve_ops, zx_gssapi_ops;

#endif
