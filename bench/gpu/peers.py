#!/usr/bin/env python3
"""What one would use instead of Engram on the same GPU: PyTorch, deep-spin's entmax, the entmax of AdaSplash.

    peers.py [--shapes 100000x128 ...] [--batches 1 8 ...] [--rounds 7] [--seconds 150] [--json FILE] [--smoke]

One step of B queries over N patterns of D numbers that lie on the device. Milliseconds by CUDA events, the median of
rounds in which all of them take turns; banks that the device's cache would hold exist several times and take turns,
too. What cannot be imported, does not fit or does not run is said so. Exits 77 where there is no PyTorch with a GPU.
"""

import argparse
import gc
import importlib
import json
import math
import statistics
import sys
import time

BETA = 28.0
TOP = 100
# What the goals are about comes first: time may run out.
SHAPES = ("10000x128", "1000000x768", "1000000x128", "10000000x768", "100000x768", "100000x128", "10000000x128")
BATCHES = (1, 8, 64, 256, 1024)
STEPS = 5
# Milliseconds of one figure in one round, and of a launch that is too slow to be repeated.
PER_FIGURE, SLOW = 5.0, 200.0


def optional(name):
    try:
        return importlib.import_module(name), ""
    except Exception as error:  # noqa: BLE001  # A broken package is as good as none.
        return None, f"{type(error).__name__}: {error}"


def entmax15_of_sorted(torch, z, chosen, scores):
    """entmax with alpha = 1.5 of `scores`, by the closed form of Peters et al. (2019); `chosen` are the largest ones,
    descending, enough of them to have all weight."""
    k = torch.arange(1, chosen.shape[1] + 1, device=z.device, dtype=z.dtype)
    mean = chosen.cumsum(1) / k
    spread = (chosen * chosen).cumsum(1) / k - mean * mean
    tau = mean - ((1 - k * spread) / k).clamp(min=0).sqrt()
    support = (tau <= chosen).sum(1, keepdim=True)
    return (scores - tau.gather(1, support - 1)).clamp(min=0) ** 2


class InlineEntmax:
    """What deep-spin/entmax computes, written here for want of it."""

    def __init__(self, torch):
        self.torch = torch

    def entmax15(self, z, dim=1, k=None):
        assert dim == 1
        half = (z - z.amax(1, keepdim=True)) / 2
        if k is None or k >= z.shape[1]:
            chosen = half.sort(1, descending=True).values
        else:
            chosen = half.topk(k, 1).values
        return entmax15_of_sorted(self.torch, half, chosen, half)


class Bank:
    """Patterns of norm 1 and queries; several copies of a bank that the cache would hold."""

    def __init__(self, torch, shape, device):
        self.torch, self.count, self.dim = torch, *shape
        self.device = device
        cache = getattr(torch.cuda.get_device_properties(0), "L2_cache_size", 1 << 26) if device == "cuda" else 0
        self.copies = max(1, min(32, -(-4 * cache // (4 * self.count * self.dim))))
        self.banks = [self.patterns() for _ in range(self.copies)]
        self.halves = None

    def patterns(self):
        x = self.torch.empty(self.count, self.dim, device=self.device)
        step = max(1, (1 << 28) // self.dim)
        for begin in range(0, self.count, step):
            part = x[begin : begin + step].normal_()
            part /= part.norm(dim=1, keepdim=True)
        return x

    def queries(self, batch):
        rows = self.torch.randint(self.count, (batch,), device=self.device)
        noise = self.torch.randn(batch, self.dim, device=self.device) / math.sqrt(self.dim)
        q = 0.8 * self.banks[0][rows] + 0.6 * noise
        return q / q.norm(dim=1, keepdim=True)

    def half(self, i):
        if self.halves is None:
            self.halves = [x.bfloat16() for x in self.banks]
        return self.halves[i % self.copies]

    def __getitem__(self, i):
        return self.banks[i % self.copies]


class Peers:
    """Functions of the number of a launch, by name."""

    def __init__(self, torch, bank, batch, entmax, label, adasplash):
        self.torch, self.bank, self.batch, self.entmax = torch, bank, batch, entmax
        self.q = bank.queries(batch)
        self.half = self.q.bfloat16()
        self.k = min(10, bank.count)
        top = min(TOP, bank.count)
        self.by_name = {
            "torch fp32 matmul + topk": self.top_of(False, False),
            "torch tf32 matmul + topk": self.top_of(False, True),
            "torch bf16 matmul + topk": self.top_of(True, False),
            "torch softmax fp32": self.attend(lambda z: z.softmax(1)),
            f"torch fp32 + {label}(k={TOP})": self.attend(lambda z: entmax.entmax15(z, dim=1, k=top)),
            f"torch fp32 + {label}, full sort": self.attend(lambda z: entmax.entmax15(z, dim=1)),
            f"torch fp32 + {label}(k={TOP}), {STEPS} steps": self.loop(lambda z: entmax.entmax15(z, dim=1, k=top)),
            "sdpa fp32, K = V": self.sdpa(False),
            "sdpa bf16, K = V": self.sdpa(True),
        }
        if adasplash is not None:
            # Its attention kernels take as many queries as keys, so what remains is its entmax of given scores.
            self.by_name["torch fp32 + AdaSplash's triton_entmax"] = self.checked_attend(
                lambda z: adasplash.triton_entmax(z.contiguous(), alpha=1.5), lambda z: entmax.entmax15(z, dim=1, k=top)
            )

    def with_tf32(self, on, function):
        def run(i):
            self.torch.backends.cuda.matmul.allow_tf32 = on
            return function(i)

        return run

    def scores(self, x, q):
        # One row is a matrix and a vector: the better form of the two.
        return (x @ q[0])[None] if self.batch == 1 else q @ x.T

    def top_of(self, half, tf32):
        def run(i):
            x, q = (self.bank.half(i), self.half) if half else (self.bank[i], self.q)
            return self.scores(x, q).topk(self.k, 1)

        return self.with_tf32(tf32, run)

    def step(self, weights, x, q):
        p = weights(BETA * self.scores(x, q))
        return (x.T @ p[0])[None] if self.batch == 1 else p @ x

    def attend(self, weights):
        return self.with_tf32(False, lambda i: self.step(weights, self.bank[i], self.q))

    def checked_attend(self, weights, right):
        """Refuses to be timed if `weights` are not those of `right`."""
        attend = self.attend(weights)
        is_right = []

        def run(i):
            if not is_right:
                z = BETA * self.scores(self.bank[i], self.q)
                error = (weights(z) - right(z)).abs().max().item()
                if not error < 1e-3:
                    raise ValueError(f"weights are off by {error:.2g}")
                is_right.append(True)
            return attend(i)

        return run

    def loop(self, weights):
        def run(i):
            q = self.q
            for _ in range(STEPS):
                q = self.step(weights, self.bank[i], q)
            return q

        return self.with_tf32(False, run)

    def sdpa(self, half):
        attention = self.torch.nn.functional.scaled_dot_product_attention

        def run(i):
            x, q = (self.bank.half(i), self.half) if half else (self.bank[i], self.q)
            return attention(q[None, None], x[None, None], x[None, None], scale=BETA)

        return run


class Timer:
    def __init__(self, torch, device):
        self.torch, self.on_device = torch, device == "cuda"

    def __call__(self, function, count):
        """Milliseconds of one of `count` calls."""
        if not self.on_device:
            begin = time.perf_counter()
            for i in range(count):
                function(i)
            return (time.perf_counter() - begin) * 1e3 / count
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        for i in range(count):
            function(i)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) / count


def release(torch):
    """Gives back what the peers of before had: their functions refer to one another."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def measure(peers, timer, rounds, deadline):
    """Milliseconds of every round by name, of one launch for those that are slow, and why others have none."""
    counts, skipped, slow = {}, {}, {}
    for name, function in peers.by_name.items():
        if time.monotonic() > deadline:
            skipped[name] = "no time left"
            continue
        try:
            timer(function, 1)  # Warms up, compiles.
            once = timer(function, 1)
            counts[name] = max(1, min(100, int(PER_FIGURE / max(once, 1e-3))))
            if once > SLOW:
                slow[name], counts[name] = [once], 0
        except Exception as error:  # noqa: BLE001  # Out of memory, or shapes that a peer does not take.
            skipped[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:160]}"
            if timer.on_device:
                peers.torch.cuda.empty_cache()
    times = {name: [] for name, count in counts.items() if count}
    for _ in range(rounds):
        for name in times:
            times[name].append(timer(peers.by_name[name], counts[name]))
    return times | slow, skipped


def shape_of(text):
    count, dim = text.split("x")
    return int(count), int(dim)


def sort_bytes(shape, batch):
    """What a full sort of all scores takes, about."""
    return shape[0] * batch * 4 * 8


def free(torch):
    return torch.cuda.mem_get_info()[0] if torch.cuda.is_available() else math.inf


def run_shape(torch, shape, options, tools, deadline):
    device, timer, entmax, label, adasplash = tools
    cells = []
    bank = Bank(torch, shape, device)
    for batch in options.batches:
        cell = {"patterns": shape[0], "dim": shape[1], "states": batch, "copies": bank.copies}
        cells.append(cell)
        if time.monotonic() > deadline:
            cell["skipped_all"] = "no time left"
            continue
        release(torch)
        peers = Peers(torch, bank, batch, entmax, label, adasplash)
        too_large = [name for name in peers.by_name if "full sort" in name and sort_bytes(shape, batch) > free(torch)]
        for name in too_large:
            del peers.by_name[name]
        times, skipped = measure(peers, timer, options.rounds, deadline)
        skipped |= dict.fromkeys(too_large, "its scores, sorted, do not fit the device")
        cell["milliseconds"] = {name: statistics.median(values) for name, values in times.items()}
        cell["all_milliseconds"] = times
        cell["skipped"] = skipped
        for name, value in cell["milliseconds"].items():
            print(f"{shape[0]} x {shape[1]:<4} B = {batch:<5} {name:44} {value:10.4f} ms")
        for name, why in skipped.items():
            print(f"{shape[0]} x {shape[1]:<4} B = {batch:<5} {name:44} skipped: {why}")
        sys.stdout.flush()
    return cells


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES))
    parser.add_argument("--batches", nargs="+", type=int, default=list(BATCHES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--json")
    parser.add_argument("--smoke", action="store_true", help="tiny shapes, on the CPU if there is no GPU")
    options = parser.parse_args()
    if options.smoke:
        options.shapes, options.batches, options.rounds = ["500x16"], [1, 3], 1
    return options


def main():
    options = parse()
    report = {}
    torch, why = optional("torch")
    status = 0
    if torch is None:
        report["skipped"] = f"no PyTorch: {why}"
    elif not torch.cuda.is_available() and not options.smoke:
        report["skipped"] = "PyTorch sees no GPU"
    if "skipped" in report:
        print(f"peers: {report['skipped']}")
        status = 77
    else:
        report = measure_all(torch, options)
    save(options, report)
    return status


def save(options, report):
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
            file.write("\n")


def measure_all(torch, options):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(1)
    entmax, why_no_entmax = optional("entmax")
    adasplash, why_no_adasplash = optional("adasplash")
    label = "entmax15"
    if entmax is None:
        entmax, label = InlineEntmax(torch), "inline entmax15"
        print(f"peers: entmax is not here ({why_no_entmax}); the same formula, written in peers.py, takes its place")
    if adasplash is None:
        print(f"peers: AdaSplash is not here ({why_no_adasplash})")
    report = {
        "beta": BETA,
        "torch": torch.__version__,
        "device": torch.cuda.get_device_name(0) if device == "cuda" else "cpu",
        "entmax": "deep-spin/entmax" if label == "entmax15" else "inline",
        "adasplash": "importable" if adasplash is not None else why_no_adasplash,
        "cells": [],
    }
    deadline = time.monotonic() + options.seconds
    tools = (device, Timer(torch, device), entmax, label, adasplash)
    with torch.inference_mode():
        for text in options.shapes:
            shape = shape_of(text)
            try:
                report["cells"] += run_shape(torch, shape, options, tools, deadline)
            except Exception as error:  # noqa: BLE001  # One shape that fails is no reason to lose the others.
                print(f"peers: {text}: {type(error).__name__}: {error}")
                report["cells"].append({"patterns": shape[0], "dim": shape[1], "skipped_all": str(error)[:200]})
            release(torch)
            save(options, report)
    return report


if __name__ == "__main__":
    sys.exit(main())
