#!/usr/bin/env python3
"""Checks that docs/metrics.md has exactly the metrics that the server has, with their types.

    check_metrics.py [ROOT]

Prints a line for each difference; exits 1 if there is one.
"""
import pathlib
import re
import sys

MADE = re.compile(r'\b(Counter|Gauge|Histogram|Info)\(\s*"(engram_[a-z0-9_]+)"')
LISTED = re.compile(r"^\| `(engram_[a-z0-9_]+)`[^|]* \| (counter|gauge|histogram|info) \|", re.MULTILINE)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent)
    made = set()
    for source in sorted((root / "server").glob("*.cc")):
        for kind, name in MADE.findall(source.read_text(encoding="utf-8")):
            made.add((name, kind.lower()))
    listed = {match for match in LISTED.findall((root / "docs" / "metrics.md").read_text(encoding="utf-8"))}
    for name, kind in sorted(made - listed):
        print(f"{name}: the server has this {kind}, docs/metrics.md does not")
    for name, kind in sorted(listed - made):
        print(f"{name}: docs/metrics.md has this {kind}, the server does not")
    return 1 if made != listed else 0


if __name__ == "__main__":
    sys.exit(main())
