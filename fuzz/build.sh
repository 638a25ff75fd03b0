#!/bin/sh
# SPDX-License-Identifier: MIT
# Configures and builds the libFuzzer form of all targets.
#     build.sh <tree> <folder of src/>...
set -eu
tree=$1
shift
folders=$(IFS=';'; echo "$*")
clang=$(command -v "${ZMQX_CLANG:-clang}" || true)
if [ -z "$clang" ]; then
    echo "SKIP: no clang, so no libFuzzer; the corpora are still played by corpus_*"
    exit 77
fi
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
cat > "$probe/p.c" << 'END'
#include <stddef.h>
int LLVMFuzzerTestOneInput(const char *data, size_t size);
int LLVMFuzzerTestOneInput(const char *data, size_t size) { return data && size ? 0 : 0; }
END
if ! "$clang" -fsanitize=fuzzer,address,undefined "$probe/p.c" -o "$probe/p" 2> /dev/null; then
    echo "SKIP: $clang has no libFuzzer run-time library"
    exit 77
fi
generator=
if command -v ninja > /dev/null; then
    generator="-G Ninja"
fi
# The tree is ours alone; features that stand outside the parsers are left out.
# shellcheck disable=SC2086
cmake -S "$ZMQX_SOURCE_DIR" -B "$tree" $generator -DCMAKE_C_COMPILER="$clang" \
    -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-O1 -g" -DBUILD_SHARED=OFF -DBUILD_TESTS=ON \
    -DBUILD_EXAMPLES=OFF -DWITH_PERF_TOOL=OFF -DWITH_DOCS=OFF "-DZMQX_FOLDERS=$folders" \
    -DZMQX_SANITIZE=fuzzer-no-link,address,undefined > "$tree.log" 2>&1 \
    || { cat "$tree.log"; exit 1; }
cmake --build "$tree" --target zx_fuzzers -j 2
