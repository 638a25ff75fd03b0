# SPDX-License-Identifier: MIT
"""The agent of drive.h on pyzmq: what agent.c does, for pyzmq's users."""
import asyncio
import sys
import threading

import zmq

BLOCK = 251


def fill(size, seed):
    block = bytes((seed + i) % 256 for i in range(BLOCK))
    return (block * (size // BLOCK + 1))[:size]


def describe(data):
    if len(data) <= 64:
        return "h:" + data.hex()
    if data == fill(len(data), data[0]):
        return "r:%d:%d" % (len(data), data[0])
    return "damaged:%d" % len(data)


def make(text):
    if text.startswith("h:"):
        return bytes.fromhex(text[2:])
    _, size, seed = text.split(":")
    return fill(int(size), int(seed))


class OneKey:
    """Lets in the client whose key is printed in zmq_curve(7)."""

    def callback(self, domain, key):
        return domain == "shop" and key == b"Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"


def configure(auth):
    auth.configure_plain(domain="shop", passwords={"admin": "secret"})
    auth.configure_curve_callback(domain="shop", credentials_provider=OneKey())


class AsyncioHandler:
    """pyzmq's authenticator of asyncio, in a loop of its own."""

    def __init__(self, ctx):
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ctx,))
        self.thread.start()
        self.ready.wait()

    def run(self, ctx):
        import zmq.asyncio
        from zmq.auth.asyncio import AsyncioAuthenticator
        asyncio.set_event_loop(self.loop)

        async def begin():
            self.auth = AsyncioAuthenticator(zmq.asyncio.Context.shadow(ctx.underlying))
            self.auth.start()
            configure(self.auth)

        async def end():
            self.auth.stop()
            await asyncio.sleep(0)  # lets the cancelled task end

        self.loop.run_until_complete(begin())
        self.ready.set()
        self.loop.run_forever()
        self.loop.run_until_complete(end())
        self.loop.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()


def thread_handler(ctx):
    from zmq.auth.thread import ThreadAuthenticator
    auth = ThreadAuthenticator(ctx)
    auth.start()
    configure(auth)
    return auth


class Agent:
    def __init__(self):
        self.ctx = zmq.Context()
        self.slots = {}
        self.handler = None

    def loaded(self, _slot, _args):
        path = "none"
        with open("/proc/self/maps") as maps:
            for line in maps:
                if "/libzmq.so" in line:
                    path = line[line.index("/"):].split()[0]
        return "ok %s %s%s" % (path, zmq.zmq_version(), " zmqx" if zmq.has("zmqx") else "")

    def new(self, slot, args):
        if slot in self.slots:
            self.slots[slot].close()
        self.slots[slot] = self.ctx.socket(getattr(zmq, args[0]))
        self.slots[slot].linger = 0
        return "ok"

    def int(self, slot, args):
        self.slots[slot].setsockopt(int(args[0]), int(args[1]))
        return "ok"

    def hex(self, slot, args):
        self.slots[slot].setsockopt(int(args[0]), bytes.fromhex(args[1] if args[1:] else ""))
        return "ok"

    def bind(self, slot, args):
        self.slots[slot].bind(args[0])
        return "ok " + self.slots[slot].getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()

    def connect(self, slot, args):
        self.slots[slot].connect(args[0])
        return "ok"

    def send(self, slot, args):
        self.slots[slot].sndtimeo = int(args[0])
        # Without copying: the library keeps Python's memory until it is sent.
        self.slots[slot].send_multipart([make(a) for a in args[1:]], copy=False)
        return "ok"

    def recv(self, slot, args):
        if not self.slots[slot].poll(int(args[0])):
            return "none"
        parts = self.slots[slot].recv_multipart(copy=False)
        return "ok " + " ".join(describe(p.bytes) for p in parts)

    def gather(self, slot, args):
        total, data = int(args[1]), b""
        while len(data) < total and self.slots[slot].poll(int(args[0])):
            data += self.slots[slot].recv_multipart()[1]
        return "ok " + describe(data)

    def auth(self, _slot, args):
        make_handler = thread_handler if args[0] == "thread" else AsyncioHandler
        self.handler = make_handler(self.ctx)
        return "ok"

    def noauth(self, _slot, _args):
        self.handler.stop()
        self.handler = None
        return "ok"

    def close(self, slot, _args):
        self.slots.pop(slot).close()
        return "ok"

    def run(self):
        for line in sys.stdin:
            words = line.split()
            if words[0] == "quit":
                break
            slot = int(words[1]) if words[1:] else 0
            try:
                answer = getattr(self, words[0])(slot, words[2:])
            except zmq.Again:
                answer = "err EAGAIN"
            except zmq.ZMQError as error:
                known = {zmq.EHOSTUNREACH: "EHOSTUNREACH"}
                answer = "err " + known.get(error.errno, str(error))
            print(answer, flush=True)
        self.ctx.destroy(linger=0)


Agent().run()
