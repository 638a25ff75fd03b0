#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""udp between two hosts: RADIO to DISH by unicast and multicast and DGRAM, ours and libzmq 4.3.5 at
either end; then what reaches whom: groups, interfaces, hops, loop-back, IPv6 zones.

    udp.py <directory of ours> <directory of the other>

The hosts are two network namespaces joined by two veth pairs. Each end is this program again, which
loads the library it is given and does what it is told by lines. Skipped, aloud, where namespaces
may not be made.
"""
import ctypes
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

RADIO, DISH, DGRAM = 14, 15, 18
HOPS, RCVTIMEO, LINGER, IPV6, LOOP = 25, 27, 17, 42, 96
SNDMORE = 2
IP_RECVTTL = 12
PATIENCE_MS = 20000
WARM_MS = 20
LINKS = ("zxv0", "zxw0")
GROUP, OTHER_GROUP = "239.192.8.61", "239.192.8.62"
GROUP_V6 = "ff15::8:61"


# ---- an end: one library, told by lines ---------------------------------------------------------

class Library:
    def __init__(self):
        self.lib = ctypes.CDLL("libzmq.so.5")
        for name in ("zmq_ctx_new", "zmq_socket", "zmq_msg_data", "zmq_strerror", "zmq_msg_group"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.zmq_msg_size.restype = ctypes.c_size_t
        self.lib.zmq_msg_group.restype = ctypes.c_char_p
        self.ctx = ctypes.c_void_p(self.lib.zmq_ctx_new())
        self.sockets = []

    def check(self, rc):
        if rc < 0:
            raise OSError(self.lib.zmq_errno(), os.strerror(self.lib.zmq_errno()))
        return rc

    def set(self, s, option, value):
        v = ctypes.c_int(value)
        self.check(self.lib.zmq_setsockopt(s, option, ctypes.byref(v), ctypes.sizeof(v)))

    def open(self, kind, options):
        s = ctypes.c_void_p(self.lib.zmq_socket(self.ctx, kind))
        self.set(s, LINGER, 0)
        for option, value in options:
            self.set(s, option, value)
        self.sockets.append(s)
        return len(self.sockets) - 1

    def bind(self, s, endpoint):
        self.check(self.lib.zmq_bind(self.sockets[s], endpoint.encode()))

    def connect(self, s, endpoint):
        self.check(self.lib.zmq_connect(self.sockets[s], endpoint.encode()))

    def join(self, s, group):
        self.check(self.lib.zmq_join(self.sockets[s], group.encode()))

    def say(self, s, group, text, size=0):
        data = text.encode().ljust(size, b".")
        msg = ctypes.create_string_buffer(64)
        self.check(self.lib.zmq_msg_init_size(msg, ctypes.c_size_t(len(data))))
        if data:
            ctypes.memmove(self.lib.zmq_msg_data(msg), data, len(data))
        self.check(self.lib.zmq_msg_set_group(msg, group.encode()))
        self.check(self.lib.zmq_msg_send(msg, self.sockets[s], 0))

    def hear(self, s, patience):
        self.set(self.sockets[s], RCVTIMEO, patience)
        msg = ctypes.create_string_buffer(64)
        self.lib.zmq_msg_init(msg)
        if self.lib.zmq_msg_recv(msg, self.sockets[s], 0) < 0:
            return None
        size = self.lib.zmq_msg_size(msg)
        data = ctypes.string_at(self.lib.zmq_msg_data(msg), size) if size else b""
        group = self.lib.zmq_msg_group(msg).decode()
        self.lib.zmq_msg_close(msg)
        return [group, data.rstrip(b".").decode(), size]

    def send(self, s, address, text, size=0):
        data = text.encode().ljust(size, b".")
        address = address.encode()
        s = self.sockets[s]
        self.check(self.lib.zmq_send(s, address, ctypes.c_size_t(len(address)), SNDMORE))
        self.check(self.lib.zmq_send(s, data, ctypes.c_size_t(len(data)), 0))

    def recv(self, s, patience):
        self.set(self.sockets[s], RCVTIMEO, patience)
        parts = []
        for _ in range(2):
            room = ctypes.create_string_buffer(9000)
            n = self.lib.zmq_recv(self.sockets[s], room, ctypes.c_size_t(9000), 0)
            if n < 0:
                return None
            parts.append(room.raw[:n])
        return [parts[0].decode(), parts[1].rstrip(b".").decode(), len(parts[1])]

    def close(self):
        for s in self.sockets:
            self.lib.zmq_close(s)
        self.sockets = []


class Bare:
    """A socket of the system's that tells how many hops a datagram has left."""

    def __init__(self):
        self.s = None

    def listen(self, group, port, link):
        index = socket.if_nametoindex(link)
        v6 = ":" in group
        self.s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind((group, port, 0, index) if v6 else (group, port))
        if v6:
            self.s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
            self.s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                              socket.inet_pton(socket.AF_INET6, group) + struct.pack("I", index))
        else:
            self.s.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
            self.s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                              socket.inet_aton(group) + struct.pack("=4si", b"", index))

    def hops(self):
        self.s.settimeout(PATIENCE_MS / 1000)
        data, extra, _, _ = self.s.recvmsg(9000, 100)
        return [struct.unpack("i", extra[0][2][:4])[0], data.decode()]


def be_an_end():
    library, bare = Library(), Bare()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        try:
            target = bare if name in ("listen", "hops") else library
            answer = ["ok", getattr(target, name)(*arguments)]
        except OSError as e:
            answer = ["error", str(e)]
        print(json.dumps(answer), flush=True)


# ---- the hosts ----------------------------------------------------------------------------------

def skip(why):
    print(f"SKIP: {why}")
    sys.exit(77)


def call(*argv, check=True):
    return subprocess.run(argv, check=check, capture_output=True, text=True)


TAG = f"zu{os.getpid()}"
HOSTS = (TAG + "a", TAG + "b")


def make_hosts():
    try:
        for host in HOSTS:
            call("ip", "netns", "add", host)
        for link in LINKS:
            call("ip", "link", "add", link, "netns", HOSTS[0], "type", "veth", "peer", "name", link,
                 "netns", HOSTS[1])
    except (OSError, subprocess.CalledProcessError) as e:
        drop_hosts()
        skip(f"no network namespaces here: {getattr(e, 'stderr', e)}")
    has_v6 = True
    for number, host in enumerate(HOSTS):
        call("ip", "-n", host, "link", "set", "lo", "up")
        for net, link in enumerate(LINKS):
            call("ip", "-n", host, "addr", "add", f"10.98.{net}.{number + 1}/24", "dev", link)
            call("ip", "-n", host, "link", "set", link, "up")
            for address in (f"fd98:{net}::{number + 1}/64", f"fe80::98:{number + 1}/64"):
                done = call("ip", "-n", host, "addr", "add", address, "dev", link, "nodad",
                            check=False)
                has_v6 = has_v6 and not done.returncode
        call("ip", "-n", host, "route", "add", "224.0.0.0/4", "dev", LINKS[0])
    return has_v6


def drop_hosts():
    for host in HOSTS:
        call("ip", "netns", "del", host, check=False)


class End:
    """What is asked of it is done by the process of that host with that library."""

    def __init__(self, host, lib, name):
        argv = ["ip", "netns", "exec", HOSTS[host], sys.executable, os.path.abspath(__file__),
                "end"]
        env = dict(os.environ, LD_LIBRARY_PATH=lib, LD_BIND_NOW="")
        self.name = name
        self.p = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.buffer = b""

    def __getattr__(self, name):
        return lambda *arguments: self.ask(name, *arguments)

    def ask(self, *what):
        self.p.stdin.write(json.dumps(what).encode() + b"\n")
        self.p.stdin.flush()
        deadline = time.monotonic() + 3 * PATIENCE_MS / 1000
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.p.stdout], [], [], left)[0]
            data = os.read(self.p.stdout.fileno(), 65536) if ready else b""
            if not data:
                raise AssertionError(f"{self.name}: no answer to {what}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        status, answer = json.loads(line)
        if status != "ok":
            raise AssertionError(f"{self.name}: {what}: {answer}")
        return answer

    def kill(self):
        self.p.stdin.close()
        self.p.kill()
        self.p.wait()


# ---- the cases ----------------------------------------------------------------------------------

def wants(got, want):
    if got != want:
        raise AssertionError(f"got {got}, wanted {want}")


PORT = [20000]


def new_port():
    PORT[0] += 1
    return PORT[0]


def radio_to(end, endpoint, *options):
    s = end.open(RADIO, options)
    end.connect(s, endpoint)
    return s


def dish_at(end, endpoint, groups=("g",), options=()):
    s = end.open(DISH, options)
    for group in ("warm",) + tuple(groups):
        end.join(s, group)
    end.bind(s, endpoint)
    return s


def warm(a, radio, b, dish):
    """libzmq binds some time after it said so: the first message is said until it is heard."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        a.say(radio, "warm", "up")
        if b.hear(dish, WARM_MS):
            break
        if time.monotonic() > deadline:
            raise AssertionError("nothing is ever heard")
    a.say(radio, "warm", "hot")
    while True:
        got = b.hear(dish, PATIENCE_MS)
        wants(got is None, False)
        if got[1] == "hot":
            return


def groups(a, b, to, at, options=()):
    """One hears its groups, in order, whole."""
    dish = dish_at(b, at, ("g", "h", "", "n" * 15), options)
    radio = radio_to(a, to, *options)
    warm(a, radio, b, dish)
    for size in (0, 1, 255, 1400, 8192 - 2):
        a.say(radio, "no", "not for you", size)
        a.say(radio, "g", "", size)
        wants(b.hear(dish, PATIENCE_MS), ["g", "", size])
    for group in ("h", "nobody", "", "gg", "n" * 15):
        a.say(radio, group, "in " + group)
    for group in ("h", "", "n" * 15):
        wants(b.hear(dish, PATIENCE_MS), [group, "in " + group, 3 + len(group)])
    a.close()
    b.close()


def unicast(a, b):
    port = new_port()
    groups(a, b, f"udp://10.98.0.2:{port}", f"udp://10.98.0.2:{port}")
    port = new_port()
    groups(a, b, f"udp://10.98.0.2:{port}", f"udp://*:{port}")


def multicast(a, b):
    for iface_a, iface_b in ((LINKS[0], LINKS[0]), ("10.98.1.1", "10.98.1.2"), ("*", "*")):
        port = new_port()
        groups(a, b, f"udp://{iface_a};{GROUP}:{port}", f"udp://{iface_b};{GROUP}:{port}")
    port = new_port()
    groups(a, b, f"udp://{GROUP}:{port}", f"udp://{GROUP}:{port}")


def dgram(a, b):
    """There with an address of ours, and back with the one that came."""
    port = new_port()
    here, there = f"10.98.0.1:{port}", f"10.98.0.2:{port}"
    s, t = a.open(DGRAM, []), b.open(DGRAM, [])
    a.bind(s, "udp://" + here)
    b.bind(t, "udp://" + there)
    deadline = time.monotonic() + PATIENCE_MS / 1000
    got = None
    while not got and time.monotonic() < deadline:
        a.send(s, there, "up")
        got = b.recv(t, WARM_MS)
    a.send(s, there, "hot")
    while got and got[1] == "up":
        got = b.recv(t, PATIENCE_MS)
    wants(got, [here + "\0", "hot", 3])
    for size in (0, 1, 1400, 8192):
        a.send(s, there, "", size)
        got = b.recv(t, PATIENCE_MS)
        wants(got, [here + "\0", "", size])
        b.send(t, got[0], "back", size)
        back = a.recv(s, PATIENCE_MS)
        wants(back, [there + "\0", "back"[:max(size, 4)], max(size, 4)])
    a.close()
    b.close()


def ipv6(a, b):
    options = [[IPV6, 1]]
    port = new_port()
    groups(a, b, f"udp://[fd98:0::2]:{port}", f"udp://[fd98:0::2]:{port}", options)
    for link in LINKS:
        port = new_port()
        at = f"udp://{link};[{GROUP_V6}]:{port}"
        groups(a, b, at, at, options)


def zones(a, b):
    """The zone names the interface as well, and link-local peers need it."""
    options = [[IPV6, 1]]
    for link in LINKS:
        for to, at in (f"[{GROUP_V6}%{link}]", f"[{GROUP_V6}%{link}]"), \
                      (f"[ff02::8:61%{link}]", f"{link};[ff02::8:61]"), \
                      (f"[fe80::98:2%{link}]", f"[fe80::98:2%{link}]"):
            port = new_port()
            groups(a, b, f"udp://{to}:{port}", f"udp://{at}:{port}", options)


def interfaces(a, b):
    """One group and port on two interfaces are two different things; so are two groups."""
    port = new_port()
    dishes = [dish_at(b, f"udp://{link};{GROUP}:{port}") for link in LINKS]
    radios = [radio_to(a, f"udp://{link};{GROUP}:{port}") for link in LINKS]
    other_dish = dish_at(b, f"udp://{LINKS[0]};{OTHER_GROUP}:{port}")
    other_radio = radio_to(a, f"udp://{LINKS[0]};{OTHER_GROUP}:{port}")
    for _ in range(3):
        for i, link in enumerate(LINKS):
            a.say(radios[i], "g", link)
            wants(b.hear(dishes[i], PATIENCE_MS), ["g", link, len(link)])
        a.say(other_radio, "g", "other")
        wants(b.hear(other_dish, PATIENCE_MS), ["g", "other", 5])
    a.close()
    b.close()


def loop(a, b):
    """MULTICAST_LOOP: whether those on the same host hear it. Who is elsewhere always does."""
    port = new_port()
    at = f"udp://{LINKS[0]};{GROUP}:{port}"
    here, there = dish_at(a, at), dish_at(b, at)
    quiet, loud = radio_to(a, at, [LOOP, 0]), radio_to(a, at, [LOOP, 1])
    warm(a, loud, a, here)
    warm(a, loud, b, there)
    a.say(loud, "g", "before")
    for end, dish in ((a, here), (b, there)):
        while end.hear(dish, PATIENCE_MS)[1] != "before":
            continue
    a.say(quiet, "g", "quiet")
    wants(b.hear(there, PATIENCE_MS), ["g", "quiet", 5])
    a.say(loud, "g", "loud")
    wants(a.hear(here, PATIENCE_MS), ["g", "loud", 4])
    wants(b.hear(there, PATIENCE_MS), ["g", "loud", 4])
    a.close()
    b.close()


def hops(a, b, group, options=()):
    port = new_port()
    where = f"[{group}]" if ":" in group else group
    b.listen(group, port, LINKS[0])
    for count in (None, 1, 7, 255):
        more = [[HOPS, count]] if count else []
        radio = radio_to(a, f"udp://{LINKS[0]};{where}:{port}", *options, *more)
        a.say(radio, "g", "x")
        wants(b.hops(), [count or 1, "\x01gx"])
    a.close()


def play(case, lib_a, lib_b, *arguments):
    names = {OURS: "ours", OTHER: "libzmq"}
    title = f"{case.__name__}: {names[lib_a]} to {names[lib_b]}"
    a, b = End(0, lib_a, "a"), None
    try:
        b = End(1, lib_b, "b")
        case(a, b, *arguments)
    except AssertionError as e:
        raise AssertionError(f"{title}: {e}") from None
    finally:
        a.kill()
        if b:
            b.kill()
    print(f"  {title}", flush=True)


def main(has_v6):
    pairs = [(OURS, OURS), (OURS, OTHER), (OTHER, OURS)]
    if not os.path.exists(os.path.join(OTHER, "libzmq.so.5")):
        print(f"SKIP: no libzmq 4.3.5 in {OTHER}: ours to ours alone")
        del pairs[1:]
    for pair in pairs:
        for case in (unicast, multicast, dgram) + ((ipv6,) if has_v6 else ()):
            play(case, *pair)
    if not has_v6:
        print("SKIP: no IPv6 here: zones and its hops are left out")
    play(interfaces, OURS, OURS)
    if len(pairs) > 1:
        play(interfaces, OTHER, OURS)
    play(loop, OURS, OURS)
    play(hops, OURS, OURS, GROUP)
    if has_v6:
        play(zones, OURS, OURS)
        play(hops, OURS, OURS, GROUP_V6, [[IPV6, 1]])


if sys.argv[1] == "end":
    be_an_end()
else:
    OURS, OTHER = (os.path.abspath(d) for d in sys.argv[1:3])
    V6 = make_hosts()
    try:
        main(V6)
    finally:
        drop_hosts()
