#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the wide set: figures, tables and laws of growth from what run.py --wide has written.

    bench/figures.py wide.json [--doc doc/performance.md]

The figures and the numbers go beside the document, into figures/; without --doc the text is
printed.
"""

import argparse
import json
import os
import re
import sys

import law
import svg
import table
import wide

BEGIN, END = "<!-- wide -->", "<!-- /wide -->"
NAMES = {**table.HEADS, "plain": "send, recv", "spin": "asked without blocking",
         "busypoll": "SO_BUSY_POLL", "buffers": "buffers of 4 MiB", "zerocopy": "MSG_ZEROCOPY",
         "uring": "io_uring", "sqpoll": "io_uring, polled by the kernel"}

ABOUT_LAWS = (
    "The law that is closest, its constant chosen freely, and the exponent of the straight line "
    "through the logarithms. What all n cost together grows with exponent 1 if each costs the same "
    "whatever their number; what one operation costs in the presence of n has exponent 0 if n does "
    "not matter. Caches that overflow and chance count as well. It is no worse than n log n if its "
    f"exponent is at most that of n log n over the same range, and {law.SLACK:g} for those two.")


def key_of(sweep, value, metric):
    return sweep.name(value) + (f".{metric.name}" if metric.name else "")


def rows_of(sweep, metric, rows):
    """[(value, row)] of those that were measured."""
    found = [(value, rows.get(key_of(sweep, value, metric))) for value in sweep.values]
    return [(value, row) for value, row in found if row]


def sides_of(measured):
    return [s for s in NAMES if any(s in row for _, row in measured)]


def metric_table(sweep, metric, measured):
    sides = sides_of(measured)
    both = any(table.advantage(row) is not None for _, row in measured)
    cpu = [table.cpu_text(row) for _, row in measured]
    heads = [sweep.axis, *[NAMES[s] for s in sides], *(["x libzmq", "spread"] if both else []),
             *(["CPU s/M, ours / libzmq"] if any(cpu) else [])]
    out = [f"{metric.title}:", "", table.line(heads), "|" + "---|" * len(heads)]
    for (value, row), used in zip(measured, cpu):
        factor = table.advantage(row)
        cells = [svg.size(value), *[table.number(row[s]["median"]) if s in row else ""
                                    for s in sides]]
        if both:
            mark = "" if factor is None else f"{factor:.2f}"
            cells += [f"**{mark}**" if factor is not None and factor < 1 else mark,
                      table.spread(row, "ours")]
        out.append(table.line(cells + ([used] if any(cpu) else [])))
    return out + [""] + (cpu_table(sweep, sides, measured) if not sweep.own else [])


def cpu_table(sweep, sides, measured):
    """Of both processes, each side in its own column; it bears a busy machine better than times."""
    out = ["CPU of both processes, s per million:", "",
           table.line([sweep.axis, *[NAMES[s] for s in sides]]),
           "|" + "---|" * (len(sides) + 1)]
    for value, row in measured:
        out.append(table.line([svg.size(value),
                               *[table.number(row[s].get("cpu_s_per_million", 0))
                                 if s in row else "" for s in sides]]))
    return out + [""]


def figure(sweep, metric, measured, directory):
    """Writes it; returns its name, or None where there is nothing to draw."""
    sides = [s for s in sides_of(measured) if s in svg.STYLES]
    if not metric.figure or len(measured) < 2:
        return None
    series = {s: [(v, row[s]["median"]) for v, row in measured if s in row] for s in sides}
    text = svg.chart(sweep.title, metric.title, sweep.axis, series)
    if not text:
        return None
    name = sweep.key + (f"-{metric.name}" if metric.name else "") + ".svg"
    if directory:
        with open(os.path.join(directory, name), "w", encoding="utf-8") as out:
            out.write(text)
    return name


def section(sweep, rows, directory):
    out, tables = [], []
    for metric in sweep.metrics:
        measured = rows_of(sweep, metric, rows)
        if not measured:
            continue
        name = figure(sweep, metric, measured, directory)
        if name:
            out.append(f"![{sweep.title}: {metric.title}](figures/{name})")
        tables += metric_table(sweep, metric, measured)
    if not tables:
        return []
    return [f"### {sweep.title}", "", *(out + [""] if out else []),
            "<details><summary>Numbers</summary>", "", *tables, "</details>", ""]


def law_cells(found):
    if not found:
        return ["", ""]
    return [found["law"], f"{found['exponent']:.2f}"]


def laws(rows):
    heads = ["what", "of", "from", "to", "zmqx", "exponent", "libzmq", "exponent",
             "no worse than n log n"]
    out = [table.line(heads), "|" + "---|" * len(heads)]
    for sweep in wide.SWEEPS:
        for metric in sweep.metrics:
            measured = rows_of(sweep, metric, rows) if metric.law else []
            fits = {s: law.fit(metric.law, [(v, r[s]["median"]) for v, r in measured if s in r])
                    for s in ("ours", "libzmq")}
            if not fits["ours"]:
                continue
            what = {"all": "all together", "one": "one operation"}[fits["ours"]["of"]]
            values = [v for v, r in measured if "ours" in r]
            out.append(table.line([f"{sweep.title}: {metric.title}", f"{what}, by {sweep.axis}",
                                   svg.size(values[0]), svg.size(values[-1]),
                                   *law_cells(fits["ours"]), *law_cells(fits["libzmq"]),
                                   "yes" if fits["ours"]["holds"] else "**no**"]))
    return out


def overlap(row):
    """True where the runs of the two are not apart."""
    ours, theirs = row["ours"]["values"], row["libzmq"]["values"]
    return min(ours) <= max(theirs) and min(theirs) <= max(ours)


def behind(rows):
    """Where this library is not ahead, the worst first."""
    apart, close = [], []
    for sweep in wide.SWEEPS:
        for metric in sweep.metrics:
            for value, row in rows_of(sweep, metric, rows):
                factor = table.advantage(row)
                if factor is not None and factor < 1:
                    (close if overlap(row) else apart).append(
                        (factor, f"{sweep.title}, {metric.title}, {sweep.axis} "
                         f"{svg.size(value)}: {factor:.2f} x"))
    out = [f"- {text}" for _, text in sorted(apart)] or ["Nowhere where all runs say so."]
    if close:
        out += ["", "By the median only, while the runs of the two overlap:", "",
                *[f"- {text}" for _, text in sorted(close)]]
    return out


def render(summary, directory):
    rows = summary["rows"]
    out = []
    for sweep in wide.SWEEPS:
        out += section(sweep, rows, directory)
    out += ["### How it grows", "", ABOUT_LAWS, "", *laws(rows), "",
            "### Where this library is not ahead", "", *behind(rows), ""]
    out += [f"FAILED: {failure}" for failure in summary["failures"]]
    return "\n".join(out + ["", table.about(summary, "exceptions above")])


def without_paths(summary):
    """The numbers as they are kept: a library by its file's name."""
    kept = dict(summary)
    kept["libraries"] = {side: sorted(os.path.basename(p) for p in paths)
                         for side, paths in summary["libraries"].items()}
    kept["failures"] = len(summary["failures"])
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("results")
    parser.add_argument("--doc")
    options = parser.parse_args()
    with open(options.results, encoding="utf-8") as source:
        summary = json.load(source)
    if not options.doc:
        print(render(summary, None))
        return 0
    directory = os.path.join(os.path.dirname(os.path.abspath(options.doc)), "figures")
    os.makedirs(directory, exist_ok=True)
    for name in os.listdir(directory):
        if re.fullmatch(r"[a-z0-9_-]+\.svg", name):
            os.unlink(os.path.join(directory, name))
    body = render(summary, directory)
    with open(os.path.join(directory, "wide.json"), "w", encoding="utf-8") as out:
        json.dump(without_paths(summary), out, indent=1, sort_keys=True)
        out.write("\n")
    with open(options.doc, encoding="utf-8") as document:
        text = table.put_between(document.read(), body, BEGIN, END)
    with open(options.doc, "w", encoding="utf-8") as document:
        document.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
