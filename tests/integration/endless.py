"""A retrieval that takes minutes, for tests of what happens meanwhile."""

import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import dynamics_pb2

from wire import to_matrix

DIM = 64
PATTERNS = 20_000


def make_endless_request(stub):
    """Stores the bank "endless" and returns a RetrieveRequest for it.

    Half of the patterns are e and half are -e, so that an update is q -> tanh(q): at beta = 1 it comes to rest
    neither exactly nor soon.
    """
    patterns = np.zeros((PATTERNS, DIM), np.float32)
    patterns[:, 0] = np.tile([1, -1], PATTERNS // 2)
    stub.CreateBank(api.CreateBankRequest(name="endless", dim=DIM))
    stub.Store(api.StoreRequest(bank="endless", patterns=to_matrix(patterns)))
    dynamics = dynamics_pb2.Dynamics(beta=1, softmax={}, max_iterations=10_000, tolerance=0)
    return api.RetrieveRequest(bank="endless", queries=to_matrix(np.eye(1, DIM)), dynamics=dynamics)
