"""A bank does one thing at a time, as far as its clients can tell, though servers are killed (figure C1).

Clients store, replace, delete, get, scan and retrieve at the same time, while the server is killed and started
again; what they saw is then checked by history.py.

Usage: history_test.py [--seeds N] [--operations N] [unittest options] ENGRAMD
"""

import random
import sys
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import dynamics_pb2

from data_directory import DataDirectoryTest, scan
from history import Operation, Violation, check_phase
from wire import TIMEOUT_SECONDS, connect, make_stub, to_array, to_matrix

CLIENTS = 8
# Few ids, so that clients meet.
IDS = 12
DIM = IDS + 1
BANK = "bank"


def to_pattern(id, revision):
    """The unit vector of the id, but for its last component: the revision."""
    pattern = np.zeros(DIM, np.float32)
    pattern[id] = 1
    pattern[-1] = revision
    return pattern


def to_revisions(ids, patterns):
    return {id: int(row[-1]) for id, row in zip(ids, to_array(patterns))}


def scan_all(stub, operation):
    """Reads the whole bank."""
    parts = scan(stub, BANK)
    operation.seen = {k: v for part in parts for k, v in to_revisions(part.ids, part.patterns).items()}
    operation.version = parts[0].version
    operation.end = time.monotonic()


class Client:
    """One of several that use a bank at the same time, and notes what it saw."""

    def __init__(self, seed, number):
        self.random = random.Random(seed * CLIENTS + number)
        self.number = number
        self.revision = number
        self.operations = []
        self.unexpected = None

    def run(self, address, limit):
        """Works until the server is killed or `limit` operations were done."""
        with connect(address) as channel:
            stub = make_stub(channel)
            try:
                while len(self.operations) < limit:
                    self.operate(stub)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    self.unexpected = error
                if not self.operations[-1].is_write:
                    self.operations.pop()
            except Exception as error:  # pylint: disable=broad-except
                self.unexpected = error

    def operate(self, stub):
        choose = self.random.random()
        ids = self.random.sample(range(IDS), self.random.choice([1, 1, 2, 3]))
        operation = Operation(time.monotonic())
        self.operations.append(operation)
        if choose < 0.35:
            self.store(stub, ids, operation)
        elif choose < 0.5:
            self.delete(stub, ids, operation)
        elif choose < 0.7:
            self.get(stub, ids[0], operation)
        elif choose < 0.9:
            self.retrieve(stub, operation)
        else:
            scan_all(stub, operation)
        operation.end = time.monotonic()

    def store(self, stub, ids, operation):
        self.revision += CLIENTS  # Nobody else's.
        operation.changes = dict.fromkeys(ids, self.revision)
        patterns = to_matrix([to_pattern(id, self.revision) for id in ids])
        request = api.StoreRequest(bank=BANK, ids=ids, patterns=patterns)
        operation.version = stub.Store(request, timeout=TIMEOUT_SECONDS).version

    def delete(self, stub, ids, operation):
        operation.changes = dict.fromkeys(ids, None)
        request = api.DeletePatternsRequest(bank=BANK, ids=ids, allow_missing=True)
        response = stub.DeletePatterns(request, timeout=TIMEOUT_SECONDS)
        operation.version = response.version
        if response.deleted_count == 0:
            operation.changes = None  # It changed nothing, and saw that there was nothing.
            operation.ids = ids
            operation.seen = {}

    def get(self, stub, id, operation):
        """Asks for one pattern; that it is not there tells no version, and so nothing."""
        try:
            response = stub.GetPatterns(api.GetPatternsRequest(bank=BANK, ids=[id]), timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            self.operations.remove(operation)
            return
        operation.ids = [id]
        operation.seen = to_revisions(response.ids, response.patterns)
        operation.version = response.version

    def retrieve(self, stub, operation):
        """One update that gives every pattern weight: its support is the bank."""
        request = api.RetrieveRequest(
            bank=BANK,
            queries=to_matrix(np.zeros((1, DIM))),
            dynamics=dynamics_pb2.Dynamics(max_iterations=1, entmax={"alpha": 2}),
            support_parts=api.SupportParts(patterns=True),
            omit_energy=True,
        )
        response = stub.Retrieve(request, timeout=TIMEOUT_SECONDS)
        retrieval = response.retrievals[0]
        operation.seen = to_revisions(retrieval.support_ids, retrieval.support_patterns)
        operation.version = response.version


class HistoryTest(DataDirectoryTest):
    seeds = 1
    operations = 1200
    # Clients, and so pending writes, of one phase.
    operations_between_kills = 400

    def read_all(self, stub):
        operation = Operation(time.monotonic())
        scan_all(stub, operation)
        return operation

    def run_phase(self, server, clients, source):
        """Lets the clients work and kills the server meanwhile."""
        limit = self.operations_between_kills
        for client in clients:
            client.operations = []
        threads = [threading.Thread(target=client.run, args=[server.address, limit]) for client in clients]
        for thread in threads:
            thread.start()
        kill_at = source.randrange(limit // 2, limit)
        while sum(len(client.operations) for client in clients) < kill_at and any(t.is_alive() for t in threads):
            time.sleep(0.001)  # Nothing else tells how far they are.
        server.kill()
        for thread in threads:
            thread.join()
        for client in clients:
            self.assertIsNone(client.unexpected)
        return [operation for client in clients for operation in client.operations]

    def run_history(self, seed):
        source = random.Random(seed)
        clients = [Client(seed, number) for number in range(CLIENTS)]
        server, _, stub = self.start_ready()
        stub.CreateBank(api.CreateBankRequest(name=BANK, dim=DIM))
        # Not touched by the clients: without patterns there is nothing to retrieve.
        stub.Store(api.StoreRequest(bank=BANK, ids=[IDS], patterns=to_matrix(to_pattern(IDS, 0))))
        first = self.read_all(stub)
        state, version = first.seen, first.version
        done = kills = lost = 0
        while done < self.operations:
            operations = self.run_phase(server, clients, source)
            kills += 1
            server, _, stub = self.start_ready()
            lost += sum(operation.version is None for operation in operations)
            operations.append(self.read_all(stub))
            last_version = operations[-1].version
            state, happened = check_phase(state, version, last_version, operations)
            version = last_version
            done += len(happened)
        stub.DeleteBank(api.DeleteBankRequest(name=BANK))
        server.close()
        print(f"seed {seed}: {done} operations, {kills} kills, {lost} lost answers, {version} versions",
              file=sys.stderr)

    def test_histories_are_linearizable(self):
        for seed in range(1, self.seeds + 1):
            with self.subTest(seed=seed):
                self.run_history(seed)


class CheckerTest(unittest.TestCase):
    """The checker finds what is wrong."""

    def write(self, begin, end, version, **changes):
        return Operation(begin, end, version, changes=changes)

    def read(self, begin, end, version, **seen):
        return Operation(begin, end, version, seen=seen)

    def check(self, *operations, last_version=2):
        return check_phase({}, 0, last_version, operations)[0]

    def test_a_right_history(self):
        state = self.check(
            self.write(0, 1, 1, a=1), self.read(1, 2, 1, a=1), self.write(0, 3, 2, b=2), self.read(0, 4, 2, a=1, b=2)
        )
        self.assertEqual(state, {"a": 1, "b": 2})

    def test_a_lost_answer_may_have_happened_or_not(self):
        lost = Operation(0, changes={"a": 1})
        self.assertEqual(self.check(lost, self.write(0, 1, 1, b=2), last_version=1), {"b": 2})
        self.assertEqual(self.check(lost, self.write(0, 1, 1, b=2)), {"a": 1, "b": 2})

    def test_lost_answers_are_put_where_they_were_seen(self):
        lost = [Operation(0, changes={"a": revision}) for revision in (1, 2, 3)]
        state = self.check(*lost, self.read(0, 1, 1, a=3), last_version=1)
        self.assertEqual(state, {"a": 3})

    def assert_wrong(self, *operations, last_version=2):
        with self.assertRaises(Violation):
            self.check(*operations, last_version=last_version)

    def test_wrong_histories(self):
        first, second = self.write(0, 1, 1, a=1), self.write(2, 3, 2, a=2)
        wrongs = {
            "a read is stale": [first, second, self.read(4, 5, 1, a=1)],
            "a read sees the future": [first, second, self.read(0, 5, 1, a=2)],
            "a read sees half of a write": [self.write(0, 1, 1, a=1, b=1), self.read(1, 2, 1, a=1), second],
            "a read sees nothing": [first, second, self.read(4, 5, 2)],
            "a version is twice": [first, self.write(0, 1, 1, b=1), second],
            "a version is nobody's": [second],
            "writes are out of order": [self.write(2, 3, 1, a=1), self.write(0, 1, 2, a=2)],
            "a lost write is before its begin": [Operation(4, changes={"a": 1}), second],
            "what was deleted is there": [first, self.write(2, 3, 2, a=None), self.read(4, 5, 2, a=1)],
        }
        for what, operations in wrongs.items():
            with self.subTest(what):
                self.assert_wrong(*operations)

    def test_an_acknowledged_write_is_not_there(self):
        self.assert_wrong(self.write(0, 1, 1, a=1), self.write(2, 3, 2, a=2), last_version=1)


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    for flag in ("seeds", "operations"):
        if f"--{flag}" in sys.argv:
            at = sys.argv.index(f"--{flag}")
            setattr(HistoryTest, flag, int(sys.argv[at + 1]))
            del sys.argv[at : at + 2]
    unittest.main()
