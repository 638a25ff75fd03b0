/* SPDX-License-Identifier: MIT */
/*
 * The primitives of a CURVE message in a bare loop: seal and open of flags and body with a
 * precomputed key and a counting nonce, one thread, no socket. Reported: the slower of the two,
 * which bounds a stream that seals in one process and opens in another.
 */
#include <sodium.h>

#include <stdlib.h>

#include "common.h"

struct box {
    unsigned char key[crypto_box_BEFORENMBYTES];
    unsigned char nonce[crypto_box_NONCEBYTES];
    unsigned char *plain;
    unsigned char *sealed;
    size_t size; /* flags and body */
};

static void count_nonce(struct box *box, uint64_t i)
{
    for (size_t k = 0; k < 8; k++) {
        box->nonce[16 + k] = (unsigned char) (i >> (56 - 8 * k));
    }
}

static uint64_t seal(struct box *box, uint64_t count)
{
    const uint64_t start = bench_now_ns();

    for (uint64_t i = 0; i < count; i++) {
        count_nonce(box, i);
        bench_body_stamp(box->plain + 1, box->size - 1, i);
        BENCH_CHECK(crypto_box_easy_afternm(box->sealed, box->plain, box->size, box->nonce,
                                            box->key) == 0);
    }
    return bench_now_ns() - start;
}

static uint64_t open_again(struct box *box, uint64_t count)
{
    seal(box, 1);
    const uint64_t start = bench_now_ns();

    for (uint64_t i = 0; i < count; i++) {
        BENCH_CHECK(crypto_box_open_easy_afternm(box->plain, box->sealed,
                                                 box->size + crypto_box_MACBYTES, box->nonce,
                                                 box->key) == 0);
    }
    return bench_now_ns() - start;
}

static double rate_of(const struct bench_args *args, struct box *box,
                      uint64_t (*loop)(struct box *, uint64_t))
{
    uint64_t count = 0;
    uint64_t elapsed = 0;

    while (bench_goes_on(args, &count, elapsed)) {
        elapsed = loop(box, count);
    }
    return (double) count * 1e9 / (double) elapsed;
}

int main(int argc, char **argv)
{
    struct bench_args args = {.transport = "tcp", .mode = "", .size = 64, .seconds = 0.3};
    struct box box = {.size = 0};

    bench_parse(&args, argc, argv);
    BENCH_CHECK(sodium_init() >= 0 && args.size >= BENCH_MIN_BODY);
    box.size = args.size + 1;
    box.plain = calloc(1, box.size);
    box.sealed = calloc(1, box.size + crypto_box_MACBYTES);
    BENCH_CHECK(box.plain && box.sealed);
    randombytes_buf(box.key, sizeof box.key);

    const double sealed = rate_of(&args, &box, seal);
    const double opened = rate_of(&args, &box, open_again);
    bench_out_begin(&args, "msg/s", "higher");
    bench_out_num("value", sealed < opened ? sealed : opened);
    bench_out_num("seal_per_s", sealed);
    bench_out_num("open_per_s", opened);
    bench_out_end();
    free(box.plain);
    free(box.sealed);
    return 0;
}
