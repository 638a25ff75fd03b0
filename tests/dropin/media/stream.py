#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A video streamed from one ffmpeg to another, both as the distribution builds them, over their
`zmq:tcp://` protocol (a PUB that binds, a SUB that connects): on our library at both ends, and at
one end with the system's at the other. Every frame must arrive, in order and equal.

    stream.py <directory of ours> <the system's libzmq.so.5>

What is sent before the subscription has arrived is lost by design. So black frames are sent until
the reader has shown the first; then come the frames that count; then black ones again, since a
reader of this format knows a frame's end by the next one's begin. A frame's digest does not depend
on its neighbours (intra frames, fixed quantiser), and is known beforehand from a file.
"""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

FFMPEG = "/usr/bin/ffmpeg"
SIZE = "320x240"
FRAME_BYTES = 320 * 240 * 3 // 2
FRAMES = 250
LIMIT_S = 40
QUIET = [FFMPEG, "-hide_banner", "-loglevel", "error"]
RAW = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", SIZE, "-r", "50"]
CODEC = ["-c:v", "mpeg2video", "-g", "1", "-q:v", "2", "-f", "mpegts"]
BLACK = b"\x10" * (320 * 240) + b"\x80" * (320 * 240 // 2)


def skip(why):
    print("SKIP:", why)
    sys.exit(77)


def digests(text):
    """Those of an output of framemd5: its lines end with them."""
    return [line.split(",")[-1].strip() for line in text.splitlines()
            if line and not line.startswith("#")]


class Film:
    """The frames that count, and the digests each and a black one has after coding."""

    def __init__(self):
        self.frames = subprocess.run(
            QUIET + ["-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate=50", "-frames:v",
                     str(FRAMES), "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"],
            stdout=subprocess.PIPE, check=True).stdout
        assert len(self.frames) == FRAMES * FRAME_BYTES
        coded = subprocess.run(QUIET + RAW + ["-i", "-"] + CODEC + ["-"], check=True,
                               input=BLACK + self.frames + BLACK, stdout=subprocess.PIPE).stdout
        told = subprocess.run(QUIET + ["-f", "mpegts", "-i", "-", "-f", "framemd5", "-"],
                              check=True, input=coded, stdout=subprocess.PIPE).stdout.decode()
        all_of_them = digests(told)
        assert len(all_of_them) == FRAMES + 2 and len(set(all_of_them)) > FRAMES // 2
        self.black, self.expected = all_of_them[0], all_of_them[1:-1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_library(process, library):
    """The process has mapped this libzmq and no other."""
    with open(f"/proc/{process.pid}/maps", encoding="utf-8") as maps:
        seen = {line.split()[-1] for line in maps if "/libzmq.so" in line}
    if seen != {library}:
        raise SystemExit(f"loaded is {seen} instead of {library}")


class Stream:
    def __init__(self, film, work, writer, reader):
        self.film, self.text, self.libraries = film, "", (writer, reader)
        self.deadline = time.monotonic() + LIMIT_S
        url = f"zmq:tcp://127.0.0.1:{free_port()}"
        self.reader = self.start(work, reader, ["-probesize", "100000", "-f", "mpegts", "-i", url,
                                                "-flush_packets", "1", "-f", "framemd5", "-"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.writer = self.start(work, writer, RAW + ["-i", "-"] + CODEC +
                                 ["-flush_packets", "1", url], stdin=subprocess.PIPE)

    @staticmethod
    def start(work, library, arguments, **streams):
        lib = os.path.join(work, library.replace("/", "_"))
        if not os.path.isdir(lib):
            os.mkdir(lib)
            os.symlink(library, lib + "/libzmq.so.5")
        return subprocess.Popen(QUIET + arguments, env=dict(os.environ, LD_LIBRARY_PATH=lib),
                                **streams)

    def hear(self, timeout_s):
        """Takes what the reader has said, waiting a little for it."""
        if time.monotonic() > self.deadline:
            raise SystemExit(f"not done within {LIMIT_S} s; heard {len(digests(self.text))} frames")
        if select.select([self.reader.stdout], [], [], timeout_s)[0]:
            part = os.read(self.reader.stdout.fileno(), 1 << 16)
            if not part:
                raise SystemExit(f"the reader ended: {self.reader.wait()}")
            self.text += part.decode()

    def black_until(self, done):
        while not done():
            self.writer.stdin.write(BLACK)
            self.writer.stdin.flush()
            self.hear(0.02)

    def is_through(self):
        """Black again after the film: whatever of it arrives has arrived."""
        got = digests(self.text)
        return got[-1] == self.film.black and any(d != self.film.black for d in got)

    def run(self):
        try:
            self.black_until(lambda: digests(self.text))
            for process, library in zip((self.writer, self.reader), self.libraries):
                check_library(process, library)
            self.writer.stdin.write(self.film.frames)
            self.black_until(self.is_through)
            self.writer.stdin.close()
            if self.writer.wait(timeout=LIMIT_S):
                raise SystemExit("the writer failed")
        finally:
            for process in (self.writer, self.reader):
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                process.wait()
        return [d for d in digests(self.text) if d != self.film.black]


def main():
    ours = os.path.realpath(sys.argv[1] + "/libzmq.so.5")
    theirs = os.path.realpath(sys.argv[2]) if len(sys.argv) > 2 else ""
    if not shutil.which(FFMPEG):
        skip("the distribution's ffmpeg is not installed")
    protocols = subprocess.run(QUIET + ["-protocols"], stdout=subprocess.PIPE, check=True).stdout
    if b"zmq" not in protocols.split():
        skip("this ffmpeg is built without libzmq")
    if not os.path.exists(theirs):
        skip("the system has no libzmq.so.5 to compare with (Debian: libzmq5)")
    film = Film()
    with tempfile.TemporaryDirectory() as work:
        for writer, reader in ((ours, ours), (ours, theirs), (theirs, ours)):
            got = Stream(film, work, writer, reader).run()
            print(f"writer {writer}\nreader {reader}\n"
                  f"  {len(film.expected)} frames sent, {len(got)} arrived, "
                  f"{'all equal' if got == film.expected else 'NOT EQUAL'}")
            if got != film.expected:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
