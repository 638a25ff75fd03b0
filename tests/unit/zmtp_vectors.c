/* SPDX-License-Identifier: MIT */
/* Worked examples of frames, written by our writers and read back cut at every place. */
#include "unit/zmtp_support.h"

#include "zmtp/cmd_error.h"
#include "zmtp/cmd_join.h"
#include "zmtp/cmd_ping.h"
#include "zmtp/cmd_ready.h"
#include "zmtp/cmd_subscribe.h"
#include "zmtp/hs_frame.h"
#include "zmtp/metadata.h"
#include "zmtp/types.h"
#include "zmtp/v1.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = 1 };

static void text(struct zx_buf *b, const char *body) {
    assert_int_equal(zx_buf_append(b, body, strlen(body)), 0);
}

static void repeat(struct zx_buf *b, char c, size_t n) {
    uint8_t *room = zx_buf_reserve(b, n);
    assert_non_null(room);
    memset(room, c, n);
    b->tail += n;
}

static void ready(struct zx_buf *b, int type, const char *id) {
    uint8_t props[100];
    struct zx_meta_own own = {
        .socket_type = type, .routing_id = (const uint8_t *)id, .routing_id_size = strlen(id)};
    size_t n = zx_meta_own_write(props, sizeof props, &own);
    uint8_t *room = zx_buf_reserve(b, zx_ready_size(n));
    assert_non_null(room);
    b->tail += zx_ready_write(room, zx_ready_size(n), props, n);
}

static void ready_router(struct zx_buf *b) {
    ready(b, ZX_TYPE_ROUTER, "");
}

static void ready_req(struct zx_buf *b) {
    ready(b, ZX_TYPE_REQ, "client-7");
}

static void ready_push(struct zx_buf *b) {
    ready(b, ZX_TYPE_PUSH, "");
}

static void error_400(struct zx_buf *b) {
    uint8_t *room = zx_buf_reserve(b, 10);
    b->tail += zx_error_write(room, 10, (const uint8_t *)"400", 3);
}

static void subscription(struct zx_buf *b, bool subscribe, bool as_message, const char *topic) {
    struct zx_subscription s = {subscribe, (const uint8_t *)topic, strlen(topic)};
    size_t size = as_message ? zx_subscription_message_size(&s) : zx_subscription_size(&s);
    uint8_t *room = zx_buf_reserve(b, size);
    b->tail += as_message ? zx_subscription_write_message(room, size, &s)
                          : zx_subscription_write(room, size, &s);
}

static void subscribe_all(struct zx_buf *b) {
    subscription(b, true, false, "");
}

static void subscribe_ab(struct zx_buf *b) {
    subscription(b, true, false, "AB");
}

static void cancel_ab(struct zx_buf *b) {
    subscription(b, false, false, "AB");
}

static void subscribe_ab_message(struct zx_buf *b) {
    subscription(b, true, true, "AB");
}

static void cancel_ab_message(struct zx_buf *b) {
    subscription(b, false, true, "AB");
}

static void subscribe_z(struct zx_buf *b, size_t n) {
    char topic[300];
    memset(topic, 'z', n);
    topic[n] = 0;
    subscription(b, true, false, topic);
}

static void subscribe_245(struct zx_buf *b) {
    subscribe_z(b, 245);
}

static void subscribe_246(struct zx_buf *b) {
    subscribe_z(b, 246);
}

static void subscribe_255_message(struct zx_buf *b) {
    char topic[256];
    memset(topic, 'z', 255);
    topic[255] = 0;
    subscription(b, true, true, topic);
}

static void membership(struct zx_buf *b, bool join) {
    struct zx_membership m = {join, (const uint8_t *)"grp", 3};
    uint8_t *room = zx_buf_reserve(b, 9);
    b->tail += zx_membership_write(room, 9, &m);
}

static void join_grp(struct zx_buf *b) {
    membership(b, true);
}

static void leave_grp(struct zx_buf *b) {
    membership(b, false);
}

static void ping(struct zx_buf *b, uint16_t ttl, const char *context) {
    struct zx_ping p = {ttl, (const uint8_t *)context, strlen(context)};
    uint8_t *room = zx_buf_reserve(b, ZX_PING_SIZE_MAX);
    b->tail += zx_ping_write(room, ZX_PING_SIZE_MAX, &p);
}

static void ping_60_s(struct zx_buf *b) {
    ping(b, 600, "");
}

static void ping_no_ttl(struct zx_buf *b) {
    ping(b, 0, "");
}

static void ping_context(struct zx_buf *b) {
    ping(b, 0, "ABC");
}

static void pong_context(struct zx_buf *b) {
    uint8_t *room = zx_buf_reserve(b, ZX_PING_SIZE_MAX);
    b->tail += zx_pong_write(room, ZX_PING_SIZE_MAX, (const uint8_t *)"ABC", 3);
}

static void pong_plain(struct zx_buf *b) {
    uint8_t *room = zx_buf_reserve(b, ZX_PING_SIZE_MAX);
    b->tail += zx_pong_write(room, ZX_PING_SIZE_MAX, NULL, 0);
}

static void nothing(struct zx_buf *b) {
    (void)b;
}

static void p1(struct zx_buf *b) {
    text(b, "p1");
}

static void p2(struct zx_buf *b) {
    text(b, "p2");
}

static void grp(struct zx_buf *b) {
    text(b, "grp");
}

static void hello(struct zx_buf *b) {
    text(b, "hello");
}

static void bytes_255(struct zx_buf *b) {
    repeat(b, 'x', 255);
}

static void bytes_300(struct zx_buf *b) {
    repeat(b, 'x', 300);
}

static const struct vector {
    void (*write)(struct zx_buf *b); /* the body */
    uint8_t flags;
    const char *frame;
} vectors[] = {
    {ready_router, 4, READY_ROUTER},
    {ready_req, 4,
     "04 2e 05 52 45 41 44 59 0b 53 6f 63 6b 65 74 2d 54 79 70 65 00 00 00 03 52 45 51 "
     "08 49 64 65 6e 74 69 74 79 00 00 00 08 63 6c 69 65 6e 74 2d 37"},
    {ready_push, 4, READY_PUSH},
    {error_400, 4, "04 0a 05 45 52 52 4f 52 03 34 30 30"},
    {subscribe_all, 4, "04 0a 09 53 55 42 53 43 52 49 42 45"},
    {subscribe_ab, 4, "04 0c 09 53 55 42 53 43 52 49 42 45 41 42"},
    {subscribe_ab_message, 0, "00 03 01 41 42"},
    {cancel_ab, 4, "04 09 06 43 41 4e 43 45 4c 41 42"},
    {cancel_ab_message, 0, "00 03 00 41 42"},
    {subscribe_245, 4, "04 ff 09 53 55 42 53 43 52 49 42 45 7a*245"},
    {subscribe_246, 4, "06 00 00 00 00 00 00 01 00 09 53 55 42 53 43 52 49 42 45 7a*246"},
    {subscribe_255_message, 0, "02 00 00 00 00 00 00 01 00 01 7a*255"},
    {join_grp, 4, "04 08 04 4a 4f 49 4e 67 72 70"},
    {leave_grp, 4, "04 09 05 4c 45 41 56 45 67 72 70"},
    {grp, MORE, "01 03 67 72 70"},
    {hello, 0, "00 05 68 65 6c 6c 6f"},
    {ping_60_s, 4, "04 07 04 50 49 4e 47 02 58"},
    {ping_no_ttl, 4, "04 07 04 50 49 4e 47 00 00"},
    {ping_context, 4, "04 0a 04 50 49 4e 47 00 00 41 42 43"},
    {pong_context, 4, "04 08 04 50 4f 4e 47 41 42 43"},
    {pong_plain, 4, "04 05 04 50 4f 4e 47"},
    {p1, MORE, "01 02 70 31"},
    {p2, 0, "00 02 70 32"},
    {nothing, MORE, "01 00"},
    {nothing, 0, "00 00"},
    {bytes_255, 0, "00 ff 78*255"},
    {bytes_300, 0, "02 00 00 00 00 00 00 01 2c 78*300"},
};

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static void written(void **state) {
    (void)state;
    for (int i = 0; i < VECTORS; i++) {
        struct zx_buf b = {0};
        text(&b, "before"); /* a header goes in front of its own body only */
        vectors[i].write(&b);
        assert_int_equal(zx_hs_frame_wrap(&b, vectors[i].flags, zx_buf_size(&b) - 6), 0);
        assert_memory_equal(b.data, "before", 6);
        assert_bytes(b.data + 6, zx_buf_size(&b) - 6, vectors[i].frame);
        zx_buf_fini(&b);
    }
}

/* Reads one frame that arrives as [0, cut) and [cut, size) and compares it. */
static void read_cut(const struct bytes *frame, size_t cut, const struct zx_buf *body) {
    struct zx_hs_frame f = {.have = 0};
    size_t ends[2] = {cut, frame->size}, at = 0;
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        uint8_t *piece = malloc(ends[i] - at + 1);
        const uint8_t *got;
        memcpy(piece, frame->data + at, ends[i] - at);
        struct zx_hs_bytes in = {piece, ends[i] - at};
        rc = zx_hs_frame_read(&f, &in, 1000, &got);
        assert_int_equal(in.left, 0);
        assert_int_equal(rc, ends[i] == frame->size);
        if (rc) {
            assert_int_equal(f.size, zx_buf_size(body));
            assert_int_equal(f.header[0], frame->data[0]);
            if (f.size)
                assert_memory_equal(got, body->data, zx_buf_size(body));
        }
        at = ends[i];
        free(piece);
    }
    assert_int_equal(rc, 1);
    zx_hs_frame_end(&f);
    assert_int_equal(zx_buf_size(&f.body), 0);
}

static void read_back(void **state) {
    (void)state;
    for (int i = 0; i < VECTORS; i++) {
        struct bytes frame = hex(vectors[i].frame);
        struct zx_buf body = {0};
        vectors[i].write(&body);
        for (size_t cut = 0; cut <= frame.size; cut++)
            read_cut(&frame, cut, &body);
        zx_buf_fini(&body);
        bytes_free(&frame);
    }
}

/* A reader takes its own frame and leaves the next one alone. */
static void two_frames(void **state) {
    (void)state;
    struct bytes b = hex("01 02 70 31 00 02 70 32 00");
    struct zx_hs_bytes in = {b.data, b.size};
    struct zx_hs_frame f = {.have = 0};
    const uint8_t *body;
    assert_int_equal(zx_hs_frame_read(&f, &in, 2, &body), 1);
    assert_bytes(body, (size_t)f.size, "7031");
    assert_int_equal(in.left, 5);
    zx_hs_frame_end(&f);
    assert_int_equal(zx_hs_frame_read(&f, &in, 2, &body), 1);
    assert_bytes(body, (size_t)f.size, "7032");
    assert_int_equal(in.left, 1);
    zx_hs_frame_end(&f);
    assert_int_equal(zx_hs_frame_read(&f, &in, 2, &body), 0);
    zx_hs_frame_end(&f);
    bytes_free(&b);
}

static void too_large(void **state) {
    (void)state;
    static const char *const frames[] = {"00 03", "02 00*7 03", "02 80 00*7", "06 ff*8"};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct bytes b = hex(frames[i]);
        struct zx_hs_bytes in = {b.data, b.size};
        struct zx_hs_frame f = {.have = 0};
        const uint8_t *body;
        assert_int_equal(zx_hs_frame_read(&f, &in, 2, &body), -EMSGSIZE);
        zx_hs_frame_end(&f);
        bytes_free(&b);
    }
}

static void in_1_0_framing(void **state) {
    (void)state;
    static const struct {
        void (*write)(struct zx_buf *b);
        bool more;
        const char *frame;
    } rows[] = {
        {subscribe_ab_message, false, "04 00 01 41 42"},
        {cancel_ab_message, false, "04 00 00 41 42"},
        {p1, true, "03 01 70 31"},
        {p2, false, "03 00 70 32"},
        {bytes_300, false, "ff 00 00 00 00 00 00 01 2d 00 78*300"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct zx_buf body = {0}, frame = {0};
        uint8_t header[ZX_V1_HEADER_MAX];
        rows[i].write(&body);
        size_t n = zx_v1_header(header, zx_buf_size(&body), rows[i].more);
        assert_int_equal(zx_buf_append(&frame, header, n), 0);
        assert_int_equal(zx_buf_append(&frame, body.data, zx_buf_size(&body)), 0);
        assert_bytes(frame.data, zx_buf_size(&frame), rows[i].frame);
        zx_buf_fini(&body);
        zx_buf_fini(&frame);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written),   cmocka_unit_test(read_back),      cmocka_unit_test(two_frames),
        cmocka_unit_test(too_large), cmocka_unit_test(in_1_0_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
