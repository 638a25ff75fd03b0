# SPDX-License-Identifier: MIT
"""python3-zmq on the library under test; npm's zeromq, in node, as its peer (peer.js).

    node_peer.py <folder whose node_modules has zeromq, made if absent>
"""
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGE = "zeromq@6.8.0"


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


try:
    import zmq
except ImportError:
    skip("the distribution's python3-zmq is not installed")


def say_library():
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for path in sorted({line.split()[-1] for line in maps if "/libzmq.so" in line}):
            print("library", path)


def have_package(folder):
    env = {name: value for name, value in os.environ.items()
           if name not in ("LD_LIBRARY_PATH", "TMPDIR")}
    if not shutil.which("node") or not shutil.which("npm"):
        skip("node or npm is not installed")
    if not os.path.isdir(folder + "/node_modules/zeromq"):
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/package.json", "w", encoding="utf-8") as file:
            file.write('{"private": true}')
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund",
                        "--silent", "--omit=dev", PACKAGE], cwd=folder, env=env, timeout=40,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    env["NODE_PATH"] = folder + "/node_modules"
    if subprocess.run(["node", "-e", "require('zeromq')"], env=env, check=False,
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        skip("npm's zeromq cannot be had or does not load here")
    return env


class Sockets:
    """Those that the peer connects to, and where they are."""

    def __init__(self, ctx):
        self.ctx, self.places = ctx, {}
        self.rep = self.bound("rep", zmq.REP)
        self.pull = self.bound("pull", zmq.PULL)
        self.router = self.bound("router", zmq.ROUTER)
        self.xpub = self.bound("xpub", zmq.XPUB)
        if zmq.has("curve"):
            public, secret = zmq.curve_keypair()
            self.curve = self.bound("curve", zmq.REP, curve_server=1, curve_publickey=public,
                                    curve_secretkey=secret)
            self.places["key"] = public.decode()

    def bound(self, name, kind, **options):
        sock = self.ctx.socket(kind)
        sock.rcvtimeo = sock.sndtimeo = 20000
        for option, value in options.items():
            setattr(sock, option, value)
        self.places[name] = f"tcp://127.0.0.1:{sock.bind_to_random_port('tcp://127.0.0.1')}"
        return sock


def scenes(s):
    for _ in range(500):
        s.rep.send(b"answer to " + s.rep.recv())
    print("node was answered: 500")
    head, empty, big, tail = s.pull.recv_multipart()
    print("node's parts:", head, empty, big == b"\x07" * 1000000, tail)
    print("in order:", all(s.pull.recv() == b"%d" % i for i in range(5000)))
    print("node's dealer:", s.router.recv_multipart())
    s.router.send_multipart([b"node", b"one", b"two"])
    print("node's dealer:", s.router.recv_multipart())
    print("node subscribed:", s.xpub.recv())
    for word in (b"a1", b"b1", b"c1", b"b2"):
        s.xpub.send(word)
    print("node", s.pull.recv().decode())
    print("node unsubscribed:", s.xpub.recv())
    req = s.ctx.socket(zmq.REQ)
    req.rcvtimeo = 20000
    req.connect(s.pull.recv().decode())
    for i in range(500):
        req.send(b"question %d" % i)
        assert req.recv() == b"answer to question %d" % i
    print("node answered: 500")
    req.close()
    if "key" in s.places:
        for _ in range(2):
            got = s.curve.recv()
            print("by CURVE:", got)
            s.curve.send(got)
    else:
        print("SKIP: CURVE is not in this build")


def main():
    env = have_package(sys.argv[1])
    say_library()
    with zmq.Context() as ctx:
        s = Sockets(ctx)
        node = subprocess.Popen(["node", HERE + "/peer.js", json.dumps(s.places)], env=env)
        try:
            scenes(s)
            print("node ended:", node.wait(timeout=20))
        finally:
            if node.poll() is None:
                node.kill()
                node.wait()
        ctx.destroy(linger=0)


main()
