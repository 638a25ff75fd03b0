/* SPDX-License-Identifier: MIT */
/* Every legal pair of the twelve stable types over tipc, ours against the system's, on the stand-in
 * for the family: both libraries see the same addresses, errors and options. */
#include "pair.h"

static void ours_first(void **state) {
    (void)state;
    pair_run(NULL, NULL, &agents[OURS], &agents[SYSTEM], "tipc");
}

static void system_first(void **state) {
    (void)state;
    pair_run(NULL, NULL, &agents[SYSTEM], &agents[OURS], "tipc");
}

int main(int argc, char **argv) {
    static const enum agent_kind kinds[] = {OURS, SYSTEM, KINDS};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ours_first, drive_setup),
        cmocka_unit_test_setup(system_first, drive_setup),
    };
    int rc;
    (void)argc;
    drive_begin(argv, kinds);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    drive_end();
    return rc;
}
