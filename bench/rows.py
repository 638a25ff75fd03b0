# SPDX-License-Identifier: MIT
"""The rows of the benchmark: what is run for each, on which side, and what is asked of us.

A Job is one command; it prints one or more results, each a row of the table (`row`, or
`row.metric`). `others` gives the same work for nng and bare sockets.
"""

from dataclasses import dataclass, field, replace


@dataclass
class Job:
    name: str
    program: str
    args: list
    others: dict = field(default_factory=dict)
    seconds: float = 0.6   # 0: the program has no calibrated length
    limit: int = 60        # killed after so many seconds
    max_runs: int = 99
    busy: int = 0          # processes that only use a processor, beside it
    own: bool = True       # runs `program` on ours and libzmq; else only `others`
    preload: str = ""      # a library of the build that stands in for something of the system


@dataclass
class Want:
    """One demand on a row. `kind`: ratio (times better than libzmq), of (fraction of another
    side's value that must be reached), at_most (absolute)."""
    kind: str
    amount: float
    side: str = "libzmq"
    label: str = ""

    def text(self):
        if self.label:
            return self.label
        if self.kind == "ratio":
            return f"{self.amount:g} x"
        if self.kind == "at_most":
            return f"at most {self.amount:g}"
        names = {"bare": "bare", "batch": "bare batched", "libzmq": "libzmq"}
        if self.amount == 1:
            return f"no worse than {names[self.side]}"
        return f"{self.amount:.0%} of {names[self.side]}"

    def is_met(self, row):
        """None when the other side was not measured."""
        ours = row["ours"]["median"]
        if self.kind == "at_most":
            return ours <= self.amount
        if self.side not in row:
            return None
        other = row[self.side]["median"]
        if row["better"] == "higher":
            return ours >= self.amount * other
        return ours * self.amount <= other


@dataclass
class Row:
    """`wants` is a list of alternatives, each a list of demands that must all hold; `floor` the
    same, for what must hold in any case."""
    key: str
    title: str
    group: str
    wants: list = field(default_factory=list)
    floor: list = field(default_factory=list)
    short: bool = False    # in the README's table as well


def ratio(amount):
    return Want("ratio", amount)


def of(amount, side):
    return Want("of", amount, side)


def at_most(amount):
    return Want("at_most", amount)


def _req(transport, size):
    args = ["--transport", transport, "--size", str(size)]
    return Job(f"lat_{transport}_{size}", "bench_req", args,
               {"nng": ("bench_nng_req", args), "bare": ("bench_bare_req", args)}, seconds=0.5)


def _thr(name, transport, size, mode="send", sides=("nng", "bare", "batch")):
    args = ["--transport", transport, "--size", str(size)]
    if mode == "curve":
        return Job(name, "bench_thr", args + ["--mode", mode],
                   {"bare": ("bench_bare_curve", args[2:])})
    known = {"nng": ("bench_nng_thr", args),
             "bare": ("bench_bare_thr", args + ["--mode", "each"]),
             "batch": ("bench_bare_thr", args + ["--mode", "batch"])}
    return Job(name, "bench_thr", args + ["--mode", mode], {s: known[s] for s in sides})


def _paced(name, gap_us):
    args = ["--n", str(gap_us)]
    return Job(name, "bench_paced", args, {"bare": ("bench_bare_paced", args)}, seconds=1)


def _conn(name, mode, n=500):
    return Job(name, "bench_conn", ["--mode", mode, "--n", str(n)], seconds=0)


JOBS = [
    *[_req(t, n) for t in ("tcp", "ipc", "inproc") for n in (1, 64)],
    Job("lat_client_tcp", "bench_req",
        ["--transport", "tcp", "--size", "64", "--mode", "client"], seconds=0.5),
    _thr("thr_tcp_16", "tcp", 16),
    _thr("thr_ipc_16", "ipc", 16),
    _thr("thr_inproc_16", "inproc", 16, sides=("nng",)),
    _thr("thr_tcp_256", "tcp", 256),
    _thr("thr_tcp_256_msg", "tcp", 256, mode="msg"),
    _thr("thr_tcp_4k", "tcp", 4096),
    _thr("thr_tcp_64k", "tcp", 65536),
    _thr("thr_tcp_1m", "tcp", 1 << 20),
    _thr("thr_ipc_64k", "ipc", 65536),
    # Beside the rows of tcp; the distribution's libzmq has no ws, --libzmq names one that has.
    Job("lat_ws_64", "bench_req", ["--transport", "ws", "--size", "64"], seconds=0.5),
    _thr("thr_ws_16", "ws", 16, sides=()),
    _thr("thr_ws_4k", "ws", 4096, sides=()),
    # Beside the rows of ipc: on the stand-in the kernel does the same work for both.
    *[replace(job, preload="libzx_standin.so") for t in ("vsock", "tipc") for job in (
        Job(f"lat_{t}_64", "bench_req", ["--transport", t, "--size", "64"], seconds=0.5),
        _thr(f"thr_{t}_16", t, 16, sides=()),
        _thr(f"thr_{t}_64k", t, 65536, sides=()))],
    # The distribution's libzmq has no drafts either.
    *[Job(f"udp_{n}", "bench_udp", ["--size", str(n)],
          {"bare": ("bench_bare_udp", ["--size", str(n), "--mode", "each"]),
           "batch": ("bench_bare_udp", ["--size", str(n), "--mode", "batch"])})
      for n in (64, 1024)],
    _thr("mixed", "tcp", 16, mode="mixed", sides=()),
    _thr("curve_64", "tcp", 64, mode="curve"),
    _thr("curve_256", "tcp", 256, mode="curve"),
    _thr("curve_4k", "tcp", 4096, mode="curve"),
    _thr("curve_64k", "tcp", 65536, mode="curve"),
    Job("curve_lat", "bench_req",
        ["--transport", "tcp", "--size", "64", "--mode", "curve"], seconds=0.5),
    Job("shakes_curve", "bench_shakes", ["--mode", "curve", "--n", "500"], seconds=0.8),
    Job("pub50_tcp", "bench_pub", ["--transport", "tcp"], seconds=0.8),
    Job("pub50_inproc", "bench_pub", ["--transport", "inproc"], seconds=0.8),
    Job("radio50_tcp", "bench_pub", ["--transport", "tcp", "--mode", "radio"], seconds=0.8),
    Job("subs", "bench_subs", [], seconds=0.3),
    _thr("parts", "tcp", 64, mode="parts", sides=()),
    _thr("poll_each", "tcp", 64, mode="poll", sides=()),
    _thr("outer_loop", "tcp", 64, mode="fd", sides=()),
    Job("pairs_tcp", "bench_pairs", ["--transport", "tcp"]),
    Job("pairs_inproc", "bench_pairs", ["--transport", "inproc"]),
    Job("dealers8", "bench_dealer", []),
    Job("proxy_thr", "bench_proxy_thr", []),
    Job("proxy_lat", "bench_proxy_lat", []),
    _paced("paced_10us", 10),
    _paced("paced_50us", 50),
    _paced("paced_1ms", 1000),
    Job("poll2000", "bench_poll", [], seconds=0.4),
    *[Job(f"poller_{n}", "bench_poller", ["--n", str(n)], seconds=0.3)
      for n in (10, 100, 1000, 4000)],
    _conn("conn_rate", "rate", 2000),
    _conn("conn_idle", "idle"),
    _conn("conn_used", "used"),
    _conn("conn_shared", "shared"),
    Job("idle", "bench_idle", [], seconds=10, max_runs=1),
]

LATENCY = "Request-reply, one way"
THROUGHPUT = "Throughput, PUSH to PULL"
FANOUT = "Publishing"
LOOPS = "Other shapes, 64 bytes over tcp"
PACED = "Paced traffic, one-way delay, 64 bytes over tcp"
REST = "At rest"

# The delay of bare sockets times 1.1, as a fraction that `of` understands.
_PACE_BOUND = Want("of", 1 / 1.1, "bare", label="p50 at most 1.1 x bare")


def _paced_rows(key, title, wants):
    return [Row(f"{key}.p50", f"{title}, p50", PACED, wants=wants, short=True),
            Row(f"{key}.p99", f"{title}, p99", PACED, wants=[[of(1, "libzmq")]]),
            Row(f"{key}.max", f"{title}, largest", PACED)]


def _conn_rows(key, title, bound=False):
    wants = [[at_most(3000)]] if bound else []
    floor = [[at_most(4096)]] if bound else []
    return [Row(f"{key}.{side}", f"{title}, {side}", REST, wants=wants, floor=floor, short=bound)
            for side in ("server", "client")]


ROWS = [
    *[Row(f"lat_{t}_{n}", f"{t}, {n} byte{'s' if n > 1 else ''}", LATENCY,
          wants=[[ratio(15)]] if t == "inproc" else [[ratio(8), of(1, "bare")]],
          floor=[[ratio(15)]] if t == "inproc" else [[ratio(7), of(1, "bare")]],
          short=n == 1)
      for t in ("tcp", "ipc", "inproc") for n in (1, 64)],
    Row("lat_client_tcp", "CLIENT and SERVER, tcp, 64 bytes (draft)", LATENCY),
    *[Row(f"thr_{t}_16", f"{t}, 16 bytes", THROUGHPUT, wants=[[ratio(6)]], floor=[[ratio(5)]],
          short=True) for t in ("tcp", "ipc", "inproc")],
    Row("thr_tcp_256", "tcp, 256 bytes, zmq_send", THROUGHPUT,
        wants=[[ratio(4.5)], [of(0.85, "batch")]], floor=[[ratio(3)]], short=True),
    Row("thr_tcp_256_msg", "tcp, 256 bytes, zmq_msg_send", THROUGHPUT,
        wants=[[ratio(4.5)], [of(0.85, "batch")]], floor=[[ratio(3)]], short=True),
    Row("thr_tcp_4k", "tcp, 4 KiB", THROUGHPUT, wants=[[ratio(2.5)]], floor=[[ratio(2)]],
        short=True),
    Row("thr_tcp_64k", "tcp, 64 KiB", THROUGHPUT, wants=[[ratio(1.6), of(1, "bare")]],
        floor=[[ratio(1.4), of(1, "bare")]], short=True),
    Row("thr_tcp_1m", "tcp, 1 MiB", THROUGHPUT, wants=[[of(0.85, "bare")]], short=True),
    Row("thr_ipc_64k", "ipc, 64 KiB", THROUGHPUT, wants=[[ratio(1.6)]], short=True),
    Row("lat_ws_64", "ws, 64 bytes", LATENCY),
    Row("thr_ws_16", "ws, 16 bytes", THROUGHPUT),
    Row("thr_ws_4k", "ws, 4 KiB", THROUGHPUT),
    Row("lat_vsock_64", "vsock on its stand-in, 64 bytes", LATENCY),
    Row("thr_vsock_16", "vsock on its stand-in, 16 bytes", THROUGHPUT),
    Row("thr_vsock_64k", "vsock on its stand-in, 64 KiB", THROUGHPUT),
    Row("lat_tipc_64", "tipc on its stand-in, 64 bytes", LATENCY),
    Row("thr_tipc_16", "tipc on its stand-in, 16 bytes", THROUGHPUT),
    Row("thr_tipc_64k", "tipc on its stand-in, 64 KiB", THROUGHPUT),
    *[Row(f"udp_{n}", f"udp, RADIO to DISH, {n} bytes (draft)", THROUGHPUT) for n in (64, 1024)],
    Row("mixed", "tcp, 16 bytes to 64 KiB mixed", THROUGHPUT, wants=[[ratio(1)]]),
    Row("curve_64", "tcp, 64 bytes, CURVE", THROUGHPUT, wants=[[ratio(4), of(0.85, "bare")]],
        floor=[[ratio(2)]], short=True),
    Row("curve_256", "tcp, 256 bytes, CURVE", THROUGHPUT, wants=[[ratio(4)]],
        floor=[[ratio(2)]]),
    Row("curve_4k", "tcp, 4 KiB, CURVE", THROUGHPUT, wants=[[ratio(1.5)]]),
    Row("curve_64k", "tcp, 64 KiB, CURVE", THROUGHPUT, wants=[[ratio(1)]]),
    Row("curve_lat", "REQ-REP, tcp, 64 bytes, CURVE", LATENCY, wants=[[ratio(4)]]),
    Row("pub50_tcp", "1 PUB to 50 SUB, tcp, 64 bytes", FANOUT, wants=[[ratio(4)]],
        floor=[[ratio(3)]], short=True),
    Row("pub50_inproc", "1 PUB to 50 SUB, inproc, 64 bytes", FANOUT, wants=[[ratio(4)]],
        floor=[[ratio(3)]]),
    Row("radio50_tcp", "1 RADIO to 50 DISH, tcp, 64 bytes (draft)", FANOUT),
    Row("subs.add", "300,000 subscriptions, until effective", FANOUT, wants=[[ratio(4)]],
        floor=[[ratio(3)]], short=True),
    Row("subs.calls", "300,000 subscriptions, the calls alone", FANOUT),
    Row("subs.match", "looking up what matches none of them", FANOUT, wants=[[ratio(4)]]),
    Row("subs.bytes_sub", "a subscription at the SUB", FANOUT, wants=[[ratio(6)]],
        floor=[[ratio(4)]], short=True),
    Row("subs.bytes_pub", "a subscription at the PUB", FANOUT, wants=[[ratio(6)]],
        floor=[[ratio(4)]], short=True),
    Row("parts", "messages of four parts", LOOPS, wants=[[ratio(4)]], short=True),
    Row("poll_each", "zmq_poll before each receive", LOOPS, wants=[[ratio(1)]], short=True),
    Row("outer_loop", "ZMQ_FD in an outer epoll loop", LOOPS, wants=[[ratio(1)]]),
    Row("pairs_tcp", "two threads, a socket pair each", LOOPS, wants=[[ratio(4)]],
        floor=[[ratio(1)]], short=True),
    Row("pairs_inproc", "two threads, a socket pair each, inproc", LOOPS, wants=[[ratio(4)]],
        floor=[[ratio(1)]]),
    Row("dealers8", "8 DEALERs echoed by a ROUTER, window 64", LOOPS, wants=[[ratio(3)]],
        floor=[[ratio(1)]], short=True),
    Row("proxy_thr", "PULL to PUSH by zmq_proxy", LOOPS, wants=[[ratio(4)]], floor=[[ratio(3)]],
        short=True),
    Row("proxy_lat", "REQ to REP through ROUTER, zmq_proxy, DEALER, one way", LOOPS,
        wants=[[ratio(3)]], short=True),
    Row("poll2000.idle", "zmq_poll over 2,000 idle sockets (inproc)", LOOPS, wants=[[ratio(20)]],
        short=True),
    Row("poll2000.one", "send, zmq_poll over 2,000, receive (inproc)", LOOPS),
    *[Row(f"poller_{n}", f"send, wait for {n} sockets by a poller, receive (inproc)", LOOPS)
      for n in (10, 100, 1000, 4000)],
    *_paced_rows("paced_10us", "each 10 us", [[ratio(4)]]),
    *_paced_rows("paced_50us", "each 50 us", [[_PACE_BOUND]]),
    *_paced_rows("paced_1ms", "each 1 ms", [[_PACE_BOUND]]),
    Row("conn_rate", "connections ready", REST, wants=[[ratio(2)]], short=True),
    Row("shakes_curve", "CURVE handshakes of 500 clients at once", REST, wants=[[ratio(1.5)]]),
    *_conn_rows("conn_idle", "memory of an idle connection", bound=True),
    *_conn_rows("conn_used", "the same after traffic", bound=True),
    *_conn_rows("conn_shared", "the same, all of one client socket"),
    Row("idle.asleep", "wake-ups in 10 s, 100 sockets after traffic", REST, wants=[[at_most(0)]],
        short=True),
    Row("idle.in_poll", "the same, all in one zmq_poll", REST, wants=[[at_most(0)]]),
]
