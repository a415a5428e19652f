"""What a data directory promises: banks are there after a restart, with the same answers.

Usage: restart_test.py [unittest options] ENGRAMD
"""

import os
import subprocess
import sys
import tempfile
import time
import unittest

import grpc
import numpy as np
from google.protobuf import field_mask_pb2

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, health_pb2

from data_directory import DataDirectoryTest, scan, wait_until_serving
from engram_server import EngramServer
from wire import SERVICE, check_health, connect, error_of, make_stub, to_matrix

SEED = 6
DIM = 48
VALUE_DIM = 3
QUICK_SECONDS = 20
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING


def run(*flags):
    """Runs engramd to its end."""
    command = [DataDirectoryTest.program, *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=QUICK_SECONDS, check=False)


class RestartTest(DataDirectoryTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(SEED)

    def rows(self, count, dim=DIM):
        return self.random.standard_normal((count, dim)).astype(np.float32)

    def fill(self, stub, bank, count=2000):
        """A bank with a past: patterns were replaced and deleted."""
        stub.CreateBank(api.CreateBankRequest(name=bank, dim=DIM, value_dim=VALUE_DIM))

        def store(ids):
            payloads = [b"payload %d" % id for id in ids]
            patterns, values = to_matrix(self.rows(len(ids))), to_matrix(self.rows(len(ids), VALUE_DIM))
            stub.Store(
                api.StoreRequest(bank=bank, patterns=patterns, values=values, ids=ids, payloads=payloads)
            )

        store(range(count))
        store(range(100, 150))
        stub.DeletePatterns(api.DeletePatternsRequest(bank=bank, ids=range(40, 60)))
        store([45, count + 7])

    def answers(self, stub, bank):
        """Bytes of everything that a bank answers."""
        queries = to_matrix(np.random.default_rng(SEED + 1).standard_normal((4, DIM)))
        found = [part.SerializeToString() for part in scan(stub, bank)]
        for dynamics in ({"softmax": {}}, {"entmax": {"alpha": 1.5}}, {"k_subsets": {"k": 2}}):
            wire = dynamics_pb2.Dynamics(beta=2, **dynamics)
            retrieved = stub.Retrieve(api.RetrieveRequest(bank=bank, queries=queries, dynamics=wire))
            for retrieval in retrieved.retrievals:
                retrieval.ClearField("sweeps")  # Depends on what was asked before.
            energy = stub.Energy(api.EnergyRequest(bank=bank, states=queries, dynamics=wire))
            found += [retrieved.SerializeToString(), energy.SerializeToString()]
        return found

    def bank(self, stub, name):
        return stub.GetBank(api.GetBankRequest(name=name)).bank

    # What stays.

    def test_answers_have_the_same_bytes_after_a_restart(self):
        server, _, stub = self.start()
        self.fill(stub, "bank")
        before, described = self.answers(stub, "bank"), self.bank(stub, "bank")
        server.close()
        for stop in (EngramServer.close, EngramServer.kill, EngramServer.close):
            server, _, stub = self.start_ready()
            self.assertEqual(self.answers(stub, "bank"), before)
            again = self.bank(stub, "bank")
            for bank in (described, again):
                bank.ClearField("memory_bytes")  # Deleted patterns are gone.
            self.assertEqual(again, described)
            stop(server)

    def test_changes_of_banks_survive(self):
        server, _, stub = self.start()
        self.assertEqual(server.log().count("all banks ready"), 1)
        for name in ("kept", "gone"):
            self.fill(stub, name)
        mask = field_mask_pb2.FieldMask(paths=["limits", "default_dynamics"])
        dynamics = dynamics_pb2.Dynamics(beta=9, k_subsets={"k": 3})
        limits = bank_pb2.BankLimits(max_patterns=5000)
        request = api.UpdateBankRequest(name="kept", default_dynamics=dynamics, limits=limits, update_mask=mask)
        updated = stub.UpdateBank(request).bank
        stub.DeleteBank(api.DeleteBankRequest(name="gone"))
        server.kill()
        server, channel, stub = self.start_ready()
        self.assertEqual([b.name for b in stub.ListBanks(api.ListBanksRequest()).banks], ["kept"])
        self.assertEqual(self.bank(stub, "kept").default_dynamics, updated.default_dynamics)
        self.assertEqual(self.bank(stub, "kept").limits.max_patterns, 5000)
        # Ids that the server assigns are never given twice.
        stored = stub.Store(
            api.StoreRequest(
                bank="kept", patterns=to_matrix(self.rows(1)), values=to_matrix(self.rows(1, VALUE_DIM))
            )
        )
        self.assertEqual(stored.ids, [2008])
        self.assertEqual(stored.version, updated.version + 1)
        server.close()

    def test_durabilities_are_kept_apart(self):
        server, _, stub = self.start()
        synced = stub.GetCapabilities(api.GetCapabilitiesRequest()).default_durability
        self.assertEqual(synced, bank_pb2.DURABILITY_SYNCED)
        for durability in bank_pb2.Durability.values():
            name = bank_pb2.Durability.Name(durability)
            bank = stub.CreateBank(api.CreateBankRequest(name=name, dim=DIM, durability=durability)).bank
            self.assertEqual(bank.durability, durability or synced)
            stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(self.rows(10))))
        server.kill()
        server, _, stub = self.start_ready()
        kept = {b.name: (b.durability, b.pattern_count) for b in stub.ListBanks(api.ListBanksRequest()).banks}
        relaxed = bank_pb2.DURABILITY_RELAXED
        self.assertEqual(
            kept,
            {
                "DURABILITY_UNSPECIFIED": (synced, 10),
                "DURABILITY_RELAXED": (relaxed, 10),
                "DURABILITY_SYNCED": (synced, 10),
            },
        )
        server.close()

    def test_without_a_data_directory_banks_are_volatile(self):
        with EngramServer(self.program) as server, connect(server.address) as channel:
            stub = make_stub(channel)
            default = stub.GetCapabilities(api.GetCapabilitiesRequest()).default_durability
            self.assertEqual(default, bank_pb2.DURABILITY_VOLATILE)
            request = api.CreateBankRequest(name="x", dim=1, durability=bank_pb2.DURABILITY_SYNCED)
            error = error_of(stub.CreateBank, request)
            self.assertEqual(error.code, grpc.StatusCode.FAILED_PRECONDITION)
            self.assertEqual(error.info.reason, "NO_DATA_DIRECTORY")
            self.assertIn("--data-dir", error.text)

    # While it loads.

    def test_a_bank_that_is_loading_says_so_until_it_serves(self):
        server, _, stub = self.start()
        # Rows, not bytes, are what loading takes time for.
        stub.CreateBank(api.CreateBankRequest(name="large", dim=2))
        rows = 1 << 20
        for _ in range(3):
            stub.Store(api.StoreRequest(bank="large", patterns=to_matrix(self.rows(rows, 2))))
        server.close()
        server, channel, stub = self.start()
        bank = self.bank(stub, "large")
        self.assertEqual(bank.state, bank_pb2.BANK_STATE_LOADING)
        self.assertEqual((bank.dim, bank.pattern_count, bank.version), (2, 3 * rows, 3))
        self.assertLess(bank.loaded_patterns, bank.pattern_count)
        self.assertIn("being loaded", bank.state_message)
        query = api.RetrieveRequest(bank="large", queries=to_matrix(np.ones((1, 2))))
        for call, request in (
            (stub.Retrieve, query),
            (stub.Store, api.StoreRequest(bank="large", patterns=to_matrix(np.ones((1, 2))))),
            (stub.DeleteBank, api.DeleteBankRequest(name="large")),
        ):
            error = error_of(call, request)
            self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.UNAVAILABLE, "BANK_LOADING"))
            self.assertIsNotNone(error.retry)
        taken = error_of(stub.CreateBank, api.CreateBankRequest(name="large", dim=2))
        self.assertEqual(taken.info.reason, "BANK_EXISTS")
        self.assertEqual(check_health(channel, "bank/large"), NOT_SERVING)
        for service in ("", SERVICE):
            self.assertEqual(check_health(channel, service), SERVING)
        # A server that has just begun to load ends as fast as any other.
        began = time.monotonic()
        server.close()
        self.assertLess(time.monotonic() - began, QUICK_SECONDS)
        server, channel, stub = self.start()
        wait_until_serving(channel, "large")
        self.assertEqual(self.bank(stub, "large").loaded_patterns, 3 * rows)
        stub.Retrieve(query)
        server.close()

    # What cannot be used.

    def assert_refused(self, data_dir, *words):
        result = run("--listen", "127.0.0.1:0", "--data-dir", data_dir)
        self.assertEqual(result.returncode, 1, result.stderr)
        for word in (data_dir, *words):
            self.assertIn(word, result.stderr)

    def test_a_second_server_on_the_directory_is_refused(self):
        server, _, _ = self.start()
        self.assert_refused(self.data_dir)
        result = run("--data-dir", self.data_dir, "--verify")
        self.assertEqual(result.returncode, 1)
        self.assertIn(self.data_dir, result.stderr)
        server.close()

    def test_directories_that_cannot_be_used_are_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assert_refused(os.path.join(folder, "no", "such"))
            file = os.path.join(folder, "file")
            with open(file, "wb"):
                pass
            self.assert_refused(file)
        self.assert_refused("/proc/engram")

    @unittest.skipIf(os.geteuid() == 0, "root may write everywhere")
    def test_a_directory_that_may_not_be_written_to_is_refused(self):
        os.mkdir(self.data_dir, mode=0o500)
        self.assert_refused(self.data_dir)


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    unittest.main()
