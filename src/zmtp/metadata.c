/* SPDX-License-Identifier: MIT */
#include "zmtp/metadata.h"

#include "base/bytes.h"
#include "zmtp/types.h"

#include <errno.h>
#include <string.h>

static const char socket_type_name[] = "Socket-Type";
static const char identity_name[] = "Identity";

/* ---- wire form --------------------------------------------------------- */

void zx_meta_iter_init(struct zx_meta_iter *iter, const uint8_t *block, size_t size) {
    iter->next = block;
    iter->left = size;
    iter->count = 0;
}

int zx_meta_iter_next(struct zx_meta_iter *iter, struct zx_meta_prop *prop) {
    if (iter->left == 0)
        return 0;
    if (iter->count == ZX_META_PROPS_MAX)
        return -EPROTO;
    const uint8_t *at = iter->next;
    size_t left = iter->left - 1;
    size_t name_size = at[0];
    /* The name and the four bytes of the value's length: at most 259, no overflow. */
    if (left < name_size + 4)
        return -EPROTO;
    left -= name_size + 4;
    prop->name = at + 1;
    prop->name_size = name_size;
    prop->value_size = zx_get32(at + 1 + name_size);
    if (prop->value_size > left)
        return -EPROTO;
    prop->value = at + 1 + name_size + 4;
    iter->next = prop->value + prop->value_size;
    iter->left = left - prop->value_size;
    iter->count++;
    return 1;
}

bool zx_meta_prop_is(const struct zx_meta_prop *prop, const char *name) {
    return strlen(name) == prop->name_size && memcmp(name, prop->name, prop->name_size) == 0;
}

int zx_meta_check(const uint8_t *block, size_t size) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    int rc;
    zx_meta_iter_init(&iter, block, size);
    do
        rc = zx_meta_iter_next(&iter, &prop);
    while (rc > 0);
    return rc;
}

size_t zx_meta_prop_size(size_t name_size, size_t value_size) {
    return 1 + name_size + 4 + value_size;
}

size_t zx_meta_prop_write(uint8_t *buf, size_t cap, const struct zx_meta_prop *prop) {
    if (prop->name_size > UINT8_MAX || prop->value_size > INT32_MAX)
        return 0;
    size_t size = zx_meta_prop_size(prop->name_size, prop->value_size);
    if (cap < size)
        return 0;
    *buf++ = (uint8_t)prop->name_size;
    if (prop->name_size)
        memcpy(buf, prop->name, prop->name_size);
    buf += prop->name_size;
    zx_put32(buf, (uint32_t)prop->value_size);
    if (prop->value_size)
        memcpy(buf + 4, prop->value, prop->value_size);
    return size;
}

static struct zx_meta_prop text_prop(const char *name, const uint8_t *value, size_t value_size) {
    return (struct zx_meta_prop){
        .name = (const uint8_t *)name,
        .name_size = strlen(name),
        .value = value,
        .value_size = value_size,
    };
}

size_t zx_meta_own_size(const struct zx_meta_own *own) {
    const char *type = zx_type_name(own->socket_type);
    size_t size = own->extra_size;
    if (type)
        size += zx_meta_prop_size(sizeof socket_type_name - 1, strlen(type));
    if (zx_type_has_identity_property(own->socket_type))
        size += zx_meta_prop_size(sizeof identity_name - 1, own->routing_id_size);
    return size;
}

size_t zx_meta_own_write(uint8_t *buf, size_t cap, const struct zx_meta_own *own) {
    const char *type = zx_type_name(own->socket_type);
    if (!type || cap < zx_meta_own_size(own))
        return 0;
    struct zx_meta_prop prop = text_prop(socket_type_name, (const uint8_t *)type, strlen(type));
    size_t at = zx_meta_prop_write(buf, cap, &prop);
    if (zx_type_has_identity_property(own->socket_type)) {
        prop = text_prop(identity_name, own->routing_id, own->routing_id_size);
        at += zx_meta_prop_write(buf + at, cap - at, &prop);
    }
    if (own->extra_size)
        memcpy(buf + at, own->extra, own->extra_size);
    return at + own->extra_size;
}

/* ---- a peer's announcement --------------------------------------------- */

int zx_meta_peer_parse(struct zx_meta_peer *peer, const uint8_t *block, size_t size,
                       int local_type) {
    struct zx_meta_iter iter;
    struct zx_meta_prop prop;
    int rc;
    *peer = (struct zx_meta_peer){.socket_type = -1};
    zx_meta_iter_init(&iter, block, size);
    while ((rc = zx_meta_iter_next(&iter, &prop)) > 0) {
        if (zx_meta_prop_is(&prop, socket_type_name)) {
            int type = zx_type_from_name(prop.value, prop.value_size);
            if (!zx_type_is_compatible(local_type, type))
                return -EPROTO;
            if (peer->socket_type < 0)
                peer->socket_type = type;
        } else if (zx_meta_prop_is(&prop, identity_name)) {
            peer->routing_id = prop.value;
            peer->routing_id_size = prop.value_size;
        }
    }
    if (!zx_routing_id_is_usable(peer->routing_id, peer->routing_id_size)) {
        peer->routing_id = NULL;
        peer->routing_id_size = 0;
    }
    return rc;
}

bool zx_routing_id_is_usable(const uint8_t *id, size_t size) {
    return size > 0 && size <= ZX_ROUTING_ID_MAX && id[0] != 0;
}
