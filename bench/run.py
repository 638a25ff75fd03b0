#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs every benchmark side by side (this library, the system's libzmq, nng, bare sockets), in
alternating order, and prints the medians, their ratios and whether the goals are met.

    bench/run.py --build build [--runs 5] [--only lat_tcp_1,thr_*] [--quick] [--wide]

The two libzmq's are measured with the very same binary; which library a process has loaded is
read by the process itself from /proc/self/maps and checked here for every single run.
"""

import argparse
import contextlib
import fnmatch
import glob
import json
import os
import signal
import statistics
import subprocess
import sys
import time

import table
import wide
from rows import JOBS, ROWS

HERE = os.path.dirname(os.path.abspath(__file__))


def system_library():
    """The directory of the distribution's libzmq.so.5, or None."""
    for command in (["dpkg", "-L", "libzmq5"], ["rpm", "-ql", "zeromq"]):
        try:
            listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            continue
        for path in listing.split():
            if os.path.basename(path) == "libzmq.so.5":
                return os.path.dirname(os.path.realpath(path))
    return None


def find_library(build, name):
    found = sorted(glob.glob(os.path.join(build, "**", name), recursive=True), key=len)
    return os.path.abspath(found[0]) if found else None


def our_library(build):
    found = find_library(build, "libzmq.so.5")
    return os.path.dirname(found) if found else None


class Failure(Exception):
    pass


class Skipped(Exception):
    pass


def check_libraries(side, objects, directory):
    used = {o["library"] for o in objects if "library" in o}
    if side in ("ours", "libzmq"):
        if not used:
            raise Failure("no process told which library it uses")
        for path in used:
            if os.path.dirname(os.path.realpath(path)) != os.path.realpath(directory):
                raise Failure(f"wrong library {path}, expected one in {directory}")
    return sorted(used)


def run_once(command, side, directory, limit, preload=None):
    env = dict(os.environ)
    if preload:
        env["LD_PRELOAD"] = preload
    env.pop("LD_LIBRARY_PATH", None)
    if directory:
        env["LD_LIBRARY_PATH"] = directory
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=limit + 5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise Failure(f"no end within {limit + 5} s {err.strip()[-300:]}")
    if process.returncode == -signal.SIGALRM:
        raise Failure(f"no end within its limit of {limit} s {err.strip()[-300:]}")
    if process.returncode == 77:
        raise Skipped(err.strip()[-300:])
    if process.returncode:
        raise Failure(f"exit code {process.returncode}: {err.strip()[-300:]}")
    objects = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    libraries = check_libraries(side, objects, directory)
    results = [o for o in objects if "value" in o]
    if not results:
        raise Failure("no result printed")
    return results, libraries


@contextlib.contextmanager
def company(program, count, limit):
    """`count` processes that only use a processor, as long as the block runs."""
    crowd = []
    try:
        for _ in range(count):
            crowd.append(subprocess.Popen([program, "--limit", str(limit)]))
        yield
    finally:
        for process in crowd:
            process.kill()
            process.wait()


class Bench:
    def __init__(self, options):
        self.options = options
        self.bin = options.bin
        self.dirs = {"ours": options.ours, "libzmq": options.libzmq}
        self.samples = {}    # key -> side -> list of result objects
        self.failures = []
        self.libraries = {}
        self.load = os.getloadavg()[0]

    def sides(self, job):
        out = []
        for side in ("ours", "libzmq"):
            if job.own and self.dirs[side] and side not in self.options.without:
                out.append((side, job.program, job.args))
        for side, (program, args) in job.others.items():
            if side not in self.options.without:
                out.append((side, program, args))
        return [s for s in out if os.path.exists(os.path.join(self.bin, s[1]))]

    def run_job(self, job, run):
        sides = self.sides(job)
        shift = run % len(sides) if sides else 0
        for side, program, args in sides[shift:] + sides[:shift]:
            command = [os.path.join(self.bin, program), "--row", job.name, *args,
                       "--limit", str(job.limit)]
            if job.seconds:
                seconds = job.seconds / 4 if self.options.quick else job.seconds
                command += ["--seconds", f"{seconds:g}"]
            preload = job.preload and find_library(self.options.build, job.preload)
            try:
                if preload is None:
                    raise Skipped(f"no {job.preload} was built")
                with company(os.path.join(self.bin, "bench_busy"), job.busy, job.limit + 10):
                    results, libraries = run_once(command, side, self.dirs.get(side),
                                                  job.limit, preload)
            except Skipped as reason:
                print(f"{job.name} [{side}]: {reason}", file=sys.stderr, flush=True)
                continue
            except Failure as failure:
                self.failures.append(f"{job.name} [{side}]: {failure}")
                print(f"FAILED {self.failures[-1]}", file=sys.stderr, flush=True)
                continue
            self.libraries.setdefault(side, set()).update(libraries)
            for result in results:
                key = job.name + ("." + result["metric"] if "metric" in result else "")
                self.samples.setdefault(key, {}).setdefault(side, []).append(result)

    def run(self, jobs):
        runs = 1 if self.options.quick else self.options.runs
        for number, job in enumerate(jobs, 1):
            start = time.monotonic()
            for run in range(min(runs, job.max_runs)):
                self.run_job(job, run)
            print(f"[{number}/{len(jobs)}] {job.name} {time.monotonic() - start:.1f} s",
                  file=sys.stderr, flush=True)
            if not job.busy:
                self.load = max(self.load, os.getloadavg()[0])

    def middle(self, values, better):
        """The median; the best with --best, which bears a busy machine better."""
        if self.options.best:
            return max(values) if better == "higher" else min(values)
        return statistics.median(values)

    def summary(self):
        rows = {}
        for key, sides in self.samples.items():
            row = rows[key] = {}
            for side, results in sides.items():
                row["unit"] = results[0]["unit"]
                row["better"] = results[0]["better"]
                entry = row[side] = {"values": [r["value"] for r in results]}
                entry["median"] = self.middle(entry["values"], row["better"])
                for name in results[0]:  # the middle of what else was told
                    if isinstance(results[0][name], (int, float)) and name != "value":
                        entry[name] = statistics.median(r[name] for r in results if name in r)
        return {"rows": rows, "failures": self.failures, "quick": self.options.quick,
                "runs": 1 if self.options.quick else self.options.runs,
                "best": self.options.best,
                "libraries": {s: sorted(p) for s, p in self.libraries.items()},
                "machine": machine(), "largest_load": self.load}


def machine():
    model = ""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:
            model = next((l.split(":", 1)[1].strip() for l in info if l.startswith("model name")),
                         "")
    except OSError:
        pass
    return {"cpus": len(os.sched_getaffinity(0)), "model": model, "kernel": os.uname().release}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(os.path.dirname(HERE), "build"),
                        help="build directory of the project")
    parser.add_argument("--bin", help="directory of the benchmark programs")
    parser.add_argument("--ours", help="directory of our libzmq.so.5")
    parser.add_argument("--libzmq", help="directory of the libzmq.so.5 to compare with")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default="", help="row names or patterns, comma separated")
    parser.add_argument("--without", default="", help="sides to leave out, comma separated")
    parser.add_argument("--wide", action="store_true", help="the wide set instead of the table")
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--best", action="store_true",
                        help="the best of the runs, not their median: for a busy machine")
    parser.add_argument("--list", action="store_true", help="print the row names and leave")
    parser.add_argument("--json", help="where to write the results")
    options = parser.parse_args()
    options.without = set(filter(None, options.without.split(",")))
    options.bin = options.bin or os.path.join(options.build, "bench")
    options.ours = options.ours or our_library(options.build)
    options.libzmq = options.libzmq or system_library()
    name = "wide.json" if options.wide else "results.json"
    options.json = options.json or os.path.join(options.bin, name)
    return options


def main():
    options = parse()
    patterns = [p for p in options.only.split(",") if p]
    known = wide.JOBS if options.wide else JOBS
    jobs = [j for j in known if not patterns or any(fnmatch.fnmatch(j.name, p) for p in patterns)]
    if options.list:
        print("\n".join(j.name for j in jobs))
        return 0
    if not jobs:
        sys.exit("no such row; see --list")
    if not os.path.exists(os.path.join(options.bin, "bench_req")):
        sys.exit(f"no benchmark programs in {options.bin}; build the project first")
    for side, directory in (("ours", options.ours), ("libzmq", options.libzmq)):
        if not directory:
            print(f"NOTE: no libzmq.so.5 found for '{side}', its column stays empty",
                  file=sys.stderr)
    if os.getloadavg()[0] > 0.7:
        print(f"NOTE: the machine is busy (load {os.getloadavg()[0]:.2f}); expect noise",
              file=sys.stderr)
    bench = Bench(options)
    bench.run(jobs)
    summary = bench.summary()
    with open(options.json, "w", encoding="utf-8") as out:
        json.dump(summary, out, indent=1)
    if options.wide:
        print(f"{len(summary['rows'])} rows; bench/figures.py draws them")
    else:
        print(table.render(summary, ROWS))
    print(f"JSON: {options.json}", file=sys.stderr)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
