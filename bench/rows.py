# SPDX-License-Identifier: MIT
"""The rows of the benchmark: what is run for each, on which side, and what is asked of us.

A Job is one command; it prints one or more results, each a row of the table (`row`, or
`row.metric`). `others` gives the same work for nng and bare sockets.
"""

from dataclasses import dataclass, field


@dataclass
class Job:
    name: str
    program: str
    args: list
    others: dict = field(default_factory=dict)
    seconds: float = 0.6   # 0: the program has no calibrated length
    limit: int = 60        # killed after so many seconds


@dataclass
class Want:
    """One demand on a row. `kind`: ratio (times better than libzmq), of (fraction of another
    side's value that must be reached), at_most (absolute)."""
    kind: str
    amount: float
    side: str = "libzmq"

    def text(self):
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
    known = {"nng": ("bench_nng_thr", args),
             "bare": ("bench_bare_thr", args + ["--mode", "each"]),
             "batch": ("bench_bare_thr", args + ["--mode", "batch"])}
    return Job(name, "bench_thr", args + ["--mode", mode], {s: known[s] for s in sides})


JOBS = [
    *[_req(t, n) for t in ("tcp", "ipc", "inproc") for n in (1, 64)],
    _thr("thr_tcp_16", "tcp", 16),
    _thr("thr_ipc_16", "ipc", 16),
    _thr("thr_inproc_16", "inproc", 16, sides=("nng",)),
    _thr("thr_tcp_256", "tcp", 256),
    _thr("thr_tcp_256_msg", "tcp", 256, mode="msg"),
    _thr("thr_tcp_4k", "tcp", 4096),
    _thr("thr_tcp_64k", "tcp", 65536),
    _thr("thr_tcp_1m", "tcp", 1 << 20),
    _thr("thr_ipc_64k", "ipc", 65536),
]

LATENCY = "Request-reply, one way"
THROUGHPUT = "Throughput, PUSH to PULL"

ROWS = [
    *[Row(f"lat_{t}_{n}", f"{t}, {n} byte{'s' if n > 1 else ''}", LATENCY,
          wants=[[ratio(15)]] if t == "inproc" else [[ratio(8), of(1, "bare")]],
          floor=[[ratio(15)]] if t == "inproc" else [[ratio(7), of(1, "bare")]],
          short=n == 1)
      for t in ("tcp", "ipc", "inproc") for n in (1, 64)],
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
    Row("thr_tcp_1m", "tcp, 1 MiB", THROUGHPUT, wants=[[of(0.85, "bare")]]),
    Row("thr_ipc_64k", "ipc, 64 KiB", THROUGHPUT, wants=[[ratio(1.6)]]),
]
