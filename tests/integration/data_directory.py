"""A data directory that outlives the servers that tests start on it."""

import os
import tempfile
import unittest

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import health_pb2

from engram_server import EngramServer
from wire import TIMEOUT_SECONDS, connect, make_stub, watch_health

SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING


class DataDirectoryTest(unittest.TestCase):
    """Starts servers on one data directory, one after another."""

    program = ""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.data_dir = os.path.join(temporary.name, "data")

    def start(self, *flags, env=None):
        """A server on the directory, its channel and its stub."""
        server = EngramServer(self.program, "--data-dir", self.data_dir, *flags, env=env)
        self.addCleanup(server.abandon)
        channel = connect(server.address)
        self.addCleanup(channel.close)
        return server, channel, make_stub(channel)

    def start_ready(self, *flags, env=None):
        """The same, when all banks that can serve do."""
        server, channel, stub = self.start(*flags, env=env)
        server.wait_for_log("all banks ready")
        return server, channel, stub


def wait_until_serving(channel, bank):
    """Waits for the health of the bank."""
    for response in watch_health(channel, "bank/" + bank):
        if response.status == SERVING:
            return


def scan(stub, bank):
    """All patterns of a bank, as responses."""
    return list(stub.ScanPatterns(api.ScanPatternsRequest(bank=bank), timeout=TIMEOUT_SECONDS))
