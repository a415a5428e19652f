#!/usr/bin/env python3
"""Runs the benchmark of a server's large banks on the CPU, with small ones, and looks whether the report is whole.

    service_smoke_test.py BUILD_DIR

What the figures are means nothing there.
"""

import json
import os
import subprocess
import sys
import tempfile

GPU = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

BANK = {"patterns", "dim", "store_seconds", "device_bytes", "calls"}
SERIES = {"retrieve_p50_us", "retrieve_p99_us", "echo_p50_us", "echo_p99_us", "sweeps_us"}
CALL = {"kind", "request_bytes", "response_bytes", "updates", "sweeps", "rest_of_echo", "of_allowed", *SERIES}
SHAPES = ((2000, 24), (300, 8))


def expect(claim, what):
    if not claim:
        sys.exit(f"service_smoke_test: {what}")


def check(service):
    expect("error" not in service, service.get("error"))
    expect(service["backend"] == "cpu", "another backend than the one asked for served")
    expect([(bank["patterns"], bank["dim"]) for bank in service["banks"]] == list(SHAPES), "other banks were served")
    for bank in service["banks"]:
        expect(BANK <= bank.keys(), f"a bank lacks {sorted(BANK - bank.keys())}")
        expect(bank["device_bytes"] == 0, "the CPU has a device")
        expect(len(bank["calls"]) == 2, "a kind of call is missing")
        for call in bank["calls"]:
            expect(CALL <= call.keys(), f"a call lacks {sorted(CALL - call.keys())}")
            expect(call["sweeps"] >= 1, "a call needed no sweep")
            for series in SERIES:
                expect(len(call[series]) == 2 and min(call[series]) > 0, f"{series}: got {call[series]}")


def main():
    build = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        shapes = ",".join(f"{count}x{dim}" for count, dim in SHAPES)
        options = ["--shapes", shapes, "--rounds", "2", "--seconds", "0.1", "--threads", "3"]
        subprocess.run([os.path.join(GPU, "service.sh"), build, folder, "cpu", *options], check=True)
        with open(os.path.join(folder, "service.json"), encoding="utf-8") as file:
            check(json.load(file))

        report = os.path.join(folder, "gpu.json")
        goals = [sys.executable, "-B", os.path.join(GPU, "goals.py"), "--bench", "none", "--peers", "none"]
        goals += ["--service", os.path.join(folder, "service.json"), "--out", report]
        subprocess.run(goals, check=True)
        with open(report, encoding="utf-8") as file:
            rows = [row for row in json.load(file)["goals"] if row["id"] == "G10"]
        expect(rows and all("not_measured" in row for row in rows), "small banks on the CPU were held against a goal")


if __name__ == "__main__":
    main()
