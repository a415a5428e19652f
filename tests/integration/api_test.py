"""What the service answers when all is well, from another language; retrievals and energies are compared with
an implementation of their own in NumPy.

Usage: api_test.py [unittest options] ENGRAMD
"""

import sys
import unittest

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, field_mask_pb2

from engram.v1 import associative_memory_pb2 as api
from engram.v1 import bank_pb2, dynamics_pb2, health_pb2, matrix_pb2

import reference
from engram_server import EngramServer
from wire import SERVICE, TIMEOUT_SECONDS, check_health, connect, error_of, make_stub, to_array, to_matrix

ENGRAMD = ""
SEED = 3
N, DIM, VALUE_DIM, BATCH = 40, 12, 3, 5
BETA = 0.75
ENCODINGS = {"bytes": matrix_pb2.MATRIX_ENCODING_BYTES, "floats": matrix_pb2.MATRIX_ENCODING_FLOATS}
SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.SERVING_STATUS_NOT_SERVING


def bytes_of(response):
    """A response to Retrieve in bytes, but for the count of sweeps, which is not part of the answer."""
    for retrieval in response.retrievals:
        retrieval.ClearField("sweeps")
    return response.SerializeToString(deterministic=True)


class ApiTest(unittest.TestCase):
    """Each test has a bank with the name of the test."""

    @classmethod
    def setUpClass(cls):
        cls.server = EngramServer(ENGRAMD)
        cls.channel = connect(cls.server.address)
        cls.stub = make_stub(cls.channel)
        random = np.random.default_rng(SEED)
        cls.patterns = random.standard_normal((N, DIM)).astype(np.float32)
        cls.values = random.standard_normal((N, VALUE_DIM)).astype(np.float32)
        cls.queries = random.standard_normal((BATCH, DIM)).astype(np.float32)
        cls.payloads = [f"payload {row}".encode() for row in range(N)]
        cls.ids = [1000 + 7 * row for row in range(N)]

    @classmethod
    def tearDownClass(cls):
        cls.channel.close()
        cls.server.close()

    def setUp(self):
        self.bank = self.id().rsplit(".", 1)[-1]
        self.stub.CreateBank(api.CreateBankRequest(name=self.bank, dim=DIM, value_dim=VALUE_DIM))
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=self.bank)))

    def store(self, floats=False, ids=None):
        return self.stub.Store(
            api.StoreRequest(
                bank=self.bank,
                patterns=to_matrix(self.patterns, floats),
                values=to_matrix(self.values, floats),
                ids=self.ids if ids is None else ids,
                payloads=self.payloads,
            )
        )

    def get_bank(self):
        return self.stub.GetBank(api.GetBankRequest(name=self.bank)).bank

    def get(self, ids, **fields):
        return self.stub.GetPatterns(api.GetPatternsRequest(bank=self.bank, ids=ids, **fields))

    def dynamics(self, transformation, **fields):
        dynamics = dynamics_pb2.Dynamics(beta=BETA, **fields)
        transformation.set(dynamics)
        return dynamics

    def retrieve(self, queries=None, floats=False, **fields):
        queries = to_matrix(self.queries if queries is None else queries, floats)
        return self.stub.Retrieve(api.RetrieveRequest(bank=self.bank, queries=queries, **fields))

    def assert_in(self, matrix, encoding):
        """The matrix has numbers, in this encoding only."""
        self.assertEqual(bool(matrix.data), encoding == "bytes")
        self.assertEqual(bool(matrix.values), encoding == "floats")

    # Banks.

    def test_a_new_bank_has_the_documented_defaults(self):
        bank = self.get_bank()
        self.assertEqual((bank.name, bank.dim, bank.value_dim), (self.bank, DIM, VALUE_DIM))
        self.assertEqual((bank.pattern_count, bank.version, bank.largest_norm), (0, 0, 0))
        self.assertEqual(bank.limits.max_patterns, 0)
        self.assertEqual(bank.durability, bank_pb2.DURABILITY_VOLATILE)
        self.assertEqual(bank.screening, bank_pb2.SCREENING_INT8)
        self.assertGreater(bank.create_time.seconds, 1_700_000_000)
        dynamics = bank.default_dynamics
        self.assertEqual((dynamics.beta, dynamics.entmax.alpha), (1, 1.5))
        self.assertEqual((dynamics.max_iterations, dynamics.tolerance), (100, 1e-6))
        self.assertEqual(dynamics.post_transformation.WhichOneof("kind"), "identity")

    def test_a_bank_has_what_it_was_created_with(self):
        name = self.bank + "-told"
        dynamics = dynamics_pb2.Dynamics(beta=3, k_subsets={"k": 2}, max_iterations=7, tolerance=0)
        request = api.CreateBankRequest(
            name=name,
            dim=5,
            default_dynamics=dynamics,
            limits=bank_pb2.BankLimits(max_patterns=9),
            durability=bank_pb2.DURABILITY_VOLATILE,
            screening=bank_pb2.SCREENING_NONE,
        )
        created = self.stub.CreateBank(request).bank
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=name)))
        self.assertEqual(created, self.stub.GetBank(api.GetBankRequest(name=name)).bank)
        dynamics.post_transformation.identity.SetInParent()
        self.assertEqual(created.default_dynamics, dynamics)
        self.assertEqual(created.limits.max_patterns, 9)
        self.assertEqual(created.screening, bank_pb2.SCREENING_NONE)

    def test_screening_cannot_be_changed(self):
        mask = {"paths": ["screening"]}
        request = api.UpdateBankRequest(name=self.bank, update_mask=mask)
        error = error_of(self.stub.UpdateBank, request)
        self.assertEqual(error.code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("screening", error.text)

    def test_a_deleted_bank_is_gone_and_its_name_is_free(self):
        self.store()
        self.stub.DeleteBank(api.DeleteBankRequest(name=self.bank))
        error = error_of(self.stub.GetBank, api.GetBankRequest(name=self.bank))
        self.assertEqual(error.code, grpc.StatusCode.NOT_FOUND)
        self.stub.CreateBank(api.CreateBankRequest(name=self.bank, dim=2))
        self.assertEqual(self.get_bank().pattern_count, 0)

    def test_banks_are_listed_by_name_page_by_page(self):
        names = [f"{self.bank}-{number:03}" for number in range(7)]
        for name in reversed(names):
            self.stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
            self.addCleanup(lambda name=name: self.stub.DeleteBank(api.DeleteBankRequest(name=name)))
        listed, token, pages = [], "", 0
        while pages == 0 or token:
            page = self.stub.ListBanks(api.ListBanksRequest(page_size=3, page_token=token))
            self.assertLessEqual(len(page.banks), 3)
            listed += [bank.name for bank in page.banks]
            token, pages = page.next_page_token, pages + 1
        self.assertEqual(listed, sorted(listed))
        self.assertEqual([name for name in listed if name in names], names)
        self.assertEqual(pages, -(-len(listed) // 3))
        everything = self.stub.ListBanks(api.ListBanksRequest())
        self.assertEqual([bank.name for bank in everything.banks], listed)
        self.assertEqual(everything.next_page_token, "")

    def test_a_page_survives_the_deletion_of_its_last_bank(self):
        names = [f"{self.bank}-{number}" for number in range(3)]
        for name in names:
            self.stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
        self.stub.DeleteBank(api.DeleteBankRequest(name=names[0]))
        rest = self.stub.ListBanks(api.ListBanksRequest(page_token=names[0])).banks
        self.assertEqual([bank.name for bank in rest][:2], names[1:])
        for name in names[1:]:
            self.stub.DeleteBank(api.DeleteBankRequest(name=name))

    def update(self, *paths, **fields):
        mask = field_mask_pb2.FieldMask(paths=paths)
        return self.stub.UpdateBank(api.UpdateBankRequest(name=self.bank, update_mask=mask, **fields)).bank

    def test_an_update_changes_what_its_mask_names_and_nothing_else(self):
        self.store()
        before = self.get_bank()
        asked = dynamics_pb2.Dynamics(beta=3, k_subsets={"k": 2}, max_iterations=7)
        limits = bank_pb2.BankLimits(max_patterns=77)
        bank = self.update("default_dynamics", default_dynamics=asked, limits=limits)
        self.assertEqual(bank, self.get_bank())
        before.default_dynamics.MergeFrom(asked)
        self.assertEqual(bank, before)  # The version too: the patterns are the same.
        before.limits.max_patterns = 77
        self.assertEqual(self.update("limits", default_dynamics={"beta": 99}, limits=limits), before)
        before.default_dynamics.tolerance = 0.5
        fields = dynamics_pb2.Dynamics(beta=99, tolerance=0.5)
        self.assertEqual(self.update("default_dynamics.tolerance", default_dynamics=fields), before)
        before.limits.max_patterns = 0
        before.default_dynamics.beta = 4
        self.assertEqual(self.update("default_dynamics", "limits.max_patterns", default_dynamics={"beta": 4}), before)

    def test_retrievals_use_the_newest_dynamics_of_the_bank(self):
        self.store()
        given = dynamics_pb2.Dynamics(beta=2, softmax={}, post_transformation={"l2_normalize": {}})
        expected = self.retrieve(dynamics=given)
        self.assertNotEqual(self.retrieve(), expected)
        self.update("default_dynamics", default_dynamics=given)
        self.assertEqual(self.retrieve(), expected)

    def test_a_new_limit_holds_from_then_on(self):
        self.store()
        self.update("limits", limits=bank_pb2.BankLimits(max_patterns=N))
        one = api.StoreRequest(
            bank=self.bank, patterns=to_matrix(np.ones(DIM)), values=to_matrix(np.ones(VALUE_DIM))
        )
        self.assertEqual(error_of(self.stub.Store, one).info.reason, "BANK_LIMIT")
        self.update("limits", limits=bank_pb2.BankLimits(max_patterns=N + 1))
        self.stub.Store(one)
        self.assertEqual(self.get_bank().pattern_count, N + 1)

    # Store, GetPatterns, DeletePatterns.

    def test_what_is_stored_comes_back_bit_for_bit_in_either_encoding(self):
        for stored_as in ENCODINGS:
            self.store(floats=stored_as == "floats")
            for name, encoding in ENCODINGS.items():
                got = self.get(self.ids, encoding=encoding)
                self.assert_in(got.patterns, name)
                self.assert_in(got.values, name)
                self.assertEqual(to_array(got.patterns).tobytes(), self.patterns.tobytes())
                self.assertEqual(to_array(got.values).tobytes(), self.values.tobytes())
                self.assertEqual([*got.payloads], self.payloads)
            self.assert_in(self.get(self.ids).patterns, "bytes")

    def test_patterns_come_in_the_order_asked_for_repetitions_included(self):
        self.store()
        rows = [7, 3, 3, 39, 0]
        got = self.get([self.ids[row] for row in rows])
        self.assertEqual([*got.ids], [self.ids[row] for row in rows])
        np.testing.assert_array_equal(to_array(got.patterns), self.patterns[rows])
        self.assertEqual([*got.payloads], [self.payloads[row] for row in rows])

    def test_assigned_ids_ascend_and_are_never_used_again(self):
        first = self.store(ids=[])
        self.assertEqual([*first.ids], sorted(set(first.ids)))
        delete = api.DeletePatternsRequest(bank=self.bank, ids=first.ids)
        self.stub.DeletePatterns(delete)
        self.assertGreater(min(self.store(ids=[]).ids), max(first.ids))
        self.store(ids=[10**6 + row for row in range(N)])
        self.assertGreater(min(self.store(ids=[]).ids), 10**6)

    def test_storing_an_id_again_replaces_pattern_value_and_payload(self):
        self.store()
        replaced = api.StoreRequest(
            bank=self.bank,
            patterns=to_matrix(np.full((2, DIM), 5)),
            values=to_matrix(np.full((2, VALUE_DIM), 6)),
            ids=[self.ids[3], 1],
        )
        version = self.stub.Store(replaced).version
        got = self.get([self.ids[3], self.ids[4]])
        np.testing.assert_array_equal(to_array(got.patterns), [[5] * DIM, self.patterns[4]])
        np.testing.assert_array_equal(to_array(got.values)[0], [6] * VALUE_DIM)
        self.assertEqual([*got.payloads], [b"", self.payloads[4]])
        self.assertEqual(got.version, version)
        self.assertEqual(self.get_bank().pattern_count, N + 1)

    def test_the_version_counts_changes_of_the_patterns(self):
        self.assertEqual(self.store().version, 1)
        self.assertEqual(self.store().version, 2)
        deleted = self.stub.DeletePatterns(api.DeletePatternsRequest(bank=self.bank, ids=self.ids[:2]))
        self.assertEqual((deleted.deleted_count, deleted.version), (2, 3))
        missing = api.DeletePatternsRequest(bank=self.bank, ids=self.ids[:3], allow_missing=True)
        deleted = self.stub.DeletePatterns(missing)
        self.assertEqual((deleted.deleted_count, deleted.version), (1, 4))
        deleted = self.stub.DeletePatterns(missing)
        self.assertEqual((deleted.deleted_count, deleted.version), (0, 4))
        bank = self.get_bank()
        self.assertEqual((bank.version, bank.pattern_count), (4, N - 3))
        self.assertEqual(self.retrieve().version, 4)

    def test_the_largest_norm_follows_the_patterns(self):
        self.store()
        norms = np.linalg.norm(self.patterns.astype(np.float64), axis=1)
        order = np.argsort(norms)
        self.assertAlmostEqual(self.get_bank().largest_norm, norms[order[-1]], places=12)
        largest = [self.ids[order[-1]]]
        self.stub.DeletePatterns(api.DeletePatternsRequest(bank=self.bank, ids=largest))
        self.assertAlmostEqual(self.get_bank().largest_norm, norms[order[-2]], places=12)

    # Retrieve.

    def test_retrievals_agree_with_the_definition(self):
        self.store()
        patterns = self.patterns.astype(np.float64)
        for name, transformation in reference.TRANSFORMATIONS.items():
            for updates in (1, 2, 9):
                with self.subTest(name, updates=updates):
                    dynamics = self.dynamics(transformation, max_iterations=updates, tolerance=0)
                    response = self.retrieve(dynamics=dynamics, max_support=N)
                    self.assertEqual(len(response.retrievals), BATCH)
                    states, values = to_array(response.states), to_array(response.values)
                    for b, retrieval in enumerate(response.retrievals):
                        p, state = reference.retrieve(
                            patterns, BETA, transformation, self.queries[b], updates
                        )
                        got = np.zeros(N)
                        got[[self.ids.index(i) for i in retrieval.support_ids]] = retrieval.support_weights
                        np.testing.assert_allclose(got, p, atol=1e-5)
                        np.testing.assert_allclose(states[b], state, atol=1e-5)
                        np.testing.assert_allclose(values[b], self.values.T @ p, atol=1e-5)
                        self.assertAlmostEqual(sum(retrieval.support_weights), retrieval.total_weight, places=9)
                        self.assertEqual(retrieval.total_weight, transformation.total_weight)
                        self.assertLessEqual(retrieval.iterations, updates)

    def test_energies_never_rise(self):
        self.store()
        patterns = self.patterns.astype(np.float64)
        for name, transformation in reference.TRANSFORMATIONS.items():
            with self.subTest(name):
                response = self.retrieve(dynamics=self.dynamics(transformation))
                for query, state, retrieval in zip(self.queries, to_array(response.states), response.retrievals):
                    before = reference.energy(patterns, BETA, transformation, query.astype(np.float64))
                    after = reference.energy(patterns, BETA, transformation, state.astype(np.float64))
                    self.assertAlmostEqual(retrieval.energy_before, before["total"], places=5)
                    self.assertAlmostEqual(retrieval.energy_after, after["total"], places=4)
                    self.assertGreaterEqual(retrieval.energy_before, retrieval.energy_after)

    def test_a_query_near_a_pattern_recalls_it_exactly(self):
        self.store()
        noisy = self.patterns[4] + np.float32(0.01)
        dynamics = dynamics_pb2.Dynamics(beta=50)
        parts = api.SupportParts(patterns=True, values=True, payloads=True)
        response = self.retrieve([noisy], dynamics=dynamics, support_parts=parts)
        np.testing.assert_array_equal(to_array(response.states), self.patterns[4:5])
        np.testing.assert_array_equal(to_array(response.values), self.values[4:5])
        retrieval = response.retrievals[0]
        self.assertTrue(retrieval.exact)
        self.assertEqual(retrieval.stop_reason, api.STOP_REASON_FIXED_POINT)
        self.assertEqual(([*retrieval.support_ids], [*retrieval.support_weights]), ([self.ids[4]], [1]))
        self.assertEqual((retrieval.support_size, retrieval.residual), (1, 0))
        np.testing.assert_array_equal(to_array(retrieval.support_patterns), self.patterns[4:5])
        np.testing.assert_array_equal(to_array(retrieval.support_values), self.values[4:5])
        self.assertEqual([*retrieval.support_payloads], [self.payloads[4]])
        scores = self.patterns.astype(np.float64) @ self.patterns[4].astype(np.float64)
        self.assertAlmostEqual(retrieval.separation, scores[4] - np.delete(scores, 4).max(), places=9)
        self.assertEqual(retrieval.required_separation, 2 / 50)

    def test_only_exact_answers_are_certified(self):
        self.store()
        for retrieval in self.retrieve(dynamics=self.dynamics(reference.Softmax())).retrievals:
            self.assertFalse(retrieval.HasField("separation") or retrieval.HasField("required_separation"))
            self.assertFalse(retrieval.HasField("duality_gap"))
        dynamics = dynamics_pb2.Dynamics(sequential_k_subsets={"k": 2, "edge": 0.5})
        for retrieval in self.retrieve(dynamics=dynamics).retrievals:
            self.assertLess(abs(retrieval.duality_gap), 1e-9)
            self.assertAlmostEqual(retrieval.total_weight, 2, places=9)

    def test_why_a_retrieval_stopped_is_told(self):
        self.store()
        softmax = reference.Softmax()
        limited = self.retrieve(dynamics=self.dynamics(softmax, max_iterations=1, tolerance=0))
        settled = self.retrieve(dynamics=self.dynamics(softmax, tolerance=1e-3))
        for retrieval in limited.retrievals:
            self.assertEqual(retrieval.stop_reason, api.STOP_REASON_LIMIT)
            self.assertEqual(retrieval.iterations, 1)
            self.assertGreater(retrieval.residual, 0)
        for retrieval, state in zip(settled.retrievals, to_array(settled.states)):
            self.assertEqual(retrieval.stop_reason, api.STOP_REASON_TOLERANCE)
            self.assertLessEqual(retrieval.residual, 1e-3 * max(1, np.abs(state).max()) * (1 + 1e-6))

    def test_the_support_comes_by_descending_weight_and_may_be_cut(self):
        self.store()
        dynamics = self.dynamics(reference.Softmax(), max_iterations=1)
        whole = self.retrieve(dynamics=dynamics, max_support=N)
        cut = self.retrieve(dynamics=dynamics, max_support=3)
        none = self.retrieve(dynamics=dynamics, max_support=0)
        self.assertEqual(whole.states, cut.states)
        self.assertEqual(whole.states, none.states)
        for all_of_it, some, nothing in zip(whole.retrievals, cut.retrievals, none.retrievals):
            weights = [*all_of_it.support_weights]
            self.assertEqual(weights, sorted(weights, reverse=True))
            self.assertEqual([*some.support_ids], [*all_of_it.support_ids][:3])
            self.assertEqual((some.support_size, nothing.support_size), (N, N))
            self.assertEqual(len(nothing.support_ids), 0)

    def test_energies_are_left_out_when_not_wanted(self):
        self.store()
        for retrieval in self.retrieve(omit_energy=True).retrievals:
            self.assertFalse(retrieval.HasField("energy_before"))
            self.assertFalse(retrieval.HasField("energy_after"))

    def test_answers_come_in_the_form_of_the_request_or_as_asked(self):
        self.store()
        parts = api.SupportParts(patterns=True, values=True)
        answers = []
        for asked in ENCODINGS:
            for wanted in (None, *ENCODINGS):
                fields = {"encoding": ENCODINGS[wanted]} if wanted else {}
                response = self.retrieve(floats=asked == "floats", support_parts=parts, **fields)
                matrices = [response.states, response.values]
                for retrieval in response.retrievals:
                    matrices += [retrieval.support_patterns, retrieval.support_values]
                for matrix in matrices:
                    self.assert_in(matrix, wanted or asked)
                answers.append([to_array(matrix).tobytes() for matrix in matrices])
        self.assertEqual(answers, answers[:1] * len(answers))

    def test_unset_dynamics_are_those_of_the_bank(self):
        self.store()
        given = dynamics_pb2.Dynamics(beta=1, entmax={"alpha": 1.5}, max_iterations=100, tolerance=1e-6)
        self.assertEqual(self.retrieve(), self.retrieve(dynamics=given))

    def test_an_answer_does_not_depend_on_the_rest_of_the_batch(self):
        self.store()
        together = self.retrieve()
        for b in range(BATCH):
            alone = self.retrieve(self.queries[b : b + 1])
            self.assertEqual(to_array(alone.states)[0].tobytes(), to_array(together.states)[b].tobytes())
            self.assertEqual([*alone.retrievals[0].support_ids], [*together.retrievals[b].support_ids])
            self.assertEqual([*alone.retrievals[0].support_weights], [*together.retrievals[b].support_weights])
            self.assertEqual(alone.retrievals[0].energy_after, together.retrievals[b].energy_after)

    def test_fast_answers_are_marked_and_within_their_bound(self):
        self.store()
        patterns = self.patterns.astype(np.float64)
        softmax = reference.Softmax()
        dynamics = self.dynamics(softmax, max_iterations=1)
        response = self.retrieve(dynamics=dynamics, arithmetic=api.ARITHMETIC_FAST, max_support=N)
        states, values = to_array(response.states), to_array(response.values)
        for b, (query, retrieval) in enumerate(zip(self.queries, response.retrievals)):
            self.assertEqual(retrieval.arithmetic, api.ARITHMETIC_FAST)
            self.assertFalse(retrieval.exact)
            p, state = reference.retrieve(patterns, BETA, softmax, query, 1)
            self.assertLessEqual(np.linalg.norm(states[b] - state), retrieval.error_bound)
            self.assertLess(retrieval.error_bound, 1e-4)
            np.testing.assert_allclose(values[b], self.values.T @ p, atol=1e-5)
            self.assertEqual(set(retrieval.support_ids), set(self.ids))
            expected = reference.energy(patterns, BETA, softmax, query.astype(np.float64))["total"]
            self.assertAlmostEqual(retrieval.energy_before, expected, places=4)

    def test_only_softmax_has_a_fast_arithmetic(self):
        self.store()
        exact = self.retrieve(dynamics=self.dynamics(reference.Softmax()))
        sparse = self.retrieve(dynamics=dynamics_pb2.Dynamics(entmax={"alpha": 2}), arithmetic=api.ARITHMETIC_FAST)
        for retrieval in [*exact.retrievals, *sparse.retrievals]:
            self.assertEqual(retrieval.arithmetic, api.ARITHMETIC_EXACT)
            self.assertFalse(retrieval.HasField("error_bound"))

    def test_deleted_patterns_are_not_recalled(self):
        self.store()
        self.stub.DeletePatterns(api.DeletePatternsRequest(bank=self.bank, ids=self.ids[: N // 2]))
        patterns = self.patterns[N // 2 :].astype(np.float64)
        softmax = reference.Softmax()
        response = self.retrieve(dynamics=self.dynamics(softmax, max_iterations=2, tolerance=0), max_support=N)
        for query, state, retrieval in zip(self.queries, to_array(response.states), response.retrievals):
            self.assertEqual(set(retrieval.support_ids), set(self.ids[N // 2 :]))
            expected = reference.retrieve(patterns, BETA, softmax, query, 2)[1]
            np.testing.assert_allclose(state, expected, atol=1e-5)

    def test_a_bank_without_values_answers_without_them(self):
        name = self.bank + "-auto"
        self.stub.CreateBank(api.CreateBankRequest(name=name, dim=DIM))
        self.addCleanup(lambda: self.stub.DeleteBank(api.DeleteBankRequest(name=name)))
        ids = self.stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(self.patterns))).ids
        response = self.stub.Retrieve(api.RetrieveRequest(bank=name, queries=to_matrix(self.queries)))
        self.assertFalse(response.HasField("values"))
        self.assertFalse(self.stub.GetPatterns(api.GetPatternsRequest(bank=name, ids=ids)).HasField("values"))

    # Energy.

    def test_energies_agree_with_the_definition(self):
        self.store()
        patterns = self.patterns.astype(np.float64)
        for name, transformation in reference.TRANSFORMATIONS.items():
            for floats in (False, True):
                with self.subTest(name, floats=floats):
                    states = to_matrix(self.queries, floats)
                    dynamics = self.dynamics(transformation)
                    request = api.EnergyRequest(bank=self.bank, states=states, dynamics=dynamics)
                    response = self.stub.Energy(request)
                    self.assertEqual(response.version, 1)
                    self.assertEqual(len(response.energies), BATCH)
                    for query, energy in zip(self.queries, response.energies):
                        expected = reference.energy(patterns, BETA, transformation, query.astype(np.float64))
                        for part, number in expected.items():
                            np.testing.assert_allclose(getattr(energy, part), number, atol=1e-5, err_msg=part)

    def test_energies_in_the_hull_are_within_their_bounds(self):
        self.store()
        means = np.array([self.patterns[:k].mean(axis=0) for k in (1, 2, 5, N)])
        request = api.EnergyRequest(bank=self.bank, states=to_matrix(means))
        for energy in self.stub.Energy(request).energies:
            self.assertGreaterEqual(energy.total, -1e-5)
            self.assertLessEqual(energy.total, energy.upper_bound + 1e-5)

    # Differentiate.

    def test_gradients_agree_with_finite_differences(self):
        self.store()
        dynamics = self.dynamics(reference.Softmax(), max_iterations=2, tolerance=0)
        random = np.random.default_rng(SEED)
        cotangents = random.standard_normal((BATCH, DIM)).astype(np.float32)
        values = random.standard_normal((BATCH, VALUE_DIM)).astype(np.float32)
        request = api.DifferentiateRequest(
            bank=self.bank,
            queries=to_matrix(self.queries),
            dynamics=dynamics,
            state_cotangents=to_matrix(cotangents),
            value_cotangents=to_matrix(values),
        )
        response = self.stub.Differentiate(request)
        self.assertEqual((response.version, len(response.gradients)), (1, BATCH))
        patterns = self.patterns.astype(np.float64)

        def loss(b, query, beta):
            p, state = reference.retrieve(patterns, beta, reference.Softmax(), query, 2)
            return cotangents[b] @ state + values[b] @ (self.values.T.astype(np.float64) @ p)

        step = 1e-6
        for b, gradient in enumerate(response.gradients):
            query = self.queries[b].astype(np.float64)
            numeric = [
                (loss(b, query + step * e, BETA) - loss(b, query - step * e, BETA)) / (2 * step) for e in np.eye(DIM)
            ]
            np.testing.assert_allclose(gradient.query, numeric, atol=1e-6)
            numeric = (loss(b, query, BETA + step) - loss(b, query, BETA - step)) / (2 * step)
            np.testing.assert_allclose(gradient.beta, numeric, atol=1e-6)
            self.assertEqual([*gradient.ids], sorted(self.ids))
            self.assertEqual((len(gradient.patterns), len(gradient.values)), (N * DIM, N * VALUE_DIM))

    # The server.

    def test_capabilities_describe_the_server(self):
        capabilities = self.stub.GetCapabilities(api.GetCapabilitiesRequest())
        self.assertRegex(capabilities.server_version, r"^\d+\.\d+\.\d+$")
        self.assertEqual((capabilities.min_api_version, capabilities.max_api_version), ("v1", "v1"))
        self.assertIn(capabilities.backend, capabilities.backends)
        self.assertIn("reference", capabilities.backends)
        self.assertTrue(capabilities.backend_reason)
        device = capabilities.devices[0]
        self.assertGreater(device.threads, 0)
        self.assertIn(device.screening_instruction_set, device.screening_instruction_sets)
        self.assertEqual((device.kind, device.memory_bytes), ("cpu", 0))
        self.assertEqual({gpu.kind for gpu in capabilities.devices[1:]} - {"cuda"}, set())
        names = {field.name for field in dynamics_pb2.Dynamics.DESCRIPTOR.fields}
        self.assertLessEqual(set(capabilities.transformations), names)
        posts = [field.name for field in dynamics_pb2.PostTransformation.DESCRIPTOR.fields]
        self.assertEqual([*capabilities.post_transformations], posts)
        self.assertEqual(capabilities.limits.max_message_bytes, 64 << 20)
        self.assertEqual(capabilities.limits.max_payload_bytes, 64 << 10)
        self.assertEqual(capabilities.limits.max_iterations, 10_000)
        self.assertGreater(capabilities.limits.memory_budget_bytes, capabilities.memory_used_bytes)
        self.assertGreater(capabilities.memory_used_bytes, 0)

    def test_used_memory_returns_to_what_it_was(self):
        before = self.stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes
        name = self.bank + "-large"
        self.stub.CreateBank(api.CreateBankRequest(name=name, dim=1000))
        self.stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(np.ones((1000, 1000)))))
        bank = self.stub.GetBank(api.GetBankRequest(name=name)).bank
        used = self.stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes
        self.assertGreaterEqual(bank.memory_bytes, 4_000_000)
        self.assertEqual(used - before, bank.memory_bytes)
        self.stub.DeleteBank(api.DeleteBankRequest(name=name))
        self.assertEqual(self.stub.GetCapabilities(api.GetCapabilitiesRequest()).memory_used_bytes, before)

    def test_server_service_and_banks_have_health(self):
        for service in ("", SERVICE, "bank/" + self.bank):
            self.assertEqual(check_health(self.channel, service), SERVING)
        for service in ("bank/none", "none"):
            with self.assertRaises(grpc.RpcError) as raised:
                check_health(self.channel, service)
            self.assertEqual(raised.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_a_deleted_bank_serves_no_longer(self):
        name = self.bank + "-gone"
        self.stub.CreateBank(api.CreateBankRequest(name=name, dim=1))
        self.assertEqual(check_health(self.channel, "bank/" + name), SERVING)
        self.stub.DeleteBank(api.DeleteBankRequest(name=name))
        self.assertEqual(check_health(self.channel, "bank/" + name), NOT_SERVING)

    def reflect(self, channel, request):
        """The response to one request of grpc.reflection.v1alpha, both as bytes."""
        method = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        return next(method(iter([request]), timeout=TIMEOUT_SECONDS))

    def test_reflection_lists_and_describes_the_service(self):
        listed = self.reflect(self.channel, b"\x3a\x00")  # list_services: "".
        for service in (SERVICE, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"):
            self.assertIn(service.encode(), listed)
        # file_containing_symbol: the service. The answer carries the file's descriptor.
        described = self.reflect(self.channel, bytes([0x22, len(SERVICE)]) + SERVICE.encode())
        file = descriptor_pb2.FileDescriptorProto()
        api.DESCRIPTOR.CopyToProto(file)
        for method in file.service[0].method:
            self.assertIn(method.SerializeToString(), described)

    def test_reflection_can_be_turned_off(self):
        with EngramServer(ENGRAMD, "--reflection", "false") as server, connect(server.address) as channel:
            with self.assertRaises(grpc.RpcError) as raised:
                self.reflect(channel, b"\x3a\x00")
            self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)

    def test_both_backends_give_the_same_bytes(self):
        answers = {}
        for backend in ("reference", "cpu"):
            with EngramServer(ENGRAMD, "--backend", backend) as server, connect(server.address) as channel:
                stub = make_stub(channel)
                stub.CreateBank(api.CreateBankRequest(name="bank", dim=DIM))
                stub.Store(api.StoreRequest(bank="bank", patterns=to_matrix(self.patterns)))
                answers[backend] = []
                for transformation in reference.TRANSFORMATIONS.values():
                    dynamics, queries = self.dynamics(transformation), to_matrix(self.queries)
                    request = api.RetrieveRequest(bank="bank", queries=queries, dynamics=dynamics)
                    answers[backend].append(bytes_of(stub.Retrieve(request)))
        self.assertEqual(answers["reference"], answers["cpu"])

    def test_banks_of_either_screening_and_all_instruction_sets_give_the_same_bytes(self):
        random = np.random.default_rng(SEED)
        patterns = random.standard_normal((1000, DIM)).astype(np.float32)
        queries = to_matrix(patterns[:BATCH] + 0.3 * self.queries)
        device = self.stub.GetCapabilities(api.GetCapabilitiesRequest()).devices[0]
        answers = set()
        memory = {}
        for kernels in device.screening_instruction_sets:
            with EngramServer(ENGRAMD, "--cpu-kernels", kernels) as server, connect(server.address) as channel:
                stub = make_stub(channel)
                for screening in (bank_pb2.SCREENING_INT8, bank_pb2.SCREENING_NONE):
                    name = bank_pb2.Screening.Name(screening)
                    stub.CreateBank(api.CreateBankRequest(name=name, dim=DIM, screening=screening))
                    stub.Store(api.StoreRequest(bank=name, patterns=to_matrix(patterns)))
                    memory[screening] = stub.GetBank(api.GetBankRequest(name=name)).bank.memory_bytes
                    whole = []
                    for transformation in reference.TRANSFORMATIONS.values():
                        dynamics = self.dynamics(transformation)
                        request = api.RetrieveRequest(bank=name, queries=queries, dynamics=dynamics)
                        whole.append(bytes_of(stub.Retrieve(request)))
                    answers.add(b"".join(whole))
        self.assertEqual(len(answers), 1)
        # 4 ceil(D / 4) + 8 bytes for each pattern that there is room for.
        extra = memory[bank_pb2.SCREENING_INT8] - memory[bank_pb2.SCREENING_NONE]
        self.assertEqual(extra % (DIM + 8), 0)
        self.assertGreaterEqual(extra, 1000 * (DIM + 8))
        self.assertLess(extra, 2000 * (DIM + 8))


if __name__ == "__main__":
    ENGRAMD = sys.argv.pop()
    unittest.main()
