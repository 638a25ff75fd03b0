#!/bin/sh
# SPDX-License-Identifier: MIT
#
# exports.sh <our libzmq.so.5> <the system's libzmq.so.5, or nothing>
# What the shared library exports: the names of symbols.txt and no other, without versions, under
# the soname programs ask for. The system's library must export all stable ones and none we lack.
set -eu
lib=$1
system=${2:-}
table=$ZMQX_SOURCE_DIR/tests/abi/symbols.txt
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0

fail() {
    echo "FAILED: $1"
    failed=1
}
# differ <message> <file that is left when all is well empty>
differ() {
    if [ -s "$2" ]; then
        fail "$1:"
        cat "$2"
    fi
}
exports() {
    nm -D --defined-only "$1" | awk '{print $3}' | sort
}

exports "$lib" > "$dir/ours"
awk '!/^#/ && NF {print $1}' "$table" | sort > "$dir/listed"
awk '$2 == "stable" {print $1}' "$table" | sort > "$dir/stable"
[ "$(wc -l < "$dir/listed")" = 98 ] || fail "symbols.txt does not list 97 names and zmqx_version"
[ "$(wc -l < "$dir/stable")" = 70 ] || fail "symbols.txt does not list 70 stable names"
comm -23 "$dir/listed" "$dir/ours" > "$dir/missing"
comm -13 "$dir/listed" "$dir/ours" > "$dir/extra"
differ "not exported" "$dir/missing"
differ "exported, but not in symbols.txt" "$dir/extra"

# nm shows a version behind the name, and the version nodes as absolute symbols.
grep '@' "$dir/ours" > "$dir/versioned" || :
differ "names with a version" "$dir/versioned"
nm -D --defined-only "$lib" | awk '$2 != "T" {print}' > "$dir/data"
differ "exported, but no function" "$dir/data"

soname=$(readelf -d "$lib" | sed -n 's/.*(SONAME).*\[\(.*\)\].*/\1/p')
[ "$soname" = libzmq.so.5 ] || fail "soname is $soname, must be libzmq.so.5"
real=$(basename "$(readlink -f "$lib")")
[ "$real" = libzmq.so.5.2.6 ] || fail "the real file is $real, must be libzmq.so.5.2.6"
readelf -lW "$lib" | grep -q 'GNU_STACK.* RW ' || fail "the library asks for an executable stack"
readelf -d "$lib" | grep -q TEXTREL && fail "the library has text relocations"

if [ $failed != 0 ]; then
    exit 1
fi
if [ -z "$system" ] || [ ! -e "$system" ]; then
    echo "SKIP: the system has no libzmq.so.5 to compare with (Debian: libzmq5); ours is right"
    exit 77
fi
exports "$system" > "$dir/system"
comm -23 "$dir/stable" "$dir/system" > "$dir/unknown"
differ "stable, but not in the system's library" "$dir/unknown"
# A build without hidden visibility also shows mangled C++ names: no part of the interface.
grep '^zmq_' "$dir/system" | comm -13 "$dir/ours" - > "$dir/lacking"
differ "in the system's library, but not in ours" "$dir/lacking"
exit $failed
