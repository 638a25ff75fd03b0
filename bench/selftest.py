#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark's own arithmetic and drawing, on numbers made up: laws of growth, what is behind,
callgrind's files, figures that are well-formed."""

import math
import os
import sys
import tempfile
import xml.dom.minidom

import callgrind
import figures
import law
import svg
import wide

POINTS = (1000, 10000, 100000, 1000000)


def check_laws():
    made = {"n": lambda n: 1, "n log n": lambda n: math.log2(n + 1), "n^2": lambda n: n}
    for name, each in made.items():
        found = law.fit("each", [(n, 7 * each(n)) for n in POINTS])
        assert found["law"] == name, (name, found)
        assert found["holds"] == (name != "n^2"), found
        rate = law.fit("rate", [(n, 7 / each(n)) for n in POINTS])
        assert abs(rate["exponent"] - found["exponent"]) < 1e-9, (rate, found)
    assert law.fit("op", [(n, 5.0) for n in POINTS])["law"] == "constant"
    assert law.fit("op", [(n, 5.0 * n) for n in POINTS])["law"] == "n"
    assert not law.fit("op", [(n, 5.0 * n * n) for n in POINTS])["holds"]
    assert law.fit("op", [(n, 3.0 + n / 1000) for n in POINTS])["law"] == "1 + n/3,162"
    assert law.fit("op", [(1, 1.0), (2, 2.0)]) is None


def check_callgrind():
    text = ("ob=/nowhere\nfn=a\n0x10 5\n0x14 6\ncalls=3 0x20\n0x14 900\n0x18 7\n")
    with tempfile.TemporaryDirectory() as where:
        with open(os.path.join(where, "cg.1"), "w", encoding="utf-8") as out:
            out.write(text)
        assert callgrind.read_all(where) == (18, 0), callgrind.read_all(where)
    if callgrind.can_tell_locked():
        lines = {"  4010:\tlock cmpxchg %edx,(%rdi)": True, "  4014:\txchg   %eax,0x8(%rdi)": True,
                 "  4018:\txchg   %ax,%ax": False, "  4020:\tmov    %eax,(%rdi)": False}
        for line, locked in lines.items():
            assert bool(callgrind.is_locked(line)) == locked, line


def made_up(better, ours, theirs):
    return {"unit": "u", "better": better, "ours": {"values": ours, "median": ours[1]},
            "libzmq": {"values": theirs, "median": theirs[1]}}


def check_figures():
    sweep = wide.SWEEPS[0]
    rows = {sweep.name(v): made_up("lower", [5, 6, 7], [1, 2, 3]) for v in sweep.values}
    rows[sweep.name(sweep.values[0])] = made_up("lower", [2, 4, 6], [3, 3.5, 4])
    summary = {"rows": rows, "failures": [], "best": False, "quick": False, "runs": 3,
               "libraries": {}, "largest_load": 0,
               "machine": {"cpus": 2, "model": "", "kernel": "k"}}
    with tempfile.TemporaryDirectory() as where:
        text = figures.render(summary, where)
        for name in os.listdir(where):
            xml.dom.minidom.parse(os.path.join(where, name))
        assert os.listdir(where) == [f"{sweep.key}.svg"], os.listdir(where)
    assert text.count("0.33 x") == len(sweep.values) - 1, text
    assert "By the median only" in text and "0.88 x" in text, text
    assert svg.chart("t", "w", "x", {"ours": [(1, 0)]}) is None
    names = [job.name for job in wide.JOBS]
    assert len(names) == len(set(names))


def main():
    check_laws()
    check_callgrind()
    check_figures()
    print("the benchmark's own arithmetic holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
