/* SPDX-License-Identifier: MIT */
/*
 * The lists of what there is: socket types and transports.
 *
 * What: look-up by number and by scheme. Owner: constants. Life: for ever.
 * Never: is changed at run time.
 */
#ifndef ZX_CORE_REGISTRY_H
#define ZX_CORE_REGISTRY_H

#include <stddef.h>

struct zx_pattern_ops;
struct zx_transport_ops;

const struct zx_pattern_ops *zx_registry_pattern(int type); /* NULL: no such type */
/* scheme need not be terminated. NULL: no such transport here. */
const struct zx_transport_ops *zx_registry_transport(const char *scheme, size_t size);

#endif
