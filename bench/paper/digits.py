"""Reproduces half-masked image retrieval on scikit-learn's digits, beside the reference's numbers.

The paper: Santos, Niculae, McNamee, Martins (2024), "Hopfield-Fenchel-Young Networks", the section on image retrieval.
It has figures and no table; the reference is the authors' code on this data in float64, with which
tests/golden/digits_retrieval.json was made. Patterns are the first M images, pixels v / 8 - 1; a query is one of them
with rows 4 to 7 set to 0; 5 updates; success is a cosine to the image above 0.9, exact no component off by 1e-6.
Patterns and queries pass through the post-transformation first, except for tanh.

The reference's networks with tanh have one beta for the scores and another for the state:

    q' = tanh(beta X^T f(b X q)),   b = 1 for identity and t^10, 0.05 for exp,

where the service has one for both, q' = tanh(b X^T f(b X q)). What it is given instead is the same network:

* identity: b = sqrt(beta).
* t^10: b = beta^(1 / 11), and [t]_+^10. The even power of the reference is a defect of it, not the gradient of a convex
  function; with these images the two agree, because scores below 0 are small.
* exp: b = 0.05, with each pattern stored beta / 0.05 times: weights of exp have no fixed sum, so copies add up.
"""

import math
import sys

import numpy as np

import definitions
import images
from experiment import Results, connect, parse_options, to_dynamics

UPDATES = 5
MASKED = slice(32, 64)
SUCCESS = 0.9
EXACT = 1e-6

# Cosines this close to SUCCESS may fall on either side: the service has patterns and queries in float32.
COSINE_TOLERANCE = 1e-5
MEAN_TOLERANCE = 1e-5

# Components this close to EXACT may fall on either side: final states come in float32, which is good to 6e-8 here.
EXACT_TOLERANCE = 2e-7

# The reference's factor of the scores inside of exp.
INNER_BETA = 0.05

POSTS = {
    "identity": definitions.IdentityPost(),
    "normalization": definitions.L2Normalize(),
    "layer_normalization": definitions.LayerNorm(),
    "tanh": definitions.Tanh(),
}


def network(case):
    """Transformation, beta and copies of each pattern that make the network of a reference's case."""
    omega, alpha, beta = case["omega"], case["alpha"], case["beta"]
    if omega == "identity":
        return definitions.Identity(), math.sqrt(beta), 1
    if omega == "10_poly":
        return definitions.RectifiedPolynomial(10), beta ** (1 / 11), 1
    if omega == "exp":
        return definitions.Exponential(), INNER_BETA, round(beta / INNER_BETA)
    if omega == "normmax":
        return definitions.Normmax(alpha), beta, 1
    return definitions.Softmax() if alpha == 1 else definitions.Entmax(alpha), beta, 1


class Score:
    """How well final states agree with their images."""

    def __init__(self, states, targets):
        norms = np.linalg.norm(states, axis=1) * np.linalg.norm(targets, axis=1)
        cosines = (states * targets).sum(axis=1) / norms
        errors = np.abs(states - targets).max(axis=1)
        self.success = int((cosines > SUCCESS).sum())
        self.near_success = int((np.abs(cosines - SUCCESS) < COSINE_TOLERANCE).sum())
        self.exact = int((errors < EXACT).sum())
        self.near_exact = int((np.abs(errors - EXACT) < EXACT_TOLERANCE).sum())
        self.mean = cosines.mean()

    def agrees(self, case):
        return (
            abs(self.success - case["success_cos_gt_0.9"]) <= self.near_success
            and abs(self.exact - case["exact_1e-6"]) <= self.near_exact
            and abs(self.mean - case["mean_cos"]) <= MEAN_TOLERANCE
        )


def retrieve(memory, digits, case):
    """The final states of a case, and the images they should be."""
    transformation, beta, copies = network(case)
    post = POSTS[case["post"]]
    patterns = digits[: case["memories"]]
    queries = patterns.copy()
    queries[:, MASKED] = 0
    if case["post"] != "tanh":
        patterns, queries = post.apply(patterns, beta), post.apply(queries, beta)
    with memory.bank(np.repeat(patterns, copies, axis=0)) as bank:
        states, _ = memory.retrieve(bank, queries, to_dynamics(beta, transformation, post, UPDATES))
    return states, patterns


def add_rows(results, memory, digits, cases):
    for case in cases:
        transformation, _, _ = network(case)
        post = POSTS[case["post"]]
        name = (post.label, transformation.label, f"{case['beta']:g}")
        score = Score(*retrieve(memory, digits, case))
        results.row(
            score.agrees(case),
            *name,
            f"{score.success}",
            f"{case['success_cos_gt_0.9']}",
            f"{score.near_success}",
            f"{score.exact}",
            f"{case['exact_1e-6']}",
            f"{score.near_exact}",
            f"{score.mean:.6f}",
            f"{score.mean - case['mean_cos']:+.0e}",
        )


def main():
    options = parse_options(__doc__)
    golden = images.read_reference(options)
    digits = images.read_digits(options)
    results = Results(
        f"{UPDATES} updates; success: cosine > {SUCCESS:g}; exact: every component within {EXACT:g}."
        f"\n+-: cosines within {COSINE_TOLERANCE:g} of {SUCCESS:g}, and largest errors within {EXACT_TOLERANCE:g} of"
        f" {EXACT:g}, which may count either way.\nThe mean cosine may differ by {MEAN_TOLERANCE:g}."
    )
    columns = ("post", "transformation", "beta", "success", "reference", "+-", "exact", "reference", "+-")
    with connect(options.server) as memory:
        for memories in sorted({case["memories"] for case in golden["cases"]}):
            results.heading(f"{memories} memories", *columns, "mean cosine", "- reference")
            add_rows(results, memory, digits, [case for case in golden["cases"] if case["memories"] == memories])
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
