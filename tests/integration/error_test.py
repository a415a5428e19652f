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

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, matrix_pb2

from endless import make_endless_request
from engram_server import EngramServer
from wire import (
    TIMEOUT_SECONDS,
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

UNARY_RPCS = [
    method.name
    for method in api.DESCRIPTOR.services_by_name["AssociativeMemory"].methods
    if method.name not in ("BulkStore", "ScanPatterns", "RetrieveStream", "Recall")
]
UNBUILT_RPCS = ["UpdateBank", "Differentiate"]

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
            self.refused("CreateBank", request, UNIMPLEMENTED, name, "not implemented", field="durability")
        request = api.CreateBankRequest(name="x", dim=1, durability=99)
        self.refused("CreateBank", request, INVALID, "99", field="durability")

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

    def test_transformations_that_are_not_built_say_so(self):
        built = self.stub.GetCapabilities(api.GetCapabilitiesRequest()).transformations
        for field in dynamics_pb2.Dynamics.DESCRIPTOR.oneofs_by_name["transformation"].fields:
            if field.name in built:
                continue
            self.refuse_dynamics(UNIMPLEMENTED, field.name, field.name, "not implemented", **{field.name: {}})

    def test_post_transformations_that_are_not_built_say_so(self):
        built = self.stub.GetCapabilities(api.GetCapabilitiesRequest()).post_transformations
        for field in dynamics_pb2.PostTransformation.DESCRIPTOR.oneofs_by_name["kind"].fields:
            if field.name in built:
                continue
            kind = {"post_transformation": {field.name: {}}}
            path = "post_transformation." + field.name
            self.refuse_dynamics(UNIMPLEMENTED, path, field.name, "not implemented", **kind)

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

    def test_arithmetic_is_known_and_built(self):
        self.retrieve(UNIMPLEMENTED, "ARITHMETIC_FAST", "not implemented", arithmetic=2, field="arithmetic")
        self.retrieve(INVALID, "got 9", arithmetic=9, field="arithmetic")

    # RPCs and bytes.

    def test_rpcs_that_are_not_built_say_so(self):
        for rpc in UNBUILT_RPCS:
            method = api.DESCRIPTOR.services_by_name["AssociativeMemory"].methods_by_name[rpc]
            request = getattr(api, method.input_type.name)()
            self.refused(rpc, request, UNIMPLEMENTED, rpc, "not implemented by this server yet")
        for rpc, request in (
            ("BulkStore", iter([api.BulkStoreRequest()])),
            ("ScanPatterns", api.ScanPatternsRequest(bank="full")),
            ("RetrieveStream", iter([api.RetrieveRequest()])),
            ("Recall", api.RecallRequest(bank="full")),
        ):
            call = lambda request, timeout, rpc=rpc: list(getattr(self.stub, rpc)(request, timeout=timeout))
            self.check(error_of(call, request), UNIMPLEMENTED, rpc, "not implemented by this server yet")

    def test_bytes_that_are_no_message_are_invalid_and_not_unimplemented(self):
        truncated = api.StoreRequest(bank="full", patterns=to_matrix(np.ones((2, DIM)))).SerializeToString()[:-3]
        for rpc in UNARY_RPCS:
            if rpc in UNBUILT_RPCS:
                continue
            for data in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x07", b"\x0a\x05ab", bytes(range(128, 256))):
                with self.subTest(rpc=rpc, data=data[:8]):
                    error = error_of(lambda timeout: raw_call(self.channel, rpc, data, timeout))
                    self.check(error, INVALID, f"{len(data)} bytes", "engram.v1." + rpc, field="request")
        error = error_of(lambda timeout: raw_call(self.channel, "Store", truncated, timeout))
        self.check(error, INVALID, field="request")

    def test_random_bytes_never_break_the_server(self):
        source = random.Random(SEED)
        allowed = {INVALID, NOT_FOUND, UNIMPLEMENTED}
        for rpc, _ in itertools.product(UNARY_RPCS, range(50)):
            data = source.randbytes(source.randrange(0, 64))
            try:
                raw_call(self.channel, rpc, data)
                self.assertIn(rpc, ("ListBanks", "GetCapabilities"))
            except grpc.RpcError as error:
                self.assertIn(error.code(), allowed, (rpc, data))
                if error.code() == UNIMPLEMENTED:
                    self.assertIn(rpc, UNBUILT_RPCS, data)

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
