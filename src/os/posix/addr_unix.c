/* SPDX-License-Identifier: MIT */
/* Addresses of ipc: a path, or on Linux a name in the abstract space, written with '@'. */
#include "os/posix/posix.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "os/posix/addr.h"

enum { PATH_AT = offsetof(struct sockaddr_un, sun_path) };

int zx_addr_from_unix(struct zx_addr *a, const char *path) {
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    bool abstract = ZX_OS_LINUX && path[0] == '@';
    if (!len || (abstract && len == 1))
        return -EINVAL;
    if (len >= sizeof(un.sun_path))
        return -ENAMETOOLONG;
    memcpy(un.sun_path, path, len);
    if (abstract)
        un.sun_path[0] = '\0'; /* and no terminator: every byte counts in an abstract name */
    else
        len++;
#if ZX_OS_BSD
    un.sun_len = (unsigned char)(PATH_AT + len);
#endif
    return zx_posix_addr_store(a, &un, PATH_AT + len);
}

int zx_addr_unix_text(const struct zx_addr *a, char *buf, size_t size) {
    if (zx_addr_family(a) != ZX_AF_UNIX)
        return -EINVAL;
    size_t len = a->len > PATH_AT ? a->len - PATH_AT : 0;
    const char *name = (const char *)a->sa + PATH_AT;
    bool abstract = ZX_OS_LINUX && len > 1 && name[0] == '\0';
    if (!abstract)
        len = strnlen(name, len); /* the kernel counts the terminator or leaves it out */
    if (len >= size)
        return -ENAMETOOLONG;
    memcpy(buf, name, len);
    buf[len] = '\0';
    if (abstract)
        buf[0] = '@';
    return 0;
}
