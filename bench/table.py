"""Prints the results of a Google Benchmark program with repetitions as a table, in the order of its source.

    table.py FILE.json

Times are medians over the repetitions; the spread is the coefficient of variation of the elapsed time.
"""

import json
import sys


def aggregates(path):
    """Yields name, median run and spread of each benchmark."""
    with open(path, encoding="utf-8") as file:
        runs = json.load(file)["benchmarks"]
    runs.sort(key=lambda run: (run["family_index"], run["per_family_instance_index"]))
    spreads = {run["run_name"]: run["real_time"] for run in runs if run["aggregate_name"] == "cv"}
    for run in runs:
        if run["aggregate_name"] == "median":
            yield run["run_name"].removesuffix("/real_time"), run, spreads[run["run_name"]]


def rate(run):
    """The figure by which runs of different sizes compare."""
    if "bytes_per_second" in run:
        return f"{run['bytes_per_second'] / 1e9:8.2f} GB/s {run['states_per_second']:10.0f} states/s"
    return f"{run['items_per_second'] / 1e6:8.1f} M/s {run['support']:10.0f} with weight"


def main():
    print(f"{'':60} {'elapsed':>10} {'spread':>7} {'CPU':>10}")
    for name, run, spread in aggregates(sys.argv[1]):
        unit = run["time_unit"]
        print(
            f"{name:60} {run['real_time']:10.3f} {spread:6.0%} {run['cpu_time']:10.3f} {unit}  {rate(run)}"
        )


if __name__ == "__main__":
    main()
