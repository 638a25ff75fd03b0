/* SPDX-License-Identifier: MIT */
/*
 * What fuzz targets share.
 *
 * What: the entry point's declaration, a check that stands in every build, and a
 *   reader that deals an input out in parameters and chunks.
 * Owner: the one thread of a fuzz target. Life: none kept between inputs.
 * Never: depends on libFuzzer: driver.c plays the corpora without it.
 *
 * A chunk is handed over as an allocation of exactly its size, so that a
 * sanitizer sees a parser that reads past it or keeps a pointer into it.
 */
#ifndef ZX_FUZZ_H
#define ZX_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the process with a report, in release builds too. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

struct fuzz_input {
    const uint8_t *data;
    size_t left;
};

/* Next byte as a parameter; 0 when there is none. */
static inline uint8_t fuzz_byte(struct fuzz_input *in) {
    if (!in->left)
        return 0;
    in->left--;
    return *in->data++;
}

/* A copy in an allocation of its own size; free it. */
static inline uint8_t *fuzz_copy(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* Size of the next piece for a stream cut by `pattern`: 0 cuts nowhere, 1 after
 * each byte, else pieces of changing size. */
static inline size_t fuzz_piece(uint8_t pattern, size_t turn, size_t left) {
    size_t size = pattern == 0 ? left : pattern == 1 ? 1 : 1 + (turn * 7 + pattern) % pattern;
    return size < left ? size : left;
}

#endif
