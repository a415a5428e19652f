"""Reproduces Table 1 of the founding paper: sizes of metastable states.

The paper: Martins, Niculae, McNamee (2023), "Sparse modern Hopfield networks". N = 10 patterns, uniform on the unit
sphere in D = 5 dimensions, and a query, uniform in the unit ball, are drawn 1000 times; the size is the number of
patterns with weight (with more than 0.01 for alpha = 1, whose weights are never 0) after the updates. The paper does
not say how many updates; its figures are those of 100, where little moves any more.

Each trial has patterns of its own. They replace those of an earlier trial in one of a few banks, which is much faster
than creating and deleting a bank for each.
"""

import json
import math
import statistics
import sys

import numpy as np

from definitions import Entmax, Softmax
from experiment import Results, api, binomial_error, connect, parse_options, to_dynamics, to_matrix

PATTERNS = 10
DIM = 5
BETA = 4.0
TRANSFORMATIONS = {1.0: Softmax(), 1.5: Entmax(1.5), 2.0: Entmax(2.0)}
UPDATES = 100
SIZES = range(1, PATTERNS + 1)

# Trials under way at once, and so the number of banks.
BANKS = 100

# What counts as weight for alpha = 1.
SOFTMAX_WEIGHT = 0.01

# Largest deviation from the reference, in standard errors.
ALLOWED_DEVIATION = 3.0

# A count that is expected to be smaller than this is far from normal; it is judged by its exact distribution.
RARE_COUNT = 10


def on_sphere(random, *shape):
    """Points [*shape, DIM], uniform on the unit sphere."""
    points = random.standard_normal((*shape, DIM))
    return points / np.linalg.norm(points, axis=-1, keepdims=True)


def in_ball(random, count):
    """Points [count, DIM], uniform in the unit ball."""
    return on_sphere(random, count) * random.uniform(size=(count, 1)) ** (1 / DIM)


def metastable_size(retrieval, alpha):
    threshold = SOFTMAX_WEIGHT if alpha == 1 else 0
    return sum(weight > threshold for weight in retrieval.support_weights)


def run_trials(memory, trials, seed):
    """How often each size in SIZES came up, by alpha."""
    random = np.random.default_rng(seed)
    patterns = on_sphere(random, trials, PATTERNS)
    queries = in_ball(random, trials)
    banks = [f"table1-{number}" for number in range(min(BANKS, trials))]
    dynamics = {alpha: to_dynamics(BETA, each, updates=UPDATES) for alpha, each in TRANSFORMATIONS.items()}
    counts = {alpha: [0] * PATTERNS for alpha in dynamics}

    def store(trial):
        bank = banks[trial % len(banks)]
        return api.StoreRequest(bank=bank, patterns=to_matrix(patterns[trial]), ids=range(PATTERNS))

    def retrieve(trial, alpha):
        return api.RetrieveRequest(
            bank=banks[trial % len(banks)],
            queries=to_matrix(queries[trial : trial + 1]),
            dynamics=dynamics[alpha],
            max_support=PATTERNS,
            omit_energy=True,
        )

    for bank in banks:
        memory.stub.CreateBank(api.CreateBankRequest(name=bank, dim=DIM))
    for first in range(0, trials, len(banks)):
        batch = range(first, min(first + len(banks), trials))
        for _ in memory.pipeline(memory.stub.Store, map(store, batch)):
            pass
        pairs = [(trial, alpha) for trial in batch for alpha in dynamics]
        responses = memory.pipeline(memory.stub.Retrieve, (retrieve(*pair) for pair in pairs))
        for (_, alpha), response in zip(pairs, responses):
            counts[alpha][metastable_size(response.retrievals[0], alpha) - 1] += 1
    for bank in banks:
        memory.stub.DeleteBank(api.DeleteBankRequest(name=bank))
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
    error = math.hypot(binomial_error(share, trials), binomial_error(share, reference_trials))
    if rare:
        return error, rare_deviation(count, trials, share)
    if error == 0:
        return error, 0.0  # Neither sample has the size, or both have no other.
    return error, (count / trials - reference_share) / error


def read_reference(path):
    """The cases of the file with as many updates as we make, by alpha."""
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    return {case["alpha"]: case for case in cases if case["updates"] == UPDATES}


def add_rows(results, alpha, counts, trials, reference):
    results.heading(
        f"alpha = {alpha:g}", "size", "ours %", "reference %", "paper %", "standard error", "deviation"
    )
    for size in SIZES:
        count, percent = counts[size - 1], reference["percent_by_size_1_to_10"][size - 1]
        error, deviation = compare(count, trials, percent / 100, reference["trials"])
        results.row(
            abs(deviation) <= ALLOWED_DEVIATION,
            f"{size}",
            f"{100 * count / trials:.2f}",
            f"{percent:.3f}",
            f"{reference['paper_1000_trials'][size - 1]:.1f}",
            f"{100 * error:.2f}",
            f"{deviation:+.2f}",
        )


def main():
    options = parse_options(__doc__, trials=10000, seed=2)
    reference = read_reference(f"{options.golden}/table1_metastable.json")
    results = Results(
        f"N = {PATTERNS}, D = {DIM}, beta = {BETA:g}, {UPDATES} updates; {options.trials} trials, seed {options.seed}."
        f"\nReference: {reference[1.0]['trials']} trials; paper: 1000. Standard error: of ours minus reference, in"
        " points.\nDeviation: ours minus reference in standard errors (for rare sizes the normal deviate of the exact"
        f" binomial tail);\nallowed are {ALLOWED_DEVIATION:g}."
    )
    with connect(options.server) as memory:
        counts = run_trials(memory, options.trials, options.seed)
    for alpha in TRANSFORMATIONS:
        add_rows(results, alpha, counts[alpha], options.trials, reference[alpha])
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
