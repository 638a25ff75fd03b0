/* SPDX-License-Identifier: MIT */
#ifndef ZX_TEST_STANDIN_H
#define ZX_TEST_STANDIN_H

/*
 * A stand-in for the address families AF_VSOCK and AF_TIPC, for machines that lack them or over
 * which they lead to nowhere.
 *
 * What it is: a shared library that takes the place of the C library's socket calls. A socket of
 *   either family is one of AF_UNIX with a name in the abstract space; the addresses, the errors
 *   and the options are those of the family, as Linux has them. All processes with the same
 *   ZX_STANDIN in their environment are one machine; the first one sets it.
 *   vsock: our context id is 3, that of the loopback 1. Nobody listens at the host (2), and
 *   whatever else there is does not answer until the connect timeout of the family (2 s, or as
 *   set) is over.
 *   tipc: our node is 1.1.1; it has no other. An accepted socket has the id of the listening one.
 * Owner: the process; any thread.
 * Life: linked in front of the library under test, or preloaded.
 * Never: touches a socket of any other family.
 */

#ifdef __cplusplus
extern "C" {
#endif

enum { STANDIN_CID = 3 };

enum {
    STANDIN_NO_FAMILY = 1,     /* a kernel without either */
    STANDIN_NO_CID = 2,        /* /dev/vsock knows no context id */
    STANDIN_NO_DEVICE = 4,     /* there is no /dev/vsock */
    STANDIN_NO_LOOPBACK = 8,   /* a kernel without vsock_loopback */
    STANDIN_NO_PRIVILEGE = 16, /* ports below 1024 are not for us */
    STANDIN_NEW_NODE = 32      /* tipc: the node's identity is not of the form z.c.n */
};

/* From now on in this process; 0: all is there. */
void standin_set(unsigned switches);
/* What was set at the level of AF_VSOCK since the call before, in its order, such as
 * "max=4096 min=128 size=512 timeout=1500ms ". */
const char *standin_options(void);

#ifdef __cplusplus
}
#endif

#endif
