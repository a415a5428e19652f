"""Compares Engram's retrieval with what one would use instead, interleaved in one run. docs/performance.md says how.

    compare.py --build BUILD_TREE [--json FILE] [--full | --smoke | --scaling] ...

Runs in the environment that setup.sh makes. Writes every sample to the JSON after each cell; with --resume, cells that
the file has already are not measured again. Prints tables on standard output and progress on standard error; exits
with 1 if answers differ in a byte, and with --smoke also if numpy's are others.
"""

import contextlib
import json
import os
import sys
import tempfile
import time

import cells
import goals
import scaling
from agreement import Agreement
from datasets import QUERIES, SYNTHETIC, DataFiles, ImageFiles
from machine import commit, has_room, machine
from options import parse_options
from rounds import Rounds, progress
from worker import peers_python, start_debian, start_engram, start_peers

# The banks of the default run; 100,000 x 128 makes a line of three points of the plot.
DEFAULT_BANKS = (
    ("clusters", 10_000, 128),
    ("clusters", 100_000, 128),
    ("clusters", 100_000, 768),
    ("emb", 100_000, 768),
    ("clusters", 1_000_000, 128),
    ("emb", 1_000_000, 128),
)

# Banks on which answers alone are compared.
CHECKED = (("sphere", 10_000, 128), ("adversarial", 10_000, 128), ("adversarial", 3_000, 768))

FULL_SHAPES = tuple((count, dim) for count in (10_000, 100_000, 1_000_000) for dim in (128, 768))

# Betas of the data sets by path: their pixels are in [-1, 1].
IMAGE_BETAS = {"mnist": (0.1, 1.0), "digits": (0.2, 1.0)}


class Comparison:
    """One run: its workers, and the report that grows by cells."""

    def __init__(self, options, folder):
        self._options, self._folder = options, folder
        self.report = {"cells": {}}
        if options.resume and os.path.exists(options.json):
            with open(options.json, encoding="utf-8") as file:
                self.report = json.load(file)
        self.report.update(
            {"commit": commit(), "machine": machine(), "seed": options.seed, "date": time.strftime("%F %T %Z")}
        )

    def write(self):
        os.makedirs(os.path.dirname(os.path.abspath(self._options.json)), exist_ok=True)
        with open(self._options.json + ".new", "w", encoding="utf-8") as file:
            json.dump(self.report, file, indent=1)
        os.replace(self._options.json + ".new", self._options.json)

    def bandwidth(self, engram, threads, files):
        """Of reading the patterns, in GB/s."""
        answer = engram.ask("time", method="read", threads=threads, core=self._options.core, seconds=0.2)
        return 4e-6 * files.count * files.dim / answer["ms"]

    def measure(self, workers, files, dynamics, threads):
        options, engram = self._options, workers["engram"]
        cell = cells.make_cell(files, dynamics, threads, options.batches, options.core)
        if cell.key in self.report["cells"]:
            return
        progress(cell.key)
        agreement = Agreement(engram, cell, QUERIES, options.batches, self._folder)
        before = self.bandwidth(engram, threads, files)
        rounds = Rounds(workers, cell, options)
        result = rounds.run()
        after = self.bandwidth(engram, threads, files)
        checked = agreement.check_bytes() if threads == 1 else {}
        of_peers = {}
        for task in cell.tasks():
            if task.worker != "engram" and task.label in result["tasks"] and self.is_checked(task, cell):
                of_peers[task.label] = agreement.check_peer(workers[task.worker], task.command())
        self.report["cells"][cell.key] = {
            "data": files.name,
            "patterns": files.count,
            "dim": files.dim,
            "dynamics": dynamics,
            "threads": threads,
            "read_gb_per_s": [before, after],
            "support": agreement.support,
            "bytes": checked,
            "peers": of_peers,
            **result,
        }
        self.write()
        for pair in result["pairs"]:
            progress(f"  {pair['other']:36} / {pair['reference']:24} {pair['ratio']:8.2f}")

    @staticmethod
    def is_checked(task, cell):
        """Peers that compute one update of this transformation, one query at a time."""
        command = task.command()
        softmax = "softmax" in command["method"]
        return command["batch"] == 1 and not command.get("loop") and softmax == (cell.dynamics["transform"] == "softmax")

    def check_alone(self, workers, files, dynamics):
        """Compares answers without timing anything: Engram's, and numpy's if there are peers."""
        cell = cells.make_cell(files, dynamics, 1, [1], self._options.core)
        key = f"{cell.key} bytes"
        if key in self.report["cells"]:
            return
        progress(key)
        agreement = Agreement(workers["engram"], cell, QUERIES, self._options.batches, self._folder)
        numpy = [task for task in cell.tasks() if task.label.startswith("numpy") and task.worker in workers]
        of_peers = {task.label: agreement.check_peer(workers[task.worker], task.command()) for task in numpy}
        self.report["cells"][key] = {
            "data": files.name,
            "patterns": files.count,
            "dim": files.dim,
            "dynamics": dynamics,
            "threads": 1,
            "support": agreement.support,
            "bytes": agreement.check_bytes(),
            "peers": of_peers,
            "tasks": {},
            "pairs": [],
        }
        self.write()

    def files(self, name, count, dim):
        return DataFiles(self._folder, name, count, dim, self._options.seed)

    def images(self):
        """The data sets given by path, and their betas."""
        for name, betas in IMAGE_BETAS.items():
            path = getattr(self._options, name)
            if path:
                yield ImageFiles(self._folder, name, path), betas

    def different(self):
        """Answers that differ in a byte."""
        checks = [cell["bytes"] for cell in self.report["cells"].values() if cell["bytes"]]
        return sum(
            check["retrievals_different"] + sum(way["answers"] for way in check["different"]) for check in checks
        )

    def wrong(self):
        """Answers of peers that are not what Engram's are, up to rounding."""
        of_peers = [peer for cell in self.report["cells"].values() for peer in cell["peers"].values()]
        return sum(peer["queries"] - peer["right"] for peer in of_peers)


def dynamics_of(options, full):
    """The transformations of the grid."""
    betas = options.betas or ((cells.BETA, 8.0) if full else (cells.BETA,))
    alphas = options.alphas or (1.5, 2.0, 1.0)
    chosen = [cells.entmax(alpha, beta) for beta in betas for alpha in alphas]
    ks = options.ks or ((1, 10, 100) if full else ())
    return chosen + [cells.k_subsets(k) for k in ks]


@contextlib.contextmanager
def all_workers(engram, files, options, threads):
    """Those for a bank, which have loaded it."""
    with contextlib.ExitStack() as stack:
        workers = {"engram": engram}
        python = peers_python(options.peers)
        workers["peers"] = stack.enter_context(start_peers(python, threads, options.core))
        room = has_room(files.count, files.dim, with_debian=True)
        debian = start_debian(options.peers, threads, options.core) if room else None
        if debian is not None:
            workers["debian"] = stack.enter_context(debian)
        for worker in workers.values():
            worker.ask("data", **files.parameters())
        yield workers
    engram.ask("forget")


def measure_files(comparison, engram, files, chosen, options):
    """All cells of one bank."""
    for threads in (1, 2):
        # On two threads what the goals ask for; the rest only in the full run.
        if threads == 2 and not options.full:
            if files.count < goals.LEAST_PATTERNS or files.name != "clusters":
                continue
            chosen = [dynamics for dynamics in chosen if cells.alpha_of(dynamics) == 1.5]
        with all_workers(engram, files, options, threads) as workers:
            comparison.report.setdefault("versions", {}).update(workers["peers"].ask("about")["versions"])
            comparison.report["engram"] = engram.ask("about")
            for dynamics in chosen:
                comparison.measure(workers, files, dynamics, threads)


def banks_of(options):
    """The banks of the grid: data, N and D."""
    if not (options.full or options.data or options.shapes):
        return DEFAULT_BANKS
    shapes = options.shapes or FULL_SHAPES
    return [(name, count, dim) for count, dim in shapes for name in options.data or SYNTHETIC]


def compare(comparison, engram, options):
    chosen = dynamics_of(options, options.full)
    for name, count, dim in banks_of(options):
        if not has_room(count, dim):
            progress(f"left out: {name} {count} x {dim}, for which there is too little memory")
            continue
        progress(f"making {name} {count} x {dim}")
        with comparison.files(name, count, dim) as files:
            measure_files(comparison, engram, files, chosen, options)
    for files, betas in comparison.images():
        with files:
            measure_files(comparison, engram, files, [cells.entmax(a, b) for b in betas for a in (1.5, 2.0)], options)


def check(comparison, workers, banks):
    """Compares answers on `banks` for every kind of transformation."""
    for name, count, dim in banks:
        with comparison.files(name, count, dim) as files:
            for worker in workers.values():
                worker.ask("data", **files.parameters())
            comparison.report["engram"] = workers["engram"].ask("about")
            for dynamics in [cells.entmax(a) for a in (1.0, 1.5, 2.0)] + [cells.k_subsets(k) for k in (1, 10, 100)]:
                comparison.check_alone(workers, files, dynamics)


def main():
    options = parse_options(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder, start_engram(options.build) as engram:
        comparison = Comparison(options, folder)
        if options.smoke:
            with start_peers(sys.executable, 1, options.core) as peers:
                check(comparison, {"engram": engram, "peers": peers}, [(name, 2000, 33) for name in SYNTHETIC])
        elif options.scaling:
            scaling.measure(comparison, engram, options)
        else:
            compare(comparison, engram, options)
            check(comparison, {"engram": engram}, CHECKED)
    comparison.write()
    print(scaling.to_markdown(comparison.report) if options.scaling else goals.to_markdown(comparison.report))
    return 1 if comparison.different() or (options.smoke and comparison.wrong()) else 0


if __name__ == "__main__":
    sys.exit(main())
