/* SPDX-License-Identifier: MIT */
#include "transports/vsock/vsock_address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits at the beginning. */
static int parse_number(const char *text, uint32_t *out) {
    uint64_t n = 0;
    if (!is_digit(*text))
        return -EINVAL;
    for (; is_digit(*text) && n <= UINT32_MAX; text++)
        n = n * 10 + (uint64_t)(*text - '0');
    *out = (uint32_t)n;
    return n > UINT32_MAX ? -EINVAL : 0;
}

static bool is_word(const char *text, size_t size, const char *word) {
    return size == strlen(word) && !memcmp(text, word, size);
}

/* size: up to the colon or the end, where no digit stands. */
static int parse_part(const char *text, size_t size, uint32_t *out) {
    if (!is_word(text, size, "*") && !is_word(text, size, "-1"))
        return parse_number(text, out);
    *out = ZX_VSOCK_ANY;
    return 0;
}

int zx_vsock_address_parse(struct zx_vsock_address *a, const char *text, bool for_bind) {
    *a = (struct zx_vsock_address){0};
    const char *colon = strrchr(text, ':');
    if (!colon)
        return -EINVAL;
    size_t size = (size_t)(colon - text);
    a->at = is_word(text, size, "@");
    int rc = a->at ? 0 : parse_part(text, size, &a->cid);
    if (!rc)
        rc = parse_part(colon + 1, strlen(colon + 1), &a->port);
    if (!rc && !for_bind && (a->cid == ZX_VSOCK_ANY || a->port == ZX_VSOCK_ANY))
        rc = -EINVAL;
    return rc;
}

int zx_vsock_address_text(const char *scheme, const struct zx_addr *a, struct zx_iov text) {
    char host[12] = "*";
    uint32_t cid, port;
    int rc = zx_addr_vsock(a, &cid, &port);
    if (rc)
        return rc;
    if (cid != ZX_VSOCK_ANY)
        snprintf(host, sizeof host, "%lu", (unsigned long)cid);
    int n = snprintf(text.base, text.len, "%s://%s:%lu", scheme, host, (unsigned long)port);
    return n < 0 || (size_t)n >= text.len ? -ENOSPC : 0;
}
