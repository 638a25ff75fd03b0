/* SPDX-License-Identifier: MIT */
/* The dialogue with a SOCKS 5 proxy: [who logs in][cut pattern][size of the host's text][host]
 * [bytes of the proxy]. */
#include "fuzz.h"

#include <errno.h>

#include "transports/socks.h"

enum {
    TURNS = 3,     /* of ours */
    DIALOGUE = 2 + 2 + 5 + ZX_SOCKS_TEXT_MAX + 2, /* bytes of the longest answer */
    REPLY_MIN = 2 + 7
};

struct outcome {
    int rc;
    size_t heard, said, turns;
};

static void say(struct zx_socks *s, uint8_t pattern, struct outcome *o) {
    size_t size, turn = 0;
    const uint8_t *words = zx_socks_output(s, &size);
    o->turns += size > 0;
    for (; size; words = zx_socks_output(s, &size)) {
        FUZZ_CHECK(!zx_socks_wanted(s));
        uint8_t *copy = fuzz_copy(words, size);
        free(copy);
        size_t n = fuzz_piece(pattern, turn++, size);
        zx_socks_output_taken(s, n);
        o->said += n;
    }
}

/* The same however it is cut. */
static struct outcome play(const struct zx_socks_conf *conf, struct fuzz_input in,
                           uint8_t pattern) {
    struct zx_socks s;
    struct outcome o = {zx_socks_init(&s, conf), 0, 0, 0};
    for (size_t turn = 0; !o.rc; turn++) {
        say(&s, pattern, &o);
        size_t wanted = zx_socks_wanted(&s);
        FUZZ_CHECK(wanted > 0 && wanted <= ZX_SOCKS_TEXT_MAX + 2);
        size_t n = fuzz_piece(pattern, turn, wanted);
        if (n > in.left)
            n = in.left;
        if (!n)
            break;
        uint8_t *copy = fuzz_copy(in.data, n);
        o.rc = zx_socks_input(&s, copy, n);
        free(copy);
        in.data += n;
        in.left -= n;
        o.heard += n;
    }
    if (o.rc) {
        size_t size;
        (void)zx_socks_output(&s, &size);
        FUZZ_CHECK(!size && !zx_socks_wanted(&s));
    }
    zx_socks_fini(&s);
    for (size_t i = 0; i < sizeof s.words; i++)
        FUZZ_CHECK(!s.words[i]);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t letters[256];
    static const size_t sizes[][2] = {{0, 0}, {4, 6}, {1, 0}, {255, 255}, {0, 5}, {256, 0},
                                      {1, 256}};
    struct fuzz_input in = {data, size};
    memset(letters, 'l', sizeof letters);
    const size_t *login = sizes[fuzz_byte(&in) % 7];
    uint8_t pattern = fuzz_byte(&in);
    char host[301] = "";
    size_t n = fuzz_byte(&in);
    n = n < in.left ? n : in.left;
    memcpy(host, in.data, n);
    in.data += n;
    in.left -= n;
    struct zx_socks_conf conf = {host, pattern == 3 ? 0 : 80, {letters, login[0]},
                                 {letters, login[1]}};
    struct outcome whole = play(&conf, in, 0), cut = play(&conf, in, pattern);
    FUZZ_CHECK(whole.rc == cut.rc && whole.said == cut.said);
    FUZZ_CHECK(whole.heard >= cut.heard && whole.heard <= DIALOGUE && whole.turns <= TURNS);
    FUZZ_CHECK(whole.rc != 1 || (whole.heard >= REPLY_MIN && whole.heard == cut.heard));
    FUZZ_CHECK(whole.rc <= 1 && (whole.rc != -EINVAL || !whole.said));
    return 0;
}
