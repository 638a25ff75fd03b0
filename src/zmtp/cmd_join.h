/* SPDX-License-Identifier: MIT */
/*
 * JOIN: 04 "JOIN" group, and LEAVE: 05 "LEAVE" group; the group is the rest of
 * the body, 0 to 255 bytes.
 *
 * What: writer and reader of both bodies. Owner: none; pure functions.
 * Life: none. Never: counts memberships.
 */
#ifndef ZX_ZMTP_CMD_JOIN_H
#define ZX_ZMTP_CMD_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ZX_GROUP_SIZE_MAX 255u

struct zx_membership {
    bool join; /* false: leave */
    const uint8_t *group;
    size_t group_size;
};

/* A group above ZX_GROUP_SIZE_MAX is -EPROTO: its peer loses the connection. */
int zx_membership_parse(const uint8_t *body, size_t size, struct zx_membership *membership);
size_t zx_membership_size(const struct zx_membership *membership);
/* 0 also for a group above ZX_GROUP_SIZE_MAX: it would abort a libzmq peer. */
size_t zx_membership_write(uint8_t *buf, size_t cap, const struct zx_membership *membership);

#endif
