/* SPDX-License-Identifier: MIT */
/*
 * Who subscribed to what: topics and the peers that hold them.
 *
 * What: topic -> set of holders (PUB, XPUB); each holder knows its topics, so that one that goes
 *   costs what it held and no more. A holder holds a topic once.
 * Owner: its user, who locks; a holder belongs to one table.
 * Life: zeroed is empty, for tables and holders. A holder is left with zx_subs_leave before its
 *   memory goes; zx_subs_fini frees a table and forgets its holders.
 * Never: takes a topic longer than ZX_RADIX_KEY_MAX; locks; recurses.
 *
 * Memory, all included: a topic of one holder 16 bytes, its text, its place in the tree (see
 * radix.h) and 8 to 12 in the holder's list; each further holder 24 to 36.
 */
#ifndef ZX_BASE_SUBS_H
#define ZX_BASE_SUBS_H

#include "base/radix.h"

struct zx_subs_set;

struct zx_holder {
    struct zx_leaf **v; /* its topics, in no order */
    uint32_t n, cap;
    uint32_t id; /* ascends from holder to holder: newcomers are put in at the end of sets */
    bool has_id;
    uint64_t mark; /* == table's: the match in progress has named it */
};

struct zx_subs {
    struct zx_radix tree; /* leaf->ptr: a holder (then leaf->word is the index in its list) or a
                           * zx_subs_set with bit 0 set */
    uint32_t last_id;
    uint64_t mark;
};

enum zx_subs_result {
    ZX_SUBS_FIRST, /* add: nobody held it before; remove: nobody holds it any more */
    ZX_SUBS_MORE,  /* others hold it too */
    ZX_SUBS_NONE,  /* add: this one holds it already; remove: others do, this one did not */
    ZX_SUBS_UNKNOWN /* remove: nobody held it */
};

/* An enum zx_subs_result; -ENOMEM, -EINVAL (too long): nothing changed. */
int zx_subs_add(struct zx_subs *s, const void *topic, size_t size, struct zx_holder *h);
enum zx_subs_result zx_subs_remove(struct zx_subs *s, const void *topic, size_t size,
                                   struct zx_holder *h);
/* The holder goes: on_topic (may be NULL) is told each topic it held, and whether it was the
 * only one. Frees what the holder has. */
typedef void zx_subs_topic_fn(void *arg, const struct zx_leaf *topic, bool was_last);
void zx_subs_leave(struct zx_subs *s, struct zx_holder *h, zx_subs_topic_fn *on_topic, void *arg);

/* Calls fn once for each holder of any topic that begins the message. */
typedef void zx_subs_match_fn(void *arg, struct zx_holder *h);
void zx_subs_match(struct zx_subs *s, const void *data, size_t size, zx_subs_match_fn *fn,
                   void *arg);

/* Distinct topics. */
static inline size_t zx_subs_count(const struct zx_subs *s) {
    return s->tree.count;
}
void zx_subs_fini(struct zx_subs *s);

#endif
