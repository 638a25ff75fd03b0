/* SPDX-License-Identifier: MIT */
#include "transports/wss_tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

enum { NAME_MAX_BYTES = 255, WARNINGS = 8 };

/* The certificates of a bind or connect; its connections share them. */
struct store {
    struct zx_made made;
    gnutls_certificate_credentials_t cred;
};

struct tls {
    struct zx_ws_wire wire;
    gnutls_session_t session;
    bool is_up;
    bool has_pending;              /* a record that the kernel did not take whole */
    char name[NAME_MAX_BYTES + 1];    /* the session borrows it, and what follows */
    gnutls_typed_vdata_st demands[2];
};

static struct tls *tls_of(struct zx_ws_wire *w) {
    return (struct tls *)(void *)w;
}

/* ---- certificates ------------------------------------------------------------- */

static gnutls_datum_t datum(const struct zx_blob *b) {
    return (gnutls_datum_t){b->data, (unsigned)b->size};
}

static int result(int rc) {
    return rc >= 0 ? 0 : rc == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

static int load_server(gnutls_certificate_credentials_t cred,
                       const struct zx_security_settings *set) {
    gnutls_datum_t cert = datum(&set->wss_cert), key = datum(&set->wss_key);
    if (!cert.size || !key.size)
        return -EINVAL;
    return result(gnutls_certificate_set_x509_key_mem(cred, &cert, &key, GNUTLS_X509_FMT_PEM));
}

/* With nothing to trust nobody is trusted. */
static int load_client(gnutls_certificate_credentials_t cred,
                       const struct zx_security_settings *set) {
    gnutls_datum_t trust = datum(&set->wss_trust);
    if (trust.size) {
        int n = gnutls_certificate_set_x509_trust_mem(cred, &trust, GNUTLS_X509_FMT_PEM);
        if (n <= 0)
            return n ? result(n) : -EINVAL;
    }
    /* A system without a store of its own adds nothing: then verification fails. */
    if (set->wss_trust_system)
        (void)gnutls_certificate_set_x509_system_trust(cred);
    return 0;
}

static void store_free(struct zx_made *m) {
    struct store *s = (struct store *)(void *)m;
    if (s->cred)
        gnutls_certificate_free_credentials(s->cred);
    free(s);
}

static int load(const struct zx_security_settings *set, bool is_server, struct store **out) {
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return -ENOMEM;
    s->made.free = store_free;
    int rc = gnutls_certificate_allocate_credentials(&s->cred) < 0 ? -ENOMEM : 0;
    if (!rc)
        rc = is_server ? load_server(s->cred, set) : load_client(s->cred, set);
    if (rc)
        store_free(&s->made);
    else
        *out = s;
    return rc;
}

/* Read once, by zmq_bind or zmq_connect, in the caller's thread. */
static int find(const struct zx_conf *conf, bool is_server, struct store **out) {
    int kind = is_server ? ZX_MADE_TO_BIND : ZX_MADE_TO_CONNECT;
    struct zx_made *made = zx_conf_made(conf, kind);
    struct store *s = (struct store *)(void *)made;
    if (!s) {
        int rc = load(&conf->security, is_server, &s);
        if (rc)
            return rc;
        s = (struct store *)(void *)zx_conf_keep(conf, kind, &s->made);
    }
    *out = s;
    return 0;
}

static bool is_name(const struct zx_blob *b) {
    return b->size <= NAME_MAX_BYTES && (!b->size || !memchr(b->data, '\0', b->size));
}

int zx_wss_tls_check(const struct zx_conf *conf, bool is_server) {
    struct store *store;
    if (!is_server && !is_name(&conf->security.wss_hostname))
        return -EINVAL;
    return find(conf, is_server, &store);
}

/* ---- the session below: the descriptor ------------------------------------------ */

static ssize_t moved(struct tls *t, ptrdiff_t n) {
    if (n < 0)
        gnutls_transport_set_errno(t->session, n == -EAGAIN ? EAGAIN : (int)-n);
    return n < 0 ? -1 : (ssize_t)n;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t size) {
    struct tls *t = ptr;
    return moved(t, zx_sock_recv(t->wire.fd, buf, size));
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *buf, size_t size) {
    struct tls *t = ptr;
    return moved(t, zx_sock_send(t->wire.fd, buf, size));
}

/* ---- the session above: the stream ------------------------------------------------ */

static bool is_for_later(int rc) {
    return rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED;
}

static int failure(int rc) {
    switch (rc) {
    case GNUTLS_E_MEMORY_ERROR:
        return -ENOMEM;
    case GNUTLS_E_PREMATURE_TERMINATION:
    case GNUTLS_E_SESSION_EOF:
        return -EPIPE;
    case GNUTLS_E_PUSH_ERROR:
    case GNUTLS_E_PULL_ERROR:
        return -ECONNRESET;
    /* Ours does not trust theirs, or theirs not ours. */
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
    case GNUTLS_E_CERTIFICATE_ERROR:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return -EACCES;
    default:
        return -EPROTO;
    }
}

static int shake(struct zx_ws_wire *w, bool *wants_write) {
    struct tls *t = tls_of(w);
    int rc = GNUTLS_E_WARNING_ALERT_RECEIVED;
    for (int i = 0; i < WARNINGS && rc == GNUTLS_E_WARNING_ALERT_RECEIVED; i++)
        rc = gnutls_handshake(t->session);
    if (rc == GNUTLS_E_SUCCESS) {
        t->is_up = true;
        return 1;
    }
    if (is_for_later(rc)) {
        *wants_write = gnutls_record_get_direction(t->session) == 1;
        return 0;
    }
    (void)gnutls_alert_send_appropriate(t->session, rc);
    return failure(rc);
}

/* A peer that would negotiate anew (TLS 1.2) is not listened to: nothing here needs it. */
static ptrdiff_t tls_recv(struct zx_ws_wire *w, void *buf, size_t size) {
    ssize_t n = gnutls_record_recv(tls_of(w)->session, buf, size);
    if (n >= 0)
        return n;
    if (is_for_later((int)n) || n == GNUTLS_E_WARNING_ALERT_RECEIVED)
        return -EAGAIN;
    return n == GNUTLS_E_PREMATURE_TERMINATION ? 0 : failure((int)n);
}

static ptrdiff_t tls_send(struct zx_ws_wire *w, const void *buf, size_t size) {
    struct tls *t = tls_of(w);
    ssize_t n = t->has_pending ? gnutls_record_send(t->session, NULL, 0)
                               : gnutls_record_send(t->session, buf, size);
    t->has_pending = n < 0 && is_for_later((int)n);
    if (n >= 0)
        return n;
    return t->has_pending ? -EAGAIN : failure((int)n);
}

static bool has_input(const struct zx_ws_wire *w) {
    const struct tls *t = (const struct tls *)(const void *)w;
    return t->is_up && gnutls_record_check_pending(t->session);
}

static void bye(struct zx_ws_wire *w) {
    struct tls *t = tls_of(w);
    if (t->is_up && !t->has_pending)
        (void)gnutls_bye(t->session, GNUTLS_SHUT_WR);
}

static void tls_free(struct zx_ws_wire *w) {
    struct tls *t = tls_of(w);
    if (t->session)
        gnutls_deinit(t->session);
    free(t);
}

static const struct zx_ws_wire_ops tls_ops = {
    .shake = shake,
    .recv = tls_recv,
    .send = tls_send,
    .has_input = has_input,
    .bye = bye,
    .free = tls_free,
};

/* ---- making -------------------------------------------------------------------------- */

/* Of the server's certificate, beside its chain. One that names purposes, and not this one, is a
 * client's or something else's. */
static void demand(struct tls *t, bool name) {
    static char server[] = GNUTLS_KP_TLS_WWW_SERVER;
    unsigned n = 0;
    t->demands[n++] = (gnutls_typed_vdata_st){GNUTLS_DT_KEY_PURPOSE_OID, (void *)server, 0};
    if (name)
        t->demands[n++] = (gnutls_typed_vdata_st){GNUTLS_DT_DNS_HOSTNAME, (void *)t->name, 0};
    gnutls_session_set_verify_cert2(t->session, t->demands, n, 0);
}

static int set_name(struct tls *t, const struct zx_blob *name) {
    struct zx_addr literal;
    if (!is_name(name))
        return -EINVAL;
    if (name->size)
        memcpy(t->name, name->data, name->size);
    /* RFC 6066, 3: literal addresses are not names to be indicated. */
    if (name->size && zx_addr_parse_ip(&literal, t->name) &&
        gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, t->name, name->size) < 0)
        return -EINVAL;
    demand(t, name->size);
    return 0;
}

static int prepare(struct tls *t, const struct zx_conf *conf, bool is_server) {
    unsigned role = is_server ? GNUTLS_SERVER : GNUTLS_CLIENT;
    struct store *store;
    int rc = find(conf, is_server, &store);
    if (rc)
        return rc;
    if (gnutls_init(&t->session, role | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
        return -ENOMEM;
    if (gnutls_set_default_priority(t->session) < 0 ||
        gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, store->cred) < 0)
        return -EINVAL;
    gnutls_transport_set_ptr(t->session, t);
    gnutls_transport_set_pull_function(t->session, pull);
    gnutls_transport_set_push_function(t->session, push);
    return is_server ? 0 : set_name(t, &conf->security.wss_hostname);
}

int zx_wss_tls_new(const struct zx_stream_place *where, struct zx_ws_wire **out) {
    struct tls *t = calloc(1, sizeof *t);
    if (!t)
        return -ENOMEM;
    t->wire = (struct zx_ws_wire){&tls_ops, where->fd};
    int rc = prepare(t, where->conf, where->accepted);
    if (rc)
        tls_free(&t->wire);
    else
        *out = &t->wire;
    return rc;
}
