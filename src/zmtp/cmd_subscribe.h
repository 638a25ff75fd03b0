/* SPDX-License-Identifier: MIT */
/*
 * SUBSCRIBE: 09 "SUBSCRIBE" topic, and CANCEL: 06 "CANCEL" topic (3.1); before
 * 3.1 a message whose body is 01 topic or 00 topic.
 *
 * What: writers and readers of both forms. Owner: none; pure functions.
 * Life: none. Never: counts subscriptions.
 *
 * Whether a frame is long follows from the size of the whole body, so sizes are
 * to be asked of these functions, never of the topic.
 */
#ifndef ZX_ZMTP_CMD_SUBSCRIBE_H
#define ZX_ZMTP_CMD_SUBSCRIBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zx_subscription {
    bool subscribe; /* false: cancel */
    const uint8_t *topic;
    size_t topic_size;
};

/* Reads the body of a SUBSCRIBE or CANCEL command. */
int zx_subscription_parse(const uint8_t *body, size_t size, struct zx_subscription *sub);
size_t zx_subscription_size(const struct zx_subscription *sub);
size_t zx_subscription_write(uint8_t *buf, size_t cap, const struct zx_subscription *sub);

/* The message form: -EPROTO if the body is empty or starts with neither 0 nor 1
 * (it is then an application message). */
int zx_subscription_parse_message(const uint8_t *body, size_t size, struct zx_subscription *sub);
size_t zx_subscription_message_size(const struct zx_subscription *sub);
size_t zx_subscription_write_message(uint8_t *buf, size_t cap, const struct zx_subscription *sub);

#endif
