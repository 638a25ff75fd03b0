# SPDX-License-Identifier: MIT
"""What the linters share: the project's files, C seen without its comments, the list of
exceptions, and the frame of a self-test."""
import os
import re
import subprocess
import sys
import tempfile

CODE = (".c", ".h", ".cc", ".cpp", ".hpp")
SKIPPED_DIRS = {".git", "build", "__pycache__", "node_modules"}


def files(root):
    """All files of the project below root, as sorted relative paths: what git has or would add."""
    try:
        out = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                             capture_output=True, check=True).stdout
        names = [name for name in out.decode().split("\0") if name]
        top = subprocess.run(["git", "-C", root, "rev-parse", "--show-toplevel"],
                             capture_output=True, check=True).stdout.decode().strip()
        if os.path.realpath(top) == os.path.realpath(root):
            return sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for base, dirs, names in os.walk(root):
        dirs[:] = [d for d in dirs if d not in SKIPPED_DIRS]
        found += [os.path.relpath(os.path.join(base, n), root) for n in names]
    return sorted(found)


def read(root, path):
    """A file's text; bytes that are no UTF-8 become replacement marks."""
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKEN = re.compile(r"//(?:\\\n|[^\n])*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


def blank(text):
    """The text with comments and literals turned into spaces; every line keeps its number."""
    def spaces(match):
        body = match.group()
        if body[0] in "\"'":
            return body[0] + re.sub(r"[^\n]", " ", body[1:-1]) + body[-1]
        return re.sub(r"[^\n]", " ", body)
    return TOKEN.sub(spaces, text)


def without_preprocessor(text):
    """Blanks preprocessor lines, with what continues them, in a text that went through blank().
    Of an #if and its #else only the first branch is kept, lest braces be counted twice."""
    out, continued = [], False
    dropped = []
    for line in text.split("\n"):
        directive = re.match(r"\s*#\s*(\w+)", line)
        if continued or directive:
            if directive and not continued:
                word = directive.group(1)
                if word in ("if", "ifdef", "ifndef"):
                    dropped.append(False)
                elif word in ("else", "elif") and dropped:
                    dropped[-1] = True
                elif word == "endif" and dropped:
                    dropped.pop()
            continued = line.rstrip().endswith("\\")
            out.append("")
        else:
            out.append("" if any(dropped) else line)
    return "\n".join(out)


def match_brace(text, start):
    """The place of the brace that closes the one at start, or the text's end."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0:
                return place
    return len(text) - 1


def split_top(text, separator=","):
    """Splits at separators that stand outside all brackets."""
    parts, depth, last = [], 0, 0
    for place, char in enumerate(text):
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[last:place])
            last = place + 1
    parts.append(text[last:])
    return parts


HEAD = re.compile(r"([A-Za-z_]\w*)\s*(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))\s*"
                  r"(?:__\w+(?:\s*\(\([^{;]*\)\))?\s*)*$", re.S)
NOT_FUNCTIONS = {"if", "for", "while", "switch", "sizeof", "return", "__attribute__",
                 "_Static_assert"}


def definitions(text):
    """Top-level braces of a C file as (head, head start, brace start, brace end)."""
    text = without_preprocessor(blank(text))
    place, last = 0, 0
    while place < len(text):
        char = text[place]
        if char == ";":
            last = place + 1
        elif char == "{":
            head = text[last:place]
            if re.search(r'\bextern\s*"\s*"\s*$', head):
                last = place + 1  # a linkage block: look inside
            else:
                end = match_brace(text, place)
                yield text, head, last + len(head) - len(head.lstrip()), place, end
                place = end
                if "=" not in head and not re.search(r"\b(struct|union|enum)\b[^()]*$", head):
                    last = end + 1
        elif char == "}":
            last = place + 1
        place += 1


def functions(text):
    """(name, first line, lines, parameters) of each function defined in a C file."""
    for body, head, start, brace, end in definitions(text):
        found = HEAD.search(head)
        if not found or found.group(1) in NOT_FUNCTIONS or "=" in head[:found.start()]:
            continue
        params = found.group(2)[1:-1].strip()
        count = 0 if params in ("", "void") else len(split_top(params))
        first = body.count("\n", 0, start) + 1
        last = body.count("\n", 0, end) + 1
        yield found.group(1), first, last - first + 1, count


def structs(text):
    """(name, line, members) of each struct or union, also of those inside others."""
    text = without_preprocessor(blank(text))
    for found in re.finditer(r"\b(?:struct|union)\s+(\w+)?\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?\{",
                             text):
        end = match_brace(text, found.end() - 1)
        body = text[found.end():end]
        members = 0
        for part in split_top(body, ";"):
            if not part.strip():
                continue
            if re.match(r"\s*(_Static_assert|static_assert)\b", part):
                continue
            members += len(split_top(part))
        yield found.group(1) or "(unnamed)", text.count("\n", 0, found.start()) + 1, members


class Report:
    """Collects complaints; knows the exceptions, each of which must be needed and explained."""

    def __init__(self, linter, root):
        self.linter = linter
        self.complaints = []
        self.used = set()
        self.allowed = {}
        path = os.path.join(root, "tools", "lint", "exceptions.txt")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    self.take(path, number, line.strip())

    def take(self, path, number, line):
        if not line or line.startswith("#"):
            return
        words, dash, reason = line.partition(" -- ")
        parts = words.split()
        if len(parts) != 3 or not dash or len(reason.strip()) < 10:
            self.complaints.append(f"{path}:{number}: not `linter rule place -- reason`: {line}")
        elif parts[0] == self.linter:
            self.allowed[(parts[1], parts[2])] = number

    def say(self, rule, place, line, text):
        """place: the path, or path:name for something with a name."""
        if (rule, place) in self.allowed:
            self.used.add((rule, place))
            return
        path = place.split(":")[0]
        self.complaints.append(f"{path}:{line}: [{rule}] {text}")

    def finish(self):
        for rule, place in sorted(set(self.allowed) - self.used):
            self.complaints.append(
                f"tools/lint/exceptions.txt:{self.allowed[(rule, place)]}: [exception] "
                f"{self.linter} {rule} {place} is no longer needed: take it out")
        for complaint in self.complaints:
            print(complaint)
        print(f"{self.linter}: {len(self.complaints)} complaints, {len(self.used)} exceptions")
        return 1 if self.complaints else 0


def self_test(check, cases):
    """Proves that a linter can fail. cases: (name, {path: text}, rule expected or None).
    check(root) returns the linter's list of complaints."""
    bad = 0
    for name, tree, expected in cases:
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "w", encoding="utf-8") as file:
                    file.write(text)
            complaints = check(root)
        if expected is None:
            good = not complaints
        else:
            good = any(f"[{expected}]" in complaint for complaint in complaints)
        print(("ok       " if good else "NOT OK   ") + name)
        if not good:
            bad += 1
            for complaint in complaints:
                print("    " + complaint)
    print(f"{len(cases) - bad} passed, {bad} failed")
    return 1 if bad else 0


def run(check_into, linter, cases):
    """The main of a linter: [--self-test] [root]."""
    args = [a for a in sys.argv[1:] if a != "--self-test"]
    root = args[0] if args else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

    def complaints_of(where):
        report = Report(linter, where)
        check_into(where, report, quiet=True)
        for rule, place in set(report.allowed) - report.used:
            report.complaints.append(f"{place}: [exception] not needed")
        return report.complaints

    if "--self-test" in sys.argv[1:]:
        return self_test(complaints_of, cases)
    report = Report(linter, root)
    check_into(os.path.abspath(root), report, quiet=False)
    return report.finish()
