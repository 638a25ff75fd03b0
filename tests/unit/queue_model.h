/* SPDX-License-Identifier: MIT */
/*
 * A queue beside a naive model of it: a list of records searched from end to end.
 *
 * What: each function does one thing to both and compares what can be seen of them. Bodies,
 *   metadata and groups are counted: each must be released once, and not early.
 * Owner: the test. Life: model_init, any calls, model_fini, which checks that nothing is left.
 * Never: two threads; calls what the queue's contract forbids (a note inside a message, a
 *   message begun without room).
 */
#ifndef ZX_TESTS_QUEUE_MODEL_H
#define ZX_TESTS_QUEUE_MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/msg.h"
#include "base/queue.h"

enum model_kind {
    MODEL_INLINE,
    MODEL_BODY,
    MODEL_PLAIN_BODY,
    MODEL_CONST,
    MODEL_META,
    MODEL_GROUP
};

struct model_rec {
    uint8_t flags; /* MORE, COMMAND, NOTE */
    enum model_kind kind;
    size_t size;
    uint32_t seed; /* of the bytes */
};

struct model {
    struct zx_queue q;
    struct zx_dead dead;
    struct model_rec *v;
    size_t n, cap;
    size_t marked;    /* records that a commit publishes */
    size_t published; /* records a reader may see */
    size_t at;        /* the reader's record */
    size_t off;       /* bytes of its wire form already sent */
    uint64_t written, read;
    uint32_t hwm;
    bool in_message;   /* writer */
    bool r_in_message; /* reader */
    bool refused;      /* the writer was told that there is no room */
    bool to_be_told;   /* it may be told of credit once */
    uint64_t rng;
    uint64_t seed, step; /* told when something fails */
    long objects;        /* bodies, metadata and groups not yet released */
};

#define MODEL_CHECK(m, condition)                                                                  \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s:%d: seed %llu, step %llu: %s", __FILE__, __LINE__,                        \
                     (unsigned long long)(m)->seed, (unsigned long long)(m)->step, #condition);    \
    } while (0)

void model_init(struct model *m, uint64_t seed, uint32_t hwm);
void model_fini(struct model *m);
uint32_t model_below(struct model *m, uint32_t n);
/* A size as they come: mostly small, often at a limit of the format, now and then large. */
size_t model_size(struct model *m);

/* ---- the producer's end ---- */

/* True if a message may be begun; checks the credit. */
bool model_can_write(struct model *m);
void model_write(struct model *m, size_t size, uint8_t flags);
void model_write_ref(struct model *m, size_t size, uint8_t flags, enum model_kind kind);
void model_note(struct model *m);
/* The inlined path of whole small messages; does nothing where that does not fit. */
void model_put_whole(struct model *m, size_t size);
/* A receiver's way: frames in place, counted afterwards; `frames` of them, the last without MORE
 * if ends. */
void model_put(struct model *m, unsigned frames, bool ends);
void model_commit(struct model *m);
void model_rollback(struct model *m);
/* Something at random of all that. */
void model_produce(struct model *m);

/* ---- the reader's end, by records ---- */

/* Compares the front; true if there is one. */
bool model_peek(struct model *m, struct zx_rec *rec);
/* The same and takes it. */
bool model_take(struct model *m);

/* ---- the reader's end, by stretches ---- */

/* Gathers at most max stretches of max_bytes, compares, says that `percent` of it was sent. Takes a
 * note standing at the front. Bytes sent. */
size_t model_send(struct model *m, unsigned max, size_t max_bytes, unsigned percent);
/* Says that so many bytes were sent; they must be there, with no note among them. */
void model_sent(struct model *m, size_t bytes);
/* Takes a record as an encoding link does; only at a frame's boundary. */
bool model_encode(struct model *m);
void model_drop_partial(struct model *m);
/* Bytes left of the frame begun, by the model. */
size_t model_frame_rest(const struct model *m);

/* ---- both ends ---- */

void model_rewind(struct model *m, bool keep);
void model_clear(struct model *m);
void model_set_hwm(struct model *m, uint32_t hwm);

#endif
