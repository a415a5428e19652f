"""What is measured beside what. Shapes: N patterns, D dimensions, B queries in one call.

A cell is one bank, one transformation and one number of threads; its pairs are measured in turn, in the same minutes.
"""

import dataclasses

# At which a query of the clusters recalls one pattern.
BETA = 28

# Banks larger than this get no graph index: building it would take longer than all the rest.
LARGEST_GRAPH = 10_000

# Queries searched of a graph index: candidates looked at, and answers.
GRAPH = {"ef": 64, "k": 10}


@dataclasses.dataclass(frozen=True)
class Task:
    """Something that is timed: a command to a worker, "engram", "peers" or "debian"."""

    name: str
    batch: int
    worker: str
    parameters: tuple

    @property
    def label(self):
        return label(self.name, self.batch)

    def command(self):
        return dict(self.parameters)


@dataclasses.dataclass
class Cell:
    data: str
    patterns: int
    dim: int
    dynamics: dict
    threads: int
    pairs: list

    @property
    def key(self):
        dynamics = " ".join(f"{name}={value}" for name, value in self.dynamics.items())
        return f"{self.data} {self.patterns}x{self.dim} {dynamics} threads={self.threads}"

    def tasks(self):
        """Each once, in order."""
        return list(dict.fromkeys(task for pair in self.pairs for task in pair))


def label(name, batch):
    return f"{name}, B = {batch}"


class Tasks:
    """Makes the tasks of a cell."""

    def __init__(self, dynamics, threads, core):
        self._dynamics, self._threads, self._core = dynamics, threads, core

    def _make(self, name, worker, method, batch, **more):
        parameters = {"method": method, "batch": batch, **self._dynamics, **more}
        return Task(name, batch, worker, tuple(sorted(parameters.items())))

    def engram(self, name, method, batch, threads=None, **more):
        threads = threads or self._threads
        return self._make(name, "engram", method, batch, threads=threads, core=self._core, **more)

    def int8(self, batch):
        return self.engram("int8", "update", batch, screening="int8")

    def int8_alone(self, batch):
        """On one thread, in a cell of more."""
        return self.engram("int8 on 1 thread", "update", batch, threads=1, screening="int8")

    def float32(self, batch):
        return self.engram("float32", "update", batch, screening="float32")

    def fast(self, batch):
        """Softmax in one read of the patterns."""
        return self.engram("FAST", "stream", batch, screening="float32")

    def retrieval(self, batch):
        return self.engram("int8 retrieval", "retrieve", batch, screening="int8")

    def rescans(self, batch):
        return self.engram("float32 rescans", "rescan", batch, screening="float32")

    def eigen(self, batch):
        return self.engram("plain Eigen", "eigen", batch)

    def read(self):
        return self.engram("read", "read", 1)

    def peer(self, name, method, batch, worker="peers", **more):
        return self._make(name, worker, method, batch, **more)


# Label, method and parameters of the peers by transformation. Top-10 is less work than a retrieval, and what many do.
TOP_K = [("FAISS", "faiss", {}), ("numpy top-10", "numpy_topk", {}), ("torch top-10", "torch_topk", {})]
ATTENTION = {
    1.0: [("numpy softmax", "numpy_softmax", {}), ("torch softmax", "torch_softmax", {})],
    1.5: [
        ("torch softmax", "torch_softmax", {}),
        ("torch entmax15", "torch_entmax15", {}),
        ("torch entmax15 k=100", "torch_entmax15_k100", {}),
    ],
    2.0: [("torch sparsemax", "torch_sparsemax", {})],
}
LOOPS = [
    ("torch entmax15 loop", "torch_entmax15", {"loop": 1}),
    ("torch entmax15 k=100 loop", "torch_entmax15_k100", {"loop": 1}),
]


def entmax(alpha, beta=BETA):
    if alpha == 1:
        return {"transform": "softmax", "beta": beta}
    return {"transform": "entmax", "alpha": alpha, "beta": beta}


def k_subsets(k, beta=BETA):
    return {"transform": "k_subsets", "k": k, "beta": beta}


def alpha_of(dynamics):
    """1 for softmax; None if the transformation has none."""
    return {"softmax": 1.0, "entmax": dynamics.get("alpha")}.get(dynamics["transform"])


def make_cell(files, dynamics, threads, batches, core):
    """All pairs of a cell: peers that are not there are left out when it is measured."""
    make = Tasks(dynamics, threads, core)
    alpha = alpha_of(dynamics)
    pairs = []
    for batch in batches:
        int8 = make.int8(batch)
        peers = list(ATTENTION.get(alpha, []))
        if alpha == 1.5:
            peers = TOP_K + peers
            pairs.append((int8, make.peer("FAISS of Debian", "faiss", batch, worker="debian")))
            if files.count <= LARGEST_GRAPH:
                pairs.append((int8, make.peer("hnswlib", "hnsw", batch, **GRAPH)))
        pairs += [(int8, make.peer(name, method, batch, **more)) for name, method, more in peers]
        if alpha == 1:
            fast = make.fast(batch)
            pairs += [(fast, make.peer(name, method, batch, **more)) for name, method, more in peers]
            pairs.append((fast, int8))
        pairs.append((int8, make.float32(batch)))
        if alpha == 2:
            pairs.append((int8, make.eigen(batch)))
        if threads > 1:
            pairs.append((int8, make.int8_alone(batch)))
    if alpha == 1.5:
        pairs += [(make.int8(1), make.int8(batch)) for batch in batches if batch > 1]
        pairs += [(make.read(), make.float32(1)), (make.read(), make.int8(1))]
        retrieval = make.retrieval(1)
        pairs += [(make.int8(1), retrieval), (retrieval, make.rescans(1))]
        pairs += [(retrieval, make.peer(name, method, 1, **more)) for name, method, more in LOOPS]
    return Cell(files.name, files.count, files.dim, dynamics, threads, pairs)
