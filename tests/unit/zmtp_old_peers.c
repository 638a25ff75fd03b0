/* SPDX-License-Identifier: MIT */
/* Openings with peers older than 3.0. */
#include "unit/zmtp_support.h"

#include "zmtp/metadata.h"
#include "zmtp/types.h"

#include <errno.h>

#define CLIENT_7 ((const uint8_t *)"client-7")
#define SIGNATURE "ff 00*7 01 7f"

static const struct zx_hs_conf router = {.socket_type = ZX_TYPE_ROUTER};
static const struct zx_hs_conf router_named = {
    .socket_type = ZX_TYPE_ROUTER, .routing_id = CLIENT_7, .routing_id_size = 8};
static const struct zx_hs_conf pub = {.socket_type = ZX_TYPE_PUB};

static void is_peer_ab(struct zx_hs *hs) {
    size_t size;
    const uint8_t *id = zx_hs_routing_id(hs, &size);
    assert_bytes(id, size, "4142");
    assert_int_equal(zx_hs_peer_type(hs), -1);
    assert_false(zx_hs_subscribe_all(hs));
    struct zx_meta *meta;
    assert_int_equal(zx_hs_meta(hs, "127.0.0.1", 3, &meta), 0);
    assert_null(meta); /* messages of such peers carry none */
}

static void has_no_routing_id(struct zx_hs *hs) {
    size_t size;
    assert_null(zx_hs_routing_id(hs, &size));
    assert_int_equal(size, 0);
}

static void wants_everything(struct zx_hs *hs) {
    assert_true(zx_hs_subscribe_all(hs));
}

static void wants_what_it_says(struct zx_hs *hs) {
    assert_false(zx_hs_subscribe_all(hs));
}

static void version_2_0(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*8 7f 01 05 00 02 4142 00 01 78",
                            .output = SIGNATURE "03 06 00 00",
                            .rest = "00 01 78",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0,
                            .check = is_peer_ab});
    run_play(&(struct play){.conf = router_named,
                            .input = "ff 00*8 7f 01 05 00 00",
                            .output = "ff 00*7 09 7f 03 06 00 08 636c69656e742d37",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0,
                            .check = has_no_routing_id});
    /* A 2.0 SUB at our PUB, and its subscription to "A" behind. */
    run_play(&(struct play){.conf = pub,
                            .input = "ff 00*8 7f 01 02 00 00 00 02 01 41",
                            .output = SIGNATURE "03 01 00 00",
                            .rest = "00 02 01 41",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0,
                            .check = wants_what_it_says});
    /* XPUB and XSUB have no number in RFC 15; the one of the API is sent. */
    run_play(&(struct play){.conf = {.socket_type = ZX_TYPE_XSUB},
                            .input = "ff 00*8 7f 01 01 00 00",
                            .output = SIGNATURE "03 0a 00 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0});
}

static void version_2_0_odd(void **state) {
    (void)state;
    /* Its type is nobody's business, its flags neither, nor a needlessly long length. */
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*8 7f 01 ee ff 00*7 02 4142",
                            .output = SIGNATURE "03 06 00 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0,
                            .check = is_peer_ab});
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*8 7f 01 05 00 05 006b8b4567",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_2_0,
                            .check = has_no_routing_id});
    run_play(
        &(struct play){.conf = router, .input = "ff 00*8 7f 01 05 02 00*6 0100", .rc = -EMSGSIZE});
    run_play(&(struct play){.conf = router, .input = "ff 00*8 7f 01 05 02 ff*8", .rc = -EMSGSIZE});
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*8 7f 01 05 00 02 41",
                            .output = SIGNATURE "03 06 00 00",
                            .version = ZX_ZMTP_2_0});
}

static void revision_0(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router_named,
                            .input = "ff 00*8 7f 00 05 03 00 4142 02 00 78",
                            .output = "ff 00*7 09 7f 03 06 09 00 636c69656e742d37",
                            .rest = "02 00 78",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_REV0,
                            .check = is_peer_ab});
    run_play(&(struct play){.conf = pub,
                            .input = "ff 00*8 7f 00 02 01 00",
                            .output = SIGNATURE "03 01 01 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_REV0,
                            .check = wants_what_it_says});
}

static void unversioned(void **state) {
    (void)state;
    /* Part A was the header of our identity frame, so only its body follows. */
    run_play(&(struct play){.conf = router_named,
                            .input = "03 00 4142 02 00 78",
                            .output = "ff 00*7 09 7f 636c69656e742d37",
                            .rest = "02 00 78",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = is_peer_ab});
    run_play(&(struct play){.conf = router,
                            .input = "01 00",
                            .output = SIGNATURE,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = has_no_routing_id});
    run_play(&(struct play){.conf = pub,
                            .input = "01 00",
                            .output = SIGNATURE,
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = wants_everything});
    run_play(&(struct play){.conf = {.socket_type = ZX_TYPE_XPUB},
                            .input = "01 01",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = wants_everything});
}

static void is_255_long(struct zx_hs *hs) {
    size_t size;
    assert_non_null(zx_hs_routing_id(hs, &size));
    assert_int_equal(size, 255);
}

static void unversioned_long_identity(void **state) {
    (void)state;
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*7 03 00 4142 01 00",
                            .output = SIGNATURE,
                            .rest = "01 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = is_peer_ab});
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*7 01 00",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = has_no_routing_id});
    run_play(&(struct play){.conf = router,
                            .input = "ff 00*6 0100 00 61*255",
                            .rc = ZX_HS_DONE,
                            .version = ZX_ZMTP_UNVERSIONED,
                            .check = is_255_long});
    run_play(&(struct play){.conf = router, .input = "ff 00*6 0101 00 61*256", .rc = -EMSGSIZE});
    run_play(&(struct play){.conf = router, .input = "ff ff*8 00", .rc = -EMSGSIZE});
}

static void garbage(void **state) {
    (void)state;
    /* "GET / HTTP/1.1": a 1.0 peer that announces 70 bytes of identity and never ends it. */
    run_play(&(struct play){.conf = router,
                            .input = "474554202f20485454502f312e310d0a",
                            .output = SIGNATURE,
                            .version = ZX_ZMTP_UNVERSIONED});
    run_play(&(struct play){.conf = router, .input = "00 00", .rc = -EPROTO});
    run_play(&(struct play){.conf = router, .input = "ff 00*9", .rc = -EPROTO});
}

static void downgrade_guard(void **state) {
    (void)state;
    struct zx_hs_conf conf = router;
    conf.refuse_old = true;
    static const struct {
        const char *input;
        const char *output;
    } rows[] = {
        {"03 00 4142", SIGNATURE},
        {"ff 00*7 01 00", SIGNATURE},
        {"ff 00*8 7f 00 05 01 00", SIGNATURE "03 06"},
        {"ff 00*8 7f 01 05 00 00", SIGNATURE "03 06"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        run_play(&(struct play){
            .conf = conf, .input = rows[i].input, .output = rows[i].output, .rc = -EPROTO});
    run_play(&(struct play){
        .conf = conf, .input = GREETING READY_DEALER, .rc = ZX_HS_DONE, .version = ZX_ZMTP_3_1});
}

static void held_and_decided(void **state) {
    (void)state;
    struct zx_hs_conf conf = router;
    conf.hold = true;
    struct play p = {.conf = conf,
                     .input = "ff 00*8 7f 01 05 00 02 4142 00 00",
                     .output = SIGNATURE "03 06 00 00",
                     .rest = "00 00",
                     .rc = ZX_HS_HOLD,
                     .version = ZX_ZMTP_2_0,
                     .check = is_peer_ab};
    run_play(&p);
    p.hold = 1;
    p.rc = ZX_HS_DONE;
    run_play(&p);
    p.hold = 2;
    p.rc = -EPROTO;
    p.error = (struct zx_hs_error){ZX_HS_ERROR_PROTOCOL, ZX_PERR_ZMTP_INVALID_METADATA};
    run_play(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_0),
        cmocka_unit_test(version_2_0_odd),
        cmocka_unit_test(revision_0),
        cmocka_unit_test(unversioned),
        cmocka_unit_test(unversioned_long_identity),
        cmocka_unit_test(garbage),
        cmocka_unit_test(downgrade_guard),
        cmocka_unit_test(held_and_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
