/* SPDX-License-Identifier: MIT */
#ifndef ZX_FRAME_H
#define ZX_FRAME_H

/*
 * What it is: what the parts of the support code need of each other and no program needs.
 * Owner: the main thread. Life: see zx_api.h. Never: used by a test program.
 */

void zx_help_finish(void);    /* closes and terminates what the case left behind */
void zx_frame_in_child(void); /* first call in a forked child */

#endif
