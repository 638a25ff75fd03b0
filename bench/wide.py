# SPDX-License-Identifier: MIT
"""The wide set: the same work over a range of sizes, connections, subscriptions, sockets, threads,
gaps and company, each range a figure. `make bench-all` runs it.

A Sweep becomes a Job for each of its values, named key@value; what it prints are rows named
key@value or key@value.metric.
"""

from dataclasses import dataclass, field

from rows import Job

KIB, MIB = 1024, 1 << 20
SIZES = [1, 16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 8 * MIB]
LATENCY_SIZES = [1, 64, KIB, 16 * KIB, 64 * KIB, MIB, 8 * MIB]
GAPS = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
KERNEL_MODES = ["plain", "spin", "busypoll", "buffers", "zerocopy", "uring", "sqpoll"]


@dataclass
class Metric:
    """`law`: how the value tells what n of the thing cost: "each" (the cost of one of the n),
    "op" (the cost of one operation in the presence of n), "rate" (ones per second), "op_rate"
    (operations per second in the presence of n); empty: no law is asked for."""
    name: str              # "" for the row itself
    title: str
    law: str = ""
    figure: bool = True


@dataclass
class Sweep:
    key: str
    title: str
    axis: str
    option: str            # the option that takes the values; "busy" for the company
    values: list
    program: str
    args: list
    metrics: list
    others: dict = field(default_factory=dict)   # side -> (program, args)
    seconds: float = 0.3
    own: bool = True       # runs on ours and libzmq
    others_to: int = 1 << 30   # the largest value that the others run
    limit: int = 90

    def name(self, value):
        return f"{self.key}@{value}"

    def job(self, value):
        if self.option == "busy":
            more, busy = [], value
        else:
            more, busy = [self.option, str(value)], 0
        others = self.others if value <= self.others_to else {}
        return Job(self.name(value), self.program, self.args + more,
                   {side: (program, args + more) for side, (program, args) in others.items()},
                   seconds=self.seconds, limit=self.limit, busy=busy, own=self.own)


def _thr(key, title, transport, mode="send", values=None, sides=()):
    args = ["--transport", transport]
    known = {"nng": ("bench_nng_thr", args),
             "bare": ("bench_bare_thr", args + ["--mode", "each"]),
             "batch": ("bench_bare_thr", args + ["--mode", "batch"])}
    if mode == "curve":
        known["bare"] = ("bench_bare_curve", [])
    return Sweep(key, title, "bytes of a message", "--size", values or SIZES, "bench_thr",
                 args + ["--mode", mode], [Metric("", "messages per second", law="op_rate")],
                 {s: known[s] for s in sides})


def _lat(transport):
    args = ["--transport", transport]
    return Sweep(f"lat_{transport}", f"Request and reply over {transport}", "bytes of a message",
                 "--size", LATENCY_SIZES, "bench_req", args,
                 [Metric("", "one way, us", law="op")],
                 {"nng": ("bench_nng_req", args), "bare": ("bench_bare_req", args)}, seconds=0.25)


def _pub(key, title, mode, values):
    what = "publications" if mode == "hundredth" else "deliveries"
    law = "op_rate" if mode == "hundredth" else "rate"
    return Sweep(key, title, "subscribers", "--n", values, "bench_pub", ["--mode", mode],
                 [Metric("", f"{what} per second", law=law)],
                 {"nng": ("bench_nng_pub", [])} if mode == "pub" else {}, seconds=0.4,
                 others_to=50)


_DELAYS = [Metric("p50", "p50, us"), Metric("p99", "p99, us"), Metric("p999", "p99.9, us"),
           Metric("rate", "messages per second")]
_NOT_DRAWN = [Metric("p999", "p99.9, us", figure=False), Metric("max", "largest, us",
                                                                figure=False)]

SWEEPS = [
    _lat("tcp"), _lat("ipc"), _lat("inproc"),
    _thr("size_tcp", "Throughput over tcp", "tcp", sides=("nng", "bare", "batch")),
    _thr("size_ipc", "Throughput over ipc", "ipc", sides=("nng", "bare", "batch")),
    _thr("size_inproc", "Throughput over inproc", "inproc", sides=("nng",)),
    _thr("size_msg", "Throughput over tcp with zmq_msg_t", "tcp", mode="msg"),
    _thr("size_curve", "Throughput over tcp with CURVE", "tcp", mode="curve",
         values=[16, 64, 256, KIB, 4 * KIB, 64 * KIB, MIB], sides=("bare",)),
    Sweep("parts", "Messages of several parts of 64 bytes, tcp", "parts of a message", "--n",
          [1, 2, 4, 16, 64, 256, 1000], "bench_thr", ["--mode", "parts", "--size", "64"],
          [Metric("", "messages per second", law="op_rate")]),
    Sweep("hwm", "High-water marks on both sides, 64 bytes over tcp", "high-water mark", "--n",
          [1, 10, 100, 1000, 10000], "bench_thr", ["--mode", "hwm", "--size", "64"],
          [Metric("", "messages per second")]),
    Sweep("slow", "A receiver that works on each message, sender at its high-water mark",
          "work on a message, us", "--n", [1, 5, 20, 100], "bench_slow", [],
          [Metric("rate", "messages per second"),
           Metric("cpu", "CPU beside the work, s per million")]),
    _pub("pub_all", "1 PUB, each publication to all SUBs, 64 bytes over tcp", "pub", [1, 10, 50,
                                                                                     200, 1000]),
    _pub("pub_few", "1 PUB, one publication in a hundred for each SUB", "hundredth",
         [1, 10, 50, 200, 1000]),
    _pub("pub_stalled", "1 PUB, all SUBs but one read", "stalled", [1, 10, 50]),
    Sweep("subs", "Subscriptions of one SUB at one PUB", "subscriptions", "--n",
          [1000, 10000, 100000, 1000000], "bench_subs", [],
          [Metric("add", "added per second", law="rate"),
           Metric("remove", "taken back per second", law="rate"),
           Metric("match", "lookups that match none, per second", law="op_rate"),
           Metric("hit", "lookups that match one, received, per second", law="op_rate"),
           Metric("bytes_pub", "bytes of one at the PUB", law="each"),
           Metric("bytes_sub", "bytes of one at the SUB", law="each")], seconds=0.25),
    Sweep("router", "A ROUTER that echoes, clients are bare sockets, 64 bytes over tcp",
          "connections", "--n", [1, 10, 100, 1000, 5000], "bench_router", [],
          [Metric("rate", "messages per second", law="op_rate"),
           Metric("cpu", "CPU of the ROUTER's process, s per million", law="op")], seconds=0.4),
    Sweep("conn", "Connections made, all of one ROUTER to another", "connections", "--n",
          [10, 100, 1000, 4000], "bench_conn", ["--mode", "rate"],
          [Metric("", "ready per second", law="rate")], seconds=0),
    Sweep("conn_bytes", "Memory of an idle connection", "connections", "--n", [50, 500, 5000],
          "bench_conn", ["--mode", "idle"],
          [Metric("server", "bytes at the server", law="each"),
           Metric("client", "bytes at the client, a socket each", law="each")], seconds=0),
    Sweep("queue", "Messages of 64 bytes in a queue (inproc)", "messages", "--n",
          [1000, 10000, 100000, 1000000], "bench_queue", ["--size", "64"],
          [Metric("bytes", "bytes of a message, its body included", law="each"),
           Metric("rate", "sent per second", law="rate")], seconds=0),
    Sweep("queue_size", "Messages in a queue whose peer is not there yet (ipc)",
          "bytes of a message", "--size", [1, 16, 64, 256, KIB, 4 * KIB], "bench_queue",
          ["--transport", "ipc"],
          [Metric("bytes", "bytes of a message, its body included")], seconds=0),
    Sweep("gap", "One-way delay by the gap between sends, 64 bytes over tcp", "gap, us (0: none)",
          "--n", GAPS, "bench_paced", [], _DELAYS + [_NOT_DRAWN[1]],
          {"nng": ("bench_nng_paced", []), "bare": ("bench_bare_paced", [])}, seconds=0.5),
    Sweep("burst", "Bursts of 1,000 messages, then silence, 64 bytes over tcp", "silence, us",
          "--n", [200, 500, 2000, 10000], "bench_paced", ["--mode", "burst"],
          [Metric("whole_p50", "the whole burst, p50, us"),
           Metric("whole_p99", "the whole burst, p99, us", figure=False),
           Metric("p50", "a message, p50, us"), Metric("p99", "a message, p99, us",
                                                       figure=False), *_NOT_DRAWN],
          {"nng": ("bench_nng_paced", ["--mode", "burst"]),
           "bare": ("bench_bare_paced", ["--mode", "burst"])}, seconds=0.5),
    Sweep("threads", "Threads with a socket pair each, 64 bytes over inproc", "threads", "--n",
          [1, 2, 4, 16, 64, 256, 1000], "bench_pairs", ["--transport", "inproc"],
          [Metric("", "messages per second of all", law="op_rate")]),
    Sweep("threads_tcp", "Threads with a socket pair each, 64 bytes over tcp", "threads", "--n",
          [1, 2, 4, 16, 64, 256], "bench_pairs", ["--transport", "tcp"],
          [Metric("", "messages per second of all", law="op_rate")]),
    Sweep("poll", "zmq_poll over PAIRs (inproc)", "sockets", "--n", [2, 20, 200, 2000, 8000],
          "bench_poll", [],
          [Metric("idle", "nothing has come, us", law="op"),
           Metric("one", "send, poll, receive, us", law="op")], seconds=0.2),
    Sweep("poller", "A poller over PAIRs (inproc)", "sockets", "--n", [10, 100, 1000, 8000],
          "bench_poller", [],
          [Metric("", "send, wait, receive, us", law="op"),
           Metric("open", "open, join and add, us each", law="each"),
           Metric("close", "close, us each", law="each")], seconds=0.2),
    Sweep("kernel_lat", "What the kernel offers: 16 bytes to and fro, bare sockets", "bytes",
          "--size", [16], "bench_kernel", [], [Metric("", "one way, us", figure=False)],
          {m: ("bench_kernel", ["--mode", m]) for m in KERNEL_MODES}, own=False),
    Sweep("kernel_thr", "What the kernel offers: a stream over tcp, bare sockets", "bytes",
          "--size", [64 * KIB, MIB], "bench_kernel", [],
          [Metric("", "messages per second", figure=False)],
          {m: ("bench_kernel", ["--mode", m]) for m in KERNEL_MODES}, own=False),
    # Last: the load that these leave behind says nothing about the others.
    Sweep("busy_thr", "Beside busy processes: throughput, 64 bytes over tcp", "busy processes",
          "busy", [0, 2, 8], "bench_thr", ["--size", "64"], [Metric("", "messages per second")],
          {"bare": ("bench_bare_thr", ["--size", "64", "--mode", "each"])}, seconds=1.5),
    Sweep("busy_lat", "Beside busy processes: request and reply, 64 bytes over tcp",
          "busy processes", "busy", [0, 2, 8], "bench_req", ["--size", "64"],
          [Metric("", "one way, us")], {"bare": ("bench_bare_req", ["--size", "64"])},
          seconds=1.5),
    Sweep("busy_paced", "Beside busy processes: one-way delay, a message each 200 us",
          "busy processes", "busy", [0, 2, 8], "bench_paced", ["--n", "200"],
          [Metric("p50", "p50, us"), Metric("p99", "p99, us"), *_NOT_DRAWN],
          {"bare": ("bench_bare_paced", ["--n", "200"])}, seconds=2),
    Sweep("busy_pub", "Beside busy processes: 1 PUB to 50 SUBs, 64 bytes over tcp",
          "busy processes", "busy", [0, 2, 8], "bench_pub", [],
          [Metric("", "deliveries per second")], seconds=1.5),
]

JOBS = [sweep.job(value) for sweep in SWEEPS for value in sweep.values]
