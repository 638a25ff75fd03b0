/* SPDX-License-Identifier: MIT */
/* Options whose rules are about contents or about each other, and the errors of the two calls. */
#include "zx_api.h"

static const char z85_key[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";

static int curve_key(void *s, int opt, const void *key, size_t n) {
    return zmq_setsockopt(s, opt, key, n);
}

static void each_curve_key(int opt) {
    unsigned char raw[32] = {0x8e, 0x0b, 0xdd};
    char text[64] = "", bad[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf~";
    size_t n = 41;
    void *s = zx_socket(ZMQ_PUSH);

    zx_needs("curve");
    zx_check_rc("32 bytes", "0", curve_key(s, opt, raw, 32));
    zx_check_rc("31 bytes", "EINVAL", curve_key(s, opt, raw, 31));
    zx_check_rc("33 bytes", "EINVAL", curve_key(s, opt, z85_key, 33));
    zx_check_rc("39 characters", "EINVAL", curve_key(s, opt, z85_key, 39));
    zx_check_rc("bad characters", "EINVAL", curve_key(s, opt, bad, 41));
    zx_check_rc("40 characters", "0", curve_key(s, opt, z85_key, 40));
    zx_check_rc("40 characters and NUL", "0", curve_key(s, opt, z85_key, 41));
    zx_check_rc("42 bytes", "EINVAL", curve_key(s, opt, text, 42));
    zx_check_rc("get text", "0", zmq_getsockopt(s, opt, text, &n));
    zx_check_str("text", z85_key, text);
    zx_check_int("size of text", 41, (int)n);
    n = 32;
    zx_check_rc("get raw", "0", zmq_getsockopt(s, opt, text, &n));
    zx_check_int("size of raw", 32, (int)n);
    zx_check_str("raw", "T\\fc\\ba$\\e9", zx_bytes(text, 5));
    n = 40;
    zx_check_rc("get 40", "EINVAL", zmq_getsockopt(s, opt, text, &n));
    n = 42;
    zx_check_rc("get 42", "EINVAL", zmq_getsockopt(s, opt, text, &n));
}

static void curve_publickey(void) {
    each_curve_key(ZMQ_CURVE_PUBLICKEY);
}

static void curve_secretkey(void) {
    each_curve_key(ZMQ_CURVE_SECRETKEY);
}

static void curve_serverkey(void) {
    each_curve_key(ZMQ_CURVE_SERVERKEY);
}

static void curve_keys_are_zero_at_first(void) {
    unsigned char key[32], zero[32] = {0};
    void *s = zx_socket(ZMQ_PUSH);

    zx_needs("curve");
    for (int opt = ZMQ_CURVE_PUBLICKEY; opt <= ZMQ_CURVE_SERVERKEY; opt++) {
        size_t n = sizeof key;
        memset(key, 1, sizeof key);
        zx_ok(zmq_getsockopt(s, opt, key, &n));
        zx_check_int(zx_fmt("option %d", opt), 0, memcmp(key, zero, 32));
    }
}

static int mechanism(void *s) {
    return zx_get_int(s, ZMQ_MECHANISM);
}

static void mechanism_follows_plain(void) {
    void *s = zx_socket(ZMQ_DEALER);

    zx_ok(zx_set_int(s, ZMQ_PLAIN_SERVER, 1));
    zx_check_int("server", ZMQ_PLAIN, mechanism(s));
    zx_check_int("as server", 1, zx_get_int(s, ZMQ_PLAIN_SERVER));
    zx_ok(zx_set_str(s, ZMQ_PLAIN_USERNAME, "user"));
    zx_check_int("username", ZMQ_PLAIN, mechanism(s));
    zx_check_int("username makes a client", 0, zx_get_int(s, ZMQ_PLAIN_SERVER));
    zx_ok(zmq_setsockopt(s, ZMQ_PLAIN_USERNAME, NULL, 0));
    zx_check_int("username NULL", ZMQ_NULL, mechanism(s));
    zx_ok(zx_set_str(s, ZMQ_PLAIN_PASSWORD, "pass"));
    zx_check_int("password", ZMQ_PLAIN, mechanism(s));
    zx_ok(zmq_setsockopt(s, ZMQ_PLAIN_PASSWORD, NULL, 0));
    zx_check_int("password NULL", ZMQ_NULL, mechanism(s));
    zx_ok(zx_set_int(s, ZMQ_PLAIN_SERVER, 1));
    zx_ok(zx_set_int(s, ZMQ_PLAIN_SERVER, 0));
    zx_check_int("server off", ZMQ_NULL, mechanism(s));
}

static void mechanism_follows_curve(void) {
    void *s = zx_socket(ZMQ_DEALER);

    zx_needs("curve");
    zx_ok(zx_set_int(s, ZMQ_CURVE_SERVER, 1));
    zx_check_int("server", ZMQ_CURVE, mechanism(s));
    zx_check_int("as server", 1, zx_get_int(s, ZMQ_CURVE_SERVER));
    zx_ok(curve_key(s, ZMQ_CURVE_PUBLICKEY, z85_key, 41));
    zx_check_int("public key keeps the role", 1, zx_get_int(s, ZMQ_CURVE_SERVER));
    zx_ok(curve_key(s, ZMQ_CURVE_SERVERKEY, z85_key, 41));
    zx_check_int("server's key makes a client", 0, zx_get_int(s, ZMQ_CURVE_SERVER));
    zx_check_int("and keeps curve", ZMQ_CURVE, mechanism(s));
    zx_ok(zx_set_int(s, ZMQ_CURVE_SERVER, 0));
    zx_check_int("server off", ZMQ_NULL, mechanism(s));
    zx_ok(curve_key(s, ZMQ_CURVE_SECRETKEY, z85_key, 41));
    zx_check_int("secret key", ZMQ_CURVE, mechanism(s));
}

static void last_security_call_wins(void) {
    void *s = zx_socket(ZMQ_DEALER);

    zx_needs("curve");
    zx_ok(zx_set_int(s, ZMQ_CURVE_SERVER, 1));
    zx_ok(zx_set_int(s, ZMQ_PLAIN_SERVER, 1));
    zx_check_int("plain after curve", ZMQ_PLAIN, mechanism(s));
    zx_check_int("curve server reads 0", 0, zx_get_int(s, ZMQ_CURVE_SERVER));
    zx_ok(zx_set_int(s, ZMQ_CURVE_SERVER, 1));
    zx_check_int("curve after plain", ZMQ_CURVE, mechanism(s));
    zx_check_int("plain server reads 0", 0, zx_get_int(s, ZMQ_PLAIN_SERVER));
    zx_ok(zx_set_int(s, ZMQ_PLAIN_SERVER, 0));
    zx_check_int("any 0 gives NULL", ZMQ_NULL, mechanism(s));
}

static void ipv6_and_ipv4only_are_one(void) {
    void *s = zx_socket(ZMQ_PULL);

    zx_ok(zx_set_int(s, ZMQ_IPV6, 1));
    zx_check_int("IPV4ONLY after IPV6", 0, zx_get_int(s, ZMQ_IPV4ONLY));
    zx_ok(zx_set_int(s, ZMQ_IPV4ONLY, 1));
    zx_check_int("IPV6 after IPV4ONLY", 0, zx_get_int(s, ZMQ_IPV6));
}

static void accept_filter(void) {
    static const struct {
        const char *text, *want;
    } all[] = {
        {"127.0.0.1", "0"},       {"127.0.0.0/8", "0"},    {"10.0.0.0/0", "0"},
        {"10.0.0.0/32", "0"},     {"10.0.0.0/33", "EINVAL"}, {"10.0.0.0/", "EINVAL"},
        {"", "EINVAL"},           {"10.0.0.0/-1", "EINVAL"}, {"nonsense/8", "EINVAL"},
        {"127.0.0.1/16", "0"},
    };
    void *s = zx_socket(ZMQ_PULL);

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        zx_check_rc(zx_fmt("\"%s\"", all[i].text), all[i].want,
                    zx_set_str(s, ZMQ_TCP_ACCEPT_FILTER, all[i].text));
    zx_check_rc("clear", "0", zmq_setsockopt(s, ZMQ_TCP_ACCEPT_FILTER, NULL, 0));
}

static void values_do_not_leak_between_sockets(void) {
    void *a = zx_socket(ZMQ_PUSH), *b = zx_socket(ZMQ_PUSH);

    zx_ok(zx_set_int(a, ZMQ_SNDHWM, 7));
    zx_check_int("a", 7, zx_get_int(a, ZMQ_SNDHWM));
    zx_check_int("b", 1000, zx_get_int(b, ZMQ_SNDHWM));
}

static void routing_id_is_binary(void) {
    char id[] = {1, 0, 2, 0}, got[16];
    size_t n = sizeof got;
    void *s = zx_socket(ZMQ_DEALER);

    zx_ok(zmq_setsockopt(s, ZMQ_ROUTING_ID, id, sizeof id));
    zx_ok(zmq_getsockopt(s, ZMQ_ROUTING_ID, got, &n));
    zx_check_str("id", "\\01\\00\\02\\00", zx_bytes(got, n));
    n = 3;
    zx_check_rc("too small", "EINVAL", zmq_getsockopt(s, ZMQ_ROUTING_ID, got, &n));
    zx_check_rc("not resettable", "EINVAL", zmq_setsockopt(s, ZMQ_ROUTING_ID, "", 0));
    n = sizeof got;
    zx_ok(zmq_getsockopt(s, ZMQ_ROUTING_ID, got, &n));
    zx_check_int("kept", 4, (int)n);
}

static void bad_handles(void) {
    int value = 1;
    size_t n = sizeof value;
    void *s = zx_socket(ZMQ_PUSH);

    zx_check_rc("set NULL", "ENOTSOCK", zmq_setsockopt(NULL, ZMQ_LINGER, &value, sizeof value));
    zx_check_rc("get NULL", "ENOTSOCK", zmq_getsockopt(NULL, ZMQ_LINGER, &value, &n));
    zx_check_rc("set a context", "ENOTSOCK",
                zmq_setsockopt(zx_ctx(), ZMQ_LINGER, &value, sizeof value));
    zx_check_rc("get a context", "ENOTSOCK", zmq_getsockopt(zx_ctx(), ZMQ_LINGER, &value, &n));
    zx_check_rc("a socket", "0", zmq_getsockopt(s, ZMQ_LINGER, &value, &n));
}

/* A terminated context is noticed at the latest by a call that looks for messages. */
static void after_shutdown(void) {
    int value = 1;
    size_t n = sizeof value;
    void *s = zx_socket(ZMQ_PULL);

    zx_ok(zmq_ctx_shutdown(zx_ctx()));
    zx_check_str("recv", "ETERM", zx_recv_now(s));
    zx_check_rc("set", "ETERM", zmq_setsockopt(s, ZMQ_LINGER, &value, sizeof value));
    zx_check_rc("get", "ETERM", zmq_getsockopt(s, ZMQ_LINGER, &value, &n));
    zx_check_rc("events", "ETERM", zmq_getsockopt(s, ZMQ_EVENTS, &value, &n));
    zx_check_rc("type", "ETERM", zmq_getsockopt(s, ZMQ_TYPE, &value, &n));
    zx_check_rc("unknown", "ETERM", zmq_setsockopt(s, 9999, &value, sizeof value));
}

static void fd_is_constant(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    int fd = zx_get_int(a, ZMQ_FD);

    zx_check_int("valid", 1, fd >= 0);
    zx_check_int("unique", 1, fd != zx_get_int(b, ZMQ_FD));
    zx_link(a, b);
    zx_ok(zx_send(b, "x", 0));
    zx_check_str("works", "x", zx_recv(a));
    zx_check_int("same", fd, zx_get_int(a, ZMQ_FD));
}

static void rcvmore_follows_the_parts(void) {
    void *a = zx_socket(ZMQ_PAIR), *b = zx_socket(ZMQ_PAIR);
    char room[8];

    zx_link(a, b);
    zx_check_int("before", 0, zx_get_int(a, ZMQ_RCVMORE));
    zx_ok(zx_send(b, "1|2|3", 0));
    zx_ok(zmq_recv(a, room, 8, 0));
    zx_check_int("after 1", 1, zx_get_int(a, ZMQ_RCVMORE));
    zx_ok(zmq_recv(a, room, 8, 0));
    zx_check_int("after 2", 1, zx_get_int(a, ZMQ_RCVMORE));
    zx_ok(zmq_recv(a, room, 8, 0));
    zx_check_int("after 3", 0, zx_get_int(a, ZMQ_RCVMORE));
}

static void subscribe_outside_manual(void) {
    void *pub = zx_socket(ZMQ_XPUB), *xsub = zx_socket(ZMQ_XSUB);

    zx_check_rc("XPUB", "EINVAL", zx_set_str(pub, ZMQ_SUBSCRIBE, "a"));
    zx_check_rc("XPUB unsubscribe", "EINVAL", zx_set_str(pub, ZMQ_UNSUBSCRIBE, "a"));
    zx_check_rc("XSUB", "EINVAL", zx_set_str(xsub, ZMQ_SUBSCRIBE, "a"));
    zx_check_rc("XSUB unsubscribe", "EINVAL", zx_set_str(xsub, ZMQ_UNSUBSCRIBE, "a"));
    zx_ok(zx_set_int(pub, ZMQ_XPUB_MANUAL, 1));
    zx_check_rc("XPUB manual", "0", zx_set_str(pub, ZMQ_SUBSCRIBE, "a"));
    zx_check_rc("XPUB manual unsubscribe", "0", zx_set_str(pub, ZMQ_UNSUBSCRIBE, "a"));
    zx_ok(zx_set_int(pub, ZMQ_XPUB_MANUAL, 0));
    zx_check_rc("XPUB no longer", "EINVAL", zx_set_str(pub, ZMQ_SUBSCRIBE, "a"));
}

static const struct zx_case cases[] = {
    ZX_CASE(curve_publickey),
    ZX_CASE(curve_secretkey),
    ZX_CASE(curve_serverkey),
    ZX_CASE(curve_keys_are_zero_at_first),
    ZX_CASE(mechanism_follows_plain),
    ZX_CASE(mechanism_follows_curve),
    ZX_CASE(last_security_call_wins),
    ZX_CASE(ipv6_and_ipv4only_are_one),
    ZX_CASE(accept_filter),
    ZX_CASE(values_do_not_leak_between_sockets),
    ZX_CASE(routing_id_is_binary),
    ZX_CASE(bad_handles),
    ZX_CASE(after_shutdown),
    ZX_CASE(fd_is_constant),
    ZX_CASE(rcvmore_follows_the_parts),
    ZX_CASE(subscribe_outside_manual),
};

ZX_MAIN("opt_special", cases)
