/* SPDX-License-Identifier: MIT */
/* Z85: the vectors of its specification, every value, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/z85.h"

#include <string.h>

static void the_specifications_vector(void **state) {
    (void)state;
    static const uint8_t data[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    char text[11];
    uint8_t back[8];
    assert_true(zx_z85_encode(text, data, sizeof data));
    assert_string_equal(text, "HelloWorld");
    assert_true(zx_z85_decode(back, text));
    assert_memory_equal(back, data, sizeof data);
}

static void nothing_is_nothing(void **state) {
    (void)state;
    char text[1] = {'x'};
    uint8_t data = 7;
    assert_true(zx_z85_encode(text, &data, 0));
    assert_string_equal(text, "");
    assert_true(zx_z85_decode(&data, ""));
    assert_int_equal(data, 7);
}

static void every_byte_comes_back(void **state) {
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++)
        for (unsigned place = 0; place < 4; place++) {
            uint8_t data[4] = {0}, back[4];
            char text[6];
            data[place] = (uint8_t)byte;
            assert_true(zx_z85_encode(text, data, 4));
            assert_int_equal(strlen(text), 5);
            assert_true(zx_z85_decode(back, text));
            assert_memory_equal(back, data, 4);
        }
}

static void bad_lengths_letters_and_groups(void **state) {
    (void)state;
    uint8_t data[16] = {0};
    char text[32];
    for (size_t size = 1; size < 8; size++)
        assert_int_equal(zx_z85_encode(text, data, size), size == 4);
    assert_false(zx_z85_decode(data, "Hell"));
    assert_false(zx_z85_decode(data, "HelloW"));
    assert_false(zx_z85_decode(data, "Hell "));
    assert_false(zx_z85_decode(data, "Hell\""));
    assert_false(zx_z85_decode(data, "Hell\xc3"));
    assert_true(zx_z85_decode(data, "%nSc0")); /* 2^32 - 1 */
    assert_int_equal(data[0] & data[1] & data[2] & data[3], 0xff);
    assert_false(zx_z85_decode(data, "%nSc1"));
    assert_false(zx_z85_decode(data, "#####"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specifications_vector),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(every_byte_comes_back),
        cmocka_unit_test(bad_lengths_letters_and_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
