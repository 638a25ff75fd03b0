/* SPDX-License-Identifier: MIT */
#include "proc.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "common.h"

void bench_find_library(const char *name, char *path, size_t size)
{
    char line[PATH_MAX + 128];
    FILE *maps = fopen("/proc/self/maps", "r");

    BENCH_CHECK(maps);
    snprintf(path, size, "none");
    while (fgets(line, sizeof line, maps)) {
        const char *slash = strchr(line, '/');
        const char *base = strrchr(line, '/');
        if (!slash || strncmp(base + 1, name, strlen(name)) != 0) {
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        snprintf(path, size, "%s", slash);
        break;
    }
    fclose(maps);
}

uint64_t bench_private_bytes(void)
{
    char line[256];
    uint64_t kib = 0;
    bool found = false;
    FILE *rollup = fopen("/proc/self/smaps_rollup", "r");

    BENCH_CHECK(rollup);
    while (fgets(line, sizeof line, rollup)) {
        if (strncmp(line, "Private_Dirty:", 14) == 0) {
            kib = strtoull(line + 14, NULL, 10);
            found = true;
        }
    }
    fclose(rollup);
    BENCH_CHECK(found);
    return kib * 1024;
}

static uint64_t switches_of(const char *tid)
{
    char path[64];
    char line[256];
    uint64_t count = 0;
    FILE *status;

    snprintf(path, sizeof path, "/proc/self/task/%.20s/status", tid);
    status = fopen(path, "r");
    if (!status) {
        return 0; /* the thread has just ended */
    }
    while (fgets(line, sizeof line, status)) {
        if (strncmp(line, "voluntary_ctxt_switches:", 24) == 0) {
            count = strtoull(line + 24, NULL, 10);
        }
    }
    fclose(status);
    return count;
}

uint64_t bench_other_switches(void)
{
    const long self = syscall(SYS_gettid);
    uint64_t sum = 0;
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");

    BENCH_CHECK(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != self) {
            sum += switches_of(entry->d_name);
        }
    }
    closedir(tasks);
    return sum;
}
