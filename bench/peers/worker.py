"""The processes that compare.py measures with, all of which speak the protocol of peer_bench.cc."""

import json
import os
import subprocess
import sys


class Worker:
    """A process that answers commands, with the `methods` it has. Ends with the `with` block."""

    def __init__(self, command, variables=None):
        self._name = command[0]
        self.methods = ()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(variables or {})}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._process.stdin.close()
        self._process.wait()

    def ask(self, verb, **parameters):
        """The answer to one command; RuntimeError if it fails."""
        words = [verb] + [f"{name}={value}" for name, value in parameters.items()]
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended at: {' '.join(words)}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{' '.join(words)}: {answer['error']}")
        return answer


def start_engram(build):
    worker = Worker([f"{build}/bin/engram_peer_bench"])
    worker.methods = ("update", "rescan", "stream", "retrieve", "reference", "eigen", "read")
    return worker


def start_peers(python, threads, core, variables=None):
    """The peers of an interpreter, in a process with that many threads."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.py")
    worker = Worker([python, "-B", script, "--threads", str(threads), "--core", str(core)], variables)
    worker.methods = tuple(worker.ask("about")["methods"])
    return worker


def start_debian(folder, threads, core):
    """Debian's FAISS, unpacked by setup.sh; None where it is not."""
    packages = f"{folder}/debian/usr/lib/python3/dist-packages"
    if not os.path.isdir(packages):
        return None
    libraries = f"{folder}/debian/usr/lib/x86_64-linux-gnu"
    path = f"{libraries}/openblas-pthread:{libraries}"
    return start_peers("/usr/bin/python3", threads, core, {"PYTHONPATH": packages, "LD_LIBRARY_PATH": path})


def default_folder():
    """Where setup.sh installs, unless it is told otherwise."""
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "engram", "peers")


def peers_python(folder):
    """The interpreter of setup.sh's environment, or this one."""
    python = os.path.join(folder, "bin", "python")
    return python if os.path.exists(python) else sys.executable
