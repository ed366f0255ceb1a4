# SPDX-License-Identifier: MIT
"""Limits of style that no other tool knows: length of functions and files, words that are left over from work."""

import pathlib
import re
import subprocess

FUNCTION_LINES = 100
FILE_LINES = 600
TEXT = {".c", ".h", ".py", ".sh", ".md", ".css", ".js", ".html", ".cpp", ""}
# Bracketed so that this file does not find itself.
LEFT_OVER = re.compile(r"\b(T[O]DO|F[I]XME|H[A]CK|DO N[O]T COMMIT)\b|<{7} |>{7} |(?<![\w/])/(?:home|wo[r]k)/\w")
CODE = {".c", ".h"}


def _tracked(root):
    """Files of the tree; what is not yet known to git counts, what it ignores does not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                            check=False)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:  # an unpacked archive
        names = [str(path.relative_to(root)) for path in root.rglob("*") if "build" not in path.parts]
    return [name for name in names if (root / name).is_file() and pathlib.Path(name).suffix in TEXT]


def _long_functions(name, lines):
    """A function begins with a brace in the first column and ends with one: .clang-format sees to that."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            if number - start - 1 > FUNCTION_LINES:
                yield f"{name}:{start}: a function of {number - start - 1} lines (at most {FUNCTION_LINES})"
            start = None


def faults(root):
    """One line for each: `file:line: what`."""
    found = []
    for name in _tracked(root):
        if name.startswith("tests/golden/") or name.startswith("tests/fuzz/") and not name.endswith(".c"):
            continue  # data
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        lines = text.split("\n")
        suffix = pathlib.Path(name).suffix
        for number, line in enumerate(lines, 1):
            if LEFT_OVER.search(line):
                found.append(f"{name}:{number}: left over: {line.strip()[:80]}")
            if suffix in CODE and line != line.rstrip():
                found.append(f"{name}:{number}: space at the end of the line")
        if suffix in CODE or suffix == ".py":
            if len(lines) - 1 > FILE_LINES and name != "vmlinux/vmlinux.h":
                found.append(f"{name}: {len(lines) - 1} lines (at most {FILE_LINES})")
        if suffix in CODE:
            found.extend(_long_functions(name, lines))
            if not text.startswith("/* SPDX-License-Identifier: MIT */\n") and name != "vmlinux/vmlinux.h":
                found.append(f"{name}:1: no licence line")
    return found
