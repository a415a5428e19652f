"""What one would write with PyTorch, and with deep-spin's entmax."""

from peer import Peer

# As in Engram's defaults: largest number of updates, and the change at which a state stops.
MAX_UPDATES = 100
TOLERANCE = 1e-6


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
