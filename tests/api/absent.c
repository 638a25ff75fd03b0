/* SPDX-License-Identifier: MIT */
/* What this version does not have says so, each thing in its own way; asked of ours alone. */
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"

#define REFUSED(call) zx_check_rc(#call, "ENOTSUP", call)

static void curve_calls(void) {
    char one[41] = "", two[41] = "";

    if (zmq_has("curve"))
        return;
    zx_soft(1);
    REFUSED(zmq_curve_keypair(one, two));
    REFUSED(zmq_curve_public(one, two));
}

static void keys(void) {
    static const int options[] = {ZMQ_CURVE_PUBLICKEY, ZMQ_CURVE_SECRETKEY, ZMQ_CURVE_SERVERKEY};
    char key[32] = "0123456789012345678901234567890";
    void *s = zx_socket(ZMQ_DEALER);

    if (zmq_has("curve"))
        return;

    zx_soft(1);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        size_t n = sizeof key;
        zx_check_rc(zx_fmt("set %d", options[i]), "EINVAL",
                    zmq_setsockopt(s, options[i], key, sizeof key));
        zx_check_rc(zx_fmt("get %d", options[i]), "EINVAL",
                    zmq_getsockopt(s, options[i], key, &n));
    }
}

static void gssapi(void) {
    static const int texts[] = {ZMQ_GSSAPI_PRINCIPAL, ZMQ_GSSAPI_SERVICE_PRINCIPAL};
    static const int numbers[] = {ZMQ_GSSAPI_SERVER, ZMQ_GSSAPI_PLAINTEXT,
                                  ZMQ_GSSAPI_PRINCIPAL_NAMETYPE,
                                  ZMQ_GSSAPI_SERVICE_PRINCIPAL_NAMETYPE};
    void *s = zx_socket(ZMQ_DEALER);

    if (zmq_has("gssapi"))
        return;

    zx_soft(1);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        zx_check_rc(zx_fmt("option %d", texts[i]), "EINVAL", zx_set_str(s, texts[i], "abc"));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        zx_check_rc(zx_fmt("option %d", numbers[i]), "EINVAL", zx_set_int(s, numbers[i], 1));
}

static const struct zx_case cases[] = {
    ZX_CASE(curve_calls), ZX_CASE(keys), ZX_CASE(gssapi),
};

ZX_MAIN("absent", cases)
