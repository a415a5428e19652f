"""Every documented error of every RPC: the code, a text that names field, got and allowed, details for
programs, and a server that is as it was before.

Usage: error_test.py [unittest options] ENGRAMD
"""

import concurrent.futures
import itertools
import math
import random
import sys
import time
import unittest

import grpc
import numpy as np
from google.protobuf import field_mask_pb2

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, matrix_pb2

from endless import make_endless_request
from engram_server import EngramServer
from wire import (
    TIMEOUT_SECONDS,
    Conversation,
    connect,
    error_of,
    make_stub,
    raw_call,
    to_array,
    to_matrix,
    WireError,
)

ENGRAMD = ""
SEED = 2
DIM = 4
VALUE_DIM = 2
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND
EXISTS = grpc.StatusCode.ALREADY_EXISTS
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED
DEADLINE = grpc.StatusCode.DEADLINE_EXCEEDED

BIDIRECTIONAL_RPCS = ["BulkStore", "RetrieveStream"]
STREAMING_RPCS = ["ScanPatterns", "Recall", "ReportSeparation", "CreateSnapshot", "VerifySnapshot", "RestoreBank"]
RPCS = [method.name for method in api.DESCRIPTOR.services_by_name["AssociativeMemory"].methods]
SNAPSHOT_RPCS = [rpc for rpc in RPCS if "Snapshot" in rpc or rpc == "RestoreBank"]
UNARY_RPCS = [rpc for rpc in RPCS if rpc not in BIDIRECTIONAL_RPCS + STREAMING_RPCS]

MAX_INT64 = 2**63 - 1


def hostile_names():
    """More than 500 names that no bank may have."""
    names = ["", " ", "  ", "a b", " a", "a ", "\t", "\n", "a\n", "\r\n", "\0", "a\0", "\0a", "a\0b"]
    names += ["../x", "..\\x", "/etc/passwd", "a/b", "a\\b", "./a", "a/", "/", "\\", "~", "~/x", "c:", "a:b"]
    names += ["%00", "%2e%2e%2f", "%s%n", "${jndi:ldap://x}", "$(id)", "`id`", "a;b", "a|b", "a&b", "a>b"]
    names += ["'", '"', "a'b", "' OR 1=1 --", "<script>", "{}", "{name}", "[a]", "*", "?", "a*", "#", "a#b"]
    names += ["bank/a", "-rf *", "--help me", "a,b", "a=b", "a+b", "a@b", "é", "ß", "Ünï", "名前", "имя", "🙂"]
    names += ["a🙂b", "\u200b", "a\u200bb", "\u202eabc", "\ufeff", "ａ", "ﬁ", "e\u0301", "\u0000\u0001"]
    names += ["x" * 129, "x" * 4096, "x" * 65536, "é" * 128, "🙂" * 1024, "../" * 1000, "\0" * 4096]
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    forbidden = [chr(code) for code in range(256) if chr(code) not in allowed]
    names += ["a" + character + "b" for character in forbidden]
    names += [character + "ab" for character in forbidden if ord(character) >= 128]
    source = random.Random(SEED)
    while len(names) < 550:
        length = source.randrange(1, 40)
        names.append("".join(source.choice(forbidden) for _ in range(length)))
    return names


# Names that look dangerous and are not.
HARMLESS_NAMES = [".", "..", "...", "-", "--help", "-rf", "_", "con", "CON", "nul", "NUL.txt", "aux", "0", "x" * 128]


class ErrorTest(unittest.TestCase):
    """Calls that must fail; each leaves the server as it was."""

    @classmethod
    def setUpClass(cls):
        cls.server = EngramServer(ENGRAMD, "--max-batch", "8", "--queue-capacity", "64")
        cls.channel = connect(cls.server.address)
        cls.stub = make_stub(cls.channel)
        stub, rows = cls.stub, np.eye(3, DIM, dtype=np.float32)
        stub.CreateBank(api.CreateBankRequest(name="full", dim=DIM))
        payloads = [b"one", b"two", b"three"]
        stub.Store(api.StoreRequest(bank="full", patterns=to_matrix(rows), ids=[1, 2, 3], payloads=payloads))
        stub.CreateBank(api.CreateBankRequest(name="valued", dim=DIM, value_dim=VALUE_DIM))
        values = to_matrix(np.ones((3, VALUE_DIM)))
        stub.Store(api.StoreRequest(bank="valued", patterns=to_matrix(rows), values=values))
        stub.CreateBank(api.CreateBankRequest(name="empty", dim=DIM))
        limits = bank_pb2.BankLimits(max_patterns=2)
        stub.CreateBank(api.CreateBankRequest(name="bounded", dim=DIM, limits=limits))
        stub.Store(api.StoreRequest(bank="bounded", patterns=to_matrix(rows[:2]), ids=[1, 2]))

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.close()

    def state(self):
        """Everything that a failed call could have changed."""
        banks = self.stub.ListBanks(api.ListBanksRequest(page_size=1000)).banks
        capabilities = self.stub.GetCapabilities(api.GetCapabilitiesRequest())
        held = self.stub.GetPatterns(api.GetPatternsRequest(bank="full", ids=[1, 2, 3]))
        return [*banks], capabilities.memory_used_bytes, capabilities.bank_count, held

    def setUp(self):
        before = self.state()
        self.addCleanup(lambda: self.assertEqual(self.state(), before))

    def check(self, error, code, *words, field=None, reason=None):
        """`error` has this code, these words in its text, and details that agree with both."""
        self.assertEqual(error.code, code, error.text)
        for word in words:
            self.assertIn(word, error.text)
        self.assertEqual(error.status.code, code.value[0])
        self.assertEqual(error.status.message, error.text)
        self.assertEqual(error.info.domain, "engram")
        self.assertRegex(error.info.reason, r"^[A-Z][A-Z0-9_]*[A-Z0-9]$")
        if reason is not None:
            self.assertEqual(error.info.reason, reason)
        if field is not None:
            self.assertEqual(error.field, field)
            self.assertEqual(error.bad_request.field_violations[0].description, error.text)
        if code == INVALID:
            self.assertEqual(error.info.reason, "FIELD_INVALID")
            self.assertTrue(error.text.startswith(field + ": got "), error.text)
            self.assertIn(", allowed ", error.text)
            self.assertIn(error.info.metadata["got"], error.text)
            self.assertIn(error.info.metadata["allowed"], error.text)

    def refused(self, rpc, request, code, *words, field=None, reason=None):
        self.check(error_of(getattr(self.stub, rpc), request), code, *words, field=field, reason=reason)

    # Names.

    def test_hostile_names_are_invalid_wherever_a_bank_is_named(self):
        names = hostile_names()
        self.assertGreater(len(names), 500)
        for name in names:
            with self.subTest(name[:40]):
                allowed = "[A-Za-z0-9._-]{1,128}"
                self.refused("CreateBank", api.CreateBankRequest(name=name, dim=3), INVALID, allowed, field="name")
                self.refused("GetBank", api.GetBankRequest(name=name), INVALID, allowed, field="name")
                self.refused("DeleteBank", api.DeleteBankRequest(name=name), INVALID, allowed, field="name")
                if name:
                    request = api.ListBanksRequest(page_token=name)
                    self.refused("ListBanks", request, INVALID, allowed, field="page_token")
        rows = to_matrix(np.ones((1, DIM)))
        for name in names[::11]:
            with self.subTest(name[:40]):
                for rpc, request in (
                    ("Store", api.StoreRequest(bank=name, patterns=rows)),
                    ("GetPatterns", api.GetPatternsRequest(bank=name, ids=[1])),
                    ("DeletePatterns", api.DeletePatternsRequest(bank=name, ids=[1])),
                    ("Retrieve", api.RetrieveRequest(bank=name, queries=rows)),
                    ("Energy", api.EnergyRequest(bank=name, states=rows)),
                ):
                    self.refused(rpc, request, INVALID, field="bank")

    def test_texts_about_hostile_names_are_short_and_printable(self):
        for name in hostile_names():
            text = error_of(self.stub.GetBank, api.GetBankRequest(name=name)).text
            self.assertLess(len(text), 600)
            self.assertTrue(text.isascii() and text.isprintable(), text)

    def test_odd_but_allowed_names_work(self):
        for name in HARMLESS_NAMES:
            with self.subTest(name):
                self.stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
                self.assertEqual(self.stub.GetBank(api.GetBankRequest(name=name)).bank.name, name)
                self.stub.DeleteBank(api.DeleteBankRequest(name=name))

    def test_names_that_are_not_utf8_are_invalid(self):
        request = b"\x0a\x02\xff\xfe\x10\x03"  # name: two bytes; dim: 3.
        for rpc in ("CreateBank", "GetBank", "DeleteBank"):
            error = error_of(lambda timeout, rpc=rpc: raw_call(self.channel, rpc, request, timeout))
            self.assertEqual(error.code, INVALID, rpc)
        self.assertNotIn("libprotobuf", self.server.log())

    def test_unknown_banks_are_not_found(self):
        rows = to_matrix(np.ones((1, DIM)))
        for rpc, request in (
            ("GetBank", api.GetBankRequest(name="none")),
            ("DeleteBank", api.DeleteBankRequest(name="none")),
            ("Store", api.StoreRequest(bank="none", patterns=rows)),
            ("GetPatterns", api.GetPatternsRequest(bank="none", ids=[1])),
            ("DeletePatterns", api.DeletePatternsRequest(bank="none", ids=[1], allow_missing=True)),
            ("Retrieve", api.RetrieveRequest(bank="none", queries=rows)),
            ("Energy", api.EnergyRequest(bank="none", states=rows)),
            ("UpdateBank", api.UpdateBankRequest(name="none")),
            ("Differentiate", api.DifferentiateRequest(bank="none", queries=rows)),
        ):
            with self.subTest(rpc):
                error = error_of(getattr(self.stub, rpc), request)
                self.check(error, NOT_FOUND, "'none'", reason="BANK_NOT_FOUND")
                self.assertEqual(error.info.metadata["bank"], "none")
                self.assertIn(error.field, (None, request.DESCRIPTOR.fields[0].name))

    # CreateBank and ListBanks.

    def test_a_bank_that_exists_is_not_created_again(self):
        request = api.CreateBankRequest(name="full", dim=7)
        self.refused("CreateBank", request, EXISTS, "'full'", reason="BANK_EXISTS", field="name")

    def test_dimensions_have_bounds(self):
        for dim in (0, -1, 65_537, MAX_INT64, -MAX_INT64 - 1):
            request = api.CreateBankRequest(name="x", dim=dim)
            self.refused("CreateBank", request, INVALID, str(dim), "1 to 65536", field="dim")
        for dim in (-1, 65_537, MAX_INT64):
            request = api.CreateBankRequest(name="x", dim=1, value_dim=dim)
            self.refused("CreateBank", request, INVALID, str(dim), "0 to 65536", field="value_dim")

    def test_a_negative_bank_limit_is_invalid(self):
        limits = bank_pb2.BankLimits(max_patterns=-1)
        request = api.CreateBankRequest(name="x", dim=1, limits=limits)
        self.refused("CreateBank", request, INVALID, "-1", field="limits.max_patterns")

    def test_durability_is_known_and_built(self):
        for durability in (bank_pb2.DURABILITY_RELAXED, bank_pb2.DURABILITY_SYNCED):
            request = api.CreateBankRequest(name="x", dim=1, durability=durability)
            name = bank_pb2.Durability.Name(durability)
            self.refused("CreateBank", request, PRECONDITION, name, "--data-dir", field="durability")
        request = api.CreateBankRequest(name="x", dim=1, durability=99)
        self.refused("CreateBank", request, INVALID, "99", field="durability")

    def test_screening_is_known(self):
        request = api.CreateBankRequest(name="x", dim=1, screening=99)
        self.refused("CreateBank", request, INVALID, "99", field="screening")

    def test_pages_have_bounds(self):
        for size in (-1, 1001, 2**31 - 1, -(2**31)):
            self.refused("ListBanks", api.ListBanksRequest(page_size=size), INVALID, str(size), field="page_size")

    # Matrices.

    def matrix_requests(self, matrix):
        """The matrix everywhere where one is required, with its field."""
        values = to_matrix(np.ones((1, VALUE_DIM)))
        yield "Store", api.StoreRequest(bank="full", patterns=matrix), "patterns"
        yield "Store", api.StoreRequest(bank="valued", patterns=matrix, values=values), "patterns"
        yield "Retrieve", api.RetrieveRequest(bank="full", queries=matrix), "queries"
        yield "Retrieve", api.RetrieveRequest(bank="empty", queries=matrix), "queries"
        yield "Energy", api.EnergyRequest(bank="full", states=matrix), "states"

    def refuse_matrix(self, matrix, suffix, *words):
        for rpc, request, field in self.matrix_requests(matrix):
            with self.subTest(rpc=rpc, bank=request.bank, suffix=suffix):
                self.refused(rpc, request, INVALID, *words, field=field + suffix)

    def test_another_dimension_is_invalid_and_the_bank_named(self):
        for cols in (1, 3, 5, 1000):
            self.refuse_matrix(to_matrix(np.ones((1, cols))), ".cols", f"got {cols}", f"allowed {DIM}", "dim of bank")

    def test_an_empty_batch_is_invalid(self):
        self.refuse_matrix(None, ".rows", "got 0", "1 or more")
        self.refuse_matrix(matrix_pb2.Matrix(rows=0, cols=DIM), ".rows", "got 0")
        self.refuse_matrix(matrix_pb2.Matrix(rows=-1, cols=DIM, data=bytes(16)), ".rows", "got -1")

    def test_negative_columns_are_invalid(self):
        self.refuse_matrix(matrix_pb2.Matrix(rows=1, cols=-DIM, data=bytes(16)), ".cols", "got -4")

    def test_both_encodings_at_once_are_invalid(self):
        matrix = to_matrix(np.ones((1, DIM)))
        matrix.values.extend([1] * DIM)
        self.refuse_matrix(matrix, "", "both data and values", "one of the two")

    def test_data_of_the_wrong_length_is_invalid(self):
        for length in (0, 1, 15, 17, 20, 32):
            matrix = matrix_pb2.Matrix(rows=1, cols=DIM, data=bytes(length))
            self.refuse_matrix(matrix, ".data", f"got {length} bytes", "1 * 4 * 4")
        for count in (1, 3, 5, 8):
            matrix = matrix_pb2.Matrix(rows=1, cols=DIM, values=[1] * count)
            self.refuse_matrix(matrix, ".values", f"got {count} numbers", "1 * 4")

    def test_a_shape_that_overflows_is_invalid(self):
        for rows in (2**62, 2**60, 2**61 + 1, MAX_INT64):
            for data in (b"", bytes(16)):
                matrix = matrix_pb2.Matrix(rows=rows, cols=DIM, data=data)
                self.refuse_matrix(matrix, ".data", f"got {len(data)} bytes", str(rows))
            matrix = matrix_pb2.Matrix(rows=rows, cols=DIM, values=[1] * 4)
            self.refuse_matrix(matrix, ".values", "got 4 numbers", str(rows))
        matrix = matrix_pb2.Matrix(rows=2**62, cols=2**62, data=bytes(16))
        self.refuse_matrix(matrix, ".cols", str(2**62))

    def test_numbers_that_are_not_finite_or_too_large_are_invalid_and_named_by_place(self):
        for bad in (math.nan, -math.nan, math.inf, -math.inf, 1e38, -1e38, 1.01e30):
            for row, column, floats in ((0, 0, False), (1, 2, False), (1, 2, True)):
                rows = np.zeros((2, DIM), np.float32)
                rows[row, column] = bad
                for rpc, request, field in self.matrix_requests(to_matrix(rows, floats)):
                    if request.bank == "valued":
                        request.values.CopyFrom(to_matrix(np.ones((2, VALUE_DIM))))
                    words = ["got ", "finite number of magnitude at most 1e30"]
                    self.refused(rpc, request, INVALID, *words, field=f"{field}[{row}, {column}]")

    def test_values_are_checked_like_patterns(self):
        rows = to_matrix(np.ones((1, DIM)))
        bad = np.array([[0, math.nan]], np.float32)
        for values, field in (
            (to_matrix(bad), "values[0, 1]"),
            (to_matrix(np.ones((1, 3))), "values.cols"),
            (to_matrix(np.ones((2, VALUE_DIM))), "values.rows"),
            (matrix_pb2.Matrix(rows=1, cols=VALUE_DIM, data=b"x"), "values.data"),
            (matrix_pb2.Matrix(), "values.rows"),
        ):
            request = api.StoreRequest(bank="valued", patterns=rows, values=values)
            self.refused("Store", request, INVALID, field=field)

    def test_a_batch_above_the_limit_is_invalid(self):
        rows = to_matrix(np.ones((9, DIM)))
        request = api.RetrieveRequest(bank="full", queries=rows)
        self.refused("Retrieve", request, INVALID, "got 9", "1 to 8", "--max-batch", field="queries.rows")
        self.refused("Energy", api.EnergyRequest(bank="full", states=rows), INVALID, "got 9", field="states.rows")

    # Store.

    def store(self, code, *words, bank="full", rows=2, field=None, reason=None, **fields):
        request = api.StoreRequest(bank=bank, patterns=to_matrix(np.ones((rows, DIM))), **fields)
        self.refused("Store", request, code, *words, field=field, reason=reason)

    def test_values_missing_or_superfluous_are_invalid(self):
        self.store(INVALID, "got none", "'valued' has values", bank="valued", field="values")
        values = to_matrix(np.ones((2, VALUE_DIM)))
        self.store(INVALID, "got a matrix", "'full' has no values", values=values, field="values")

    def test_ids_are_as_many_as_patterns_distinct_and_below_two_to_the_63(self):
        self.store(INVALID, "1 entries", "2 patterns", ids=[7], field="ids")
        self.store(INVALID, "3 entries", "2 patterns", ids=[7, 8, 9], field="ids")
        self.store(INVALID, "7 again", "each id once", ids=[7, 7], field="ids[1]")
        for large in (2**63, 2**64 - 1):
            self.store(INVALID, str(large), "less than 2^63", ids=[7, large], field="ids[1]")

    def test_payloads_are_as_many_as_patterns_and_small(self):
        self.store(INVALID, "1 entries", payloads=[b"x"], field="payloads")
        self.store(INVALID, "65537 bytes", "65536", payloads=[b"", bytes(65_537)], field="payloads[1]")

    def test_a_replacement_with_a_bad_row_replaces_nothing(self):
        rows = np.full((2, DIM), 9, np.float32)
        rows[1, 3] = math.nan
        request = api.StoreRequest(bank="full", patterns=to_matrix(rows), ids=[1, 4])
        self.refused("Store", request, INVALID, field="patterns[1, 3]")

    def test_a_full_bank_takes_replacements_but_no_more(self):
        for fields in ({}, {"ids": [2, 3]}):
            self.store(EXHAUSTED, "its limit is 2", bank="bounded", reason="BANK_LIMIT", **fields)

    def test_when_ids_are_used_up_the_server_assigns_none(self):
        rows = to_matrix(np.ones((1, 1)))
        self.stub.CreateBank(api.CreateBankRequest(name="last", dim=1))
        self.stub.Store(api.StoreRequest(bank="last", patterns=rows, ids=[2**63 - 1]))
        request = api.StoreRequest(bank="last", patterns=rows)
        self.refused("Store", request, EXHAUSTED, "give ids", reason="IDS_USED_UP")
        self.stub.DeleteBank(api.DeleteBankRequest(name="last"))

    # GetPatterns and DeletePatterns.

    def test_ids_are_required(self):
        self.refused("GetPatterns", api.GetPatternsRequest(bank="full"), INVALID, "none", "1 or more", field="ids")
        self.refused("DeletePatterns", api.DeletePatternsRequest(bank="full"), INVALID, field="ids")

    def test_unknown_patterns_are_not_found_and_nothing_is_deleted(self):
        for ids in ([9], [1, 2, 9, 10]):
            request = api.GetPatternsRequest(bank="full", ids=ids)
            self.refused("GetPatterns", request, NOT_FOUND, "id 9", "'full'", reason="PATTERN_NOT_FOUND")
            request = api.DeletePatternsRequest(bank="full", ids=ids)
            self.refused("DeletePatterns", request, NOT_FOUND, "id 9", reason="PATTERN_NOT_FOUND", field="ids")

    def test_ids_out_of_range_or_repeated_are_invalid(self):
        request = api.GetPatternsRequest(bank="full", ids=[1, 2**63])
        self.refused("GetPatterns", request, INVALID, field="ids[1]")
        for second in (1, 2**63):
            request = api.DeletePatternsRequest(bank="full", ids=[1, second], allow_missing=True)
            self.refused("DeletePatterns", request, INVALID, field="ids[1]")

    def test_unknown_encodings_are_invalid(self):
        request = api.GetPatternsRequest(bank="full", ids=[1], encoding=7)
        self.refused("GetPatterns", request, INVALID, "got 7", field="encoding")
        request = api.RetrieveRequest(bank="full", queries=to_matrix(np.ones((1, DIM))), encoding=7)
        self.refused("Retrieve", request, INVALID, "got 7", field="encoding")

    # Dynamics.

    def refuse_dynamics(self, code, field, *words, **fields):
        """Dynamics that fail everywhere; `field` is the path within them."""
        dynamics = dynamics_pb2.Dynamics(**fields)
        rows = to_matrix(np.ones((1, DIM)))
        for rpc, request, prefix in (
            ("Retrieve", api.RetrieveRequest(bank="full", queries=rows, dynamics=dynamics), "dynamics."),
            ("Energy", api.EnergyRequest(bank="full", states=rows, dynamics=dynamics), "dynamics."),
            ("CreateBank", api.CreateBankRequest(name="x", dim=1, default_dynamics=dynamics), "default_dynamics."),
        ):
            with self.subTest(rpc=rpc, field=field, dynamics=str(dynamics)):
                self.refused(rpc, request, code, *words, field=prefix + field)

    def test_beta_is_positive_and_moderate(self):
        for beta in (0.0, -0.0, -1.0, math.nan, math.inf, -math.inf, 1e31, 1e-31, 5e-324, 1.7e308):
            self.refuse_dynamics(INVALID, "beta", "1e-30 to 1e30", beta=beta)

    def test_alpha_is_above_one_and_finite(self):
        for alpha in (1.0, 0.999, 0.0, -2.0, math.nan, math.inf, -math.inf):
            self.refuse_dynamics(INVALID, "entmax.alpha", "greater than 1", entmax={"alpha": alpha})

    def test_k_is_at_least_one(self):
        for k in (0, -1, -MAX_INT64 - 1):
            self.refuse_dynamics(INVALID, "k_subsets.k", f"got {k}", "1 to ", k_subsets={"k": k})

    def test_k_is_at_most_the_number_of_patterns(self):
        rows = to_matrix(np.ones((1, DIM)))
        for k in (4, 5, 1000, 1_000_000):
            dynamics = dynamics_pb2.Dynamics(k_subsets={"k": k})
            words = [f"got {k}", "1 to 3, the number of patterns in the bank"]
            request = api.RetrieveRequest(bank="full", queries=rows, dynamics=dynamics)
            self.refused("Retrieve", request, INVALID, *words, field="dynamics.k_subsets.k")
            request = api.EnergyRequest(bank="full", states=rows, dynamics=dynamics)
            self.refused("Energy", request, INVALID, *words, field="dynamics.k_subsets.k")

    def test_iterations_have_bounds(self):
        for count in (0, -1, 10_001, 2**31 - 1, -(2**31)):
            self.refuse_dynamics(INVALID, "max_iterations", "1 to 10000", max_iterations=count)

    def test_tolerance_is_from_zero_to_one(self):
        for tolerance in (-1e-12, -1.0, 1.0000001, math.nan, math.inf, -math.inf):
            self.refuse_dynamics(INVALID, "tolerance", "0 to 1", tolerance=tolerance)

    def test_every_transformation_and_post_transformation_is_built(self):
        capabilities = self.stub.GetCapabilities(api.GetCapabilitiesRequest())
        oneof = dynamics_pb2.Dynamics.DESCRIPTOR.oneofs_by_name["transformation"]
        self.assertEqual({field.name for field in oneof.fields}, set(capabilities.transformations))
        oneof = dynamics_pb2.PostTransformation.DESCRIPTOR.oneofs_by_name["kind"]
        self.assertEqual({field.name for field in oneof.fields}, set(capabilities.post_transformations))

    def test_parameters_of_transformations_have_bounds(self):
        for gamma in (1.0, 0.0, math.nan, math.inf):
            self.refuse_dynamics(INVALID, "normmax.gamma", "greater than 1", normmax={"gamma": gamma})
        for k in (0, 1_000_001):
            self.refuse_dynamics(INVALID, "sequential_k_subsets.k", f"got {k}", sequential_k_subsets={"k": k})
        for edge in (math.nan, -math.inf):
            fields = {"sequential_k_subsets": {"k": 1, "edge": edge}}
            self.refuse_dynamics(INVALID, "sequential_k_subsets.edge", **fields)
        for degree, rectified in ((0, True), (1001, True), (-1, False), (2, False)):
            fields = {"polynomial": {"degree": degree, "rectified": rectified}}
            self.refuse_dynamics(INVALID, "polynomial.degree", f"got {degree}", **fields)
        for eps in (0.0, -1.0, math.nan, math.inf):
            fields = {"post_transformation": {"layer_norm": {"eps": eps}}}
            self.refuse_dynamics(INVALID, "post_transformation.layer_norm.eps", **fields)

    def test_upper_bounds_are_one_for_each_pattern_of_a_request(self):
        for bounds in ([], [1, 1], [1] * 4):
            dynamics = dynamics_pb2.Dynamics(constrained_sparsemax={"upper_bounds": bounds})
            self.retrieve(INVALID, dynamics=dynamics, field="dynamics.constrained_sparsemax.upper_bounds")
        for bounds in ([-1, 2, 2], [0.1, 0.1, 0.1], [math.nan, 1, 1]):
            dynamics = dynamics_pb2.Dynamics(constrained_sparsemax={"upper_bounds": bounds})
            error = error_of(
                self.stub.Retrieve,
                api.RetrieveRequest(bank="full", queries=to_matrix(np.ones((1, DIM))), dynamics=dynamics),
            )
            self.assertEqual(error.code, INVALID)
            self.assertTrue(error.field.startswith("dynamics.constrained_sparsemax.upper_bounds"), error.field)
        dynamics = dynamics_pb2.Dynamics(constrained_sparsemax={"upper_bounds": [1, 1, 1]})
        words = ["patterns come and go"]
        request = api.CreateBankRequest(name="x", dim=1, default_dynamics=dynamics)
        self.refused("CreateBank", request, INVALID, *words, field="default_dynamics.constrained_sparsemax")
        mask = field_mask_pb2.FieldMask(paths=["default_dynamics"])
        request = api.UpdateBankRequest(name="full", default_dynamics=dynamics, update_mask=mask)
        self.refused("UpdateBank", request, INVALID, *words, field="default_dynamics.constrained_sparsemax")

    # UpdateBank.

    def update(self, code, *words, paths, field=None, reason=None, bank="full", **fields):
        mask = field_mask_pb2.FieldMask(paths=paths)
        request = api.UpdateBankRequest(name=bank, update_mask=mask, **fields)
        self.refused("UpdateBank", request, code, *words, field=field, reason=reason)

    def test_an_update_says_what_it_changes(self):
        self.update(INVALID, "no paths", paths=[], field="update_mask")
        for path in ("name", "", "dim", "default_dynamics.gamma", "limits.", "default_dynamics.entmax.alpha", "x" * 99):
            self.update(INVALID, path[:64], paths=["limits", path], field="update_mask.paths[1]")

    def test_updates_are_checked_like_new_banks(self):
        dynamics = dynamics_pb2.Dynamics(beta=-1)
        fields = {"default_dynamics": dynamics, "field": "default_dynamics.beta"}
        self.update(INVALID, "got -1", paths=["default_dynamics"], **fields)
        limits = bank_pb2.BankLimits(max_patterns=-1)
        self.update(INVALID, "got -1", paths=["limits"], limits=limits, field="limits.max_patterns")

    def test_a_limit_below_what_the_bank_holds_is_refused(self):
        limits = bank_pb2.BankLimits(max_patterns=2)
        words = ["asked 2", "'full' has 3 patterns", "delete some first"]
        fields = {"limits": limits, "field": "limits.max_patterns", "reason": "BANK_LIMIT_TOO_LOW"}
        self.update(PRECONDITION, *words, paths=["limits"], **fields)

    # Streams of responses.

    def refused_stream(self, rpc, request, code, *words, field=None, reason=None):
        call = lambda request, timeout: list(getattr(self.stub, rpc)(request, timeout=timeout))
        self.check(error_of(call, request), code, *words, field=field, reason=reason)

    def test_streams_find_their_bank_or_say_so(self):
        query = to_matrix(np.ones((1, DIM)))
        for rpc, fields in (("ScanPatterns", {}), ("Recall", {"query": query}), ("ReportSeparation", {})):
            request = getattr(api, rpc + "Request")
            self.refused_stream(rpc, request(bank="none", **fields), NOT_FOUND, "'none'", reason="BANK_NOT_FOUND")
            self.refused_stream(rpc, request(bank="a b", **fields), INVALID, "a b", field="bank")
        for rpc, fields in (("Recall", {"query": query}), ("ReportSeparation", {})):
            request = getattr(api, rpc + "Request")(bank="empty", **fields)
            self.refused_stream(rpc, request, PRECONDITION, "'empty' is empty", reason="BANK_EMPTY")

    def test_cursors_are_the_servers(self):
        near_misses = ["id-", "id-g", "id-01", "id-A", "id--1", "id-8000000000000001", "id-1 ", "ID-1"]
        for cursor in (*near_misses, "x", "x" * 999, "\0"):
            request = api.ScanPatternsRequest(bank="full", cursor=cursor)
            self.refused_stream("ScanPatterns", request, INVALID, "next_cursor", field="cursor")

    def test_scans_have_bounds(self):
        for count in (-1, 65_537, MAX_INT64):
            request = api.ScanPatternsRequest(bank="full", chunk_patterns=count)
            self.refused_stream("ScanPatterns", request, INVALID, str(count), "0 to 65536", field="chunk_patterns")
        request = api.ScanPatternsRequest(bank="full", encoding=9)
        self.refused_stream("ScanPatterns", request, INVALID, "got 9", field="encoding")

    def recall(self, code, *words, field=None, bank="full", query=None, **fields):
        query = to_matrix(np.ones((1, DIM)) if query is None else query)
        request = api.RecallRequest(bank=bank, query=query, **fields)
        self.refused_stream("Recall", request, code, *words, field=field)

    def test_recalls_are_checked(self):
        self.recall(INVALID, "got 2", query=np.ones((2, DIM)), field="query.rows")
        self.recall(INVALID, "got 3", query=np.ones((1, 3)), field="query.cols")
        self.recall(INVALID, "got -1", max_memories=-1, field="max_memories")
        self.recall(INVALID, "got 9", encoding=9, field="encoding")
        for strength in (0.0, -1.0, math.nan, math.inf, 1.1e30, 1e300):
            penalty = {"strength": strength}
            self.recall(INVALID, penalty=penalty, field="penalty.strength")
            self.recall(INVALID, sequential={"penalty": penalty}, field="sequential.penalty.strength")
        for decay in (0.0, -1.0, 1.5, math.nan):
            self.recall(INVALID, penalty={"decay": decay}, field="penalty.decay")
        for bonus in (0.5, math.nan, math.inf, 1.1e6, 1e308):
            self.recall(INVALID, sequential={"bonus": bonus}, field="sequential.bonus")

    def test_recalls_take_the_transformations_that_their_mode_can_use(self):
        subsets = dynamics_pb2.Dynamics(k_subsets={"k": 2})
        softmax = dynamics_pb2.Dynamics(softmax={})
        self.recall(INVALID, "softmax, entmax or normmax", dynamics=subsets, penalty={}, field="dynamics.k_subsets")
        self.recall(INVALID, "softmax, entmax or normmax", dynamics=subsets, sequential={}, field="dynamics.k_subsets")
        self.recall(INVALID, "used_up has its own", dynamics=softmax, field="dynamics.softmax")
        bounds = dynamics_pb2.Dynamics(constrained_sparsemax={"upper_bounds": [1, 1]})
        self.recall(INVALID, dynamics=bounds, field="dynamics.constrained_sparsemax.upper_bounds")

    def test_reports_are_checked(self):
        def refused(*words, field, **fields):
            request = api.ReportSeparationRequest(bank="full", **fields)
            self.refused_stream("ReportSeparation", request, INVALID, *words, field=field)

        for count in (-1, 10_001):
            refused(str(count), "0 to 10000", max_pairs=count, field="max_pairs")
        for count in (0, -1, 1001):
            refused(str(count), "1 to 1000", bins=count, field="bins")
        refused("k = 1", dynamics={"k_subsets": {"k": 2}}, field="dynamics.k_subsets")
        refused("softmax", dynamics={"identity": {}}, field="dynamics.identity")

    # BulkStore.

    def bulk(self, *steps, bank="full", **fields):
        """A conversation in which the server has answered a start and these steps."""
        bulk = Conversation(self.stub.BulkStore)
        self.addCleanup(bulk.half_close)
        begun = bulk.ask(api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank=bank, **fields)))
        for step in steps:
            bulk.ask(step)
        return bulk, begun.upload_id

    def make_upload_bank(self, **limits):
        """The bank "upload", which takes its uploads with it at the end of the test."""
        request = api.CreateBankRequest(name="upload", dim=DIM, limits=bank_pb2.BankLimits(**limits))
        self.stub.CreateBank(request)
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name="upload")))

    def finish(self, upload_id, bank="full"):
        self.bulk(api.BulkStoreRequest(finish={}), bank=bank, upload_id=upload_id)

    def chunk(self, rows=1, row_offset=0, dim=DIM, **fields):
        patterns = to_matrix(np.ones((rows, dim)))
        return api.BulkStoreRequest(
            chunk=api.BulkStoreRequest.Chunk(row_offset=row_offset, patterns=patterns, **fields)
        )

    def refuse_step(self, bulk, step, code, *words, field=None, reason=None):
        bulk.send(step)
        self.check(bulk.error(), code, *words, field=field, reason=reason)

    def test_an_upload_begins_with_start(self):
        start = api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="full"))
        for step, name in (
            (self.chunk(), "chunk"),
            (api.BulkStoreRequest(finish={}), "finish"),
            (api.BulkStoreRequest(), "none"),
        ):
            bulk = Conversation(self.stub.BulkStore)
            self.refuse_step(bulk, step, INVALID, "got " + name, "start, as the first message", field="step")
            bulk.half_close()
        bulk, _ = self.bulk()
        self.refuse_step(bulk, start, INVALID, "got start", "chunk or finish", field="step")
        bulk, _ = self.bulk()
        self.refuse_step(bulk, api.BulkStoreRequest(), INVALID, "got none", "chunk or finish", field="step")
        bulk, _ = self.bulk(api.BulkStoreRequest(finish={}))
        self.refuse_step(bulk, self.chunk(), INVALID, "got chunk", "nothing after finish", field="step")

    def test_a_stream_that_ends_without_finish_says_how_to_resume(self):
        bulk = Conversation(self.stub.BulkStore)
        bulk.half_close()
        self.check(bulk.error(), INVALID, "the end of the stream", field="step")
        self.make_upload_bank()
        for atomic in (False, True):
            bulk, upload_id = self.bulk(self.chunk(), bank="upload", atomic=atomic)
            bulk.half_close()
            error = bulk.error()
            self.check(error, PRECONDITION, upload_id, "row_offset 1", reason="UPLOAD_UNFINISHED")
            self.assertEqual(dict(error.info.metadata), {"upload_id": upload_id, "row_offset": "1"})

    def test_the_bank_and_the_upload_must_be_there(self):
        for bank, code, words, field in (("none", NOT_FOUND, "'none'", None), ("a b", INVALID, "a b", "start.bank")):
            error = error_of(lambda timeout, bank=bank: self.bulk(bank=bank))
            self.check(error, code, words, field=field)
        for upload_id in ("x", "0" * 32, "\n" * 99):
            error = error_of(lambda timeout, upload_id=upload_id: self.bulk(upload_id=upload_id))
            self.check(error, NOT_FOUND, "begin a new upload", reason="UPLOAD_NOT_FOUND")
            self.assertTrue(error.text.isprintable())
        _, upload_id = self.bulk()
        error = error_of(lambda timeout: self.bulk(upload_id=upload_id, bank="empty"))
        self.check(error, NOT_FOUND, upload_id, reason="UPLOAD_NOT_FOUND")
        self.finish(upload_id)

    def test_chunks_come_in_order(self):
        for atomic in (False, True):
            bulk, upload_id = self.bulk(bank="empty", atomic=atomic)
            for offset in (1, -1, MAX_INT64):
                words = [f"got {offset}", "expected 0", upload_id, "resume there"]
                names = {"reason": "WRONG_OFFSET", "field": "chunk.row_offset"}
                self.refuse_step(bulk, self.chunk(row_offset=offset), PRECONDITION, *words, **names)
                bulk, _ = self.bulk(bank="empty", upload_id=upload_id)
            self.finish(upload_id, "empty")

    def test_chunks_are_checked_like_stores_and_end_the_upload(self):
        bad = np.ones((2, DIM), np.float32)
        bad[1, 2] = math.nan
        nan = api.BulkStoreRequest(chunk=api.BulkStoreRequest.Chunk(patterns=to_matrix(bad)))
        for step, field in (
            (nan, "chunk.patterns[1, 2]"),
            (self.chunk(dim=3), "chunk.patterns.cols"),
            (self.chunk(ids=[7, 8]), "chunk.ids"),
            (self.chunk(2, ids=[7, 7]), "chunk.ids[1]"),
            (self.chunk(ids=[2**63]), "chunk.ids[0]"),
            (self.chunk(payloads=[bytes(65_537)]), "chunk.payloads[0]"),
            (self.chunk(values=to_matrix(np.ones((1, 2)))), "chunk.values"),
            (api.BulkStoreRequest(chunk={}), "chunk.patterns.rows"),
        ):
            bulk, upload_id = self.bulk()
            self.refuse_step(bulk, step, INVALID, field=field)
            error = error_of(lambda timeout, upload_id=upload_id: self.bulk(upload_id=upload_id))
            self.assertEqual(error.info.reason, "UPLOAD_NOT_FOUND")

    def test_a_chunk_has_at_most_a_mebibyte(self):
        bulk, _ = self.bulk()
        step = self.chunk((1 << 20) // (4 * DIM))
        words = [f"got {step.chunk.ByteSize()} bytes", "1048576 bytes", "send several"]
        self.refuse_step(bulk, step, INVALID, *words, field="chunk")

    def test_ids_come_with_all_chunks_or_with_none(self):
        self.make_upload_bank()
        for first, second, word in (([7], [], "got none"), ([], [7], "got 1 entries")):
            for atomic in (False, True):
                bulk, _ = self.bulk(self.chunk(ids=first), bank="upload", atomic=atomic)
                step = self.chunk(row_offset=1, ids=second)
                self.refuse_step(bulk, step, INVALID, word, "the chunks before", field="chunk.ids")

    def test_an_id_comes_once_in_an_atomic_upload(self):
        self.make_upload_bank()
        bulk, _ = self.bulk(self.chunk(2, ids=[7, 8]), bank="upload", atomic=True)
        step = self.chunk(2, row_offset=2, ids=[9, 8])
        self.refuse_step(bulk, step, INVALID, "8 again", "each id once in an atomic upload", field="chunk.ids[1]")

    def test_an_atomic_upload_that_cannot_be_finished_stays_unfinished(self):
        self.make_upload_bank(max_patterns=2)
        bulk, upload_id = self.bulk(self.chunk(2), bank="upload", atomic=True)
        bulk.ask(self.chunk(row_offset=2))
        finish = api.BulkStoreRequest(finish={})
        self.refuse_step(bulk, finish, EXHAUSTED, "its limit is 2", reason="BANK_LIMIT")
        mask = field_mask_pb2.FieldMask(paths=["limits"])
        self.stub.UpdateBank(api.UpdateBankRequest(name="upload", update_mask=mask))
        bulk, _ = self.bulk(bank="upload", upload_id=upload_id)
        self.assertEqual((len(bulk.ask(finish).ids)), 3)

    # Retrieve and Energy.

    def retrieve(self, code, *words, field=None, bank="full", **fields):
        request = api.RetrieveRequest(bank=bank, queries=to_matrix(np.ones((1, DIM))), **fields)
        self.refused("Retrieve", request, code, *words, field=field)

    def test_an_empty_bank_recalls_nothing(self):
        rows = to_matrix(np.ones((1, DIM)))
        for rpc, request in (
            ("Retrieve", api.RetrieveRequest(bank="empty", queries=rows)),
            ("Energy", api.EnergyRequest(bank="empty", states=rows)),
        ):
            self.refused(rpc, request, PRECONDITION, "'empty' is empty", "store patterns", reason="BANK_EMPTY")

    def test_the_returned_support_has_bounds(self):
        for count in (-1, 1_000_001, MAX_INT64):
            self.retrieve(INVALID, str(count), "0 to 1000000", max_support=count, field="max_support")

    def test_values_of_a_bank_that_has_none_are_refused(self):
        parts = api.SupportParts(values=True)
        self.retrieve(INVALID, "'full' has no values", support_parts=parts, field="support_parts.values")

    def test_arithmetic_is_known(self):
        self.retrieve(INVALID, "got 9", arithmetic=9, field="arithmetic")

    def test_cotangents_fit_the_queries(self):
        one, two = to_matrix(np.ones((1, DIM))), to_matrix(np.ones((2, DIM)))
        values = to_matrix(np.ones((1, VALUE_DIM)))

        def refused(*words, field, bank="full", **fields):
            request = api.DifferentiateRequest(bank=bank, **fields)
            self.refused("Differentiate", request, INVALID, *words, field=field)

        refused("got 0", queries=one, field="state_cotangents.rows")
        refused("got 2", "1, the number of queries", queries=one, state_cotangents=two, field="state_cotangents.rows")
        refused("got 0", state_cotangents=one, field="queries.rows")
        fields = {"queries": one, "state_cotangents": one}
        refused("'full' has no values", value_cotangents=values, field="value_cotangents", **fields)
        request = api.DifferentiateRequest(bank="valued", value_cotangents=one, **fields)
        self.refused("Differentiate", request, INVALID, "got 4", field="value_cotangents.cols")
        request = api.DifferentiateRequest(bank="empty", **fields)
        self.refused("Differentiate", request, PRECONDITION, reason="BANK_EMPTY")

    # RPCs and bytes.

    def test_bytes_that_are_no_message_are_invalid_and_not_unimplemented(self):
        truncated = api.StoreRequest(bank="full", patterns=to_matrix(np.ones((2, DIM)))).SerializeToString()[:-3]
        for rpc in RPCS:
            for data in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x07", b"\x0a\x05ab", bytes(range(128, 256))):
                with self.subTest(rpc=rpc, data=data[:8]):
                    error = error_of(lambda timeout: raw_call(self.channel, rpc, data, timeout))
                    name = "engram.v1." + ("Retrieve" if rpc == "RetrieveStream" else rpc)
                    self.check(error, INVALID, f"{len(data)} bytes", name, field="request")
        error = error_of(lambda timeout: raw_call(self.channel, "Store", truncated, timeout))
        self.check(error, INVALID, field="request")

    def test_random_bytes_never_break_the_server(self):
        source = random.Random(SEED)
        for rpc, _ in itertools.product(RPCS, range(50)):
            data = source.randbytes(source.randrange(0, 64))
            try:
                raw_call(self.channel, rpc, data)
                self.assertIn(rpc, ("ListBanks", "GetCapabilities"))
            except grpc.RpcError as error:
                # This server has no directory for snapshots.
                expected = {INVALID, PRECONDITION} if rpc in SNAPSHOT_RPCS else {INVALID, NOT_FOUND}
                self.assertIn(error.code(), expected, (rpc, data))

    def test_an_unknown_rpc_is_unimplemented(self):
        error = error_of(lambda timeout: raw_call(self.channel, "NoSuchCall", b"", timeout))
        self.assertEqual(error.code, UNIMPLEMENTED)

    # Deadlines and messages.

    def test_an_expired_deadline_is_deadline_exceeded(self):
        rows = to_matrix(np.ones((1, DIM)))
        for rpc, request in (
            ("GetBank", api.GetBankRequest(name="full")),
            ("Retrieve", api.RetrieveRequest(bank="full", queries=rows)),
            ("Energy", api.EnergyRequest(bank="full", states=rows)),
        ):
            self.assertEqual(error_of(getattr(self.stub, rpc), request, timeout=-1).code, DEADLINE)

    def test_a_message_over_the_clients_own_limit_is_not_sent(self):
        with connect(self.server.address, message_bytes=1000) as channel:
            rows = to_matrix(np.ones((100, DIM)))
            error = error_of(make_stub(channel).Store, api.StoreRequest(bank="full", patterns=rows))
        self.assertEqual(error.code, EXHAUSTED)
        self.assertIn("1000", error.text)


class LimitTest(unittest.TestCase):
    """Limits of the server; each test has one of its own."""

    def serve(self, *flags):
        server = EngramServer(ENGRAMD, *flags)
        self.addCleanup(server.abandon)
        self.addCleanup(server.close)
        channel = connect(server.address)
        self.addCleanup(channel.close)
        return make_stub(channel)

    def test_a_message_over_the_servers_limit_is_exhausted_with_both_sizes(self):
        stub = self.serve("--max-message-bytes", "64KiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
        request = api.StoreRequest(bank="bank", patterns=to_matrix(np.ones((20, 1000))))
        error = error_of(stub.Store, request)
        self.assertEqual(error.code, EXHAUSTED)
        self.assertIn(str(request.ByteSize()), error.text)
        self.assertIn("65536", error.text)
        self.assertEqual(stub.GetBank(api.GetBankRequest(name="bank")).bank.version, 0)

    def test_a_response_over_the_limit_says_what_to_do(self):
        stub = self.serve("--max-message-bytes", "64KiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
        rows = np.eye(20, 1000, dtype=np.float32)
        for first in (0, 10):
            patterns = to_matrix(rows[first : first + 10])
            stub.Store(api.StoreRequest(bank="bank", patterns=patterns, ids=range(first, first + 10)))
        softmax = dynamics_pb2.Dynamics(softmax={})
        parts = api.SupportParts(patterns=True)
        queries = to_matrix(rows[:1])
        for call, request in (
            (stub.GetPatterns, api.GetPatternsRequest(bank="bank", ids=range(20))),
            (
                stub.Retrieve,
                api.RetrieveRequest(bank="bank", queries=queries, dynamics=softmax, support_parts=parts),
            ),
        ):
            error = error_of(call, request)
            self.assertEqual(error.code, EXHAUSTED)
            self.assertEqual(error.info.reason, "MESSAGE_TOO_LARGE")
            for word in ("allowed 65536", "ask for less", "--max-message-bytes"):
                self.assertIn(word, error.text)

    def test_a_response_that_just_fits_arrives(self):
        stub = self.serve("--max-message-bytes", "64KiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
        rows = np.eye(16, 1000, dtype=np.float32)
        stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(rows), ids=range(16)))
        held = stub.GetPatterns(api.GetPatternsRequest(bank="bank", ids=range(16)))
        np.testing.assert_array_equal(to_array(held.patterns), rows)

    def test_the_memory_budget_holds_and_deleting_gives_back(self):
        stub = self.serve("--memory-budget-bytes", "1MiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=256))
        rows = to_matrix(np.ones((512, 256)))
        stub.Store(api.StoreRequest(bank="bank", patterns=rows, ids=range(512)))
        before = stub.GetBank(api.GetBankRequest(name="bank"))
        error = error_of(stub.Store, api.StoreRequest(bank="bank", patterns=rows))
        self.assertEqual(error.code, EXHAUSTED)
        self.assertEqual(error.info.reason, "MEMORY_BUDGET")
        self.assertEqual(error.info.metadata["limit_bytes"], str(1 << 20))
        for key, word in (("asked_bytes", "asked "), ("free_bytes", "free "), ("limit_bytes", "limit ")):
            self.assertIn(word + error.info.metadata[key], error.text)
        self.assertIn("--memory-budget-bytes", error.text)
        self.assertEqual(stub.GetBank(api.GetBankRequest(name="bank")), before)
        stub.DeleteBank(api.DeleteBankRequest(name="bank"))
        self.assertEqual(stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes, 0)
        stub.CreateBank(api.CreateBankRequest(name="next", dim=256))
        stub.Store(api.StoreRequest(bank="next", patterns=rows))

    def test_payloads_count_towards_the_memory_budget(self):
        stub = self.serve("--memory-budget-bytes", "1MiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1))
        rows = to_matrix(np.ones((20, 1)))
        request = api.StoreRequest(bank="bank", patterns=rows, payloads=[bytes(65_536)] * 20)
        self.assertEqual(error_of(stub.Store, request).info.reason, "MEMORY_BUDGET")
        self.assertEqual(stub.GetBank(api.GetBankRequest(name="bank")).bank.pattern_count, 0)

    def test_a_bank_too_large_for_the_budget_is_not_created(self):
        stub = self.serve("--memory-budget-bytes", "64KiB")
        error = error_of(stub.CreateBank, api.CreateBankRequest(name="bank", dim=65_536))
        self.assertEqual(error.info.reason, "MEMORY_BUDGET")
        self.assertEqual(len(stub.ListBanks(api.ListBanksRequest()).banks), 0)
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=16))

    def test_the_number_of_banks_is_bounded_until_one_is_deleted(self):
        stub = self.serve("--max-banks", "2")
        for name in ("a", "b"):
            stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
        error = error_of(stub.CreateBank, api.CreateBankRequest(name="c", dim=1))
        self.assertEqual(error.code, EXHAUSTED)
        self.assertEqual(error.info.reason, "TOO_MANY_BANKS")
        self.assertIn("--max-banks", error.text)
        self.assertEqual(error_of(stub.CreateBank, api.CreateBankRequest(name="a", dim=1)).code, EXISTS)
        stub.DeleteBank(api.DeleteBankRequest(name="a"))
        stub.CreateBank(api.CreateBankRequest(name="c", dim=1))

    def test_unfinished_uploads_are_bounded(self):
        stub = self.serve()
        for name in ("bank", "other"):
            stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
        start = api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="bank"))
        uploads = []
        for _ in range(64):
            uploads.append(Conversation(stub.BulkStore))
            uploads[-1].ask(start)
        refused = Conversation(stub.BulkStore)
        refused.send(start)
        error = refused.error()
        self.assertEqual((error.code, error.info.reason), (EXHAUSTED, "TOO_MANY_UPLOADS"))
        self.assertEqual(dict(error.info.metadata), {"asked": "1", "free": "0", "limit": "64"})
        uploads[0].ask(api.BulkStoreRequest(finish={}))
        uploads.append(Conversation(stub.BulkStore))
        uploads[-1].ask(start)
        stub.DeleteBank(api.DeleteBankRequest(name="bank"))
        uploads.append(Conversation(stub.BulkStore))
        uploads[-1].ask(api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="other")))
        for upload in (*uploads, refused):
            upload.half_close()

    def test_an_upload_without_a_stream_makes_room_for_a_new_one(self):
        stub = self.serve()
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1))
        start = api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="bank", atomic=True))
        ids = []
        for _ in range(65):
            upload = Conversation(stub.BulkStore)
            ids.append(upload.ask(start).upload_id)
            upload.half_close()
            self.assertEqual(upload.error().info.reason, "UPLOAD_UNFINISHED")
        for upload_id, found in ((ids[0], False), (ids[1], True)):
            upload = Conversation(stub.BulkStore)
            upload.send(api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="bank", upload_id=upload_id)))
            if found:
                self.assertEqual(upload.receive().upload_id, upload_id)
            else:
                self.assertEqual(upload.error().info.reason, "UPLOAD_NOT_FOUND")
            upload.half_close()

    def test_an_atomic_upload_stays_within_the_memory_budget(self):
        stub = self.serve("--memory-budget-bytes", "1MiB")
        stub.CreateBank(api.CreateBankRequest(name="bank", dim=1000))
        upload = Conversation(stub.BulkStore)
        upload.ask(api.BulkStoreRequest(start=api.BulkStoreRequest.Start(bank="bank", atomic=True)))
        patterns = to_matrix(np.ones((100, 1000)))
        with self.assertRaises(grpc.RpcError) as raised:
            for row_offset in range(0, 1000, 100):
                step = api.BulkStoreRequest.Chunk(row_offset=row_offset, patterns=patterns)
                upload.ask(api.BulkStoreRequest(chunk=step))
        error = WireError(raised.exception)
        self.assertEqual((error.code, error.info.reason), (EXHAUSTED, "MEMORY_BUDGET"))
        upload.half_close()
        stub.DeleteBank(api.DeleteBankRequest(name="bank"))
        self.assertEqual(stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes, 0)

    def test_a_full_queue_is_exhausted_with_a_retry_delay_and_empties_when_callers_leave(self):
        stub = self.serve("--queue-capacity", "4", "--max-batch", "4")
        request = make_endless_request(stub)
        calls = [stub.Retrieve.future(request, timeout=TIMEOUT_SECONDS) for _ in range(6)]
        # Four wait for ever; whichever two come last are refused.
        refused = list(itertools.islice(concurrent.futures.as_completed(map(_as_future, calls)), 2))
        for future in refused:
            error = WireError(future.exception())
            self.assertEqual(error.code, EXHAUSTED)
            self.assertEqual(error.info.reason, "QUEUE_FULL")
            self.assertEqual(error.info.metadata["limit"], "4")
            self.assertIn("retry after", error.text)
            delay = error.retry.retry_delay
            self.assertGreater(delay.seconds + delay.nanos / 1e9, 0)
        for call in calls:
            call.cancel()
        self.wait_for_room(stub, request)

    def test_a_query_whose_deadline_passes_leaves_the_queue(self):
        stub = self.serve("--queue-capacity", "1", "--max-batch", "1")
        request = make_endless_request(stub)
        self.assertEqual(error_of(stub.Retrieve, request, timeout=0.2).code, DEADLINE)
        self.wait_for_room(stub, request)

    def wait_for_room(self, stub, request):
        """Returns once the queue has room for a short retrieval."""
        short = api.RetrieveRequest()
        short.CopyFrom(request)
        short.dynamics.max_iterations = 1
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                return stub.Retrieve(short, timeout=TIMEOUT_SECONDS)
            except grpc.RpcError as error:
                self.assertEqual(error.code(), EXHAUSTED)
                self.assertLess(time.monotonic(), deadline, "the queue stays full")


def _as_future(call):
    """A concurrent.futures.Future of a gRPC call; cancelled calls leave it as it is."""
    future = concurrent.futures.Future()

    def finish(call):
        if not call.cancelled():
            future.set_exception(call.exception()) if call.exception() else future.set_result(call.result())

    call.add_done_callback(finish)
    return future


if __name__ == "__main__":
    ENGRAMD = sys.argv.pop()
    unittest.main()
