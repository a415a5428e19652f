"""Runs tools/setup.sh with a package manager that only writes down what it is asked."""
import os
import pathlib
import subprocess
import tempfile
import unittest

SETUP = pathlib.Path(__file__).parents[2] / "tools/setup.sh"


class SetupTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name)
        self.log = self.bin / "log"
        self.log.write_text("", encoding="utf-8")
        self.plant("apt-get", f'echo "$@" >> {self.log}')
        self.plant("sudo", '"$@"')

    def plant(self, name, body):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def setup_sections(self, *sections):
        environment = {**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"}
        return subprocess.run([SETUP, *sections], env=environment, capture_output=True, text=True,
                              check=False, stdin=subprocess.DEVNULL)

    def test_nothing_is_asked_of_apt_when_everything_is_there(self):
        self.plant("dpkg-query", "echo installed")
        result = self.setup_sections()
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual("", self.log.read_text(encoding="utf-8"))

    def test_only_what_is_missing_is_installed(self):
        self.plant("dpkg-query", 'case "$*" in *jq*) exit 1;; *dejavu*) echo config-files;; *) echo installed;; esac')
        result = self.setup_sections("demo")
        self.assertEqual(0, result.returncode, result.stderr)
        update, install = self.log.read_text(encoding="utf-8").splitlines()
        self.assertTrue(update.endswith("update"), update)
        self.assertTrue(install.endswith("--no-install-recommends fonts-dejavu-core jq"), install)

    def test_a_failing_package_manager_fails_the_setup(self):
        self.plant("dpkg-query", "exit 1")
        self.plant("apt-get", "exit 100")
        self.assertEqual(100, self.setup_sections("demo").returncode)

    def test_an_unknown_section_is_refused(self):
        result = self.setup_sections("nonsense")
        self.assertEqual(2, result.returncode)
        self.assertIn("nonsense", result.stderr)


if __name__ == "__main__":
    unittest.main()
