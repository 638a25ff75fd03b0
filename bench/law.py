# SPDX-License-Identifier: MIT
"""How a cost grows with n: which of a few laws it is closest to, and its exponent."""

import math

# For what all n cost together, and for what one operation costs in the presence of n.
TOTAL = {"n": lambda n: n, "n log n": lambda n: n * math.log2(n + 1), "n^2": lambda n: n * n}
ONE = {"constant": lambda n: 1.0, "log n": lambda n: math.log2(n + 1), "n": lambda n: n,
       "n log n": lambda n: n * math.log2(n + 1), "n^2": lambda n: n * n}
SLACK = 0.12    # of an exponent: what caches and chance may add


def error(costs, law):
    """Mean square of the logarithms' distance, the constant factor chosen freely."""
    gaps = [math.log(cost / law(n)) for n, cost in costs]
    mean = sum(gaps) / len(gaps)
    return sum((g - mean) ** 2 for g in gaps) / len(gaps)


def exponent(costs):
    """The slope of the straight line through the logarithms."""
    xs = [math.log(n) for n, _ in costs]
    ys = [math.log(cost) for _, cost in costs]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys)) / sum((x - mx) ** 2 for x in xs)


def with_offset(costs):
    """The best of `a + b n`: its name and error."""
    best = None
    for step in range(-80, 9):
        ratio = 10 ** (step / 8)

        def law(n, ratio=ratio):
            return 1 + ratio * n

        found = error(costs, law)
        if best is None or found < best[0]:
            best = (found, ratio)
    return f"1 + n/{1 / best[1]:,.0f}", best[0]


def costs_of(kind, points):
    """(n, cost) of (n, value): what all n cost for each and rate, else what one operation does."""
    out = []
    for n, value in points:
        if not n or not value:
            continue
        cost = value if kind in ("each", "op") else 1.0 / value
        out.append((n, cost * n if kind in ("each", "rate") else cost))
    return out


def fit(kind, points):
    """{law, exponent, bound, holds}; None if there are too few points."""
    costs = costs_of(kind, points)
    if len(costs) < 3:
        return None
    laws = TOTAL if kind in ("each", "rate") else ONE
    found = {name: error(costs, law) for name, law in laws.items()}
    if laws is ONE:
        name, least = with_offset(costs)
        found[name] = least * 1.5 + 0.002     # it has one constant more to choose
    slope = exponent(costs)
    bound = exponent([(n, n * math.log2(n + 1)) for n, _ in costs])
    return {"law": min(found, key=found.get), "exponent": slope, "bound": bound,
            "holds": slope <= bound + SLACK, "of": "all" if laws is TOTAL else "one"}
