/* SPDX-License-Identifier: MIT */
/*
 * The lists of what there is: socket types and transports.
 *
 * What: look-up by number and by scheme; key pairs of the mechanism that has some.
 * Owner: constants. Life: for ever.
 * Never: is changed at run time.
 */
#ifndef ZX_CORE_REGISTRY_H
#define ZX_CORE_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

struct zx_pattern_ops;
struct zx_transport_ops;

const struct zx_pattern_ops *zx_registry_pattern(int type); /* NULL: no such type */
/* scheme need not be terminated. NULL: no such transport here. */
const struct zx_transport_ops *zx_registry_transport(const char *scheme, size_t size);
/* Key pairs of CURVE. 0, -ENOTSUP (not in this build). */
int zx_registry_key_pair(uint8_t public_key[32], uint8_t secret[32]);
int zx_registry_public_key(uint8_t public_key[32], const uint8_t secret[32]);

#endif
