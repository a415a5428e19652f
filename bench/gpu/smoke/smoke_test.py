#!/usr/bin/env python3
"""Runs the benchmarks for GPUs on CUDA's double, and looks whether the report is whole.

    smoke_test.py PROGRAM

What the figures are means nothing there.
"""

import json
import os
import subprocess
import sys
import tempfile

GPU = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

DEVICE = {"name", "multiprocessors", "memory_bytes", "free_bytes", "cache_bytes", "clock_mhz", "driver_cuda_version"}
CEILINGS = {"bytes", "read_bytes_per_second", "copied_bytes_per_second", "int8_operations_per_second"}
SCAN = {
    *("patterns", "dim", "states", "planes", "copies", "bytes", "operations", "milliseconds", "all_milliseconds"),
    *("plain_read_milliseconds", "lowers_milliseconds", "of_plain_read", "of_read_ceiling", "of_multiply_ceiling"),
    "floor_milliseconds",
}
BANK = {
    *("patterns", "dim", "beta", "entmax_alpha", "store_seconds", "updates", "retrievals", "device_bytes"),
    *("device_bytes_without_patterns", "device_bytes_of_all", "host_bytes", "streams"),
}
UPDATE = {
    *("states", "survivors_of_a_state", "on_device", "sweep_milliseconds", "milliseconds", "against_cpu"),
    "patterns_on_host_milliseconds",
}
STREAM = {"states", "on_device", "milliseconds", "against_cpu"}
GEMM = {
    *("patterns", "dim", "states", "copies", "fused_milliseconds", "gemm_milliseconds", "fused_speed_of_gemm"),
    *("all_fused_milliseconds", "all_gemm_milliseconds", "part_rows", "ways_tried", "way", "largest_difference"),
    *("largest_bound", "bounds_are_the_same"),
}
RETRIEVAL = {"queries", "one_step_milliseconds", "steps", "sweeps", "all_steps_milliseconds"}


def expect(claim, what):
    if not claim:
        sys.exit(f"smoke_test: {what}")


def expect_fields(record, fields, what):
    expect(fields <= record.keys(), f"{what} lacks {sorted(fields - record.keys())}")


def check_bench(bench):
    expect(bench["commit"] == "0123abc", "the commit is not the one that was given")
    expect("error" not in bench, bench.get("error"))
    expect_fields(bench["device"], DEVICE, "the device")
    expect_fields(bench["ceilings"], CEILINGS, "the ceilings")
    expect(all(value > 0 for value in bench["ceilings"].values()), "a ceiling is 0")
    expect(bench["scans"] and bench["banks"], "there are no scans or no banks")
    for scan in bench["scans"]:
        expect_fields(scan, SCAN, "a scan")
        expect(scan["milliseconds"] > 0, "a scan took no time")
    for bank in bench["banks"]:
        expect_fields(bank, BANK, "a bank")
        expect(
            bank["device_bytes_without_patterns"] < bank["device_bytes"],
            "the bank whose patterns stay on the host has them on the device",
        )
        for update in bank["updates"]:
            expect_fields(update, UPDATE, "an update")
            expect(update["on_device"], "the host swept")
            expect(update["against_cpu"]["checked"] > 0, "no answer was compared")
            expect(update["against_cpu"]["differing"] == 0, "an answer differs from the CPU's")
        expect(bank["streams"], "no softmax was streamed")
        for stream in bank["streams"]:
            expect_fields(stream, STREAM, "a streamed softmax")
            expect(stream["on_device"], "the host streamed")
            expect(stream["against_cpu"]["checked"] > 0, "no softmax was compared")
            expect(stream["against_cpu"]["differing"] == 0, "a softmax is further from the CPU's than both may err")
        for retrieval in bank["retrievals"]:
            expect_fields(retrieval, RETRIEVAL, "a retrieval")
        expect(len(bank["retrievals"]) == 2, "retrievals are missing")


def check_gemm(gemm):
    expect(gemm["library"] and len(gemm["cells"]) == 2, "there are no products")
    for cell in gemm["cells"]:
        expect_fields(cell, GEMM, "a GEMM")
        expect(cell["part_rows"] < cell["patterns"], "products came in one part")
        expect(cell["largest_bound"] > 0, "there are no bounds")
        expect(cell["bounds_are_the_same"], "the bounds of a GEMM differ from those of the scan")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:

        def path(name):
            return os.path.join(folder, name)

        subprocess.run([program, "--smoke", "--commit", "0123abc", "--json", path("bench.json")], check=True)
        with open(path("bench.json"), encoding="utf-8") as file:
            check_bench(json.load(file))
        subprocess.run([program, "--smoke", "--gemm", "--json", path("gemm.json")], check=True)
        with open(path("gemm.json"), encoding="utf-8") as file:
            check_gemm(json.load(file))

        peers = [sys.executable, "-B", os.path.join(GPU, "peers.py"), "--smoke", "--json", path("peers.json")]
        # 77: there is no PyTorch here, which the report says.
        expect(subprocess.run(peers, check=False).returncode in (0, 77), "peers.py failed")
        goals = [sys.executable, "-B", os.path.join(GPU, "goals.py")]
        files = [f"--{part}={path(part)}.json" for part in ("bench", "peers", "gemm")]
        files += ["--out", path("gpu.json")]
        subprocess.run([*goals, *files], check=True)
        with open(path("gpu.json"), encoding="utf-8") as file:
            report = json.load(file)
        expect_fields(report, {"machine", "goals", "engram", "peers", "gemm", "service"}, "the report")
        ids = {goal["id"] for goal in report["goals"]}
        expect(ids == {f"G{number}" for number in range(1, 12)}, f"goals: got {sorted(ids)}")


if __name__ == "__main__":
    main()
