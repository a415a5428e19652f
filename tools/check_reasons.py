#!/usr/bin/env python3
"""Checks that docs/errors.md has exactly the reasons that errors are made with.

    check_reasons.py [ROOT]

Prints a line for each that is missing on either side; exits 1 if there is one.
"""
import pathlib
import re
import sys

MADE = re.compile(r'\breason = "([A-Z][A-Z0-9_]*)"')
LISTED = re.compile(r"^\| `([A-Z][A-Z0-9_]*)` \| `[A-Z_]+` \|", re.MULTILINE)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    made = set()
    for folder in ("core", "server"):
        for source in sorted((root / folder).rglob("*.cc")) + sorted((root / folder).rglob("*.h")):
            made |= set(MADE.findall(source.read_text(encoding="utf-8")))
    listed = set(LISTED.findall((root / "docs" / "errors.md").read_text(encoding="utf-8")))
    for reason in sorted(made - listed):
        print(f"{reason}: errors have it, docs/errors.md does not")
    for reason in sorted(listed - made):
        print(f"{reason}: docs/errors.md has it, no error does")
    return 1 if made != listed else 0


if __name__ == "__main__":
    sys.exit(main())
