/* SPDX-License-Identifier: MIT */
/* Every command of CurveZMQ with fixed keys and random bytes, byte for byte, both ways. */
#include "unit/curve_support.h"

#include <sodium.h>
#include <string.h>

#define C_SHORT "07a37cbc142093c8b755dc1b10e86cb426374ad16aa853ed0bdfc0b2b86d1c7c"
#define S_SHORT "5869aff450549732cbaaed5e5df9b30a6da31cb0e5742bad5ad4a1a768f1a67b"
#define SHARED "ec88f6e13b22bf9f04d480e0d8525c08ac7e2f48e212742bcbcafa104a74b08d"

static const char hello[] =
    "0548454c4c4f0100 00*72 " C_SHORT "0000000000000001"
    "6e3f26f72fe2f05db20de7881ee6a08fc432afe73b138226f5930879c93bdd4d8586425a3a8d6bc5d83598a3017e"
    "0f1792ff0381360d168b6fe1c5e0bb752b0d365e13ea8e8a29ce1c5052c8c63eced7";
static const char welcome[] =
    "0757454c434f4d457172737475767778797a7b7c7d7e7f804012c309666c9e72"
    "7599e0f1db020c25db1365591461fa1135a55d26684ab474225a1928840c6c1d"
    "7f2f7375a1c31b7df02397e6dc1a89b1c8067b606a0b35ae39b1d6c1d1407462"
    "9a7c70a4089030c3f701d67d4601e9e1c903a017ec413abab7011d29bc71c02d"
    "a8ee2f7bdae62bb150456cf43ec7b22e69cd251f8cb9e2540bfd81f98d17237e"
    "87896c933ce936b7";
static const char initiate[] =
    "08494e4954494154456162636465666768696a6b6c6d6e6f709d01f1b61e8345"
    "18f75cf27e9fea4e92a18606fb464b47c0afbd1d3165f2a03f8e36fbaf623c77"
    "46b1f999e9d29c938b354c401e15f2728020f3a8ab3adb2e9bc946c0f1bcef24"
    "6da7d919648dc0d5870000000000000002c506337da3074fa68aea36478692f8"
    "3cf4b83c445dabfe76b764205b74eeced08560918c380fe1f6615aa96926bbfd"
    "8b9cb3e60a229a0ba7b735062b4216b2602e2f9879b84e4d56b689b7e33bac08"
    "0f0411f7708020190d2daa919b1e040ed749ada8ded2d04826a1451cd3567e89"
    "f4407c8f921617ec2e54b7683afa98108358897b3ccdfa4d45bb4a4a1e7a7568"
    "b77523cdb6612d1dcd2e3c1025f1b8642572653b8096339e6dfabca005b814c1"
    "5e89d3e2";
static const char ready[] =
    "0552454144590000000000000001640086d1ab154a21cf6b4b63c8994a57e5b9"
    "76c483ec0654f901c19a18bef5ba8a058356adbb7f4fd971d3a3f9629bff74d7"
    "9f";
static const char dealer[] =
    "0b536f636b65742d54797065000000064445414c4552 084964656e7469747900000000";
static const char router[] =
    "0b536f636b65742d5479706500000006524f55544552 084964656e7469747900000000";

struct keys {
    uint8_t s[32], S[32], c[32], C[32], s_short[32], S_short[32], c_short[32], C_short[32];
    uint8_t cookie_key[32], shared[32], of_hello[32];
};

static void count_from(uint8_t *to, uint8_t first, size_t n) {
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(first + i);
}

static struct keys fixed(void) {
    struct keys k;
    key_of(k.s, SERVER_SECRET);
    key_of(k.S, SERVER_PUBLIC);
    key_of(k.c, CLIENT_SECRET);
    key_of(k.C, CLIENT_PUBLIC);
    key_of(k.C_short, C_SHORT);
    key_of(k.S_short, S_SHORT);
    key_of(k.shared, SHARED);
    count_from(k.c_short, 0x01, 32);
    count_from(k.s_short, 0x21, 32);
    count_from(k.cookie_key, 0x41, 32);
    assert_int_equal(crypto_box_beforenm(k.of_hello, k.S, k.c_short), 0);
    return k;
}

static void key_pairs(void **state) {
    (void)state;
    struct keys k = fixed();
    uint8_t got[32];
    assert_int_equal(zx_curve_pair_public(got, k.c_short), 0);
    assert_memory_equal(got, k.C_short, 32);
    assert_int_equal(zx_curve_pair_public(got, k.s), 0);
    assert_memory_equal(got, k.S, 32);
    assert_int_equal(crypto_box_beforenm(got, k.S_short, k.c_short), 0);
    assert_memory_equal(got, k.shared, 32);
}

static void hello_both_ways(void **state) {
    (void)state;
    struct keys k = fixed();
    uint8_t out[ZX_CURVE_HELLO], shared[32];
    const uint8_t *short_public;
    uint64_t counter;
    zx_curve_hello_write(out, k.C_short, k.of_hello, 1);
    assert_bytes(out, sizeof out, hello);
    assert_int_equal(zx_curve_hello_look(out, sizeof out, &short_public, &counter), 0);
    assert_memory_equal(short_public, k.C_short, 32);
    assert_int_equal(counter, 1);
    assert_int_equal(crypto_box_beforenm(shared, short_public, k.s), 0);
    assert_int_equal(zx_curve_hello_open(out, shared), 0);
}

static void welcome_both_ways(void **state) {
    (void)state;
    struct keys k = fixed();
    struct zx_curve_cookie cookie, baked;
    struct zx_curve_welcome w, got;
    uint8_t tail[16], out[ZX_CURVE_WELCOME];
    memcpy(cookie.client_short, k.C_short, 32);
    memcpy(cookie.own_secret, k.s_short, 32);
    count_from(tail, 0x61, 16);
    memcpy(w.server_short, k.S_short, 32);
    zx_curve_cookie_write(w.cookie, &cookie, k.cookie_key, tail);
    count_from(tail, 0x71, 16);
    zx_curve_welcome_write(out, &w, k.of_hello, tail);
    assert_bytes(out, sizeof out, welcome);
    assert_int_equal(zx_curve_welcome_read(&got, out, sizeof out, k.of_hello), 0);
    assert_memory_equal(&got, &w, sizeof w);
    assert_int_equal(zx_curve_cookie_read(&baked, got.cookie, k.cookie_key), 0);
    assert_memory_equal(&baked, &cookie, sizeof cookie);
}

static void initiate_both_ways(void **state) {
    (void)state;
    struct keys k = fixed();
    struct bytes props = hex(dealer), cookie = hex(initiate);
    struct zx_curve_vouch v, got;
    uint8_t tail[16], text[163], out[292], back[163];
    memcpy(v.client_short, k.C_short, 32);
    memcpy(v.server, k.S, 32);
    count_from(tail, 0x81, 16);
    memcpy(text, k.C, 32);
    assert_true(zx_curve_vouch_write(text + 32, &v, tail, k.c, k.S_short));
    assert_int_equal(props.size, 35);
    memcpy(text + 128, props.data, props.size);
    zx_curve_initiate_write(out, &(struct zx_curve_text){text, sizeof text}, cookie.data + 9, 2,
                            k.shared);
    assert_bytes(out, sizeof out, initiate);

    const uint8_t *sealed;
    uint64_t counter;
    assert_int_equal(zx_curve_initiate_look(out, sizeof out, &sealed, &counter), 0);
    assert_int_equal(counter, 2);
    assert_memory_equal(sealed, cookie.data + 9, 96);
    assert_int_equal(zx_curve_initiate_open(back, out, sizeof out, k.shared), 0);
    assert_memory_equal(back, text, sizeof text);
    assert_int_equal(zx_curve_vouch_read(&got, back + 32, k.s_short, k.C), 0);
    assert_memory_equal(&got, &v, sizeof v);
    bytes_free(&props);
    bytes_free(&cookie);
}

static void ready_both_ways(void **state) {
    (void)state;
    struct keys k = fixed();
    struct bytes props = hex(router);
    uint8_t out[65], back[35];
    uint64_t counter;
    zx_curve_ready_write(out, 1, k.shared, props.data, props.size);
    assert_bytes(out, sizeof out, ready);
    assert_int_equal(zx_curve_ready_read(back, out, sizeof out, k.shared, &counter), 0);
    assert_int_equal(counter, 1);
    assert_memory_equal(back, props.data, props.size);
    bytes_free(&props);
}

static void message_row(const char *text, uint8_t flags, uint64_t before, bool by_server,
                        const char *expected) {
    struct keys k = fixed();
    struct zx_curve_traffic out, in;
    struct bytes body = hex(text);
    uint8_t sealed[64], back[64];
    uint32_t error;
    zx_curve_traffic_init(&out, k.shared, by_server);
    zx_curve_traffic_init(&in, k.shared, !by_server);
    out.sealed = in.opened = before;
    struct zx_mech_seal one = {body.data, body.size, flags, sealed};
    assert_int_equal(zx_curve_seal(&out, &one, 1), 0);
    assert_bytes(sealed, body.size + 33, expected);
    struct zx_mech_open open = {sealed, body.size + 33, back, 0};
    assert_int_equal(zx_curve_open(&in, &open, 1, &error), 1);
    assert_int_equal(open.flags, flags);
    assert_memory_equal(back, body.data, body.size);
    bytes_free(&body);
}

static void messages(void **state) {
    (void)state;
    message_row("68656c6c6f", 0, 2, false,
                "074d4553534147450000000000000003b4527c114f53c3cec414859fb9d8a931222731a3f5fd");
    message_row("70617274", 1, 1, true,
                "074d4553534147450000000000000002a3b97e6c16e005e2ce097d6f7b4328662151e504e9");
    message_row("0450494e470000", 4, 3, false,
                "074d455353414745000000000000000406507d4ea9deae564bb60ff692aa34276a89e651eb00d1dd");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_pairs),
        cmocka_unit_test(hello_both_ways),
        cmocka_unit_test(welcome_both_ways),
        cmocka_unit_test(initiate_both_ways),
        cmocka_unit_test(ready_both_ways),
        cmocka_unit_test(messages),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
