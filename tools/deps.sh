#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Installs what a group of tools/packages.txt still lacks on this machine.
#   deps.sh [group...]      default: build demo test
# Nothing missing: no package tool runs at all. Not a Debian, or not allowed to install: what is
# missing is said, and only a missing compiler or the like (group build) is an error, since tests
# that lack their means skip and say so.
set -u
here=$(cd "$(dirname "$0")" && pwd)
list=$here/packages.txt
[ $# -gt 0 ] || set -- build demo test

wanted() { # groups...
    local group package command
    for group in "$@"; do
        awk -v g="$group" '!/^#/ && $1 == g { print $2, $3 }' "$list"
    done | sort -u | while read -r package command; do
        [ -n "$command" ] && command -v "$command" >/dev/null || echo "$package"
    done
}

missing() { # packages...
    local package
    for package in "$@"; do
        case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) in
        ii*) ;;
        *) echo "$package" ;;
        esac
    done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "deps: not a Debian: what is needed is listed in tools/packages.txt"
    exit 0
fi

mapfile -t packages < <(missing $(wanted "$@"))
[ ${#packages[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
fi
echo "deps: installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300
     -o Acquire::Retries=3)
"${apt[@]}" update &&
    "${apt[@]}" install -y --no-install-recommends "${packages[@]}" ||
    for package in "${packages[@]}"; do
        # One that cannot be had must not keep the others away.
        "${apt[@]}" install -y --no-install-recommends "$package" || true
    done

mapfile -t packages < <(missing "${packages[@]}")
[ ${#packages[@]} -gt 0 ] || exit 0
echo "deps: NOT INSTALLED: ${packages[*]}; what needs them will be skipped"
mapfile -t packages < <(missing $(wanted build))
[ ${#packages[@]} -eq 0 ] || {
    echo "deps: without ${packages[*]} nothing can be built"
    exit 1
}
