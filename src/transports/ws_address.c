/* SPDX-License-Identifier: MIT */
#include "transports/ws_address.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* What a request line can hold without escapes; anything else could end it. */
static bool is_path(const char *path) {
    for (; *path; path++)
        if (*path <= ' ' || *path > '~')
            return false;
    return true;
}

int zx_ws_address_parse(struct zx_ws_address *a, const char *text, bool for_bind) {
    const char *path = strchr(text, '/');
    size_t n = path ? (size_t)(path - text) : strlen(text);
    if (!path)
        path = "/";
    if (n >= sizeof a->place || strlen(path) >= sizeof a->path || !is_path(path))
        return -EINVAL;
    if (for_bind && strchr(path + 1, '/'))
        return -EINVAL;
    memcpy(a->place, text, n);
    a->place[n] = '\0';
    memcpy(a->path, path, strlen(path) + 1);
    return 0;
}

const char *zx_ws_address_host(const struct zx_ws_address *a) {
    const char *source = strchr(a->place, ';');
    return source ? source + 1 : a->place;
}
