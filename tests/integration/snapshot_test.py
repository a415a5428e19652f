"""What snapshots and backups promise: banks come back from them with the same answers, and whatever ends in
the middle leaves nothing.

Usage: snapshot_test.py [unittest options] ENGRAMD
"""

import os
import random
import sys
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, health_pb2, snapshot_pb2

import snapshots
from data_directory import DataDirectoryTest, scan
from engram_server import EngramServer
from snapshots import BACKUP_DIRECTORY, DATA_DIRECTORY, PLACES
from wire import TIMEOUT_SECONDS, check_health, connect, error_of, make_stub, to_array, to_matrix

SEED = 9
DIM = 48
VALUE_DIM = 3
EXISTS = grpc.StatusCode.ALREADY_EXISTS
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING
# Of the bank that takes a while: rows, not bytes, are what restoring takes time for.
LARGE_STORES = 3
LARGE_ROWS = 1 << 20


def retry(call):
    """Calls again while another call is under way in the place."""
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(0.01)  # Nothing tells when it is done.


def number_of(file):
    """What the name of a file of a backup begins with, by which the database knows it."""
    return file.split("_")[0]


class SnapshotTest(DataDirectoryTest):
    def setUp(self):
        super().setUp()
        self.backup_dir = os.path.join(os.path.dirname(self.data_dir), "backups")
        self.random = np.random.default_rng(SEED)

    def start(self, *flags, env=None):
        return super().start("--backup-dir", self.backup_dir, *flags, env=env)

    def rows(self, count, dim=DIM):
        return self.random.standard_normal((count, dim)).astype(np.float32)

    def fill(self, stub, bank, count=600, value_dim=VALUE_DIM, **settings):
        """A bank with a past: patterns were replaced and deleted."""
        stub.CreateBank(api.CreateBankRequest(name=bank, dim=DIM, value_dim=value_dim, **settings))

        def store(ids):
            request = api.StoreRequest(bank=bank, patterns=to_matrix(self.rows(len(ids))), ids=ids)
            request.payloads.extend(b"payload %d" % id for id in ids)
            if value_dim > 0:
                request.values.CopyFrom(to_matrix(self.rows(len(ids), value_dim)))
            stub.Store(request)

        store(range(count))
        store(range(100, 150))
        stub.DeletePatterns(api.DeletePatternsRequest(bank=bank, ids=range(40, 60)))
        store([45, count + 7])

    def fill_shapes(self, stub):
        """Banks of several shapes; returns their names."""
        self.fill(stub, "valued")
        self.fill(stub, "plain", value_dim=0, durability=bank_pb2.DURABILITY_RELAXED)
        dynamics = dynamics_pb2.Dynamics(beta=3, k_subsets={"k": 2}, max_iterations=7)
        limits = bank_pb2.BankLimits(max_patterns=5000)
        screening = bank_pb2.SCREENING_NONE
        self.fill(stub, "tuned", default_dynamics=dynamics, limits=limits, screening=screening)
        stub.CreateBank(api.CreateBankRequest(name="empty", dim=5))
        # Large enough that its patterns are table files of their own.
        stub.CreateBank(api.CreateBankRequest(name="wide", dim=512))
        stub.Store(api.StoreRequest(bank="wide", patterns=to_matrix(self.rows(5000, 512))))
        return ["valued", "plain", "tuned", "empty", "wide"]

    def answers(self, stub, bank):
        """Bytes of everything that a bank answers, itself included."""
        described = stub.GetBank(api.GetBankRequest(name=bank)).bank
        described.ClearField("name")
        described.ClearField("memory_bytes")  # Deleted patterns are gone.
        found = [described.SerializeToString()] + [part.SerializeToString() for part in scan(stub, bank)]
        if described.pattern_count == 0:
            return found
        queries = to_matrix(np.random.default_rng(SEED + 1).standard_normal((4, described.dim)))
        parts = api.SupportParts(patterns=True, values=described.value_dim > 0, payloads=True)
        for dynamics in ({"softmax": {}}, {"entmax": {"alpha": 1.5}}, {"k_subsets": {"k": 2}}):
            wire = dynamics_pb2.Dynamics(beta=2, **dynamics)
            request = api.RetrieveRequest(bank=bank, queries=queries, dynamics=wire, support_parts=parts)
            retrieved = stub.Retrieve(request)
            for retrieval in retrieved.retrievals:
                retrieval.ClearField("sweeps")  # Depends on what was asked before.
            energy = stub.Energy(api.EnergyRequest(bank=bank, states=queries, dynamics=wire))
            found += [retrieved.SerializeToString(), energy.SerializeToString()]
        return found

    def store_large(self, stub):
        stub.CreateBank(api.CreateBankRequest(name="large", dim=2))
        for _ in range(LARGE_STORES):
            stub.Store(api.StoreRequest(bank="large", patterns=to_matrix(self.rows(LARGE_ROWS, 2))))

    def bank_names(self, stub):
        return [bank.name for bank in stub.ListBanks(api.ListBanksRequest()).banks]


class RestoreTest(SnapshotTest):
    def test_restored_banks_answer_with_the_same_bytes(self):
        server, channel, stub = self.start()
        banks = self.fill_shapes(stub)
        stub.CreateBank(api.CreateBankRequest(name="passing", dim=2, durability=bank_pb2.DURABILITY_VOLATILE))
        before = {bank: self.answers(stub, bank) for bank in banks}
        for place in PLACES:
            snapshot = snapshots.create(stub, "s", place)
            self.assertEqual((snapshot.name, snapshot.place), ("s", place))
            self.assertEqual([bank.name for bank in snapshot.banks], sorted(banks))
            self.assertEqual(snapshot.bank_count, len(banks))
            self.assertEqual(snapshot.pattern_count, sum(bank.pattern_count for bank in snapshot.banks))
            self.assertGreater(snapshot.file_bytes, 5000 * 512 * 4)
            self.assertEqual(snapshots.get(stub, "s", place), snapshot)
            self.assertEqual(snapshots.verify(stub, "s", place), [])
        for place in PLACES:
            for bank in banks:
                snapshots.delete_bank(stub, bank)
                restored = snapshots.restore(stub, "s", bank, place=place)
                self.assertEqual((restored.name, restored.state), (bank, bank_pb2.BANK_STATE_SERVING))
                self.assertEqual(check_health(channel, "bank/" + bank), SERVING)
                self.assertEqual(self.answers(stub, bank), before[bank], (place, bank))
        server.kill()
        server, _, stub = self.start_ready()
        for bank in banks:
            self.assertEqual(self.answers(stub, bank), before[bank], bank)
        # It goes on where it was: no id is given twice.
        version = stub.GetBank(api.GetBankRequest(name="valued")).bank.version
        values = to_matrix(self.rows(1, VALUE_DIM))
        stored = stub.Store(api.StoreRequest(bank="valued", patterns=to_matrix(self.rows(1)), values=values))
        self.assertEqual((list(stored.ids), stored.version), ([608], version + 1))
        server.close()

    def test_a_bank_that_exists_is_never_touched(self):
        server, _, stub = self.start()
        self.fill(stub, "bank")
        old = self.answers(stub, "bank")
        for place in PLACES:
            snapshots.create(stub, "s", place)
        stub.DeletePatterns(api.DeletePatternsRequest(bank="bank", ids=range(200, 300)))
        new = self.answers(stub, "bank")
        for place in PLACES:
            error = error_of(snapshots.restore, stub, "s", "bank", "", place)
            self.assertEqual((error.code, error.info.reason), (EXISTS, "BANK_EXISTS"))
            other = f"other-{place}"
            self.assertEqual(snapshots.restore(stub, "s", "bank", other, place).name, other)
            self.assertEqual(self.answers(stub, other), old)
            self.assertEqual(self.answers(stub, "bank"), new)
        server.close()
        server, _, stub = self.start_ready()
        self.assertEqual(self.answers(stub, "bank"), new)
        self.assertEqual(self.answers(stub, f"other-{BACKUP_DIRECTORY}"), old)
        server.close()

    def test_a_snapshot_stays_as_it_was(self):
        server, _, stub = self.start()
        self.fill(stub, "bank")
        first = self.answers(stub, "bank")
        for place in PLACES:
            snapshots.create(stub, "first", place)
        self.fill(stub, "other")
        stub.DeletePatterns(api.DeletePatternsRequest(bank="bank", ids=range(200, 300)))
        second = self.answers(stub, "bank")
        for place in PLACES:
            snapshots.create(stub, "second", place)
            self.assertEqual(snapshots.names(stub, place), ["second", "first"])
        snapshots.delete_bank(stub, "bank")
        server.close()
        server, _, stub = self.start_ready()
        for place in PLACES:
            for name, answers in (("first", first), ("second", second)):
                snapshots.restore(stub, name, "bank", f"{name}-{place}", place)
                self.assertEqual(self.answers(stub, f"{name}-{place}"), answers)
            # What they share stays when one goes.
            snapshots.delete(stub, "first", place)
            self.assertEqual(snapshots.names(stub, place), ["second"])
            self.assertEqual(snapshots.verify(stub, "second", place), [])
            snapshots.restore(stub, "second", "bank", f"again-{place}", place)
            self.assertEqual(self.answers(stub, f"again-{place}"), second)
        server.close()

    def test_a_lost_data_directory_comes_back_from_the_backup(self):
        server, _, stub = self.start()
        banks = self.fill_shapes(stub)
        before = {bank: self.answers(stub, bank) for bank in banks}
        name = snapshots.create(stub).name
        self.assertRegex(name, r"^\d{8}-\d{6}$")
        server.close()
        self.data_dir += "-new"
        server, _, stub = self.start_ready()
        self.assertEqual((self.bank_names(stub), snapshots.names(stub)), ([], [name]))
        for bank in banks:
            snapshots.restore(stub, name, bank)
        server.kill()
        server, _, stub = self.start_ready()
        for bank in banks:
            self.assertEqual(self.answers(stub, bank), before[bank], bank)
        server.close()

    def test_directories_may_be_named_relative_to_where_the_server_runs(self):
        with EngramServer(self.program, "--data-dir", "data", "--backup-dir", "backups") as server:
            with connect(server.address) as channel:
                stub = make_stub(channel)
                self.fill(stub, "bank")
                before = self.answers(stub, "bank")
                for place in PLACES:
                    snapshot = snapshots.create(stub, "s", place)
                    self.assertEqual((snapshot.bank_count, snapshot.damage), (1, ""))
                    self.assertEqual(snapshots.verify(stub, "s", place), [])
                    snapshots.delete_bank(stub, "bank")
                    snapshots.restore(stub, "s", "bank", place=place)
                    self.assertEqual(self.answers(stub, "bank"), before)

    def test_snapshots_are_made_while_writers_write(self):
        server, _, stub = self.start()
        writers = [Writer(f"written{number}") for number in range(3)]
        for writer in writers:
            stub.CreateBank(api.CreateBankRequest(name=writer.bank, dim=4))
        threads = [threading.Thread(target=writer.run, args=[server.address]) for writer in writers]
        for thread in threads:
            thread.start()
        made = [snapshots.create(stub, f"s{round}", place) for round in range(3) for place in PLACES]
        for writer in writers:
            writer.stop = True
        for thread in threads:
            thread.join()
        for snapshot in made:
            for bank in snapshot.banks:
                name = f"{bank.name}-{snapshot.name}-{snapshot.place}"
                restored = snapshots.restore(stub, snapshot.name, bank.name, name, snapshot.place)
                self.assertEqual(restored.version, bank.version)
                self.assertEqual(restored.pattern_count, bank.pattern_count)
                found = {}
                for part in scan(stub, name):
                    found.update(zip(part.ids, to_array(part.patterns)[:, 0].astype(int).tolist()))
                self.assertEqual(found, Writer.contents(bank.version))
        server.close()


class Writer:
    """Changes one bank so that its version says what it has."""

    def __init__(self, bank):
        self.bank = bank
        self.stop = False

    @staticmethod
    def change(version):
        """The ids of the change that makes `version`, and whether they are deleted."""
        if version % 5 == 0:
            return [(version - 1) * 7 % 1000], True
        return [(version * 7 + i) % 1000 for i in range(20)], False

    @classmethod
    def contents(cls, version):
        """What the bank has at a version: the version that wrote each id."""
        contents = {}
        for v in range(1, version + 1):
            ids, deleted = cls.change(v)
            if deleted:
                contents.pop(ids[0])
            else:
                contents.update(dict.fromkeys(ids, v))
        return contents

    def run(self, address):
        with connect(address) as channel:
            stub = make_stub(channel)
            version = 0
            while not self.stop:
                version += 1
                ids, deleted = self.change(version)
                if deleted:
                    request = api.DeletePatternsRequest(bank=self.bank, ids=ids)
                    stub.DeletePatterns(request, timeout=TIMEOUT_SECONDS)
                    continue
                patterns = to_matrix([[version, id, 1, 2] for id in ids])
                request = api.StoreRequest(bank=self.bank, ids=ids, patterns=patterns)
                stub.Store(request, timeout=TIMEOUT_SECONDS)


class DamagedBackupTest(SnapshotTest):
    def flip(self, needle):
        """Flips a bit of these bytes in the file of the backup directory that has them; returns its name."""
        for folder, _, files in os.walk(self.backup_dir):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    content = bytearray(file.read())
                at = content.find(needle)
                if at < 0:
                    continue
                content[at + len(needle) // 2] ^= 4
                with open(path, "wb") as file:
                    file.write(content)
                return name
        raise AssertionError("no file has the bytes")

    def test_one_damaged_bank_is_found_and_the_others_come_back(self):
        server, channel, stub = self.start()
        patterns = {f"bank{number}": self.rows(9000, 256) for number in range(3)}
        for name, rows in patterns.items():
            stub.CreateBank(api.CreateBankRequest(name=name, dim=256))
            stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(rows)))
        before = {name: self.answers(stub, name) for name in patterns}
        snapshots.create(stub, "s")
        self.assertEqual(snapshots.verify(stub, "s"), [])
        for name in patterns:
            snapshots.delete_bank(stub, name)
        file = self.flip(patterns["bank1"][4321].tobytes())
        findings = snapshots.verify(stub, "s")
        self.assertTrue(any(file in finding for finding in findings), (file, findings))
        error = error_of(snapshots.restore, stub, "s", "bank1")
        self.assertEqual(error.code, grpc.StatusCode.DATA_LOSS, error.text)
        self.assertIn(number_of(file), error.text)
        self.assertEqual(check_health(channel, "bank/bank1"), NOT_SERVING)
        for name in ("bank0", "bank2"):
            snapshots.restore(stub, "s", name)
            self.assertEqual(self.answers(stub, name), before[name])
        self.assertEqual(self.bank_names(stub), ["bank0", "bank2"])
        # Its name is free, and a restart does not find anything of it.
        server.close()
        server, _, stub = self.start_ready()
        self.assertEqual(self.bank_names(stub), ["bank0", "bank2"])
        stub.CreateBank(api.CreateBankRequest(name="bank1", dim=1))
        server.close()


class EarlyEndTest(SnapshotTest):
    def test_a_bank_that_is_being_restored_says_so_and_a_cancelled_restore_leaves_nothing(self):
        server, channel, stub = self.start()
        self.store_large(stub)
        used = stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes
        snapshots.create(stub, "s")
        call = snapshots.begin_restore(stub, "s", "large", "copy")
        progress = next(call).progress
        self.assertGreater(progress.total_bytes, 0)
        self.assertLessEqual(progress.done_bytes, progress.total_bytes)
        bank = stub.GetBank(api.GetBankRequest(name="copy")).bank
        self.assertEqual(bank.state, bank_pb2.BANK_STATE_LOADING)
        query = api.RetrieveRequest(bank="copy", queries=to_matrix(np.ones((1, 2))))
        error = error_of(stub.Retrieve, query)
        self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.UNAVAILABLE, "BANK_LOADING"))
        self.assertEqual(check_health(channel, "bank/copy"), NOT_SERVING)
        error = error_of(snapshots.restore, stub, "s", "large", "copy2")
        self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.UNAVAILABLE, "SNAPSHOTS_BUSY"))
        self.assertIsNotNone(error.retry)
        # What is under way in one place is no matter to the other, nor to banks.
        snapshots.create(stub, "t", DATA_DIRECTORY)
        stub.Retrieve(api.RetrieveRequest(bank="large", queries=to_matrix(np.ones((1, 2)))))
        call.cancel()
        retry(lambda: snapshots.verify(stub, "s"))  # When it gets its turn, the restore has ended.
        self.assertEqual(self.bank_names(stub), ["large"])
        self.assertEqual(stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes, used)
        snapshots.restore(stub, "s", "large", "copy")
        self.assertEqual(check_health(channel, "bank/copy"), SERVING)
        snapshots.delete_bank(stub, "copy")
        server.close()
        server, _, stub = self.start_ready()
        self.assertEqual(self.bank_names(stub), ["large"])
        server.close()

    def test_a_drain_ends_a_restore(self):
        server, _, stub = self.start()
        self.store_large(stub)
        snapshots.create(stub, "s")
        call = snapshots.begin_restore(stub, "s", "large", "copy")
        next(call)
        server.terminate()
        error = error_of(lambda timeout: list(call))
        self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"))
        self.assertEqual(server.wait(), 0)
        server, _, stub = self.start_ready()
        self.assertEqual(self.bank_names(stub), ["large"])
        server.close()

    def test_a_cancelled_snapshot_is_whole_or_not_there(self):
        server, _, stub = self.start()
        self.fill_shapes(stub)
        source = random.Random(SEED)
        for place in PLACES:
            for attempt in range(8):
                name = f"s{attempt}"
                call = stub.CreateSnapshot(snapshot_pb2.CreateSnapshotRequest(name=name, place=place))
                time.sleep(source.uniform(0, 0.05))  # The moment is the point of the test.
                call.cancel()
                if name in retry(lambda: snapshots.names(stub, place)):
                    self.assertEqual(retry(lambda: snapshots.verify(stub, name, place)), [])
            retry(lambda: snapshots.create(stub, "last", place))
            self.assertEqual(snapshots.verify(stub, "last", place), [])
        server.close()

    def test_a_server_that_is_killed_leaves_old_or_new(self):
        server, _, stub = self.start()
        banks = self.fill_shapes(stub)
        before = {bank: self.answers(stub, bank) for bank in banks}
        for place in PLACES:
            snapshots.create(stub, "old", place)
        source = random.Random(SEED)
        for attempt in range(8):
            place = PLACES[attempt % 2]
            if attempt < 4:
                request = snapshot_pb2.CreateSnapshotRequest(name=f"new{attempt}", place=place)
                call = stub.CreateSnapshot(request)
            else:
                call = snapshots.begin_restore(stub, "old", "wide", f"wide{attempt}", place)
            time.sleep(source.uniform(0, 0.1))  # The moment is the point of the test.
            server.kill()
            call.cancel()
            server, _, stub = self.start_ready()
            for place in PLACES:
                self.assertIn("old", snapshots.names(stub, place))
                for name in snapshots.names(stub, place):
                    self.assertEqual(snapshots.verify(stub, name, place), [])
            for bank in self.bank_names(stub):
                described = stub.GetBank(api.GetBankRequest(name=bank)).bank
                self.assertEqual(described.state, bank_pb2.BANK_STATE_SERVING)
                original = "wide" if bank.startswith("wide") else bank
                self.assertEqual(self.answers(stub, bank), before[original], bank)
            self.assertLessEqual(set(banks), set(self.bank_names(stub)))
        server.close()


class ErrorTest(SnapshotTest):
    def every_call(self, stub, name, place):
        """Errors of every call on a snapshot."""
        yield error_of(lambda timeout: snapshots.get(stub, name, place, timeout))
        yield error_of(lambda timeout: snapshots.verify(stub, name, place, timeout))
        yield error_of(lambda timeout: snapshots.restore(stub, name, "bank", "", place, timeout))
        yield error_of(lambda timeout: snapshots.delete(stub, name, place, timeout))

    def test_without_a_data_directory_there_are_no_snapshots(self):
        with EngramServer(self.program) as server, connect(server.address) as channel:
            stub = make_stub(channel)
            for place in PLACES:
                errors = [*self.every_call(stub, "s", place), error_of(snapshots.create, stub, "s", place)]
                for error in errors:
                    self.assertEqual((error.code, error.info.reason), (PRECONDITION, "NO_DATA_DIRECTORY"))
                    self.assertIn("--data-dir", error.text)

    def test_without_a_backup_directory_there_are_no_backups(self):
        server, _, stub = super().start("--log-level", "info")
        server.close()
        server = EngramServer(self.program, "--data-dir", self.data_dir)
        self.addCleanup(server.abandon)
        with connect(server.address) as channel:
            stub = make_stub(channel)
            errors = [*self.every_call(stub, "s", BACKUP_DIRECTORY), error_of(snapshots.create, stub, "s")]
            for error in errors:
                self.assertEqual((error.code, error.info.reason), (PRECONDITION, "NO_BACKUP_DIRECTORY"))
                self.assertIn("--backup-dir", error.text)
            self.assertEqual(snapshots.names(stub, DATA_DIRECTORY), [])
        server.close()

    def test_errors_leave_everything_as_it_was(self):
        server, _, stub = self.start()
        self.fill(stub, "bank")
        for place in PLACES:
            snapshots.create(stub, "s", place)
            for error in self.every_call(stub, "t", place):
                self.assertEqual(error.code, NOT_FOUND, error.text)
                self.assertIn("'t'", error.text)
            for name in ("a/b", "..", "a.tmp", "x" * 129, "é"):
                for error in self.every_call(stub, name, place):
                    self.assertEqual(error.code, INVALID, error.text)
                    self.assertIn(error.field, ("name", "snapshot"))
            for name in ("a/b", ".", "a.tmp"):
                error = error_of(snapshots.create, stub, name, place)
                self.assertEqual((error.code, error.field), (INVALID, "name"))
            error = error_of(snapshots.create, stub, "s", place)
            self.assertEqual(error.code, EXISTS, error.text)
            error = error_of(snapshots.restore, stub, "s", "other", "", place)
            self.assertEqual(error.code, NOT_FOUND, error.text)
            self.assertIn("'other'", error.text)
            self.assertEqual(error_of(snapshots.restore, stub, "s", "", "", place).field, "bank")
            self.assertEqual(error_of(snapshots.restore, stub, "s", "bank", "a b", place).field, "new_name")
            self.assertEqual(snapshots.names(stub, place), ["s"])
        self.assertEqual(self.bank_names(stub), ["bank"])
        error = error_of(snapshots.create, stub, "s", 7)
        self.assertEqual((error.code, error.field), (INVALID, "place"))
        server.close()

    def test_a_bank_that_there_is_no_room_for_is_not_restored(self):
        server, _, stub = self.start()
        stub.CreateBank(api.CreateBankRequest(name="wide", dim=512))
        stub.Store(api.StoreRequest(bank="wide", patterns=to_matrix(self.rows(5000, 512))))
        snapshots.create(stub, "s")
        snapshots.delete_bank(stub, "wide")
        server.close()
        server, _, stub = self.start_ready("--memory-budget-bytes", "4MiB")
        error = error_of(snapshots.restore, stub, "s", "wide")
        self.assertEqual(error.code, grpc.StatusCode.RESOURCE_EXHAUSTED, error.text)
        self.assertEqual(error.info.reason, "MEMORY_BUDGET")
        self.assertEqual(self.bank_names(stub), [])
        server.close()


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    unittest.main()
