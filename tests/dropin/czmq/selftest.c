/* SPDX-License-Identifier: MIT */
/* czmq's own tests, which its library carries: one class by its name. A test that fails
 * aborts. They write into the working directory. */
#include "scene.h"

static const struct {
    const char *name;
    void (*run)(bool verbose);
} tests[] = {
    {"zactor", zactor_test},   {"zauth", zauth_test},       {"zcert", zcert_test},
    {"zframe", zframe_test},   {"zgossip", zgossip_test},   {"zloop", zloop_test},
    {"zmonitor", zmonitor_test}, {"zmsg", zmsg_test},       {"zpoller", zpoller_test},
    {"zproxy", zproxy_test},   {"zsock", zsock_test},       {"zstr", zstr_test},
    {"zsys", zsys_test},       {"zcertstore", zcertstore_test}, {"zbeacon", zbeacon_test},
};

int main(int argc, char **argv) {
    scene_begin();
    zsys_dir_create("src");
    zsys_dir_create("src/selftest-rw");
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (argc > 1 && streq(argv[1], tests[i].name)) {
            tests[i].run(false);
            printf("%s passed\n", tests[i].name);
            return 0;
        }
    }
    return 2;
}
