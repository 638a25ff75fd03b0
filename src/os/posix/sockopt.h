/* SPDX-License-Identifier: MIT */
/*
 * Setting socket options.
 *
 * What: setsockopt for an int. Include posix.h first.
 * Owner: nobody; no state.
 * Life: none.
 * Never: is included from outside src/os.
 */
#ifndef ZX_OS_POSIX_SOCKOPT_H
#define ZX_OS_POSIX_SOCKOPT_H

int zx_posix_setopt(int fd, int level, int name, int value); /* 0 or -errno */

#endif
