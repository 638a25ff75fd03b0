#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A program that looks in a folder of its own first (DT_RPATH, which LD_LIBRARY_PATH does not
# precede): LD_PRELOAD swaps its libzmq all the same, as doc/guide/swapping-in.md says.
#   preload.sh <directory of ours> <the system's libzmq.so.5>
set -u
ours=$(readlink -f "$1/libzmq.so.5")
theirs=$(readlink -f "$2" 2>/dev/null || echo)
if [ ! -e "$theirs" ] || [ ! -e /usr/include/zmq.h ]; then
    echo "SKIP: libzmq5 or libzmq3-dev is not installed"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/own" && ln -s "$theirs" "$work/own/libzmq.so.5" && cat >"$work/program.c" <<'END'
#include <stdio.h>
#include <string.h>
#include <zmq.h>
int main(void) {
    char line[4096], last[4096] = "";
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        char *path = strchr(line, '/');
        if (path && strstr(path, "/libzmq.so") && strcmp(path, last)) {
            fputs(strcpy(last, path), stdout);
        }
    }
    printf("%d\n", zmq_has("zmqx"));
    return 0;
}
END
"${ZMQX_CC:-cc}" -I/usr/include -o "$work/program" "$work/program.c" "$theirs" \
    -Wl,--disable-new-dtags "-Wl,-rpath,$work/own" || exit 1

expect() { # what, library, 1 or 0, environment
    got=$(env "$4" "$work/program" | tr '\n' ' ')
    echo "$1: $got"
    [ "$got" = "$2 $3 " ] || { echo "and not $2 $3"; exit 1; }
}
expect "by itself" "$theirs" 0 NOTHING=
expect "LD_LIBRARY_PATH, which comes too late" "$theirs" 0 "LD_LIBRARY_PATH=$(dirname "$ours")"
expect "LD_PRELOAD" "$ours" 1 "LD_PRELOAD=$ours"
