/* SPDX-License-Identifier: MIT */
/* pyzmq on the system's libzmq as the other side; it sends without copying. */
#include "pair.h"

static void pairs_with_pyzmq(void **state) {
    static const char *const pairs[][2] = {{"PUSH", "PULL"}, {"REQ", "REP"}, {"PUB", "SUB"},
                                           {"DEALER", "ROUTER"}, {"PAIR", "PAIR"},
                                           {"XPUB", "XSUB"}, {"STREAM", "STREAM"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const char *transport = i & 1 ? "ipc" : "tcp";
        pair_run(pairs[i][0], pairs[i][1], &agents[OURS], &agents[PYTHON], transport);
        pair_run(pairs[i][0], pairs[i][1], &agents[PYTHON], &agents[OURS], transport);
    }
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, PYTHON, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pairs_with_pyzmq, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
