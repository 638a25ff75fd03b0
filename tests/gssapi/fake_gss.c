/* SPDX-License-Identifier: MIT */
#include "fake_gss.h"

#include <errno.h>
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdlib.h>
#include <string.h>

static const char wrapped[] = "WRAP";
enum { TURNED = 0x55 };

static uint16_t sum_of(const uint8_t *text, size_t size) {
    uint16_t sum = 0;
    while (size--)
        sum = (uint16_t)(sum * 31 + *text++);
    return sum;
}

static void turn(uint8_t *text, size_t size) {
    while (size--)
        *text++ ^= TURNED;
}

static void seal(uint8_t *head, uint8_t *text, size_t size, uint8_t *tail) {
    uint16_t sum = sum_of(text, size);
    memcpy(head, wrapped, FAKE_HEAD);
    tail[0] = (uint8_t)(sum >> 8);
    tail[1] = (uint8_t)sum;
    turn(text, size);
}

void fake_gss_wrap(uint8_t *to, const uint8_t *text, size_t size) {
    if (size)
        memcpy(to + FAKE_HEAD, text, size);
    seal(to, to + FAKE_HEAD, size, to + FAKE_HEAD + size);
}

/* False: forged. */
static int unseal(uint8_t *token, size_t size, uint8_t **text, size_t *text_size) {
    if (size < FAKE_HEAD + FAKE_TAIL || memcmp(token, wrapped, FAKE_HEAD))
        return 0;
    *text = token + FAKE_HEAD;
    *text_size = size - FAKE_HEAD - FAKE_TAIL;
    turn(*text, *text_size);
    uint16_t sum = sum_of(*text, *text_size);
    const uint8_t *tail = *text + *text_size;
    return tail[0] == sum >> 8 && tail[1] == (uint8_t)sum;
}

/* ---- objects ---------------------------------------------------------------------- */

static void *thing(const void *data, size_t size) {
    char *made = calloc(1, size + 1);
    if (made && size)
        memcpy(made, data, size);
    return made;
}

static void drop(void *where) {
    void *what;
    memcpy(&what, where, sizeof what);
    free(what);
    memset(where, 0, sizeof what);
}

static OM_uint32 no_memory(OM_uint32 *minor) {
    *minor = ENOMEM;
    return GSS_S_FAILURE;
}

static int give(gss_buffer_t out, const char *text) {
    out->value = thing(text, strlen(text));
    out->length = out->value ? strlen(text) : 0;
    return out->value != NULL;
}

OM_uint32 gss_import_name(OM_uint32 *minor, gss_buffer_t in, gss_OID type, gss_name_t *out) {
    (void)type;
    *minor = 0;
    *out = thing(in->value, in->length);
    return *out ? GSS_S_COMPLETE : no_memory(minor);
}

OM_uint32 gss_display_name(OM_uint32 *minor, gss_name_t name, gss_buffer_t out, gss_OID *type) {
    *minor = 0;
    if (type)
        *type = GSS_C_NO_OID;
    return give(out, (const char *)name) ? GSS_S_COMPLETE : no_memory(minor);
}

OM_uint32 gss_release_name(OM_uint32 *minor, gss_name_t *name) {
    *minor = 0;
    drop(name);
    return GSS_S_COMPLETE;
}

OM_uint32 gss_acquire_cred(OM_uint32 *minor, gss_name_t name, OM_uint32 time, gss_OID_set mechs,
                           int usage, gss_cred_id_t *cred, gss_OID_set *actual,
                           OM_uint32 *lifetime) {
    (void)time, (void)mechs, (void)usage, (void)actual, (void)lifetime;
    *minor = 0;
    if (name && !strcmp((const char *)name, "nobody"))
        return GSS_S_NO_CRED;
    *cred = thing("cred", 4);
    return *cred ? GSS_S_COMPLETE : no_memory(minor);
}

OM_uint32 gss_release_cred(OM_uint32 *minor, gss_cred_id_t *cred) {
    *minor = 0;
    drop(cred);
    return GSS_S_COMPLETE;
}

OM_uint32 gss_release_buffer(OM_uint32 *minor, gss_buffer_t buffer) {
    *minor = 0;
    free(buffer->value);
    *buffer = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    return GSS_S_COMPLETE;
}

OM_uint32 gss_delete_sec_context(OM_uint32 *minor, gss_ctx_id_t *ctx, gss_buffer_t out) {
    (void)out;
    *minor = 0;
    drop(ctx);
    return GSS_S_COMPLETE;
}

/* ---- establishment ------------------------------------------------------------------ */

static OM_uint32 begin(gss_ctx_id_t *ctx) {
    if (!*ctx)
        *ctx = thing("context", 7);
    return *ctx ? GSS_S_COMPLETE : GSS_S_FAILURE;
}

static char first_of(const gss_buffer_desc *token) {
    return token->length ? *(const char *)token->value : 'F';
}

OM_uint32 gss_init_sec_context(OM_uint32 *minor, gss_cred_id_t cred, gss_ctx_id_t *ctx,
                               gss_name_t target, gss_OID mech, OM_uint32 wanted, OM_uint32 time,
                               gss_channel_bindings_t bindings, gss_buffer_t in, gss_OID *actual,
                               gss_buffer_t out, OM_uint32 *flags, OM_uint32 *lifetime) {
    (void)cred, (void)target, (void)mech, (void)time, (void)bindings, (void)actual, (void)lifetime;
    *minor = 0;
    *out = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    int is_first = !*ctx;
    if (begin(ctx))
        return no_memory(minor);
    if (flags)
        *flags = wanted | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    char what = is_first || !in ? '1' : first_of(in);
    if (what == 'F')
        return GSS_S_DEFECTIVE_TOKEN;
    if (what == 'W' && flags)
        *flags &= ~(OM_uint32)GSS_C_MUTUAL_FLAG;
    if (what == '1' || what == 'M' || what == 'L')
        if (!give(out, what == '1' ? "one" : what == 'M' ? "more" : "last"))
            return no_memory(minor);
    return what == '1' || what == 'M' ? GSS_S_CONTINUE_NEEDED : GSS_S_COMPLETE;
}

OM_uint32 gss_accept_sec_context(OM_uint32 *minor, gss_ctx_id_t *ctx, gss_cred_id_t cred,
                                 gss_buffer_t in, gss_channel_bindings_t bindings,
                                 gss_name_t *source, gss_OID *mech, gss_buffer_t out,
                                 OM_uint32 *flags, OM_uint32 *lifetime, gss_cred_id_t *passed) {
    (void)cred, (void)bindings, (void)mech, (void)lifetime, (void)passed;
    *minor = 0;
    *out = (gss_buffer_desc)GSS_C_EMPTY_BUFFER;
    char what = first_of(in);
    if (begin(ctx))
        return no_memory(minor);
    if (flags)
        *flags = GSS_C_MUTUAL_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
    if (what == 'F')
        return GSS_S_DEFECTIVE_TOKEN;
    if (what != 'N' && !give(out, what == 'M' ? "more" : "two"))
        return no_memory(minor);
    if (what == 'M')
        return GSS_S_CONTINUE_NEEDED;
    if (source && !(*source = thing("alice@FAKE", 10)))
        return no_memory(minor);
    return GSS_S_COMPLETE;
}

/* ---- traffic ------------------------------------------------------------------------- */

enum { HEAD, TEXT, PADDING, TAIL };

OM_uint32 gss_wrap_iov_length(OM_uint32 *minor, gss_ctx_id_t ctx, int conf, gss_qop_t qop,
                              int *state, gss_iov_buffer_desc *iov, int count) {
    (void)ctx, (void)qop, (void)count;
    *minor = 0;
    *state = conf;
    iov[HEAD].buffer.length = FAKE_HEAD;
    iov[PADDING].buffer.length = 0;
    iov[TAIL].buffer.length = FAKE_TAIL;
    return GSS_S_COMPLETE;
}

OM_uint32 gss_wrap_iov(OM_uint32 *minor, gss_ctx_id_t ctx, int conf, gss_qop_t qop, int *state,
                       gss_iov_buffer_desc *iov, int count) {
    (void)ctx, (void)qop, (void)count;
    *minor = 0;
    *state = conf;
    seal(iov[HEAD].buffer.value, iov[TEXT].buffer.value, iov[TEXT].buffer.length,
         iov[TAIL].buffer.value);
    return GSS_S_COMPLETE;
}

OM_uint32 gss_unwrap_iov(OM_uint32 *minor, gss_ctx_id_t ctx, int *state, gss_qop_t *qop,
                         gss_iov_buffer_desc *iov, int count) {
    uint8_t *text;
    (void)ctx, (void)qop, (void)count;
    *minor = 0;
    *state = 1;
    if (!unseal(iov[0].buffer.value, iov[0].buffer.length, &text, &iov[1].buffer.length))
        return GSS_S_BAD_SIG;
    iov[1].buffer.value = text;
    return GSS_S_COMPLETE;
}

/* The same for libzmq, which copies. */
OM_uint32 gss_wrap(OM_uint32 *minor, gss_ctx_id_t ctx, int conf, gss_qop_t qop, gss_buffer_t in,
                   int *state, gss_buffer_t out) {
    (void)ctx, (void)qop;
    *minor = 0;
    if (state)
        *state = conf;
    out->length = in->length + FAKE_HEAD + FAKE_TAIL;
    out->value = malloc(out->length);
    if (!out->value)
        return GSS_S_FAILURE;
    fake_gss_wrap(out->value, in->value, in->length);
    return GSS_S_COMPLETE;
}

OM_uint32 gss_unwrap(OM_uint32 *minor, gss_ctx_id_t ctx, gss_buffer_t in, gss_buffer_t out,
                     int *state, gss_qop_t *qop) {
    uint8_t *text;
    size_t size;
    (void)ctx, (void)qop;
    *minor = 0;
    uint8_t *copy = thing(in->value, in->length);
    if (!copy || !unseal(copy, in->length, &text, &size)) {
        free(copy);
        return GSS_S_BAD_SIG;
    }
    if (state)
        *state = 1;
    out->length = size;
    out->value = thing(text, size);
    free(copy);
    return out->value ? GSS_S_COMPLETE : GSS_S_FAILURE;
}
