/* SPDX-License-Identifier: MIT */
/*
 * Socket types as the protocol knows them.
 *
 * What: numbers (equal to zmq.h's and to the ZMTP 2.0 greeting's type byte),
 *   names (property Socket-Type) and which type may talk to which.
 * Owner: constant tables; any thread.
 * Life: none.
 * Never: knows what a type does with its messages.
 */
#ifndef ZX_ZMTP_TYPES_H
#define ZX_ZMTP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zx_socket_type {
    ZX_TYPE_PAIR = 0,
    ZX_TYPE_PUB = 1,
    ZX_TYPE_SUB = 2,
    ZX_TYPE_REQ = 3,
    ZX_TYPE_REP = 4,
    ZX_TYPE_DEALER = 5,
    ZX_TYPE_ROUTER = 6,
    ZX_TYPE_PULL = 7,
    ZX_TYPE_PUSH = 8,
    ZX_TYPE_XPUB = 9,
    ZX_TYPE_XSUB = 10,
    ZX_TYPE_STREAM = 11,
    ZX_TYPE_SERVER = 12,
    ZX_TYPE_CLIENT = 13,
    ZX_TYPE_RADIO = 14,
    ZX_TYPE_DISH = 15,
    ZX_TYPE_GATHER = 16,
    ZX_TYPE_SCATTER = 17,
    ZX_TYPE_DGRAM = 18,
    ZX_TYPE_PEER = 19,
    ZX_TYPE_CHANNEL = 20,
    ZX_TYPE_COUNT = 21,
};

/* "REQ" and so on, NUL-terminated, static; NULL for a number that is no type. */
const char *zx_type_name(int type);
/* Exact, upper-case name (size bytes, no NUL needed) to number; -1 if unknown. */
int zx_type_from_name(const uint8_t *name, size_t size);
/* True if a local socket of type `local` accepts a peer that says it is `peer`.
 * False for any number out of range. */
bool zx_type_is_compatible(int local, int peer);
/* True if the type announces its routing id in READY (REQ, DEALER, ROUTER). */
bool zx_type_has_identity_property(int type);

#endif
