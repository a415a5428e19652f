"""What one would use instead of Engram, behind the protocol of peer_bench.cc.

    peers.py [--threads T] [--core C]     reads commands from standard input, answers each with a line of JSON
    peers.py --versions                   prints what is here

Commands are data, time, answers and about. METHOD is method=NAME beta= batch= k= ef= loop=; the names are those of
PEERS below. `answers` writes with numpy.save: ids [M, k] by descending score, or states [M, D]. A method that can be
written in several ways is measured in the one that was fastest when it was first asked for: `form` says which.

One thread is pinned to core C. Libraries take their number of threads from the environment when they are loaded, so a
process has one number of threads; see environment().
"""

import argparse
import importlib
import json
import os
import statistics
import sys
import time

from index_peers import Faiss, Hnsw
from numpy_peers import NumpySoftmax, NumpyTopK
from peer import pin
from torch_peers import TorchEntmax15, TorchEntmax15Partial, TorchSoftmax, TorchSparsemax, TorchTopK

# Calls of each form when the fastest is sought, after one to warm up.
TRIALS = 2

# A form is not tried twice if a call takes longer, in seconds.
SLOW = 2.0


def environment(threads):
    """Variables that give every library that many threads and its best kernels on this processor."""
    variables = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        if "avx512f" in file.read():
            # OpenBLAS knows processors by number and takes newer ones for old ones: half the speed or less.
            variables["OPENBLAS_CORETYPE"] = "SkylakeX"
    return variables


# Method to class, and the libraries that it needs beside numpy.
PEERS = {
    "faiss": (Faiss, ["faiss"]),
    "hnsw": (Hnsw, ["hnswlib"]),
    "numpy_topk": (NumpyTopK, []),
    "numpy_softmax": (NumpySoftmax, []),
    "torch_topk": (TorchTopK, ["torch"]),
    "torch_softmax": (TorchSoftmax, ["torch"]),
    "torch_sparsemax": (TorchSparsemax, ["torch", "entmax"]),
    "torch_entmax15": (TorchEntmax15, ["torch", "entmax"]),
    "torch_entmax15_k100": (TorchEntmax15Partial, ["torch", "entmax"]),
}


class Bench:
    """What lives from one command to the next."""

    def __init__(self, threads, core):
        import numpy  # pylint: disable=import-outside-toplevel; after the environment is set.

        self.numpy, self.threads, self.core = numpy, threads, core
        self.patterns = self.queries = self.tensor = None
        self._made, self._tuned, self.notes = {}, {}, {}
        self.pin()

    def pin(self):
        pin(self.core if self.threads == 1 else None)

    @staticmethod
    def library(name):
        return importlib.import_module(name)

    def has(self, name):
        try:
            self.library(name)
        except ImportError:
            return False
        return True

    def made(self, name, make):
        """What `make` returns, made once for each data."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def data(self, parameters):
        numpy, dim = self.numpy, int(parameters["dim"])
        self._made.clear()
        self._tuned.clear()
        self.notes.clear()
        self.patterns = self.tensor = None  # Before the next is loaded: there may not be room for both.
        self.patterns = numpy.fromfile(parameters["patterns"], "<f4").reshape(int(parameters["rows"]), dim)
        self.queries = numpy.fromfile(parameters["queries"], "<f4").reshape(int(parameters["query_rows"]), dim)
        if self.has("torch"):
            torch = self.library("torch")
            torch.set_num_threads(self.threads)
            self.tensor = torch.from_numpy(self.patterns)
        return {}

    def batch_of(self, index, size):
        rows = self.numpy.arange(index * size, (index + 1) * size) % len(self.queries)
        return self.numpy.ascontiguousarray(self.queries[rows])

    def tuned(self, parameters):
        """The fastest form of a method, and its peer."""
        key = tuple(sorted((k, v) for k, v in parameters.items() if k not in ("seconds", "first", "file", "count")))
        if key not in self._tuned:
            peer = PEERS[parameters["method"]][0](self, parameters)
            seconds = {name: self.trial(peer, form) for name, form in peer.forms.items()}
            self._tuned[key] = peer, min(seconds, key=seconds.get)
        return self._tuned[key]

    def trial(self, peer, form):
        times = []
        for i in range(1 + TRIALS):
            q = self.batch_of(i, peer.batch)
            start = time.perf_counter()
            form(q)
            times.append(time.perf_counter() - start)
            if times[-1] > SLOW:
                return times[-1]
        return min(times[1:])

    def time(self, parameters):
        peer, name = self.tuned(parameters)
        form, first = peer.forms[name], int(parameters.get("first", 0))
        batches = [self.batch_of(i, peer.batch) for i in range(max(1, len(self.queries) // peer.batch))]
        seconds, times = float(parameters.get("seconds", 0.1)), []
        cpu, start = time.process_time(), time.perf_counter()
        before = start
        while not times or before - start < seconds:
            form(batches[(first + len(times)) % len(batches)])
            after = time.perf_counter()
            times.append(after - before)
            before = after
        share = (time.process_time() - cpu) / (before - start)
        return {"ms": 1e3 * statistics.median(times), "calls": len(times), "cpu_share": share, "form": name}

    def answers(self, parameters):
        peer, name = self.tuned(parameters)
        batches = range(int(parameters.get("count", len(self.queries))) // peer.batch)
        rows = self.numpy.concatenate([peer.forms[name](self.batch_of(i, peer.batch)) for i in batches])
        self.numpy.save(parameters["file"], rows)
        return dict(self.notes)

    def about(self, _):
        available = {name: self.has(name) for name in ("faiss", "hnswlib", "torch", "entmax", "threadpoolctl")}
        versions = {"python": sys.version.split()[0], "numpy": self.numpy.__version__}
        if available["faiss"]:
            faiss = self.library("faiss")
            versions["faiss"] = f"{faiss.__version__}: {faiss.get_compile_options().strip()}"
        if available["torch"]:
            torch = self.library("torch")
            versions["torch"] = f"{torch.__version__}: {torch.backends.cpu.get_cpu_capability()}"
        for name in ("hnswlib", "entmax"):
            if available[name]:
                versions[name] = importlib.import_module("importlib.metadata").version(name)
        if available["threadpoolctl"]:
            for pool in self.library("threadpoolctl").threadpool_info():
                if pool["user_api"] == "blas":
                    of = pool["filepath"].split("/site-packages/")[-1].split("/")[0]
                    versions[f"BLAS in {of}"] = f"{pool['internal_api']} {pool['version']}: {pool.get('architecture')}"
        methods = [name for name, (_, needs) in PEERS.items() if all(available[need] for need in needs)]
        return {"methods": methods, "versions": versions}


def parse(line):
    verb, *pairs = line.split()
    return verb, dict(pair.split("=", 1) for pair in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--versions", action="store_true")
    options = parser.parse_args()
    os.environ.update(environment(options.threads))
    bench = Bench(options.threads, options.core)
    if options.versions:
        for name, version in bench.about({})["versions"].items():
            print(f"{name:20} {version}")
        return
    verbs = {"data": bench.data, "time": bench.time, "answers": bench.answers, "about": bench.about}
    for line in sys.stdin:
        verb, parameters = parse(line)
        try:
            answer = verbs[verb](parameters)
        except Exception as error:  # pylint: disable=broad-exception-caught; libraries raise what they like.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
