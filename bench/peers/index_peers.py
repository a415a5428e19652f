"""Indexes of vectors: FAISS and hnswlib."""

import time

from peer import Peer, pin


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
