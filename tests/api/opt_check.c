/* SPDX-License-Identifier: MIT */
#include "opt_rows.h"

#include <limits.h>

static int is_int(const struct opt_row *r) {
    return strcmp(r->kind, "int") == 0 || strcmp(r->kind, "int4") == 0;
}

static int is_text(const struct opt_row *r) {
    return strcmp(r->kind, "string") == 0 || strcmp(r->kind, "blob") == 0;
}

static size_t width(const struct opt_row *r) {
    return is_int(r) ? sizeof(int) : sizeof(int64_t);
}

static int can_get(const struct opt_row *r) {
    return strchr(r->access, 'G') != NULL;
}

static int can_set(const struct opt_row *r) {
    return strchr(r->access, 'S') != NULL;
}

static int set_number(void *s, const struct opt_row *r, long long value) {
    int small = (int)value;

    if (is_int(r)) return zmq_setsockopt(s, r->number, &small, sizeof small);
    return zmq_setsockopt(s, r->number, &value, sizeof value);
}

static const char *get_number(void *s, const struct opt_row *r) {
    int small = -77;
    long long value = -77;
    size_t n = width(r);

    if (zmq_getsockopt(s, r->number, is_int(r) ? (void *)&small : &value, &n) != 0)
        return zx_err(-1);
    if (n != width(r)) return zx_fmt("size %zu", n);
    return zx_num(is_int(r) ? small : value);
}

static int get_sized(void *s, const struct opt_row *r, size_t n) {
    char room[64];
    return zmq_getsockopt(s, r->number, room, &n);
}

/* A getsockopt with a buffer larger than the value: its size and what happens to the rest. */
static const char *get_roomy(void *s, const struct opt_row *r, size_t room) {
    unsigned char buf[64];
    size_t n = room;
    int zeros = 1;

    memset(buf, 0xee, sizeof buf);
    if (zmq_getsockopt(s, r->number, buf, &n) != 0) return zx_err(-1);
    for (size_t i = n; i < room; i++) zeros &= buf[i] == 0;
    if (buf[room] != 0xee) return "wrote past the buffer";
    return zx_fmt("%zu bytes%s", n, zeros ? ", rest zero" : "");
}

static void check_value(void *s, const struct opt_row *r, long long value) {
    const char *label = zx_fmt("set %lld", value);
    long long back = value;

    zx_check_rc(label, "0", set_number(s, r, value));
    if (!can_get(r) || strcmp(zx_expect(label, "0"), "0") != 0) return;
    if (r->as_bool) back = value != 0;
    if (r->step) back = value / r->step * r->step;
    zx_check_str(zx_fmt("get after %lld", value), zx_num(back), get_number(s, r));
}

static void check_beyond(void *s, const struct opt_row *r, long long value) {
    const char *before = can_get(r) ? get_number(s, r) : "";
    const char *label = zx_fmt("set %lld", value);

    zx_check_rc(label, "EINVAL", set_number(s, r, value));
    if (can_get(r) && strcmp(zx_expect(label, "EINVAL"), "EINVAL") == 0)
        zx_check_str(zx_fmt("kept after %lld", value), before, get_number(s, r));
}

static void check_number_range(void *s, const struct opt_row *r) {
    long long low = is_int(r) ? INT_MIN : LLONG_MIN, high = is_int(r) ? INT_MAX : LLONG_MAX;

    if (strcmp(r->kind, "uint64") == 0) low = 0;
    check_value(s, r, r->min);
    if (r->min < 0 && r->max > 0) check_value(s, r, 0);
    if (r->min < 1 && r->max > 1) check_value(s, r, 1);
    check_value(s, r, r->max);
    if (r->min > low) {
        check_beyond(s, r, r->min - 1);
        check_beyond(s, r, low);
    }
    if (r->max < high) {
        check_beyond(s, r, r->max + 1);
        check_beyond(s, r, high);
    }
}

static void check_number_sizes(void *s, const struct opt_row *r) {
    static const char zeros[32];
    size_t n = width(r);

    if (can_set(r)) {
        zx_check_rc("set with length 0", "EINVAL", zmq_setsockopt(s, r->number, zeros, 0));
        zx_check_rc("set too short", "EINVAL", zmq_setsockopt(s, r->number, zeros, n - 1));
        zx_check_rc("set too long", "EINVAL", zmq_setsockopt(s, r->number, zeros, n + 1));
        zx_check_rc("set twice as long", "EINVAL", zmq_setsockopt(s, r->number, zeros, 2 * n));
        if (zx_runs("set NULL with length 0"))
            zx_check_rc("set NULL with length 0", r->takes_null ? "0" : "EINVAL",
                        zmq_setsockopt(s, r->number, NULL, 0));
    }
    if (!can_get(r)) return;
    zx_check_rc("get into 0 bytes", "EINVAL", get_sized(s, r, 0));
    zx_check_rc("get into too few", "EINVAL", get_sized(s, r, n - 1));
    if (strcmp(r->kind, "int4") == 0) {
        zx_check_str("get into more", "4 bytes, rest zero", get_roomy(s, r, 7));
        zx_check_str("get into twice", "4 bytes, rest zero", get_roomy(s, r, 8));
    } else {
        zx_check_rc("get into one more", "EINVAL", get_sized(s, r, n + 1));
        zx_check_rc("get into twice", "EINVAL", get_sized(s, r, 2 * n));
    }
}

static const char *get_text(void *s, const struct opt_row *r) {
    char buf[2048];
    size_t n = sizeof buf;
    int terminated = strcmp(r->kind, "string") == 0;

    if (zmq_getsockopt(s, r->number, buf, &n) != 0) return zx_err(-1);
    if (terminated && (n == 0 || buf[n - 1] != 0)) return "not terminated";
    return zx_fmt("%zu", terminated ? n - 1 : n);
}

static void check_length(void *s, const struct opt_row *r, long long n) {
    static const char letters[2048] = {[0 ... 2046] = 'a'};
    const char *want = n >= r->min && n <= r->max ? "0" : "EINVAL";
    const char *label = zx_fmt("set length %lld", n);

    zx_check_rc(label, want, zmq_setsockopt(s, r->number, letters, (size_t)n));
    if (can_get(r) && strcmp(zx_expect(label, want), "0") == 0)
        zx_check_str(zx_fmt("get after length %lld", n), zx_num(n), get_text(s, r));
}

static void check_text_sizes(void *s, const struct opt_row *r) {
    int terminated = strcmp(r->kind, "string") == 0;
    size_t n = terminated ? 4 : 3;

    zx_check_rc("set abc", "0", zmq_setsockopt(s, r->number, "abc", 3));
    if (!can_get(r)) return;
    zx_check_rc("get into too few", "EINVAL", get_sized(s, r, n - 1));
    zx_check_str("get into enough", zx_fmt("%zu bytes, rest zero", n), get_roomy(s, r, n));
    if (terminated)
        zx_check_str("get into more", "4 bytes, rest zero", get_roomy(s, r, 20));
    else
        zx_check_str("get into more", "3 bytes", zx_fmt("%.7s", get_roomy(s, r, 20)));
}

static void check_text(void *s, const struct opt_row *r) {
    long long high = r->max > 1000 ? 1000 : r->max;

    if (can_get(r) && strcmp(r->value, "\"\"") == 0)
        zx_check_str("default", "0", get_text(s, r));
    if (!can_set(r) || r->content) return;
    if (r->min > 0) check_length(s, r, r->min - 1);
    check_length(s, r, r->min);
    check_length(s, r, high);
    if (high < 1000) check_length(s, r, high + 1);
    check_text_sizes(s, r);
    zx_check_rc("set NULL with length 0", r->takes_null || r->min == 0 ? "0" : "EINVAL",
                zmq_setsockopt(s, r->number, NULL, 0));
    if (r->takes_null && can_get(r))
        zx_check_str("after NULL", r->keeps ? "3" : "0", get_text(s, r));
}

/* An option the type or the build does not know: refused both ways. */
static void check_refused(void *s, const struct opt_row *r) {
    char text[16] = "abcdefg";

    if (is_text(r)) zx_check_rc("set", "EINVAL", zmq_setsockopt(s, r->number, text, 3));
    else zx_check_rc("set", "EINVAL", set_number(s, r, 1));
    if (!strstr(r->access, "get:all"))
        zx_check_rc("get", "EINVAL", get_sized(s, r, is_text(r) ? 16 : width(r)));
}

void opt_check_socket(const struct opt_row *r, int type) {
    void *s = zx_raw_socket(type);

    assert_non_null(s);
    if (!opt_accepts(r, type) || !opt_present(r) || r->access[0] == '-') {
        check_refused(s, r);
        return;
    }
    if (!can_set(r)) {
        if (is_text(r)) zx_check_rc("set", "EINVAL", zmq_setsockopt(s, r->number, "abc", 3));
        else zx_check_rc("set", "EINVAL", set_number(s, r, 0));
    }
    if (!can_get(r))
        zx_check_rc("get", "EINVAL", get_sized(s, r, is_text(r) ? 16 : width(r)));
    if (is_text(r)) {
        check_text(s, r);
        return;
    }
    if (can_get(r) && strcmp(r->value, "unknown") != 0)
        zx_check_str("default", zx_num(opt_default(r, type)), get_number(s, r));
    check_number_sizes(s, r);
    if (can_set(r) && !r->content) check_number_range(s, r);
}

/* Not asked of a thread-safe socket: ZMQ_FD, checked by hand. */
void opt_check_gaps(int type) {
    static const int gaps[] = {0, 1, 2, 3, 10, 20, 26, 29, 30, 67, 82, 83, -1, 9999};
    void *s = zx_raw_socket(type);

    assert_non_null(s);
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        int value = 1;
        size_t n = sizeof value;
        zx_check_rc(zx_fmt("set %d", gaps[i]), "EINVAL",
                    zmq_setsockopt(s, gaps[i], &value, sizeof value));
        zx_check_rc(zx_fmt("get %d", gaps[i]), "EINVAL", zmq_getsockopt(s, gaps[i], &value, &n));
    }
}

static const struct opt_row *null_row;
static int null_type;

static const char *pass_null(void) {
    void *ctx = zmq_ctx_new();
    void *s = zmq_socket(ctx, null_type);
    size_t n = is_text(null_row) ? 3 : width(null_row);

    return zx_err(zmq_setsockopt(s, null_row->number, NULL, n));
}

void opt_check_null(const struct opt_row *r, int type) {
    null_row = r;
    null_type = type;
    zx_check_str("NULL value", r->null_any ? "0" : "EINVAL", zx_child(pass_null));
}
