/* SPDX-License-Identifier: MIT */
/* Version, error texts, capabilities, Z85, CURVE keys, counters, stopwatch, threads, timers. */
#include "zx_api.h"

static void strerror_texts(void) {
    static const int native[] = {EFSM, ENOCOMPATPROTO, ETERM, EMTHREAD};

    for (size_t i = 0; i < 4; i++)
        zx_check_int(zx_fmt("native %zu", i), 0,
                     strncmp(zmq_strerror(native[i]), "Unknown", 7) == 0);
    zx_check_str("libc's EINVAL", strerror(EINVAL), zmq_strerror(EINVAL));
    zx_check_str("libc's EAGAIN", strerror(EAGAIN), zmq_strerror(EAGAIN));
    zx_check_int("own EHOSTUNREACH", 1,
                 strcmp(strerror(EHOSTUNREACH), zmq_strerror(EHOSTUNREACH)) != 0);
    zx_check_int("unknown number", 1, zmq_strerror(123456) != NULL);
}

static void errno_is_the_threads(void) {
    errno = EBADF;
    zx_check_int("zmq_errno", EBADF, zmq_errno());
}

static void numbers(void) {
    zx_check_int("EFSM", 156384763, EFSM);
    zx_check_int("ENOCOMPATPROTO", 156384764, ENOCOMPATPROTO);
    zx_check_int("ETERM", 156384765, ETERM);
    zx_check_int("EMTHREAD", 156384766, EMTHREAD);
    zx_check_int("sizeof zmq_msg_t", 64, (int)sizeof(zmq_msg_t));
    zx_check_int("sizeof zmq_pollitem_t", 16, (int)sizeof(zmq_pollitem_t));
}

static void has(void) {
    static const char *const absent[] = {"tcp", "inproc", "udp", "ws", "wss", "plain", "CURVE",
                                         "IPC", "",       "curve ", "nothing"};

    zx_check_int("ipc", 1, zmq_has("ipc"));
    zx_check_int("draft", 1, zmq_has("draft"));
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        zx_check_int(zx_fmt("'%s'", absent[i]), 0, zmq_has(absent[i]));
}

static const char *has_null(void) {
    return zx_num(zmq_has(NULL));
}

static const char *version_null(void) {
    int minor = -1;
    zmq_version(NULL, &minor, NULL);
    return zx_num(minor);
}

static const char *gets_null(void) {
    zmq_msg_t m;
    zmq_msg_init(&m);
    return zmq_msg_gets(&m, NULL) ? "something" : zx_err(-1);
}

static void null_strings(void) {
    zx_soft(1);
    zx_check_str("zmq_has", "0", zx_child(has_null));
    zx_check_str("zmq_version", "3", zx_child(version_null));
    zx_check_str("zmq_msg_gets", "EINVAL", zx_child(gets_null));
}

static void z85(void) {
    static const uint8_t hello[] = {0x86, 0x4F, 0xD2, 0x6F, 0xB5, 0x59, 0xF7, 0x5B};
    uint8_t back[32];
    char text[32];

    zx_check_str("encode", "HelloWorld", zmq_z85_encode(text, hello, 8));
    zx_check_int("decode", 1, zmq_z85_decode(back, "HelloWorld") == back);
    zx_check_int("round trip", 0, memcmp(back, hello, 8));
    zx_check_str("encode nothing", "", zmq_z85_encode(text, hello, 0));
    zx_check_rc("encode 7", "EINVAL", zmq_z85_encode(text, hello, 7) ? 0 : -1);
    zx_check_rc("encode 1", "EINVAL", zmq_z85_encode(text, hello, 1) ? 0 : -1);
}

static void z85_decode_refuses(void) {
    static const char *const bad[] = {"",      "a",     "abcd",  "abcdef", "abc d", "abc\"d",
                                      "abc~d", "abc,d", "%nSc1", "#####",  ("abc\x80" "d")};
    uint8_t back[32];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        zx_check_rc(zx_fmt("'%s'", zx_bytes(bad[i], strlen(bad[i]))), "EINVAL",
                    zmq_z85_decode(back, bad[i]) ? 0 : -1);
    zx_check_int("the largest group", 1, zmq_z85_decode(back, "%nSc0") != NULL);
    zx_check_str("its bytes", "\\ff\\ff\\ff\\ff", zx_bytes(back, 4));
    zx_check_int("the smallest group", 1, zmq_z85_decode(back, "00000") != NULL);
    zx_check_str("zeros", "\\00\\00\\00\\00", zx_bytes(back, 4));
}

static void curve_keys(void) {
    char public[41], secret[41], derived[41], second[41];

    zx_needs("curve");
    zx_check_rc("keypair", "0", zmq_curve_keypair(public, secret));
    zx_check_int("length of public", 40, (int)strlen(public));
    zx_check_int("length of secret", 40, (int)strlen(secret));
    zx_check_rc("public", "0", zmq_curve_public(derived, secret));
    zx_check_str("derived", public, derived);
    zx_ok(zmq_curve_keypair(second, secret));
    zx_check_int("different each time", 1, strcmp(public, second) != 0);
}

static void curve_public_of_a_known_key(void) {
    char public[41];

    zx_needs("curve");
    zx_ok(zmq_curve_public(public, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"));
    zx_check_str("public", "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", public);
}

static const char *public_of(const char *secret) {
    char public[200] = "";
    return zx_err(zmq_curve_public(public, secret));
}

static const char *public_short(void) {
    return public_of("D:)Q[");
}

static const char *public_bad(void) {
    return public_of("D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%c~");
}

static void curve_public_refuses(void) {
    zx_needs("curve");
    zx_soft(1);
    zx_check_str("bad characters", "EINVAL", zx_child(public_bad));
    zx_check_str("5 characters", "EINVAL", zx_child(public_short));
}

static void counter(void) {
    void *c = zmq_atomic_counter_new();

    assert_non_null(c);
    zx_check_int("new", 0, zmq_atomic_counter_value(c));
    zx_check_int("inc gives the old value", 0, zmq_atomic_counter_inc(c));
    zx_check_int("inc again", 1, zmq_atomic_counter_inc(c));
    zx_check_int("value", 2, zmq_atomic_counter_value(c));
    zx_check_int("dec to 1", 1, zmq_atomic_counter_dec(c));
    zx_check_int("dec to 0", 0, zmq_atomic_counter_dec(c));
    zx_check_int("dec below 0", 1, zmq_atomic_counter_dec(c));
    zx_check_int("negative", -1, zmq_atomic_counter_value(c));
    zmq_atomic_counter_set(c, 41);
    zx_check_int("set", 41, zmq_atomic_counter_inc(c));
    zmq_atomic_counter_destroy(&c);
    zx_check_int("cleared", 1, c == NULL);
}

static void count_up(void *c) {
    for (int i = 0; i < 20000; i++) zmq_atomic_counter_inc(c);
}

static void counter_across_threads(void) {
    void *c = zmq_atomic_counter_new(), *t[3];

    for (int i = 0; i < 3; i++) t[i] = zmq_threadstart(count_up, c);
    for (int i = 0; i < 3; i++) zmq_threadclose(t[i]);
    zx_check_int("value", 60000, zmq_atomic_counter_value(c));
    zmq_atomic_counter_destroy(&c);
}

static void stopwatch(void) {
    void *w = zmq_stopwatch_start();
    unsigned long first, second;
    long long start = zx_now_ms();

    assert_non_null(w);
    zmq_poll(NULL, 0, 20);
    first = zmq_stopwatch_intermediate(w);
    second = zmq_stopwatch_stop(w);
    zx_check_int("microseconds", 1, first >= 19000 && second >= first);
    zx_check_int("no more than passed", 1,
                 second <= (unsigned long)(zx_now_ms() - start + 2) * 1000);
}

static int seen;

static void note(void *arg) {
    seen = *(int *)arg;
}

static void threads(void) {
    int value = 17;
    void *t = zmq_threadstart(note, &value);

    assert_non_null(t);
    zmq_threadclose(t);
    zx_check_int("ran with its argument", 17, seen);
}

static int fired[4];

static void fire(int id, void *arg) {
    (void)id;
    fired[*(int *)arg]++;
}

static void timers_errors(void) {
    void *none = NULL, *t = zmq_timers_new();

    assert_non_null(t);
    zx_check_rc("add NULL", "EFAULT", zmq_timers_add(NULL, 1, fire, NULL));
    zx_check_rc("no handler", "EFAULT", zmq_timers_add(t, 1, NULL, NULL));
    zx_check_rc("cancel NULL", "EFAULT", zmq_timers_cancel(NULL, 1));
    zx_check_rc("cancel unknown", "EINVAL", zmq_timers_cancel(t, 99));
    zx_check_rc("set unknown", "EINVAL", zmq_timers_set_interval(t, 99, 1));
    zx_check_rc("set NULL", "EFAULT", zmq_timers_set_interval(NULL, 1, 1));
    zx_check_rc("reset unknown", "EINVAL", zmq_timers_reset(t, 99));
    zx_check_rc("reset NULL", "EFAULT", zmq_timers_reset(NULL, 1));
    zx_check_rc("timeout NULL", "EFAULT", (int)zmq_timers_timeout(NULL));
    zx_check_rc("execute NULL", "EFAULT", zmq_timers_execute(NULL));
    zx_check_rc("execute nothing", "0", zmq_timers_execute(t));
    zx_check_int("timeout of nothing", -1, zmq_timers_timeout(t));
    zx_check_rc("destroy NULL", "EFAULT", zmq_timers_destroy(&none));
    zx_check_rc("destroy", "0", zmq_timers_destroy(&t));
    zx_check_int("cleared", 1, t == NULL);
}

static void timers_ids(void) {
    static int which;
    void *t = zmq_timers_new();

    zx_check_int("first", 1, zmq_timers_add(t, 1000, fire, &which));
    zx_check_int("second", 2, zmq_timers_add(t, 1000, fire, &which));
    zx_check_rc("cancel", "0", zmq_timers_cancel(t, 2));
    zx_check_rc("cancel again", "EINVAL", zmq_timers_cancel(t, 2));
    zx_check_int("not reused", 3, zmq_timers_add(t, 1000, fire, &which));
    zx_ok(zmq_timers_destroy(&t));
}

static void run_for(void *t, int ms) {
    long long end = zx_now_ms() + ms;

    while (zx_now_ms() < end) {
        long wait = zmq_timers_timeout(t);
        long rest = (long)(end - zx_now_ms());
        zmq_poll(NULL, 0, wait >= 0 && wait < rest ? wait : rest > 0 ? rest : 0);
        zx_ok(zmq_timers_execute(t));
    }
}

static void timers_fire(void) {
    static int zero = 0, one = 1;
    void *t = zmq_timers_new();
    long wait;

    memset(fired, 0, sizeof fired);
    zx_ok(zmq_timers_add(t, 30, fire, &zero));
    zx_ok(zmq_timers_add(t, 100000, fire, &one));
    wait = zmq_timers_timeout(t);
    zx_check_int("timeout is the nearest", 1, wait >= 0 && wait <= 30);
    zx_ok(zmq_timers_execute(t));
    zx_check_int("not yet", 0, fired[0]);
    run_for(t, 200);
    zx_check_int("repeats", 1, fired[0] >= 2 && fired[0] <= 7);
    zx_check_int("not the other", 0, fired[1]);
    zx_ok(zmq_timers_destroy(&t));
}

static void timers_missed_periods_are_not_caught_up(void) {
    static int zero = 0;
    void *t = zmq_timers_new();

    fired[0] = 0;
    zx_ok(zmq_timers_add(t, 10, fire, &zero));
    zmq_poll(NULL, 0, 80);
    zx_check_int("overdue", 0, zmq_timers_timeout(t));
    zx_ok(zmq_timers_execute(t));
    zx_check_int("once", 1, fired[0]);
    zx_ok(zmq_timers_destroy(&t));
}

static void timers_reset_and_interval(void) {
    static int zero = 0;
    void *t = zmq_timers_new();
    int id = zmq_timers_add(t, 20, fire, &zero);
    long wait;

    fired[0] = 0;
    zmq_poll(NULL, 0, 40);
    zx_check_rc("reset an overdue one", "0", zmq_timers_reset(t, id));
    wait = zmq_timers_timeout(t);
    zx_check_int("from now", 1, wait > 0 && wait <= 20);
    zx_check_rc("longer", "0", zmq_timers_set_interval(t, id, 60000));
    wait = zmq_timers_timeout(t);
    zx_check_int("its new time", 1, wait > 50000 && wait <= 60000);
    zx_ok(zmq_timers_execute(t));
    zx_check_int("did not fire", 0, fired[0]);
    zx_check_rc("cancel", "0", zmq_timers_cancel(t, id));
    zx_check_int("none left", -1, zmq_timers_timeout(t));
    zx_ok(zmq_timers_destroy(&t));
}

static void timers_cancelled_are_unknown(void) {
    static int zero = 0;
    void *t = zmq_timers_new();
    int id = zmq_timers_add(t, 1000, fire, &zero);

    zx_soft(1);
    zx_ok(zmq_timers_cancel(t, id));
    zx_check_rc("reset", "EINVAL", zmq_timers_reset(t, id));
    zx_check_rc("set", "EINVAL", zmq_timers_set_interval(t, id, 5));
    zx_check_int("stays cancelled", -1, zmq_timers_timeout(t));
    zx_ok(zmq_timers_destroy(&t));
}

static const char *interval_0(void) {
    static int zero = 0;
    void *t = zmq_timers_new();

    zmq_timers_add(t, 0, fire, &zero);
    fired[0] = 0;
    zmq_timers_execute(t);
    return zx_num(fired[0]);
}

static void timers_of_interval_0(void) {
    zx_check_str("times per execute", "1", zx_child(interval_0));
}

struct script { /* what a handler does to the set that runs it */
    void *timers;
    int victim, added;
    char seen[64];
};

static void note_id(int id, void *arg) {
    struct script *s = arg;
    size_t n = strlen(s->seen);

    snprintf(s->seen + n, sizeof s->seen - n, "%d ", id);
}

static void cancel_victim(int id, void *arg) {
    struct script *s = arg;

    note_id(id, s);
    zx_ok(zmq_timers_cancel(s->timers, s->victim));
}

static void add_another(int id, void *arg) {
    struct script *s = arg;

    note_id(id, s);
    if (!s->added) s->added = zmq_timers_add(s->timers, 1, note_id, s);
}

static void overdue(void *t) {
    while (zmq_timers_timeout(t) > 0) zmq_poll(NULL, 0, zmq_timers_timeout(t));
}

static void timers_run_in_order_of_expiry(void) {
    struct script s = {.timers = zmq_timers_new()};

    zx_ok(zmq_timers_add(s.timers, 6, note_id, &s));
    zx_ok(zmq_timers_add(s.timers, 2, note_id, &s));
    zx_ok(zmq_timers_add(s.timers, 2, note_id, &s));
    zx_ok(zmq_timers_add(s.timers, 4, note_id, &s));
    zmq_poll(NULL, 0, 20);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_str("order", "2 3 4 1 ", s.seen);
    zx_ok(zmq_timers_destroy(&s.timers));
}

static void timers_handler_cancels(void) {
    struct script s = {.timers = zmq_timers_new(), .victim = 2};

    zx_ok(zmq_timers_add(s.timers, 1, cancel_victim, &s));
    zx_ok(zmq_timers_add(s.timers, 2, note_id, &s));
    zmq_poll(NULL, 0, 10);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_str("not the one cancelled", "1 ", s.seen);
    s.victim = 1;
    s.seen[0] = 0;
    overdue(s.timers);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_str("itself", "1 ", s.seen);
    zx_check_int("none left", -1, zmq_timers_timeout(s.timers));
    zx_ok(zmq_timers_destroy(&s.timers));
}

static void timers_handler_adds(void) {
    struct script s = {.timers = zmq_timers_new()};

    zx_ok(zmq_timers_add(s.timers, 2, add_another, &s));
    overdue(s.timers);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_int("its id", 2, s.added);
    zx_ok(zmq_timers_cancel(s.timers, 1));
    overdue(s.timers);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_str("both ran", "1 2 ", s.seen);
    zx_ok(zmq_timers_destroy(&s.timers));
}

static void timers_by_the_thousand(void) {
    struct script s = {.timers = zmq_timers_new()};

    for (int i = 1; i <= 3000; i++)
        assert_int_equal(zmq_timers_add(s.timers, 1000000 + (size_t)(i * 7919 % 3001), note_id, &s),
                         i);
    for (int i = 1; i <= 3000; i++)
        if (i % 1000) zx_ok(zmq_timers_cancel(s.timers, i));
    zx_check_rc("cancelled", "EINVAL", zmq_timers_cancel(s.timers, 1999));
    for (int i = 1000; i <= 3000; i += 1000)
        zx_ok(zmq_timers_set_interval(s.timers, i, (size_t)(9 - i / 1000)));
    zmq_poll(NULL, 0, 20);
    zx_ok(zmq_timers_execute(s.timers));
    zx_check_str("those left", "3000 2000 1000 ", s.seen);
    zx_ok(zmq_timers_destroy(&s.timers));
}

static const struct zx_case cases[] = {
    ZX_CASE(strerror_texts),
    ZX_CASE(errno_is_the_threads),
    ZX_CASE(numbers),
    ZX_CASE(has),
    ZX_CASE(null_strings),
    ZX_CASE(z85),
    ZX_CASE(z85_decode_refuses),
    ZX_CASE(curve_keys),
    ZX_CASE(curve_public_of_a_known_key),
    ZX_CASE(curve_public_refuses),
    ZX_CASE(counter),
    ZX_CASE(counter_across_threads),
    ZX_CASE(stopwatch),
    ZX_CASE(threads),
    ZX_CASE(timers_errors),
    ZX_CASE(timers_ids),
    ZX_CASE(timers_fire),
    ZX_CASE(timers_missed_periods_are_not_caught_up),
    ZX_CASE(timers_reset_and_interval),
    ZX_CASE(timers_cancelled_are_unknown),
    ZX_CASE(timers_of_interval_0),
    ZX_CASE(timers_run_in_order_of_expiry),
    ZX_CASE(timers_handler_cancels),
    ZX_CASE(timers_handler_adds),
    ZX_CASE(timers_by_the_thousand),
};

ZX_MAIN("util", cases)
