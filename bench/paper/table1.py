"""Reproduces Table 1 of the founding paper through a running server.

The paper: Martins, Niculae, McNamee (2023), "Sparse modern Hopfield networks". Its Table 1 counts the sizes of
metastable states: N = 10 patterns, uniform on the unit sphere in D = 5 dimensions, and a query, uniform in the unit
ball, are drawn 1000 times; the size is the number of patterns with weight (with more than 0.01 for alpha = 1, whose
weights are never 0) after the updates. The paper does not say how many updates; its figures are those of 100, where
nothing moves any more. Here each trial is a bank of its own with one query for each alpha.

Exits 1 if a cell is more than three standard errors away from the reference.
"""

import argparse
import json
import math
import statistics
import sys
import time

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import associative_memory_pb2_grpc as service
from engram.v1 import dynamics_pb2, matrix_pb2

PATTERNS = 10
DIM = 5
BETA = 4.0
ALPHAS = (1.0, 1.5, 2.0)
UPDATES = 100
PAPER_TRIALS = 1000
SIZES = range(1, PATTERNS + 1)

# What counts as weight for alpha = 1.
SOFTMAX_WEIGHT = 0.01

# Largest deviation from the reference, in standard errors.
ALLOWED_DEVIATION = 3.0

# A count that is expected to be smaller than this is far from normal; it is judged by its exact distribution.
RARE_COUNT = 10


def on_sphere(random, count):
    """Points [count, DIM], uniform on the unit sphere."""
    points = random.standard_normal((count, DIM))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def in_ball(random):
    """A point [1, DIM], uniform in the unit ball."""
    return on_sphere(random, 1) * random.uniform() ** (1 / DIM)


def to_matrix(points):
    rows, cols = points.shape
    return matrix_pb2.Matrix(rows=rows, cols=cols, data=points.astype("<f4").tobytes())


def to_dynamics(alpha):
    # Tolerance 0: a retrieval ends early only at a fixed point, which further updates would not leave.
    dynamics = dynamics_pb2.Dynamics(beta=BETA, max_iterations=UPDATES, tolerance=0)
    if alpha == 1:
        dynamics.softmax.SetInParent()
    else:
        dynamics.entmax.alpha = alpha
    return dynamics


def metastable_size(memory, bank, query, alpha):
    request = api.RetrieveRequest(
        bank=bank, queries=query, dynamics=to_dynamics(alpha), max_support=PATTERNS, omit_energy=True
    )
    weights = memory.Retrieve(request).retrievals[0].support_weights
    threshold = SOFTMAX_WEIGHT if alpha == 1 else 0
    return sum(weight > threshold for weight in weights)


def run_trials(memory, trials, seed):
    """How often each size in SIZES came up, by alpha."""
    random = np.random.default_rng(seed)
    counts = {alpha: [0] * PATTERNS for alpha in ALPHAS}
    for trial in range(trials):
        bank = f"table1-{trial}"
        memory.CreateBank(api.CreateBankRequest(name=bank, dim=DIM))
        memory.Store(api.StoreRequest(bank=bank, patterns=to_matrix(on_sphere(random, PATTERNS))))
        query = to_matrix(in_ball(random))
        for alpha in ALPHAS:
            counts[alpha][metastable_size(memory, bank, query, alpha) - 1] += 1
        memory.DeleteBank(api.DeleteBankRequest(name=bank))
    return counts


def rare_deviation(count, trials, share):
    """The normal deviate that is as unlikely as a count at least as far out as `count`; 0 near the middle."""

    def probability(k):
        log_ways = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        return math.exp(log_ways + k * math.log(share) + (trials - k) * math.log1p(-share))

    below = sum(probability(k) for k in range(count))
    at_least, at_most = 1 - below, below + probability(count)
    tail = min(at_least, at_most)
    if tail >= 0.5:
        return 0.0
    deviation = -statistics.NormalDist().inv_cdf(tail) if tail > 0 else math.inf
    return deviation if at_least < at_most else -deviation


def compare(count, trials, reference_share, reference_trials):
    """Standard error of the difference to the reference, and the difference in standard errors.

    Both are samples: if they have one distribution, the difference of the shares has the binomial variance
    p (1 - p) (1 / trials + 1 / reference_trials), with p from both samples together. For rare sizes that would
    call a single count an outlier; they are judged by the exact binomial distribution. A size that the
    reference never saw has a probability of up to 3 / reference_trials (rule of three), not 0.
    """
    share = max(reference_share, 3 / reference_trials)
    rare = trials * share < RARE_COUNT
    if not rare:
        share = (count + reference_share * reference_trials) / (trials + reference_trials)
    error = math.sqrt(share * (1 - share) * (1 / trials + 1 / reference_trials))
    if rare:
        return error, rare_deviation(count, trials, share)
    return error, (count / trials - reference_share) / error


def read_reference(path):
    """The cases of the file with as many updates as we make, by alpha."""
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    return {case["alpha"]: case for case in cases if case["updates"] == UPDATES}


def print_comparison(counts, trials, reference):
    """Prints the table; returns the number of cells that deviate too far."""
    outliers = 0
    for alpha in ALPHAS:
        case = reference[alpha]
        print(f"\nalpha = {alpha:g}")
        print("  size    ours %   reference %   paper %   standard error   deviation")
        for size in SIZES:
            count = counts[alpha][size - 1]
            percent = case["percent_by_size_1_to_10"][size - 1]
            error, deviation = compare(count, trials, percent / 100, case["trials"])
            outlier = not abs(deviation) <= ALLOWED_DEVIATION
            outliers += outlier
            print(
                f"  {size:4d}  {100 * count / trials:8.2f}  {percent:12.3f}  {case['paper_1000_trials'][size - 1]:8.1f}"
                f"  {100 * error:15.2f}  {deviation:+10.2f}{'  <-- too far' if outlier else ''}"
            )
    return outliers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--reference", required=True, metavar="FILE", help="table1_metastable.json")
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.trials < 1:
        parser.error(f"--trials: got {options.trials}, allowed 1 or more")

    reference = read_reference(options.reference)
    start = time.monotonic()
    with grpc.insecure_channel(options.server) as channel:
        memory = service.AssociativeMemoryStub(channel)
        counts = run_trials(memory, options.trials, options.seed)
    print(
        f"Table 1: sizes of metastable states, N = {PATTERNS}, D = {DIM}, beta = {BETA:g}, {UPDATES} updates;"
        f" {options.trials} trials, seed {options.seed}, {time.monotonic() - start:.1f} s."
        f"\nReference: {reference[ALPHAS[0]]['trials']} trials; paper: {PAPER_TRIALS}. Standard error: of ours minus"
        " reference, in points.\nDeviation: ours minus reference in standard errors (for rare sizes the normal"
        " deviate of the exact binomial tail)."
    )
    outliers = print_comparison(counts, options.trials, reference)
    print(f"\n{outliers} of {len(ALPHAS) * PATTERNS} cells deviate by more than {ALLOWED_DEVIATION:g} standard errors.")
    return 1 if outliers else 0


if __name__ == "__main__":
    sys.exit(main())
