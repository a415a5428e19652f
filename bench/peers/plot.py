"""Draws the time of a query against the number of patterns, a line for each method, as SVG; both axes are logarithmic.

    plot.py FILE.json [-o FILE.svg] [--data NAME] [--dim D] [--batch B] [--alpha ALPHA]

Looks like the pictures of `engram plot`: the colours of the page are the reader's, those of lines are Okabe and Ito's.
"""

import argparse
import json
import math
import sys
from xml.sax.saxutils import escape

from cells import BETA, alpha_of

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")

# The frame, in pixels: around it, labels and legend.
LEFT, TOP, WIDTH, HEIGHT, LEGEND = 64, 44, 400, 320, 190

STYLE = """
.engram-plot{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.engram-plot .page{fill:#fff}
.engram-plot text{fill:#24292f}
.engram-plot .title{font-size:15px;font-weight:600}
.engram-plot .soft{font-size:11px;fill:#57606a}
.engram-plot .grid{stroke:#d8dee4}
.engram-plot .ours{stroke-width:3px}
.engram-plot .theirs{stroke-width:1.5px}
@media(prefers-color-scheme:dark){
.engram-plot .page{fill:#0d1117}
.engram-plot text{fill:#e6edf3}
.engram-plot .soft{fill:#9da7b1}
.engram-plot .grid{stroke:#2a313a}
}
"""

OURS = ("int8", "float32")

# Measured with the others, but not one update.
NOT_UPDATES = ("read", "int8 retrieval", "float32 rescans", "int8 on 1 thread")


def read_lines(report, options):
    """Method to points (N, milliseconds of one query), ascending."""
    lines = {}
    for cell in report["cells"].values():
        if (
            cell["data"] != options.data
            or cell["dim"] != options.dim
            or cell["threads"] != 1
            or alpha_of(cell["dynamics"]) != options.alpha
            or cell["dynamics"]["beta"] != BETA
        ):
            continue
        for name, task in cell["tasks"].items():
            method, batch = name.rsplit(", B = ", 1)
            if int(batch) == options.batch and method not in NOT_UPDATES and not method.endswith("loop"):
                lines.setdefault(method, []).append((cell["patterns"], task["ms"] / options.batch))
    return {method: sorted(points) for method, points in lines.items()}


class Axis:
    """Powers of ten around some values, along `pixels` from `start`."""

    def __init__(self, values, start, pixels):
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        self.high = max(self.high, self.low + 1)
        self._start, self._pixels = start, pixels

    def place(self, value):
        return self._start + self._pixels * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self):
        return [10.0**power for power in range(self.low, self.high + 1)]


def line(x1, y1, x2, y2, attributes):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {attributes}/>'


def text(x, y, content, attributes=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(content)}</text>'


def attributes_of(method, index):
    ours = "ours" if method in OURS else "theirs"
    dashes = ' stroke-dasharray="6 3"' if index >= len(COLOURS) else ""
    return f'class="{ours}" stroke="{COLOURS[index % len(COLOURS)]}"{dashes} fill="none"'


def grid(x_axis, y_axis):
    bottom = TOP + HEIGHT
    for value in x_axis.ticks():
        x = x_axis.place(value)
        yield line(x, TOP, x, bottom, 'class="grid"')
        yield text(x, bottom + 16, f"{value:,.0f}", 'class="soft" text-anchor="middle"')
    for value in y_axis.ticks():
        y = y_axis.place(value)
        yield line(LEFT, y, LEFT + WIDTH, y, 'class="grid"')
        yield text(LEFT - 6, y + 4, f"{value:g}", 'class="soft" text-anchor="end"')
    yield text(LEFT + WIDTH / 2, bottom + 36, "patterns", 'text-anchor="middle"')
    yield text(LEFT, TOP - 8, "ms for a query", 'class="soft"')


def curves(lines, x_axis, y_axis):
    for index, (method, points) in enumerate(lines.items()):
        attributes = attributes_of(method, index)
        places = [(x_axis.place(count), y_axis.place(ms)) for count, ms in points]
        yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}" {attributes}/>'
        for x, y in places:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[index % len(COLOURS)]}"/>'
    # In the order in which lines end, so that the eye finds them.
    order = sorted(enumerate(lines.items()), key=lambda entry: -entry[1][1][-1][1])
    for row, (index, (method, _)) in enumerate(order):
        x, y = LEFT + WIDTH + 16, TOP + 10 + 20 * row
        yield line(x, y, x + 20, y, attributes_of(method, index))
        yield text(x + 28, y + 4, method)


def draw(lines, title):
    x_axis = Axis([count for points in lines.values() for count, _ in points], LEFT, WIDTH)
    y_axis = Axis([ms for points in lines.values() for _, ms in points], TOP + HEIGHT, -HEIGHT)
    width, height = LEFT + WIDTH + LEGEND, TOP + HEIGHT + 48
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="engram-plot" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}"/>',
        text(12, 20, title, 'class="title"'),
        *grid(x_axis, y_axis),
        *curves(lines, x_axis, y_axis),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", metavar="FILE.json")
    parser.add_argument("-o", "--output", metavar="FILE.svg")
    parser.add_argument("--data", default="clusters")
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--alpha", type=float, default=1.5)
    options = parser.parse_args()
    with open(options.report, encoding="utf-8") as file:
        lines = read_lines(json.load(file), options)
    if not lines:
        raise SystemExit("no such cells in the report")
    title = f"{options.data}, D = {options.dim}, alpha = {options.alpha:g}, {options.batch} queries a call, one thread"
    picture = draw(lines, title)
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            file.write(picture)
    else:
        sys.stdout.write(picture)


if __name__ == "__main__":
    main()
