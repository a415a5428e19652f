"""Seeded patterns [N, D] and queries [M, D], float32, written to raw files block by block."""

import os
import sys
import types

import numpy as np

# Queries of a data set: the largest batch.
QUERIES = 64

# Patterns of one cluster, and the cosine of a pattern and its centre, and of a query and its pattern.
CLUSTER = 100
COSINE = 0.8

BLOCK = 65536


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def gaussian(random, *shape):
    return random.standard_normal(shape, dtype=np.float32)


def near(random, rows):
    """Unit rows at about COSINE from unit `rows`."""
    return unit(COSINE * rows + np.float32(np.sqrt(1 - COSINE**2)) * unit(gaussian(random, *rows.shape)))


class Clusters:
    """Gaussian clusters on the unit sphere."""

    def __init__(self, random, count, dim):
        self.centres = unit(gaussian(random, -(-count // CLUSTER), dim))

    def block(self, random, first, count):
        return near(random, self.centres[np.arange(first, first + count) // CLUSTER])


class Embeddings:
    """Like embeddings of text: a strong common mean, a spectrum that falls by a power law, topics in topics; rotated.

    The mean has 0.3 of a row's square, a topic 0.2, its sub-topic 0.25, the rest is the row's own.
    """

    TOPICS, SUBTOPICS = 100, 20

    def __init__(self, random, _, dim):
        scale = np.arange(1, dim + 1, dtype=np.float32) ** -0.5
        self.scale = scale / np.linalg.norm(scale)
        self.rotation = np.linalg.qr(gaussian(random, dim, dim))[0]
        self.mean = unit(gaussian(random, 1, dim))
        self.topics = gaussian(random, self.TOPICS, dim)
        self.subtopics = gaussian(random, self.TOPICS * self.SUBTOPICS, dim)

    def block(self, random, _, count):
        of = random.integers(len(self.subtopics), size=count)
        mixed = np.float32(0.2**0.5) * self.topics[of // self.SUBTOPICS]
        mixed += np.float32(0.25**0.5) * self.subtopics[of]
        mixed += np.float32(0.25**0.5) * gaussian(random, count, len(self.scale))
        mixed *= self.scale
        mixed += np.float32(0.3**0.5) * self.mean
        return unit(mixed @ self.rotation)


class Sphere:
    """Independent directions: the worst case for any structure."""

    def __init__(self, random, count, dim):
        self.dim = dim

    def block(self, random, _, count):
        return unit(gaussian(random, count, self.dim))


class Adversarial:
    """A third are exact copies, 1 % are 0, 1 % are scaled by 1e-20, norms are log-normal, three columns stand out."""

    def __init__(self, random, count, dim):
        self.dim = dim

    def block(self, random, _, count):
        rows = unit(gaussian(random, count, self.dim))
        rows *= np.exp(0.5 * gaussian(random, count, 1))
        rows[:, :3] *= 8
        copies = random.permutation(count)[: count // 3]
        rows[copies] = rows[random.integers(count, size=len(copies))]
        rows[random.integers(count, size=count // 100)] = 0
        rows[random.integers(count, size=count // 100)] *= np.float32(1e-20)
        return rows


class Images:
    """MNIST's test images or scikit-learn's digits, read as bench/paper does; the queries are half masked."""

    def __init__(self, name, path):
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path.insert(0, os.path.join(here, "..", "paper"))
        import images  # pylint: disable=import-outside-toplevel; it is not on the path before.

        options = types.SimpleNamespace(golden=os.path.join(here, "..", "..", "tests", "golden"), **{name: path})
        self.rows = getattr(images, f"read_{name}")(options).astype(np.float32)

    def queries(self):
        picked = self.rows[np.arange(QUERIES) * len(self.rows) // QUERIES].copy()
        picked[:, picked.shape[1] // 2 :] = 0
        return picked


SYNTHETIC = {"clusters": Clusters, "emb": Embeddings, "sphere": Sphere, "adversarial": Adversarial}


class DataFiles:
    """The files of a data set in a folder; removed by the `with` block's end."""

    def __init__(self, folder, name, count, dim, seed):
        self.name, self.count, self.dim, self.seed = name, count, dim, seed
        self.patterns, self.queries = f"{folder}/patterns.f32", f"{folder}/queries.f32"

    def __enter__(self):
        random = np.random.default_rng([self.seed, sum(self.name.encode()), self.count, self.dim])
        generator = SYNTHETIC[self.name](random, self.count, self.dim)
        picks = np.arange(QUERIES) * self.count // QUERIES
        picked = np.zeros((QUERIES, self.dim), np.float32)
        with open(self.patterns, "wb") as file:
            for first in range(0, self.count, BLOCK):
                rows = generator.block(random, first, min(BLOCK, self.count - first)).astype("<f4")
                rows.tofile(file)
                here = (picks >= first) & (picks < first + len(rows))
                picked[here] = rows[picks[here] - first]
        near(random, unit(picked)).astype("<f4").tofile(self.queries)
        return self

    def __exit__(self, *_):
        os.remove(self.patterns)
        os.remove(self.queries)

    def parameters(self):
        """Of the command `data`."""
        return {
            "patterns": self.patterns,
            "rows": self.count,
            "queries": self.queries,
            "query_rows": QUERIES,
            "dim": self.dim,
        }


class ImageFiles(DataFiles):
    def __init__(self, folder, name, path):
        self._images = Images(name, path)
        super().__init__(folder, name, *self._images.rows.shape, seed=0)

    def __enter__(self):
        self._images.rows.astype("<f4").tofile(self.patterns)
        self._images.queries().astype("<f4").tofile(self.queries)
        return self
