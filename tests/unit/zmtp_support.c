/* SPDX-License-Identifier: MIT */
#include "unit/zmtp_support.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads one byte and its repetition; advances *text. */
static uint8_t read_item(const char **text, size_t *count) {
    char digits[3] = {(*text)[0], (*text)[1], 0};
    char *end;
    unsigned long value = strtoul(digits, &end, 16);
    assert_true(*end == 0 && end == digits + 2);
    *text += 2;
    *count = 1;
    if (**text == '*') {
        *count = strtoul(*text + 1, &end, 10);
        *text = end;
    }
    return (uint8_t)value;
}

/* Writes to out unless that is NULL; returns the size. */
static size_t expand(const char *text, uint8_t *out) {
    size_t size = 0;
    for (;;) {
        while (isspace((unsigned char)*text))
            text++;
        if (!*text)
            return size;
        size_t count;
        uint8_t value = read_item(&text, &count);
        if (out)
            memset(out + size, value, count);
        size += count;
    }
}

struct bytes hex(const char *text) {
    struct bytes b;
    b.size = expand(text, NULL);
    b.data = malloc(b.size ? b.size : 1);
    assert_non_null(b.data);
    expand(text, b.data);
    return b;
}

void bytes_free(struct bytes *b) {
    free(b->data);
    b->data = NULL;
}

void assert_bytes(const uint8_t *data, size_t size, const char *expected) {
    struct bytes want = hex(expected);
    assert_int_equal(size, want.size);
    if (size)
        assert_memory_equal(data, want.data, size);
    bytes_free(&want);
}

/* One performance: where the input is cut, what has come out so far. */
struct run {
    const struct play *play;
    struct zx_hs *hs;
    uint8_t *out;
    size_t out_size;
    size_t out_cap;
};

static void collect(struct run *r) {
    size_t size;
    const uint8_t *data = zx_hs_output(r->hs, &size);
    if (r->out_size + size > r->out_cap) {
        r->out_cap = (r->out_size + size) * 2;
        r->out = realloc(r->out, r->out_cap);
        assert_non_null(r->out);
    }
    if (size)
        memcpy(r->out + r->out_size, data, size);
    r->out_size += size;
    zx_hs_output_taken(r->hs, size);
}

/* Answers questions of the handshake; true if input may go on. */
static int answer(struct run *r, int rc) {
    for (;;) {
        collect(r);
        if (rc == ZX_HS_WAIT_ZAP && r->play->zap)
            rc = zx_hs_zap_reply(r->hs, r->play->zap);
        else if (rc == ZX_HS_HOLD && r->play->hold == 1)
            rc = zx_hs_accept(r->hs);
        else if (rc == ZX_HS_HOLD && r->play->hold == 2)
            rc = zx_hs_refuse(r->hs);
        else
            return rc;
    }
}

/* Feeds [at, end) as the caller would: what is not consumed is kept. A copy of
 * exactly that size is fed, so that reading beyond it is seen. */
static int feed(struct run *r, const struct bytes *in, size_t *at, size_t end) {
    int rc;
    for (;;) {
        size_t consumed;
        size_t size = end - *at;
        uint8_t *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, in->data + *at, size);
        rc = zx_hs_input(r->hs, size ? copy : NULL, size, &consumed);
        memset(copy, 0xa5, size); /* the handshake must have kept no pointer */
        free(copy);
        assert_true(consumed <= size);
        *at += consumed;
        if (rc == ZX_HS_MORE)
            assert_int_equal(consumed, size);
        int answered = answer(r, rc);
        if (answered == rc || answered < 0 || answered == ZX_HS_DONE)
            return answered;
        rc = answered;
        if (*at == end)
            return rc;
    }
}

static void check_end(struct run *r, int rc, const struct bytes *in, size_t at) {
    const struct play *p = r->play;
    assert_int_equal(rc, p->rc);
    if (p->output)
        assert_bytes(r->out, r->out_size, p->output);
    if (rc < 0) {
        struct zx_hs_error error = zx_hs_error(r->hs);
        size_t consumed;
        assert_int_equal(error.kind, p->error.kind);
        assert_int_equal(error.value, p->error.value);
        /* An error stays. */
        assert_int_equal(zx_hs_input(r->hs, in->data, in->size, &consumed), rc);
        assert_int_equal(consumed, 0);
        return;
    }
    assert_bytes(in->data + at, in->size - at, p->rest ? p->rest : "");
    assert_int_equal(zx_hs_version(r->hs), p->version);
    if (p->check)
        p->check(r->hs);
}

/* The input arrives in the pieces [0, a), [a, b), [b, end), or in single bytes. */
static void perform(const struct play *p, const struct bytes *in, size_t a, size_t b, int single) {
    struct run r = {.play = p};
    size_t at = 0;
    assert_int_equal(zx_hs_init(&r.hs, &p->conf), 0);
    collect(&r);
    int rc = ZX_HS_MORE;
    if (p->conf.skip_greeting)
        rc = feed(&r, in, &at, 0);
    if (single) {
        for (size_t end = 1; end <= in->size && rc >= 0 && rc != ZX_HS_DONE; end++)
            rc = feed(&r, in, &at, end);
    } else {
        size_t ends[3] = {a, b, in->size};
        for (int i = 0; i < 3 && rc >= 0 && rc != ZX_HS_DONE; i++)
            if (ends[i] > at)
                rc = feed(&r, in, &at, ends[i]);
    }
    check_end(&r, rc, in, at);
    zx_hs_free(&r.hs);
    assert_null(r.hs);
    free(r.out);
}

void run_play(const struct play *p) {
    struct bytes in = hex(p->input);
    size_t pairs = in.size <= 160 ? in.size : 0;
    perform(p, &in, in.size, in.size, 0);
    perform(p, &in, 0, 0, 1);
    for (size_t a = 1; a < in.size; a++)
        perform(p, &in, a, in.size, 0);
    for (size_t a = 1; a < pairs; a++)
        for (size_t b = a + 1; b < pairs; b++)
            perform(p, &in, a, b, 0);
    bytes_free(&in);
}
