"""Where a comparison ran, and what there is room for."""

import os
import platform
import subprocess

# Copies of a bank's patterns in memory at once: two banks and the matrix, and the matrix and index of the peers; those
# of Debian's FAISS come on top.
COPIES, DEBIAN_COPIES = 6, 2


def read_first(path, prefix):
    with open(path, encoding="utf-8") as file:
        return next((line.split(":", 1)[1].strip() for line in file if line.startswith(prefix)), "")


def machine():
    return {
        "processor": read_first("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": read_first("/proc/meminfo", "MemTotal"),
        "system": platform.platform(),
        "load_average": os.getloadavg(),
    }


def commit():
    here = os.path.dirname(os.path.abspath(__file__))
    command = ["git", "-C", here, "describe", "--always", "--dirty", "--abbrev=12"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def has_room(count, dim, with_debian=False):
    available = int(read_first("/proc/meminfo", "MemAvailable").split()[0]) * 1024
    copies = COPIES + (DEBIAN_COPIES if with_debian else 0)
    return copies * 4 * count * dim < available
