"""Times the pairs of a cell: A, B, A, B, ... in one run, so that a ratio is of the same moments."""

import statistics
import sys

# With less of a core than this another process was in the way.
LEAST_SHARE = 0.96

# Samples taken before one with a low share is kept, and counted; one, where that happened this often in a cell.
ATTEMPTS = 3
CONTENDED = 10

# A batch may take this many times less than its queries in smaller ones, or is not worth a try.
GAIN = 4


def progress(text):
    print(text, file=sys.stderr, flush=True)


class Samples:
    """Those of one task."""

    def __init__(self):
        self.ms, self.calls, self.rejected, self.contended, self.form = [], 0, 0, 0, None

    def report(self):
        return {
            "ms": statistics.median(self.ms),
            "samples_ms": self.ms,
            "calls": self.calls,
            "rejected": self.rejected,
            "contended": self.contended,
            **({"form": self.form} if self.form else {}),
        }


class Rounds:
    """The rounds of one cell.

    `seconds` is how long a sample takes at least; pairs that take longer than `pair_seconds` in all get fewer rounds,
    and a task that takes longer than `slowest` for one call is left out.
    """

    def __init__(self, workers, cell, options):
        self._workers, self._cell, self._options = workers, cell, options
        self._samples, self._costs, self._seen, self.left_out = {}, {}, {}, {}

    def run(self):
        """What the JSON has of it: tasks and pairs."""
        pairs = [pair for pair in self._cell.pairs if all(self._cost(task) is not None for task in pair)]
        ratios = {pair: [] for pair in pairs}
        counts = {pair: self._round_count(pair) for pair in pairs}
        for i in range(self._options.rounds):
            for pair in pairs:
                if i < counts[pair]:
                    reference, other = (self._sample(task, i) for task in pair)
                    ratios[pair].append(other / reference)
        return {
            "tasks": {task.label: samples.report() for task, samples in self._samples.items() if samples.ms},
            "pairs": [self._report(pair, ratios[pair]) for pair in pairs],
            "left_out": self.left_out,
        }

    @staticmethod
    def _report(pair, ratios):
        return {
            "reference": pair[0].label,
            "other": pair[1].label,
            "ratio": statistics.median(ratios),
            "least": min(ratios),
            "most": max(ratios),
            "ratios": ratios,
        }

    def _round_count(self, pair):
        seconds = sum(max(self._options.seconds, 1e-3 * self._costs[task]) for task in pair)
        return max(1, min(self._options.rounds, int(self._options.pair_seconds / seconds)))

    def _cost(self, task):
        """What a call takes, in ms; None if the task is left out. The first call warms up, and tunes a peer."""
        if task not in self._costs:
            self._costs[task] = None
            worker = self._workers.get(task.worker)
            if worker is None or task.command()["method"] not in worker.methods:
                self.left_out[task.label] = "not here"
            elif self._expected_s(task) > self._options.slowest:
                self.left_out[task.label] = f"about {self._expected_s(task):.0f} s a call, or more"
            else:
                cost = worker.ask("time", seconds=0, **task.command())["ms"]
                self._seen[task.name, task.batch] = cost
                if cost > 1e3 * self._options.slowest:
                    self.left_out[task.label] = f"{cost / 1e3:.1f} s a call"
                else:
                    self._costs[task] = cost
                    self._samples[task] = Samples()
        return self._costs[task]

    def _expected_s(self, task):
        """Seconds that a call takes at least, going by smaller batches; 0 if there were none."""
        smaller = [ms * task.batch / batch for (name, batch), ms in self._seen.items() if name == task.name]
        return max(smaller, default=0) / (1e3 * GAIN)

    def _sample(self, task, i):
        samples, worker = self._samples[task], self._workers[task.worker]
        contended = sum(samples.contended for samples in self._samples.values())
        best = None
        for _ in range(1 if contended >= CONTENDED else ATTEMPTS):
            answer = worker.ask("time", seconds=self._options.seconds, first=i, **task.command())
            if best is None or answer["cpu_share"] > best["cpu_share"]:
                best = answer
            if self._cell.threads > 1 or best["cpu_share"] >= LEAST_SHARE:
                break
            samples.rejected += 1
        else:
            samples.contended += 1
        samples.ms.append(best["ms"])
        samples.calls += best["calls"]
        samples.form = best.get("form")
        return best["ms"]
