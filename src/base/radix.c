/* SPDX-License-Identifier: MIT */
#include "base/radix.h"

#include <stdlib.h>
#include <string.h>

#include "base/slab.h"

enum { CLASSES = 10, WIDE_CLASS = CLASSES - 1, WIDE = 256 };

static const uint16_t caps[CLASSES] = {2, 4, 6, 8, 12, 16, 24, 32, 48, WIDE};

/* Behind it lie the bytes that lead to children, sorted, in whole words and in the same cache
 * line as the rest of what a search reads; then the children. WIDE: no bytes, one place for each.
 * Invariant: two children, or one and `end`. */
struct node {
    uint32_t depth : 24; /* keys below agree in so many bytes and part here */
    uint32_t class : 8;
    uint16_t n;
    uint16_t number; /* in its slab */
    struct zx_leaf *end; /* the key that is depth bytes long */
    uint64_t before;     /* the last eight bytes in which they agree, as tail8 reads them */
    uint64_t bytes[];
};

struct zx_radix_nodes {
    struct zx_slab slab[CLASSES];
};

static inline bool is_leaf(uintptr_t ref) {
    return ref & 1;
}
static inline struct zx_leaf *leaf_of(uintptr_t ref) {
    return (struct zx_leaf *)(ref - 1);
}
static inline struct node *node_of(uintptr_t ref) {
    return (struct node *)ref;
}
static inline uintptr_t leaf_ref(struct zx_leaf *leaf) {
    return (uintptr_t)leaf + 1;
}
static inline bool is_wide(const struct node *n) {
    return n->class == WIDE_CLASS;
}
/* Places a node has, n of them in use; all, where they are addressed by the byte. */
static inline unsigned span(const struct node *n) {
    return is_wide(n) ? WIDE : n->n;
}
static inline size_t byte_words(unsigned class) {
    return class == WIDE_CLASS ? 0 : (caps[class] + 7u) / 8;
}
static inline uint8_t *bytes_of(const struct node *n) {
    return (uint8_t *)(uintptr_t)n->bytes;
}
static inline uintptr_t *children_of(const struct node *n) {
    return (uintptr_t *)(uintptr_t)(n->bytes + byte_words(n->class));
}

/* ---- bytes ---- */

/* Eight bytes at once; the first in the lowest bits, on any machine. */
static inline uint64_t load8(const uint8_t *p) {
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
           (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
           (uint64_t)p[7] << 56;
}

/* The eight bytes that end at `end`; zeros stand before the first. */
static inline uint64_t tail8(const uint8_t *p, size_t end) {
    uint64_t v = 0;
    if (end >= 8)
        return load8(p + end - 8);
    for (size_t i = 0; i < end; i++)
        v |= (uint64_t)p[i] << 8 * (8 - end + i);
    return v;
}

static inline unsigned lowest_bit(uint64_t v) {
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(v);
#else
    unsigned n = 0;
    while (!(v >> n & 1))
        n++;
    return n;
#endif
}

/* ---- nodes ---- */

static struct node *node_new(struct zx_radix *r, size_t depth, unsigned class) {
    if (!r->nodes) {
        r->nodes = malloc(sizeof *r->nodes);
        if (!r->nodes)
            return NULL;
        *r->nodes = (struct zx_radix_nodes){0};
    }
    struct zx_slab *slab = &r->nodes->slab[class];
    size_t size = sizeof(struct node) + byte_words(class) * sizeof(uint64_t) +
                  caps[class] * sizeof(uintptr_t);
    uint16_t number;
    slab->item = size;
    struct node *n = zx_slab_alloc(slab, &number);
    if (!n)
        return NULL;
    *n = (struct node){.depth = depth & 0xffffffu, .class = class & 255u, .number = number};
    memset(n->bytes, 0, size - sizeof *n);
    return n;
}

static void node_free(struct zx_radix *r, struct node *n) {
    zx_slab_free(&r->nodes->slab[n->class], n, n->number);
}

/* Where the child for byte is; WIDE or more: nowhere. */
static inline unsigned slot_of(const struct node *n, uint8_t byte) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    const uint8_t *bytes = bytes_of(n);
    if (is_wide(n))
        return children_of(n)[byte] ? byte : WIDE;
    for (unsigned at = 0; at < n->n; at += 8) {
        /* Zero bytes of x get their top bit set; the lowest of them exactly. */
        uint64_t x = load8(bytes + at) ^ byte * ones;
        uint64_t hit = (x - ones) & ~x & tops;
        if (hit) {
            at += lowest_bit(hit) / 8;
            return at < n->n ? at : WIDE; /* behind the last: leftovers */
        }
    }
    return WIDE;
}

static inline uintptr_t *child_slot(const struct node *n, uint8_t byte) {
    unsigned i = slot_of(n, byte);
    return i < WIDE ? &children_of(n)[i] : NULL;
}

/* The first child that byte `from` or a later one leads to; 0: none. */
static uintptr_t child_from(const struct node *n, unsigned from) {
    const uintptr_t *child = children_of(n);
    const uint8_t *bytes = bytes_of(n);
    for (unsigned i = is_wide(n) ? from : 0; i < span(n); i++)
        if (is_wide(n) ? child[i] != 0 : bytes[i] >= from)
            return child[i];
    return 0;
}

/* Appends without looking for room; bytes come in ascending order. */
static void append(struct node *n, uint8_t byte, uintptr_t child) {
    if (!is_wide(n))
        bytes_of(n)[n->n] = byte;
    children_of(n)[is_wide(n) ? byte : n->n] = child;
    n->n++;
}

/* A copy of another size in its place. False: no memory, nothing changed. */
static bool resize(struct zx_radix *r, uintptr_t *slot, unsigned class) {
    struct node *old = node_of(*slot), *n = node_new(r, old->depth, class);
    if (!n)
        return false;
    const uintptr_t *child = children_of(old);
    n->end = old->end;
    n->before = old->before;
    for (unsigned i = 0; i < span(old); i++)
        if (child[i])
            append(n, is_wide(old) ? (uint8_t)i : bytes_of(old)[i], child[i]);
    node_free(r, old);
    *slot = (uintptr_t)n;
    return true;
}

static bool insert_child(struct zx_radix *r, uintptr_t *slot, uint8_t byte, uintptr_t child) {
    if (node_of(*slot)->n == caps[node_of(*slot)->class] &&
        !resize(r, slot, node_of(*slot)->class + 1u))
        return false;
    struct node *n = node_of(*slot);
    if (is_wide(n)) {
        append(n, byte, child);
        return true;
    }
    uint8_t *bytes = bytes_of(n);
    uintptr_t *children = children_of(n);
    unsigned i = n->n++;
    for (; i && bytes[i - 1] > byte; i--) {
        bytes[i] = bytes[i - 1];
        children[i] = children[i - 1];
    }
    bytes[i] = byte;
    children[i] = child;
    return true;
}

static void remove_child(struct node *n, uint8_t byte) {
    uint8_t *bytes = bytes_of(n);
    uintptr_t *child = children_of(n);
    unsigned i = 0;
    n->n--;
    if (is_wide(n)) {
        child[byte] = 0;
        return;
    }
    while (bytes[i] != byte)
        i++;
    for (; i < n->n; i++) {
        bytes[i] = bytes[i + 1];
        child[i] = child[i + 1];
    }
}

/* ---- finding ---- */

/* Follows the key as far as there is a way; any leaf of that part of the tree. r not empty. */
static struct zx_leaf *near_leaf(const struct zx_radix *r, const uint8_t *key, size_t size) {
    uintptr_t ref = r->root;
    while (!is_leaf(ref)) {
        const struct node *n = node_of(ref);
        const uintptr_t *slot = n->depth < size ? child_slot(n, key[n->depth]) : NULL;
        if (!slot && n->end)
            return n->end;
        ref = slot ? *slot : child_from(n, 0);
    }
    return leaf_of(ref);
}

/* In how many bytes a leaf agrees with a key; it does so in the first `i`. */
static size_t common_size(const struct zx_leaf *leaf, const uint8_t *key, size_t size, size_t i) {
    size_t max = leaf->size < size ? leaf->size : size;
    for (; max - i >= 8; i += 8) {
        uint64_t x = load8(leaf->key + i) ^ load8(key + i);
        if (x)
            return i + lowest_bit(x) / 8;
    }
    while (i < max && leaf->key[i] == key[i])
        i++;
    return i;
}

static inline bool agrees(const struct zx_leaf *leaf, const uint8_t *data, size_t from) {
    return leaf->size <= from || !memcmp(leaf->key + from, data + from, leaf->size - from);
}

struct zx_leaf *zx_radix_find(const struct zx_radix *r, const void *key, size_t size) {
    const uint8_t *k = key;
    uintptr_t ref = r->root;
    while (ref && !is_leaf(ref)) {
        struct node *n = node_of(ref);
        if (n->depth >= size) {
            ref = n->depth == size && n->end ? leaf_ref(n->end) : 0;
            break;
        }
        uintptr_t *slot = child_slot(n, k[n->depth]);
        ref = slot ? *slot : 0;
    }
    if (!ref || leaf_of(ref)->size != size || !agrees(leaf_of(ref), k, 0))
        return NULL;
    return leaf_of(ref);
}

struct zx_leaf *zx_radix_prefix(struct zx_radix_walk *w) {
    while (w->at) {
        uintptr_t ref = w->at;
        struct zx_leaf *found;
        w->at = 0;
        if (is_leaf(ref)) {
            found = leaf_of(ref);
            if (found->size > w->size)
                return NULL;
        } else {
            struct node *n = node_of(ref);
            if (n->depth > w->size)
                return NULL;
            unsigned i = n->depth < w->size ? slot_of(n, w->data[n->depth]) : WIDE;
            if (i < WIDE)
                w->at = children_of(n)[i];
            found = n->end;
            if (!found)
                continue;
        }
        if (agrees(found, w->data, w->equal)) {
            w->equal = found->size;
            return found;
        }
        w->at = 0; /* all below begin as it does */
    }
    return NULL;
}

/* ---- putting in ---- */

static struct zx_leaf *leaf_new(const uint8_t *key, size_t size) {
    struct zx_leaf *leaf = malloc(sizeof *leaf + size);
    if (!leaf)
        return NULL;
    *leaf = (struct zx_leaf){.size = (uint32_t)size};
    if (size)
        memcpy(leaf->key, key, size);
    return leaf;
}

/* The reference under which a key that parts from all others at byte `at` belongs. */
static uintptr_t *place_of(struct zx_radix *r, const uint8_t *key, size_t at) {
    uintptr_t *slot = &r->root;
    while (!is_leaf(*slot) && node_of(*slot)->depth < at)
        slot = child_slot(node_of(*slot), key[node_of(*slot)->depth]);
    return slot;
}

/* Where a key is or belongs. */
struct way {
    uintptr_t *slot;      /* that place, or what is to be under a new node */
    size_t at;            /* agrees with what is there in so many bytes */
    struct zx_leaf *near; /* a leaf of there, NULL if the place is in the node itself */
};

/* Goes down without a look at any leaf but the last, as far as nodes know all bytes between
 * them. False: they do not, or the key leaves there. r not empty. */
static bool follow(struct zx_radix *r, const uint8_t *key, size_t size, struct way *w) {
    size_t known = 0;
    *w = (struct way){.slot = &r->root};
    while (!is_leaf(*w->slot)) {
        const struct node *n = node_of(*w->slot);
        size_t gap = n->depth - known;
        if (n->depth > size || gap > 8)
            return false;
        if (gap && (n->before ^ tail8(key, n->depth)) >> (64 - 8 * gap))
            return false;
        w->at = n->depth;
        if (n->depth == size) {
            w->near = n->end;
            return true;
        }
        uintptr_t *next = child_slot(n, key[n->depth]);
        if (!next)
            return true;
        w->slot = next;
        known = (size_t)n->depth + 1;
    }
    w->near = leaf_of(*w->slot);
    w->at = common_size(w->near, key, size, known);
    return true;
}

static struct way find_way(struct zx_radix *r, const uint8_t *key, size_t size) {
    struct way w;
    if (!follow(r, key, size, &w)) {
        w.near = near_leaf(r, key, size);
        w.at = common_size(w.near, key, size, 0);
        w.slot = place_of(r, key, w.at);
    }
    return w;
}

/* Puts a node where a leaf parts from what is there. */
static bool part(struct zx_radix *r, const struct way *w, struct zx_leaf *leaf) {
    const struct zx_leaf *near = w->near;
    size_t at = w->at;
    struct node *n = node_new(r, at, 0);
    if (!n)
        return false;
    n->before = tail8(leaf->key, at);
    uintptr_t below = *w->slot;
    bool below_ends = near->size == at, leaf_ends = leaf->size == at;
    if (below_ends)
        n->end = leaf_of(below);
    if (leaf_ends)
        n->end = leaf;
    bool leaf_first = !leaf_ends && !below_ends && leaf->key[at] < near->key[at];
    if (leaf_first)
        append(n, leaf->key[at], leaf_ref(leaf));
    if (!below_ends)
        append(n, near->key[at], below);
    if (!leaf_ends && !leaf_first)
        append(n, leaf->key[at], leaf_ref(leaf));
    *w->slot = (uintptr_t)n;
    return true;
}

static bool add_leaf(struct zx_radix *r, const struct way *w, struct zx_leaf *leaf) {
    if (!r->root) {
        r->root = leaf_ref(leaf);
        return true;
    }
    if (is_leaf(*w->slot) || node_of(*w->slot)->depth > w->at)
        return part(r, w, leaf);
    if (leaf->size > w->at)
        return insert_child(r, w->slot, leaf->key[w->at], leaf_ref(leaf));
    node_of(*w->slot)->end = leaf;
    return true;
}

struct zx_leaf *zx_radix_put(struct zx_radix *r, const void *key, size_t size, bool *made) {
    struct way w = {0};
    *made = false;
    if (size > ZX_RADIX_KEY_MAX)
        return NULL;
    if (r->root) {
        w = find_way(r, key, size);
        if (w.near && w.at == size && w.at == w.near->size)
            return w.near;
    }
    struct zx_leaf *leaf = leaf_new(key, size);
    if (!leaf)
        return NULL;
    if (!add_leaf(r, &w, leaf)) {
        free(leaf);
        return NULL;
    }
    r->count++;
    *made = true;
    return leaf;
}

/* ---- taking out ---- */

/* A node with one way left is no node; one two sizes too large goes one down, so that the next
 * insertions need no copy. */
static void tidy(struct zx_radix *r, uintptr_t *slot) {
    struct node *n = node_of(*slot);
    if (n->n > 1 || (n->n == 1 && n->end)) {
        if (n->class >= 2 && n->n <= caps[n->class - 2])
            (void)resize(r, slot, n->class - 1u);
        return;
    }
    *slot = n->n ? child_from(n, 0) : leaf_ref(n->end);
    node_free(r, n);
}

void zx_radix_remove(struct zx_radix *r, struct zx_leaf *leaf) {
    uintptr_t *slot = &r->root, *above = NULL;
    while (!is_leaf(*slot) && node_of(*slot)->depth < leaf->size) {
        above = slot;
        slot = child_slot(node_of(*slot), leaf->key[node_of(*slot)->depth]);
    }
    r->count--;
    if (!is_leaf(*slot)) {
        node_of(*slot)->end = NULL;
        tidy(r, slot);
    } else if (above) {
        remove_child(node_of(*above), leaf->key[node_of(*above)->depth]);
        tidy(r, above);
    } else {
        r->root = 0;
    }
    free(leaf);
    if (r->root && !is_leaf(r->root))
        return;
    free(r->nodes);
    r->nodes = NULL;
}

static void drop_leaf(struct zx_leaf *leaf, void (*on_leaf)(struct zx_leaf *leaf)) {
    if (on_leaf)
        on_leaf(leaf);
    free(leaf);
}

/* Takes a child away from n, the last where that is cheap; 0: none left. */
static uintptr_t pop_child(struct node *n) {
    /* WIDE: n counts down through the places, empty ones among them. */
    while (n->n) {
        uintptr_t ref = children_of(n)[--n->n];
        if (ref)
            return ref;
    }
    return 0;
}

void zx_radix_fini(struct zx_radix *r, void (*on_leaf)(struct zx_leaf *leaf)) {
    uintptr_t ref = r->root;
    struct node *up = NULL; /* the way back: `end` of each node leads to the one above */
    while (ref || up) {
        if (ref && is_leaf(ref)) {
            drop_leaf(leaf_of(ref), on_leaf);
        } else if (ref) {
            struct node *n = node_of(ref);
            if (n->end)
                drop_leaf(n->end, on_leaf);
            n->n = (uint16_t)span(n);
            n->end = (struct zx_leaf *)(void *)up;
            up = n;
        }
        ref = up ? pop_child(up) : 0;
        if (!ref && up) {
            struct node *done = up;
            up = (struct node *)(void *)up->end;
            node_free(r, done);
        }
    }
    free(r->nodes);
    *r = (struct zx_radix){0};
}

/* ---- order ---- */

static struct zx_leaf *least(uintptr_t ref) {
    while (ref && !is_leaf(ref)) {
        struct node *n = node_of(ref);
        if (n->end)
            return n->end;
        ref = child_from(n, 0);
    }
    return ref ? leaf_of(ref) : NULL;
}

struct zx_leaf *zx_radix_first(const struct zx_radix *r) {
    return least(r->root);
}

int zx_radix_compare(const struct zx_leaf *leaf, const void *key, size_t size) {
    size_t max = leaf->size < size ? leaf->size : size;
    int order = max ? memcmp(leaf->key, key, max) : 0;
    return order ? order : leaf->size < size ? -1 : leaf->size > size;
}

struct zx_leaf *zx_radix_after(const struct zx_radix *r, const void *key, size_t size) {
    const uint8_t *k = key;
    uintptr_t ref = r->root, later = 0; /* later: least known part of the tree beyond key */
    if (!ref)
        return NULL;
    struct zx_leaf *near = near_leaf(r, k, size);
    size_t at = common_size(near, k, size, 0);
    while (!is_leaf(ref) && node_of(ref)->depth <= at && node_of(ref)->depth < size) {
        struct node *n = node_of(ref);
        unsigned byte = k[n->depth];
        uintptr_t beyond = byte < 255 ? child_from(n, byte + 1) : 0;
        if (beyond)
            later = beyond;
        uintptr_t *slot = child_slot(n, (uint8_t)byte);
        if (!slot)
            return least(later);
        ref = *slot;
    }
    /* All below agree with each other in more than key does: one of them stands for all. */
    if (is_leaf(ref) || node_of(ref)->depth > at)
        return zx_radix_compare(is_leaf(ref) ? leaf_of(ref) : near, k, size) > 0 ? least(ref)
                                                                               : least(later);
    return least(child_from(node_of(ref), 0)); /* key ends here: what goes on follows */
}
