"""What the streams answer when all is well: scans, uploads, pipelined retrievals, recalls, reports.

Usage: stream_test.py [unittest options] ENGRAMD
"""

import math
import sys
import time
import unittest

import grpc
import numpy as np

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, matrix_pb2

from endless import make_endless_request
from engram_server import EngramServer
from wire import TIMEOUT_SECONDS, Conversation, connect, error_of, make_stub, to_array, to_matrix

ENGRAMD = ""
SEED = 5
N, DIM, VALUE_DIM = 50, 6, 2
FLOATS = matrix_pb2.MATRIX_ENCODING_FLOATS
# More than the default message of a scan takes up.
LARGE_DIM, LARGE_N = 1000, 600


def start(bank, **fields):
    return api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank=bank, **fields))


def chunk(row_offset, patterns, **fields):
    step = api.BulkStoreRequest.Chunk(row_offset=row_offset, patterns=to_matrix(patterns), **fields)
    return api.BulkStoreRequest(chunk=step)


FINISH = api.BulkStoreRequest(finish={})


class StreamTest(unittest.TestCase):
    """Each test has a bank with the name of the test."""

    @classmethod
    def setUpClass(cls):
        cls.server = EngramServer(ENGRAMD)
        cls.channel = connect(cls.server.address)
        cls.stub = make_stub(cls.channel)
        random = np.random.default_rng(SEED)
        cls.patterns = random.standard_normal((N, DIM)).astype(np.float32)
        cls.values = random.standard_normal((N, VALUE_DIM)).astype(np.float32)
        cls.ids = [int(i) for i in random.permutation(1000)[:N]]
        cls.payloads = [bytes(row) for row in range(N)]

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.close()

    def setUp(self):
        self.bank = self.id().rsplit(".", 1)[-1]
        self.stub.CreateBank(api.CreateBankRequest(name=self.bank, dim=DIM))
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=self.bank)))

    def make_bank(self, suffix, **fields):
        name = self.bank + suffix
        self.stub.CreateBank(api.CreateBankRequest(name=name, **fields))
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=name)))
        return name

    def store(self, rows=None, ids=None, bank=None, **fields):
        rows = self.patterns if rows is None else rows
        ids = self.ids[: len(rows)] if ids is None else ids
        request = api.StoreRequest(bank=bank or self.bank, patterns=to_matrix(rows), ids=ids, **fields)
        return self.stub.Store(request)

    def get_bank(self, bank=None):
        return self.stub.GetBank(api.GetBankRequest(name=bank or self.bank)).bank

    def used_bytes(self):
        return self.stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes

    # ScanPatterns.

    def scan(self, bank=None, **fields):
        request = api.ScanPatternsRequest(bank=bank or self.bank, **fields)
        return self.stub.ScanPatterns(request, timeout=TIMEOUT_SECONDS)

    def test_a_scan_returns_every_pattern_by_ascending_id(self):
        bank = self.make_bank("-valued", dim=DIM, value_dim=VALUE_DIM)
        self.store(bank=bank, values=to_matrix(self.values), payloads=self.payloads)
        order = np.argsort(self.ids)
        for encoding in (0, FLOATS):
            messages = [*self.scan(bank, chunk_patterns=7, encoding=encoding)]
            self.assertEqual([len(message.ids) for message in messages], [7] * 7 + [1])
            self.assertEqual({message.version for message in messages}, {1})
            self.assertEqual([i for message in messages for i in message.ids], sorted(self.ids))
            patterns = np.concatenate([to_array(message.patterns) for message in messages])
            self.assertEqual(patterns.tobytes(), self.patterns[order].tobytes())
            values = np.concatenate([to_array(message.values) for message in messages])
            self.assertEqual(values.tobytes(), self.values[order].tobytes())
            payloads = [payload for message in messages for payload in message.payloads]
            self.assertEqual(payloads, [self.payloads[row] for row in order])
            self.assertEqual(len(messages[0].patterns.values) > 0, encoding == FLOATS)

    def test_a_scan_may_leave_out_the_rows(self):
        self.store(payloads=self.payloads)
        (message,) = self.scan(omit_rows=True)
        self.assertEqual([*message.ids], sorted(self.ids))
        self.assertFalse(message.HasField("patterns") or message.HasField("values"))
        self.assertEqual(len(message.payloads), N)

    def test_a_scan_of_an_empty_bank_has_no_messages(self):
        self.assertEqual([*self.scan()], [])

    def test_a_message_of_a_scan_takes_about_a_mebibyte_payloads_included(self):
        bank = self.make_bank("-large", dim=LARGE_DIM)
        self.store(np.ones((LARGE_N, LARGE_DIM)), range(LARGE_N), bank)
        messages = [*self.scan(bank)]
        self.assertGreater(len(messages), 2)
        for message in messages:
            self.assertLessEqual(message.ByteSize(), 1 << 20)
        for message in messages[:-1]:
            self.assertGreater(message.ByteSize(), (1 << 20) - 2 * 4 * LARGE_DIM)
        self.store(np.ones((20, LARGE_DIM)), range(20), bank, payloads=[bytes(65_536)] * 20)
        messages = [*self.scan(bank)]
        self.assertLess(len(messages[0].ids), 16)
        self.assertLessEqual(messages[0].ByteSize(), 1 << 20)
        self.assertEqual([i for message in messages for i in message.ids], [*range(LARGE_N)])

    def test_no_message_of_a_scan_is_above_the_limit(self):
        with EngramServer(ENGRAMD, "--max-message-bytes", "64KiB") as server, connect(server.address) as channel:
            stub = make_stub(channel)
            stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
            for first in range(0, 60, 10):
                patterns = to_matrix(np.ones((10, 1000)))
                stub.Store(api.StoreRequest(bank="bank", patterns=patterns, ids=range(first, first + 10)))
            for count in (0, 60, 3):
                messages = [*stub.ScanPatterns(api.ScanPatternsRequest(bank="bank", chunk_patterns=count))]
                self.assertEqual([i for message in messages for i in message.ids], [*range(60)])
                self.assertLessEqual(max(message.ByteSize() for message in messages), 64 << 10)

    def test_a_scan_sees_one_version_whatever_is_stored_and_deleted_meanwhile(self):
        bank = self.make_bank("-large", dim=LARGE_DIM)
        rows = np.arange(LARGE_N, dtype=np.float32)[:, None] * np.ones((1, LARGE_DIM), np.float32)
        self.store(rows, range(LARGE_N), bank)
        scan = self.scan(bank, chunk_patterns=10)
        messages = [next(scan)]
        self.store(-rows[:300], range(300), bank)
        self.stub.DeletePatterns(api.DeletePatternsRequest(bank=bank, ids=range(300, LARGE_N)))
        messages += scan
        self.assertEqual({message.version for message in messages}, {1})
        patterns = np.concatenate([to_array(message.patterns) for message in messages])
        np.testing.assert_array_equal(patterns, rows)

    def test_a_cursor_goes_on_in_the_newest_version_after_the_last_id(self):
        self.store(np.ones((6, DIM)), [10, 20, 30, 40, 50, 60])
        first = next(self.scan(chunk_patterns=3))
        self.assertEqual([*first.ids], [10, 20, 30])
        self.assertTrue(first.next_cursor.isascii() and first.next_cursor.isprintable())
        self.stub.DeletePatterns(api.DeletePatternsRequest(bank=self.bank, ids=[10, 30, 40]))
        self.store(np.full((3, DIM), 2), [5, 35, 70])
        (rest,) = self.scan(cursor=first.next_cursor)
        self.assertEqual([*rest.ids], [35, 50, 60, 70])
        self.assertEqual(rest.version, 3)
        self.assertEqual([*self.scan(cursor=rest.next_cursor)], [])

    def test_the_last_possible_id_ends_a_scan(self):
        self.store(np.ones((1, DIM)), [2**63 - 1])
        (message,) = self.scan()
        self.assertEqual([*self.scan(cursor=message.next_cursor)], [])

    def test_a_scan_that_is_cancelled_gives_its_version_back(self):
        bank = self.make_bank("-large", dim=LARGE_DIM)
        self.store(np.ones((LARGE_N, LARGE_DIM)), range(LARGE_N), bank)
        for _ in range(5):
            scan = self.scan(bank, chunk_patterns=1)
            next(scan)
            scan.cancel()
        self.assertEqual(self.get_bank(bank).pattern_count, LARGE_N)

    # BulkStore.

    def bulk(self):
        return Conversation(self.stub.BulkStore)

    def assert_stored(self, ids, patterns):
        """The bank has just these patterns."""
        got = [*self.scan()]
        self.assertEqual([i for message in got for i in message.ids], sorted(ids))
        rows = np.concatenate([to_array(message.patterns) for message in got])
        np.testing.assert_array_equal(rows, np.asarray(patterns)[np.argsort(ids)])

    def test_an_upload_is_acknowledged_step_by_step(self):
        bulk = self.bulk()
        begun = bulk.ask(start(self.bank))
        self.assertRegex(begun.upload_id, r"^[0-9a-f]{32}$")
        self.assertEqual((begun.row_offset, begun.finished), (0, False))
        for first in range(0, N, 10):
            reply = bulk.ask(chunk(first, self.patterns[first : first + 10], ids=self.ids[first : first + 10]))
            self.assertEqual(reply.upload_id, begun.upload_id)
            self.assertEqual((reply.row_offset, reply.finished), (first + 10, False))
            self.assertEqual([*reply.ids], self.ids[first : first + 10])
            self.assertEqual(reply.version, self.get_bank().version)
            self.assertEqual(self.get_bank().pattern_count, first + 10)
        done = bulk.ask(FINISH)
        self.assertEqual((done.row_offset, done.version, [*done.ids]), (N, 5, []))
        self.assertTrue(done.finished)
        bulk.half_close()
        with self.assertRaises(StopIteration):
            bulk.receive()
        self.assert_stored(self.ids, self.patterns)

    def test_a_client_may_send_ahead(self):
        chunks = [chunk(row, self.patterns[row : row + 1], ids=self.ids[row : row + 1]) for row in range(N)]
        replies = [*self.stub.BulkStore(iter([start(self.bank), *chunks, FINISH]), timeout=TIMEOUT_SECONDS)]
        self.assertEqual([reply.row_offset for reply in replies], [*range(N + 1), N])
        self.assertEqual([reply.finished for reply in replies], [False] * (N + 1) + [True])
        self.assert_stored(self.ids, self.patterns)

    def test_ids_are_assigned_where_none_are_given(self):
        for atomic in (False, True):
            steps = [start(self.bank, atomic=atomic), chunk(0, self.patterns[:3]), chunk(3, self.patterns[3:5]), FINISH]
            replies = [*self.stub.BulkStore(iter(steps), timeout=TIMEOUT_SECONDS)]
            ids = [i for reply in replies for i in reply.ids]
            self.assertEqual(ids, [*range(ids[0], ids[0] + 5)])

    def test_values_and_payloads_are_uploaded_too(self):
        for atomic in (False, True):
            bank = self.make_bank(f"-{atomic}", dim=DIM, value_dim=VALUE_DIM)
            values = [to_matrix(self.values[:2]), to_matrix(self.values[2:4])]
            steps = [
                start(bank, atomic=atomic),
                chunk(0, self.patterns[:2], values=values[0]),
                chunk(2, self.patterns[2:4], values=values[1], payloads=[b"x", b"y"]),
                FINISH,
            ]
            [*self.stub.BulkStore(iter(steps), timeout=TIMEOUT_SECONDS)]
            (message,) = self.scan(bank)
            np.testing.assert_array_equal(to_array(message.values), self.values[:4])
            self.assertEqual([*message.payloads], [b"", b"", b"x", b"y"])

    def test_an_upload_without_rows_finishes(self):
        for atomic in (False, True):
            replies = [*self.stub.BulkStore(iter([start(self.bank, atomic=atomic), FINISH]), timeout=TIMEOUT_SECONDS)]
            self.assertEqual([reply.finished for reply in replies], [False, True])
        self.assertEqual(self.get_bank().version, 0)

    def test_an_upload_that_broke_off_resumes_where_the_server_says(self):
        for atomic in (False, True):
            with self.subTest(atomic=atomic):
                bulk = self.bulk()
                upload = bulk.ask(start(self.bank, atomic=atomic)).upload_id
                bulk.ask(chunk(0, self.patterns[:20], ids=self.ids[:20]))
                bulk.leave()
                # Whether atomic is the upload's, not the resuming stream's.
                bulk = self.bulk()
                begun = bulk.ask(start(self.bank, upload_id=upload))
                self.assertEqual((begun.upload_id, begun.row_offset), (upload, 20))
                self.assertEqual(begun.version == 0, atomic)
                bulk.ask(chunk(20, self.patterns[20:], ids=self.ids[20:]))
                done = bulk.ask(FINISH)
                self.assertEqual((done.row_offset, done.finished), (N, True))
                bulk.half_close()
                self.assert_stored(self.ids, self.patterns)
                error = error_of(lambda timeout: self.bulk().ask(start(self.bank, upload_id=upload)))
                self.assertEqual(error.info.reason, "UPLOAD_NOT_FOUND")

    def test_nothing_of_an_atomic_upload_is_visible_before_it_finishes(self):
        before = self.get_bank()
        bulk = self.bulk()
        bulk.send(start(self.bank, atomic=True))
        bulk.receive()
        for first in range(0, N, 10):
            reply = bulk.ask(chunk(first, self.patterns[first : first + 10], ids=self.ids[first : first + 10]))
            self.assertEqual((reply.row_offset, reply.version, [*reply.ids]), (first + 10, 0, []))
            self.assertEqual(self.get_bank(), before)
        done = bulk.ask(FINISH)
        self.assertEqual((done.version, [*done.ids], done.finished), (1, self.ids, True))
        self.assert_stored(self.ids, self.patterns)
        bulk.half_close()

    def test_the_ids_of_a_large_atomic_upload_come_in_several_replies(self):
        with EngramServer(ENGRAMD, "--max-message-bytes", "64KiB") as server, connect(server.address) as channel:
            stub = make_stub(channel)
            stub.CreateBank(api.CreateBankRequest(name="bank", dim=1))
            steps = [start("bank", atomic=True)]
            steps += [chunk(first, np.ones((5000, 1))) for first in range(0, 30_000, 5000)]
            replies = [*stub.BulkStore(iter([*steps, FINISH]), timeout=TIMEOUT_SECONDS)]
            self.assertGreater(len(replies), len(steps) + 2)
            self.assertEqual([i for reply in replies for i in reply.ids], [*range(30_000)])
            self.assertEqual([reply.finished for reply in replies], [False] * (len(replies) - 1) + [True])
            self.assertLessEqual(max(reply.ByteSize() for reply in replies), 64 << 10)

    def test_an_atomic_upload_takes_up_memory_until_it_is_dropped_with_its_bank(self):
        before = self.used_bytes()
        self.stub.CreateBank(api.CreateBankRequest(name=self.bank + "-gone", dim=1000))
        empty = self.used_bytes()
        bulk = self.bulk()
        upload = bulk.ask(start(self.bank + "-gone", atomic=True)).upload_id
        bulk.ask(chunk(0, np.ones((200, 1000))))
        self.assertGreaterEqual(self.used_bytes() - empty, 800_000)
        self.stub.DeleteBank(api.DeleteBankRequest(name=self.bank + "-gone"))
        self.assertEqual(self.used_bytes(), before)
        bulk.send(chunk(200, np.ones((1, 1000))))
        self.assertEqual(bulk.error().info.reason, "BANK_NOT_FOUND")
        # A bank of the same name is another bank.
        self.stub.CreateBank(api.CreateBankRequest(name=self.bank + "-gone", dim=1000))
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=self.bank + "-gone")))
        bulk = self.bulk()
        bulk.send(start(self.bank + "-gone", upload_id=upload))
        self.assertEqual(bulk.error().info.reason, "UPLOAD_NOT_FOUND")

    def test_the_newest_stream_has_the_upload(self):
        old = self.bulk()
        upload = old.ask(start(self.bank)).upload_id
        new = self.bulk()
        new.ask(start(self.bank, upload_id=upload))
        old.send(chunk(0, self.patterns[:1]))
        self.assertEqual(old.error().info.reason, "UPLOAD_RESUMED")
        self.assertEqual(new.ask(chunk(0, self.patterns[:1])).row_offset, 1)
        new.ask(FINISH)
        new.half_close()

    # RetrieveStream.

    def query(self, row, bank=None, **fields):
        return api.RetrieveRequest(bank=bank or self.bank, queries=to_matrix(self.patterns[row]), **fields)

    def test_responses_come_in_the_order_of_the_requests(self):
        self.store()
        requests = []
        for row in range(N):
            # The first take longest.
            dynamics = dynamics_pb2.Dynamics(softmax={}, max_iterations=1 + 4 * (N - row), tolerance=0)
            requests.append(self.query(row, dynamics=dynamics))
        expected = [self.stub.Retrieve(request) for request in requests]
        responses = [*self.stub.RetrieveStream(iter(requests), timeout=TIMEOUT_SECONDS)]
        for got, wanted in zip(responses, expected):
            self.assertEqual(got.states, wanted.states)
        self.assertEqual(len(responses), N)

    def test_a_stream_takes_banks_and_requests_one_by_one(self):
        other = self.make_bank("-other", dim=DIM)
        self.store()
        self.store(bank=other, rows=self.patterns[:1])
        stream = Conversation(self.stub.RetrieveStream)
        self.assertEqual(stream.ask(self.query(3)).version, 1)
        self.store(self.patterns[:1], [5000])
        self.assertEqual(stream.ask(self.query(3)).version, 2)
        self.assertEqual(stream.ask(self.query(3, bank=other)).version, 1)
        stream.half_close()
        with self.assertRaises(StopIteration):
            stream.receive()

    def test_an_empty_stream_ends_well(self):
        self.assertEqual([*self.stub.RetrieveStream(iter([]), timeout=TIMEOUT_SECONDS)], [])

    def test_a_failure_ends_the_stream_after_the_responses_before_it(self):
        self.store()
        bad = self.query(0, bank="none")
        for good in (0, 1, 20):
            with self.subTest(good=good):
                stream = Conversation(self.stub.RetrieveStream)
                stream.send(*[self.query(row) for row in range(good)], bad, *[self.query(0)] * 5)
                for _ in range(good):
                    stream.receive()
                error = stream.error()
                self.assertEqual(error.code, grpc.StatusCode.NOT_FOUND)
                self.assertEqual(error.info.reason, "BANK_NOT_FOUND")
                stream.half_close()

    def test_requests_that_come_after_a_failure_of_the_engine_are_dropped(self):
        self.store(4 * self.patterns)
        overflow = self.query(0, dynamics=dynamics_pb2.Dynamics(exponential={}, beta=1e10))
        good = self.query(0, dynamics=dynamics_pb2.Dynamics(softmax={}, beta=0.01, max_iterations=20, tolerance=0))
        for attempt in range(200):
            def requests(delay=attempt % 50 * 2e-5):
                yield overflow
                time.sleep(delay)  # The failure is under way, sometimes just then.
                yield from [good] * 3

            with self.assertRaises(grpc.RpcError) as raised:
                list(self.stub.RetrieveStream(requests(), timeout=TIMEOUT_SECONDS))
            self.assertEqual(raised.exception.code(), grpc.StatusCode.INVALID_ARGUMENT)
        self.assertEqual(len([*self.stub.RetrieveStream(iter([good]), timeout=TIMEOUT_SECONDS)]), 1)

    def test_more_requests_than_the_queue_holds_wait_for_their_turn(self):
        flags = ("--queue-capacity", "2", "--max-batch", "2")
        with EngramServer(ENGRAMD, *flags) as server, connect(server.address) as channel:
            stub = make_stub(channel)
            stub.CreateBank(api.CreateBankRequest(name="bank", dim=DIM))
            stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(self.patterns)))
            dynamics = dynamics_pb2.Dynamics(softmax={}, max_iterations=5, tolerance=0)
            requests = [self.query(row % N, "bank", dynamics=dynamics) for row in range(500)]
            responses = [*stub.RetrieveStream(iter(requests), timeout=TIMEOUT_SECONDS)]
            self.assertEqual(len(responses), 500)

    def test_a_stream_that_is_cancelled_empties_the_queue(self):
        flags = ("--queue-capacity", "4", "--max-batch", "4")
        with EngramServer(ENGRAMD, *flags) as server, connect(server.address) as channel:
            stub = make_stub(channel)
            request = make_endless_request(stub)
            stream = Conversation(stub.RetrieveStream)
            short = api.RetrieveRequest()
            short.CopyFrom(request)
            short.dynamics.max_iterations = 1
            stream.ask(short)
            stream.send(*[request] * 10)
            stream.leave()
            # Four have room.
            while True:
                try:
                    stub.Retrieve(api.RetrieveRequest(
                        bank="endless",
                        queries=to_matrix(np.eye(4, 64)),
                        dynamics=short.dynamics,
                    ), timeout=TIMEOUT_SECONDS)
                    break
                except grpc.RpcError as error:
                    self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)

    # Recall.

    def recall(self, query, **fields):
        request = api.RecallRequest(bank=self.bank, query=to_matrix(query), **fields)
        return self.stub.Recall(request, timeout=TIMEOUT_SECONDS)

    def test_free_recall_goes_through_all_patterns_once(self):
        unit = self.patterns / np.linalg.norm(self.patterns, axis=1, keepdims=True)
        self.store(unit)
        # Sharp enough that each pattern is retrieved whole.
        dynamics = dynamics_pb2.Dynamics(beta=1e4)
        for mode in ({}, {"used_up": {}}, {"penalty": {}}):
            with self.subTest(mode=str(mode)):
                memories = [*self.recall(unit[7], dynamics=dynamics, **mode)]
                self.assertEqual(sorted(memory.id for memory in memories), sorted(self.ids))
                for memory in memories:
                    self.assertEqual(memory.version, 1)
                    row = unit[self.ids.index(memory.id)]
                    np.testing.assert_allclose(to_array(memory.state)[0], row, atol=1e-6)
                    self.assertEqual((memory.weight, memory.support_size), (1, 1))

    def test_sequential_recall_goes_from_neighbour_to_neighbour(self):
        self.store(4 * np.eye(DIM), range(10, 10 + DIM))
        dynamics = dynamics_pb2.Dynamics(beta=10)
        memories = self.recall(4 * np.eye(DIM)[0], dynamics=dynamics, sequential={}, max_memories=DIM - 1)
        self.assertEqual([memory.id for memory in memories], [*range(11, 10 + DIM)])

    def test_recalls_at_the_limits_of_their_parameters_answer(self):
        self.store(self.patterns[:6], range(6))
        penalty = {"strength": 1e30, "decay": 1}
        for beta in (1e-30, 1, 1e30):
            for mode in ({"used_up": {}}, {"penalty": penalty}, {"sequential": {"penalty": penalty, "bonus": 1e6}}):
                with self.subTest(beta=beta, mode=str(mode)):
                    dynamics = dynamics_pb2.Dynamics(beta=beta)
                    memories = [*self.recall(self.patterns[0], dynamics=dynamics, max_memories=6, **mode)]
                    self.assertGreaterEqual(len(memories), 1)
                    for memory in memories:
                        self.assertTrue(np.isfinite(to_array(memory.state)).all())

    def test_no_more_memories_than_asked_for_are_recalled(self):
        self.store()
        for count in (1, 3):
            self.assertEqual(len([*self.recall(self.patterns[0], max_memories=count)]), count)

    def test_a_recall_stays_at_its_version_and_can_be_left(self):
        bank = self.make_bank("-valued", dim=DIM, value_dim=VALUE_DIM)
        self.store(bank=bank, values=to_matrix(self.values))
        query = to_matrix(self.patterns[0], floats=True)
        recall = self.stub.Recall(api.RecallRequest(bank=bank, query=query), timeout=TIMEOUT_SECONDS)
        first = next(recall)
        self.assertEqual(len(first.value.values), VALUE_DIM)
        self.stub.DeletePatterns(api.DeletePatternsRequest(bank=bank, ids=self.ids[:10]))
        self.assertEqual(next(recall).version, 1)
        recall.cancel()

    # ReportSeparation.

    def report(self, bank=None, **fields):
        request = api.ReportSeparationRequest(bank=bank or self.bank, **fields)
        return [*self.stub.ReportSeparation(request, timeout=TIMEOUT_SECONDS)]

    def test_a_report_agrees_with_the_definition(self):
        self.store()
        patterns = self.patterns.astype(np.float64)
        scores = patterns @ patterns.T
        own = np.diag(scores).copy()
        np.fill_diagonal(scores, -np.inf)
        separations = own - scores.max(axis=1)
        dynamics = dynamics_pb2.Dynamics(beta=2, entmax={"alpha": 2})
        messages = self.report(dynamics=dynamics, max_pairs=N, bins=5)
        for message in messages:
            self.assertEqual(message.pattern_count, N)
        self.assertEqual(messages[-1].done_count, N)
        self.assertFalse(any(message.HasField("report") for message in messages[:-1]))
        report = messages[-1].report
        self.assertEqual((report.version, report.required_separation), (1, 0.5))
        self.assertEqual(report.exact_count, int((separations >= 0.5).sum()))
        self.assertEqual(report.dominated_count, int((separations < 0).sum()))
        self.assertEqual(report.duplicate_count, 0)
        ordered = np.sort(separations)
        np.testing.assert_allclose(report.min_separation, ordered[0], rtol=1e-12)
        np.testing.assert_allclose(report.median_separation, ordered[(N - 1) // 2], rtol=1e-12)
        np.testing.assert_allclose(report.max_separation, ordered[-1], rtol=1e-12)
        self.assertEqual((len(report.histogram_edges), sum(report.histogram_counts)), (6, N))
        self.assertEqual(len(report.suggestions), 4)
        worst = int(np.argmin(separations))
        self.assertIn(self.ids[worst], (report.pairs[0].id, report.pairs[0].other_id))

    def test_a_single_pattern_stands_out_infinitely(self):
        self.store(self.patterns[:1])
        report = self.report()[-1].report
        self.assertEqual((report.min_separation, report.exact_count), (math.inf, 1))

    def test_a_long_report_tells_its_progress(self):
        bank = self.make_bank("-large", dim=64)
        rows = np.random.default_rng(SEED).standard_normal((30_000, 64)).astype(np.float32)
        self.stub.Store(api.StoreRequest(bank=bank, patterns=to_matrix(rows)))
        request = api.ReportSeparationRequest(bank=bank)
        report = self.stub.ReportSeparation(request, timeout=TIMEOUT_SECONDS)
        first, second = next(report), next(report)
        self.assertGreater(first.done_count, 0)
        self.assertGreater(second.done_count, first.done_count)
        self.assertEqual(second.pattern_count, 30_000)
        report.cancel()


if __name__ == "__main__":
    ENGRAMD = sys.argv.pop()
    unittest.main()
