/* SPDX-License-Identifier: MIT */
#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

#define NAME(text)                                                                                 \
    { sizeof(text) - 1, text }

static const struct {
    uint8_t size;
    const char *text;
} names[] = {
    [ZX_COMMAND_READY] = NAME("READY"),         [ZX_COMMAND_ERROR] = NAME("ERROR"),
    [ZX_COMMAND_PING] = NAME("PING"),           [ZX_COMMAND_PONG] = NAME("PONG"),
    [ZX_COMMAND_SUBSCRIBE] = NAME("SUBSCRIBE"), [ZX_COMMAND_CANCEL] = NAME("CANCEL"),
    [ZX_COMMAND_JOIN] = NAME("JOIN"),           [ZX_COMMAND_LEAVE] = NAME("LEAVE"),
};

enum { NAMES = sizeof(names) / sizeof(names[0]) };

enum zx_command zx_command_of(const uint8_t *body, size_t size, size_t *data_at) {
    if (size == 0 || body[0] >= size)
        return ZX_COMMAND_MALFORMED;
    size_t name_size = body[0];
    if (data_at)
        *data_at = 1 + name_size;
    for (int i = ZX_COMMAND_READY; i < NAMES; i++)
        if (names[i].size == name_size && memcmp(names[i].text, body + 1, name_size) == 0)
            return (enum zx_command)i;
    return ZX_COMMAND_UNKNOWN;
}

size_t zx_command_name_size(enum zx_command command) {
    if (command <= ZX_COMMAND_UNKNOWN || (int)command >= NAMES)
        return 0;
    return 1u + names[command].size;
}

size_t zx_command_write(uint8_t *buf, size_t cap, enum zx_command command) {
    size_t size = zx_command_name_size(command);
    if (size == 0 || cap < size)
        return 0;
    buf[0] = names[command].size;
    memcpy(buf + 1, names[command].text, names[command].size);
    return size;
}

size_t zx_command_write_data(uint8_t *buf, size_t cap, enum zx_command command, const uint8_t *data,
                             size_t size) {
    size_t at = zx_command_write(buf, cap, command);
    if (at == 0 || cap - at < size)
        return 0;
    if (size)
        memcpy(buf + at, data, size);
    return at + size;
}

int zx_command_expect(const uint8_t *body, size_t size, enum zx_command wanted, size_t *data_at) {
    return zx_command_of(body, size, data_at) == wanted ? 0 : -EPROTO;
}
