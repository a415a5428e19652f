#!/usr/bin/env python3
"""Checks that every relative link in the Markdown files leads to a file.

    check_links.py [ROOT]

Prints a line for each dead link; exits 1 if there is one.
"""
import os
import pathlib
import re
import sys

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)")
REFERENCE = re.compile(r"^\s*\[[^\]]+\]:\s+<?([^\s>]+)")
FENCE = re.compile(r"^\s*(```|~~~)")
CODE = re.compile(r"`[^`]*`")
SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "build")
        for name in sorted(files):
            if name.endswith(".md"):
                yield pathlib.Path(folder, name)


def links(text):
    """Yields (line number, target) for each link outside of code."""
    fenced = False
    for number, line in enumerate(text.splitlines(), start=1):
        if FENCE.match(line):
            fenced = not fenced
        if fenced:
            continue
        prose = CODE.sub("", line)
        for match in [*LINK.finditer(prose), *REFERENCE.finditer(prose)]:
            yield number, match[1]


def dead_links(root):
    """Yields (file, line, target) for each relative link that leads nowhere."""
    for document in documents(root):
        for number, target in links(document.read_text(encoding="utf-8")):
            path = target.split("#")[0].split("?")[0]
            if not path or SCHEME.match(target):
                continue
            base = root if path.startswith("/") else document.parent
            if not (base / path.lstrip("/")).exists():
                yield document.relative_to(root).as_posix(), number, target


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[1])
    found = list(dead_links(root))
    for document, number, target in found:
        print(f"{document}:{number}: {target} does not exist")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
