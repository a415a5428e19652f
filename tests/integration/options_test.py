"""Where the settings of engramd come from, and what it says to bad ones.

Usage: options_test.py [unittest options] ENGRAMD
"""

import os
import socket
import subprocess
import sys
import tempfile
import unittest

from engram.v1 import associative_memory_pb2 as api

from engram_server import EngramServer
from wire import TIMEOUT_SECONDS, connect, make_stub

ENGRAMD = ""

# One value that each option refuses. --port-file and --data-dir take any text.
BAD_VALUES = {
    "listen": "127.0.0.1:99999",
    "metrics-listen": "127.0.0.1:9100,127.0.0.1:9101",
    "backup-dir": "/without/data-dir",
    "backend": "gpu",
    "devices": "-1",
    "device-budget-bytes": "1GB",
    "cpu-kernels": "sse2",
    "threads": "-1",
    "memory-budget-bytes": "1GB",
    "scratch-bytes": "1KiB",
    "max-message-bytes": "2GiB",
    "max-banks": "0",
    "max-batch": "many",
    "queue-capacity": "3",
    "reflection": "maybe",
    "drain-delay": "5",
    "drain-grace": "2h",
    "log-level": "loud",
    "log-format": "xml",
}

# A server that starts although it should not is found out after this time.
START_SECONDS = 20


def variable(option):
    return "ENGRAM_" + option.upper().replace("-", "_")


def run(*flags, env=None):
    """Runs engramd to its end."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("ENGRAM_")}
    return subprocess.run(
        [ENGRAMD, *flags],
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        env={**inherited, **(env or {})},
    )


def capabilities(*flags, env=None):
    """What a server with these settings reports."""
    with EngramServer(ENGRAMD, *flags, env=env) as server, connect(server.address) as channel:
        return make_stub(channel).GetCapabilities(api.GetCapabilitiesRequest(), timeout=TIMEOUT_SECONDS)


def limits(*flags, env=None):
    """What a server with these settings reports as its limits."""
    return capabilities(*flags, env=env).limits


class OptionsTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.name

    def write(self, text):
        path = os.path.join(self.folder, "engramd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def assert_usage_error(self, result, *words):
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)

    # Precedence.

    def test_flags_come_before_environment_before_file_before_defaults(self):
        config = self.write("max-batch = 11\nmax-banks = 12\nqueue-capacity = 13\n")
        env = {"ENGRAM_MAX_BATCH": "8", "ENGRAM_MAX_BANKS": "9"}
        got = limits("--config", config, "--max-batch", "7", env=env)
        self.assertEqual(got.max_batch, 7)
        self.assertEqual(got.max_banks, 9)
        self.assertEqual(got.queue_capacity, 13)
        self.assertEqual(got.max_message_bytes, 64 << 20)

    def test_the_file_may_be_named_by_the_environment(self):
        config = self.write("max-banks = 12\n")
        self.assertEqual(limits(env={"ENGRAM_CONFIG": config}).max_banks, 12)

    def test_a_value_may_follow_an_equals_sign(self):
        self.assertEqual(limits("--max-banks=5").max_banks, 5)

    # Bad settings.

    def test_every_option_that_can_be_wrong_is_tested(self):
        sample = run("--print-sample-config").stdout
        lines = [line for line in sample.splitlines() if line and not line.startswith("#")]
        names = {line.split("=")[0].strip() for line in lines}
        self.assertEqual(names - {"port-file", "data-dir"}, set(BAD_VALUES))

    def test_a_bad_flag_is_a_usage_error(self):
        for option, value in BAD_VALUES.items():
            with self.subTest(option):
                result = run("--" + option, value)
                self.assert_usage_error(result, option + ": got", value, "allowed", "--help")

    def test_a_bad_variable_is_a_usage_error(self):
        for option, value in BAD_VALUES.items():
            with self.subTest(option):
                result = run(env={variable(option): value})
                self.assert_usage_error(result, option + ": got", value, "allowed")

    def test_a_bad_line_is_a_usage_error(self):
        for option, value in BAD_VALUES.items():
            with self.subTest(option):
                result = run("--config", self.write(f"{option} = {value}\n"))
                self.assert_usage_error(result, option + ": got", value, "allowed")

    def test_unknown_options_are_usage_errors(self):
        self.assert_usage_error(run("--no-such-option", "1"), "--no-such-option")
        self.assert_usage_error(run("stray"), "stray")
        path = self.write("# fine\nno-such-option = 1\n")
        self.assert_usage_error(run("--config", path), path + ":2", "no-such-option")

    def test_a_file_that_cannot_be_read_is_a_usage_error(self):
        missing = os.path.join(self.folder, "missing.conf")
        self.assert_usage_error(run("--config", missing), "cannot read", missing)
        self.assert_usage_error(run("--config", self.folder), "cannot read", self.folder)

    # Instruction sets.

    def test_every_instruction_set_that_is_reported_may_be_chosen(self):
        device = capabilities().devices[0]
        supported = [*device.screening_instruction_sets]
        self.assertEqual(device.screening_instruction_set, supported[0])
        self.assertEqual(supported[-1], "portable")
        for name in supported:
            with self.subTest(name):
                chosen = capabilities("--cpu-kernels", name).devices[0]
                self.assertEqual(chosen.screening_instruction_set, name)
                self.assertEqual([*chosen.screening_instruction_sets], supported)

    def test_instruction_sets_that_are_not_here_are_usage_errors(self):
        supported = {*capabilities().devices[0].screening_instruction_sets}
        for name in {"avx512vnni", "avxvnni", "avx2", "neon"} - supported:
            with self.subTest(name):
                self.assert_usage_error(run("--cpu-kernels", name), f"got '{name}'", "supports", *supported)

    def test_a_backend_that_does_not_screen_says_so(self):
        self.assertEqual(capabilities("--backend", "reference").devices[0].screening_instruction_set, "")

    # What needs no server.

    def test_the_sample_file_is_accepted(self):
        sample = run("--print-sample-config")
        self.assertEqual(sample.returncode, 0)
        self.assertEqual(limits("--config", self.write(sample.stdout)), limits())

    def test_help_lists_every_option_with_its_variable(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for option in [*BAD_VALUES, "port-file", "data-dir", "config"]:
            self.assertIn("--" + option, result.stdout)
            self.assertIn(variable(option), result.stdout)
        self.assertIn("Exit codes:", result.stdout)

    def test_version_is_printed(self):
        result = run("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^engramd \d+\.\d+\.\d+\n$")

    # Addresses.

    def test_a_port_in_use_is_named(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            result = run("--listen", address)
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot bind", result.stderr)
        self.assertIn(address, result.stderr)

    def test_a_second_server_on_the_same_port_is_refused(self):
        with EngramServer(ENGRAMD) as server:
            result = run("--listen", server.address)
            self.assertEqual(result.returncode, 1)
            self.assertIn("cannot bind", result.stderr)

    def test_an_address_that_is_not_here_cannot_be_bound(self):
        for address in ("256.0.0.1:0", "unix:/no/such/folder/socket"):
            with self.subTest(address):
                result = run("--listen", address)
                self.assertEqual(result.returncode, 1)
                self.assertIn("cannot bind", result.stderr)
                self.assertIn(address, result.stderr)

    def test_a_port_file_that_cannot_be_written_is_named(self):
        path = os.path.join(self.folder, "missing", "port")
        result = run("--listen", "127.0.0.1:0", "--port-file", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(path, result.stderr)

    def test_a_unix_socket_serves(self):
        path = os.path.join(self.folder, "socket")
        process = subprocess.Popen([ENGRAMD, "--listen", "unix:" + path], stderr=subprocess.DEVNULL)
        try:
            with connect("unix:" + path) as channel:
                request = api.GetCapabilitiesRequest()
                stub = make_stub(channel)
                stub.GetCapabilities(request, timeout=TIMEOUT_SECONDS, wait_for_ready=True)
        finally:
            process.terminate()
            self.assertEqual(process.wait(timeout=TIMEOUT_SECONDS), 0)


if __name__ == "__main__":
    ENGRAMD = sys.argv.pop()
    unittest.main()
