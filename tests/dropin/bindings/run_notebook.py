# SPDX-License-Identifier: MIT
"""A Jupyter notebook, executed by `nbconvert --execute`: the client in this process, the kernel
(python3-ipykernel) in another, five connections between them; both tell which libzmq they have."""
import hashlib
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WORK = os.environ["TMPDIR"]
for name, value in {"HOME": WORK, "IPYTHONDIR": WORK + "/ipython",
                    "JUPYTER_CONFIG_DIR": WORK + "/config", "JUPYTER_DATA_DIR": WORK + "/data",
                    "JUPYTER_RUNTIME_DIR": WORK + "/run", "JUPYTER_PLATFORM_DIRS": "0",
                    "PYDEVD_DISABLE_FILE_VALIDATION": "1"}.items():
    os.environ[name] = value

try:
    import zmq  # noqa: F401
    import ipykernel  # noqa: F401
    from nbconvert.nbconvertapp import main as nbconvert
except ImportError as missing:
    print("SKIP: python3-ipykernel or python3-nbconvert is not installed:", missing)
    sys.exit(77)


def say_library():
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for path in sorted({line.split()[-1] for line in maps if "/libzmq.so" in line}):
            print("library", path)


def kernel_of_the_distribution():
    """A kernel that is started by /usr/bin/python3 whatever PATH says."""
    os.makedirs(WORK + "/data/kernels/python3")
    with open(WORK + "/data/kernels/python3/kernel.json", "w", encoding="utf-8") as file:
        json.dump({"argv": [sys.executable, "-B", "-m", "ipykernel_launcher", "-f",
                            "{connection_file}"],
                   "display_name": "Python 3", "language": "python"}, file)


def text_of(output):
    if output["output_type"] == "stream":
        return output["text"]
    if output["output_type"] == "error":
        return output["ename"] + ": " + output["evalue"]
    data = output["data"]
    return "".join(data.get("text/html", data.get("text/plain")))


def main():
    kernel_of_the_distribution()
    nbconvert(argv=["--to", "notebook", "--execute", "--output-dir", WORK, "--output", "done",
                    "--ExecutePreprocessor.timeout=40", "--log-level", "ERROR",
                    HERE + "/notebook.ipynb"])
    say_library()
    with open(WORK + "/done.ipynb", encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    # A stream may be cut into several outputs; what was printed is the same.
    for cell in cells:
        text = "".join("".join(text_of(output)) for output in cell["outputs"])
        if cell["id"] == "library":
            print(text, end="")
            continue
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        print(cell["id"], cell["execution_count"], len(text), digest,
              text[:30].split("\n")[0])


main()
