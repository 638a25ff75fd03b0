/* SPDX-License-Identifier: MIT */
/*
 * The addresses of ipc: a path, "@" and an abstract name, or "*" to bind.
 *
 * What: their grammar and their text. No file is looked at here.
 * Owner: every object belongs to its caller; all functions may be called from any thread.
 * Life: plain values, nothing to free.
 * Never: does I/O.
 */
#ifndef ZX_TRANSPORTS_IPC_ADDRESS_H
#define ZX_TRANSPORTS_IPC_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "os/os.h"

/* Longest text of an endpoint, with its terminator: "ipc://" and a path of 107 bytes. */
#define ZX_IPC_TEXT_MAX 120

struct zx_ipc_endpoint {
    struct zx_addr addr; /* unset for a wildcard */
    bool wildcard;       /* a path is to be made by zx_os_ipc_temp_path */
};

/* Takes the text behind "ipc://". Whatever begins with "*" is a wildcard to bind, and a plain
 * path to connect. -EINVAL ("", "@"), -ENAMETOOLONG (108 bytes and more on Linux). */
int zx_ipc_address_parse(struct zx_ipc_endpoint *ep, const char *address, bool for_bind);

/* "ipc://path", "ipc://@name", "ipc://" for an unnamed socket. -EINVAL (another family),
 * -ENAMETOOLONG. */
int zx_ipc_address_text(const struct zx_addr *a, char *buf, size_t size);

#endif
