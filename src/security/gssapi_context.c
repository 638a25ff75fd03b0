/* SPDX-License-Identifier: MIT */
#include "security/gssapi_context.h"

#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* MUTUAL and REPLAY are what libzmq asks for. SEQUENCE besides, so that nobody on the way can
 * leave out or exchange messages unnoticed; a peer that never asked for it need not know. */
enum { WANTED = GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG };

static gss_OID name_type(int type) {
    switch (type) {
    case 1:
        return GSS_C_NT_USER_NAME;
    case 2:
        return GSS_KRB5_NT_PRINCIPAL_NAME;
    default:
        return GSS_C_NT_HOSTBASED_SERVICE;
    }
}

static int reason(OM_uint32 minor) {
    return minor == ENOMEM ? -ENOMEM : -EACCES;
}

static int import(const struct zx_blob *text, int type, gss_name_t *name) {
    OM_uint32 minor;
    size_t size = 0; /* a name is a C string */
    while (size < text->size && text->data[size])
        size++;
    gss_buffer_desc buffer = {size, text->data};
    OM_uint32 major = gss_import_name(&minor, &buffer, name_type(type), name);
    return major == GSS_S_COMPLETE ? 0 : reason(minor);
}

static int acquire(struct zx_gss *g) {
    OM_uint32 minor;
    gss_name_t name = GSS_C_NO_NAME;
    gss_OID_set_desc kerberos = {1, gss_mech_krb5};
    if (g->settings->gss_principal.size) {
        int rc = import(&g->settings->gss_principal, g->settings->gss_nametype, &name);
        if (rc)
            return rc;
    }
    OM_uint32 major = gss_acquire_cred(&minor, name, GSS_C_INDEFINITE, &kerberos,
                                       g->is_server ? GSS_C_ACCEPT : GSS_C_INITIATE, &g->cred,
                                       NULL, NULL);
    int rc = major == GSS_S_COMPLETE ? 0 : reason(minor);
    (void)gss_release_name(&minor, &name);
    return rc;
}

static int prepare(struct zx_gss *g) {
    int rc = acquire(g);
    if (!rc && !g->is_server)
        rc = import(&g->settings->gss_service, g->settings->gss_service_nametype, &g->target);
    g->is_prepared = !rc;
    return rc;
}

static int take_peer_name(struct zx_gss *g, gss_name_t name) {
    OM_uint32 minor;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (gss_display_name(&minor, name, &text, NULL) != GSS_S_COMPLETE)
        return reason(minor);
    int rc = zx_buf_append(&g->peer, text.value, text.length);
    (void)gss_release_buffer(&minor, &text);
    return rc;
}

/* Whether what was agreed on is what we asked for. */
static bool is_enough(const struct zx_gss *g, OM_uint32 flags) {
    if (!g->is_server && !(flags & GSS_C_MUTUAL_FLAG))
        return false;
    return g->settings->gss_plaintext || flags & GSS_C_CONF_FLAG;
}

static int outcome(struct zx_gss *g, OM_uint32 major, OM_uint32 minor, OM_uint32 flags) {
    if (GSS_ERROR(major))
        return reason(minor);
    if (major & GSS_S_CONTINUE_NEEDED)
        return zx_buf_size(&g->out) ? 0 : -EACCES; /* it would be waited for ever */
    return is_enough(g, flags) ? 1 : -EACCES;
}

static int take_token(struct zx_gss *g, gss_buffer_t token) {
    OM_uint32 minor;
    int rc = zx_buf_append(&g->out, token->value, token->length);
    (void)gss_release_buffer(&minor, token);
    return rc;
}

static int initiate(struct zx_gss *g, gss_buffer_t in) {
    OM_uint32 minor, flags = 0;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_init_sec_context(&minor, g->cred, &g->ctx, g->target, gss_mech_krb5,
                                           WANTED, 0, GSS_C_NO_CHANNEL_BINDINGS, in, NULL, &out,
                                           &flags, NULL);
    int rc = take_token(g, &out);
    return rc ? rc : outcome(g, major, minor, flags);
}

static int receive(struct zx_gss *g, gss_buffer_t in) {
    OM_uint32 minor, ignored, flags = 0;
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    gss_name_t client = GSS_C_NO_NAME;
    OM_uint32 major = gss_accept_sec_context(&minor, &g->ctx, g->cred, in,
                                             GSS_C_NO_CHANNEL_BINDINGS, &client, NULL, &out,
                                             &flags, NULL, NULL);
    int rc = take_token(g, &out);
    if (!rc)
        rc = outcome(g, major, minor, flags);
    if (rc == 1) {
        int named = take_peer_name(g, client);
        rc = named ? named : 1;
    }
    (void)gss_release_name(&ignored, &client);
    return rc;
}

static void run(struct zx_mech_work *work) {
    struct zx_gss *g = (struct zx_gss *)work;
    gss_buffer_desc in = {zx_buf_size(&g->in), g->in.data ? g->in.data + g->in.head : NULL};
    g->result = g->is_prepared ? 0 : prepare(g);
    if (!g->result)
        g->result = g->is_server ? receive(g, &in) : initiate(g, &in);
    zx_buf_fini(&g->in);
}

static void free_work(struct zx_mech_work *work) {
    struct zx_gss *g = (struct zx_gss *)work;
    OM_uint32 minor;
    (void)gss_delete_sec_context(&minor, &g->ctx, GSS_C_NO_BUFFER);
    (void)gss_release_cred(&minor, &g->cred);
    (void)gss_release_name(&minor, &g->target);
    zx_buf_fini(&g->in);
    zx_buf_fini(&g->out);
    zx_buf_fini(&g->peer);
    free(g);
}

struct zx_gss *zx_gss_new(const struct zx_security_settings *settings, bool is_server) {
    struct zx_gss *g = calloc(1, sizeof *g);
    if (!g)
        return NULL;
    g->work = (struct zx_mech_work){run, free_work};
    g->settings = settings;
    g->is_server = is_server;
    return g;
}

void zx_gss_free(struct zx_gss **g) {
    if (*g)
        free_work(&(*g)->work);
    *g = NULL;
}

/* ---- traffic ------------------------------------------------------------------- */

enum { HEAD, TEXT, PADDING, TAIL, PARTS };

static void parts(gss_iov_buffer_desc iov[PARTS], uint8_t *text, size_t size) {
    memset(iov, 0, PARTS * sizeof *iov);
    iov[HEAD].type = GSS_IOV_BUFFER_TYPE_HEADER;
    iov[TEXT].type = GSS_IOV_BUFFER_TYPE_DATA;
    iov[TEXT].buffer = (gss_buffer_desc){size, text};
    iov[PADDING].type = GSS_IOV_BUFFER_TYPE_PADDING;
    iov[TAIL].type = GSS_IOV_BUFFER_TYPE_TRAILER;
}

int zx_gss_wrap_extra(struct zx_gss *g, size_t size, struct zx_gss_extra *extra) {
    gss_iov_buffer_desc iov[PARTS];
    OM_uint32 minor;
    int is_private = 0;
    parts(iov, NULL, size);
    if (gss_wrap_iov_length(&minor, g->ctx, 1, GSS_C_QOP_DEFAULT, &is_private, iov, PARTS) !=
            GSS_S_COMPLETE ||
        !is_private)
        return -EPROTO;
    extra->head = iov[HEAD].buffer.length;
    extra->padding = iov[PADDING].buffer.length;
    extra->tail = iov[TAIL].buffer.length;
    return 0;
}

int zx_gss_wrap(struct zx_gss *g, uint8_t *text, size_t size, const struct zx_gss_extra *extra) {
    gss_iov_buffer_desc iov[PARTS];
    OM_uint32 minor;
    int is_private = 0;
    parts(iov, text, size);
    iov[HEAD].buffer = (gss_buffer_desc){extra->head, text - extra->head};
    iov[PADDING].buffer = (gss_buffer_desc){extra->padding, text + size};
    iov[TAIL].buffer = (gss_buffer_desc){extra->tail, text + size + extra->padding};
    OM_uint32 major =
        gss_wrap_iov(&minor, g->ctx, 1, GSS_C_QOP_DEFAULT, &is_private, iov, PARTS);
    return major == GSS_S_COMPLETE && is_private ? 0 : -EPROTO;
}

int zx_gss_unwrap(struct zx_gss *g, uint8_t *token, size_t size, uint8_t **text,
                  size_t *text_size) {
    gss_iov_buffer_desc iov[2] = {
        {.type = GSS_IOV_BUFFER_TYPE_STREAM, .buffer = {size, token}},
        {.type = GSS_IOV_BUFFER_TYPE_DATA},
    };
    OM_uint32 minor;
    int is_private = 0;
    /* Anything but COMPLETE alone, such as a repeated or a missing message, is an attack. */
    if (gss_unwrap_iov(&minor, g->ctx, &is_private, NULL, iov, 2) != GSS_S_COMPLETE ||
        !is_private)
        return -EPROTO;
    *text = iov[1].buffer.value;
    *text_size = iov[1].buffer.length;
    return 0;
}
