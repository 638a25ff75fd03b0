#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Renders the results of run.py as markdown, and puts them into the documents.

    bench/table.py results.json [--counts counts.json] [--readme README.md]
                   [--doc doc/performance.md]
"""

import argparse
import json
import os
import re
import sys

SIDES = ["ours", "libzmq", "nng", "bare", "batch"]
HEADS = {"ours": "zmqx", "libzmq": "libzmq", "nng": "nng", "bare": "bare sockets",
         "batch": "bare, batched"}
COUNTS = ["syscalls", "allocations", "allocated bytes", "wake-ups", "locked", "instructions"]
BEGIN = "<!-- bench -->"
END = "<!-- /bench -->"


def number(value):
    for limit, divisor, suffix in ((1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k")):
        if abs(value) >= limit:
            return f"{value / divisor:.3g}{suffix}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def quantity(row, side):
    if side not in row:
        return ""
    text = number(row[side]["median"])
    return f"{text} {row['unit']}" if row["unit"] else text


def advantage(row):
    """How many times better ours is than libzmq; None where it cannot be said."""
    if "ours" not in row or "libzmq" not in row:
        return None
    ours, theirs = row["ours"]["median"], row["libzmq"]["median"]
    if row["better"] == "higher":
        return ours / theirs if theirs else None
    if not ours:
        return None if not theirs else float("inf")
    return theirs / ours


def holds(alternatives, row):
    """True, False, or None (not measured) for a list of alternatives of demands."""
    answers = []
    for demands in alternatives:
        each = [d.is_met(row) for d in demands]
        answers.append(False if False in each else None if None in each else True)
    if True in answers:
        return True
    return None if None in answers else False


def goal_text(alternatives):
    return " or ".join(", ".join(d.text() for d in demands) for demands in alternatives)


def verdict(spec, row):
    if not spec.wants or "ours" not in row:
        return ""
    met = holds(spec.wants, row)
    if met is None:
        return "?"
    if met:
        return "yes"
    if spec.floor and holds(spec.floor, row):
        return "floor"
    return "**no**"


def cpu_text(row):
    """CPU seconds per million: libzmq's over ours."""
    ours = row.get("ours", {}).get("cpu_s_per_million")
    theirs = row.get("libzmq", {}).get("cpu_s_per_million")
    if ours is None and theirs is None:
        return ""
    show = ["-" if v is None else f"{v:.3g}" for v in (ours, theirs)]
    mark = " **!**" if ours is not None and theirs is not None and ours > theirs else ""
    return f"{show[0]} / {show[1]}{mark}"


def spread(row, side):
    values = row.get(side, {}).get("values", [])
    median = row.get(side, {}).get("median")
    if len(values) < 2 or not median:
        return ""
    return f"±{(max(values) - min(values)) / 2 / median:.0%}"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def group_table(rows, specs, present):
    heads = ["work", *[HEADS[s] for s in present], "x libzmq", "spread", "goal", "met?",
             "CPU s/M, ours / libzmq"]
    out = [line(heads), "|" + "---|" * len(heads)]
    for spec in specs:
        row = rows[spec.key]
        factor = advantage(row)
        out.append(line([spec.title, *[quantity(row, s) for s in present],
                         "" if factor is None else f"**{factor:.2f}**", spread(row, "ours"),
                         goal_text(spec.wants), verdict(spec, row), cpu_text(row)]))
    return out


def unlisted(rows, specs):
    return sorted(set(rows) - {s.key for s in specs})


def render(summary, specs):
    rows = summary["rows"]
    out = []
    groups = list(dict.fromkeys(s.group for s in specs))
    for group in groups:
        mine = [s for s in specs if s.group == group and s.key in rows]
        if not mine:
            continue
        present = [s for s in SIDES if any(s in rows[m.key] for m in mine)]
        out += [f"### {group}", "", *group_table(rows, mine, present), ""]
    for key in unlisted(rows, specs):
        out.append(f"{key}: " + ", ".join(f"{s} {quantity(rows[key], s)}" for s in SIDES
                                          if s in rows[key]))
    for failure in summary["failures"]:
        out.append(f"FAILED: {failure}")
    return "\n".join(out + ["", about(summary)])


def about(summary, options="default options on both sides"):
    info = summary["machine"]
    which = "best" if summary["best"] else "median"
    kind = "one short run" if summary["quick"] else f"{which} of {summary['runs']} runs"
    text = (f"{kind}, sides alternating, one machine: {info['cpus']} cores, "
            f"{info['model'] or 'unknown processor'}, Linux {info['kernel']}; {options}.")
    # The benchmark itself keeps more threads running than there are cores at times.
    if summary["largest_load"] > 2 * info["cpus"]:
        text += (f" **The machine was busy with other work (load {summary['largest_load']:.1f}): "
                 "these numbers say little.**")
    return text[0].upper() + text[1:]


def render_short(summary, specs):
    rows = summary["rows"]
    out = [line(["work", "zmqx", "libzmq", "ratio"]), "|---|---|---|---|"]
    for spec in specs:
        row = rows.get(spec.key, {})
        factor = advantage(row)
        if spec.short and factor is not None:
            group = spec.group.split(",", maxsplit=1)[0]
            out.append(line([f"{group}: {spec.title}", quantity(row, "ours"),
                             quantity(row, "libzmq"), f"{factor:.1f} x"]))
    return "\n".join(out + ["", about(summary)])


def count_cell(values, column):
    if not values or column not in values:
        return "-"
    value = values[column]
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def render_counts(results):
    """The table of bench/counts."""
    out = [line(["per message", *[f"{c}, ours / libzmq" for c in COUNTS]]),
           "|" + "---|" * (len(COUNTS) + 1)]
    for name, sides in results.items():
        out.append(line([name, *[f"{count_cell(sides.get('ours'), c)} / "
                                 f"{count_cell(sides.get('libzmq'), c)}" for c in COUNTS]]))
    return "\n".join([*out, "", "Of both processes together, for each message sent; "
                      "request-reply: for each round trip; pub50: for each publication to 50 "
                      "subscribers; dealers8: for one round trip of each of the eight."])


def put_between(text, body, begin=BEGIN, end=END):
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if not pattern.search(text):
        raise SystemExit(f"no {begin} .. {end} to fill")
    return pattern.sub(lambda _: f"{begin}\n{body}\n{end}", text)


def main():
    from rows import ROWS

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("results")
    parser.add_argument("--readme")
    parser.add_argument("--doc")
    parser.add_argument("--counts", help="JSON of bench/counts")
    options = parser.parse_args()
    with open(options.results, encoding="utf-8") as source:
        summary = json.load(source)
    whole = render(summary, ROWS)
    if options.counts:
        with open(options.counts, encoding="utf-8") as source:
            whole += "\n\n### Counts\n\n" + render_counts(json.load(source))
    for path, body in ((options.readme, render_short(summary, ROWS)), (options.doc, whole)):
        if path and not os.path.exists(path):
            print(f"NOTE: no {path}, its table is not written", file=sys.stderr)
        elif path:
            with open(path, encoding="utf-8") as document:
                text = put_between(document.read(), body)
            with open(path, "w", encoding="utf-8") as document:
                document.write(text)
    if not options.readme and not options.doc:
        print(whole)
    return 0


if __name__ == "__main__":
    sys.exit(main())
