/* SPDX-License-Identifier: MIT */
/*
 * wss as applications see it: traffic both ways, and every reason not to trust a server. The
 * authorities and certificates are made anew for each run.
 */
#include "wire/node.h"
#include "wire/peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

enum { PEM_MAX = 4096, DAY = 86400 };

struct identity {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    char key_pem[PEM_MAX], crt_pem[PEM_MAX];
};

static struct identity ca, other_ca, good, expired, foreign, at_address, of_client;

/* How often certificates were read: the library calls these, and they the real ones. */
static int servers_read, trusts_read;

int gnutls_certificate_set_x509_key_mem(gnutls_certificate_credentials_t res,
                                        const gnutls_datum_t *cert, const gnutls_datum_t *key,
                                        gnutls_x509_crt_fmt_t type) {
    int (*real)(gnutls_certificate_credentials_t, const gnutls_datum_t *, const gnutls_datum_t *,
                gnutls_x509_crt_fmt_t);
    *(void **)&real = dlsym(RTLD_NEXT, "gnutls_certificate_set_x509_key_mem");
    servers_read++;
    return real(res, cert, key, type);
}

int gnutls_certificate_set_x509_trust_mem(gnutls_certificate_credentials_t res,
                                          const gnutls_datum_t *ca_list,
                                          gnutls_x509_crt_fmt_t type) {
    int (*real)(gnutls_certificate_credentials_t, const gnutls_datum_t *, gnutls_x509_crt_fmt_t);
    *(void **)&real = dlsym(RTLD_NEXT, "gnutls_certificate_set_x509_trust_mem");
    trusts_read++;
    return real(res, ca_list, type);
}

static void must(int rc, const char *what) {
    if (rc >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, gnutls_strerror(rc));
    exit(1);
}

static void export(struct identity *id) {
    size_t n = sizeof id->key_pem - 1;
    must(gnutls_x509_privkey_export(id->key, GNUTLS_X509_FMT_PEM, id->key_pem, &n), "key");
    n = sizeof id->crt_pem - 1;
    must(gnutls_x509_crt_export(id->crt, GNUTLS_X509_FMT_PEM, id->crt_pem, &n), "certificate");
}

/* by NULL: an authority of its own. until: seconds from now. */
static void issue(struct identity *id, const char *name, const struct identity *by, long until) {
    unsigned char serial[8];
    time_t now = time(NULL);
    must(gnutls_x509_privkey_init(&id->key), "key");
    must(gnutls_x509_privkey_generate(id->key, GNUTLS_PK_ECDSA,
                                      GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
         "generate");
    must(gnutls_x509_crt_init(&id->crt), "certificate");
    must(gnutls_x509_crt_set_version(id->crt, 3), "version");
    must(gnutls_x509_crt_set_key(id->crt, id->key), "set key");
    must(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial), "random");
    serial[0] &= 0x7f;
    must(gnutls_x509_crt_set_serial(id->crt, serial, sizeof serial), "serial");
    must(gnutls_x509_crt_set_activation_time(id->crt, now - 10 * DAY), "from");
    must(gnutls_x509_crt_set_expiration_time(id->crt, now + until), "until");
    must(gnutls_x509_crt_set_dn_by_oid(id->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                       (unsigned)strlen(name)), "name");
    must(gnutls_x509_crt_set_basic_constraints(id->crt, !by, -1), "constraints");
    must(gnutls_x509_crt_set_key_usage(id->crt, by ? GNUTLS_KEY_DIGITAL_SIGNATURE
                                                   : GNUTLS_KEY_KEY_CERT_SIGN), "usage");
    if (by)
        must(gnutls_x509_crt_set_subject_alt_name(id->crt, GNUTLS_SAN_DNSNAME, name,
                                                  (unsigned)strlen(name), GNUTLS_FSAN_SET), "san");
    must(gnutls_x509_crt_sign2(id->crt, by ? by->crt : id->crt, by ? by->key : id->key,
                               GNUTLS_DIG_SHA256, 0), "sign");
    export(id);
}

/* Adds what issue leaves out. */
static void amend(struct identity *id, const void *address, const char *purpose) {
    if (address)
        must(gnutls_x509_crt_set_subject_alt_name(id->crt, GNUTLS_SAN_IPADDRESS, address, 4,
                                                  GNUTLS_FSAN_SET), "address");
    if (purpose)
        must(gnutls_x509_crt_set_key_purpose_oid(id->crt, purpose, 0), "purpose");
    must(gnutls_x509_crt_sign2(id->crt, ca.crt, ca.key, GNUTLS_DIG_SHA256, 0), "sign");
    export(id);
}

static void forget(struct identity *id) {
    gnutls_x509_crt_deinit(id->crt);
    gnutls_x509_privkey_deinit(id->key);
}

static struct node *server(struct wire *w, int type, const struct identity *id) {
    struct node *n = node_new(w, type);
    size_t size = sizeof n->endpoint;
    node_set_text(n, ZMQ_WSS_KEY_PEM, id->key_pem);
    node_set_text(n, ZMQ_WSS_CERT_PEM, id->crt_pem);
    wire_check(!zmq_bind(n->sock, "wss://127.0.0.1:*/x"), "%s", zmq_strerror(errno));
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    wire_check(!strncmp(n->endpoint, "wss://127.0.0.1:", 16), "%s", n->endpoint);
    node_watch(n);
    return n;
}

static struct node *client(struct wire *w, int type, const char *trust, const char *host) {
    struct node *n = node_new(w, type);
    node_set(n, ZMQ_RECONNECT_IVL, 20);
    if (trust)
        node_set_text(n, ZMQ_WSS_TRUST_PEM, trust);
    if (host)
        node_set_text(n, ZMQ_WSS_HOSTNAME, host);
    node_watch(n);
    return n;
}

static void send_large(struct node *from, struct node *to, size_t size) {
    uint8_t *data = malloc(size);
    zmq_msg_t msg;
    wire_check(data, "memory");
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 1000);
    wire_check(zmq_send(from->sock, data, size, 0) == (int)size, "%s", zmq_strerror(errno));
    node_receive(to, &msg);
    wire_check(zmq_msg_size(&msg) == size && !memcmp(zmq_msg_data(&msg), data, size), "content");
    zmq_msg_close(&msg);
    free(data);
}

static void round_trips(void **state) {
    struct wire *w = *state;
    struct node *s = server(w, ZMQ_DEALER, &good), *c = client(w, ZMQ_DEALER, ca.crt_pem,
                                                               "zmqx.test");
    node_connect(c, s->endpoint);
    node_send(c, "'a'|'b'");
    node_expect(s, "'a'|'b'");
    for (size_t size = 1; size < 20000000; size = size * 5 + 3) {
        send_large(c, s, size);
        send_large(s, c, size);
    }
    for (int i = 0; i < 500; i++)
        node_send(s, "'number %d'", i);
    for (int i = 0; i < 500; i++)
        node_expect(c, "'number %d'", i);
    wire_check(!zmq_unbind(s->sock, s->endpoint), "%s", zmq_strerror(errno));
    node_await_event(c, ZMQ_EVENT_DISCONNECTED);
}

static void topics(void **state) {
    struct wire *w = *state;
    struct node *s = server(w, ZMQ_XPUB, &good), *c = client(w, ZMQ_SUB, ca.crt_pem, NULL);
    node_set_text(c, ZMQ_SUBSCRIBE, "a");
    node_connect(c, s->endpoint);
    node_expect(s, "01 'a'");
    node_send(s, "'b'");
    node_send(s, "'a1'");
    node_expect(c, "'a1'");
}

/* The server's name is in its certificate; who says none trusts any the authority vouches for. */
static void trusted(void **state) {
    static const char *const hosts[] = {NULL, "", "zmqx.test", "ZMQX.TEST"};
    struct wire *w = *state;
    struct node *s = server(w, ZMQ_PULL, &good);
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct node *c = client(w, ZMQ_PUSH, ca.crt_pem, hosts[i]);
        wire_row = (int)i;
        node_connect(c, s->endpoint);
        node_await_event(c, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
        node_send(c, "'hello'");
        node_expect(s, "'hello'");
        node_close(c);
    }
}

/* A literal address is looked for among the certificate's addresses. */
static void trusted_by_address(void **state) {
    struct node *s = server(*state, ZMQ_PULL, &at_address);
    struct node *c = client(*state, ZMQ_PUSH, ca.crt_pem, "127.0.0.1");
    node_connect(c, s->endpoint);
    node_await_event(c, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

/* Certificates are read for a bind or connect, not for each of its connections; and anew when
 * another one is told. */
static void read_once(void **state) {
    servers_read = trusts_read = 0;
    struct node *s = server(*state, ZMQ_PULL, &good);
    struct node *c = client(*state, ZMQ_PUSH, other_ca.crt_pem, "zmqx.test");
    node_connect(c, s->endpoint);
    for (int i = 0; i < 3; i++)
        node_await_event(c, ZMQ_EVENT_CONNECT_RETRIED);
    assert_int_equal(servers_read, 1);
    assert_int_equal(trusts_read, 1);
    node_set_text(c, ZMQ_WSS_TRUST_PEM, ca.crt_pem); /* of no effect on the first */
    node_await_event(c, ZMQ_EVENT_CONNECT_RETRIED);
    assert_int_equal(zmq_disconnect(c->sock, s->endpoint), 0);
    node_connect(c, s->endpoint);
    node_await_event(c, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
    node_send(c, "'x'");
    node_expect(s, "'x'");
    assert_int_equal(servers_read, 1);
    assert_int_equal(trusts_read, 2);
}

static void distrusted(void **state) {
    const struct {
        const struct identity *id;
        const char *trust, *host;
    } rows[] = {
        {&good, ca.crt_pem, "other.test"}, {&good, ca.crt_pem, "127.0.0.1"},
        {&good, other_ca.crt_pem, NULL},   {&good, NULL, NULL},
        {&expired, ca.crt_pem, NULL},      {&expired, ca.crt_pem, "zmqx.test"},
        {&foreign, ca.crt_pem, "zmqx.test"}, {&at_address, ca.crt_pem, "127.0.0.2"},
        {&of_client, ca.crt_pem, NULL},    {&of_client, ca.crt_pem, "zmqx.test"},
    };
    struct wire *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct node *s = server(w, ZMQ_PULL, rows[i].id);
        struct node *c = client(w, ZMQ_PUSH, rows[i].trust, rows[i].host);
        wire_row = (int)i;
        node_connect(c, s->endpoint);
        node_send(c, "'secret'");
        assert_int_equal(node_await_event(c, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EACCES);
        node_await_event(c, ZMQ_EVENT_CONNECT_RETRIED); /* it may be another one tomorrow */
        node_await_event(s, ZMQ_EVENT_DISCONNECTED);
        node_expect_nothing(s, 20);
        node_close(c);
        node_close(s);
    }
}

static void system_trust(void **state) {
    struct wire *w = *state;
    struct node *s = server(w, ZMQ_PULL, &good), *c = client(w, ZMQ_PUSH, NULL, NULL);
    node_set(c, ZMQ_WSS_TRUST_SYSTEM, 1);
    node_connect(c, s->endpoint);
    assert_int_equal(node_await_event(c, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL), EACCES);
    struct node *both = client(w, ZMQ_PUSH, ca.crt_pem, "zmqx.test");
    node_set(both, ZMQ_WSS_TRUST_SYSTEM, 1);
    node_connect(both, s->endpoint);
    node_await_event(both, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
}

static void refuse(struct node *n, bool binds, const char *why) {
    int rc = binds ? zmq_bind(n->sock, "wss://127.0.0.1:*")
                   : zmq_connect(n->sock, "wss://127.0.0.1:9");
    wire_check(rc == -1 && errno == EINVAL, "%s: %s", why, rc ? zmq_strerror(errno) : "done");
}

static void unusable(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    refuse(n, true, "no certificate");
    node_set_text(n, ZMQ_WSS_CERT_PEM, good.crt_pem);
    refuse(n, true, "no key");
    node_set_text(n, ZMQ_WSS_KEY_PEM, expired.key_pem);
    refuse(n, true, "another's key");
    node_set_text(n, ZMQ_WSS_KEY_PEM, "-----BEGIN nonsense");
    refuse(n, true, "no PEM");
    node_set_text(n, ZMQ_WSS_KEY_PEM, good.key_pem);
    wire_check(!zmq_bind(n->sock, "wss://127.0.0.1:*"), "%s", zmq_strerror(errno));
    node_set_text(n, ZMQ_WSS_TRUST_PEM, "nothing of worth");
    refuse(n, false, "no authority");
    node_set_text(n, ZMQ_WSS_TRUST_PEM, "");
    wire_check(!zmq_setsockopt(n->sock, ZMQ_WSS_HOSTNAME, "a\0b", 3), "option");
    refuse(n, false, "no name");
}

/* One end speaks TLS, the other does not. */
static void mixed(void **state) {
    struct wire *w = *state;
    struct node *s = server(w, ZMQ_PULL, &good), *plain = node_new(w, ZMQ_PULL);
    struct node *c = client(w, ZMQ_PUSH, ca.crt_pem, NULL), *bare = client(w, ZMQ_PUSH, NULL, NULL);
    char endpoint[220], last[200];
    size_t size = sizeof last;
    snprintf(endpoint, sizeof endpoint, "ws%s", s->endpoint + 3);
    node_connect(bare, endpoint);
    node_await_event(s, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
    node_await_event(bare, ZMQ_EVENT_DISCONNECTED);
    wire_check(!zmq_bind(plain->sock, "ws://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(plain->sock, ZMQ_LAST_ENDPOINT, last, &size), "no endpoint");
    wire_check(zmq_unbind(plain->sock, endpoint) && errno == ENOENT, "no such bind");
    snprintf(endpoint, sizeof endpoint, "wss%s", last + 2);
    wire_check(zmq_unbind(plain->sock, endpoint) && errno == ENOENT, "another scheme");
    node_connect(c, endpoint);
    node_await_event(c, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL);
}

static void silent(void **state) {
    struct wire *w = *state;
    struct node *n = node_new(w, ZMQ_PULL);
    size_t size = sizeof n->endpoint;
    char address[200];
    node_set(n, ZMQ_HANDSHAKE_IVL, 50);
    node_set_text(n, ZMQ_WSS_KEY_PEM, good.key_pem);
    node_set_text(n, ZMQ_WSS_CERT_PEM, good.crt_pem);
    wire_check(!zmq_bind(n->sock, "wss://127.0.0.1:*"), "bind");
    wire_check(!zmq_getsockopt(n->sock, ZMQ_LAST_ENDPOINT, n->endpoint, &size), "no endpoint");
    snprintf(address, sizeof address, "tcp%s", n->endpoint + 3);
    struct peer *p = peer_connect(w, address), *half = peer_connect(w, address);
    peer_send(half, "16 03 01 02 00 01");
    peer_await_close(p);
    peer_await_close(half);
    struct peer *garbage = peer_connect(w, address);
    peer_send(garbage, "'GET / HTTP/1.1' 0d0a0d0a");
    peer_await_close(garbage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ON_TCP(round_trips), ON_TCP(topics),   ON_TCP(trusted), ON_TCP(distrusted),
        ON_TCP(system_trust), ON_TCP(unusable), ON_TCP(mixed),   ON_TCP(silent),
        ON_TCP(trusted_by_address), ON_TCP(read_once),
    };
    issue(&ca, "authority", NULL, DAY);
    issue(&other_ca, "another", NULL, DAY);
    issue(&good, "zmqx.test", &ca, DAY);
    issue(&expired, "zmqx.test", &ca, -DAY);
    issue(&foreign, "zmqx.test", &other_ca, DAY);
    issue(&at_address, "zmqx.test", &ca, DAY);
    amend(&at_address, "\x7f\0\0\1", NULL);
    issue(&of_client, "zmqx.test", &ca, DAY);
    amend(&of_client, NULL, GNUTLS_KP_TLS_WWW_CLIENT);
    int rc = cmocka_run_group_tests(tests, wire_group_setup, wire_group_teardown);
    struct identity *all[] = {&ca, &other_ca, &good, &expired, &foreign, &at_address, &of_client};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        forget(all[i]);
    return rc;
}
