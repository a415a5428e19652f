"""What the peers have in common."""

import os

# Of top-k queries, unless k= says otherwise.
TOP = 10


def pin(core):
    """Keeps this process on one core, or lets it use all (None)."""
    os.sched_setaffinity(0, range(os.cpu_count()) if core is None else {core})


class Peer:
    """A method. `forms` maps names to functions of a batch of queries [B, D]; all compute the same."""

    def __init__(self, bench, parameters):
        self.bench = bench
        self.batch = int(parameters.get("batch", 1))
        self.beta = float(parameters.get("beta", 28))
        self.k = min(int(parameters.get("k", TOP)), len(bench.patterns))
        self.forms = {}
        self.prepare(parameters)

    def prepare(self, parameters):
        raise NotImplementedError
