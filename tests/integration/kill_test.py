"""No acknowledged change is lost, whenever engramd is killed (reliability figure R2).

Eight writers store, replace and delete until the server is killed; after the restart every pattern of every
bank is compared with what was acknowledged. A change whose answer was lost may be there or not, but whole.

Usage: kill_test.py [--kills N] [unittest options] ENGRAMD
"""

import random
import sys
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2

from data_directory import DataDirectoryTest, scan
from wire import TIMEOUT_SECONDS, connect, make_stub, to_array, to_matrix

SEED = 8
WRITERS = 8
DIM = 8
BANKS = {
    "one": bank_pb2.DURABILITY_SYNCED,
    "two": bank_pb2.DURABILITY_SYNCED,
    "three": bank_pb2.DURABILITY_RELAXED,
}
# Ids and revisions are exact in float32 below 2^24.
IDS_PER_WRITER = 1 << 20
DELETED = 0


def to_pattern(id, revision):
    """A pattern that says which revision of which id it is."""
    return [id, revision] + [(id * 31 + revision * k) % 1009 for k in range(2, DIM)]


class Writer:
    """Changes patterns of its own in one bank, and remembers what was acknowledged."""

    def __init__(self, number):
        self.bank = sorted(BANKS)[number % len(BANKS)]
        self.random = random.Random(SEED + number)
        self.first_id = number * IDS_PER_WRITER
        self.revisions = {}  # Of each id, as acknowledged.
        self.revision = 0
        self.version = 0  # The newest that was acknowledged.
        self.pending = {}  # The change whose answer is awaited, or was lost.
        self.acknowledged = 0
        self.unexpected = None

    def run(self, address):
        """Writes until a call fails."""
        with connect(address) as channel:
            stub = make_stub(channel)
            try:
                while True:
                    self.change(stub)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    self.unexpected = error

    def change(self, stub):
        self.revision += 1
        present = [id for id, revision in self.revisions.items() if revision != DELETED][-200:]
        if present and self.random.random() < 0.2:
            ids = self.random.sample(present, min(3, len(present)))
            self.pending = dict.fromkeys(ids, DELETED)
            request = api.DeletePatternsRequest(bank=self.bank, ids=ids)
            response = stub.DeletePatterns(request, timeout=TIMEOUT_SECONDS)
        else:
            new = self.first_id + len(self.revisions)
            ids = list(range(new, new + self.random.choice([1, 1, 1, 5, 100])))
            ids += self.random.sample(present, min(2, len(present)))
            self.pending = dict.fromkeys(ids, self.revision)
            response = stub.Store(
                api.StoreRequest(
                    bank=self.bank,
                    ids=ids,
                    patterns=to_matrix([to_pattern(id, self.revision) for id in ids]),
                    payloads=[b"%d" % self.revision] * len(ids),
                ),
                timeout=TIMEOUT_SECONDS,
            )
        self.version = response.version
        self.acknowledged += len(ids)
        self.settle()

    def settle(self):
        """What was pending has happened."""
        self.revisions.update(self.pending)
        self.pending = {}


class KillTest(DataDirectoryTest):
    kills = 6

    def read(self, stub, bank):
        """The revision of each id in the bank; checks that patterns and payloads agree."""
        revisions = {}
        for part in scan(stub, bank):
            for id, pattern, payload in zip(part.ids, to_array(part.patterns), part.payloads):
                revision = int(pattern[1])
                self.assertTrue(np.array_equal(pattern, np.float32(to_pattern(id, revision))), (bank, id, pattern))
                self.assertEqual(payload, b"%d" % revision)
                revisions[id] = revision
        return revisions

    def check(self, stub, writers):
        """Compares the banks with what the writers know, and tells them what became of pending changes."""
        for bank in BANKS:
            found = self.read(stub, bank)
            described = stub.GetBank(api.GetBankRequest(name=bank)).bank
            self.assertEqual(described.pattern_count, len(found))
            here = [writer for writer in writers if writer.bank == bank]
            pending = 0
            for writer in here:
                if writer.pending:
                    happened = {found.get(id, DELETED) == revision for id, revision in writer.pending.items()}
                    self.assertEqual(len(happened), 1, f"half of a change: {writer.pending}")
                    pending += 1
                    if happened.pop():
                        writer.settle()
                    writer.pending = {}
                for id, revision in writer.revisions.items():
                    self.assertEqual(found.pop(id, DELETED), revision, f"bank {bank}, id {id}")
            self.assertEqual(found, {}, "patterns that nobody stored")
            newest = max(writer.version for writer in here)
            self.assertGreaterEqual(described.version, newest)
            self.assertLessEqual(described.version, newest + pending)
            for writer in here:
                writer.version = described.version

    def test_no_acknowledged_change_is_lost(self):
        source = random.Random(SEED)
        writers = [Writer(number) for number in range(WRITERS)]
        server, _, stub = self.start_ready()
        for bank, durability in BANKS.items():
            stub.CreateBank(api.CreateBankRequest(name=bank, dim=DIM, durability=durability))
        for kill in range(self.kills):
            threads = [threading.Thread(target=writer.run, args=[server.address]) for writer in writers]
            for thread in threads:
                thread.start()
            time.sleep(source.uniform(0.05, 0.8))  # The moment is the point of the test.
            server.kill()
            for thread in threads:
                thread.join()
            for writer in writers:
                self.assertIsNone(writer.unexpected)
            server, _, stub = self.start_ready()
            self.check(stub, writers)
            acknowledged = sum(writer.acknowledged for writer in writers)
            if (kill + 1) % 20 == 0 or kill + 1 == self.kills:
                print(f"kill {kill + 1}: {acknowledged} acknowledged patterns are there", file=sys.stderr)
        self.assertGreater(acknowledged, self.kills * WRITERS)
        server.close()


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    if sys.argv[1:2] == ["--kills"]:
        KillTest.kills = int(sys.argv[2])
        del sys.argv[1:3]
    unittest.main()
