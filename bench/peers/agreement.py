"""Whether answers are the same bytes, and whether the peers compute what they are taken for."""

import os

import numpy as np

# Queries that the reference backend answers too: it reads rows one by one.
REFERENCE_QUERIES = 8

# Queries, and updates of a retrieval, where every pattern has weight: an answer is as large as the bank.
DENSE_QUERIES = 2
DENSE_UPDATES = 3

# Components of unit vectors in float32 that count as equal.
TOLERANCE = 2e-3


def read_answers(path):
    """Yields ids, weights, state and the bytes of each answer of peer_bench.cc."""
    with open(path, "rb") as file:
        data = file.read()
    place = 0
    while place < len(data):
        start = place
        (count,) = np.frombuffer(data, "<u8", 1, place)
        ids = np.frombuffer(data, "<u8", count, place + 8)
        weights = np.frombuffer(data, "<f8", count, place + 8 + 8 * int(count))
        place += 8 + 16 * int(count)
        (dim,) = np.frombuffer(data, "<u8", 1, place)
        state = np.frombuffer(data, "<f8", dim, place + 8)
        place += 8 + 8 * int(dim)
        yield ids, weights, state, data[start:place]


class Agreement:
    """The answers of one cell to the queries of its data. Files go to `folder`."""

    def __init__(self, engram, cell, queries, batches, folder):
        self._engram, self._cell, self._folder = engram, cell, folder
        dense = cell.dynamics["transform"] == "softmax"
        self._count = DENSE_QUERIES if dense else queries
        self._batches = [1, DENSE_QUERIES] if dense else batches
        self._limit = {"max_iterations": DENSE_UPDATES} if dense else {}
        self._truth, self.support = self._ask(method="update", screening="float32", batch=1, threads=1)

    def _ask(self, count=None, **parameters):
        path = os.path.join(self._folder, "answers")
        about = self._engram.ask(
            "answers", file=path, count=count or self._count, **parameters, **self._cell.dynamics
        )
        answers = list(read_answers(path))
        os.remove(path)
        return answers, about

    def check_bytes(self):
        """Compares backends, screening, batches and threads with float32 screening of one query at a time."""
        ways = [
            {"method": "update", "screening": screening, "batch": batch, "threads": threads}
            for screening in ("int8", "float32")
            for batch in self._batches
            for threads in (1, 2)
        ]
        reference = {"method": "reference", "batch": 1, "threads": 1, "count": min(self._count, REFERENCE_QUERIES)}
        compared, different = 0, []
        for way in [*ways, reference]:
            answers, _ = self._ask(**way)
            compared += len(answers)
            wrong = sum(mine[3] != truth[3] for mine, truth in zip(answers, self._truth))
            if wrong:
                different.append({"way": way, "answers": wrong})
        return {"compared": compared, "different": different, **self._check_retrieval()}

    def _check_retrieval(self):
        """A retrieval through the engine ends where updates with a sweep each end."""
        rescans, about = self._ask(method="rescan", screening="float32", batch=1, threads=1, **self._limit)
        wrong = compared = 0
        for batch in self._batches:
            way = {"method": "retrieve", "screening": "int8", "batch": batch, "threads": 1}
            answers, through_engine = self._ask(**way, **self._limit)
            compared += len(answers)
            wrong += sum(mine[2].tobytes() != truth[2].tobytes() for mine, truth in zip(answers, rescans))
        return {
            "retrievals_compared": compared,
            "retrievals_different": wrong,
            "iterations": about["iterations"],
            "sweeps": through_engine["sweeps"],
        }

    def check_peer(self, worker, command):
        """How many of a peer's answers are right: states within TOLERANCE, or a first id of largest weight. Of ids, also
        in how many the whole support is among them."""
        path = os.path.join(self._folder, "peer.npy")
        batch = command["batch"]
        count = self._count - self._count % batch
        notes = worker.ask("answers", **{**command, "file": path, "count": count})
        rows = np.load(path)
        os.remove(path)
        truth = self._truth[:count]
        if rows.dtype.kind == "i":
            right = sum(int(row[0] in ids[weights == weights.max()]) for row, (ids, weights, _, _) in zip(rows, truth))
            whole = sum(set(ids) <= set(row) for row, (ids, _, _, _) in zip(rows, truth))
            return {"queries": count, "right": right, "whole_support": whole, **notes}
        right = sum(
            int(np.abs(row - state).max() <= TOLERANCE * max(1, np.abs(state).max()))
            for row, (_, _, state, _) in zip(rows, truth)
        )
        return {"queries": count, "right": right, **notes}
