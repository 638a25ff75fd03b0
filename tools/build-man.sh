#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build-man.sh [directory]
# Makes the manual of doc/man: man1/, man3/ and man7/ for man(1), html/ for a browser, below the
# directory (default: man-pages in the build tree). Every page must come out, and without a warning.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-${ZMQX_BUILD_DIR:-$top/build}/man-pages}
pages=$top/doc/man

if ! command -v asciidoctor > /dev/null; then
    echo "SKIP: NO MANUAL IS BUILT: asciidoctor is missing (Debian: asciidoctor)"
    exit 77
fi

rm -rf "$out"
mkdir -p "$out/man1" "$out/man3" "$out/man7" "$out/html"
asciidoctor -b manpage -a reproducible --failure-level=WARN -D "$out/man3" "$pages"/*.adoc
for section in 1 7; do
    mv "$out"/man3/*.$section "$out/man$section/"
done
# Styles beside the pages and no fonts from elsewhere, so that they can be read without a network.
asciidoctor -b html5 -a reproducible -a webfonts! -a linkcss -a copycss --failure-level=WARN \
    -D "$out/html" "$pages"/*.adoc

failed=0
for source in "$pages"/*.adoc; do
    name=$(basename "$source" .adoc)
    section=$(sed -n 's/^= .*(\([0-9]\))$/\1/p' "$source")
    for file in "$out/man$section/$name.$section" "$out/html/$name.html"; do
        if [ ! -s "$file" ]; then
            echo "FAILED: $file was not made"
            failed=1
        fi
    done
done
if command -v groff > /dev/null; then
    for page in "$out"/man?/*; do
        groff -man -Tutf8 -K utf8 -ww -z "$page" > "$out/warnings" 2>&1 || failed=1
        # Narrow words spread over a line are no fault.
        if grep -v 'cannot adjust line\|cannot break line' "$out/warnings"; then
            echo "FAILED: warnings in $page"
            failed=1
        fi
    done
    rm -f "$out/warnings"
else
    echo "groff is missing: the pages were not formatted"
fi
echo "$(ls "$out"/man? | grep -c '\.') pages in $out"
exit $failed
