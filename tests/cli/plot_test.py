"""Drives `engram plot` against a real `engramd`: every picture parses and shows what it should.

Usage: plot_test.py [unittest options] ENGRAM ENGRAMD
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

from engram_server import EngramServer

ENGRAM, ENGRAMD = "", ""
SVG = "{http://www.w3.org/2000/svg}"
# Five points of a plane, of which no one lies among the others.
FIVE = [(0.9, 0.1), (0.2, 0.9), (-0.8, 0.5), (-0.6, -0.7), (0.5, -0.8)]
GRID = 40
LARGEST_FILE = 200_000


class PlotTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        # Batches smaller than a picture's queries.
        cls.server = EngramServer(ENGRAMD, "--max-batch", "64")
        cls.store("five", FIVE)
        cls.store("corners", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, -1, 0)])

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()
        cls.server.close()

    @classmethod
    def store(cls, bank, rows):
        text = "".join(",".join(map(str, row)) + "\n" for row in rows)
        cls.run_cli("store", bank, "-", "--create", stdin=text.encode())

    @classmethod
    def run_cli(cls, *words, code=0, stdin=b""):
        result = subprocess.run(
            [ENGRAM, *words],
            input=stdin,
            capture_output=True,
            timeout=300,
            check=False,
            env={**os.environ, "ENGRAM_SERVER": cls.server.address},
        )
        if result.returncode != code:
            raise AssertionError((words, result.returncode, result.stdout, result.stderr))
        return result.stdout

    def draw(self, *words):
        """Runs `engram plot` twice, checks what all pictures have in common, and returns the XML."""
        text = self.run_cli("plot", *words)
        self.assertEqual(text, self.run_cli("plot", *words), "the same input gave other bytes")
        self.assertLess(len(text), LARGEST_FILE)
        root = ElementTree.fromstring(text)
        self.assertEqual(root.tag, SVG + "svg")
        width, height = float(root.get("width")), float(root.get("height"))
        self.assertEqual(root.get("viewBox"), f"0 0 {root.get('width')} {root.get('height')}")
        for element in root.iter(SVG + "text"):
            self.assertTrue(0 <= float(element.get("x")) <= width, element.text)
            self.assertTrue(0 <= float(element.get("y")) <= height, element.text)
        return root

    def numbers(self, *words):
        return json.loads(self.run_cli("plot", *words, "-o", "json"))

    def texts(self, root):
        return [element.text for element in root.iter(SVG + "text")]

    def dots(self, root):
        """Patterns in the areas; the legend, which is outside, has a dot too."""
        areas = root.iterfind(f".//{SVG}svg")
        return [dot for area in areas for dot in area.iter(SVG + "circle") if dot.get("class") == "dot"]

    # Basins.

    def test_basins_of_sparsemax_have_a_colour_each(self):
        words = ["basins", "five", "--grid", str(GRID), "--alpha", "2", "--beta", "10"]
        numbers = self.numbers(*words)
        counts = [basin["grid_points"] for basin in numbers["basins"]]
        self.assertEqual(sum(counts) + numbers["none"], GRID * GRID)
        self.assertTrue(all(count > 0 for count in counts), counts)
        root = self.draw(*words)
        self.assertEqual(len({path.get("fill") for path in root.iter(SVG + "path")}), 5)
        self.assertEqual(len(self.dots(root)), 5)
        for basin in numbers["basins"]:
            self.assertIn(f"{basin['id']}: {basin['grid_points']}", self.texts(root))

    def test_softmax_of_small_beta_has_no_basins(self):
        words = ["basins", "five", "--grid", "10", "--alpha", "1", "--beta", "1"]
        self.assertEqual(self.numbers(*words)["none"], 100)
        self.assertEqual(list(self.draw(*words).iter(SVG + "path")), [])

    def test_basins_agree_with_retrieve(self):
        words = ["--alpha", "1.5", "--beta", "8", "--max-iterations", "50"]
        numbers = self.numbers("basins", "five", "--grid", "5", "--margin", "0.1", *words)
        xs, ys = ([a + (b - a) * i / 4 for i in range(5)] for a, b in (numbers["x"], numbers["y"]))
        self.assertAlmostEqual(xs[0], -0.9, places=6)
        self.assertAlmostEqual(ys[-1], 1.0, places=6)
        queries = "".join(f"{x!r},{y!r}\n" for y in ys for x in xs).encode()
        result = json.loads(
            self.run_cli("retrieve", "five", "--query", "-", "-o", "json", *words, stdin=queries)
        )
        counts = [0] * 5
        for retrieval in result["retrievals"]:
            for i, pattern in enumerate(FIVE):
                counts[i] += math.dist(retrieval["state"], pattern) < 0.001
        self.assertEqual([basin["grid_points"] for basin in numbers["basins"]], counts)

    def test_a_plane_through_three_patterns_is_drawn(self):
        words = ["basins", "corners", "--plane", "0,1,2", "--grid", "20", "--alpha", "2", "--beta", "20"]
        root = self.draw(*words)
        self.assertEqual(len(self.dots(root)), 3)
        self.assertGreaterEqual(len(list(root.iter(SVG + "path"))), 3)
        self.run_cli("plot", "basins", "corners", code=2)
        self.run_cli("plot", "basins", "corners", "--plane", "0,1,9", code=4)
        self.run_cli("plot", "basins", "corners", "--plane", "0,1,1", code=2)

    # Contours.

    def test_contours_go_around_the_patterns(self):
        words = ["contours", "five", "--resolution", "30", "--beta", "8", "--query", "0.1,0.1"]
        root = self.draw(*words)
        lines = [line for line in root.iter(SVG + "polyline") if line.get("class") != "ink"]
        closed = [line.get("points").split() for line in lines]
        self.assertGreaterEqual(sum(points[0] == points[-1] for points in closed), 3)
        self.assertEqual(len(self.dots(root)), 5)
        numbers = self.numbers(*words)
        self.assertEqual(numbers["levels"], sorted(numbers["levels"]))
        self.assertEqual(numbers["trajectories"][0]["states"][0], [0.1, 0.1])
        # The grid is there to draw the picture again: its rows go upwards, and it is that of the energies.
        self.assertEqual(len(numbers["energies"]), numbers["resolution"] ** 2)
        corner = f"{numbers['x'][1]!r},{numbers['y'][0]!r}"
        energy = self.run_cli("energy", "five", "--states", corner, "--beta", "8", "-o", "json")
        expected = json.loads(energy)["energies"][0]["total"]
        self.assertAlmostEqual(numbers["energies"][numbers["resolution"] - 1], expected, places=6)

    def test_contours_of_a_plane_are_drawn(self):
        words = ["contours", "corners", "--plane", "0,1,2", "--resolution", "12", "--query", "1,1,1"]
        self.assertEqual(len(self.dots(self.draw(*words))), 3)
        self.run_cli("plot", "contours", "corners", code=2)

    # Energy and support.

    def test_energy_falls_with_every_update(self):
        words = ["energy", "five", "--query", "0.1,0.1", "--beta", "8"]
        energies = self.numbers(*words)["trajectories"][0]["energies"]
        self.assertGreater(len(energies), 2)
        for before, after in zip(energies, energies[1:]):
            self.assertLessEqual(after, before + 1e-12)
        root = self.draw(*words)
        self.assertIn("update", self.texts(root))
        self.assertEqual(len(next(root.iter(SVG + "polyline")).get("points").split()), len(energies))

    def test_many_queries_are_drawn_as_one_crowd(self):
        queries = "".join(f"{i / 100},{-i / 70}\n" for i in range(100))
        path = os.path.join(self.temporary.name, "many.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write(queries)
        root = self.draw("energy", "five", "--query", path)
        self.assertIn("100 queries", self.texts(root))
        self.assertEqual(len(list(root.iter(SVG + "polyline"))), 100)

    def test_support_shrinks_with_beta(self):
        words = ["support", "five", "--query", "0.3,0.2", "--alpha", "1", "--alpha", "2", "--points", "9"]
        curves = self.numbers(*words)["curves"]
        self.assertEqual([curve["dynamics"]["transform"] for curve in curves], ["softmax", "entmax"])
        for curve in curves:
            self.assertEqual(curve["points"][0]["mean_support_size"], 5)
            self.assertEqual(curve["points"][-1]["mean_support_size"], 1)
        self.assertEqual(curves[1]["points"][-1]["exact_share"], 1)
        root = self.draw(*words)
        self.assertEqual(len(list(root.iter(SVG + "polyline"))), 2 * len(curves))
        self.assertIn("entmax, alpha 2", self.texts(root))

    # Where pictures go.

    def test_a_picture_goes_to_a_file(self):
        path = os.path.join(self.temporary.name, "five.svg")
        words = ["plot", "basins", "five", "--grid", "8", "--beta", "8"]
        out = self.run_cli(*words, "-o", path).decode()
        self.assertIn("grid points", out)
        self.assertIn(f"wrote '{path}'", out)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), self.run_cli(*words))
        self.run_cli(*words, "-o", os.path.join(self.temporary.name, "none", "five.svg"), code=4)

    def test_an_empty_bank_exits_with_6(self):
        self.run_cli("bank", "create", "empty", "--dim", "2")
        self.run_cli("plot", "basins", "empty", code=6)
        self.run_cli("plot", "energy", "empty", "--query", "1,2", code=6)

    def test_narrow_and_wide_pictures_are_drawn(self):
        for width in ("240", "1200"):
            root = self.draw("contours", "five", "--resolution", "20", "--width", width)
            self.assertEqual(root.get("width"), width)

    def test_help_has_examples(self):
        for command in ("basins", "contours", "energy", "support", "separation"):
            self.assertIn(b"Example", self.run_cli("plot", command, "--help"))


if __name__ == "__main__":
    ENGRAM, ENGRAMD = sys.argv[-2:]
    unittest.main(argv=sys.argv[:-2])
