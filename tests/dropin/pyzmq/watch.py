# SPDX-License-Identifier: MIT
"""A pytest plugin: writes which libzmq this very process has loaded, then the outcome of each test,
to the file that ZMQX_OUTCOMES names. A test passes when all of its phases do."""
import os

import zmq

SEEN = {}


def loaded():
    """The files called libzmq that are mapped here; more than one would be two libraries."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        return sorted({line.split()[-1] for line in maps
                       if os.path.basename(line.split()[-1]).startswith("libzmq.so")})


def pytest_runtest_logreport(report):
    name = report.nodeid.split("/")[-1]
    if report.failed:
        SEEN[name] = "failed"
    elif report.skipped:
        SEEN.setdefault(name, "skipped")
    elif report.when == "call":
        SEEN.setdefault(name, "passed")


def pytest_sessionfinish():
    with open(os.environ["ZMQX_OUTCOMES"], "w", encoding="utf-8") as file:
        for path in loaded():
            print("library", path, file=file)
        print("version", zmq.pyzmq_version(), file=file)
        for name, outcome in SEEN.items():
            print(outcome, name, file=file)
