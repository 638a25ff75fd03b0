# SPDX-License-Identifier: MIT
"""Reads what callgrind has written with --dump-instr=yes: how many instructions were executed, and
how many of them were locked (an atomic read-modify-write: what taking or giving back a lock, a
reference count or a queue's hand-over costs, whoever's lock it is)."""

import functools
import glob
import os
import platform
import re
import subprocess

OPTIONS = ["--tool=callgrind", "--fair-sched=yes", "--dump-instr=yes", "--dump-line=no",
           "--compress-pos=no", "--compress-strings=no"]
_LOCKED = re.compile(r"^\s*([0-9a-f]+):\s+(?:lock\b|xchg\s+[^#]*\()")
_COST = re.compile(r"^0x([0-9a-f]+) (\d+)$")


def can_tell_locked():
    """Elsewhere a locked instruction is not to be told from its name."""
    return platform.machine() == "x86_64"


def is_locked(line):
    """Whether a line of a disassembly shows a locked instruction: the match, its place in 1."""
    return _LOCKED.match(line)


@functools.lru_cache(maxsize=None)
def locked_addresses(path):
    """Where in a program or library locked instructions are; none if it is no file."""
    if not os.path.exists(path):
        return frozenset()
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True,
                             text=True, check=True).stdout
    return frozenset(int(m.group(1), 16) for m in map(is_locked, listing.splitlines()) if m)


def read_one(path):
    """(instructions, locked instructions) of one process."""
    total = locked = 0
    places = frozenset()
    is_call = False
    with open(path, encoding="utf-8", errors="replace") as source:
        for line in source:
            if is_call:           # the cost of what was called, counted where it is executed
                is_call = False
            elif line.startswith("calls="):
                is_call = True
            elif line.startswith("ob="):
                places = locked_addresses(line[3:].strip())
            else:
                cost = _COST.match(line)
                if cost:
                    total += int(cost.group(2))
                    if int(cost.group(1), 16) in places:
                        locked += int(cost.group(2))
    return total, locked


def read_all(directory):
    """The sums of all processes that have written into `directory`."""
    each = [read_one(path) for path in glob.glob(os.path.join(directory, "cg.*"))]
    return sum(e[0] for e in each), sum(e[1] for e in each)
