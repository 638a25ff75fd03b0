#!/bin/sh
# SPDX-License-Identifier: MIT
#
# cppzmq's wrappers of the draft functions, which the distribution's libzmq does not have, compiled
# against our header and run on our library.
#   drafts.sh <directory of ours> <folder of our zmq.h>
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -e /usr/include/zmq.hpp ] || { echo "SKIP: cppzmq-dev is not installed"; exit 77; }
command -v c++ >/dev/null || { echo "SKIP: no C++ compiler"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
c++ -std=c++17 -O1 -Wall -DZMQ_BUILD_DRAFT_API -I"$2" -o "$work/program" "$here/zmq.cpp" \
    "$1/libzmq.so.5" -lpthread || exit 1
TMPDIR=$work LD_LIBRARY_PATH=$1 timeout 50 "$work/program" >"$work/out" || exit 1
cat "$work/out"
grep -qx "library $(readlink -f "$1/libzmq.so.5")" "$work/out" || { echo "not ours"; exit 1; }
grep -qx 'drafts: 1 7 hello 1' "$work/out" || { echo "the drafts are not right"; exit 1; }
