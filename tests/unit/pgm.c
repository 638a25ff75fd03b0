/* SPDX-License-Identifier: MIT */
/* pgm: frames into packets, packets into messages; packets lost and packets that cannot be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "transports/pgm_stream.h"

struct packets {
    uint8_t data[64][40];
    size_t size[64], n;
};

static void add(struct zx_buf *b, size_t size, bool more) {
    uint8_t head[ZX_MCAST_HEAD_MAX], body[400];
    memset(body, 'b', sizeof body);
    assert_false(zx_buf_append(b, head, zx_mcast_put_head(head, ZX_MCAST_OLD, size, more)));
    assert_false(zx_buf_append(b, body, size));
}

static void pack(struct packets *p, const struct zx_buf *frames, size_t cap) {
    struct zx_pgm_tx tx = {0};
    struct zx_buf from = {0};
    assert_false(zx_buf_append(&from, frames->data + frames->head, zx_buf_size(frames)));
    for (p->n = 0; p->n < 64; p->n++)
        if (!(p->size[p->n] = zx_pgm_tx_fill(&tx, &from, p->data[p->n], cap)))
            break;
    assert_int_equal(zx_buf_size(&from), 0);
    zx_buf_fini(&from);
}

/* All but packet `lost` (-1: none). */
static void unpack(struct zx_buf *out, const struct packets *p, size_t lost) {
    struct zx_pgm_rx rx;
    zx_pgm_rx_init(&rx, -1);
    for (size_t i = 0; i < p->n; i++) {
        if (i == lost)
            zx_pgm_rx_lost(&rx);
        else
            assert_int_equal(zx_pgm_rx_input(&rx, p->data[i], p->size[i], out), 0);
    }
    zx_mcast_fini(&rx.c);
}

static void known_packets(void **state) {
    (void)state;
    struct zx_buf from = {0};
    struct zx_pgm_tx tx = {0};
    uint8_t packet[64];
    assert_false(zx_buf_append(&from, "\x06\x00hello", 7));
    assert_int_equal(zx_pgm_tx_fill(&tx, &from, packet, sizeof packet), 9);
    assert_memory_equal(packet, "\x00\x00\x06\x00hello", 9);
    assert_false(zx_buf_append(&from, "\x06\x01part1\x06\x00part2", 14));
    assert_int_equal(zx_pgm_tx_fill(&tx, &from, packet, 11), 11);
    assert_memory_equal(packet, "\x00\x00\x06\x01part1\x06\x00", 11);
    assert_int_equal(zx_pgm_tx_fill(&tx, &from, packet, sizeof packet), 7);
    assert_memory_equal(packet, "\xff\xffpart2", 7);
    assert_int_equal(zx_pgm_tx_fill(&tx, &from, packet, sizeof packet), 0);
    zx_buf_fini(&from);
}

static void any_packet_size(void **state) {
    (void)state;
    struct zx_buf all = {0};
    add(&all, 0, false), add(&all, 5, true), add(&all, 0, true), add(&all, 30, false);
    add(&all, 260, false), add(&all, 1, false);
    for (size_t cap = 20; cap <= 40; cap++) {
        struct packets p;
        struct zx_buf out = {0};
        pack(&p, &all, cap);
        unpack(&out, &p, SIZE_MAX);
        assert_int_equal(zx_buf_size(&out), zx_buf_size(&all));
        assert_memory_equal(out.data + out.head, all.data + all.head, zx_buf_size(&all));
        zx_buf_fini(&out);
    }
    zx_buf_fini(&all);
}

/* Messages of 10 bytes: whichever packet is lost, what comes is a number of whole ones. */
static void a_packet_is_lost(void **state) {
    (void)state;
    struct zx_buf all = {0};
    for (int i = 0; i < 20; i++)
        add(&all, 8, false);
    for (size_t cap = 7; cap <= 40; cap++) {
        struct packets p;
        pack(&p, &all, cap);
        for (size_t lost = 0; lost < p.n; lost++) {
            struct zx_buf out = {0};
            unpack(&out, &p, lost);
            assert_int_equal(zx_buf_size(&out) % 10, 0);
            assert_in_range(zx_buf_size(&out), 200 - 10 * (cap / 10 + 3), 190);
            assert_memory_equal(out.data + out.head, all.data + all.head, zx_buf_size(&out));
            zx_buf_fini(&out);
        }
    }
    zx_buf_fini(&all);
}

static void offsets(void **state) {
    (void)state;
    struct zx_pgm_rx rx;
    struct zx_buf out = {0};
    zx_pgm_rx_init(&rx, 10);
    /* Not joined: nothing begins here, and here just behind the end. */
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\xff\xffxyz", 5, &out), 0);
    assert_false(rx.joined);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00\x03xyz", 5, &out), 0);
    assert_true(rx.joined);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00\x00\x02\x00z", 5, &out), 0);
    assert_int_equal(zx_buf_size(&out), 3);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00\x04xyz", 5, &out), -EPROTO);
    assert_false(rx.joined);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00", 1, &out), -EPROTO);
    assert_int_equal(zx_pgm_rx_input(&rx, NULL, 0, &out), -EPROTO);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00\x00\x00\x00", 4, &out), -EPROTO);
    assert_int_equal(zx_pgm_rx_input(&rx, (const uint8_t *)"\x00\x00\x0c\x00", 4, &out),
                     -EMSGSIZE);
    assert_int_equal(zx_buf_size(&out), 3);
    zx_mcast_fini(&rx.c);
    zx_buf_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_packets),
        cmocka_unit_test(any_packet_size),
        cmocka_unit_test(a_packet_is_lost),
        cmocka_unit_test(offsets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
