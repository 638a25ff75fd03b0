#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Builds bindings/rust with the distribution's cargo and crates alone, off line, and runs it by
# both.sh.
#   rust.sh <directory of ours> <the system's libzmq.so.5> <folder to build in>
set -u
here=$(cd "$(dirname "$0")" && pwd)
crates=/usr/share/cargo/registry
if [ ! -x /usr/bin/cargo ] || ! ls -d $crates/zmq-[0-9]* >/dev/null 2>&1; then
    echo "SKIP: the distribution's cargo or librust-zmq-dev is not installed"
    exit 77
fi
mkdir -p "$3/home" "$3/src" && cp -r "$here/rust/." "$3/src/" || exit 1
cat >"$3/home/config.toml" <<END
[source.crates-io]
replace-with = "distribution"
[source.distribution]
directory = "$crates"
END
(cd "$3/src" && CARGO_HOME=$3/home CARGO_TARGET_DIR=$3/target RUSTC=/usr/bin/rustc RUSTFLAGS= \
    RUSTC_WRAPPER= /usr/bin/cargo build --offline --quiet) || { echo "it does not build"; exit 1; }
exec sh "$here/../both.sh" "$1" "$2" "$3/target/debug/dropin"
