"""The goals, as ratios of medians of paired rounds, and the tables of a report.

A goal counts the banks of at least 100,000 patterns, on one thread unless it says otherwise, at the beta where a query
recalls one pattern. It is met if it is on every bank.
"""

import dataclasses

from cells import BETA, alpha_of, label

LEAST_PATTERNS = 100_000


@dataclasses.dataclass(frozen=True)
class Goal:
    """`other` takes at least, or at most, `bound` times as long as `reference`."""

    name: str
    text: str
    reference: str
    other: str
    bound: float
    at_most: bool = False
    alpha: float = 1.5
    threads: int = 1
    data: str = ""  # Of this data set alone.
    # What is compared with the bound, from the ratio.
    measure: object = lambda ratio: ratio

    def meets(self, value):
        return value <= self.bound if self.at_most else value >= self.bound


def against(name, text, other, bound, batch, **more):
    return Goal(name, text, label("int8", batch), label(other, batch), bound, **more)


GOALS = (
    Goal(
        "C1",
        "float32, B = 1: share of the read bandwidth",
        "read, B = 1",
        "float32, B = 1",
        0.90,
        measure=lambda ratio: 1 / ratio,
    ),
    against("C2", "B = 1, against our float32", "float32", 3.5, 1),
    against("C2", "B = 1, against plain Eigen", "plain Eigen", 10, 1, alpha=2.0),
    against("C2", "B = 1, against torch + entmax15, full sort", "torch entmax15", 12, 1),
    against("C2", "B = 1, against torch + entmax15, k = 100", "torch entmax15 k=100", 8, 1),
    against("C2", "B = 1, against FAISS top-10", "FAISS", 3.5, 1),
    against("C2", "B = 1, against numpy top-10", "numpy top-10", 4.5, 1),
    Goal("C3", "B = 8 against B = 1: time", "int8, B = 1", "int8, B = 8", 1.25, at_most=True),
    against("C3", "B = 8, against FAISS top-10", "FAISS", 10, 8),
    against("C4", "B = 64, against FAISS top-10", "FAISS", 5, 64),
    against("C4", "B = 64, against torch softmax", "torch softmax", 15, 64),
    against("C4", "B = 64, against torch + entmax15, k = 100", "torch entmax15 k=100", 15, 64),
    against("C4", "B = 64, against plain Eigen", "plain Eigen", 40, 64, alpha=2.0),
    Goal(
        "C5",
        "fixed point against one update: time",
        "int8, B = 1",
        "int8 retrieval, B = 1",
        1.3,
        at_most=True,
        data="emb",
    ),
    Goal("C5", "fixed point, against sweeps in float32", "int8 retrieval, B = 1", "float32 rescans, B = 1", 10),
    Goal("C5", "fixed point, against entmax15 in a loop", "int8 retrieval, B = 1", "torch entmax15 loop, B = 1", 40),
    Goal(
        "C8",
        "2 threads, int8, B = 1: share of the read bandwidth",
        "read, B = 1",
        "int8, B = 1",
        0.9,
        threads=2,
        measure=lambda ratio: 0.25 / ratio,  # Codes are a quarter of the patterns' bytes.
    ),
    against("C8", "2 threads against 1, B = 64", "int8 on 1 thread", 1.85, 64, threads=2),
    Goal("C9", "softmax, FAST, B = 1, against torch", "FAST, B = 1", "torch softmax, B = 1", 1.8, alpha=1.0),
    Goal("C9", "softmax, FAST, B = 1, against numpy", "FAST, B = 1", "numpy softmax, B = 1", 1.8, alpha=1.0),
)

# int8 against our own float32 sweep, on every bank and in every cell.
NEVER_SLOWER = 0.95


def bank(cell):
    return f"{cell['data']} {cell['patterns']:,} x {cell['dim']}"


def pair_of(cell, reference, other):
    return next((p for p in cell["pairs"] if (p["reference"], p["other"]) == (reference, other)), None)


def table(*rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def verdict(met, count):
    if count == 0:
        return "not measured"
    return "met" if met == count else f"missed on {count - met} of {count}"


def rows_of(goal, cells):
    """Bank, ratio and spread, where the goal applies."""
    for cell in cells:
        if (
            cell["patterns"] < LEAST_PATTERNS
            or cell["threads"] != goal.threads
            or cell["dynamics"]["beta"] != BETA
            or alpha_of(cell["dynamics"]) != goal.alpha
            or goal.data not in ("", cell["data"])
        ):
            continue
        pair = pair_of(cell, goal.reference, goal.other)
        if pair:
            values = [goal.measure(pair[name]) for name in ("ratio", "least", "most")]
            yield bank(cell), values[0], min(values), max(values)


def goal_row(goal, cells):
    rows = list(rows_of(goal, cells))
    met = sum(goal.meets(value) for _, value, _, _ in rows)
    measured = "; ".join(f"{name}: {value:.2f} [{least:.2f}, {most:.2f}]" for name, value, least, most in rows)
    sign = "<=" if goal.at_most else ">="
    return [goal.name, goal.text, f"{sign} {goal.bound:g}", measured or "-", verdict(met, len(rows))]


def bytes_row(cells):
    checks = [cell["bytes"] for cell in cells if cell["bytes"]]
    compared = sum(check["compared"] + check["retrievals_compared"] for check in checks)
    different = sum(
        check["retrievals_different"] + sum(way["answers"] for way in check["different"]) for check in checks
    )
    met = "not measured" if not compared else "missed" if different else "met"
    return ["C6", "answers that differ in a byte", "0", f"{different} of {compared:,}", met]


def never_slower_row(cells):
    pairs = [
        (pair["ratio"], f"{bank(cell)}, {pair['reference']}, alpha = {alpha_of(cell['dynamics'])}")
        for cell in cells
        for pair in cell["pairs"]
        if pair["reference"].startswith("int8, ") and pair["other"].startswith("float32, ")
    ]
    measured = "{0:.2f}: {1}".format(*min(pairs)) if pairs else "-"
    met = sum(ratio >= NEVER_SLOWER for ratio, _ in pairs)
    return ["", "float32 against int8, everywhere: the least", f">= {NEVER_SLOWER}", measured, verdict(met, len(pairs))]


def goals_table(report):
    cells = report["cells"].values()
    rows = [goal_row(goal, cells) for goal in GOALS]
    rows.append(["C7", "4-bit codes", "", "there are none", "not measured"])
    rows += [bytes_row(cells), never_slower_row(cells)]
    rows.sort(key=lambda row: row[0] or "D")
    return table(["", "goal", "bound", "measured", ""], *rows)


def ratio_text(pair, name):
    """A pair's ratio and spread; and to what, unless it is the update of as many queries."""
    to = "" if pair["reference"] == label("int8", name.rsplit("= ", 1)[1]) else f" to {pair['reference']}"
    return f"{pair['ratio']:.2f} [{pair['least']:.2f}, {pair['most']:.2f}]{to}"


def times_table(cell):
    """Milliseconds a call, and how much longer than int8 a peer takes."""
    rows = [["", "ms", "times as long as int8, least and most", "form", "right"]]
    for name, task in cell["tasks"].items():
        pairs = [pair for pair in cell["pairs"] if pair["other"] == name]
        ratio = "; ".join(ratio_text(pair, name) for pair in pairs)
        agrees = cell["peers"].get(name, {})
        right = f"{agrees['right']} of {agrees['queries']}" if agrees else ""
        if "whole_support" in agrees:
            right += f", whole support {agrees['whole_support']}"
        contended = f" ({task['contended']} contended)" if task["contended"] else ""
        rows.append([name, f"{task['ms']:.4g}{contended}", ratio, task.get("form", ""), right])
    return table(*rows)


def heading(cell):
    dynamics = cell["dynamics"]
    what = " ".join(f"{name} {value}" for name, value in dynamics.items() if name != "transform")
    threads = "1 thread" if cell["threads"] == 1 else f"{cell['threads']} threads"
    return f"{bank(cell)}, {dynamics['transform']} {what}, {threads}"


def to_markdown(report):
    parts = [
        f"Commit {report['commit']}, {report['date']}, {report['machine']['processor']}, "
        f"{report['machine']['cores']} cores; backend {report.get('engram', {}).get('backend')}, "
        f"codes: {report.get('engram', {}).get('codes')}.",
        "\n".join(f"- {name}: {version}" for name, version in report.get("versions", {}).items()),
        goals_table(report),
    ]
    for cell in report["cells"].values():
        if not cell["tasks"]:
            continue
        before, after = cell["read_gb_per_s"]
        support = f"mean support {cell['support']['support']:g}, largest {cell['support']['max_support']}"
        parts.append(f"### {heading(cell)}\n\nRead before and after: {before:.1f}, {after:.1f} GB/s; {support}.")
        parts.append(times_table(cell))
        parts += [f"Left out: {name}: {why}." for name, why in cell["left_out"].items() if why != "not here"]
    return "\n\n".join(part for part in parts if part)
