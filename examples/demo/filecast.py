#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same as filecast.c, with pyzmq as the distribution ships it; see there for the arguments."""

import os
import signal
import struct
import sys
import threading
import time

import zmq

CHUNK = 65536


def print_library():
    """Which libzmq this process has mapped, as the kernel tells."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            if "/libzmq.so" in line:
                print("library", line[line.index("/"):].strip(), flush=True)
                return


def send_file(sock, path):
    offset = 0
    with open(path, "rb") as file:
        while data := file.read(CHUNK):
            sock.send_multipart([struct.pack(">Q", offset), data], copy=False)
            offset += len(data)
    sock.send_multipart([struct.pack(">Q", offset), b""])
    print(f"sent {offset} bytes", flush=True)


def receive_file(sock, path):
    have = 0
    start = None
    with open(path, "wb") as file:
        while True:
            head, data = sock.recv_multipart(copy=False)
            start = start or time.monotonic()
            if struct.unpack(">Q", head.buffer)[0] != have:
                sys.exit("filecast.py: a chunk is missing or out of order")
            if not len(data):
                break
            file.write(data.buffer)
            have += len(data)
    speed = have / 1e6 / (time.monotonic() - start)
    print(f"received {have} bytes, {speed:.0f} MB/s", flush=True)


def run_send(ctx, endpoint, path):
    with ctx.socket(zmq.PUSH) as push:
        push.connect(endpoint)
        send_file(push, path)
        push.close(linger=-1)


def run_receive(ctx, endpoint, path):
    with ctx.socket(zmq.PULL) as pull:
        pull.bind(endpoint)
        print("endpoint", pull.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0"), flush=True)
        receive_file(pull, path)


def run_threads(ctx, source, target):
    thread = threading.Thread(target=run_send, args=(ctx, "inproc://file", source))
    thread.start()
    run_receive(ctx, "inproc://file", target)
    thread.join()


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: filecast.py send|recv <endpoint> <file> | inproc <from> <to>")
    signal.alarm(120)  # a demonstration must not hang
    print_library()
    verb, first, second = sys.argv[1:]
    ctx = zmq.Context()
    {"send": run_send, "recv": run_receive, "inproc": run_threads}[verb](ctx, first, second)
    ctx.term()
    print("pyzmq", zmq.pyzmq_version(), "on libzmq", zmq.zmq_version(), f"pid {os.getpid()}",
          flush=True)


main()
