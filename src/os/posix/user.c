/* SPDX-License-Identifier: MIT */
#include "os/posix/posix.h"

#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* A group of thousands needs a large buffer; beyond this nobody is a member. */
enum { FIRST_BUF = 4096, LARGEST_BUF = 1 << 20 };

static bool is_listed(uint32_t gid, const char *user, char *buf, size_t size, int *rc) {
    struct group group, *found = NULL;
    *rc = getgrgid_r((gid_t)gid, &group, buf, size, &found);
    if (*rc || !found)
        return false;
    for (char **member = group.gr_mem; *member; member++)
        if (!strcmp(*member, user))
            return true;
    return false;
}

/* One look with a buffer of that size: first half the user's record, second half the group's. */
static bool look(uint32_t uid, uint32_t gid, char *buf, size_t half, int *rc) {
    struct passwd user, *found = NULL;
    *rc = getpwuid_r((uid_t)uid, &user, buf, half, &found);
    if (*rc || !found)
        return false;
    return is_listed(gid, user.pw_name, buf + half, half, rc);
}

bool zx_os_user_in_group(uint32_t uid, uint32_t gid) {
    bool member = false;
    int rc = ERANGE;
    for (size_t half = FIRST_BUF; rc == ERANGE && half <= LARGEST_BUF; half *= 4) {
        char *buf = malloc(2 * half);
        if (!buf)
            return false;
        member = look(uid, gid, buf, half, &rc);
        free(buf);
    }
    return member;
}
