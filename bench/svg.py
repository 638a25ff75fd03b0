# SPDX-License-Identifier: MIT
"""Line charts as plain SVG, readable on a light and on a dark page."""

import math
from html import escape

WIDTH, HEIGHT = 680, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 132, 46, 46
# name, colour on a light page, on a dark one, dashes, marker
STYLES = {"ours": ("zmqx", "#0550ae", "#6cb6ff", "", "circle"),
          "libzmq": ("libzmq", "#bc4c00", "#f69d50", "", "square"),
          "nng": ("nng", "#1a7f37", "#6bc46d", "6 3", "diamond"),
          "bare": ("bare sockets", "#57606a", "#adbac7", "2 3", "circle"),
          "batch": ("bare, batched", "#8250df", "#dcbdfb", "2 3", "square")}


def css():
    light = "".join(f".{k}{{stroke:{s[1]};fill:{s[1]}}}" for k, s in STYLES.items())
    dark = "".join(f".{k}{{stroke:{s[2]};fill:{s[2]}}}" for k, s in STYLES.items())
    return ("text{font:12px system-ui,sans-serif;fill:#1f2328;stroke:none}"
            ".grid{stroke:#d0d7de}.line{fill:none;stroke-width:2}.h{font-weight:600;"
            f"font-size:13px}}{light}.line{{fill:none}}"
            "@media(prefers-color-scheme:dark){text{fill:#d1d7e0}.grid{stroke:#3d444d}"
            f"{dark}.line{{fill:none}}}}")


def short(value):
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:g}{suffix}"
    return f"{value:g}"


class Axis:
    """A logarithmic axis from `low` to `high`; a value of 0 stands half a decade before the
    first."""

    def __init__(self, values, begin, end):
        some = [v for v in values if v > 0]
        self.low = min(some)
        self.has_zero = min(values) <= 0
        if self.has_zero:
            self.low /= 3
        high = max(some)
        if high / self.low < 1.5:
            self.low, high = self.low / 1.3, high * 1.3
        self.begin, self.end = begin, end
        self.scale = (end - begin) / math.log(high / self.low)
        self.high = high

    def at(self, value):
        return self.begin + self.scale * math.log(max(value, self.low) / self.low)

    def ticks(self):
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        out = [10.0 ** e for e in range(first, last + 1)]
        if last - first < 3:
            out += [m * 10.0 ** e for e in range(first, last + 1) for m in (2, 5)]
        step = 1 + len(out) // 9 if last - first >= 3 else 1
        return [t for t in sorted(out)[::step] if self.low * 0.999 <= t <= self.high * 1.001]


def marker(kind, x, y, side):
    if kind == "square":
        return f'<rect class="{side}" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'
    if kind == "diamond":
        return (f'<path class="{side}" d="M{x:.1f} {y - 4:.1f}l4 4l-4 4l-4 -4z"/>')
    return f'<circle class="{side}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'


def draw_line(side, points, across, up):
    _, _, _, dashes, kind = STYLES[side]
    spots = [(across.at(x), up.at(y)) for x, y in points]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return [f'<path class="line {side}"{dash} d="{path}"/>',
            *[marker(kind, x, y, side) for x, y in spots]]


def legend(sides, series, up):
    """Names beside the ends of their lines, pushed apart where they would touch."""
    ends = sorted((up.at(series[s][-1][1]), s) for s in sides)
    out, last = [], TOP - 16
    for y, side in ends:
        last = max(y, last + 16)
        out.append(marker(STYLES[side][4], WIDTH - RIGHT + 14, last, side))
        out.append(f'<text x="{WIDTH - RIGHT + 22}" y="{last + 4:.1f}">{STYLES[side][0]}</text>')
    return out


def chart(title, what, x_title, series):
    """`series`: {side: [(x, y), ...]}; None where there is nothing to draw."""
    series = {s: sorted((x, y) for x, y in points if y > 0) for s, points in series.items()}
    series = {s: points for s, points in series.items() if points}
    if not series:
        return None
    xs = sorted({x for points in series.values() for x, _ in points})
    across = Axis(xs, LEFT, WIDTH - RIGHT)
    up = Axis([y for points in series.values() for _, y in points], HEIGHT - BOTTOM, TOP + 8)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" role="img">', f"<style>{css()}</style>",
           f"<title>{escape(title)}: {escape(what)}</title>",
           f'<text class="h" x="8" y="18">{escape(title)}</text>',
           f'<text x="8" y="36">{escape(what)}</text>']
    for tick in up.ticks():
        y = up.at(tick)
        out.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
    last = 0
    for x in xs:
        place = across.at(x)
        out.append(f'<path class="grid" d="M{place:.1f} {HEIGHT - BOTTOM}v4"/>')
        if place - last > 34:
            last = place
            out.append(f'<text x="{place:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                       f"{size(x)}</text>")
    out.append(f'<path class="grid" d="M{LEFT} {HEIGHT - BOTTOM}H{WIDTH - RIGHT}"/>')
    for side, points in series.items():
        out += draw_line(side, points, across, up)
    out += legend(list(series), series, up)
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" '
               f'text-anchor="middle">{escape(x_title)}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"


def size(value):
    """1024 and its multiples as such."""
    for limit, suffix in ((1 << 20, "Mi"), (1 << 10, "Ki")):
        if value >= limit and value % limit == 0:
            return f"{value // limit}{suffix}"
    return short(value)
