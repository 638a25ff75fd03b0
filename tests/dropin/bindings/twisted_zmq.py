# SPDX-License-Identifier: MIT
"""python3-txzmq: ZeroMQ in the Twisted reactor, which waits on ZMQ_FD and must not miss an edge."""
import os
import sys

try:
    from twisted.internet import reactor
    import txzmq
except ImportError:
    print("SKIP: python3-txzmq is not installed")
    sys.exit(77)

ROUNDS = 500
PUSHED = 5000


def say_library():
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for path in sorted({line.split()[-1] for line in maps if "/libzmq.so" in line}):
            print("library", path)


class Scene:
    """One after the other: requests, a burst of pushed messages, subscriptions."""

    def __init__(self):
        self.factory = txzmq.ZmqFactory()
        self.ipc = f"ipc://{os.environ['TMPDIR']}/tx"
        self.asked = 0
        self.pulled = 0
        self.heard = []

    def pair(self, first, second, name):
        where = f"{self.ipc}-{name}"
        bound = first(self.factory, txzmq.ZmqEndpoint("bind", where))
        return bound, second(self.factory, txzmq.ZmqEndpoint("connect", where))

    def requests(self):
        rep, self.req = self.pair(txzmq.ZmqREPConnection, txzmq.ZmqREQConnection, "req")
        rep.gotMessage = lambda number, *parts: rep.reply(number, b"answer to " + parts[0])
        self.ask()

    def ask(self, answer=None):
        if answer is not None:
            assert answer == [b"answer to question %d" % self.asked], answer
            self.asked += 1
        if self.asked == ROUNDS:
            print("req/rep over ipc:", self.asked, "round trips")
            return self.burst()
        return self.req.sendMsg(b"question %d" % self.asked).addCallback(self.ask)

    def burst(self):
        pull, push = self.pair(txzmq.ZmqPullConnection, txzmq.ZmqPushConnection, "push")
        pull.onPull = self.on_pull
        for number in range(PUSHED):
            push.push(b"%d" % number)

    def on_pull(self, parts):
        assert parts == [b"%d" % self.pulled], parts
        self.pulled += 1
        if self.pulled == PUSHED:
            print("pushed and pulled in order:", self.pulled)
            self.subscriptions()

    def subscriptions(self):
        self.pub, sub = self.pair(txzmq.ZmqPubConnection, txzmq.ZmqSubConnection, "pub")
        sub.gotMessage = self.on_heard
        sub.subscribe(b"b")
        self.tell()

    def tell(self):
        """A PUB cannot know when it is subscribed to: it tells until it was heard."""
        if not self.heard:
            self.pub.publish(b"not for you", b"a")
            self.pub.publish(b"for you", b"b")
            reactor.callLater(0.01, self.tell)

    def on_heard(self, body, tag):
        if not self.heard:
            self.heard.append((body, tag))
            print("heard:", body, tag)
            self.factory.shutdown()
            reactor.stop()


def main():
    say_library()
    scene = Scene()
    reactor.callWhenRunning(scene.requests)
    limit = reactor.callLater(40, reactor.stop)
    reactor.run()
    if limit.active():
        limit.cancel()
    print("ended")
    return 0 if scene.heard else 1


sys.exit(main())
