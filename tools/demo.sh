#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Two programs that know nothing of this library run on it: python3-zmq as the distribution ships
# it, and a C program compiled against the distribution's own zmq.h and libzmq. They send each
# other a real file over tcp and ipc, with this library under both, and with it under one and the
# system's libzmq under the other; each also passes it between two of its threads over inproc.
# The copies are compared by SHA-256; each process tells from /proc/self/maps which libzmq it has
# loaded, and the wrong one is a failure.
#
#   ZMQX_BUILD_DIR=build tools/demo.sh
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
build=${ZMQX_BUILD_DIR:-$top/build}
demo=$top/examples/demo
python=/usr/bin/python3

die() {
    echo "demo: FAILED: $*" >&2
    exit 1
}

skip() {
    echo "SKIP: demo: $*"
    exit 77
}

library_dir() { # directory below which to look
    find "$1" -name libzmq.so.5 2>/dev/null | awk '{ print length, $0 }' | sort -n |
        head -n 1 | cut -d' ' -f2- | xargs -r dirname
}

ours=${ZMQX_LIB_DIR:-$(library_dir "$build")}
[ -e "${ours:-/nonexistent}/libzmq.so.5" ] || die "no libzmq.so.5 below $build; run make"
theirs=$(dpkg -L libzmq5 2>/dev/null | grep 'libzmq\.so\.5$' | head -n 1 | xargs -r dirname)
[ -n "$theirs" ] || skip "the distribution's libzmq5 is not installed"
[ -e /usr/include/zmq.h ] || skip "the distribution's libzmq3-dev is not installed"
"$python" -c 'import zmq' 2>/dev/null || skip "the distribution's python3-zmq is not installed"

work=$(mktemp -d) || die "no temporary directory"
receiver=
cleanup() {
    [ -z "$receiver" ] || kill "$receiver" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# The system's own header and the system's own library: nothing of this project.
"${ZMQX_DEMO_CC:-cc}" -O2 -Wall -o "$work/filecast" "$demo/filecast.c" \
    -I/usr/include -L"$theirs" -lzmq -lpthread || die "filecast.c does not compile"

# A real file: the system's programs and libraries.
tar -cf - -C / usr/bin usr/lib 2>/dev/null | head -c 100M >"$work/file"
size=$(stat -c %s "$work/file")
[ "$size" -ge 50000000 ] || die "found only $size bytes of system files to send"
want=$(sha256sum <"$work/file")
echo "file: $size bytes, sha256 ${want%% *}"

on_library() { # directory, c|python, arguments...
    local dir=$1 which=$2
    shift 2
    if [ "$which" = c ]; then
        LD_LIBRARY_PATH=$dir exec "$work/filecast" "$@"
    else
        LD_LIBRARY_PATH=$dir exec "$python" -B "$demo/filecast.py" "$@"
    fi
}

real_dir() {
    dirname "$(readlink -f "$1/libzmq.so.5")"
}

check_library() { # log, directory, who
    local path
    path=$(sed -n 's/^library //p' "$1")
    [ -n "$path" ] || { cat "$1" >&2; die "$3 told no library"; }
    [ "$(dirname "$(readlink -f "$path")")" = "$(real_dir "$2")" ] ||
        die "$3 has loaded $path instead of that in $2"
}

check_copy() {
    [ "$(sha256sum <"$work/copy")" = "$want" ] || die "$1: the copy differs (SHA-256)"
}

name_of() { # directory
    if [ "$1" = "$ours" ]; then echo zmqx; else echo libzmq; fi
}

# One transfer between two processes.
cast() { # transport, sender, its library, receiver, its library
    local endpoint line what
    what="$1: $2 on $(name_of "$3") -> $4 on $(name_of "$5")"
    case $1 in
    tcp) endpoint='tcp://127.0.0.1:*' ;;
    ipc) endpoint="ipc://$work/socket" ;;
    esac
    rm -f "$work/copy" "$work/lines"
    mkfifo "$work/lines"
    on_library "$5" "$4" recv "$endpoint" "$work/copy" >"$work/lines" 2>"$work/receiver.err" &
    receiver=$!
    exec 3<"$work/lines"
    : >"$work/receiver.log"
    endpoint=
    while [ -z "$endpoint" ] && read -r -t 30 line <&3; do
        echo "$line" >>"$work/receiver.log"
        case $line in "endpoint "*) endpoint=${line#endpoint } ;; esac
    done
    [ -n "$endpoint" ] || { cat "$work/receiver.err" >&2; die "$what: the receiver did not bind"; }
    (on_library "$3" "$2" send "$endpoint" "$work/file") >"$work/sender.log" \
        2>"$work/sender.err" || { cat "$work/sender.err" >&2; die "$what: the sender failed"; }
    cat <&3 >>"$work/receiver.log"
    exec 3<&-
    wait "$receiver" || { cat "$work/receiver.err" >&2; die "$what: the receiver failed"; }
    receiver=
    check_library "$work/sender.log" "$3" "$what: the sender"
    check_library "$work/receiver.log" "$5" "$what: the receiver"
    check_copy "$what"
    tell "$what" "$work/receiver.log"
}

tell() { # what, log
    printf '%-44s %s, sha256 ok\n' "$1" "$(sed -n 's/^received //p' "$2")"
}

# Between two threads of one process.
cast_inproc() { # program, library
    local what
    what="inproc: two threads of $1 on $(name_of "$2")"
    rm -f "$work/copy"
    (on_library "$2" "$1" inproc "$work/file" "$work/copy") >"$work/both.log" \
        2>"$work/both.err" || { cat "$work/both.err" >&2; die "$what"; }
    check_library "$work/both.log" "$2" "$what"
    check_copy "$what"
    tell "$what" "$work/both.log"
}

echo "zmqx:   $(readlink -f "$ours/libzmq.so.5")"
echo "libzmq: $(readlink -f "$theirs/libzmq.so.5")"
for transport in tcp ipc; do
    for pair in "$ours $ours" "$ours $theirs" "$theirs $ours"; do
        read -r from to <<<"$pair"
        cast $transport c "$from" python "$to"
        cast $transport python "$from" c "$to"
    done
done
cast_inproc c "$ours"
cast_inproc python "$ours"
echo "demo: ok"
