#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one module of the test suite that the distribution's python3-zmq carries on a given libzmq,
and compares test by test with what passes on the system's own (expected.txt).

    run.py <expected.txt> <directory of a libzmq.so.5> <module>
    run.py --record <directory of a libzmq.so.5>       prints a new expected.txt

A test of the list that does not pass is a failure, and so is one that fails without being on the
list of known failures. If the package is not of the version the list was made with, the system's
library is run first, for a list made now. Not run by pytest's own rules of names: this is a script.
"""
import ctypes
import ctypes.util
import glob
import os
import subprocess
import sys
import tempfile

PYTHON = "/usr/bin/python3"
HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 100


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def python_says(code):
    done = subprocess.run([PYTHON, "-B", "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def suite():
    """The folder of the suite that the package carries."""
    found = python_says("import zmq, os; print(os.path.dirname(zmq.__file__))")
    if not found:
        skip("the distribution's python3-zmq is not installed")
    if not python_says("import pytest, pytest_asyncio, tornado; print(1)"):
        skip("python3-pytest, python3-pytest-asyncio or python3-tornado is not installed")
    if not glob.glob(found + "/tests/test_*.py"):
        skip("python3-zmq carries no tests here")
    return found + "/tests"


def system_dir():
    out = subprocess.run(["dpkg", "-L", "libzmq5"], capture_output=True, text=True, check=False)
    for path in out.stdout.split():
        if path.endswith("/libzmq.so.5"):
            return os.path.dirname(path)
    return skip("the distribution's libzmq5 is not installed")


def run(module, lib_dir):
    """Runs a module; returns {what: ...} of libraries, version and outcomes, and the log."""
    with tempfile.TemporaryDirectory() as work:
        # A folder of its own: nothing else of what lies beside the library is to be found by it.
        os.mkdir(work + "/lib")
        os.symlink(os.path.realpath(lib_dir + "/libzmq.so.5"), work + "/lib/libzmq.so.5")
        outcomes = work + "/outcomes"
        env = dict(os.environ, LD_LIBRARY_PATH=work + "/lib", PYTHONPATH=HERE,
                   ZMQX_OUTCOMES=outcomes)
        try:
            done = subprocess.run(
                [PYTHON, "-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-p",
                 "watch", "-o", "asyncio_mode=auto", f"{suite()}/{module}.py"], cwd=work,
                env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                check=False)
            log = done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            log = (late.stdout or b"").decode(errors="replace") + f"\nended after {LIMIT_S} s"
        result = {"library": [], "version": [], "passed": [], "failed": [], "skipped": []}
        if os.path.exists(outcomes):
            with open(outcomes, encoding="utf-8") as file:
                for line in file:
                    what, name = line.rstrip("\n").split(" ", 1)
                    result[what].append(name)
        if result["library"] and result["library"] != [os.path.realpath(lib_dir +
                                                                         "/libzmq.so.5")]:
            print("loaded is", *result["library"], "and not that of", lib_dir)
            sys.exit(1)
        return result, log


def record(lib_dir):
    for path in sorted(glob.glob(suite() + "/test_*.py")):
        result, _ = run(os.path.basename(path)[:-3], lib_dir)
        for name in result["passed"]:
            print("passes", name)
        for name in result["failed"]:
            print("fails", name, "--")


def read_expected(path, module):
    version, passes, fails = "", [], {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words or words[0] == "#":
                continue
            if words[0] == "version":
                version = words[1]
            elif words[1].startswith(module + ".py::"):
                name, _, why = line.strip().partition(" ")[2].partition(" -- ")
                if words[0] == "passes":
                    passes.append(name)
                else:
                    fails[name] = why
    return version, passes, fails


def has(lib_dir, feature):
    library = ctypes.CDLL(os.path.realpath(lib_dir + "/libzmq.so.5"))
    return library.zmq_has(feature.encode()) == 1


def main():
    if sys.argv[1] == "--record":
        return record(sys.argv[2])
    expected, lib_dir, module = sys.argv[1:]
    version, passes, fails = read_expected(expected, module)
    result, log = run(module, lib_dir)
    if not result["library"]:
        print(log, "\nthe run ended before its end" if passes or fails else
              "\nno test ran to tell which library is loaded")
        return 1
    print("library", result["library"][0])
    if result["version"] != [version]:
        print("python3-zmq", *result["version"], "and not", version, "- a list is made now")
        reference, _ = run(module, system_dir())
        passes = reference["passed"]
        fails.update((name, "fails on the system's library") for name in reference["failed"])
    if not has(lib_dir, "curve"):
        for name in [name for name in passes if name in result["skipped"]]:
            print("SKIP:", name, "(this build has no CURVE)")
            passes.remove(name)
    bad = [(name, "failed" if name in result["failed"] else "skipped" if name in
            result["skipped"] else "did not run") for name in passes
           if name not in result["passed"]]
    bad += [(name, "failed, unforeseen") for name in result["failed"]
            if name not in passes and name not in fails]
    for name in result["failed"]:
        if name in fails and name not in passes:
            print("known to fail:", name, "--", fails[name])
    if bad:
        print(log)
    for name, what in bad:
        print(f"{what}: {name}")
    print(f"{len(passes)} expected, {len(result['passed'])} passed, {len(bad)} not as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
