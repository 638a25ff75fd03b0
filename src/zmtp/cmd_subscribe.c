/* SPDX-License-Identifier: MIT */
#include "zmtp/cmd_subscribe.h"

#include "zmtp/command.h"

#include <errno.h>
#include <string.h>

int zx_subscription_parse(const uint8_t *body, size_t size, struct zx_subscription *sub) {
    size_t at;
    enum zx_command command = zx_command_of(body, size, &at);
    if (command != ZX_COMMAND_SUBSCRIBE && command != ZX_COMMAND_CANCEL)
        return -EPROTO;
    sub->subscribe = command == ZX_COMMAND_SUBSCRIBE;
    sub->topic = body + at;
    sub->topic_size = size - at;
    return 0;
}

static enum zx_command command_of(const struct zx_subscription *sub) {
    return sub->subscribe ? ZX_COMMAND_SUBSCRIBE : ZX_COMMAND_CANCEL;
}

size_t zx_subscription_size(const struct zx_subscription *sub) {
    return zx_command_name_size(command_of(sub)) + sub->topic_size;
}

size_t zx_subscription_write(uint8_t *buf, size_t cap, const struct zx_subscription *sub) {
    return zx_command_write_data(buf, cap, command_of(sub), sub->topic, sub->topic_size);
}

int zx_subscription_parse_message(const uint8_t *body, size_t size, struct zx_subscription *sub) {
    if (size == 0 || body[0] > 1)
        return -EPROTO;
    sub->subscribe = body[0] == 1;
    sub->topic = body + 1;
    sub->topic_size = size - 1;
    return 0;
}

size_t zx_subscription_message_size(const struct zx_subscription *sub) {
    return 1 + sub->topic_size;
}

size_t zx_subscription_write_message(uint8_t *buf, size_t cap, const struct zx_subscription *sub) {
    if (cap == 0 || cap - 1 < sub->topic_size)
        return 0;
    buf[0] = sub->subscribe ? 1 : 0;
    if (sub->topic_size)
        memcpy(buf + 1, sub->topic, sub->topic_size);
    return 1 + sub->topic_size;
}
