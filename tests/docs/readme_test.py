"""Runs what the README shows: the commands of its console blocks give the output printed below them.

    readme_test.py SOURCE_TREE BIN_DIRECTORY

`make` commands are checked to be targets; their work is what the rest of the tests do.
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE, BIN = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])


def console_commands(text):
    """The (command, expected output) pairs of all ```console blocks."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        command, output = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command is not None:
                    yield command, output
                command, output = line[2:], []
            elif line.startswith("> "):
                command += "\n" + line[2:]
            else:
                output.append(line)
        yield command, output


class ReadmeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        port_file = pathlib.Path(cls.scratch.name, "port")
        cls.server = subprocess.Popen(
            [BIN / "engramd", "--listen", "127.0.0.1:0", "--port-file", port_file, "--log-level", "warning"])
        deadline = time.monotonic() + 30
        while not port_file.exists() and cls.server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        cls.environment = dict(os.environ, ENGRAM_SERVER="127.0.0.1:" + port_file.read_text().strip(),
                               PATH=f"{BIN}:{os.environ['PATH']}")

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGTERM)
        cls.server.wait(timeout=30)
        cls.scratch.cleanup()

    def test_commands_print_what_the_readme_says(self):
        commands = list(console_commands((SOURCE / "README.md").read_text()))
        self.assertGreater(len(commands), 5)
        for command, expected in commands:
            with self.subTest(command=command):
                if command.startswith("make "):
                    subprocess.run(["make", "--dry-run", *shlex.split(command)[1:]], cwd=SOURCE, check=True,
                                   stdout=subprocess.DEVNULL)
                    continue
                result = subprocess.run(["bash", "-euc", command], cwd=self.scratch.name, env=self.environment,
                                        capture_output=True, text=True, timeout=60)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stdout.rstrip("\n"), "\n".join(expected))

    def test_sample_options_file_is_the_one_that_the_server_prints(self):
        printed = subprocess.run([BIN / "engramd", "--print-sample-config"], capture_output=True, text=True,
                                 check=True).stdout
        self.assertEqual((SOURCE / "deploy/server.flags").read_text(), printed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
