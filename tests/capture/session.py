# SPDX-License-Identifier: MIT
"""One conversation for the capture, by whatever libzmq python3-zmq finds: session.py DIRECTORY
fails unless that is the one in DIRECTORY."""
import os
import sys

import zmq
import zmq.auth.thread

with open("/proc/self/maps", encoding="ascii") as maps:
    used = {line.split()[-1] for line in maps if "libzmq.so" in line}
wanted = os.path.realpath(sys.argv[1])
if {os.path.dirname(os.path.realpath(path)) for path in used} != {wanted}:
    sys.exit(f"libzmq of {used}, not of {wanted}")

ctx = zmq.Context()
rep, req = ctx.socket(zmq.REP), ctx.socket(zmq.REQ)
rep.bind("tcp://127.0.0.1:5001")
req.connect("tcp://127.0.0.1:5001")
req.send(b"a question")
assert rep.recv() == b"a question"
rep.send_multipart([b"first", b"x" * 300, b""])
assert len(req.recv_multipart()) == 3

pub, sub = ctx.socket(zmq.XPUB), ctx.socket(zmq.SUB)
pub.bind("tcp://127.0.0.1:5002")
sub.subscribe(b"topic")
sub.connect("tcp://127.0.0.1:5002")
assert pub.recv() == b"\x01topic"
pub.send(b"topic one")
assert sub.recv() == b"topic one"
sub.unsubscribe(b"topic")
assert pub.recv() == b"\x00topic"

server, client = ctx.socket(zmq.ROUTER), ctx.socket(zmq.DEALER)
judge = zmq.auth.thread.ThreadAuthenticator(ctx)
judge.start()
judge.configure_plain("*", {"user": "secret"})
server.plain_server = True
server.bind("tcp://127.0.0.1:5003")
client.routing_id = b"me"
client.plain_username, client.plain_password = b"user", b"secret"
client.connect("tcp://127.0.0.1:5003")
client.send(b"in")
assert server.recv_multipart() == [b"me", b"in"]

judge.stop()
for sock in (req, rep, sub, pub, client, server):
    sock.close(0)
ctx.term()
