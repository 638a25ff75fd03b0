/* SPDX-License-Identifier: MIT */
#include "zmtp/types.h"

#include <string.h>

#define BIT(type) (UINT32_C(1) << (type))

/* Row: name, and the set of peer types it accepts (reference: ZMTP 3.1, RFC 37,
 * "socket type property", and the draft types' own RFCs). */
static const struct {
    const char *name;
    uint32_t peers;
} types[ZX_TYPE_COUNT] = {
    [ZX_TYPE_PAIR] = {"PAIR", BIT(ZX_TYPE_PAIR)},
    [ZX_TYPE_PUB] = {"PUB", BIT(ZX_TYPE_SUB) | BIT(ZX_TYPE_XSUB)},
    [ZX_TYPE_SUB] = {"SUB", BIT(ZX_TYPE_PUB) | BIT(ZX_TYPE_XPUB)},
    [ZX_TYPE_REQ] = {"REQ", BIT(ZX_TYPE_REP) | BIT(ZX_TYPE_ROUTER)},
    [ZX_TYPE_REP] = {"REP", BIT(ZX_TYPE_REQ) | BIT(ZX_TYPE_DEALER)},
    [ZX_TYPE_DEALER] = {"DEALER", BIT(ZX_TYPE_REP) | BIT(ZX_TYPE_DEALER) | BIT(ZX_TYPE_ROUTER)},
    [ZX_TYPE_ROUTER] = {"ROUTER", BIT(ZX_TYPE_REQ) | BIT(ZX_TYPE_DEALER) | BIT(ZX_TYPE_ROUTER)},
    [ZX_TYPE_PULL] = {"PULL", BIT(ZX_TYPE_PUSH)},
    [ZX_TYPE_PUSH] = {"PUSH", BIT(ZX_TYPE_PULL)},
    [ZX_TYPE_XPUB] = {"XPUB", BIT(ZX_TYPE_SUB) | BIT(ZX_TYPE_XSUB)},
    [ZX_TYPE_XSUB] = {"XSUB", BIT(ZX_TYPE_PUB) | BIT(ZX_TYPE_XPUB)},
    [ZX_TYPE_STREAM] = {"STREAM", 0}, /* raw: never announced on ZMTP */
    [ZX_TYPE_SERVER] = {"SERVER", BIT(ZX_TYPE_CLIENT)},
    [ZX_TYPE_CLIENT] = {"CLIENT", BIT(ZX_TYPE_SERVER)},
    [ZX_TYPE_RADIO] = {"RADIO", BIT(ZX_TYPE_DISH)},
    [ZX_TYPE_DISH] = {"DISH", BIT(ZX_TYPE_RADIO)},
    [ZX_TYPE_GATHER] = {"GATHER", BIT(ZX_TYPE_SCATTER)},
    [ZX_TYPE_SCATTER] = {"SCATTER", BIT(ZX_TYPE_GATHER)},
    [ZX_TYPE_DGRAM] = {"DGRAM", BIT(ZX_TYPE_DGRAM)},
    [ZX_TYPE_PEER] = {"PEER", BIT(ZX_TYPE_PEER)},
    [ZX_TYPE_CHANNEL] = {"CHANNEL", BIT(ZX_TYPE_CHANNEL)},
};

static bool is_type(int type) {
    return type >= 0 && type < ZX_TYPE_COUNT;
}

const char *zx_type_name(int type) {
    return is_type(type) ? types[type].name : NULL;
}

int zx_type_from_name(const uint8_t *name, size_t size) {
    for (int type = 0; type < ZX_TYPE_COUNT; type++)
        if (strlen(types[type].name) == size && memcmp(types[type].name, name, size) == 0)
            return type;
    return -1;
}

bool zx_type_is_compatible(int local, int peer) {
    return is_type(local) && is_type(peer) && (types[local].peers & BIT(peer)) != 0;
}

bool zx_type_has_identity_property(int type) {
    return type == ZX_TYPE_REQ || type == ZX_TYPE_DEALER || type == ZX_TYPE_ROUTER;
}
