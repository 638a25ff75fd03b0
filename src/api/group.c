/* SPDX-License-Identifier: MIT */
/* Groups of a DISH. Answered after zmq_ctx_shutdown too. */
#include <string.h>

#include "api/api.h"

static int change(struct zx_socket *s, const char *group, bool joins) {
    int rc = zx_api_check(s);
    if (!rc && !zx_os_is_process(s->fork_gen))
        rc = -EINTR; /* a forked child: the lock may be held by nobody */
    if (!rc)
        rc = zx_socket_enter_any(s);
    if (rc)
        return zx_api_result(rc);
    rc = group ? s->ops->membership(s, group, strlen(group), joins) : -EINVAL;
    return zx_api_leave(s, rc);
}

int zmq_join(void *socket, const char *group) {
    return change(socket, group, true);
}

int zmq_leave(void *socket, const char *group) {
    return change(socket, group, false);
}
