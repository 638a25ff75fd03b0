#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs one and the same command on our libzmq.so.5 and on the system's, by nothing but
# LD_LIBRARY_PATH (and FFI_CHECKLIB_PATH, where Perl's FFI::CheckLib looks first), and compares what
# it says.
#   both.sh <directory of ours> <the system's libzmq.so.5> <command> [arguments]
# The command prints `library PATH` for each libzmq that /proc/self/maps of its process names, then
# anything that does not differ between two runs, and exits with 0; with 77 it is skipped.
set -u
ours=$(readlink -f "$1/libzmq.so.5")
theirs=$(readlink -f "$2" 2>/dev/null || echo)
shift 2
command -v "$1" >/dev/null || { echo "SKIP: $1 is not installed"; exit 77; }
[ -e "$ours" ] || { echo "no libzmq.so.5 of ours"; exit 1; }
if [ ! -e "$theirs" ]; then
    echo "SKIP: the system has no libzmq.so.5 to compare with (Debian: libzmq5)"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { # name, library, command...
    name=$1 library=$2
    shift 2
    mkdir -p "$work/$name/lib" "$work/$name/tmp"
    ln -s "$library" "$work/$name/lib/libzmq.so.5"
    (cd "$work/$name/tmp" && TMPDIR=$work/$name/tmp LD_LIBRARY_PATH=$work/$name/lib \
        FFI_CHECKLIB_PATH=$work/$name/lib timeout "${DROPIN_LIMIT_S:-50}" "$@") \
        >"$work/$name/out" 2>"$work/$name/err"
    code=$?
    if [ $code -eq 77 ]; then
        cat "$work/$name/out"
        exit 77
    fi
    if [ $code -ne 0 ]; then
        echo "on $library: exit code $code"
        cat "$work/$name/out" "$work/$name/err"
        exit 1
    fi
    loaded=$(grep -a '^library ' "$work/$name/out" | sort -u)
    if [ "$loaded" != "library $library" ]; then
        echo "loaded is '$loaded' instead of '$library'"
        cat "$work/$name/out" "$work/$name/err"
        exit 1
    fi
    grep -av '^library ' "$work/$name/out" >"$work/$name/said"
    if [ ! -s "$work/$name/said" ]; then
        echo "on $library: nothing was said"
        exit 1
    fi
}

run ours "$ours" "$@"
run theirs "$theirs" "$@"
echo "library $ours"
cat "$work/ours/said"
# What ours skips aloud may be missing; nothing may be there that the system's does not say.
grep -av '^SKIP:' "$work/ours/said" >"$work/ours/did"
diff -U 1000 "$work/theirs/said" "$work/ours/did" >"$work/diff" && exit 0
if grep -aq '^SKIP:' "$work/ours/said" && ! sed 1,3d "$work/diff" | grep -aq '^+'; then
    exit 0
fi
cat "$work/diff"
echo "it differs from the system's"
exit 1
