"""Runs tools/check_compose.sh over planted compose files, with a Docker that only looks whether they are valid."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).parents[2] / "tools/check_compose.sh"
# Stands for both programs: a file is valid unless it says otherwise.
DOCKER = """for word in "$@"; do
  case "$word" in *.yml) ! grep -H broken "$word" || exit 15 ;; esac
done"""


class CheckComposeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for part in ("tools", "deploy", "bin"):
            (self.root / part).mkdir()
        shutil.copy(CHECK, self.root / "tools")
        self.plant("docker-compose.yml", "valid")
        self.plant("deploy/compose.gpu.yml", "valid")
        for tool in ("bash", "dirname", "grep"):
            (self.root / "bin" / tool).symlink_to(shutil.which(tool))

    def plant(self, name, text):
        (self.root / name).write_text(f"{text}\n", encoding="utf-8")

    def install(self, name, body):
        path = self.root / "bin" / name
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def check(self):
        environment = {**os.environ, "PATH": str(self.root / "bin")}
        return subprocess.run([self.root / "tools/check_compose.sh"], env=environment, capture_output=True, text=True,
                              check=False)

    def test_valid_files_pass_with_either_program(self):
        for name in ("docker-compose", "docker"):
            self.install(name, DOCKER)
            result = self.check()
            self.assertEqual((0, ""), (result.returncode, result.stdout + result.stderr))

    def test_a_broken_file_fails(self):
        self.install("docker", DOCKER)
        for name in ("docker-compose.yml", "deploy/compose.gpu.yml"):
            self.plant(name, "broken")
            result = self.check()
            self.assertNotEqual(0, result.returncode)
            self.assertIn(name, result.stdout)
            self.plant(name, "valid")

    def test_without_compose_it_is_skipped(self):
        self.install("docker", "exit 1")
        result = self.check()
        self.assertEqual((77, "no docker compose here\n"), (result.returncode, result.stdout))


if __name__ == "__main__":
    unittest.main()
