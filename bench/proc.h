/* SPDX-License-Identifier: MIT */
/*
 * What a program can read about itself in /proc: which library it has loaded, its private memory,
 * the context switches of its threads.
 *
 * Threads: stateless, callable from any. Life: none. Never: parses anything but /proc/self.
 * Where there is no /proc the functions end the process: a number that was not measured must not
 * look like one that was.
 */
#ifndef BENCH_PROC_H
#define BENCH_PROC_H

#include <stddef.h>

/* Path of the mapped file whose base name starts with `name`; "none" if there is none. */
void bench_find_library(const char *name, char *path, size_t size);

#endif
