/* SPDX-License-Identifier: MIT */
/*
 * READY: 05 "READY" and the metadata of the side that sends it.
 *
 * What: writer and reader of the body. Owner: none; pure functions. Life: none.
 * Never: looks into the metadata (metadata.h does).
 */
#ifndef ZX_ZMTP_CMD_READY_H
#define ZX_ZMTP_CMD_READY_H

#include <stddef.h>
#include <stdint.h>

int zx_ready_parse(const uint8_t *body, size_t size, const uint8_t **props, size_t *props_size);
/* Bytes of a READY with that much metadata. */
size_t zx_ready_size(size_t props_size);
size_t zx_ready_write(uint8_t *buf, size_t cap, const uint8_t *props, size_t props_size);

#endif
