/* SPDX-License-Identifier: MIT */
/*
 * The ZAP client: asks the context's handler about the peer of a link.
 *
 * What: one inproc pipe a question, between the link and the handler's socket. The handler's
 *   side is an ordinary pipe of that socket; ours has no socket but the link (pipe->link), to
 *   which its mail goes as ZX_WORK_ZAP.
 * Owner: the holder of the link's word has our ends of both queues.
 * Life: zx_zap_ask makes the pipe, the answer or zx_zap_drop (the connection is over before
 *   it) ends it. An answer that comes later finds no reader.
 * Never: waits; runs in the handler's thread: that only posts to the link's I/O thread.
 */
#ifndef ZX_CORE_ZAP_H
#define ZX_CORE_ZAP_H

struct zx_link;

/* The link's handshake is in phase ZAP: asks. 0: the answer will come, -ECONNREFUSED: there is
 * no handler, -ENOMEM. */
int zx_zap_ask(struct zx_link *l);
/* Hands the answer to the handshake. What that returned, or -EAGAIN: nothing came yet,
 * -EPIPE: the handler is gone without a word, -ENOMEM. */
int zx_zap_take(struct zx_link *l);
/* Forgets the question, if there is one. */
void zx_zap_drop(struct zx_link *l);

#endif
