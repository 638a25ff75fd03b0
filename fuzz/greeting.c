/* SPDX-License-Identifier: MIT */
/* The greeting: [cut pattern][bytes of a peer]. */
#include "fuzz.h"

#include "zmtp/greeting.h"
#include "zmtp/handshake.h"

struct outcome {
    int version;
    size_t taken;
    unsigned events; /* each event as a digit, in order */
};

/* What an unversioned peer sent so far is the start of its first frame, as it came. */
static void refeed(const struct zx_greeting *g, const struct fuzz_input *in, size_t taken) {
    size_t size;
    const uint8_t *data = zx_greeting_refeed(g, &size);
    FUZZ_CHECK(size == taken && (size == 1 || size == ZX_SIGNATURE_SIZE));
    FUZZ_CHECK(memcmp(data, in->data, size) == 0);
}

/* Our own greeting with a mechanism of any name is one that we understand. */
static void own(const struct fuzz_input *in) {
    uint8_t all[ZX_GREETING_SIZE] = {0};
    char name[ZX_GREETING_MECHANISM_SIZE + 8] = "";
    struct zx_greeting g;
    size_t at = 0, n;
    memcpy(name, in->data, in->left < sizeof name - 1 ? in->left : sizeof name - 1);
    zx_greeting_write_signature(all, in->left);
    all[ZX_SIGNATURE_SIZE] = 3;
    zx_greeting_write_rest(all + ZX_SIGNATURE_SIZE + 1, name);
    zx_greeting_init(&g);
    while (zx_greeting_feed(&g, all + at, sizeof all - at, &n) != ZX_GREETING_DONE) {
        at += n;
        FUZZ_CHECK(at <= sizeof all);
    }
    FUZZ_CHECK(at + n == sizeof all && g.version == ZX_ZMTP_3_1);
    FUZZ_CHECK(zx_greeting_has_mechanism(&g, name) ==
               (strlen(name) <= ZX_GREETING_MECHANISM_SIZE));
    FUZZ_CHECK(zx_greeting_feed(&g, all, 1, &n) == ZX_GREETING_DONE && n == 0);
}

static struct outcome play(const struct fuzz_input *in, uint8_t pattern) {
    struct outcome o = {0, 0, 0};
    struct zx_greeting g;
    size_t arrived = 0;
    zx_greeting_init(&g);
    for (size_t turn = 0; arrived < in->left && g.version == ZX_ZMTP_UNKNOWN; turn++) {
        arrived += fuzz_piece(pattern, turn, in->left - arrived);
        enum zx_greeting_event event;
        do {
            size_t n, size = arrived - o.taken;
            uint8_t *copy = fuzz_copy(in->data + o.taken, size);
            event = zx_greeting_feed(&g, copy, size, &n);
            free(copy);
            FUZZ_CHECK(n <= size);
            FUZZ_CHECK(event != ZX_GREETING_MORE || n == size);
            o.taken += n;
            if (event != ZX_GREETING_MORE)
                o.events = o.events * 10 + (unsigned)event;
        } while (event != ZX_GREETING_MORE && event != ZX_GREETING_DONE);
        FUZZ_CHECK((event == ZX_GREETING_DONE) == (g.version != ZX_ZMTP_UNKNOWN));
    }
    o.version = g.version;
    if (g.version >= ZX_ZMTP_3_0)
        (void)zx_greeting_has_mechanism(&g, "NULL");
    else if (g.version == ZX_ZMTP_UNVERSIONED)
        refeed(&g, in, o.taken);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input in = {data, size};
    uint8_t pattern = fuzz_byte(&in);
    struct outcome whole = play(&in, 0), cut = play(&in, pattern);
    own(&in);
    FUZZ_CHECK(whole.version == cut.version);
    FUZZ_CHECK(whole.taken == cut.taken);
    FUZZ_CHECK(whole.events == cut.events);
    FUZZ_CHECK(whole.taken <= ZX_GREETING_SIZE);
    if (in.left >= ZX_GREETING_SIZE)
        FUZZ_CHECK(whole.version != ZX_ZMTP_UNKNOWN);
    return 0;
}
