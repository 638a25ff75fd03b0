/* SPDX-License-Identifier: MIT */
#include "security/zap.h"

#include <errno.h>
#include <string.h>

static const char version[] = "1.0";
/* One pipe asks one question: there is nothing to tell apart. */
static const char request_id[] = "1";

/* RFC 27 gives these positions; a frame for REP's and ROUTER's delimiter leads. */
enum { DELIMITER, VERSION, REQUEST_ID, STATUS, STATUS_TEXT, USER_ID, METADATA };

static struct zx_zap_frame text(const char *s) {
    return (struct zx_zap_frame){(const uint8_t *)s, strlen(s), true};
}

static struct zx_zap_frame bytes(const uint8_t *data, size_t size) {
    return (struct zx_zap_frame){data, size, true};
}

unsigned zx_zap_request_frames(struct zx_zap_frame out[ZX_ZAP_REQUEST_MAX],
                               const struct zx_zap_subject *subject,
                               const struct zx_zap_request *request) {
    unsigned n = 0;
    out[n++] = text("");
    out[n++] = text(version);
    out[n++] = text(request_id);
    out[n++] = bytes(subject->domain->data, subject->domain->size);
    out[n++] = text(subject->address);
    out[n++] = bytes(subject->identity->data, subject->identity->size);
    out[n++] = text(request->mechanism);
    for (unsigned i = 0; i < request->credentials && i < ZX_ZAP_CREDENTIALS_MAX; i++)
        out[n++] = bytes(request->credential[i].data, request->credential[i].size);
    out[n - 1].more = false;
    return n;
}

static bool is_text(const struct zx_zap_frame *f, const char *s) {
    size_t size = strlen(s);
    return f->size == size && !memcmp(f->data, s, size);
}

static bool has_form(const struct zx_zap_frame *frames, unsigned n) {
    if (n < ZX_ZAP_REPLY_FRAMES)
        return false;
    for (unsigned i = 0; i < METADATA; i++)
        if (!frames[i].more)
            return false;
    return !frames[METADATA].more;
}

/* 200, 300, 400 or 500; 0: something else. */
static int status_of(const struct zx_zap_frame *f) {
    if (f->size != 3 || f->data[0] < '2' || f->data[0] > '5' || f->data[1] != '0' ||
        f->data[2] != '0')
        return 0;
    return (f->data[0] - '0') * 100;
}

/* The order of the checks decides which value a monitor shows. */
static uint32_t error_of(const struct zx_zap_frame *frames, unsigned n) {
    if (!has_form(frames, n))
        return ZX_PERR_ZAP_MALFORMED_REPLY;
    if (frames[DELIMITER].size)
        return ZX_PERR_ZAP_UNSPECIFIED;
    if (!is_text(&frames[VERSION], version))
        return ZX_PERR_ZAP_BAD_VERSION;
    if (!is_text(&frames[REQUEST_ID], request_id))
        return ZX_PERR_ZAP_BAD_REQUEST_ID;
    if (!status_of(&frames[STATUS]))
        return ZX_PERR_ZAP_INVALID_STATUS_CODE;
    if (zx_meta_check(frames[METADATA].data, frames[METADATA].size))
        return ZX_PERR_ZAP_INVALID_METADATA;
    return 0;
}

int zx_zap_reply_parse(struct zx_zap_reply *reply, const struct zx_zap_frame *frames, unsigned n,
                       uint32_t *proto_error) {
    *proto_error = error_of(frames, n);
    if (*proto_error)
        return -EPROTO;
    *reply = (struct zx_zap_reply){
        .status = status_of(&frames[STATUS]),
        .user_id = frames[USER_ID].data,
        .user_id_size = frames[USER_ID].size,
        .metadata = frames[METADATA].data,
        .metadata_size = frames[METADATA].size,
    };
    return 0;
}
