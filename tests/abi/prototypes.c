/* SPDX-License-Identifier: MIT */
/*
 * The type of each function of zmq.h, checked by the compiler, and that each is there to be found
 * at run time.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>
#include <zmqx.h>

#define FUNCTIONS(F)                                                                               \
    F(int, zmq_errno, void)                                                                        \
    F(const char *, zmq_strerror, int)                                                             \
    F(void, zmq_version, int *, int *, int *)                                                      \
    F(int, zmq_has, const char *)                                                                  \
    F(void *, zmq_ctx_new, void)                                                                   \
    F(int, zmq_ctx_term, void *)                                                                   \
    F(int, zmq_ctx_shutdown, void *)                                                               \
    F(int, zmq_ctx_set, void *, int, int)                                                          \
    F(int, zmq_ctx_get, void *, int)                                                               \
    F(void *, zmq_init, int)                                                                       \
    F(int, zmq_term, void *)                                                                       \
    F(int, zmq_ctx_destroy, void *)                                                                \
    F(int, zmq_ctx_set_ext, void *, int, const void *, size_t)                                     \
    F(int, zmq_ctx_get_ext, void *, int, void *, size_t *)                                         \
    F(int, zmq_msg_init, zmq_msg_t *)                                                              \
    F(int, zmq_msg_init_size, zmq_msg_t *, size_t)                                                 \
    F(int, zmq_msg_init_buffer, zmq_msg_t *, const void *, size_t)                                 \
    F(int, zmq_msg_init_data, zmq_msg_t *, void *, size_t, zmq_free_fn *, void *)                  \
    F(int, zmq_msg_send, zmq_msg_t *, void *, int)                                                 \
    F(int, zmq_msg_recv, zmq_msg_t *, void *, int)                                                 \
    F(int, zmq_msg_close, zmq_msg_t *)                                                             \
    F(int, zmq_msg_move, zmq_msg_t *, zmq_msg_t *)                                                 \
    F(int, zmq_msg_copy, zmq_msg_t *, zmq_msg_t *)                                                 \
    F(void *, zmq_msg_data, zmq_msg_t *)                                                           \
    F(size_t, zmq_msg_size, const zmq_msg_t *)                                                     \
    F(int, zmq_msg_more, const zmq_msg_t *)                                                        \
    F(int, zmq_msg_get, const zmq_msg_t *, int)                                                    \
    F(int, zmq_msg_set, zmq_msg_t *, int, int)                                                     \
    F(const char *, zmq_msg_gets, const zmq_msg_t *, const char *)                                 \
    F(int, zmq_msg_set_routing_id, zmq_msg_t *, uint32_t)                                          \
    F(uint32_t, zmq_msg_routing_id, zmq_msg_t *)                                                   \
    F(int, zmq_msg_set_group, zmq_msg_t *, const char *)                                           \
    F(const char *, zmq_msg_group, zmq_msg_t *)                                                    \
    F(void *, zmq_socket, void *, int)                                                             \
    F(int, zmq_close, void *)                                                                      \
    F(int, zmq_setsockopt, void *, int, const void *, size_t)                                      \
    F(int, zmq_getsockopt, void *, int, void *, size_t *)                                          \
    F(int, zmq_bind, void *, const char *)                                                         \
    F(int, zmq_connect, void *, const char *)                                                      \
    F(int, zmq_unbind, void *, const char *)                                                       \
    F(int, zmq_disconnect, void *, const char *)                                                   \
    F(int, zmq_send, void *, const void *, size_t, int)                                            \
    F(int, zmq_send_const, void *, const void *, size_t, int)                                      \
    F(int, zmq_recv, void *, void *, size_t, int)                                                  \
    F(int, zmq_sendmsg, void *, zmq_msg_t *, int)                                                  \
    F(int, zmq_recvmsg, void *, zmq_msg_t *, int)                                                  \
    F(int, zmq_sendiov, void *, struct iovec *, size_t, int)                                       \
    F(int, zmq_recviov, void *, struct iovec *, size_t *, int)                                     \
    F(int, zmq_join, void *, const char *)                                                         \
    F(int, zmq_leave, void *, const char *)                                                        \
    F(uint32_t, zmq_connect_peer, void *, const char *)                                            \
    F(int, zmq_disconnect_peer, void *, uint32_t)                                                  \
    F(int, zmq_socket_get_peer_state, void *, const void *, size_t)                                \
    F(int, zmq_socket_monitor, void *, const char *, int)                                          \
    F(int, zmq_socket_monitor_versioned, void *, const char *, uint64_t, int, int)                 \
    F(int, zmq_socket_monitor_pipes_stats, void *)                                                 \
    F(int, zmq_poll, zmq_pollitem_t *, int, long)                                                  \
    F(int, zmq_ppoll, zmq_pollitem_t *, int, long, const sigset_t *)                               \
    F(void *, zmq_poller_new, void)                                                                \
    F(int, zmq_poller_destroy, void **)                                                            \
    F(int, zmq_poller_size, void *)                                                                \
    F(int, zmq_poller_add, void *, void *, void *, short)                                          \
    F(int, zmq_poller_modify, void *, void *, short)                                               \
    F(int, zmq_poller_remove, void *, void *)                                                      \
    F(int, zmq_poller_add_fd, void *, zmq_fd_t, void *, short)                                     \
    F(int, zmq_poller_modify_fd, void *, zmq_fd_t, short)                                          \
    F(int, zmq_poller_remove_fd, void *, zmq_fd_t)                                                 \
    F(int, zmq_poller_wait, void *, zmq_poller_event_t *, long)                                    \
    F(int, zmq_poller_wait_all, void *, zmq_poller_event_t *, int, long)                           \
    F(int, zmq_poller_fd, void *, zmq_fd_t *)                                                      \
    F(int, zmq_proxy, void *, void *, void *)                                                      \
    F(int, zmq_proxy_steerable, void *, void *, void *, void *)                                    \
    F(int, zmq_device, int, void *, void *)                                                        \
    F(void *, zmq_timers_new, void)                                                                \
    F(int, zmq_timers_destroy, void **)                                                            \
    F(int, zmq_timers_add, void *, size_t, zmq_timer_fn *, void *)                                 \
    F(int, zmq_timers_cancel, void *, int)                                                         \
    F(int, zmq_timers_set_interval, void *, int, size_t)                                           \
    F(int, zmq_timers_reset, void *, int)                                                          \
    F(long, zmq_timers_timeout, void *)                                                            \
    F(int, zmq_timers_execute, void *)                                                             \
    F(char *, zmq_z85_encode, char *, const uint8_t *, size_t)                                     \
    F(uint8_t *, zmq_z85_decode, uint8_t *, const char *)                                          \
    F(int, zmq_curve_keypair, char *, char *)                                                      \
    F(int, zmq_curve_public, char *, const char *)                                                 \
    F(void *, zmq_atomic_counter_new, void)                                                        \
    F(void, zmq_atomic_counter_set, void *, int)                                                   \
    F(int, zmq_atomic_counter_inc, void *)                                                         \
    F(int, zmq_atomic_counter_dec, void *)                                                         \
    F(int, zmq_atomic_counter_value, void *)                                                       \
    F(void, zmq_atomic_counter_destroy, void **)                                                   \
    F(void *, zmq_stopwatch_start, void)                                                           \
    F(unsigned long, zmq_stopwatch_intermediate, void *)                                           \
    F(unsigned long, zmq_stopwatch_stop, void *)                                                   \
    F(void, zmq_sleep, int)                                                                        \
    F(void *, zmq_threadstart, zmq_thread_fn *, void *)                                            \
    F(void, zmq_threadclose, void *)                                                               \
    F(void, zmqx_version, int *, int *, int *)

#define CHECK_TYPE(result, name, ...)                                                              \
    _Static_assert(__builtin_types_compatible_p(__typeof__(name), result(__VA_ARGS__)),            \
                   #name " has another type");
FUNCTIONS(CHECK_TYPE)

_Static_assert(__builtin_types_compatible_p(zmq_free_fn, void(void *, void *)), "zmq_free_fn");
_Static_assert(__builtin_types_compatible_p(zmq_timer_fn, void(int, void *)), "zmq_timer_fn");
_Static_assert(__builtin_types_compatible_p(zmq_thread_fn, void(void *)), "zmq_thread_fn");
_Static_assert(__builtin_types_compatible_p(zmq_fd_t, int), "zmq_fd_t");

#define NAME(result, name, ...) #name,
static const char *const names[] = {FUNCTIONS(NAME)};

static void test_count(void **state) {
    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), 97 + 1);
}

static void test_each_can_be_looked_up(void **state) {
    (void)state;
    void *library = dlopen("libzmq.so.5", RTLD_NOW);
    if (!library)
        fail_msg("%s", dlerror());
    int missing = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!dlsym(library, names[i])) {
            print_error("%s is not there\n", names[i]);
            missing++;
        }
    }
    dlclose(library);
    assert_int_equal(missing, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_each_can_be_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
