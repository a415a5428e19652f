"""What engramd does about damaged files of its data directory.

Usage: damage_test.py [unittest options] ENGRAMD
"""

import glob
import os
import subprocess
import sys
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, health_pb2

from data_directory import DataDirectoryTest
from wire import check_health, error_of, to_matrix

SEED = 7
DIM = 256
BANKS = 5
DAMAGED = "bank2"
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING


def patterns_of(bank):
    """Of bank number `bank`: enough that they are table files."""
    return np.random.default_rng(SEED + bank).standard_normal((9000, DIM)).astype("<f4")


class DirectoryWithBanksTest(DataDirectoryTest):
    def store(self, banks):
        """Makes a bank of each of these patterns and stops the server."""
        server, _, stub = self.start()
        for number, patterns in enumerate(banks):
            stub.CreateBank(api.CreateBankRequest(name=f"bank{number}", dim=patterns.shape[1]))
            stub.Store(api.StoreRequest(bank=f"bank{number}", patterns=to_matrix(patterns)))
        server.close()

    def flip(self, needle):
        """Flips a bit of these bytes in the table file that has them; returns its name."""
        for path in sorted(glob.glob(os.path.join(self.data_dir, "*.sst"))):
            with open(path, "r+b") as file:
                at = file.read().find(needle)
                if at < 0:
                    continue
                file.seek(at + len(needle) // 2)
                byte = file.read(1)[0]
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte ^ 4]))
                return os.path.basename(path)
        raise AssertionError("no table file has the pattern")


class ManyBanksTest(DirectoryWithBanksTest):
    def test_one_damaged_bank_does_not_stop_99_others(self):
        source = np.random.default_rng(SEED)
        # One is large, for what is small may still be in the log, whose damage stops the start.
        banks = [source.standard_normal((9000 if i == 17 else 40, DIM)).astype("<f4") for i in range(100)]
        self.store(banks)
        file = self.flip(banks[17][4321].tobytes())
        server, _, stub = self.start_ready()
        for number, patterns in enumerate(banks):
            dynamics = {"beta": 100, "entmax": {"alpha": 2}}
            request = api.RetrieveRequest(bank=f"bank{number}", queries=to_matrix(patterns[3]), dynamics=dynamics)
            if number == 17:
                error = error_of(stub.Retrieve, request)
                self.assertEqual(error.code, grpc.StatusCode.DATA_LOSS)
                self.assertIn(file, error.text)
            else:
                self.assertEqual(stub.Retrieve(request).states.data, patterns[3].tobytes())
        server.close()


class DamageTest(DirectoryWithBanksTest):
    def setUp(self):
        super().setUp()
        self.store([patterns_of(bank) for bank in range(BANKS)])

    def verify(self):
        command = [self.program, "--data-dir", self.data_dir, "--verify"]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def test_one_damaged_bank_does_not_stop_the_others(self):
        file = self.flip(patterns_of(2)[4321].tobytes())
        server, channel, stub = self.start_ready()
        self.assertIn("bank quarantined", server.log())
        self.assertIn(file, server.log())
        for bank in range(BANKS):
            name = f"bank{bank}"
            request = api.RetrieveRequest(bank=name, queries=to_matrix(patterns_of(bank)[0]))
            if name == DAMAGED:
                error = error_of(stub.Retrieve, request)
                self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.DATA_LOSS, "BANK_DAMAGED"))
                self.assertIn(file, error.text)
                self.assertEqual(check_health(channel, "bank/" + name), NOT_SERVING)
            else:
                self.assertEqual(stub.Retrieve(request).retrievals[0].support_ids, [0])
                self.assertEqual(check_health(channel, "bank/" + name), SERVING)
        listed, token = [], ""
        while True:
            page = stub.ListBanks(api.ListBanksRequest(page_size=1, page_token=token))
            listed += [(bank.name, bank.state) for bank in page.banks]
            token = page.next_page_token
            if not token:
                break
        states = {f"bank{bank}": bank_pb2.BANK_STATE_SERVING for bank in range(BANKS)}
        states[DAMAGED] = bank_pb2.BANK_STATE_QUARANTINED
        self.assertEqual(listed, sorted(states.items()))
        described = stub.GetBank(api.GetBankRequest(name=DAMAGED)).bank
        self.assertEqual((described.dim, described.pattern_count, described.memory_bytes), (DIM, 9000, 0))
        self.assertIn(file, described.state_message)
        # Deleted, its name is free and the directory is whole again.
        stub.DeleteBank(api.DeleteBankRequest(name=DAMAGED))
        stub.CreateBank(api.CreateBankRequest(name=DAMAGED, dim=1))
        server.close()
        server, _, stub = self.start_ready()
        self.assertEqual(stub.GetBank(api.GetBankRequest(name=DAMAGED)).bank.dim, 1)
        self.assertNotIn("bank quarantined", server.log())
        server.close()

    def test_banks_that_memory_has_no_room_for_wait_for_a_larger_budget(self):
        server, _, stub = self.start_ready("--memory-budget-bytes", "32MiB")
        banks = stub.ListBanks(api.ListBanksRequest()).banks
        states = [bank.state for bank in banks]
        self.assertIn(bank_pb2.BANK_STATE_SERVING, states)
        self.assertEqual(states[-1], bank_pb2.BANK_STATE_QUARANTINED)
        query = api.RetrieveRequest(bank=banks[-1].name, queries=to_matrix(patterns_of(0)[0]))
        error = error_of(stub.Retrieve, query)
        self.assertEqual((error.code, error.info.reason), (grpc.StatusCode.RESOURCE_EXHAUSTED, "MEMORY_BUDGET"))
        server.close()
        server, _, stub = self.start_ready()
        states = {bank.state for bank in stub.ListBanks(api.ListBanksRequest()).banks}
        self.assertEqual(states, {bank_pb2.BANK_STATE_SERVING})
        server.close()

    def test_verify_finds_what_is_damaged(self):
        whole = self.verify()
        self.assertEqual((whole.returncode, whole.stderr), (0, ""))
        self.assertIn("nothing is wrong", whole.stdout)
        file = self.flip(patterns_of(2)[4321].tobytes())
        damaged = self.verify()
        self.assertEqual(damaged.returncode, 1)
        self.assertIn(file, damaged.stderr)

    def test_without_its_manifest_the_server_does_not_start(self):
        manifest = glob.glob(os.path.join(self.data_dir, "MANIFEST-*"))[0]
        with open(manifest, "r+b") as file:
            file.seek(40)
            byte = file.read(1)[0]
            file.seek(40)
            file.write(bytes([byte ^ 1]))
        command = [self.program, "--listen", "127.0.0.1:0", "--data-dir", self.data_dir]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("MANIFEST", result.stderr)

    def test_verify_needs_a_directory(self):
        result = subprocess.run([self.program, "--verify"], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(result.returncode, 2)
        self.assertIn("--data-dir", result.stderr)


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    unittest.main()
