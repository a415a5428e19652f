"""Runs tools/check.sh over planted checks."""
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parents[2] / "tools/check.sh"


class CheckShTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tools = pathlib.Path(folder.name, "tools")
        self.tools.mkdir()
        shutil.copy(CHECK, self.tools)

    def plant(self, name, body):
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def check(self):
        return subprocess.run([self.tools / "check.sh"], capture_output=True, text=True, check=False)

    def test_a_failure_fails_and_the_others_still_run(self):
        self.plant("check_a.sh", "echo found something; exit 1")
        self.plant("check_b.sh", "exit 0")
        result = self.check()
        self.assertEqual(1, result.returncode)
        self.assertEqual(["FAILED   tools/check_a.sh", "         found something", "ok       tools/check_b.sh"],
                         result.stdout.splitlines())

    def test_a_skip_is_seen_and_does_not_fail(self):
        self.plant("check_a.sh", "echo no tool here; exit 77")
        result = self.check()
        self.assertEqual(0, result.returncode)
        self.assertEqual("SKIPPED  tools/check_a.sh: no tool here\n", result.stdout)


if __name__ == "__main__":
    unittest.main()
