/* SPDX-License-Identifier: MIT */
/* Every legal pair of the twelve stable types, ours against the system's, either library at
 * either end, either end connecting, over tcp and ipc; single, multipart, empty and large
 * messages. zmtp.md §9, socket-types.md §1. */
#include "pair.h"

static void all_pairs(const char *transport, bool ours_first) {
    pair_run(NULL, NULL, &agents[ours_first ? OURS : SYSTEM], &agents[ours_first ? SYSTEM : OURS],
             transport);
}

static void ours_first_tcp(void **state) {
    (void)state;
    all_pairs("tcp", true);
}

static void system_first_tcp(void **state) {
    (void)state;
    all_pairs("tcp", false);
}

static void ours_first_ipc(void **state) {
    (void)state;
    all_pairs("ipc", true);
}

static void system_first_ipc(void **state) {
    (void)state;
    all_pairs("ipc", false);
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ours_first_tcp, drive_setup),
        cmocka_unit_test_setup(system_first_tcp, drive_setup),
        cmocka_unit_test_setup(ours_first_ipc, drive_setup),
        cmocka_unit_test_setup(system_first_ipc, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
