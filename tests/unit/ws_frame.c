/* SPDX-License-Identifier: MIT */
/* ZWS frames to and from ZMTP frames, whole, byte by byte and cut at every place. What a peer
 * must not send is in tests/wire/ws.c, where the answer is seen too. */
#include "unit/zmtp_support.h"

#include "transports/ws_frame.h"

#include <errno.h>
#include <string.h>

enum { ROOM = 200000 };

/* Decodes with a step of input and a room of output at a time; control frames are appended to
 * `controls` as opcode, size, payload. */
static int decode(struct zx_ws_decoder *d, const struct bytes *b, size_t step, size_t room,
                  struct zx_buf *out, struct zx_buf *controls) {
    uint8_t piece[ROOM];
    for (size_t at = 0; at < b->size;) {
        size_t n = b->size - at < step ? b->size - at : step;
        struct zx_ws_in in = {b->data + at, n};
        for (;;) {
            struct zx_ws_out o = {piece, room};
            int rc = zx_ws_decode(d, &in, &o);
            assert_int_equal(zx_buf_append(out, piece, room - o.room), 0);
            if (rc < 0)
                return rc;
            if (rc == ZX_WS_CONTROL) {
                uint8_t head[2] = {d->opcode, d->control_size};
                assert_int_equal(zx_buf_append(controls, head, 2), 0);
                assert_int_equal(zx_buf_append(controls, d->control, d->control_size), 0);
            } else if (o.room || (!in.size && !zx_ws_decoder_has_output(d))) {
                break;
            }
        }
        assert_int_equal(in.size, 0);
        at += n;
    }
    return 0;
}

static void play(const char *text, bool from_client, const char *frames, const char *controls) {
    struct bytes b = hex(text);
    for (size_t step = 1; step <= b.size; step++) {
        for (size_t room = 1; room < 40; room += 3) {
            struct zx_ws_decoder d;
            struct zx_buf out = {0}, ctl = {0};
            zx_ws_decoder_init(&d, from_client);
            d.max_message = -1;
            assert_int_equal(decode(&d, &b, step, room, &out, &ctl), 0);
            assert_bytes(out.data + out.head, zx_buf_size(&out), frames);
            assert_bytes(ctl.data + ctl.head, zx_buf_size(&ctl), controls);
            zx_buf_fini(&out);
            zx_buf_fini(&ctl);
            zx_ws_decoder_fini(&d);
        }
    }
    bytes_free(&b);
}

static void from_server(void **state) {
    (void)state;
    play("82 03 00 796f", false, "00 02 796f", "");
    play("82 01 00 82 01 01 82 02 02 61", false, "00 00 01 00 04 01 61", "");
    play("82 7e 0100 00 61*255", false, "00 ff 61*255", "");
    play("82 7e 0101 01 61*256", false, "03 0000000000000100 61*256", "");
    play("82 03 fc 796f", false, "00 02 796f", ""); /* bits nobody has given a meaning */
    play("02 02 00 61 89 01 78 00 00 8a 00 80 02 6263 82 01 00", false, "00 03 616263 00 00",
         "09 01 78 0a 00");
    play("02 00 80 01 01", false, "01 00", "");
    play("88 02 03e8", false, "", "08 02 03e8");
}

static void from_client(void **state) {
    (void)state;
    play("82 83 01020304 01 7b6c", true, "00 02 796f", "");
    play("82 85 01020304 00 60 61 66 63", true, "01 04 62626262", "");
    play("02 82 00000000 00 61 80 83 01020304 63 61 67", true, "00 04 61626364", "");
    play("89 81 ff000000 9e", true, "", "09 01 61");
}

static void commands_dropped(void **state) {
    (void)state;
    struct bytes b = hex("82 03 02 6161 82 01 02 02 01 02 80 02 6161 82 02 00 62");
    for (size_t step = 1; step <= b.size; step++) {
        struct zx_ws_decoder d;
        struct zx_buf out = {0}, ctl = {0};
        zx_ws_decoder_init(&d, false);
        d.drop_commands = true;
        d.max_message = -1;
        assert_int_equal(decode(&d, &b, step, 7, &out, &ctl), 0);
        assert_bytes(out.data, zx_buf_size(&out), "00 01 62");
        zx_buf_fini(&out);
        zx_buf_fini(&ctl);
        zx_ws_decoder_fini(&d);
    }
    bytes_free(&b);
}

static void limits(void **state) {
    static const struct {
        const char *text;
        int rc, code;
    } rows[] = {
        {"82 0b 00 61*10", 0, 0},
        {"82 0c", -EMSGSIZE, ZX_WS_TOO_BIG},
        {"02 06 00 61*5 80 05 61*5", 0, 0},
        {"02 06 00 61*5 80 06", -EMSGSIZE, ZX_WS_TOO_BIG},
        {"82 7f 7fffffffffffffff", -EMSGSIZE, ZX_WS_TOO_BIG},
        {"82 7f 8000000000000000", -EPROTO, ZX_WS_PROTOCOL_ERROR},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes b = hex(rows[i].text);
        struct zx_ws_decoder d;
        struct zx_buf out = {0}, ctl = {0};
        zx_ws_decoder_init(&d, false);
        d.max_message = 10;
        assert_int_equal(decode(&d, &b, b.size, ROOM, &out, &ctl), rows[i].rc);
        assert_int_equal(d.close_code, rows[i].code);
        zx_buf_fini(&out);
        zx_buf_fini(&ctl);
        zx_ws_decoder_fini(&d);
        bytes_free(&b);
    }
}

/* Before max_message is known: as before, but that what is held is bounded, and nothing behind a
 * message is looked at. */
static void unknown_limit(void **state) {
    static const struct {
        const char *text, *out;
        size_t left;
        int rc;
    } rows[] = {
        {"82 02 00 61 82 02 00 62", "00 01 61", 4, 0},
        {"82 01 00 82 02 00 62", "00 00", 4, 0},
        {"82 0c 00 61*11 82", "00 0b 61*11", 1, 0},
        {"02 06 00 61*5 80 05 61*5 82 02 00 62", "00 0a 61*10", 4, 0},
        {"02 06 00 61*5 80 06", "", 0, -EMSGSIZE},
        {"02 0c 00 61*11", "", 12, -EMSGSIZE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes b = hex(rows[i].text);
        struct zx_ws_decoder d;
        uint8_t piece[100];
        struct zx_ws_in in = {b.data, b.size};
        struct zx_ws_out out = {piece, sizeof piece};
        zx_ws_decoder_init(&d, false);
        d.max_message = -1;
        d.max_parts = 10;
        assert_int_equal(zx_ws_decode(&d, &in, &out), rows[i].rc);
        assert_bytes(piece, sizeof piece - out.room, rows[i].out);
        assert_int_equal(in.size, rows[i].left);
        zx_ws_decoder_fini(&d);
        bytes_free(&b);
    }
}

/* What a client sends is what a server of ours reads, every length form, however it is cut. */
static void there_and_back(void **state) {
    static const char *const frames[] = {
        "00 00 01 03 616263 04 02 6161", "00 7c 61*124 00 7d 61*125 00 7e 61*126",
        "02 000000000000fffe 61*65534 02 000000000000ffff 61*65535 03 0000000000010000 61*65536"};
    (void)state;
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        struct bytes b = hex(frames[i]);
        for (size_t step = 1; step <= b.size; step = step < 50 ? step + 1 : step * 3) {
            struct zx_ws_encoder e;
            struct zx_ws_decoder d;
            struct zx_buf wire = {0}, out = {0}, ctl = {0};
            bool is_client = step & 1;
            zx_ws_encoder_init(&e, is_client);
            zx_ws_decoder_init(&d, is_client);
            d.max_message = -1;
            for (size_t at = 0; at < b.size; at += step) {
                size_t n = b.size - at < step ? b.size - at : step;
                assert_int_equal(zx_ws_encode(&e, b.data + at, n, &wire), 0);
            }
            struct bytes sent = {wire.data + wire.head, zx_buf_size(&wire)};
            assert_int_equal(decode(&d, &sent, 1000, ROOM, &out, &ctl), 0);
            assert_int_equal(zx_buf_size(&out), b.size);
            assert_memory_equal(out.data, b.data, b.size);
            zx_buf_fini(&wire);
            zx_buf_fini(&out);
            zx_buf_fini(&ctl);
            zx_ws_encoder_fini(&e);
            zx_ws_decoder_fini(&d);
        }
        bytes_free(&b);
    }
}

/* A control frame waits for the end of the frame under way, and no longer. */
static void control_in_between(void **state) {
    struct zx_ws_encoder e;
    struct zx_buf out = {0};
    struct zx_ws_in x = {(const uint8_t *)"x", 1}, nothing = {NULL, 0};
    (void)state;
    zx_ws_encoder_init(&e, false);
    assert_int_equal(zx_ws_encode_control(&e, ZX_WS_PING, &nothing, &out), 0);
    assert_int_equal(zx_ws_encode(&e, (const uint8_t *)"\0", 1, &out), 0);
    assert_int_equal(zx_ws_encode_control(&e, ZX_WS_PONG, &x, &out), 0);
    assert_int_equal(zx_ws_encode(&e, (const uint8_t *)"\2a", 2, &out), 0);
    assert_int_equal(zx_ws_encode_control(&e, ZX_WS_PING, &nothing, &out), 0);
    assert_int_equal(zx_ws_encode(&e, (const uint8_t *)"b\0\0", 3, &out), 0);
    assert_bytes(out.data, zx_buf_size(&out), "89 00 82 03 00 6162 8a 01 78 89 00 82 01 00");
    zx_buf_fini(&out);
    zx_ws_encoder_fini(&e);
}

/* No key twice in a row, none predictable from the one before: they are drawn, not counted. */
static void keys_differ(void **state) {
    struct zx_ws_encoder e;
    struct zx_buf out = {0};
    (void)state;
    zx_ws_encoder_init(&e, true);
    for (int i = 0; i < 200; i++)
        assert_int_equal(zx_ws_encode(&e, (const uint8_t *)"\0\0", 2, &out), 0);
    assert_int_equal(zx_buf_size(&out), 200 * 7);
    int same = 0;
    for (int i = 1; i < 200; i++)
        same += !memcmp(out.data + 7 * i + 2, out.data + 7 * (i - 1) + 2, 4);
    assert_true(same < 3);
    zx_buf_fini(&out);
    zx_ws_encoder_fini(&e);
}

static void close_codes(void **state) {
    static const struct {
        unsigned code;
        bool fits;
    } rows[] = {{0, false},    {999, false},  {1000, true},  {1003, true},  {1004, false},
                {1005, false}, {1006, false}, {1007, true},  {1014, true},  {1015, false},
                {2999, false}, {3000, true},  {4999, true},  {5000, false}, {65535, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t payload[2] = {(uint8_t)(rows[i].code >> 8), (uint8_t)rows[i].code};
        assert_int_equal(zx_ws_close_code(payload, 2), rows[i].fits ? rows[i].code : 0);
    }
    assert_int_equal(zx_ws_close_code(NULL, 0), ZX_WS_NO_CODE);
    assert_int_equal(zx_ws_close_code((const uint8_t *)"\3", 1), 0);
}

/* RFC 6455, 5.5.1: the reason is UTF-8: no form longer than need be, no surrogate, none cut off. */
static void close_reasons(void **state) {
    static const char *const good[] = {"bye", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                                       "\xec\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80",
                                       "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf",
                                       "\xf4\x8f\xbf\xbf", "a\xc3\xa4z"};
    static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f",
                                      "\xc2\xc0", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
                                      "\xe1\x80z", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80", "\xff", "fine\xf1\x80\x80"};
    uint8_t payload[125] = {3, 0xe8};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        memcpy(payload + 2, good[i], strlen(good[i]));
        assert_int_equal(zx_ws_close_code(payload, 2 + strlen(good[i])), 1000);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(payload + 2, bad[i], strlen(bad[i]));
        assert_int_equal(zx_ws_close_code(payload, 2 + strlen(bad[i])), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(from_server),        cmocka_unit_test(from_client),
        cmocka_unit_test(commands_dropped),   cmocka_unit_test(limits),
        cmocka_unit_test(unknown_limit),
        cmocka_unit_test(there_and_back),     cmocka_unit_test(control_in_between),
        cmocka_unit_test(keys_differ),        cmocka_unit_test(close_codes),
        cmocka_unit_test(close_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
