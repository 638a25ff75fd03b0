#!/bin/sh
# SPDX-License-Identifier: MIT
# browser.sh AGENT LIBDIR FOLDER: a page in Debian's chromium, without a screen, talks to the agent
# on our library.
set -eu
agent=$1 libs=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
command -v chromium > /dev/null || { echo "SKIP: chromium is not installed"; exit 77; }
mkdir -p "$folder"
cd "$folder"
rm -f in out
mkfifo in out
LD_LIBRARY_PATH=$libs "$agent" < in > out &
exec 3> in 4< out
browser=
trap 'exec 3>&-; [ -z "$browser" ] || kill "$browser" 2> /dev/null || true' EXIT
ask() {
    echo "$1" >&3
    read -r answer <&4
    case $answer in ok*) answer=${answer#ok} answer=${answer# } ;;
        *) echo "$1: $answer"; cat browser.log; exit 1 ;; esac
}
hex() {
    printf 'h:'
    printf '%s' "$1" | od -An -tx1 | tr -d ' \n'
}
ask "new 0 DEALER"
ask "bind 0 ws://127.0.0.1:*/page"
HOME=$folder timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
    --user-data-dir="$folder/profile" --remote-debugging-port=0 \
    "file://$here/browser.html?$answer" > browser.log 2>&1 3>&- 4<&- &
browser=$!
ask "recv 0 40000"
[ "$answer" = "$(hex hello)" ] || { echo "hello: $answer"; exit 1; }
ask "send 0 8000 $(hex one) $(hex two)"
ask "send 0 8000 $(hex three)"
ask "recv 0 8000"
[ "$answer" = "$(hex '0: 1:one 0:two 0:three')" ] || { echo "back: $answer"; exit 1; }
ask "close 0"
echo quit >&3
