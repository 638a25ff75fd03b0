/* SPDX-License-Identifier: MIT */
#include "zmtp/cmd_error.h"

#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

enum { PREFIX_SIZE = 6 };

static const uint8_t prefix[PREFIX_SIZE] = {5, 'E', 'R', 'R', 'O', 'R'};
/* The form libzmq's PLAIN sends and expects: no length byte, a caret for the E. */
static const uint8_t plain_prefix[] = {'^', 'R', 'R', 'O', 'R'};

bool zx_error_is(const uint8_t *body, size_t size) {
    return size >= PREFIX_SIZE && memcmp(body, prefix, PREFIX_SIZE) == 0;
}

bool zx_error_is_plain(const uint8_t *body, size_t size) {
    return size >= sizeof plain_prefix && memcmp(body, plain_prefix, sizeof plain_prefix) == 0;
}

/* Offset of the reason's length byte, 0 if the body is no ERROR. */
static size_t reason_at(const uint8_t *body, size_t size) {
    if (zx_error_is(body, size))
        return PREFIX_SIZE;
    return zx_error_is_plain(body, size) ? sizeof plain_prefix : 0;
}

int zx_error_parse(const uint8_t *body, size_t size, const uint8_t **reason, size_t *reason_size) {
    size_t at = reason_at(body, size);
    if (at == 0 || size == at)
        return -EPROTO;
    size_t n = body[at];
    if (n > size - at - 1)
        return -EPROTO;
    *reason = body + at + 1;
    *reason_size = n;
    return 0;
}

unsigned zx_error_status(const uint8_t *reason, size_t reason_size) {
    if (reason_size != 3 || reason[1] != '0' || reason[2] != '0')
        return 0;
    return reason[0] >= '3' && reason[0] <= '5' ? (unsigned)(reason[0] - '0') * 100 : 0;
}

size_t zx_error_write(uint8_t *buf, size_t cap, const uint8_t *reason, size_t reason_size) {
    size_t at = zx_command_write(buf, cap, ZX_COMMAND_ERROR);
    if (at == 0 || reason_size > UINT8_MAX || cap - at < 1 + reason_size)
        return 0;
    buf[at] = (uint8_t)reason_size;
    if (reason_size)
        memcpy(buf + at + 1, reason, reason_size);
    return at + 1 + reason_size;
}
