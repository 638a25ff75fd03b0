/* SPDX-License-Identifier: MIT */
#include "os/tipc.h"

#include "os/posix/posix.h"

#if ZX_OS_LINUX

#    include <assert.h>
#    include <string.h>
#    include <sys/socket.h>

#    include "os/posix/addr.h"

enum { SCOPE_ZONE = 1 };

/* As <linux/tipc.h> has it, which not every C library's headers come with. */
struct address {
    uint16_t family;
    uint8_t kind;
    int8_t scope;
    uint32_t word[3]; /* range: type, lower, upper; service: type, instance, node; socket: ref,
                         node */
};

static_assert(sizeof(struct address) == sizeof(struct sockaddr), "the kernel checks the length");

void zx_addr_from_tipc(struct zx_addr *a, const struct zx_tipc_addr *t) {
    struct address sa = {.family = AF_TIPC, .kind = (uint8_t)t->kind, .scope = SCOPE_ZONE};
    bool is_socket = t->kind == ZX_TIPC_SOCKET;
    sa.word[0] = is_socket ? t->ref : t->type;
    sa.word[1] = is_socket ? t->node : t->lower;
    sa.word[2] = t->kind == ZX_TIPC_RANGE ? t->upper : is_socket ? 0 : t->node;
    (void)zx_posix_addr_store(a, &sa, sizeof sa);
}

int zx_addr_tipc(const struct zx_addr *a, struct zx_tipc_addr *t) {
    struct address sa;
    if (zx_addr_family(a) != ZX_AF_TIPC)
        return -EINVAL;
    memcpy(&sa, a->sa, sizeof sa);
    *t = (struct zx_tipc_addr){.kind = sa.kind};
    switch (t->kind) {
    case ZX_TIPC_SOCKET:
        t->ref = sa.word[0];
        t->node = sa.word[1];
        return 0;
    case ZX_TIPC_RANGE:
        t->upper = sa.word[2];
        break;
    case ZX_TIPC_SERVICE:
        t->node = sa.word[2];
        break;
    default:
        return -EINVAL;
    }
    t->type = sa.word[0];
    t->lower = sa.word[1];
    return 0;
}

#endif
