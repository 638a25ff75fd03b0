#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The public headers: they compile in every language mode programs use, with and without drafts,
# without a warning; and they define no constant that constants.txt does not list.
set -eu
include=$ZMQX_SOURCE_DIR/include
table=$ZMQX_SOURCE_DIR/tests/abi/constants.txt
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
tried=0

cat > "$dir/all.c" <<'END'
#include <zmq.h>
#include <zmq_utils.h>
#include <zmqx.h>
int main(void);
int main(void) {
    zmq_msg_t msg;
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};
    return zmq_msg_init(&msg) + item.revents;
}
END
cp "$dir/all.c" "$dir/all.cc"

# compile <compiler> <file> <mode>
compile() {
    command -v "$1" > /dev/null || return 0
    for drafts in -UZMQ_BUILD_DRAFT_API -DZMQ_BUILD_DRAFT_API -DZMQ_BUILD_DRAFT_API=1; do
        tried=$((tried + 1))
        # The message that zmq_utils.h prints is no fault; clang counts it as a warning.
        case $1 in
        clang*) quiet=-Wno-\#pragma-messages ;;
        *) quiet= ;;
        esac
        if ! "$1" -std="$3" -Wall -Wextra -Wundef -pedantic -Werror $quiet $drafts -I"$include" \
            -c "$2" -o "$dir/all.o" > "$dir/out" 2>&1; then
            echo "$1 -std=$3 $drafts:"
            cat "$dir/out"
            failed=1
        fi
    done
}

for cc in "$ZMQX_CC" gcc clang; do
    for mode in c89 gnu89 c99 c11 gnu17; do
        compile "$cc" "$dir/all.c" $mode
    done
done
for cxx in g++ clang++; do
    for mode in c++98 c++11 c++20 gnu++17; do
        compile "$cxx" "$dir/all.cc" $mode
    done
done
echo "$tried ways to compile tried"

# Names in the header but not in the table. The last few are no constants.
echo '#include <zmq.h>' | "$ZMQX_CC" -std=c11 -D_GNU_SOURCE -DZMQ_BUILD_DRAFT_API -I"$include" \
    -E -dM -x c - | sed -n 's/^#define \(ZMQ_[A-Z0-9_]*\).*/\1/p' |
    grep -vxE 'ZMQ_(H_INCLUDED|BUILD_DRAFT_API|MAKE_VERSION|HAVE_TIMERS|HAVE_POLLER)' |
    sort > "$dir/defined"
sed -n 's/^\(ZMQ_[A-Z0-9_]*\) .*/\1/p' "$table" | sort > "$dir/listed"
if [ ! -s "$dir/defined" ] || ! comm -23 "$dir/defined" "$dir/listed" > "$dir/extra" ||
    [ -s "$dir/extra" ]; then
    echo "defined by zmq.h, but not in constants.txt:"
    cat "$dir/extra"
    failed=1
fi

# What the header must define empty, must not leave behind, and must do for other headers.
check() {
    echo "$2" > "$dir/check.c"
    if ! "$ZMQX_CC" $3 -I"$include" -c "$dir/check.c" -o "$dir/check.o" > "$dir/out" 2>&1; then
        echo "$1"
        cat "$dir/out"
        failed=1
    fi
}
check "ZMQ_EXPORT is left behind" '#include <zmq.h>
#ifdef ZMQ_EXPORT
#error
#endif
#ifdef ZMQX_EXPORT
#error
#endif' ""
check "ZMQ_HAVE_TIMERS is not empty" '#include <zmq.h>
int a = 1 ZMQ_HAVE_TIMERS;' ""
check "ZMQ_HAVE_POLLER is not empty" '#include <zmq.h>
int a = 1 ZMQ_HAVE_POLLER;' "-DZMQ_BUILD_DRAFT_API"
check "ZMQ_HAVE_POLLER without drafts" '#include <zmq.h>
#ifdef ZMQ_HAVE_POLLER
#error
#endif' ""
check "the headers cannot be included in any order, or twice" '#include <zmqx.h>
#include <zmq_utils.h>
#include <sys/uio.h>
#include <zmq.h>
#include <zmq.h>
#include <zmqx.h>' ""
check "a substitute overrides the system's errno" '#include <zmq.h>
int a[ENOTSOCK < ZMQ_HAUSNUMERO && EHOSTUNREACH < ZMQ_HAUSNUMERO ? 1 : -1];' ""

exit $failed
