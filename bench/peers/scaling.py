"""How cost grows with N, D and B, and what the engine gives under load. Engram alone; no peers."""

import math
import statistics

import cells
from goals import table
from rounds import Rounds, progress

# Around a bank that no cache holds.
PATTERNS, DIM = 100_000, 128

COUNTS = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
DIMS = (64, 128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)

CLIENTS = (1, 8, 64, 256)
BANKS = (1, 10, 1000)

# Of a load, in seconds.
LOAD = 2.0

# The bank of 100,000 x 768 with 64 clients, and the small bank beside a saturated large one.
SERVICE_DIM, SERVICE_CLIENTS = 768, 64
SMALL_ROWS, LARGE_ROWS = 1000, 1_000_000


def slope(points):
    """Of log time over log x, by least squares: 1 is linear."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(log[axis] for log in logs) / len(logs) for axis in (0, 1))
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in logs)
    return covariance / sum((x - mean_x) ** 2 for x, _ in logs)


class Scaling:
    def __init__(self, comparison, engram, options):
        self._comparison, self._engram, self._options = comparison, engram, options
        self._dynamics = cells.entmax(1.5)
        self._result = comparison.report.setdefault("scaling", {})

    def _load(self, count, dim):
        files = self._comparison.files("clusters", count, dim)
        with files:
            self._engram.ask("data", **files.parameters())
        return files

    def _times(self, count, dim, batches):
        """Milliseconds of an update by batch, on one thread."""
        progress(f"{count} x {dim}")
        files = self._load(count, dim)
        make = cells.Tasks(self._dynamics, 1, self._options.core)
        pairs = [(make.int8(batch), make.int8(batches[0])) for batch in batches]
        cell = cells.Cell(files.name, count, dim, self._dynamics, 1, pairs)
        tasks = Rounds({"engram": self._engram}, cell, self._options).run()["tasks"]
        return {batch: tasks[cells.label("int8", batch)]["ms"] for batch in batches}

    def _keep(self, name, value):
        progress(f"{name}: {value}")
        self._result[name] = value
        self._comparison.write()

    def growth(self):
        by_count = [(count, self._times(count, DIM, (1, 64))) for count in COUNTS]
        by_dim = [(dim, self._times(PATTERNS, dim, (1, 64))) for dim in DIMS]
        by_batch = self._times(PATTERNS, DIM, BATCHES)
        for batch in (1, 64):
            self._keep(f"N, D = {DIM}, B = {batch}", [(count, times[batch]) for count, times in by_count])
            self._keep(f"D, N = {PATTERNS}, B = {batch}", [(dim, times[batch]) for dim, times in by_dim])
        self._keep(f"B, N = {PATTERNS}, D = {DIM}", list(by_batch.items()))

    def _ask(self, verb, **parameters):
        return self._engram.ask(verb, threads=2, seconds=LOAD, **parameters, **self._dynamics)

    def load(self):
        """Clients and banks; then half of what 64 clients got, at a steady rate."""
        self._load(PATTERNS, DIM)
        rows = []
        for banks in BANKS:
            for clients in CLIENTS:
                rows.append({"banks": banks, "clients": clients, **self._ask("load", banks=banks, clients=clients)})
        self._keep("load", rows)
        full = next(row for row in rows if (row["banks"], row["clients"]) == (1, 64))["calls_per_second"]
        self._keep("half load", {"rate": full / 2, **self._ask("load", rate=full / 2)})

    def batching(self):
        """64 clients on one bank, with sweeps shared and each alone, in turn."""
        self._load(PATTERNS, SERVICE_DIM)
        rounds = []
        for _ in range(3):
            shared = self._ask("load", clients=SERVICE_CLIENTS)
            alone = self._ask("load", clients=SERVICE_CLIENTS, max_batch=1)
            rounds.append({"shared": shared, "alone": alone})
        self._keep("batching", rounds)
        self._keep("T(64)", self._engram.ask("time", method="retrieve", batch=64, threads=2, **self._dynamics)["ms"])

    def neighbour(self):
        self._load(LARGE_ROWS, DIM)
        answer = self._ask("neighbour", clients=SERVICE_CLIENTS, bank_rows=SMALL_ROWS)
        self._keep("neighbour", answer)


def measure(comparison, engram, options):
    scaling = Scaling(comparison, engram, options)
    scaling.growth()
    scaling.load()
    scaling.batching()
    scaling.neighbour()


def growth_rows(result):
    for name, points in result.items():
        if not isinstance(points, list) or not name[0] in "NDB" or "=" not in name:
            continue
        times = ", ".join(f"{x:,}: {ms:.3g}" for x, ms in points)
        yield [name[0], name[3:], f"{slope(points):.2f}", times]


def goal_row(name, goal, bound, measured, is_met):
    return [name, goal, bound, measured, "met" if is_met else "missed"]


def service_rows(result):
    rounds = result["batching"]
    gain = statistics.median(r["shared"]["calls_per_second"] / r["alone"]["calls_per_second"] for r in rounds)
    p99 = statistics.median(r["shared"]["p99_us"] / 1e3 for r in rounds)
    limit = 3 * result["T(64)"]
    small = result["neighbour"]["p99_us"] / 1e3
    yield goal_row("S2", "64 clients: throughput against sweeps of one state", ">= 6", f"{gain:.2f}", gain >= 6)
    yield goal_row("S2", "64 clients: p99", f"<= 3 T(64) = {limit:.3g} ms", f"{p99:.3g} ms", p99 <= limit)
    yield goal_row("S4", "p99 on a small bank beside a busy large one", "<= 5 ms", f"{small:.3g} ms", small <= 5)


def to_markdown(report):
    result = report["scaling"]
    columns = ("banks", "clients", "calls_per_second", "p50_us", "p99_us")
    loads = [[f"{row[column]:.0f}" for column in columns] for row in result["load"]]
    half = result["half load"]
    at_half = f"At half of what 64 clients get, {half['rate']:.0f} /s"
    return "\n\n".join(
        [
            table(["over", "with", "slope", "ms"], *growth_rows(result)),
            table(["banks", "clients", "calls /s", "p50 us", "p99 us"], *loads),
            f"{at_half}: p50 {half['p50_us']:.0f} us, p99 {half['p99_us']:.0f} us.",
            table(["", "goal", "bound", "measured", ""], *service_rows(result)),
        ]
    )
