#!/usr/bin/env python3
"""Holds what bench/gpu/run.sh measured against the goals for GPUs, and writes one report.

    goals.py --bench FILE --peers FILE [--gemm FILE] [--service FILE] [--machine FILE] --out FILE

A goal is about ratios of medians of one run. Times of updates are of the host's clock, with everything that a caller
waits for; those of the peers of the device's clock, so that the ratios rather favour the peers.
"""

import argparse
import json
import sys

LARGE_CODES = 10**9  # Bytes from which a scan is held against a plain read.
LONG_CONTEXT = 131_072
LEAST_HOST_ROWS = 1_000_000
LEAST_STREAMED_ROWS = 100_000
LEAST_SERVED_ROWS = 1_000_000


class Goals:
    def __init__(self, bench, peers, gemm, service):
        self.bench, self.peers, self.gemm, self.service = bench, peers, gemm, service
        self.rows = []

    def add(self, goal, text, value, bound, at_most=False):
        met = value <= bound if at_most else value >= bound
        self.rows.append(
            {"id": goal, "what": text, "value": value, "at_most" if at_most else "at_least": bound, "met": met}
        )

    def miss(self, goal, text, why):
        self.rows.append({"id": goal, "what": text, "not_measured": why})

    def tell(self, goal, text, value):
        """What explains a goal and is none."""
        self.rows.append({"id": goal, "what": text, "value": value})

    def measured(self, kind):
        return [cell for cell in self.bench.get(kind, []) if "skipped" not in cell]

    def bank(self, dim, count):
        """The bank of that shape, or the largest of that dimension."""
        banks = [bank for bank in self.measured("banks") if bank["dim"] == dim and bank["patterns"] <= count]
        return max(banks, key=lambda bank: bank["patterns"], default=None)

    def peer(self, count, dim, batch, *words):
        """Milliseconds of the fastest peer whose name has all of the words; None: there is none. Loops only if asked for."""
        for cell in self.peers.get("cells", []):
            if (cell["patterns"], cell["dim"], cell.get("states")) == (count, dim, batch):
                times = cell.get("milliseconds", {})
                found = [name for name in times if all(word in name for word in words)]
                return min((times[name] for name in found if "steps" in words or "steps" not in name), default=None)
        return None

    def against(self, goal, bank, batch, bound, *words, kind="updates"):
        """How many times as long as an update the peer takes; without a bound it is only told."""
        what = f"{bank['patterns']:,} x {bank['dim']}, B = {batch}, against {' '.join(words)}"
        ours = next((u for u in bank.get(kind, []) if u["states"] == batch and "skipped" not in u), None)
        theirs = self.peer(bank["patterns"], bank["dim"], batch, *words)
        if ours is None or theirs is None:
            self.miss(goal, what, "no figure of " + ("the peer" if ours else "the update"))
        elif not ours["on_device"] and kind == "streams":
            self.miss(goal, what, "the host streamed it")
        elif bound is None:
            self.tell(goal, what, theirs / ours["milliseconds"]["p50"])
        else:
            self.add(goal, what, theirs / ours["milliseconds"]["p50"], bound)

    def scans(self):
        what = "scan alone, B = 1, at least 1 GB of codes: speed / a plain read's"
        cells = [c for c in self.measured("scans") if c["states"] == 1 and c["bytes"] >= LARGE_CODES]
        for cell in cells:
            self.add("G1", f"{cell['patterns']:,} x {cell['dim']}: {what}", cell["of_plain_read"], 0.85)
        if not cells:
            self.miss("G1", what, "no such scan was measured")
        self.miss("G2", "float32 scan, B = 1", "the backend scans codes only")

    def large_banks(self):
        bank = self.bank(768, 10_000_000)
        if bank is None:
            self.miss("G3", "a bank of D = 768", "none was measured")
            self.miss("G4", "a bank of D = 768", "none was measured")
            return
        self.against("G3", bank, 1, 6, "fp32", "entmax15(k=100)")
        self.against("G3", bank, 1, 3, "bf16", "topk")
        self.miss("G3", "against a float32 scan of its own", "the backend scans codes only")
        self.against("G4", bank, 64, 20, "fp32", "entmax15(k=100)")
        self.against("G4", bank, 64, 4, "bf16", "topk")
        self.miss("G4", "against cuVS brute_force", "not among the peers")

    def fixed_points(self):
        found = False
        for bank in self.measured("banks"):
            if bank["patterns"] < LEAST_HOST_ROWS:
                continue
            for cell in bank["retrievals"]:
                found = True
                shape = f"{bank['patterns']:,} x {bank['dim']}, {cell['queries']} queries"
                steps, several = cell["steps"], cell["all_steps_milliseconds"]["p50"]
                one = cell["one_step_milliseconds"]["p50"]
                self.add("G5", f"{shape}: {steps} steps / one step: time", several / one, 1.3, at_most=True)
                theirs = self.peer(bank["patterns"], bank["dim"], cell["queries"], "entmax15(k=100)", "steps")
                if theirs is not None:
                    self.add("G5", f"{shape}: against entmax15 in a loop", theirs / several, 20)
        if not found:
            self.miss("G5", f"{LEAST_HOST_ROWS:,} patterns or more", "no such bank was measured")

    def attention(self):
        banks = [b for b in self.measured("banks") if b["dim"] == 128 and b["patterns"] >= LONG_CONTEXT]
        for bank in banks:
            self.against("G6", bank, 64, 20, "AdaSplash")
        if not banks:
            self.miss("G6", "against AdaSplash, D = 128", "no such bank was measured")

    def softmax(self):
        """The same precision is the goal; what SDPA takes for half of it, and other forms of softmax, is told."""
        banks = [b for b in self.measured("banks") if b["patterns"] >= LEAST_STREAMED_ROWS and b.get("streams")]
        for bank in banks:
            for cell in bank["streams"]:
                for words, bound in (("sdpa fp32", 1.7), ("sdpa bf16", None), ("torch softmax fp32", None)):
                    self.against("G7", bank, cell["states"], bound, words, kind="streams")
        if not banks:
            self.miss("G7", "softmax, FAST, against SDPA with K = V", "no such bank was measured")

    def small_bank(self):
        what = "10,000 x 128, B = 1: kernels of a step before selection, without a graph, ms"
        cell = next(
            (c for c in self.measured("scans") if (c["patterns"], c["dim"], c["states"]) == (10_000, 128, 1)), None
        )
        if cell is None:
            self.miss("G8", what, "this scan was not measured")
        else:
            self.add("G8", what, cell["milliseconds"] + cell["lowers_milliseconds"], 0.015, at_most=True)
        bank = next((b for b in self.measured("banks") if (b["patterns"], b["dim"]) == (10_000, 128)), None)
        if bank is None:
            self.miss("G8", "10,000 x 128, against entmax15", "this bank was not measured")
        else:
            self.against("G8", bank, 1, 8, "fp32", "entmax15(k=100)")

    def host_patterns(self):
        found = False
        for bank in self.measured("banks"):
            for cell in bank["updates"]:
                if "patterns_on_host_milliseconds" in cell and bank["patterns"] >= LEAST_HOST_ROWS:
                    found = True
                    ratio = cell["patterns_on_host_milliseconds"]["p50"] / cell["milliseconds"]["p50"]
                    shape = f"{bank['patterns']:,} x {bank['dim']}, B = {cell['states']}"
                    self.add("G9", f"{shape}: patterns on the host / on the device: time", ratio, 1.3, at_most=True)
        if not found:
            self.miss("G9", "patterns on the host / on the device", "no such bank was measured")

    def end_to_end(self):
        """Over 1.3 times an echo comes what the calls' sweeps took, by the server's own clock."""
        what = "p50 of Retrieve / (1.3 x echo's + sweeps)"
        banks = [b for b in self.service.get("banks", []) if b["patterns"] >= LEAST_SERVED_ROWS]
        for bank in banks:
            shape = f"{bank['patterns']:,} x {bank['dim']}"
            if self.service.get("backend") != "cuda" or not bank["device_bytes"]:
                self.miss("G10", f"{shape}: {what}", "it was not served from a GPU")
                continue
            for call in bank["calls"]:
                self.add("G10", f"{shape}, {call['kind']}: {what}", call["of_allowed"], 1, at_most=True)
                rest = "(p50 of Retrieve - sweeps) / echo's p50"
                self.tell("G10", f"{shape}, {call['kind']}: {rest}", call["rest_of_echo"])
        if not banks:
            self.miss("G10", what, self.service.get("error") or self.service.get("skipped") or "no bank was served")

    def fusion(self):
        what = "scan of many states: speed / cuBLASLt and a filter"
        cells = [cell for cell in self.gemm.get("cells", []) if "skipped" not in cell]
        for cell in cells:
            shape = f"{cell['patterns']:,} x {cell['dim']}, B = {cell['states']}"
            if cell["bounds_are_the_same"]:
                self.add("G11", f"{shape}: {what}", cell["fused_speed_of_gemm"], 1)
            else:
                self.miss("G11", f"{shape}: {what}", "their bounds differ")
        if not cells:
            reasons = [cell["skipped"] for cell in self.gemm.get("cells", [])]
            why = self.gemm.get("error") or self.gemm.get("skipped") or next(iter(reasons), "nothing was measured")
            self.miss("G11", what, why)

    def all(self):
        for measure in (self.scans, self.large_banks, self.fixed_points, self.attention, self.softmax):
            measure()
        for measure in (self.small_bank, self.host_patterns, self.end_to_end, self.fusion):
            measure()
        return self.rows


def print_table(rows):
    for row in rows:
        if "not_measured" in row:
            print(f"{row['id']:4} {row['what']:84} not measured: {row['not_measured']}")
            continue
        if "met" not in row:
            print(f"{row['id']:4} {row['what']:84} {row['value']:9.4g}")
            continue
        bound = f"<= {row['at_most']:g}" if "at_most" in row else f">= {row['at_least']:g}"
        print(f"{row['id']:4} {row['what']:84} {row['value']:9.4g} {bound:9} {'met' if row['met'] else 'MISSED'}")


def load(path):
    if path is None:
        return {"skipped": "not measured in this run"}
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        return {"skipped": str(error)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True)
    parser.add_argument("--peers", required=True)
    parser.add_argument("--gemm", help="scans beside cuBLASLt")
    parser.add_argument("--service", help="calls of a server")
    parser.add_argument("--machine", help="what describes the machine, a line for each fact, 'name: value'")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    bench, peers, gemm, service = map(load, (options.bench, options.peers, options.gemm, options.service))
    machine = {}
    if options.machine:
        with open(options.machine, encoding="utf-8") as file:
            machine = dict((part.strip() for part in line.split(":", 1)) for line in file if ":" in line)
    rows = Goals(bench, peers, gemm, service).all()
    print_table(rows)
    with open(options.out, "w", encoding="utf-8") as file:
        parts = {"engram": bench, "peers": peers, "gemm": gemm, "service": service}
        json.dump({"machine": machine, "goals": rows, **parts}, file, indent=1)
        file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
