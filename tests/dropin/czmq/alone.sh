#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs a program in a network of its own, where there may be one: czmq's tests use ports by number,
# or seek one, let it go and take it again, and tests run side by side.
if unshare --net true 2>/dev/null; then
    exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
exec "$@"
