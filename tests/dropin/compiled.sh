#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Compiles a program against the distribution's own headers and libraries, nothing of ours, and runs
# the result by both.sh.
#   compiled.sh <directory of ours> <the system's libzmq.so.5> <package> <header of it> <compiler>
#               <source> [flags...] [-- arguments...]
# DROPIN_BY names a script that is to run the program.
set -u
here=$(cd "$(dirname "$0")" && pwd)
ours=$1 theirs=$2 package=$3 header=$4 compiler=$5 source=$6
shift 6
for file in "$header" /usr/include/zmq.h; do
    [ -e "$file" ] || { echo "SKIP: $file is not there (Debian: $package, libzmq3-dev)"; exit 77; }
done
command -v "$compiler" >/dev/null || { echo "SKIP: no compiler $compiler"; exit 77; }
program=$(mktemp -d)
trap 'rm -rf "$program"' EXIT
flags=
while [ $# -gt 0 ]; do
    [ "$1" != -- ] || { shift; break; }
    flags="$flags $1"
    shift
done
# shellcheck disable=SC2086
"$compiler" -O1 -Wall -I/usr/include -o "$program/program" "$source" $flags -lzmq -lpthread || {
    echo "$source does not compile against $package"
    exit 1
}
sh "$here/both.sh" "$ours" "$theirs" ${DROPIN_BY:+sh "$DROPIN_BY"} "$program/program" "$@"
