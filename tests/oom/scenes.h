/* SPDX-License-Identifier: MIT */
/*
 * What is played while something fails: whole programs from zmq_ctx_new to zmq_ctx_term.
 *
 * What: a table of scenes. Owner: the process that plays one. Life: of that process.
 * Never: accepts a lost message, a wrong errno or a wait without end where no fault excuses it.
 */
#ifndef ZX_TESTS_OOM_SCENES_H
#define ZX_TESTS_OOM_SCENES_H

struct scene {
    const char *name;
    void (*play)(const char *transport);
    const char *transports; /* "inproc tcp ipc" */
};

/* scenes_draft.c */
void scene_client_server(const char *transport);
void scene_peers(const char *transport);
void scene_radio_dish(const char *transport);
void scene_channel(const char *transport);
void scene_groups(const char *transport);
void scene_datagrams(const char *transport);

extern const struct scene scenes[]; /* ends with a NULL name */

#endif
