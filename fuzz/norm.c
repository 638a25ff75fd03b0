/* SPDX-License-Identifier: MIT */
/* norm://: [limit][cut pattern][bytes of a stream], and the same bytes as an endpoint. What comes
 * out is put into a stream again, as a sender does, and read back. */
#include "fuzz.h"

#include <errno.h>

#include "transports/norm_address.h"
#include "transports/norm_stream.h"

struct outcome {
    int rc;
    struct zx_buf out;
};

static struct outcome play(const struct fuzz_input *in, int64_t limit, uint8_t pattern) {
    struct outcome o = {0};
    struct zx_norm_rx rx;
    zx_norm_rx_init(&rx, limit);
    size_t at = 0;
    for (size_t turn = 0; at < in->left && !o.rc; turn++) {
        size_t n = fuzz_piece(pattern, turn, in->left - at);
        uint8_t *copy = fuzz_copy(in->data + at, n);
        o.rc = zx_norm_rx_input(&rx, copy, n, &o.out);
        free(copy);
        at += n;
    }
    FUZZ_CHECK(o.rc == 0 || o.rc == -EPROTO || o.rc == -EMSGSIZE);
    zx_norm_rx_lost(&rx);
    FUZZ_CHECK(!zx_norm_rx_input(&rx, (const uint8_t *)"\x00\x00\x00", 3, &o.out));
    zx_mcast_fini(&rx.c);
    return o;
}

/* What comes out are whole messages in the old form, within the limit. */
static void check_messages(const struct zx_buf *out, int64_t limit) {
    struct zx_mcast_collector c = {.form = ZX_MCAST_OLD, .max = limit};
    struct zx_buf again = {0};
    size_t at = out->head, used;
    while (at < out->tail) {
        int rc = zx_mcast_collect(&c, out->data + at, out->tail - at, &used, &again);
        FUZZ_CHECK(rc == 1 && used);
        at += used;
    }
    FUZZ_CHECK(!c.in_frame && !c.in_message && zx_buf_size(&again) == zx_buf_size(out));
    if (zx_buf_size(out))
        FUZZ_CHECK(!memcmp(again.data + again.head, out->data + out->head, zx_buf_size(out)));
    zx_mcast_reset(&c);
    zx_mcast_fini(&c);
    zx_buf_fini(&again);
}

static void put(struct zx_buf *to, const uint8_t *data, size_t size) {
    FUZZ_CHECK(!zx_buf_append(to, data, size));
}

/* The stream that a sender makes of a link's messages. */
static void send_again(const struct zx_buf *messages, struct zx_buf *stream) {
    struct zx_mcast_frame f = {0};
    bool in_message = false;
    for (size_t at = messages->head, used; at < messages->tail; at += (size_t)f.left, f.left = 0) {
        uint8_t head[1 + ZX_MCAST_HEAD_MAX] = {in_message ? ZX_NORM_OTHER : ZX_NORM_FIRST};
        FUZZ_CHECK(zx_mcast_head(&f, ZX_MCAST_OLD, messages->data + at, messages->tail - at,
                                 &used) == 1);
        at += used;
        put(stream, head, 1 + zx_mcast_put_head(head + 1, ZX_MCAST_NEW, f.left, f.more));
        put(stream, messages->data + at, (size_t)f.left);
        in_message = f.more;
    }
}

static void there_and_back(const struct zx_buf *messages, uint8_t pattern) {
    struct zx_buf stream = {0};
    send_again(messages, &stream);
    const struct fuzz_input in = {stream.data ? stream.data + stream.head : NULL,
                                  zx_buf_size(&stream)};
    struct outcome o = play(&in, -1, pattern);
    size_t size = zx_buf_size(messages); /* behind it is what play() adds */
    FUZZ_CHECK(!o.rc && zx_buf_size(&o.out) == size + 2);
    if (size)
        FUZZ_CHECK(!memcmp(o.out.data + o.out.head, messages->data + messages->head, size));
    zx_buf_fini(&stream);
    zx_buf_fini(&o.out);
}

static void endpoint(const struct fuzz_input *in) {
    struct zx_norm_endpoint ep;
    char *text = (char *)malloc(in->left + 1);
    if (!text)
        abort();
    if (in->left)
        memcpy(text, in->data, in->left);
    text[in->left] = '\0';
    int rc = zx_norm_address_parse(&ep, text);
    FUZZ_CHECK(rc == 0 || rc == -EINVAL);
    FUZZ_CHECK(rc || (ep.port && ep.host[0] && strlen(ep.host) < sizeof ep.host));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int64_t limits[] = {-1, 0, 1, 253, 254, 255, 65536, INT64_MAX};
    struct fuzz_input in = {data, size};
    int64_t limit = limits[fuzz_byte(&in) % 8];
    uint8_t pattern = fuzz_byte(&in);
    struct outcome whole = play(&in, limit, 0), cut = play(&in, limit, pattern);
    FUZZ_CHECK(whole.rc == cut.rc);
    FUZZ_CHECK(zx_buf_size(&whole.out) == zx_buf_size(&cut.out));
    if (zx_buf_size(&whole.out))
        FUZZ_CHECK(!memcmp(whole.out.data + whole.out.head, cut.out.data + cut.out.head,
                           zx_buf_size(&whole.out)));
    check_messages(&whole.out, limit);
    there_and_back(&whole.out, pattern);
    zx_buf_fini(&whole.out);
    zx_buf_fini(&cut.out);
    endpoint(&in);
    return 0;
}
