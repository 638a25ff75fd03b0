/* SPDX-License-Identifier: MIT */
/* Threads: what they are started with. */
#include "unit/os_support.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

struct seen {
    char name[16];
    cpu_set_t cpus;
    sigset_t blocked;
    int policy;
    struct sched_param param;
    long slack_ns;
    uintptr_t self;
    int calls;
};

static void look(void *arg) {
    struct seen *s = arg;
    prctl(PR_GET_NAME, s->name, 0, 0, 0);
    sched_getaffinity(0, sizeof(s->cpus), &s->cpus);
    pthread_sigmask(SIG_SETMASK, NULL, &s->blocked);
    pthread_getschedparam(pthread_self(), &s->policy, &s->param);
    zx_thread_timer_slack_ns(1234);
    s->slack_ns = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
    s->self = zx_thread_self();
    s->calls++;
}

static struct seen run(const struct zx_thread_conf *conf) {
    struct seen s;
    memset(&s, 0, sizeof(s));
    struct zx_thread t = {0};
    assert_int_equal(zx_thread_start(&t, conf, look, &s), 0);
    assert_true(t.running);
    zx_thread_join(&t);
    assert_false(t.running);
    zx_thread_join(&t); /* twice is once */
    assert_int_equal(s.calls, 1);
    return s;
}

static struct zx_thread_conf plain(void) {
    return (struct zx_thread_conf){.priority = -1, .sched_policy = -1};
}

static void it_runs_with_all_signals_blocked(void **state) {
    (void)state;
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    struct zx_thread_conf conf = plain();
    struct seen s = run(&conf);
    static const int some[] = {SIGINT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1, SIGHUP, SIGPROF};
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
        assert_int_equal(sigismember(&s.blocked, some[i]), 1);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

static void no_conf_is_fine(void **state) {
    (void)state;
    struct seen s = run(NULL);
    assert_int_equal(s.policy, SCHED_OTHER);
}

static void the_name_is_cut_at_15(void **state) {
    (void)state;
    struct zx_thread_conf conf = plain();
    conf.name = "zmqx-io/0";
    assert_string_equal(run(&conf).name, "zmqx-io/0");
    conf.name = "0123456789abcdef";
    assert_string_equal(run(&conf).name, "0123456789abcde");
    char own[16];
    prctl(PR_GET_NAME, own, 0, 0, 0);
    conf.name = NULL;
    assert_string_equal(run(&conf).name, own);
    conf.name = "";
    assert_string_equal(run(&conf).name, own);
}

static void affinity_is_applied_to_the_thread_alone(void **state) {
    (void)state;
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
    int cpu = sched_getcpu();
    int cpus[] = {cpu, -1, 1 << 30};
    struct zx_thread_conf conf = plain();
    conf.cpus = cpus;
    conf.n_cpus = 3;
    struct seen s = run(&conf);
    assert_int_equal(CPU_COUNT(&s.cpus), 1);
    assert_true(CPU_ISSET((size_t)cpu, &s.cpus));
    assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
    assert_true(CPU_EQUAL(&before, &after));
    /* A processor that is not there: left where it is. */
    cpus[0] = CPU_SETSIZE - 1;
    conf.n_cpus = 1;
    s = run(&conf);
    assert_true(CPU_EQUAL(&before, &s.cpus));
}

static void scheduling_is_best_effort(void **state) {
    (void)state;
    struct zx_thread_conf conf = plain();
    conf.sched_policy = SCHED_BATCH;
    assert_int_equal(run(&conf).policy, SCHED_BATCH);
    conf.sched_policy = SCHED_FIFO;
    conf.priority = 5;
    struct sched_param param = {.sched_priority = 5};
    bool allowed = pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
    param.sched_priority = 0;
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &param);
    struct seen s = run(&conf);
    assert_int_equal(s.policy, allowed ? SCHED_FIFO : SCHED_OTHER);
    assert_int_equal(s.param.sched_priority, allowed ? 5 : 0);
    conf.priority = 1000; /* no such priority: runs as it was */
    assert_int_equal(run(&conf).policy, SCHED_OTHER);
    conf.sched_policy = 12345;
    assert_int_equal(run(&conf).policy, SCHED_OTHER);
}

static void note_niceness(void *arg) {
    *(int *)arg = getpriority(PRIO_PROCESS, 0);
}

static void a_priority_without_realtime_is_niceness(void **state) {
    (void)state;
    struct zx_thread_conf conf = plain();
    struct zx_thread t = {0};
    int own = getpriority(PRIO_PROCESS, 0);
    int nice_of_thread = 99;
    conf.priority = 1;
    assert_int_equal(zx_thread_start(&t, &conf, note_niceness, &nice_of_thread), 0);
    zx_thread_join(&t);
    /* Only the privileged may; the others run as they are. */
    assert_true(nice_of_thread == -20 || (nice_of_thread == own && geteuid() != 0));
    assert_int_equal(getpriority(PRIO_PROCESS, 0), own);
}

static void timer_slack_is_set(void **state) {
    (void)state;
    assert_int_equal(run(NULL).slack_ns, 1234);
    zx_thread_timer_slack_ns(0); /* the smallest, not the default */
    assert_int_equal(prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), 1);
}

static void self_is_unique(void **state) {
    (void)state;
    uintptr_t mine = zx_thread_self();
    assert_true(mine != 0);
    assert_true(mine == zx_thread_self());
    uintptr_t other = run(NULL).self;
    assert_true(other != 0 && other != mine);
}

/* As if the system had no thread left. */
static int start_fails(void) {
    struct rlimit none = {0, 0};
    struct zx_thread t = {.running = true};
    if (setrlimit(RLIMIT_NPROC, &none) || setgid(65534) || setuid(65534))
        return 77;
    sigset_t mask;
    int rc = zx_thread_start(&t, NULL, look, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (sigismember(&mask, SIGINT))
        return 2;
    return rc == -EAGAIN && !t.running ? 0 : 1;
}

static void no_thread_left_is_eagain(void **state) {
    (void)state;
    int rc = os_in_child(start_fails);
    if (rc == 77) {
        print_message("SKIP: this user cannot become another\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

static void a_huge_set_of_processors_is_enomem(void **state) {
    (void)state;
    int cpu = 0;
    struct zx_thread t = {.running = true};
    struct zx_thread_conf conf = plain();
    conf.cpus = &cpu;
    conf.n_cpus = SIZE_MAX / 4;
    assert_int_equal(zx_thread_start(&t, &conf, look, NULL), -ENOMEM);
    assert_false(t.running);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_runs_with_all_signals_blocked),
        cmocka_unit_test(no_conf_is_fine),
        cmocka_unit_test(the_name_is_cut_at_15),
        cmocka_unit_test(affinity_is_applied_to_the_thread_alone),
        cmocka_unit_test(scheduling_is_best_effort),
        cmocka_unit_test(a_priority_without_realtime_is_niceness),
        cmocka_unit_test(timer_slack_is_set),
        cmocka_unit_test(self_is_unique),
        cmocka_unit_test(no_thread_left_is_eagain),
        cmocka_unit_test(a_huge_set_of_processors_is_enomem),
    };
    return cmocka_run_group_tests_name("os_thread", tests, NULL, NULL);
}
