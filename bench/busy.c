/* SPDX-License-Identifier: MIT */
/*
 * A process that does nothing but use a processor, for `--limit` seconds or until it is killed or
 * its parent dies: the company that an oversubscribed machine has.
 */
#include <signal.h>
#include <unistd.h>
#include <sys/prctl.h>

#include "common.h"

int main(int argc, char **argv)
{
    struct bench_args args = {.limit_s = 60};
    volatile uint64_t turns = 0;

    bench_parse(&args, argc, argv);
    BENCH_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
    for (;;) {
        turns++;
    }
}
