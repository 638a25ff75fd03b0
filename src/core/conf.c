/* SPDX-License-Identifier: MIT */
#include "core/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf_table.h"
#include "zmq.h"

/* What a snapshot owns besides itself. */
#define AT(field) offsetof(struct zx_conf, field)

static const size_t blobs[] = {
    AT(net.socks_proxy),         AT(net.socks_username),      AT(net.socks_password),
    AT(security.plain_username), AT(security.plain_password), AT(security.zap_domain),
    AT(security.gss_principal),  AT(security.gss_service),    AT(security.wss_key),
    AT(security.wss_cert),       AT(security.wss_trust),      AT(security.wss_hostname),
    AT(id.routing_id),           AT(id.metadata),             AT(id.hello_msg),
    AT(id.disconnect_msg),       AT(id.hiccup_msg),
};

static const size_t lists[] = {
    AT(net.accept_filters), AT(net.ipc_uid), AT(net.ipc_gid), AT(net.ipc_pid),
};

enum { BLOBS = sizeof(blobs) / sizeof(blobs[0]), LISTS = sizeof(lists) / sizeof(lists[0]) };

static struct zx_blob *blob_at(struct zx_conf *c, size_t i) {
    return (struct zx_blob *)(void *)((char *)c + blobs[i]);
}

static struct zx_items *list_at(struct zx_conf *c, size_t i) {
    return (struct zx_items *)(void *)((char *)c + lists[i]);
}

/* ---- life ---------------------------------------------------------------- */

struct zx_conf *zx_conf_new(int type, bool ipv6, bool blocky) {
    size_t n;
    struct zx_conf *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    c->type = type;
    for (const struct zx_conf_row *row = zx_conf_rows(&n); n; row++, n--)
        row->kind->init(c, row);
    c->net.ipv6 = ipv6;
    /* Subscribers have nothing to say that would be worth waiting for. */
    if (!blocky || type == ZMQ_SUB || type == ZMQ_XSUB || type == ZMQ_DISH)
        c->queue.linger_ms = 0;
    c->id.raw = type == ZMQ_STREAM;
    c->id.stream_notify = true;
    return c;
}

struct zx_conf *zx_conf_ref(struct zx_conf *c) {
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

/* Nobody else has the snapshot. */
static void drop_made(struct zx_conf *c) {
    for (int i = 0; i < ZX_MADE_KINDS; i++) {
        struct zx_made *m = atomic_load_explicit(&c->made[i], memory_order_relaxed);
        atomic_store_explicit(&c->made[i], NULL, memory_order_relaxed);
        if (m)
            m->free(m);
    }
}

struct zx_made *zx_conf_made(const struct zx_conf *c, int kind) {
    /* Acquire: what zx_conf_keep's release published. */
    return atomic_load_explicit(&c->made[kind], memory_order_acquire);
}

struct zx_made *zx_conf_keep(const struct zx_conf *c, int kind, struct zx_made *m) {
    struct zx_conf *mine = (struct zx_conf *)(uintptr_t)c; /* it changes no option */
    struct zx_made *first = NULL;
    if (atomic_compare_exchange_strong_explicit(&mine->made[kind], &first, m, memory_order_acq_rel,
                                                memory_order_acquire))
        return m;
    m->free(m);
    return first;
}

static void destroy(struct zx_conf *c) {
    drop_made(c);
    zx_wipe(c->security.curve_secret, sizeof(c->security.curve_secret));
    for (size_t i = 0; i < BLOBS; i++) {
        struct zx_blob *b = blob_at(c, i);
        zx_wipe(b->data, b->size);
        free(b->data);
    }
    for (size_t i = 0; i < LISTS; i++)
        free(list_at(c, i)->data);
    free(c);
}

void zx_conf_unref(struct zx_conf *c) {
    /* Release: our use of it is over; acquire: so is everybody else's before it is freed. */
    if (c && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
        destroy(c);
}

static int copy_list(struct zx_items *to, const struct zx_items *from) {
    to->item_size = from->item_size;
    if (!from->count)
        return 0;
    to->data = malloc(from->count * from->item_size);
    if (!to->data)
        return -ENOMEM;
    memcpy(to->data, from->data, from->count * from->item_size);
    to->count = from->count;
    return 0;
}

static int copy_owned(struct zx_conf *to, const struct zx_conf *from) {
    for (size_t i = 0; i < BLOBS; i++) {
        const struct zx_blob *b = (const void *)((const char *)from + blobs[i]);
        int rc = zx_blob_set(blob_at(to, i), b->data, b->size);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < LISTS; i++) {
        const struct zx_items *items = (const void *)((const char *)from + lists[i]);
        int rc = copy_list(list_at(to, i), items);
        if (rc)
            return rc;
    }
    return 0;
}

static struct zx_conf *copy(const struct zx_conf *from) {
    struct zx_conf *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    c->type = from->type;
    c->queue = from->queue;
    c->timing = from->timing;
    c->net = from->net;
    c->multicast = from->multicast;
    c->security = from->security;
    c->id = from->id;
    for (size_t i = 0; i < BLOBS; i++)
        *blob_at(c, i) = (struct zx_blob){0};
    for (size_t i = 0; i < LISTS; i++)
        *list_at(c, i) = (struct zx_items){0};
    if (copy_owned(c, from)) {
        destroy(c);
        return NULL;
    }
    return c;
}

int zx_conf_writable(struct zx_conf **c) {
    /* Acquire: the reads of those who dropped their references are over before we write. */
    if (atomic_load_explicit(&(*c)->refs, memory_order_acquire) == 1)
        return 0;
    struct zx_conf *own = copy(*c);
    if (!own)
        return -ENOMEM;
    zx_conf_unref(*c);
    *c = own;
    return 0;
}

/* ---- set and get ---------------------------------------------------------- */

int zx_conf_set(struct zx_conf **conf, int option, const void *val, size_t size) {
    const struct zx_conf_row *row = zx_conf_find(option, ZX_CONF_SET);
    if (!row || (!val && size && row->kind != &zx_kind_text_any_null))
        return -EINVAL;
    int rc = zx_conf_writable(conf);
    if (rc)
        return rc;
    drop_made(*conf);
    return row->kind->set(*conf, row, val, size);
}

int zx_conf_get(const struct zx_conf *conf, int option, void *val, size_t *size) {
    const struct zx_conf_row *row = zx_conf_find(option, ZX_CONF_GET);
    if (!row || !val || !size)
        return -EINVAL;
    return row->kind->get(conf, row, val, size);
}
