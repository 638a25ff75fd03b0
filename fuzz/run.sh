#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one libFuzzer target for ZMQX_FUZZ_SECONDS. New inputs and crashes stay in the tree:
# <tree>/corpus/<name>, <tree>/crashes.
#     run.sh <tree> <name> <largest input>
set -eu
tree=$1
name=$2
max_len=$3
program=$tree/bin/fuzz_$name
if [ ! -x "$program" ]; then
    echo "SKIP: no libFuzzer program $program (see the test fuzz_build)"
    exit 77
fi
mkdir -p "$tree/corpus/$name" "$tree/crashes"
# A crash prints the input in base64 and the path of its file.
exec "$program" -max_total_time="${ZMQX_FUZZ_SECONDS:-5}" -max_len="$max_len" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$tree/crashes/$name-" \
    "$tree/corpus/$name" "$ZMQX_SOURCE_DIR/fuzz/corpus/$name"
