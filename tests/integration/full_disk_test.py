"""A disk that is full stops writes and nothing else, and they resume when there is space (figure R4).

Each test has a small file system of its own, in memory, for which it needs namespaces that users may make; where
they may not it is skipped.

Usage: full_disk_test.py [unittest options] ENGRAMD
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api

from data_directory import DataDirectoryTest, scan
from wire import TIMEOUT_SECONDS, WireError, connect, make_stub, to_array, to_matrix

VOLUME_BYTES = 96 << 20
# What a server keeps free on it.
KEPT_BYTES = 18 << 20
RESUME_SECONDS = 10
DIM = 256
BLOCK = bytes(1 << 20)
INSIDE = "ENGRAM_TEST_NAMESPACE"
SKIPPED = 77  # Exit code, which CMakeLists.txt knows.


class Volume:
    """A small file system with a file that takes up its space."""

    def __init__(self, path):
        self.path = path
        os.mkdir(path)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES}", "tmpfs", path]
        subprocess.run(mount, check=True)
        self.ballast = os.path.join(path, "ballast")

    def free_bytes(self):
        status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def fill(self, but_bytes=0):
        """Leaves so many bytes free."""
        with open(self.ballast, "ab", buffering=0) as file:
            size = len(BLOCK)
            while size >= 4096:
                try:
                    if self.free_bytes() - size < but_bytes or file.write(BLOCK[:size]) < size:
                        size //= 2
                except OSError:
                    size //= 2

    def clear(self):
        if os.path.exists(self.ballast):
            os.remove(self.ballast)


def to_rows(first, count, revision):
    """Rows that say what they are."""
    rows = np.zeros((count, DIM), np.float32)
    rows[:, 0] = np.arange(first, first + count)
    rows[:, 1] = revision
    rows[:, 2:] = np.random.default_rng(revision).standard_normal(DIM - 2, np.float32)
    return rows


class Writer:
    """Stores ranges of rows of its own, over and over, and remembers what was acknowledged."""

    def __init__(self, number, rows, ranges):
        self.first = number * (1 << 16)
        self.rows = rows
        self.ranges = ranges
        self.revisions = {}  # Of each range, as acknowledged.
        self.revision = 0
        self.codes = set()  # Of errors.

    def write(self, stub):
        """One Store. False: it was refused."""
        self.revision += 1
        place = self.revision % self.ranges
        first = self.first + place * self.rows
        ids = range(first, first + self.rows)
        request = api.StoreRequest(bank="bank", ids=ids, patterns=to_matrix(to_rows(first, self.rows, self.revision)))
        try:
            stub.Store(request, timeout=TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            self.codes.add(error.code())
            return False
        self.revisions[place] = self.revision
        return True

    def expected(self):
        """The revision of each id."""
        return {
            self.first + place * self.rows + i: revision
            for place, revision in self.revisions.items()
            for i in range(self.rows)
        }


class FullDiskTest(DataDirectoryTest):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.volume = Volume(os.path.join(temporary.name, "volume"))
        self.addCleanup(subprocess.run, ["umount", "-l", self.volume.path], check=True)
        self.data_dir = os.path.join(self.volume.path, "data")

    def run_writers(self, server, writers, until):
        """Lets them write all at once until `until` says so."""
        stopped = threading.Event()

        def work(writer):
            with connect(server.address) as channel:
                stub = make_stub(channel)
                while not stopped.is_set():
                    writer.write(stub) or stopped.wait(0.01)

        threads = [threading.Thread(target=work, args=[writer]) for writer in writers]
        for thread in threads:
            thread.start()
        try:
            until()
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def wait_for(self, condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)  # Nothing tells when.

    def wait_for_writes(self, server, stub, writers):
        """Waits until every writer may store again."""
        try:
            self.wait_for(lambda: all([writer.write(stub) for writer in writers]), RESUME_SECONDS, "no write resumes")
        except AssertionError as error:
            files = subprocess.run(["ls", "-lR", self.volume.path], capture_output=True, check=False, text=True).stdout
            raise AssertionError(f"{error}; {self.volume.free_bytes()} free of\n{files}\n{server.log()}") from error

    def check_rows(self, stub, writers):
        expected = {}
        for writer in writers:
            expected.update(writer.expected())
        for part in scan(stub, "bank"):
            for id, row in zip(part.ids, to_array(part.patterns)):
                revision = expected.pop(id)
                self.assertTrue(np.array_equal(row, to_rows(id, 1, revision)[0]), (id, revision, row[:3]))
        self.assertEqual(expected, {})

    def check_reads(self, stub, writers):
        self.check_rows(stub, writers)
        query = to_matrix(np.ones((1, DIM)))
        stub.Retrieve(api.RetrieveRequest(bank="bank", queries=query), timeout=TIMEOUT_SECONDS)

    def check_refusal(self, stub):
        """Has a full disk refuse a bank, in words. What compactions leave behind may make room at any time."""
        for number in range(100):
            self.volume.fill()
            request = api.CreateBankRequest(name=f"another{number}", dim=DIM)
            try:
                stub.CreateBank(request, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                self.assertIn(WireError(error).info.reason, ("DISK_FULL", "STORAGE_UNAVAILABLE"))
                return
        self.fail("banks are created though the disk is full")

    def fill_under_writers(self, writer_count, rows, ranges=3):
        """Fills the disk under writers, at once and to the last byte, makes room again, and kills the server."""
        server, _, stub = self.start_ready()
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=DIM))
        writers = [Writer(number, rows, ranges) for number in range(writer_count)]
        for writer in writers:
            for _ in range(writer.ranges):
                self.assertTrue(writer.write(stub), writer.codes)

        def until_all_are_refused():
            time.sleep(0.3)  # They are at work.
            self.volume.fill()
            refused = lambda: all(writer.codes for writer in writers)  # pylint: disable=unnecessary-lambda-assignment
            self.wait_for(refused, 60, "writes go on though the disk is full")

        for times in range(3):
            for writer in writers:
                writer.codes = set()
            self.run_writers(server, writers, until_all_are_refused)
            self.assertIsNone(server.process.poll(), server.log())
            allowed = {grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
            self.assertLessEqual(set.union(*(writer.codes for writer in writers)), allowed)
            self.assertTrue(any(grpc.StatusCode.RESOURCE_EXHAUSTED in writer.codes for writer in writers))
            self.check_reads(stub, writers)
            self.check_refusal(stub)
            if times == 2:
                break
            self.volume.clear()
            self.wait_for_writes(server, stub, writers)
            self.check_rows(stub, writers)
        # What was acknowledged is there after a crash, with the disk still full and when it is not. To start on it,
        # the server needs a little of what it has kept free.
        self.volume.clear()
        self.volume.fill(but_bytes=KEPT_BYTES - (1 << 20))
        for _ in range(2):
            server.kill()
            server, _, stub = self.start_ready()
            self.check_reads(stub, writers)
            self.volume.clear()
        self.wait_for_writes(server, stub, writers)
        server.close()

    def test_small_writes(self):
        """The log is what grows."""
        self.fill_under_writers(writer_count=4, rows=100)

    def test_replaced_patterns(self):
        """Write buffers become tables, and there is always something to compact."""
        self.fill_under_writers(writer_count=4, rows=1000)

    def test_bulk_writes(self):
        """Each is ingested as a file of 9 MB. Until four are compacted, those that were replaced take up space too,
        which must leave room for one more."""
        self.fill_under_writers(writer_count=1, rows=9000, ranges=2)

    def test_deleting_makes_room(self):
        server, _, stub = self.start_ready()
        rows = to_matrix(to_rows(0, 2500, 1))
        bank = 0
        code = None
        while code is None:
            try:
                stub.CreateBank(api.CreateBankRequest(name=f"bank{bank}", dim=DIM))
                stub.Store(api.StoreRequest(bank=f"bank{bank}", patterns=rows), timeout=TIMEOUT_SECONDS)
                bank += 1
            except grpc.RpcError as error:
                code = error.code()
            self.assertLess(bank, 100)
        self.assertEqual(code, grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertGreater(bank, 4)
        for number in range(bank // 2):
            stub.DeleteBank(api.DeleteBankRequest(name=f"bank{number}"))
        store = api.StoreRequest(bank=f"bank{bank - 1}", patterns=rows)

        def stores():
            try:
                return stub.Store(store, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError:
                return None

        self.wait_for(stores, RESUME_SECONDS, "deleting banks made no room")
        server.close()


def enter_namespace():
    """Starts this program anew where it may mount file systems, or ends it."""
    if os.environ.get(INSIDE):
        return
    unshare = ["unshare", "--user", "--map-root-user", "--mount"]
    probe = [*unshare, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()]
    try:
        possible = subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        print("skipped: users may not make namespaces to mount file systems in", file=sys.stderr)
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, "-B", *sys.argv])


if __name__ == "__main__":
    enter_namespace()
    DataDirectoryTest.program = sys.argv.pop()
    unittest.main()
