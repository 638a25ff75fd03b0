# SPDX-License-Identifier: MIT
"""Which call reported which errno, as it happened: a library to be preloaded, made from the
prototypes of the headers. Each call that fails is noted in the file ZX_RECORD as a line
`call ERRNO program/case`; the frame of tests/api says which case runs."""
import errno
import re

HEAD = """#define _GNU_SOURCE
#define ZMQ_BUILD_DRAFT_API 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

static char where[200] = "?";

void zx_record_case(const char *program, const char *name) {
    snprintf(where, sizeof where, "%s/%s", program, name);
}

static const char *name_of(int number) {
    switch (number) {
@NAMES@    }
    return "another";
}

/* Opened at once, and out of the way: later there may be no descriptor, or no right. */
static int record = -1;

static void __attribute__((constructor)) start(void) {
    const char *file = getenv("ZX_RECORD");
    int fd = file ? open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;

    if (fd >= 0) record = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    if (fd >= 0) close(fd);
}

static void note(const char *call, int was) {
    char line[300];
    int now = errno;

    if (now == 0) {
        errno = was;
        return;
    }
    int n = snprintf(line, sizeof line, "%s %s %s\\n", call, name_of(now), where);
    if (record >= 0 && write(record, line, (size_t)n) != n) abort();
    errno = now;
}
"""

CALL = """
@TYPE@ @NAME@(@PARAMETERS@) {
    static @TYPE@ (*real)(@PARAMETERS@);
    int was = errno;

    if (!real) real = (@TYPE@(*)(@PARAMETERS@))(size_t)dlsym(RTLD_NEXT, "@NAME@");
    errno = 0;
    @TYPE@ answer = real(@ARGUMENTS@);
    if (@FAILED@) note("@NAME@", was);
    else errno = was;
    return answer;
}
"""

# The system's numbers that calls report, and the library's own, by the names of <zmq.h>.
OWN = ("EFSM", "ENOCOMPATPROTO", "ETERM", "EMTHREAD")


def errno_names():
    seen, lines = set(), []
    for number, name in sorted(errno.errorcode.items()):
        if number not in seen:
            seen.add(number)
            lines.append(f"    case {name}: return \"{name}\";\n")
    return "".join(lines + [f"    case {name}: return \"{name}\";\n" for name in OWN])


def call(prototype):
    """A wrapper for one declaration, or nothing where a call has no way to fail."""
    found = re.match(r"(.*?)\b(zmq\w+)\((.*)\)$", prototype)
    kind, name, parameters = (part.strip() for part in found.groups())
    if kind == "void" or name in ("zmq_errno", "zmq_version", "zmq_strerror", "zmq_has"):
        return ""
    names = []
    for number, one in enumerate([] if parameters == "void" else parameters.split(",")):
        last = re.search(r"(\w+)(?:\[\d*\])?$", one.strip())
        names.append(last.group(1))
    if "(" in parameters:
        return ""
    failed = "answer < 0" if kind in ("int", "long") else "!answer"
    text = CALL
    for key, value in (("@TYPE@", kind), ("@NAME@", name), ("@PARAMETERS@", parameters),
                       ("@ARGUMENTS@", ", ".join(names)), ("@FAILED@", failed)):
        text = text.replace(key, value)
    return text


def source(prototypes):
    return HEAD.replace("@NAMES@", errno_names()) + "".join(
        call(prototypes[name]) for name in sorted(prototypes) if name.startswith("zmq_"))
