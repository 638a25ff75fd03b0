/* SPDX-License-Identifier: MIT */
#include "zmtp/cmd_ready.h"

#include "zmtp/command.h"

int zx_ready_parse(const uint8_t *body, size_t size, const uint8_t **props, size_t *props_size) {
    size_t at;
    int rc = zx_command_expect(body, size, ZX_COMMAND_READY, &at);
    if (rc)
        return rc;
    *props = body + at;
    *props_size = size - at;
    return 0;
}

size_t zx_ready_size(size_t props_size) {
    return zx_command_name_size(ZX_COMMAND_READY) + props_size;
}

size_t zx_ready_write(uint8_t *buf, size_t cap, const uint8_t *props, size_t props_size) {
    return zx_command_write_data(buf, cap, ZX_COMMAND_READY, props, props_size);
}
