"""How engramd stops: what is in flight finishes, what comes later is told to go elsewhere.

Usage: drain_test.py [unittest options] ENGRAMD
"""

import signal
import sys
import threading
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import dynamics_pb2, health_pb2

from endless import make_endless_request
from engram_server import EngramServer
from wire import (
    SERVICE,
    TIMEOUT_SECONDS,
    Conversation,
    WireError,
    check_health,
    connect,
    make_stub,
    to_array,
    to_matrix,
    watch_health,
)

ENGRAMD = ""
SEED = 4
DIM = 64
CALLERS = 8
SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
EXIT_INTERRUPTED = 3


class Caller(threading.Thread):
    """Retrieves one exact pattern after another until a call fails; keeps the failure."""

    def __init__(self, address, patterns, row):
        super().__init__()
        self.address, self.patterns, self.row = address, patterns, row
        self.answered, self.error, self.began = 0, None, 0.0
        self.first_answer = threading.Event()

    def run(self):
        # Many updates, so that a call is in flight most of the time.
        dynamics = dynamics_pb2.Dynamics(beta=1, softmax={}, max_iterations=20, tolerance=0)
        request = api.RetrieveRequest(
            bank="bank", queries=to_matrix(self.patterns[self.row]), dynamics=dynamics
        )
        with connect(self.address) as channel:
            stub = make_stub(channel)
            while True:
                begin = time.monotonic()
                try:
                    response = stub.Retrieve(request, timeout=TIMEOUT_SECONDS)
                except grpc.RpcError as error:
                    self.error, self.began = error, begin
                    return
                finally:
                    self.first_answer.set()
                if not np.isfinite(to_array(response.states)).all():
                    raise AssertionError("an answer is not finite")
                self.answered += 1


class DrainTest(unittest.TestCase):
    def serve(self, *flags):
        server = EngramServer(ENGRAMD, *flags)
        self.addCleanup(server.abandon)
        channel = connect(server.address)
        self.addCleanup(channel.close)
        return server, channel, make_stub(channel)

    def store(self, stub):
        patterns = np.random.default_rng(SEED).standard_normal((2000, DIM)).astype(np.float32)
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=DIM))
        stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(patterns)))
        return patterns

    def begin_endless_call(self, stub):
        """A retrieval in flight that takes minutes."""
        request = make_endless_request(stub)
        call = stub.Retrieve.future(request, timeout=TIMEOUT_SECONDS)
        # The bank is swept in turn: a second query on it ends after the first has begun.
        request.dynamics.max_iterations = 1
        stub.Retrieve(request, timeout=TIMEOUT_SECONDS)
        return call

    def wait_for(self, watch, status):
        for response in watch:
            if response.status == status:
                return

    def wait_until_refused(self, stub):
        """Calls until the server refuses; returns the refusal."""
        while True:
            try:
                stub.GetCapabilities(api.GetCapabilitiesRequest(), timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                return WireError(error)

    def test_an_idle_server_exits_with_0(self):
        server, _, _ = self.serve()
        server.terminate()
        self.assertEqual(server.wait(), 0)
        self.assertIn("stopped", server.log())

    def test_not_serving_is_reported_before_calls_are_refused(self):
        server, channel, stub = self.serve("--drain-delay", "3s")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1))
        services = ("", SERVICE, "bank/bank")
        watches = [watch_health(channel, service) for service in services]
        for watch in watches:
            self.wait_for(watch, SERVING)
        server.terminate()
        for watch in watches:
            self.wait_for(watch, NOT_SERVING)
        # Load balancers have the drain delay to notice: until it is over, calls are still answered.
        stub.GetCapabilities(api.GetCapabilitiesRequest())
        self.assertEqual(check_health(channel), NOT_SERVING)
        self.assertEqual(server.wait(), 0)

    def test_under_load_no_call_in_flight_fails(self):
        server, _, stub = self.serve("--drain-delay", "200ms")
        patterns = self.store(stub)
        callers = [Caller(server.address, patterns, row) for row in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.first_answer.wait(TIMEOUT_SECONDS)
        terminated = time.monotonic()
        server.terminate()
        for caller in callers:
            caller.join(TIMEOUT_SECONDS)
            self.assertFalse(caller.is_alive())
        self.assertEqual(server.wait(), 0)
        for caller in callers:
            self.assertGreater(caller.answered, 0)
            # What failed had not begun when the signal came. gRPC itself cancels what arrives while it closes
            # the connections.
            self.assertGreater(caller.began, terminated)
            self.assertIn(caller.error.code(), (UNAVAILABLE, grpc.StatusCode.CANCELLED))

    def test_what_is_in_flight_holds_the_server_while_new_calls_are_unavailable(self):
        server, _, stub = self.serve("--drain-grace", "1h")
        call = self.begin_endless_call(stub)
        server.terminate()
        refusal = self.wait_until_refused(stub)
        self.assertEqual(refusal.code, UNAVAILABLE)
        self.assertEqual(refusal.info.reason, "SHUTTING_DOWN")
        self.assertIn("shutting down", refusal.text)
        self.assertFalse(call.done())
        self.assertIsNone(server.process.poll())
        call.cancel()
        self.assertEqual(server.wait(), 0)

    def test_idle_streams_do_not_hold_the_server(self):
        server, _, stub = self.serve("--drain-grace", "1h")
        self.store(stub)
        bulk = Conversation(stub.BulkStore)
        bulk.ask(api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="bank")))
        stream = Conversation(stub.RetrieveStream)
        stream.ask(api.RetrieveRequest(bank="bank", queries=to_matrix(np.ones(DIM))))
        untouched = Conversation(stub.RetrieveStream)
        server.terminate()
        self.assertEqual(server.wait(), 0)
        for conversation in (bulk, stream, untouched):
            conversation.half_close()
            self.assertEqual(conversation.error().code, UNAVAILABLE)

    def test_a_scan_that_nobody_reads_does_not_hold_the_server(self):
        server, _, stub = self.serve("--drain-grace", "1h")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
        for _ in range(4):
            stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(np.ones((2000, 1000)))))
        scan = stub.ScanPatterns(api.ScanPatternsRequest(bank="bank"), timeout=TIMEOUT_SECONDS)
        next(scan)
        server.terminate()
        self.assertEqual(server.wait(), 0)
        with self.assertRaises(grpc.RpcError):
            list(scan)

    def test_new_messages_on_open_streams_are_unavailable(self):
        server, _, stub = self.serve("--drain-grace", "1h")
        call = self.begin_endless_call(stub)
        start = api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="endless"))
        bulk, stream = Conversation(stub.BulkStore), Conversation(stub.RetrieveStream)
        bulk.ask(start)
        request = api.RetrieveRequest(bank="endless", queries=to_matrix(np.eye(1, DIM)))
        stream.ask(request)
        server.terminate()
        self.wait_until_refused(stub)
        bulk.send(api.BulkStoreRequest(finish={}))
        stream.send(request)
        for conversation in (bulk, stream):
            error = conversation.error()
            self.assertEqual((error.code, error.info.reason), (UNAVAILABLE, "SHUTTING_DOWN"))
            conversation.half_close()
        call.cancel()
        self.assertEqual(server.wait(), 0)

    def test_requests_in_flight_on_a_stream_are_answered(self):
        server, _, stub = self.serve("--drain-grace", "1h")
        request = make_endless_request(stub)
        request.dynamics.max_iterations = 100
        stream = Conversation(stub.RetrieveStream)
        stream.send(*[request] * 3)
        # A second query on the bank ends after those have begun.
        short = api.RetrieveRequest()
        short.CopyFrom(request)
        short.dynamics.max_iterations = 1
        stub.Retrieve(short, timeout=TIMEOUT_SECONDS)
        server.terminate()
        for _ in range(3):
            self.assertEqual(stream.receive().retrievals[0].iterations, 100)
        stream.half_close()
        self.assertEqual(server.wait(), 0)

    def test_streams_are_ended_too(self):
        server, channel, _ = self.serve()
        watch = watch_health(channel)
        self.wait_for(watch, SERVING)
        server.terminate()
        self.assertEqual(server.wait(), 0)
        with self.assertRaises(grpc.RpcError):
            list(watch)

    def test_a_second_signal_ends_at_once(self):
        server, channel, stub = self.serve("--drain-grace", "1h")
        self.begin_endless_call(stub)
        watch = watch_health(channel)
        self.wait_for(watch, SERVING)
        server.terminate()
        self.wait_for(watch, NOT_SERVING)
        server.terminate()
        self.assertEqual(server.wait(), EXIT_INTERRUPTED)
        self.assertIn("second signal", server.log())

    def test_calls_that_outlast_the_grace_are_left(self):
        server, _, stub = self.serve("--drain-grace", "100ms")
        call = self.begin_endless_call(stub)
        server.terminate()
        self.assertEqual(server.wait(), EXIT_INTERRUPTED)
        self.assertEqual(call.code(), UNAVAILABLE)
        self.assertIn("did not finish in time", server.log())

    def test_an_interrupt_drains_like_a_termination(self):
        server, _, _ = self.serve()
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    ENGRAMD = sys.argv.pop()
    unittest.main()
