/* SPDX-License-Identifier: MIT */
#include "zmtp/cmd_ping.h"

#include "base/bytes.h"
#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

enum { TTL_SIZE = 2 };

/* RFC 37: a context is at most 16 bytes; whatever is behind them is dropped. */
static size_t bounded(size_t context_size) {
    return context_size < ZX_PING_CONTEXT_MAX ? context_size : ZX_PING_CONTEXT_MAX;
}

int zx_ping_parse(const uint8_t *body, size_t size, struct zx_ping *ping) {
    size_t at;
    int rc = zx_command_expect(body, size, ZX_COMMAND_PING, &at);
    if (rc)
        return rc;
    if (size - at < TTL_SIZE)
        return -EPROTO;
    ping->ttl_ds = zx_get16(body + at);
    ping->context = body + at + TTL_SIZE;
    ping->context_size = bounded(size - at - TTL_SIZE);
    return 0;
}

size_t zx_ping_write(uint8_t *buf, size_t cap, const struct zx_ping *ping) {
    size_t context_size = bounded(ping->context_size);
    size_t at = zx_command_write(buf, cap, ZX_COMMAND_PING);
    if (at == 0 || cap - at < TTL_SIZE + context_size)
        return 0;
    zx_put16(buf + at, ping->ttl_ds);
    if (context_size)
        memcpy(buf + at + TTL_SIZE, ping->context, context_size);
    return at + TTL_SIZE + context_size;
}

int zx_pong_parse(const uint8_t *body, size_t size, const uint8_t **context, size_t *context_size) {
    size_t at;
    int rc = zx_command_expect(body, size, ZX_COMMAND_PONG, &at);
    if (rc)
        return rc;
    *context = body + at;
    *context_size = bounded(size - at);
    return 0;
}

size_t zx_pong_write(uint8_t *buf, size_t cap, const uint8_t *context, size_t context_size) {
    return zx_command_write_data(buf, cap, ZX_COMMAND_PONG, context, bounded(context_size));
}
