/* SPDX-License-Identifier: MIT */
#include "script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void bad_script(const char *text) {
    fprintf(stderr, "test script not understood at: %.60s\n", text);
    abort();
}

static void put_masked(struct bytes *out, const uint8_t *data, size_t len, uint8_t fixed) {
    if (out->len + len > out->room) {
        out->room = (out->len + len) * 2 + 64;
        out->data = realloc(out->data, out->room);
        out->fixed = realloc(out->fixed, out->room);
        if (!out->data || !out->fixed)
            abort();
    }
    if (len) {
        memcpy(out->data + out->len, data, len);
        memset(out->fixed + out->len, fixed, len);
    }
    out->len += len;
}

void bytes_put(struct bytes *out, const void *data, size_t len) {
    put_masked(out, data, len, 1);
}

void bytes_free(struct bytes *out) {
    free(out->data);
    free(out->fixed);
    *out = (struct bytes){0};
}

bool bytes_match(const struct bytes *want, const uint8_t *got, size_t len) {
    if (want->len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (want->fixed[i] && want->data[i] != got[i])
            return false;
    return true;
}

void bytes_print(const char *title, const uint8_t *data, size_t len) {
    fprintf(stderr, "  %s, %zu bytes:", title, len);
    for (size_t i = 0; i < len && i < 160; i++)
        fprintf(stderr, "%s%02x", i % 32 ? " " : "\n    ", data[i]);
    fprintf(stderr, "%s\n", len > 160 ? " ..." : "");
}

static void put_number(struct bytes *out, uint64_t value, unsigned width) {
    uint8_t be[8];
    for (unsigned i = 0; i < width; i++)
        be[i] = (uint8_t)(value >> (8 * (width - 1 - i)));
    bytes_put(out, be, width);
}

static unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return 16;
}

/* "*12" behind what was just written at from: write it eleven times more. */
static void repeat(const char **text, struct bytes *out, size_t from) {
    char *end;
    unsigned long times;
    size_t len = out->len - from;
    if (**text != '*')
        return;
    times = strtoul(*text + 1, &end, 10);
    *text = end;
    if (!times)
        out->len = from;
    for (unsigned long i = 1; i < times; i++) {
        uint8_t fixed = out->fixed[from];
        struct bytes once = {0};
        bytes_put(&once, out->data + from, len);
        put_masked(out, once.data, len, fixed);
        bytes_free(&once);
    }
}

static void parse_text(const char **text, struct bytes *out) {
    const char *end = strchr(*text + 1, '\'');
    size_t from = out->len;
    if (!end)
        bad_script(*text);
    bytes_put(out, *text + 1, (size_t)(end - *text) - 1);
    *text = end + 1;
    repeat(text, out, from);
}

static void parse_number(const char **text, struct bytes *out) {
    char *end;
    unsigned long bits = strtoul(*text + 1, &end, 10);
    if (*end != ':' || (bits != 16 && bits != 32 && bits != 64))
        bad_script(*text);
    *text = end + 1;
    put_number(out, strtoull(*text, &end, 10), (unsigned)(bits / 8));
    *text = end;
}

static void parse_property(const char **text, struct bytes *out) {
    const char *equals = strchr(*text, '=');
    const char *end = strchr(*text, ')');
    if (!equals || !end || equals > end)
        bad_script(*text);
    put_number(out, (uint64_t)(equals - *text) - 1, 1);
    bytes_put(out, *text + 1, (size_t)(equals - *text) - 1);
    put_number(out, (uint64_t)(end - equals) - 1, 4);
    bytes_put(out, equals + 1, (size_t)(end - equals) - 1);
    *text = end + 1;
}

static void parse_byte(const char **text, struct bytes *out) {
    size_t from = out->len;
    uint8_t byte = 0;
    bool any = (*text)[0] == '?' && (*text)[1] == '?';
    if (!any) {
        unsigned high = hex_digit((*text)[0]);
        unsigned low = high < 16 ? hex_digit((*text)[1]) : 16;
        if (low > 15)
            bad_script(*text);
        byte = (uint8_t)(high << 4 | low);
    }
    put_masked(out, &byte, 1, !any);
    *text += 2;
    repeat(text, out, from);
}

static void parse_until(const char **text, struct bytes *out, char close);

static void parse_frame(const char **text, struct bytes *out, bool v1) {
    struct bytes body = {0};
    uint8_t flags;
    size_t len;
    *text += 1;
    parse_until(text, &body, v1 ? '}' : '>');
    if (!body.len)
        bad_script(*text);
    flags = body.data[0];
    len = body.len - 1;
    if (v1) {
        if (len > 253)
            put_number(out, 0xff, 1);
        put_number(out, len + 1, len > 253 ? 8 : 1);
        put_number(out, flags, 1);
    } else {
        put_number(out, len > 255 ? flags | 2u : flags, 1);
        put_number(out, len, len > 255 ? 8 : 1);
    }
    for (size_t i = 1; i < body.len; i++)
        put_masked(out, body.data + i, 1, body.fixed[i]);
    bytes_free(&body);
}

static void parse_until(const char **text, struct bytes *out, char close) {
    for (;;) {
        while (isspace((unsigned char)**text))
            *text += 1;
        if (**text == close || (!close && **text == '|')) {
            if (close)
                *text += 1;
            return;
        }
        switch (**text) {
        case '\0': bad_script("unexpected end");
        case '\'': parse_text(text, out); break;
        case 'u': parse_number(text, out); break;
        case '(': parse_property(text, out); break;
        case '<': parse_frame(text, out, false); break;
        case '{': parse_frame(text, out, true); break;
        default: parse_byte(text, out); break;
        }
    }
}

bool script_next(const char **text, struct bytes *out) {
    *out = (struct bytes){0};
    if (!*text)
        return false;
    parse_until(text, out, '\0');
    *text = **text == '|' ? *text + 1 : NULL;
    return true;
}

void script_vparse(struct bytes *out, const char *format, va_list args) {
    char *line = NULL;
    const char *text;
    if (vasprintf(&line, format, args) < 0)
        abort();
    text = line;
    script_next(&text, out);
    if (text)
        bad_script(text);
    free(line);
}

void script_parse(struct bytes *out, const char *format, ...) {
    va_list args;
    va_start(args, format);
    script_vparse(out, format, args);
    va_end(args);
}
