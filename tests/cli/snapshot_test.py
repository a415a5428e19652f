"""Drives `engram snapshot` and `engram backup` against a real `engramd`.

Usage: snapshot_test.py [unittest options] ENGRAM ENGRAMD
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from engram_server import EngramServer

ENGRAM, ENGRAMD = "", ""
SEED = 11
DIM = 256
# Enough that they are table files.
ROWS = 9000
DATA_LOSS = 11


class SnapshotTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name
        self.backup_dir = self.path("backups")
        self.random = np.random.default_rng(SEED)

    def path(self, name):
        return os.path.join(self.folder, name)

    def serve(self, data_dir, *flags):
        flags = flags or ("--backup-dir", self.backup_dir)
        server = EngramServer(ENGRAMD, "--data-dir", self.path(data_dir), *flags)
        self.addCleanup(server.abandon)
        self.address = server.address
        return server

    def run_cli(self, *words, code=0):
        """Runs a command line and returns (stdout, stderr)."""
        result = subprocess.run(
            [ENGRAM, *words],
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "ENGRAM_SERVER": self.address},
        )
        self.assertEqual(result.returncode, code, (words, result.stdout, result.stderr))
        return result.stdout.decode(), result.stderr.decode()

    def run_json(self, *words, code=0):
        return json.loads(self.run_cli(*words, "-o", "json", code=code)[0])

    def store(self, bank, rows=ROWS):
        """Makes a bank and returns its patterns."""
        patterns = self.random.standard_normal((rows, DIM)).astype("<f4")
        np.save(self.path(bank + ".npy"), patterns)
        self.run_cli("store", bank, self.path(bank + ".npy"), "--create")
        return patterns

    def scan(self, bank):
        return self.run_cli("scan", bank, "-o", "json")[0]

    def flip(self, needle):
        """Flips a bit of these bytes in a file of the backup directory; returns its name."""
        for folder, _, files in os.walk(self.backup_dir):
            for name in files:
                with open(os.path.join(folder, name), "r+b") as file:
                    at = file.read().find(needle)
                    if at < 0:
                        continue
                    file.seek(at)
                    file.write(bytes([needle[0] ^ 4]))
                    return name
        raise AssertionError("no file has the bytes")

    def test_a_lost_data_directory_comes_back(self):
        server = self.serve("data")
        for bank in ("faces", "places"):
            self.store(bank, 50)
        before = {bank: self.scan(bank) for bank in ("faces", "places")}
        made = self.run_json("backup", "create", "nightly")
        self.assertEqual([bank["name"] for bank in made["banks"]], ["faces", "places"])
        server.close()
        server = self.serve("new")
        self.assertEqual([s["name"] for s in self.run_json("backup", "list")["snapshots"]], ["nightly"])
        out, _ = self.run_cli("backup", "restore", "nightly", "--all")
        self.assertIn("restored bank 'faces', 50 patterns, version 1", out)
        for bank, lines in before.items():
            self.assertEqual(self.scan(bank), lines)
        again = self.run_json("backup", "restore", "nightly", "--all")
        self.assertEqual(again, {"restored": [], "skipped": ["faces", "places"], "failed": []})
        server.close()

    def test_a_damaged_backup_is_found_and_the_other_banks_come_back(self):
        server = self.serve("data")
        patterns = {bank: self.store(bank) for bank in ("a", "b", "c")}
        self.run_cli("backup", "create", "s")
        self.assertEqual(self.run_cli("backup", "verify", "s")[0], "backup 's': nothing is wrong\n")
        file = self.flip(patterns["b"][4321].tobytes())
        out, err = self.run_cli("backup", "verify", "s", code=DATA_LOSS)
        self.assertIn(file, out)
        self.assertIn("backup 's' is damaged", err)
        server.close()
        server = self.serve("new")
        out, err = self.run_cli("backup", "restore", "s", "--all", code=DATA_LOSS)
        self.assertIn("restored bank 'a'", out)
        self.assertIn("restored bank 'c'", out)
        self.assertIn("bank 'b' was not restored: ", err)
        self.assertIn(file.split("_")[0], err)  # The database knows the file by its number.
        self.assertEqual([bank["name"] for bank in self.run_json("bank", "list")["banks"]], ["a", "c"])
        server.close()

    def test_a_bank_comes_back_beside_the_one_that_exists(self):
        server = self.serve("data")
        self.store("digits", 20)
        before = self.scan("digits")
        out, _ = self.run_cli("snapshot", "create", "before")
        self.assertRegex(out, r"^created snapshot 'before' of 1 banks and 20 patterns, .*B\n$")
        self.run_cli("delete", "digits", "3", "4")
        self.run_cli("snapshot", "restore", "before", "digits", code=5)
        self.assertEqual(self.run_json("snapshot", "restore", "before", "--as", "old")["name"], "old")
        self.assertEqual(self.scan("old"), before)
        self.assertEqual(self.scan("digits").count("\n"), 18)
        self.store("other", 5)
        second = self.run_json("snapshot", "create")["name"]
        _, err = self.run_cli("snapshot", "restore", second, code=2)
        self.assertIn("digits, old, other", err)
        self.assertIn("digits", self.run_cli("snapshot", "show", second)[0])
        names = [snapshot["name"] for snapshot in self.run_json("snapshot", "list")["snapshots"]]
        self.assertEqual(names, [second, "before"])
        self.run_cli("snapshot", "delete", "before", code=2)
        self.assertEqual(self.run_json("snapshot", "delete", "before", "--yes"), {"deleted": "before"})
        self.run_cli("snapshot", "show", "before", code=4)
        server.close()

    def test_a_server_without_a_backup_directory_says_so(self):
        server = self.serve("data", "--log-level", "info")
        for words in (["create"], ["list"], ["show", "s"], ["verify", "s"], ["restore", "s"]):
            self.assertIn("--backup-dir", self.run_cli("backup", *words, code=6)[1])
        server.close()


if __name__ == "__main__":
    ENGRAM, ENGRAMD = sys.argv[-2:]
    unittest.main(argv=sys.argv[:-2])
