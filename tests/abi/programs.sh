#!/bin/sh
# SPDX-License-Identifier: MIT
#
# programs.sh <our libzmq.so.5> <the system's libzmq.so.5, or nothing>
# Builds program.c with each header and each library, and runs each result on each library, without
# building it anew: eight runs, whose output must be the same.
set -eu
ours=$1
system=${2:-}
# What the compiler finds by itself is the system's header.
theirs=$(echo '#include <zmq.h>' | "$ZMQX_CC" -E -x c - 2> /dev/null |
    sed -n 's/^# [0-9]* "\(.*zmq\.h\)".*/\1/p' | head -n 1)
if [ -z "$system" ] || [ ! -e "$system" ] || [ -z "$theirs" ]; then
    echo "SKIP: the system has no libzmq.so.5 with its zmq.h (Debian: libzmq3-dev)"
    exit 77
fi
if [ "$(readlink -f "$system")" = "$(readlink -f "$ours")" ]; then
    echo "the system's library is ours: nothing to compare with"
    exit 1
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

for which in ours system; do
    mkdir "$dir/$which"
    eval "lib=\$$which"
    ln -s "$(readlink -f "$lib")" "$dir/$which/libzmq.so.5"
    ln -s libzmq.so.5 "$dir/$which/libzmq.so"
done

# run <program> <library>: on that library and no other
run() {
    if ! LD_LIBRARY_PATH=$dir/$2 ldd "$dir/$1" | grep -q "=> $dir/$2/libzmq.so.5 "; then
        echo "$1 does not take its libzmq from $dir/$2"
        return 1
    fi
    LD_LIBRARY_PATH=$dir/$2 timeout 60 "$dir/$1" > "$dir/$1-on-$2" 2>&1
}

for header in ours system; do
    include=
    [ $header = ours ] && include=-I$ZMQX_SOURCE_DIR/include
    for linked in ours system; do
        name=header-$header-linked-$linked
        "$ZMQX_CC" -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Werror $include \
            "$ZMQX_SOURCE_DIR/tests/abi/program.c" \
            -o "$dir/$name" -L"$dir/$linked" -lzmq -Wl,--allow-shlib-undefined
        for on in ours system; do
            if ! run $name $on; then
                echo "FAILED: $name on $on:"
                cat "$dir/$name-on-$on" 2> /dev/null || :
                failed=1
            fi
        done
    done
done

reference=$dir/header-system-linked-system-on-system
[ "$(wc -l < "$reference")" -ge 20 ] || { echo "FAILED: the program said too little"; failed=1; }
for output in "$dir"/*-on-*; do
    if ! diff -u "$reference" "$output"; then
        echo "FAILED: $(basename "$output") differs from the system's own"
        failed=1
    fi
done
[ "$(ls "$dir" | grep -c -- -on-)" = 8 ] || { echo "FAILED: not all eight were run"; failed=1; }
exit $failed
