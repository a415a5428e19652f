"""What engramd does when its device is lost (reliability figure R10): it says NOT_SERVING at once, answers on the host
what it is asked meanwhile, drains, and exits with 75, so that a supervisor starts it again.

No device is needed: a build with ENGRAM_FAILPOINTS claims one that is lost when a file appears. Other builds skip.

Usage: device_test.py [unittest options] ENGRAMD
"""

import os
import sys
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, health_pb2

from data_directory import DataDirectoryTest
from endless import make_endless_request
from engram_server import EngramServer
from exposition import Exposition
from metrics_endpoint import get, port_of
from wire import SERVICE, TIMEOUT_SECONDS, check_health, connect, make_stub, to_array, to_matrix, watch_health

SEED = 10
DIM = 64
PATTERNS = 2000
CALLERS = 4
DEVICE = "losable device"
FAULT = "a test has taken it away"
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING
REPORT_SECONDS = 1
EXIT_DEVICE_LOST = 75
SKIPPED = 77  # Exit code, which CMakeLists.txt knows.
# gRPC itself cancels what arrives while it closes the connections.
REFUSALS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def make_request(patterns, row):
    # Many updates, so that a call is in flight most of the time.
    dynamics = dynamics_pb2.Dynamics(beta=1, softmax={}, max_iterations=20, tolerance=0)
    return api.RetrieveRequest(bank="bank", queries=to_matrix(patterns[row]), dynamics=dynamics)


def answer_of(stub, request):
    """What must not differ between two answers, in bytes."""
    response = stub.Retrieve(request, timeout=TIMEOUT_SECONDS)
    return response.states.SerializeToString(), response.retrievals[0].energy_after


class Caller(threading.Thread):
    """Retrieves one state after another until a call fails; keeps the failure, and when calls were answered."""

    def __init__(self, address, request, expected):
        super().__init__()
        self.address, self.request, self.expected = address, request, expected
        self.last_answer, self.wrong_answers, self.error = 0.0, 0, None
        self.first_answer = threading.Event()

    def run(self):
        with connect(self.address) as channel:
            stub = make_stub(channel)
            try:
                while True:
                    self.wrong_answers += answer_of(stub, self.request) != self.expected
                    self.last_answer = time.monotonic()
                    self.first_answer.set()
            except grpc.RpcError as error:
                self.error = error


class Writer(threading.Thread):
    """Stores one pattern after another until a call fails; keeps how many were acknowledged."""

    def __init__(self, address):
        super().__init__()
        self.address, self.acknowledged, self.error = address, 0, None

    def run(self):
        with connect(self.address) as channel:
            stub = make_stub(channel)
            try:
                while True:
                    pattern = to_matrix(np.full(2, self.acknowledged + 1))
                    request = api.StoreRequest(bank="written", patterns=pattern, ids=[self.acknowledged])
                    stub.Store(request, timeout=TIMEOUT_SECONDS)
                    self.acknowledged += 1
            except grpc.RpcError as error:
                self.error = error


class HealthWatcher(threading.Thread):
    """Waits until a service is NOT_SERVING; keeps when it was."""

    def __init__(self, channel, service):
        super().__init__()
        self.watch = watch_health(channel, service)
        next(self.watch)
        self.not_serving = None

    def run(self):
        for response in self.watch:
            if response.status == NOT_SERVING:
                self.not_serving = time.monotonic()
                return


class DeviceTest(DataDirectoryTest):
    def setUp(self):
        super().setUp()
        self.lost_file = os.path.join(os.path.dirname(self.data_dir), "lost")

    def start_with_device(self, *flags):
        return self.start_ready(*flags, env={"ENGRAM_LOSABLE_DEVICE": self.lost_file})

    def lose_device(self):
        with open(self.lost_file, "wb"):
            return time.monotonic()

    def store(self, stub):
        """Fills the bank; returns its patterns."""
        patterns = np.random.default_rng(SEED).standard_normal((PATTERNS, DIM)).astype(np.float32)
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=DIM))
        stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(patterns)))
        return patterns

    def test_clients_see_no_wrong_answer_and_lose_nothing(self):
        server, channel, stub = self.start_with_device("--drain-delay", "1500ms")
        patterns = self.store(stub)
        stub.CreateBank(api.CreateBankRequest(name="written", dim=2, durability=bank_pb2.DURABILITY_SYNCED))
        requests = [make_request(patterns, row) for row in range(CALLERS)]
        expected = [answer_of(stub, request) for request in requests]
        callers = [Caller(server.address, *pair) for pair in zip(requests, expected)]
        writer = Writer(server.address)
        watchers = [HealthWatcher(channel, service) for service in ("", SERVICE, "bank/bank")]
        threads = [*callers, writer, *watchers]
        for thread in threads:
            thread.start()
        for caller in callers:
            self.assertTrue(caller.first_answer.wait(TIMEOUT_SECONDS))
        lost = self.lose_device()
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)
        for thread in threads:
            thread.join(TIMEOUT_SECONDS)
            self.assertFalse(thread.is_alive())
        for watcher in watchers:
            self.assertIsNotNone(watcher.not_serving)
            self.assertLess(watcher.not_serving - lost, REPORT_SECONDS)
        for caller in callers:
            self.assertEqual(caller.wrong_answers, 0)
            self.assertGreater(caller.last_answer, watchers[0].not_serving)
            self.assertIn(caller.error.code(), REFUSALS)
        self.assertIn(writer.error.code(), REFUSALS)
        self.assertGreater(writer.acknowledged, 0)
        self.check_after_restart(requests, expected, writer.acknowledged)

    def check_after_restart(self, requests, expected, acknowledged):
        os.remove(self.lost_file)
        server, _, stub = self.start_with_device()
        self.assertEqual([answer_of(stub, request) for request in requests], expected)
        written = stub.GetPatterns(api.GetPatternsRequest(bank="written", ids=range(acknowledged)))
        rows = np.arange(1, acknowledged + 1, dtype=np.float32)
        np.testing.assert_array_equal(to_array(written.patterns), np.stack([rows, rows], axis=1))
        server.close()

    def test_the_log_names_the_device_and_what_happened(self):
        server, _, _ = self.start_with_device()
        self.lose_device()
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)
        [line] = [line for line in server.log().splitlines() if "device lost" in line]
        self.assertIn("error", line)
        self.assertIn(DEVICE, line)
        self.assertIn(FAULT, line)
        self.assertIn("stopped", server.log())

    def test_calls_that_outlast_the_grace_are_left_with_the_same_code(self):
        server, _, stub = self.start_with_device("--drain-grace", "100ms")
        request = make_endless_request(stub)
        call = stub.Retrieve.future(request, timeout=TIMEOUT_SECONDS)
        # The bank is swept in turn: a second query on it ends after the first has begun.
        request.dynamics.max_iterations = 1
        stub.Retrieve(request, timeout=TIMEOUT_SECONDS)
        self.lose_device()
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)
        self.assertEqual(call.code(), grpc.StatusCode.UNAVAILABLE)

    def test_a_signal_after_the_loss_does_not_cut_the_drain_short(self):
        server, _, stub = self.start_with_device("--drain-delay", "2s")
        self.lose_device()
        server.wait_for_log("draining")
        server.terminate()
        server.wait_for_log("signal")
        stub.GetCapabilities(api.GetCapabilitiesRequest())
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)

    def test_a_loss_after_a_signal_is_a_stop_like_any_other(self):
        server, _, _ = self.start_with_device("--drain-delay", "1s")
        server.terminate()
        server.wait_for_log("draining")
        self.lose_device()
        server.wait_for_log("device lost")
        self.assertEqual(server.wait(), 0)

    def test_a_device_that_was_lost_at_the_start_ends_the_server(self):
        self.lose_device()
        server, _, _ = self.start(env={"ENGRAM_LOSABLE_DEVICE": self.lost_file})
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)

    def test_while_it_works_the_device_is_shown_and_changes_nothing(self):
        flags = ("--metrics-listen", "127.0.0.1:0", "--log-format", "json", "--drain-delay", "2s")
        server, channel, stub = self.start_with_device(*flags)
        _, device = stub.GetCapabilities(api.GetCapabilitiesRequest()).devices
        self.assertEqual((device.kind, device.name), ("test", DEVICE))
        self.assertEqual((device.memory_bytes, device.memory_budget_bytes), (1 << 30, 1 << 29))
        metrics = Exposition(get(port_of(server)))
        self.assertEqual(metrics.value("engram_device_up", device="0", name=DEVICE), 1)
        self.assertEqual(metrics.value("engram_device_memory_bytes", device="0", name=DEVICE), device.memory_bytes)
        self.assertNotEqual(check_health(channel), NOT_SERVING)
        self.lose_device()
        server.wait_for_log("draining")
        metrics = Exposition(get(port_of(server)))
        self.assertEqual(metrics.value("engram_device_up", device="0", name=DEVICE), 0)
        self.assertEqual(server.wait(), EXIT_DEVICE_LOST)


def has_losable_device(program):
    with EngramServer(program, env={"ENGRAM_LOSABLE_DEVICE": "/nowhere"}) as server:
        with connect(server.address) as channel:
            devices = make_stub(channel).GetCapabilities(api.GetCapabilitiesRequest()).devices
            return DEVICE in {device.name for device in devices}


if __name__ == "__main__":
    DataDirectoryTest.program = sys.argv.pop()
    if not has_losable_device(DataDirectoryTest.program):
        print("skipped: this engramd is built without ENGRAM_FAILPOINTS", file=sys.stderr)
        sys.exit(SKIPPED)
    unittest.main()
