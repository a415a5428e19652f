"""Drives `engram` against a real `engramd`: every command, output format and exit code.

Usage: cli_test.py [unittest options] ENGRAM ENGRAMD
"""

import io
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

import numpy as np

from breaking_proxy import BreakingProxy
from engram_server import EngramServer

ENGRAM, ENGRAMD = "", ""
DIM = 16
SEED = 5


def closed_port():
    """An address at which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = cls.temporary.name
        cls.server = EngramServer(ENGRAMD)
        cls.address = cls.server.address
        random = np.random.default_rng(SEED)
        cls.patterns = random.standard_normal((20, DIM)).astype(np.float32)
        cls.noisy = cls.patterns[:3] + 0.05 * random.standard_normal((3, DIM)).astype(np.float32)
        cls.file = cls.path("patterns.npy")
        cls.query = cls.path("noisy.npy")
        np.save(cls.file, cls.patterns)
        np.save(cls.query, cls.noisy)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()
        cls.server.close()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    def setUp(self):
        self.bank = self.id().rsplit(".", 1)[-1]
        self.run_cli("bank", "create", self.bank, "--dim", str(DIM), "--beta", "4")

    def tearDown(self):
        self.run_cli("bank", "delete", self.bank, "--yes", code=None)

    def run_cli(self, *words, code=0, stdin=b"", server=None, env=None):
        """Runs a command line and returns (stdout, stderr); `code` None accepts every exit code."""
        result = subprocess.run(
            [ENGRAM, *words],
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "ENGRAM_SERVER": server or self.address, **(env or {})},
        )
        if code is not None:
            self.assertEqual(result.returncode, code, (words, result.stdout, result.stderr))
        return result.stdout, result.stderr.decode()

    def run_json(self, *words, **options):
        return json.loads(self.run_cli(*words, "-o", "json", **options)[0])

    def run_npy(self, *words, **options):
        return np.load(io.BytesIO(self.run_cli(*words, "-o", "npy", **options)[0]))

    def store(self):
        return self.run_json("store", self.bank, self.file)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    # Banks.

    def test_describe_tells_what_create_was_told(self):
        bank = self.run_json("bank", "describe", self.bank)
        self.assertEqual(bank["dim"], DIM)
        self.assertEqual(bank["state"], "serving")
        self.assertEqual(bank["pattern_count"], 0)
        self.assertEqual(bank["default_dynamics"]["beta"], 4)
        self.assertIn("entmax", self.run_cli("bank", "describe", self.bank)[0].decode())

    def test_list_has_the_bank(self):
        names = [bank["name"] for bank in self.run_json("bank", "list")["banks"]]
        self.assertIn(self.bank, names)
        self.assertIn(self.bank, self.run_cli("bank", "list")[0].decode())

    def test_creating_twice_exits_with_5(self):
        self.run_cli("bank", "create", self.bank, "--dim", "3", code=5)

    def test_deleting_a_bank_needs_yes_without_a_terminal(self):
        self.run_cli("bank", "delete", self.bank, code=2)
        self.assertEqual(self.run_json("bank", "delete", self.bank, "--yes"), {"deleted": self.bank})
        self.run_cli("bank", "describe", self.bank, code=4)

    def test_bad_settings_exit_with_3(self):
        self.run_cli("bank", "create", "bad name", "--dim", "3", code=3)
        self.run_cli("bank", "create", self.bank + "2", "--dim", "0", code=3)
        self.run_cli("bank", "create", self.bank + "2", "--dim", "3", "--beta", "-1", code=3)

    def test_a_full_bank_exits_with_7(self):
        name = self.bank + "-small"
        self.run_cli("bank", "create", name, "--dim", str(DIM), "--max-patterns", "2")
        self.run_cli("store", name, self.file, code=7)
        self.run_cli("bank", "delete", name, "--yes")

    def test_update_changes_what_is_given_and_nothing_else(self):
        bank = self.run_json("bank", "update", self.bank, "--transform", "sparsemax", "--max-patterns", "30")
        self.assertEqual(bank["default_dynamics"]["alpha"], 2)
        self.assertEqual(bank["default_dynamics"]["beta"], 4)
        self.assertEqual(bank["max_patterns"], 30)
        self.assertIn("12.5", self.run_cli("bank", "update", self.bank, "--beta", "12.5")[0].decode())
        self.assertEqual(self.run_json("bank", "describe", self.bank)["max_patterns"], 30)
        self.store()
        self.run_cli("bank", "update", self.bank, "--max-patterns", "19", code=6)
        self.run_cli("bank", "update", self.bank, "--beta", "-1", code=3)
        self.run_cli("bank", "update", self.bank, code=2)
        self.run_cli("bank", "update", "no-such-bank", "--beta", "1", code=4)

    # Store, get, scan, delete.

    def test_npy_is_stored_and_comes_back(self):
        stored = self.store()
        self.assertEqual(stored["stored_count"], len(self.patterns))
        ids = [str(id) for id in stored["ids"]]
        np.testing.assert_array_equal(self.run_npy("get", self.bank, *ids), self.patterns)
        entry = self.run_json("get", self.bank, ids[0])["patterns"][0]
        np.testing.assert_array_equal(np.array(entry["pattern"], np.float32), self.patterns[0])

    def test_every_format_is_stored(self):
        rows = self.patterns[:2]
        lengths = np.full((2, 1), DIM, np.int32)
        np.savetxt(self.path("a.csv"), rows, delimiter=",", header="made by NumPy", fmt="%.9g")
        self.write("a.jsonl", "".join(json.dumps([float(x) for x in row]) + "\n" for row in rows))
        np.hstack([lengths.view(np.float32), rows]).astype("<f4").tofile(self.path("a.fvecs"))
        np.save(self.path("a.npy"), np.asfortranarray(rows.astype(">f8")))
        for ending in ("csv", "jsonl", "fvecs", "npy"):
            with self.subTest(ending), open(self.path("a." + ending), "rb") as file:
                ids = self.run_json("store", self.bank, self.path("a." + ending))["ids"]
                got = self.run_npy("get", self.bank, *map(str, ids))
                np.testing.assert_array_equal(got, rows)
                data = file.read()
                piped = self.run_json("store", self.bank, "-", "--format", ending, stdin=data)
                self.assertEqual(piped["stored_count"], 2)

    def test_ids_and_payloads_come_from_files(self):
        ids = self.write("ids.txt", "".join(f"{100 + i}\n" for i in range(20)))
        payloads = self.write("payloads.txt", "".join(f"label {i}\n" for i in range(20)))
        words = ["store", self.bank, self.file, "--ids", ids, "--payloads", payloads]
        self.assertIn("ids 100 to 119", self.run_cli(*words)[0].decode())
        self.assertEqual(self.run_json("get", self.bank, "107")["patterns"][0]["payload"], "label 7")

    def test_values_are_recalled(self):
        np.save(self.path("values.npy"), np.eye(20, 3, dtype=np.float32))
        name = self.bank + "-values"
        words = ["store", name, self.file, "--values", self.path("values.npy"), "--create"]
        self.run_cli(*words)
        self.assertEqual(self.run_json("bank", "describe", name)["value_dim"], 3)
        query = ["--query", self.query, "--beta", "50"]
        retrievals = self.run_json("retrieve", name, *query)["retrievals"]
        self.assertEqual([r["value"] for r in retrievals], np.eye(3).tolist())
        self.run_cli("bank", "delete", name, "--yes")

    def test_get_writes_lines_that_store_reads(self):
        first = self.store()["ids"][0]
        lines = json.dumps(self.run_json("get", self.bank, str(first))["patterns"][0]).encode()
        name = self.bank + "-copy"
        self.assertEqual(self.run_json("store", name, "-", "--create", stdin=lines)["ids"], [first])
        self.run_cli("bank", "delete", name, "--yes")

    def test_a_large_file_goes_in_chunks_and_keeps_its_order(self):
        # 5 MiB: some chunks of 1 MiB.
        rows = np.random.default_rng(SEED).standard_normal((1280, 1024)).astype(np.float32)
        np.save(self.path("large.npy"), rows)
        for flags in ([], ["--atomic"]):
            with self.subTest(flags):
                name = self.bank + "-large"
                words = ["store", name, self.path("large.npy"), "--create", *flags]
                stored = self.run_json(*words)
                self.assertEqual(stored["stored_count"], len(rows))
                self.assertEqual(stored["ids"], sorted(stored["ids"]))
                np.testing.assert_array_equal(self.run_npy("scan", name), rows)
                self.assertEqual(self.run_json("bank", "describe", name)["version"], stored["version"])
                self.run_cli("bank", "delete", name, "--yes")

    def test_store_and_scan_go_on_when_the_connection_breaks_off(self):
        rows = np.random.default_rng(SEED).standard_normal((1280, 1024)).astype(np.float32)
        np.save(self.path("broken.npy"), rows)
        for flags in ([], ["--atomic"]):
            with self.subTest(flags):
                name = self.bank + "-broken"
                self.run_cli("bank", "create", name, "--dim", "1024")
                proxy = BreakingProxy(self.address, break_after=5 << 19)
                stored = self.run_json("store", name, self.path("broken.npy"), *flags, server=proxy.address)
                self.assertTrue(proxy.has_broken)
                proxy.close()
                self.assertEqual(stored["stored_count"], len(rows))
                self.assertEqual(self.run_json("bank", "describe", name)["pattern_count"], len(rows))
                proxy = BreakingProxy(self.address, break_after=5 << 19)
                np.testing.assert_array_equal(self.run_npy("scan", name, server=proxy.address), rows)
                self.assertTrue(proxy.has_broken)
                proxy.close()
                self.run_cli("bank", "delete", name, "--yes")

    def test_scan_writes_every_format_that_store_reads(self):
        ids = self.write("scan-ids.txt", "".join(f"{100 + 2 * i}\n" for i in range(20)))
        payloads = self.write("scan-payloads.txt", "".join(f"label {i}\n" for i in range(20)))
        self.run_cli("store", self.bank, self.file, "--ids", ids, "--payloads", payloads)
        np.testing.assert_array_equal(self.run_npy("scan", self.bank), self.patterns)
        csv = self.run_cli("scan", self.bank, "-o", "csv")[0]
        np.testing.assert_array_equal(np.loadtxt(io.BytesIO(csv), delimiter=",", dtype=np.float32), self.patterns)
        lines = self.run_cli("scan", self.bank, "-o", "json")[0]
        self.assertEqual(len(lines.splitlines()), 20)
        self.assertEqual(json.loads(lines.splitlines()[7])["payload"], "label 7")
        name = self.bank + "-copy"
        self.run_cli("store", name, "-", "--format", "jsonl", "--create", stdin=lines)
        self.assertEqual(self.run_cli("scan", name, "-o", "json")[0], lines)
        self.run_cli("bank", "delete", name, "--yes")
        self.assertIn("label 3", self.run_cli("scan", self.bank)[0].decode())

    def test_scan_of_ids_and_with_a_limit(self):
        ids = self.store()["ids"]
        csv = self.run_cli("scan", self.bank, "--ids-only", "-o", "csv")[0]
        self.assertEqual([int(line) for line in csv.split()], ids)
        np.testing.assert_array_equal(self.run_npy("scan", self.bank, "--ids-only"), ids)
        np.testing.assert_array_equal(self.run_npy("scan", self.bank, "--limit", "3"), self.patterns[:3])
        self.run_cli("scan", "no-such-bank", code=4)

    def test_scan_of_an_empty_bank_is_empty(self):
        self.assertEqual(self.run_cli("scan", self.bank, "-o", "csv")[0], b"")
        self.assertEqual(self.run_npy("scan", self.bank).shape, (0, DIM))

    def test_deleted_patterns_are_gone(self):
        ids = [str(id) for id in self.store()["ids"][:2]]
        self.assertEqual(self.run_json("delete", self.bank, *ids)["deleted_count"], 2)
        self.run_cli("get", self.bank, ids[0], code=4)
        self.run_cli("delete", self.bank, ids[0], code=4)
        missing = self.run_json("delete", self.bank, ids[0], "--allow-missing")
        self.assertEqual(missing["deleted_count"], 0)

    def test_bad_files_are_named(self):
        for text, problem in (
            ("1,2\n3\n", "line 2: got 1 numbers"),
            ("1,x\n", "line 1: column 1"),
            ("", "no rows"),
            ("1,nan\n", "row 0, column 1"),
        ):
            with self.subTest(problem):
                path = self.write("bad.csv", text)
                errors = self.run_cli("store", self.bank, path, code=3)[1]
                self.assertIn("bad.csv", errors)
                self.assertIn(problem, errors)
        self.run_cli("store", self.bank, self.path("none.npy"), code=4)
        self.run_cli("store", self.bank, "-", stdin=b"\x01\x02", code=3)
        self.run_cli("store", self.bank, self.write("narrow.csv", "1,2\n"), code=3)
        self.run_cli("store", "no-such-bank", self.file, code=4)

    # Retrieve and energy.

    def test_noisy_patterns_are_recalled_exactly(self):
        ids = self.store()["ids"]
        words = ["retrieve", self.bank, "--query", self.query, "--beta", "50"]
        np.testing.assert_array_equal(self.run_npy(*words), self.patterns[:3])
        for id, retrieval in zip(ids, self.run_json(*words)["retrievals"]):
            self.assertEqual(retrieval["support"], [{"id": id, "weight": 1}])
            self.assertTrue(retrieval["exact"])
            self.assertEqual(retrieval["stop_reason"], "fixed_point")
            self.assertLess(retrieval["energy_after"], retrieval["energy_before"])
        table = self.run_cli(*words)[0].decode()
        self.assertIn("energy before", table)
        self.assertIn("fixed point", table)

    def test_exact_answers_are_certified(self):
        self.store()
        words = ["retrieve", self.bank, "--query", self.query, "--transform", "sparsemax", "--beta", "50"]
        products = self.patterns.astype(np.float64) @ self.patterns[:3].T.astype(np.float64)
        for i, retrieval in enumerate(self.run_json(*words)["retrievals"]):
            separation = products[i, i] - max(np.delete(products[:, i], i))
            self.assertAlmostEqual(retrieval["separation"], separation, places=5)
            self.assertAlmostEqual(retrieval["required_separation"], 1 / 50)
        self.assertIn(">= 0.02 needed", self.run_cli(*words)[0].decode())

    def test_sums_of_k_patterns_are_exact(self):
        self.store()
        gram = self.patterns @ self.patterns.T

        def lead(pair):
            scores = gram[list(pair)].sum(axis=0)
            return min(scores[list(pair)]) - max(np.delete(scores, list(pair)))

        pair = max(itertools.combinations(range(20), 2), key=lead)
        mixed = self.path("mixed.npy")
        np.save(mixed, self.patterns[list(pair)].sum(axis=0, keepdims=True))
        words = ["retrieve", self.bank, "--query", mixed, "--top-k", "2", "--beta", "50", "--tolerance", "0"]
        retrieval = self.run_json(*words)["retrievals"][0]
        self.assertTrue(retrieval["exact"])
        self.assertIn("yes, 2 patterns", self.run_cli(*words)[0].decode())

    def test_every_transformation_and_its_parameters_are_sent(self):
        self.store()
        bounds = self.write("bounds.txt", "# one a line\n" + "0.25\n" * 20)
        np.save(self.path("bounds.npy"), np.full(20, 0.25))
        words = ["retrieve", self.bank, "--query", self.query, "--max-iterations", "2"]
        for flags in (
            ["--gamma", "3"],
            ["--transform", "normmax"],
            ["--top-k", "3", "--edge", "0.5"],
            ["--top-k", "3", "--edge", "inf"],
            ["--degree", "2", "--rectified", "--post-transform", "l2-normalize"],
            ["--transform", "identity", "--post-transform", "sign"],
            ["--transform", "exponential", "--beta", "0.01", "--post-transform", "tanh"],
            ["--transform", "constrained-sparsemax", "--upper-bounds", bounds],
            ["--upper-bounds", self.path("bounds.npy")],
            ["--eps", "0.001"],
        ):
            with self.subTest(flags):
                self.assertEqual(len(self.run_json(*words, *flags)["retrievals"]), 3)
        for retrieval in self.run_json(*words, "--upper-bounds", bounds)["retrievals"]:
            self.assertLessEqual(max(entry["weight"] for entry in retrieval["support"]), 0.25)
        short = self.write("short.txt", "1 1\n")
        self.run_cli(*words, "--upper-bounds", short, code=3)
        for retrieval in self.run_json(*words, "--top-k", "3", "--edge", "inf")["retrievals"]:
            self.assertLess(abs(retrieval["duality_gap"]), 1e-6)

    def test_infinite_energies_are_words(self):
        self.store()
        words = ["energy", self.bank, "--states", self.query, "--post-transform", "l2-normalize"]
        energy = self.run_json(*words)["energies"][0]
        self.assertEqual(energy["total"], "inf")  # The noisy patterns lie outside the unit ball.
        self.assertEqual(energy["upper_bound"], "inf")
        self.assertIn("inf", self.run_cli(*words)[0].decode())

    def test_recall_writes_one_memory_after_another(self):
        ids = self.store()["ids"]
        first = self.path("first.npy")
        np.save(first, self.noisy[:1])
        words = ["recall", self.bank, "--query", first, "--beta", "50"]
        for mode in ("used-up", "penalty", "sequential"):
            with self.subTest(mode):
                lines = self.run_cli(*words, "--mode", mode, "--max", "4", "-o", "json")[0].splitlines()
                memories = [json.loads(line) for line in lines]
                self.assertLessEqual(len(memories), 4)
                # Sequential recall goes to the neighbour of what the query is like.
                self.assertEqual(memories[0]["id"], ids[1 if mode == "sequential" else 0])
                self.assertEqual(len(memories[0]["state"]), DIM)
        table = self.run_cli(*words, "--max", "2")[0].decode()
        self.assertIn("memory", table.splitlines()[0])
        self.assertEqual(len(table.splitlines()), 3)
        self.assertEqual(self.run_npy(*words, "--max", "2").shape, (2, DIM))
        self.run_cli("recall", self.bank, "--query", self.query, code=2)

    def test_separation_suggests_a_beta_that_retrieves_exactly(self):
        self.store()
        report = self.run_json("separation", self.bank, "--pairs", "5", "--bins", "4")
        gram = self.patterns.astype(np.float64) @ self.patterns.T.astype(np.float64)
        separations = np.diag(gram) - np.max(gram - np.diag(np.full(20, np.inf)), axis=1)
        self.assertEqual(report["pattern_count"], 20)
        self.assertAlmostEqual(report["min_separation"], min(separations), places=5)
        self.assertEqual(sum(report["histogram_counts"]), 20)
        self.assertEqual(len(report["histogram_edges"]), 5)
        self.assertEqual(len(report["pairs"]), 5)
        self.assertEqual(report["exact_count"], int(np.sum(separations >= report["required_separation"])))
        text = self.run_cli("separation", self.bank)[0].decode()
        self.assertIn("#", text)
        self.assertIn("of the patterns exactly", text)
        self.assertEqual(self.run_json("separation", self.bank, "--transform", "softmax")["required_separation"], "inf")

    def test_top_k_weights_add_up_to_k(self):
        self.store()
        words = ["retrieve", self.bank, "--query", self.query, "--top-k", "3"]
        for retrieval in self.run_json(*words)["retrievals"]:
            self.assertAlmostEqual(retrieval["total_weight"], 3, places=9)
            self.assertGreaterEqual(retrieval["support_size"], 3)

    def test_alpha_chooses_the_transformation(self):
        self.store()
        words = ["energy", self.bank, "--states", self.query]
        for alpha, name in (("1", "softmax"), ("2", "sparsemax"), ("1.5", "entmax")):
            by_alpha = self.run_json(*words, "--alpha", alpha)
            by_name = self.run_json(*words, "--transform", name)
            self.assertEqual(by_alpha["energies"], by_name["energies"])

    def test_literal_numbers_and_standard_input_are_queries(self):
        self.store()
        literal = ",".join(repr(float(x)) for x in self.noisy[0])
        by_text = self.run_npy("retrieve", self.bank, "--query", literal)
        by_input = self.run_npy("retrieve", self.bank, "--query", "-", stdin=literal.encode())
        by_file = self.run_npy("retrieve", self.bank, "--query", self.query)
        np.testing.assert_array_equal(by_text[0], by_file[0])
        np.testing.assert_array_equal(by_input, by_text)

    def test_show_draws_query_and_state(self):
        self.store()
        words = ["retrieve", self.bank, "--query", self.query, "--show", "4x4"]
        table = self.run_cli(*words)[0].decode()
        self.assertIn("+- query 0 ", table)
        self.assertIn("recalled", table)
        colored = self.run_cli(*words, "--color", "always", env={"COLORTERM": "truecolor"})[0].decode()
        self.assertIn("▀", colored)
        self.assertIn("\x1b[38;2;", colored)
        self.run_cli("retrieve", self.bank, "--query", self.query, "--show", "3x3", code=2)

    def test_energy_is_the_sum_of_its_parts(self):
        self.store()
        words = ["energy", self.bank, "--states", self.query]
        energies = self.run_json(*words)["energies"]
        for energy in energies:
            self.assertAlmostEqual(energy["total"], energy["concave"] + energy["convex"], places=9)
        np.testing.assert_array_equal(self.run_npy(*words), [energy["total"] for energy in energies])
        self.assertIn("gradient norm", self.run_cli(*words)[0].decode())

    def test_an_empty_bank_exits_with_6(self):
        self.run_cli("retrieve", self.bank, "--query", self.query, code=6)
        self.run_cli("separation", self.bank, code=6)

    def test_contradictions_exit_with_2(self):
        words = ["retrieve", self.bank, "--query", self.query]
        self.run_cli(*words, "--alpha", "2", "--top-k", "3", code=2)
        self.run_cli(*words, "--transform", "softmax", "--top-k", "3", code=2)
        self.run_cli(*words, "--transform", "k-subsets", code=2)
        self.run_cli(*words, "--show", "4x4", "-o", "json", code=2)

    # What needs no bank.

    def test_info_tells_limits(self):
        info = self.run_json("info")
        self.assertGreater(info["limits"]["max_dim"], 0)
        self.assertIn(info["backend"], info["backends"])
        self.assertEqual(info["devices"][0]["memory_bytes"], 0)
        table = self.run_cli("info")[0].decode()
        self.assertIn("backend", table)
        for transformation in ("normmax", "sequential_k_subsets", "constrained_sparsemax", "polynomial"):
            self.assertIn(transformation, info["transformations"])
            self.assertIn(transformation, table)

    def test_health_of_server_and_bank(self):
        self.assertEqual(self.run_cli("health")[0], b"serving\n")
        self.assertEqual(self.run_json("health", self.bank), {"serving": True})
        self.run_cli("health", "no-such-bank", code=4)

    def test_an_unreachable_server_exits_with_8(self):
        errors = self.run_cli("health", code=8, server=closed_port())[1]
        self.assertIn("ENGRAM_SERVER", errors)

    def test_a_passed_deadline_exits_with_9(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # Connects, and says nothing.
            address = f"127.0.0.1:{silent.getsockname()[1]}"
            self.run_cli("info", "--timeout", "50ms", code=9, server=address)

    def test_npy_without_a_matrix_exits_with_2(self):
        for words in (["info"], ["health"], ["bank", "list"], ["completion", "bash"]):
            self.run_cli(*words, "-o", "npy", code=2)

    def test_files_are_drawn_without_a_server(self):
        words = ["show", self.file, "--size", "4x4"]
        out, errors = self.run_cli(*words, server=closed_port())
        self.assertIn("+- row 0 ", out.decode())
        self.assertIn("and 8 more rows", errors)
        one = self.run_cli(*words, "--row", "19", "--range", "-1,1")[0].decode()
        self.assertIn("+- row 19 ", one)
        self.run_cli(*words, "--row", "20", code=2)

    def test_completion_scripts_parse(self):
        script = self.run_cli("completion", "bash")[0]
        subprocess.run(["bash", "-n"], input=script, check=True)
        # The test's folder has one file; words and the file are offered for a plot's output, a bank's has words only.
        probe = script + b'''
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _engram; printf '%s\\n' "${COMPREPLY[@]}"'''
        for words, expected in (
            (["engram", "plot", "basins", "five", "-o", ""], {"svg", "json", "five.svg"}),
            (["engram", "bank", "list", "-o", ""], {"table", "json", "npy", "csv"}),
        ):
            with tempfile.TemporaryDirectory() as folder:
                open(os.path.join(folder, "five.svg"), "wb").close()
                result = subprocess.run(
                    ["bash", "-c", probe.decode(), "bash", *words], cwd=folder, capture_output=True, check=True
                )
            self.assertEqual(set(result.stdout.decode().split()), expected)
        self.assertTrue(self.run_cli("completion", "zsh")[0].startswith(b"#compdef engram"))
        self.assertIn(b"complete -c engram", self.run_cli("completion", "fish")[0])

    def test_help_and_version_succeed(self):
        self.assertIn(b"Exit codes:", self.run_cli("--help")[0])
        self.assertTrue(self.run_cli("--version")[0].startswith(b"engram "))
        for command in (
            "bank", "store", "retrieve", "recall", "separation", "energy", "get", "scan", "delete", "show", "info",
            "health",
        ):
            self.assertIn(b"Example", self.run_cli(command, "--help")[0])

    def test_a_full_standard_output_is_an_error(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([ENGRAM, "show", self.file, "--size", "4x4"], stdout=full, check=False)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    ENGRAM, ENGRAMD = sys.argv[-2:]
    unittest.main(argv=sys.argv[:-2])
