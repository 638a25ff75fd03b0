#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/zmtp.lua: the same conversation of this library and of the system's, captured and given to
tshark, must give the same tree.

    run.py ZMTP_LUA OUR_DIRECTORY THE_SYSTEMS_LIBRARY

In a network namespace of its own: fixed ports, and nothing else on its lo.
"""
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ET

SKIP = 77
PORTS = (5001, 5002, 5003)
ETH_P_ALL = 3
HERE = os.path.dirname(os.path.abspath(__file__))


class Capture:
    """Everything that arrives at lo, as a pcap file."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.sock.bind(("lo", 0))
        self.sock.settimeout(0.1)
        self.over = threading.Event()
        self.file = open(path, "wb")
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1))
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        count = 0
        while True:
            over = self.over.is_set()  # before the look: what came until then is in the queue
            try:
                packet, address = self.sock.recvfrom(1 << 18)
            except TimeoutError:
                if over:
                    break
                continue
            if address[2] == socket.PACKET_OUTGOING:
                continue
            count += 1
            self.file.write(struct.pack("<IIII", count, 0, len(packet), len(packet)) + packet)

    def stop(self):
        self.over.set()
        self.thread.join()
        self.file.close()
        self.sock.close()


def flatten(node, depth=0):
    for child in node:
        yield depth, child.get("name"), child.get("showname") or child.get("show")
        yield from flatten(child, depth + 1)


def units(lua, path):
    """{(port, from the bound side?): [tree of each unit, in order]}"""
    decode = [word for port in PORTS for word in ("-d", f"tcp.port=={port},zmtp")]
    shown = subprocess.run(["tshark", "-X", f"lua_script:{lua}", *decode, "-r", path, "-T", "pdml"],
                           capture_output=True, text=True, check=True).stdout
    found = {}
    for packet in ET.fromstring(shown).iter("packet"):
        tcp = packet.find("proto[@name='tcp']")
        if tcp is None:
            continue
        ports = [int(tcp.find(f"field[@name='tcp.{side}port']").get("show"))
                 for side in ("src", "dst")]
        for unit in packet.findall("proto[@name='zmtp']"):
            bound = ports[0] in PORTS
            key = (ports[0] if bound else ports[1], bound)
            found.setdefault(key, []).append(
                [(0, "zmtp", unit.get("showname")), *flatten(unit, 1)])
    return found


def converse(directory, work, lua):
    path = os.path.join(work, os.path.basename(directory) + ".pcap")
    capture = Capture(path)
    env = dict(os.environ, LD_LIBRARY_PATH=directory)
    try:
        subprocess.run(["/usr/bin/python3", os.path.join(HERE, "session.py"), directory], env=env,
                       check=True, timeout=20)
    finally:
        capture.stop()
    return units(lua, path)


def check_content(found):
    """What the conversation held is really shown."""
    texts = [f"{name} {shown}" for trees in found.values() for tree in trees
             for _, name, shown in tree]
    for wanted in ("Greeting NULL", "Greeting PLAIN", "Body as text: a question",
                   "Body as text: topic one", "zmtp.topic", "Command: SUBSCRIBE",
                   "Command: CANCEL", "Command: READY", "Command: INITIATE",
                   "Property: Socket-Type", "Value: DEALER"):
        if not any(wanted in text for text in texts):
            sys.exit(f"the tree does not show: {wanted}")
    if any("alformed" in text or "cut off" in text for text in texts):
        sys.exit("the tree says malformed")


def main():
    lua, ours, system = sys.argv[1:4]
    if not os.path.exists(system):
        print("SKIP: the system has no libzmq.so.5 to compare with (Debian: libzmq5)")
        return SKIP
    if not shutil.which("tshark"):
        print("SKIP: no tshark")
        return SKIP
    if "inside" not in sys.argv:
        probe = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], check=False)
        if probe.returncode:
            print("SKIP: no network namespace may be made here")
            return SKIP
        script = 'ip link set lo up && exec "$0" "$@" inside'
        again = [sys.executable, os.path.abspath(__file__), lua, ours, system]
        return subprocess.run(["unshare", "-n", "sh", "-c", script, *again],
                              check=False).returncode
    with tempfile.TemporaryDirectory() as work:
        one = converse(ours, work, lua)
        other = converse(os.path.dirname(os.path.realpath(system)), work, lua)
    check_content(one)
    if sorted(one) != sorted(other) or len(one) != 2 * len(PORTS):
        sys.exit(f"directions: {sorted(one)}, {sorted(other)}")
    for key in sorted(one):
        for i, (a, b) in enumerate(zip(one[key], other[key])):
            if a != b:
                sys.exit(f"{key}, unit {i}:\n  ours   {a}\n  system {b}")
        if len(one[key]) != len(other[key]):
            sys.exit(f"{key}: {len(one[key])} units, {len(other[key])} of the system's")
    print("equal trees:", sum(len(trees) for trees in one.values()), "units")
    return 0


if __name__ == "__main__":
    sys.exit(main())
