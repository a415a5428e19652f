#!/usr/bin/env python3
"""Checks that includes go one way, as ARCHITECTURE.md draws it.

    check_layers.py [ROOT]

Prints a line for each include against the arrow; exits 1 if there is one.
"""
import pathlib
import re
import sys

# What each layer may include besides itself; nothing is inherited.
LAYERS = {
    "core/base": [],
    "core/codes": ["core/base"],
    "core/transform": ["core/base"],
    "core/storage": ["core/base", "core/transform"],  # The settings of a bank name its default dynamics.
    "core/bank": ["core/base", "core/codes", "core/transform", "core/storage"],
    "core/sweep": ["core/base", "core/codes", "core/transform", "core/bank"],
    "core/engine": ["core/base", "core/transform", "core/bank", "core/sweep"],
    "server": ["core", "proto"],
    "client": ["proto"],
}

# Headers that only some folders may see: the RPC and everything that throws stays at the edge, and CUDA
# in one place.
RESERVED = [
    (re.compile(r"(grpc|grpcpp|google|spdlog|CLI|nlohmann|prometheus)/"), ("server", "client", "tests", "bench")),
    (re.compile(r"engram/v1/"), ("server", "client", "tests", "bench")),
    (re.compile(r"(cuda|cublas|curand|cusparse|cusolver|nvml|nvrtc|nvtx|driver_types|device_launch)\w*\.h"
                r"|(cuda|cub|thrust|cooperative_groups|nvtx3)/"
                r"|(cooperative_groups|mma)(\.h)?$"), ("core/sweep/cuda",)),
]

SOURCES = {".h", ".cc", ".cu", ".cuh"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def is_inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def layer_of(path):
    if path.startswith("engram/v1/"):
        return "proto"  # Generated headers are included by their proto's path.
    if path.startswith("engram/"):
        return "client"  # The client's public headers are included as its users do.
    return next((layer for layer in LAYERS if is_inside(path, layer)), None)


def layers(root):
    """Yields the files of the layers, relative to root."""
    for top in sorted({layer.split("/")[0] for layer in LAYERS}):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SOURCES:
                yield path.relative_to(root).as_posix()


def objection(source, header):
    """Why `source` must not include `header`, or None."""
    for pattern, folders in RESERVED:
        if pattern.match(header):
            if not any(is_inside(source, folder) for folder in folders):
                return "is only for " + ", ".join(folders)
    ours, theirs = layer_of(source), layer_of(header)
    if ours is None and is_inside(source, "core"):
        return "is included from a folder that check_layers.py does not know"
    if ours is None or theirs is None or ours == theirs:
        return None
    if any(is_inside(theirs, allowed) for allowed in LAYERS[ours]):
        return None
    return f"is of layer {theirs}; {ours} may include " + (", ".join(LAYERS[ours]) or "nothing else")


def violations(root):
    """Yields (file, line, header, why) for each include against the arrow."""
    for source in layers(root):
        text = (root / source).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), start=1):
            match = INCLUDE.match(line)
            if match and (why := objection(source, match[1])):
                yield source, number, match[1], why


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parents[1])
    found = list(violations(root))
    for source, number, header, why in found:
        print(f"{source}:{number}: {header} {why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
