#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Two network namespaces, a veth pair between them, and zbeacon in each: the server in one, the
# client in the other. Both tell which libzmq they have. To be run by both.sh.
#   beacon.sh <program> | beacon.sh --can
set -u
a=zxb-a-$$ b=zxb-b-$$
cleanup() {
    [ -z "${server:-}" ] || kill "$server" 2>/dev/null
    ip netns del "$a" 2>/dev/null
    ip netns del "$b" 2>/dev/null
}
trap cleanup EXIT
trap 'exit 1' TERM INT

command -v ip >/dev/null || { echo "SKIP: no ip (Debian: iproute2)"; exit 77; }
if ! { ip netns add "$a" && ip netns add "$b"; } 2>/dev/null; then
    echo "SKIP: no network namespaces can be made here"
    exit 77
fi
if ! ip -n "$a" link add zx0 type veth peer name zx0 netns "$b" 2>/dev/null; then
    echo "SKIP: no veth pair can be made here"
    exit 77
fi
ip -n "$a" addr add 10.99.0.1/24 brd + dev zx0 && ip -n "$b" addr add 10.99.0.2/24 brd + dev zx0 &&
    ip -n "$a" link set lo up && ip -n "$b" link set lo up &&
    ip -n "$a" link set zx0 up && ip -n "$b" link set zx0 up || exit 1

ip netns exec "$a" "$1" server zx0 >server.out &
server=$!
ip netns exec "$b" "$1" client zx0 || exit 1
wait "$server" || exit 1
server=
cat server.out
