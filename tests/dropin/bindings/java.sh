#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Compiles Zmq.java once for libzmq-java and once for libjeromq-java, and runs the first, with the
# second as its peer, by both.sh.
#   java.sh <directory of ours> <the system's libzmq.so.5>
set -u
here=$(cd "$(dirname "$0")" && pwd)
jzmq=/usr/share/java/zmq.jar
jeromq=/usr/share/java/jeromq.jar
jni=$(dpkg -L libzmq-jni 2>/dev/null | grep '/libjzmq\.so$' | head -n 1 | xargs -r dirname)
for file in $jzmq $jeromq "${jni:-/nonexistent}/libjzmq.so"; do
    [ -e "$file" ] || { echo "SKIP: libzmq-java, -jni or libjeromq-java is missing"; exit 77; }
done
command -v javac >/dev/null || { echo "SKIP: no javac (Debian: default-jdk-headless)"; exit 77; }
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
for jar in $jzmq $jeromq; do
    javac -J-Xmx256m -cp $jar -d "$classes/$(basename $jar .jar)" "$here/Zmq.java" || exit 1
done
quick="-Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"
# shellcheck disable=SC2086
sh "$here/../both.sh" "$1" "$2" java $quick "-Djava.library.path=$jni" -cp "$jzmq:$classes/zmq" \
    Zmq scenes java $quick -cp "$jeromq:$classes/jeromq" Zmq peer
