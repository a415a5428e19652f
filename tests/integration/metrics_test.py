"""What Prometheus finds at --metrics-listen, and that nothing is found without it.

Usage: metrics_test.py [unittest options] ENGRAMD
"""

import os
import socket
import subprocess
import sys
import unittest
import urllib.error

import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import dynamics_pb2

from engram_server import EngramServer
from exposition import Exposition
from metrics_endpoint import get, port_of
from wire import TIMEOUT_SECONDS, Conversation, connect, error_of, make_stub, to_matrix

ENGRAMD = ""
SEED = 5
N, DIM, BATCH = 300, 16, 7
# An engramd that starts although it should not is found out after this time.
START_SECONDS = 20


def listening_ports(process):
    """How many TCP ports a process listens on."""
    own = set()
    folder = f"/proc/{process.pid}/fd"
    for name in os.listdir(folder):
        try:
            own.add(os.readlink(os.path.join(folder, name)))
        except FileNotFoundError:
            pass  # Closed meanwhile.
    count = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{process.pid}/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                count += fields[3] == "0A" and f"socket:[{fields[9]}]" in own
    return count


class MetricsTest(unittest.TestCase):
    def setUp(self):
        self.server = EngramServer(ENGRAMD, "--metrics-listen", "127.0.0.1:0", "--log-format", "json")
        self.addCleanup(self.server.close)
        channel = connect(self.server.address)
        self.addCleanup(channel.close)
        self.stub = make_stub(channel)
        random = np.random.default_rng(SEED)
        self.patterns = random.standard_normal((N, DIM)).astype(np.float32)
        self.queries = random.standard_normal((BATCH, DIM)).astype(np.float32)

    def scrape(self):
        return Exposition(get(port_of(self.server)))

    def create(self, name="faces"):
        self.stub.CreateBank(api.CreateBankRequest(name=name, dim=DIM))
        self.stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(self.patterns)))

    def request(self, **fields):
        dynamics = dynamics_pb2.Dynamics(beta=2, entmax={"alpha": 2})
        fields = {"bank": "faces", "queries": to_matrix(self.queries), "dynamics": dynamics, **fields}
        return api.RetrieveRequest(**fields)

    # What is counted.

    def test_retrievals_add_up_to_what_their_answers_say(self):
        self.create()
        answers = [self.stub.Retrieve(self.request(omit_energy=omit)) for omit in (True, False, False)]
        retrievals = [retrieval for answer in answers for retrieval in answer.retrievals]
        sweeps = sum(retrieval.sweeps for retrieval in retrievals)
        updates = sum(retrieval.iterations for retrieval in retrievals)
        metrics = self.scrape()
        self.assertEqual(metrics.total("engram_queries_total", kind="retrieve"), len(retrievals))
        self.assertEqual(metrics.total("engram_queries_total"), len(retrievals))
        self.assertEqual(metrics.value("engram_retrieval_sweeps_sum"), sweeps)
        self.assertEqual(metrics.value("engram_retrieval_sweeps_count"), len(retrievals))
        self.assertEqual(metrics.value("engram_retrieval_updates_sum"), updates)
        self.assertEqual(metrics.value("engram_retrieval_updates_count"), len(retrievals))
        self.assertEqual(metrics.total("engram_sweep_queries_sum"), sweeps)
        passes = metrics.total("engram_sweeps_total")
        self.assertEqual(metrics.total("engram_sweep_queries_count"), passes)
        self.assertEqual(metrics.total("engram_sweep_duration_seconds_count"), passes)
        self.assertGreater(metrics.total("engram_sweep_duration_seconds_sum"), 0)
        self.assertEqual(metrics.total("engram_swept_rows_total"), N * passes)
        self.assertEqual(metrics.total("engram_swept_bytes_total"), 4 * DIM * N * passes)
        self.assertEqual(metrics.value("engram_queue_queries"), 0)

    def test_queries_stop_for_the_reasons_in_their_answers(self):
        self.create()
        limited = self.stub.Retrieve(
            self.request(dynamics=dynamics_pb2.Dynamics(beta=2, softmax={}, max_iterations=1, tolerance=0))
        )
        self.assertEqual({r.stop_reason for r in limited.retrievals}, {api.STOP_REASON_LIMIT})
        self.stub.Energy(api.EnergyRequest(bank="faces", states=to_matrix(self.queries)))
        memories = list(self.stub.Recall(api.RecallRequest(
            bank="faces", query=to_matrix(self.queries[0]), max_memories=2, used_up={})))
        report = list(self.stub.ReportSeparation(api.ReportSeparationRequest(bank="faces")))
        self.assertEqual(len(memories), 2)
        self.assertEqual(report[-1].done_count, N)
        metrics = self.scrape()
        self.assertEqual(metrics.value("engram_queries_total", kind="retrieve", stop_reason="limit"), BATCH)
        self.assertEqual(metrics.total("engram_queries_total", kind="retrieve"), BATCH)
        self.assertEqual(metrics.value("engram_queries_total", kind="energy", stop_reason="done"), BATCH)
        self.assertEqual(metrics.total("engram_queries_total", kind="recall"), len(memories))
        self.assertEqual(metrics.value("engram_queries_total", kind="separation", stop_reason="done"), N)
        self.assertEqual(metrics.total("engram_calls_total", method="Recall", code="OK"), 1)
        self.assertEqual(metrics.total("engram_calls_total", method="ReportSeparation", code="OK"), 1)

    def test_calls_are_counted_by_method_and_code(self):
        self.create()
        for _ in range(3):
            error_of(self.stub.GetBank, api.GetBankRequest(name="none"))
        error_of(self.stub.Retrieve, self.request(queries=to_matrix([[1, 2, 3]])))
        error_of(self.stub.CreateBank, api.CreateBankRequest(name="faces", dim=DIM))
        talk = Conversation(self.stub.RetrieveStream)
        for _ in range(2):
            talk.ask(self.request())
        talk.half_close()
        with self.assertRaises(StopIteration):
            talk.receive()
        upload = Conversation(self.stub.BulkStore)
        upload.half_close()
        upload.error()
        list(self.stub.ScanPatterns(api.ScanPatternsRequest(bank="faces")))
        metrics = self.scrape()
        expected = {
            ("CreateBank", "OK"): 1,
            ("CreateBank", "ALREADY_EXISTS"): 1,
            ("Store", "OK"): 1,
            ("GetBank", "NOT_FOUND"): 3,
            ("Retrieve", "INVALID_ARGUMENT"): 1,
            ("RetrieveStream", "OK"): 1,
            ("BulkStore", "INVALID_ARGUMENT"): 1,
            ("ScanPatterns", "OK"): 1,
        }
        for (method, code), count in expected.items():
            with self.subTest(method=method, code=code):
                self.assertEqual(metrics.value("engram_calls_total", method=method, code=code), count)
        self.assertEqual(metrics.total("engram_calls_total"), sum(expected.values()))
        self.assertEqual(metrics.total("engram_queries_total", kind="retrieve"), 2 * BATCH)

    def test_banks_and_memory_are_what_the_api_reports(self):
        for name in ("faces", "words"):
            self.create(name)
        bank = self.stub.GetBank(api.GetBankRequest(name="words")).bank
        capabilities = self.stub.GetCapabilities(api.GetCapabilitiesRequest())
        metrics = self.scrape()
        self.assertEqual(metrics.value("engram_banks"), 2)
        self.assertEqual(metrics.value("engram_patterns"), 2 * N)
        self.assertEqual(metrics.label_values("engram_bank_patterns", "bank"), ["faces", "words"])
        self.assertEqual(metrics.value("engram_bank_version", bank="words"), bank.version)
        self.assertEqual(metrics.value("engram_bank_memory_bytes", bank="words"), bank.memory_bytes)
        self.assertEqual(metrics.value("engram_memory_used_bytes"), capabilities.memory_used_bytes)
        limits = capabilities.limits
        self.assertEqual(metrics.value("engram_memory_budget_bytes"), limits.memory_budget_bytes)
        self.assertEqual(metrics.value("engram_queue_limit_queries"), limits.queue_capacity)
        self.stub.DeleteBank(api.DeleteBankRequest(name="words"))
        self.assertEqual(self.scrape().label_values("engram_bank_patterns", "bank"), ["faces"])

    def test_what_runs_is_told_with_its_reason(self):
        capabilities = self.stub.GetCapabilities(api.GetCapabilitiesRequest())
        metrics = self.scrape()
        self.assertEqual(metrics.value("engram_build_info", version=capabilities.server_version), 1)
        self.assertEqual(metrics.total("engram_backend_info", backend=capabilities.backend), 1)
        self.assertEqual(metrics.total("engram_backend_info", reason=capabilities.backend_reason), 1)

    def test_every_metric_has_a_help_text_and_a_type(self):
        metrics = self.scrape()
        ours = {name for name in metrics.kinds if name.startswith("engram_")}
        self.assertGreater(len(ours), 20)
        for name in ours:
            with self.subTest(name):
                self.assertGreater(len(metrics.helps[name]), 5)

    # Where they are served.

    def test_there_is_nothing_else_on_the_port(self):
        for path in ("/", "/more", "/../../../../etc/passwd"):
            with self.subTest(path), self.assertRaises(urllib.error.HTTPError) as caught:
                get(port_of(self.server), path)
            caught.exception.close()
            self.assertEqual(caught.exception.code, 404)

    def test_without_the_option_no_second_port_is_open(self):
        self.assertEqual(listening_ports(self.server.process), 2)
        with EngramServer(ENGRAMD, "--log-format", "json") as server:
            self.assertEqual(listening_ports(server.process), 1)
            self.assertIsNone(port_of(server))

    def test_an_address_that_cannot_be_bound_is_named(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            taken = f"127.0.0.1:{listener.getsockname()[1]}"
            for address in (taken, "256.0.0.1:0"):
                with self.subTest(address):
                    result = subprocess.run(
                        [ENGRAMD, "--listen", "127.0.0.1:0", "--metrics-listen", address],
                        capture_output=True, text=True, timeout=START_SECONDS, check=False,
                    )
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertIn("metrics-listen: cannot bind", result.stderr)
                    self.assertIn(address, result.stderr)


class ExpositionTest(unittest.TestCase):
    """The parser that the tests above trust refuses what Prometheus would."""

    def test_what_breaks_the_format_is_refused(self):
        for text in (
            "# TYPE a counter\na 1",
            "# TYPE a counter\na{b=c} 1\n",
            "# TYPE a counter\na one\n",
            "# TYPE a counter\na 1\na 1\n",
            "# TYPE a counter\nb 1\n",
            "# TYPE a counters\na 1\n",
            '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
            '# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n',
        ):
            with self.subTest(text), self.assertRaises(ValueError):
                Exposition(text)

    def test_labels_may_hold_anything(self):
        text = '# HELP a It is, "so to say", {b="c"}.\n# TYPE a gauge\na{b="x, y=\\"z\\"",c="}"} 2.5e-05\n'
        self.assertEqual(Exposition(text).total("a", c="}"), 2.5e-05)


if __name__ == "__main__":
    ENGRAMD = os.path.abspath(sys.argv.pop())
    unittest.main()
