#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What doc/guide/swapping-in.md says about whole systems, on an overlay of this very system that is
# thrown away afterwards: nothing outside of it is written to.
#   deb.sh <folder to build in>
# The packages of `make deb` go in by apt: libzmq5 and libzmq3-dev leave, every other package stays,
# programs run on ours. They go out again: the system is as it was. Then the same by ld.so.conf.d
# and by update-alternatives.
set -u
here=$(cd "$(dirname "$0")" && pwd)

skip() {
    echo "SKIP: $*"
    exit 77
}

die() {
    echo "deb: $*"
    exit 1
}

installed() { # package
    dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'
}

# From here to inside(): in the overlay, which is the root there.

apt() {
    apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root "$@" >/tmp/log 2>&1
}

packages() { # their names and versions, without those that are swapped
    dpkg-query -W -f='${db:Status-Abbrev}${Package} ${Version}\n' |
        grep -v ' libzmq\(5\|3-dev\|x5\|x-dev\) '
}

expect_library() { # what is said, file that python3-zmq must have loaded, True or False for zmqx
    local got
    got=$(/usr/bin/python3 -B -c 'import zmq
seen = {line.split()[-1] for line in open("/proc/self/maps") if "/libzmq.so" in line}
print(*seen, zmq.has("zmqx"))')
    echo "$1: $got"
    [ "$got" = "$(readlink -f "$2") $3" ] || die "and not $(readlink -f "$2") $3"
}

check_whole() { # that it works, and that nothing is left to be done
    apt-get check >/tmp/log 2>&1 || { cat /tmp/log; die "apt finds dependencies broken"; }
    dpkg --audit | grep . && die "dpkg finds packages broken"
    apt-get -s install -f | grep '^\(Remv\|Inst\)' && die "apt would like to change something"
    packages >/tmp/now
    diff -u /tmp/before /tmp/now || die "other packages changed"
    /usr/bin/python3 -B -c 'import zmq
ctx = zmq.Context()
rep, req = ctx.socket(zmq.REP), ctx.socket(zmq.REQ)
req.connect("tcp://127.0.0.1:%d" % rep.bind_to_random_port("tcp://127.0.0.1"))
for i in range(100):
    req.send(b"%d" % i)
    rep.send(rep.recv())
    assert req.recv() == b"%d" % i
ctx.destroy()' || die "python3-zmq does not work"
    printf '%s\n' '#include <zmq.h>' 'int main(void) { int a, b, c; zmq_version(&a, &b, &c);' \
        'return ZMQ_VERSION != ZMQ_MAKE_VERSION(a, b, c); }' >/tmp/program.c
    # shellcheck disable=SC2046
    cc -o /tmp/program /tmp/program.c $(pkg-config --cflags --libs libzmq) ||
        die "nothing can be built against what is installed"
    /tmp/program || die "header and library are of two versions"
}

by_packages() { # the distribution's libzmq.so.5
    local version
    version=$(dpkg-query -W -f='${Version}' libzmq5)
    # Kept for the way back, lest it need the network.
    (cd /tmp && apt-get -q download "libzmq5=$version" "libzmq3-dev=$version") >/dev/null 2>&1

    apt install /tmp/deb/libzmqx5_*.deb /tmp/deb/libzmqx-dev_*.deb ||
        { cat /tmp/log; die "apt does not install them"; }
    sed -n '/REMOVED/,/NEW/p' /tmp/log | sed '$d'
    installed libzmq5 && die "libzmq5 is still there"
    expect_library "packages in" "$1" True
    check_whole
    for dependent in libczmq4 python3-zmq libavformat59 php8.2-zmq octave-zeromq libczmq-dev; do
        installed $dependent && echo "  stays: $dependent"
    done

    ls /tmp/libzmq5_*.deb >/dev/null 2>&1 ||
        { echo "SKIP: libzmq5 cannot be downloaded, so apt cannot go back"; return 1; }
    apt install /tmp/libzmq5_*.deb /tmp/libzmq3-dev_*.deb ||
        { cat /tmp/log; die "apt does not go back"; }
    installed libzmqx5 && die "libzmqx5 is still there"
    expect_library "packages out" "$1" False
    check_whole
}

by_loader() { # the distribution's libzmq.so.5
    mkdir -p /opt/zmqx && dpkg-deb -x /tmp/deb/libzmqx5_*.deb /opt/zmqx/all &&
        mv "/opt/zmqx/all$(dirname "$1")" /opt/zmqx/lib || die "the package has no library"
    echo /opt/zmqx/lib >/etc/ld.so.conf.d/00-zmqx.conf && ldconfig
    expect_library "ld.so.conf.d in" /opt/zmqx/lib/libzmq.so.5 True
    rm /etc/ld.so.conf.d/00-zmqx.conf && ldconfig
    expect_library "ld.so.conf.d out" "$1" False

    command -v update-alternatives >/dev/null || return 0
    mkdir -p /opt/zmqx/share && echo /opt/zmqx/lib >/opt/zmqx/share/ours.conf
    : >/opt/zmqx/share/theirs.conf
    for choice in "ours 50" "theirs 10"; do
        update-alternatives --quiet --install /etc/ld.so.conf.d/00-libzmq.conf libzmq-choice \
            "/opt/zmqx/share/${choice% *}.conf" "${choice#* }" || die "update-alternatives fails"
    done
    ldconfig
    expect_library "alternatives, ours" /opt/zmqx/lib/libzmq.so.5 True
    update-alternatives --quiet --set libzmq-choice /opt/zmqx/share/theirs.conf && ldconfig
    expect_library "alternatives, theirs" "$1" False
    update-alternatives --quiet --remove-all libzmq-choice && ldconfig
    expect_library "alternatives out" "$1" False
}

inside() {
    local library
    export DEBIAN_FRONTEND=noninteractive LC_ALL=C
    library=$(dpkg -L libzmq5 | grep 'libzmq\.so\.5$')
    packages >/tmp/before
    expect_library before "$library" False
    by_packages "$library" && by_loader "$library"
    exit 0
}

[ "${1:-}" != --inside ] || inside

out=${1:?usage: deb.sh FOLDER}
[ "$(id -u)" -eq 0 ] || skip "only root may lay an overlay over the system"
for tool in apt-get dpkg-query unshare chroot mount pkg-config cc; do
    command -v $tool >/dev/null || skip "no $tool"
done
for package in libzmq5 libzmq3-dev python3-zmq; do
    installed $package || skip "$package is not installed"
done
"$here/../../tools/deb" "$out" || exit $?

outside() {
    sha256sum "$(readlink -f "$(dpkg -L libzmq5 | grep 'libzmq\.so\.5$')")"
    ldconfig -p | grep libzmq
}
before=$(outside)
layer=$(mktemp -d)
trap 'rmdir "$layer"' EXIT
timeout 100 unshare --mount --propagation private bash -c '
    layer=$1 deb=$2 self=$3
    mount -t tmpfs tmpfs "$layer" && mkdir "$layer/up" "$layer/work" "$layer/root" &&
    mount -t overlay overlay -o "lowerdir=/,upperdir=$layer/up,workdir=$layer/work" \
        "$layer/root" || exit 77
    root=$layer/root
    mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" &&
    mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/run" || exit 77
    mkdir "$root/tmp/deb" && cp "$deb"/*.deb "$root/tmp/deb/" && cp "$self" "$root/tmp/deb.sh" &&
    printf "#!/bin/sh\nexit 101\n" >"$root/usr/sbin/policy-rc.d" &&
    chmod +x "$root/usr/sbin/policy-rc.d" &&
    exec chroot "$root" /bin/bash /tmp/deb.sh --inside
' deb "$layer" "$out" "$here/deb.sh"
code=$?
[ $code -ne 77 ] || skip "no overlay can be laid over this system"
[ "$before" = "$(outside)" ] || die "the system outside the overlay was touched"
exit $code
