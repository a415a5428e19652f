"""The command line of compare.py."""

import argparse
import os

from datasets import SYNTHETIC
from worker import default_folder


def shape(text):
    count, dim = text.split("x")
    return int(count), int(dim)


def parse_options(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True, metavar="FOLDER", help="a build tree with engram_peer_bench")
    parser.add_argument("--peers", default=default_folder(), metavar="FOLDER", help="what setup.sh made")
    parser.add_argument("--json", metavar="FILE", help="default: BUILD/bench/peers*.json")
    parser.add_argument("--resume", action="store_true", help="keep the cells of the JSON")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--full", action="store_true", help="the whole grid; hours")
    mode.add_argument("--smoke", action="store_true", help="compare the answers on small banks, and with numpy's")
    mode.add_argument("--scaling", action="store_true", help="how cost grows, and the engine under load")
    parser.add_argument("--data", nargs="+", choices=sorted(SYNTHETIC), metavar="NAME")
    parser.add_argument("--shapes", nargs="+", type=shape, metavar="NxD")
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 64], metavar="B", help="divisors of 64")
    parser.add_argument("--alphas", nargs="+", type=float, choices=[1.0, 1.5, 2.0], metavar="ALPHA")
    parser.add_argument("--ks", nargs="+", type=int, default=[], metavar="K", help="k-subsets, too")
    parser.add_argument("--betas", nargs="+", type=float, metavar="BETA")
    parser.add_argument("--mnist", metavar="FILE", default=os.environ.get("ENGRAM_MNIST"))
    parser.add_argument("--digits", metavar="FILE", default=os.environ.get("ENGRAM_DIGITS"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.12, help="of a sample, at least")
    parser.add_argument("--pair-seconds", type=float, default=3.0, help="of a pair, in all rounds")
    parser.add_argument("--slowest", type=float, default=4.0, help="seconds of a call; slower ones are left out")
    parser.add_argument("--core", type=int, default=os.cpu_count() - 1, help="where one thread is pinned")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch", metavar="FOLDER", help="for matrices; default: that of temporary files")
    options = parser.parse_args()
    suffix = "_smoke" if options.smoke else "_scaling" if options.scaling else ""
    options.json = options.json or os.path.join(options.build, "bench", f"peers{suffix}.json")
    return options
