"""Memory: what is admitted for banks is what they take, and a server with a limit is not killed (figure R11).

Usage: memory_test.py [--limit-mib N --changes N] [unittest options] ENGRAMD
With --limit-mib, which needs root and control groups of version 1: banks come and go under that limit.
"""

import os
import random
import re
import sys
import tempfile
import threading
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2

from data_directory import DataDirectoryTest
from wire import TIMEOUT_SECONDS, connect, make_stub, to_matrix

MIB = 1 << 20
# Of a bank; its memory is then large beside what else the server does.
BANK_BYTES = 256 * MIB
MESSAGE_BYTES = 4 * MIB
# Bounds of resident memory beside the admitted: after stores, and after a restart, when the ids are not yet sorted.
STORED_BOUNDS = (0.95, 1.05)
LOADED_BOUNDS = (0.88, 1.05)
# Of those that come and go.
BANKS = 12
# Share of the limit that banks may take.
BUDGET_SHARE = 0.8
SHAPES = {
    "small": {"dim": 16},
    "embeddings": {"dim": 768},
    "codes-less": {"dim": 128, "screening": bank_pb2.SCREENING_NONE},
    "values": {"dim": 64, "value_dim": 32},
}
PAYLOAD_BYTES = {"values": 100}


def resident_bytes(server):
    """Anonymous memory of the server: neither its program nor files."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+) kB", file.read()).group(1)) << 10


class Source:
    """Requests that fill a bank."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def rows(self, count, dim):
        return to_matrix(self.random.standard_normal((count, dim), np.float32)) if dim else None

    def store(self, bank, count, dim, value_dim=0, payload_bytes=0):
        payloads = [bytes(payload_bytes)] * count if payload_bytes else []
        return api.StoreRequest(
            bank=bank, patterns=self.rows(count, dim), values=self.rows(count, value_dim), payloads=payloads
        )


class MemoryTest(DataDirectoryTest):
    def fill(self, stub, name, flags):
        """Creates a bank and stores about BANK_BYTES, up to the end of a segment; returns what was admitted."""
        stub.CreateBank(api.CreateBankRequest(name=name, **flags))
        dim, value_dim = flags["dim"], flags.get("value_dim", 0)
        payload_bytes = PAYLOAD_BYTES.get(name, 0)
        row_bytes = 4 * (dim + value_dim) + payload_bytes
        source = Source(len(name))
        request = source.store(name, MESSAGE_BYTES // row_bytes, dim, value_dim, payload_bytes)
        while self.bank_bytes(stub, name) < BANK_BYTES:
            stub.Store(request, timeout=TIMEOUT_SECONDS)
        # Until a segment is full, as the next has no memory before rows are written to it.
        request = source.store(name, 64, dim, value_dim)
        admitted = self.bank_bytes(stub, name)
        while self.bank_bytes(stub, name) == admitted:
            stub.Store(request, timeout=TIMEOUT_SECONDS)
        for _ in stub.ScanPatterns(api.ScanPatternsRequest(bank=name, omit_rows=True)):
            pass  # Makes it sort its ids.
        return admitted

    def bank_bytes(self, stub, name):
        return stub.GetBank(api.GetBankRequest(name=name)).bank.memory_bytes

    def memory_bytes(self, stub):
        return stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes

    def assert_within(self, ratio, bounds, what):
        self.assertGreater(ratio, bounds[0], what)
        self.assertLess(ratio, bounds[1], what)

    def test_admitted_memory_is_what_banks_take(self):
        server, _, stub = self.start()
        self.fill(stub, "first", {"dim": 32})  # What the allocator keeps is there from now on.
        began = resident_bytes(server)
        all_admitted = 0
        for name, flags in SHAPES.items():
            resident = resident_bytes(server)
            admitted = self.fill(stub, name, flags)
            all_admitted += admitted
            ratio = (resident_bytes(server) - resident) / admitted
            print(f"{name}: {admitted / MIB:.0f} MiB admitted, {ratio:.3f} of it resident", file=sys.stderr)
        # Of all: what the allocator keeps of requests comes and goes between two of them.
        ratio = (resident_bytes(server) - began) / all_admitted
        print(f"all: {all_admitted / MIB:.0f} MiB admitted, {ratio:.3f} of it resident", file=sys.stderr)
        self.assert_within(ratio, STORED_BOUNDS, "stored")
        server.close()
        server, _, stub = self.start_ready()
        ratio = resident_bytes(server) / self.memory_bytes(stub)
        print(f"loaded: {resident_bytes(server) / MIB:.0f} MiB, {ratio:.3f} of what is admitted", file=sys.stderr)
        self.assert_within(ratio, LOADED_BOUNDS, "loaded")
        server.close()


class LimitTest(DataDirectoryTest):
    """Banks come, grow and go under a limit of the kernel, who kills what exceeds it."""

    limit_bytes = 0
    changes = 1000
    clients = 4

    def setUp(self):
        super().setUp()
        if not self.limit_bytes:
            self.skipTest("no --limit-mib")
        self.group = tempfile.mkdtemp(prefix="engram-", dir="/sys/fs/cgroup/memory")
        self.addCleanup(os.rmdir, self.group)
        self.write("memory.limit_in_bytes", self.limit_bytes)

    def write(self, name, value):
        with open(os.path.join(self.group, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def read(self, name):
        with open(os.path.join(self.group, name), encoding="ascii") as file:
            return file.read()

    def start_limited(self):
        """A server that is in the group before it loads anything large."""
        budget = int(BUDGET_SHARE * self.limit_bytes)
        server, channel, stub = self.start("--memory-budget-bytes", str(budget))
        self.write("cgroup.procs", server.process.pid)
        server.wait_for_log("all banks ready")
        return server, channel, stub

    def change(self, stub, source, number, counts):
        """One random change."""
        which = source.randrange(BANKS)
        bank, dim = f"bank{which}", 8 << which % 7
        what = source.choice(["create", "store", "store", "store", "delete", "remove"])
        try:
            if what == "create":
                stub.CreateBank(api.CreateBankRequest(name=bank, dim=dim), timeout=TIMEOUT_SECONDS)
            elif what == "delete":
                stub.DeleteBank(api.DeleteBankRequest(name=bank), timeout=TIMEOUT_SECONDS)
            else:
                if what == "remove":
                    ids = source.sample(range(1 << 16), 2000)
                    request = api.DeletePatternsRequest(bank=bank, ids=ids, allow_missing=True)
                    stub.DeletePatterns(request, timeout=TIMEOUT_SECONDS)
                else:
                    rows = source.randrange(1, 2 * MESSAGE_BYTES) // (4 * dim) + 1
                    request = Source(number).store(bank, rows, dim)
                    stub.Store(request, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            expected = {"create": ["ALREADY_EXISTS"], "delete": ["NOT_FOUND"]}.get(what, ["NOT_FOUND"])
            self.assertIn(error.code().name, [*expected, "RESOURCE_EXHAUSTED"], error)
            counts[error.code().name] = counts.get(error.code().name, 0) + 1
            return
        counts[what] = counts.get(what, 0) + 1

    def test_banks_come_and_go_under_a_limit(self):
        server, _, stub = self.start_limited()
        counts = {}
        failures = []

        def work(number):
            source = random.Random(number)
            with connect(server.address) as channel:
                for i in range(self.changes // (2 * self.clients)):
                    try:
                        self.change(make_stub(channel), source, number * self.changes + i, counts)
                    except (AssertionError, grpc.RpcError) as error:
                        failures.append(error)
                        return

        for half in range(2):
            threads = [threading.Thread(target=work, args=[half * self.clients + i]) for i in range(self.clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [], server.log()[-2000:])
            self.assertIsNone(server.process.poll(), server.log())
            admitted = stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes
            print(f"{counts}; {admitted / MIB:.0f} MiB admitted, {resident_bytes(server) / MIB:.0f} MiB resident, "
                  f"most {int(self.read('memory.max_usage_in_bytes')) / MIB:.0f} MiB in the group", file=sys.stderr)
            # It loads what it had.
            server.close()
            server, _, stub = self.start_limited()
        self.assertNotRegex(self.read("memory.oom_control"), r"oom_kill [1-9]")
        self.assertGreater(counts.get("RESOURCE_EXHAUSTED", 0), 0, "the budget was never used up")
        server.close()


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    for flag, field, factor in (("--limit-mib", "limit_bytes", MIB), ("--changes", "changes", 1)):
        if flag in sys.argv:
            at = sys.argv.index(flag)
            setattr(LimitTest, field, int(sys.argv[at + 1]) * factor)
            del sys.argv[at : at + 2]
    unittest.main()
