/* SPDX-License-Identifier: MIT */
#include "zmtp/cmd_join.h"

#include "zmtp/command.h"

#include <errno.h>

int zx_membership_parse(const uint8_t *body, size_t size, struct zx_membership *membership) {
    size_t at;
    enum zx_command command = zx_command_of(body, size, &at);
    if (command != ZX_COMMAND_JOIN && command != ZX_COMMAND_LEAVE)
        return -EPROTO;
    if (size - at > ZX_GROUP_SIZE_MAX)
        return -EPROTO;
    membership->join = command == ZX_COMMAND_JOIN;
    membership->group = body + at;
    membership->group_size = size - at;
    return 0;
}

static enum zx_command command_of(const struct zx_membership *membership) {
    return membership->join ? ZX_COMMAND_JOIN : ZX_COMMAND_LEAVE;
}

size_t zx_membership_size(const struct zx_membership *membership) {
    return zx_command_name_size(command_of(membership)) + membership->group_size;
}

size_t zx_membership_write(uint8_t *buf, size_t cap, const struct zx_membership *membership) {
    if (membership->group_size > ZX_GROUP_SIZE_MAX)
        return 0;
    return zx_command_write_data(buf, cap, command_of(membership), membership->group,
                                 membership->group_size);
}
