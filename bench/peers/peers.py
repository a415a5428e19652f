"""What one would use instead of Engram, behind the protocol of peer_bench.cc.

    peers.py [--threads T] [--core C]     reads commands from standard input, answers each with a line of JSON
    peers.py --versions                   prints what is here

Commands are data, time, answers and about. METHOD is method=NAME beta= batch= k= ef=; the names are those of PEERS below.
`answers` writes with numpy.save: ids [M, k] by descending score, or states [M, D]. A method that can be written in
several ways is measured in the one that was fastest when it was first asked for: `form` says which.

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

# Of top-k queries, unless k= says otherwise.
TOP = 10

# As in Engram's defaults: largest number of updates, and the change at which a state stops.
MAX_UPDATES = 100
TOLERANCE = 1e-6

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


class Numpy(Peer):
    def scores(self):
        """Forms of the scores [B, N]."""
        x = self.bench.patterns
        if self.batch == 1:
            return {"X q": lambda q: (x @ q[0])[None]}
        return {"Q X^T": lambda q: q @ x.T, "X Q^T": lambda q: (x @ q.T).T}


class NumpyTopK(Numpy):
    """Scores, then argpartition and a sort of the k."""

    def prepare(self, parameters):
        self.forms = {name: self.top(scores) for name, scores in self.scores().items()}

    def top(self, scores):
        numpy = self.bench.numpy

        def run(q):
            s = scores(q)
            best = numpy.argpartition(s, -self.k, axis=1)[:, -self.k :]
            order = numpy.argsort(-numpy.take_along_axis(s, best, 1), axis=1)
            return numpy.take_along_axis(best, order, 1)

        return run


class NumpySoftmax(Numpy):
    def prepare(self, parameters):
        self.forms = {name: self.attend(scores) for name, scores in self.scores().items()}

    def attend(self, scores):
        numpy = self.bench.numpy

        def run(q):
            p = scores(q)
            p *= self.beta
            p -= p.max(axis=1, keepdims=True)
            numpy.exp(p, out=p)
            p /= p.sum(axis=1, keepdims=True)
            return (p[0] @ self.bench.patterns)[None] if self.batch == 1 else p @ self.bench.patterns

        return run


class Faiss(Peer):
    """IndexFlatIP, exact. FAISS has two ways: row by row, and blocks by BLAS."""

    def prepare(self, parameters):
        faiss = self.bench.library("faiss")
        faiss.omp_set_num_threads(self.bench.threads)
        index = self.bench.made("faiss", self.build)
        default = self.bench.made("faiss threshold", lambda: faiss.cvar.distance_compute_blas_threshold)

        def form(threshold):
            def run(q):
                faiss.cvar.distance_compute_blas_threshold = threshold
                return index.search(q, self.k)[1]

            return run

        self.forms = {"default": form(default), "BLAS": form(1), "no BLAS": form(2**31 - 1)}

    def build(self):
        index = self.bench.library("faiss").IndexFlatIP(self.bench.patterns.shape[1])
        index.add(self.bench.patterns)
        return index


class Hnsw(Peer):
    """hnswlib: approximate; M = 16, ef_construction = 200."""

    def prepare(self, parameters):
        index = self.bench.made("hnsw", self.build)
        ef = max(int(parameters.get("ef", 64)), self.k)

        def run(q):
            index.set_ef(ef)
            return index.knn_query(q, k=self.k, num_threads=self.bench.threads)[0].astype("int64")

        self.forms = {"": run}

    def build(self):
        patterns = self.bench.patterns
        index = self.bench.library("hnswlib").Index(space="ip", dim=patterns.shape[1])
        index.init_index(max_elements=len(patterns), ef_construction=200, M=16, random_seed=1)
        pin(None)  # Building is not what is compared.
        start = time.monotonic()
        index.add_items(patterns)
        self.bench.notes["hnsw_build_s"] = time.monotonic() - start
        self.bench.pin()
        return index


class Torch(Peer):
    def scores(self):
        x = self.bench.tensor
        if self.batch == 1:
            return {"mv": lambda q: x.mv(q[0])[None], "Q X^T": lambda q: q @ x.T}
        return {"Q X^T": lambda q: q @ x.T, "X Q^T": lambda q: (x @ q.T).T.contiguous()}

    def combine(self, p):
        x = self.bench.tensor
        return x.T.mv(p[0])[None] if self.batch == 1 else p @ x

    def of_numpy(self, function):
        torch = self.bench.library("torch")

        def run(q):
            with torch.inference_mode():
                return function(torch.from_numpy(q)).numpy()

        return run


class TorchTopK(Torch):
    def prepare(self, parameters):
        def form(scores):
            return lambda q: scores(q).topk(self.k, dim=1).indices

        self.forms = {name: self.of_numpy(form(scores)) for name, scores in self.scores().items()}


class TorchAttention(Torch):
    """One update X^T p, p = weights(beta X q), or updates until the state stops (loop=1)."""

    def prepare(self, parameters):
        step = self.loop if int(parameters.get("loop", 0)) else self.step
        self.forms = {name: self.of_numpy(step(scores)) for name, scores in self.scores().items()}

    def step(self, scores):
        return lambda q: self.combine(self.weights(self.beta * scores(q)))

    def loop(self, scores):
        torch = self.bench.library("torch")

        def run(q):
            state, moving = q.clone(), torch.arange(len(q))
            for _ in range(MAX_UPDATES):
                before = state[moving]
                after = self.step(scores)(before) if len(moving) > 1 or self.batch == 1 else self.lone(before)
                state[moving] = after
                largest = before.abs().amax(1).clamp(min=1)
                moving = moving[(after - before).abs().amax(1) > TOLERANCE * largest]
                if len(moving) == 0:
                    break
            return state

        return run

    def lone(self, q):
        """The update of the last state of a batch that still moves."""
        x = self.bench.tensor
        return x.T.mv(self.weights(self.beta * x.mv(q[0])[None])[0])[None]


class TorchSoftmax(TorchAttention):
    def weights(self, z):
        return z.softmax(dim=1)


class TorchSparsemax(TorchAttention):
    def weights(self, z):
        return self.bench.library("entmax").sparsemax(z, dim=1)


class TorchEntmax15(TorchAttention):
    """A full sort."""

    def weights(self, z):
        return self.bench.library("entmax").entmax15(z, dim=1)


class TorchEntmax15Partial(TorchAttention):
    """The largest 100 scores are sorted, more if they do not suffice."""

    def weights(self, z):
        return self.bench.library("entmax").entmax15(z, dim=1, k=min(100, z.shape[1]))


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
