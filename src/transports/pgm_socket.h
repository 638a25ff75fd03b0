/* SPDX-License-Identifier: MIT */
/*
 * A socket of the OpenPGM library as the options say.
 *
 * What: the endpoint's text, opening and closing.
 * Owner: whoever opens it, then the carrier's thread.
 * Life: open until close. The library counts its users; each socket is one.
 * Never: waits, but for name service while opening and for the last packets while closing.
 */
#ifndef ZX_TRANSPORTS_PGM_SOCKET_H
#define ZX_TRANSPORTS_PGM_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pgm/pgm.h>

#include "core/conf.h"

struct zx_pgm_endpoint {
    char network[256]; /* in the library's own syntax */
    uint16_t port;
};

/* network:port. -EINVAL: no network, no port, or one that is no number from 1 to 65535. */
int zx_pgm_address_parse(struct zx_pgm_endpoint *ep, const char *address);
/* encapsulated: in UDP. -EINVAL (the library does not understand it, or no such interface),
 * -EPERM (raw sockets are not for everybody), -EMFILE, -ENOMEM. */
int zx_pgm_socket_open(const struct zx_conf *conf, const char *address, bool encapsulated,
                       pgm_sock_t **out);
void zx_pgm_socket_close(pgm_sock_t *sock);
/* One of the library's descriptors; what is left of one of its times, in ns. */
int zx_pgm_socket_fd(pgm_sock_t *sock, int which);
uint64_t zx_pgm_socket_time(pgm_sock_t *sock, int which);
/* The largest payload of a packet. */
size_t zx_pgm_socket_room(pgm_sock_t *sock);

#endif
