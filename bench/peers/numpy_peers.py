"""What one would write with numpy."""

from peer import Peer


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
