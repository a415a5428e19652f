"""What the experiments share: a server, tables, and what became of the rows.

An experiment is a script that prints its results beside published or reference numbers. It exits with 0 if all rows
agree, with 1 if one does not or a call fails, and with SKIPPED if no file of its data is given.
"""

import argparse
import collections
import contextlib
import math
import os
import sys
import time

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import associative_memory_pb2_grpc as service
from engram.v1 import dynamics_pb2, matrix_pb2

# Calls under way at once, and queries in each: enough that client and server both have work, and half of what the
# server's queue takes.
CALLS_UNDER_WAY = 32
QUERIES = 64

# Bytes of patterns in one Store, well below the limit of a message.
STORE_BYTES = 16 << 20


def parse_options(description, **numbers):
    """The options of a script: those that all have, and --NAME for each of `numbers`, which are defaults."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--golden", required=True, metavar="FOLDER", help="tests/golden")
    parser.add_argument(
        "--digits",
        default=os.environ.get("ENGRAM_DIGITS"),
        metavar="FILE",
        help="scikit-learn's digits.csv or digits.csv.gz; default: $ENGRAM_DIGITS",
    )
    parser.add_argument(
        "--mnist",
        default=os.environ.get("ENGRAM_MNIST"),
        metavar="FILE",
        help="MNIST's t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz; default: $ENGRAM_MNIST",
    )
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    for name in numbers:
        if getattr(options, name) < 1:
            parser.error(f"--{name}: got {getattr(options, name)}, allowed 1 or more")
    return options


def to_matrix(rows):
    count, dim = rows.shape
    return matrix_pb2.Matrix(rows=count, cols=dim, data=rows.astype("<f4").tobytes())


def to_rows(matrix):
    return np.frombuffer(matrix.data, "<f4").reshape(matrix.rows, matrix.cols).astype(np.float64)


def to_dynamics(beta, transformation, post=None, updates=1):
    """Dynamics of exactly that many updates: at tolerance 0 only a fixed point, which further updates would not leave,
    ends them earlier. None is left unset."""
    dynamics = dynamics_pb2.Dynamics(beta=beta, max_iterations=updates, tolerance=0)
    for part in (transformation, post):
        if part is not None:
            part.set(dynamics)
    return dynamics


class Memory:
    """A running server."""

    def __init__(self, stub):
        self.stub = stub
        self.capabilities = stub.GetCapabilities(api.GetCapabilitiesRequest())

    @contextlib.contextmanager
    def bank(self, patterns, name="paper"):
        """The name of a bank with these patterns, ids 0, 1, ...; it is deleted afterwards."""
        self.stub.CreateBank(api.CreateBankRequest(name=name, dim=patterns.shape[1]))
        try:
            step = max(1, STORE_BYTES // (4 * patterns.shape[1]))
            for first in range(0, len(patterns), step):
                rows = patterns[first : first + step]
                ids = range(first, first + len(rows))
                self.stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(rows), ids=ids))
            yield name
        finally:
            self.stub.DeleteBank(api.DeleteBankRequest(name=name))

    def pipeline(self, method, requests):
        """The responses to `requests`, in their order, with several calls under way."""
        calls = collections.deque()
        for request in requests:
            calls.append(method.future(request))
            if len(calls) == CALLS_UNDER_WAY:
                yield calls.popleft().result()
        while calls:
            yield calls.popleft().result()

    def retrieve(self, bank, queries, dynamics, max_support=0):
        """Final states [B, D] and the B retrievals."""
        batch = min(QUERIES, self.capabilities.limits.max_batch)
        requests = (
            api.RetrieveRequest(
                bank=bank,
                queries=to_matrix(queries[first : first + batch]),
                dynamics=dynamics,
                max_support=max_support,
                omit_energy=True,
            )
            for first in range(0, len(queries), batch)
        )
        states, retrievals = [], []
        for response in self.pipeline(self.stub.Retrieve, requests):
            states.append(to_rows(response.states))
            retrievals.extend(response.retrievals)
        return np.concatenate(states), retrievals


@contextlib.contextmanager
def connect(address):
    with grpc.insecure_channel(address) as channel:
        yield Memory(service.AssociativeMemoryStub(channel))


def binomial_error(share, trials):
    """Standard error of a share that was counted in that many trials."""
    return math.sqrt(share * (1 - share) / trials)


class Results:
    """A table whose rows agree or not, and are counted.

    `columns` are the headings; a row has a cell, of text, for each, and ends with its verdict.
    """

    def __init__(self, title):
        print(title)
        self._start = time.monotonic()
        self._rows = []
        self.agreed = self.differed = 0

    def heading(self, title, *columns):
        """Begins a part of the table."""
        self.flush()
        self._title, self._columns = title, columns

    def row(self, agrees, *cells):
        """A row that was compared."""
        self.agreed += bool(agrees)
        self.differed += not agrees
        self._rows.append((cells, "" if agrees else "<-- DIFFERS"))

    def note(self, *cells):
        """A row that has nothing to be compared with."""
        self._rows.append((cells, ""))

    def flush(self):
        """Prints the rows so far."""
        if not self._rows:
            return
        print(f"\n{self._title}" if self._title else "")
        rows = [(self._columns, ""), *self._rows]
        widths = [max(len(cells[i]) for cells, _ in rows if i < len(cells)) for i in range(len(self._columns))]
        for cells, remark in rows:
            print("  ".join(["", *(cell.rjust(width) for cell, width in zip(cells, widths)), remark]).rstrip())
        sys.stdout.flush()
        self._rows = []

    def conclude(self):
        """Prints the counts; returns the exit code of the script."""
        self.flush()
        print(f"\n{self.agreed} rows agree, {self.differed} differ; {time.monotonic() - self._start:.0f} s.")
        return 0 if self.agreed and not self.differed else 1
