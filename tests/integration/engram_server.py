"""A running engramd for tests."""

import os
import signal
import subprocess
import tempfile
import time

# Long enough for a sanitized server on a busy machine.
STARTUP_SECONDS = 120
SHUTDOWN_SECONDS = 120


class EngramServer:
    """engramd on a free port of the loopback interface, in a folder of its own.

        with EngramServer(program, "--max-banks", "2") as server:
            ... server.address ...

    Leaving the block stops it with SIGTERM and raises unless it exits with 0. `env` adds to the
    environment, from which ENGRAM_* is removed.
    """

    def __init__(self, program, *flags, env=None):
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = self._temporary.name
        self._log_path = os.path.join(self.folder, "log")
        self._port_file = os.path.join(self.folder, "port")
        command = [os.path.abspath(program), "--listen", "127.0.0.1:0", "--port-file", self._port_file, *flags]
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("ENGRAM_")}
        with open(self._log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stderr=log, env={**inherited, **(env or {})}
            )
        self.address = f"127.0.0.1:{self._wait_for_port()}"

    def __enter__(self):
        return self

    def __exit__(self, exception_type, exception, traceback):
        self.close()

    def _wait_for_port(self):
        deadline = time.monotonic() + STARTUP_SECONDS
        while not os.path.exists(self._port_file):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                code = self.process.wait()
                raise RuntimeError(f"engramd did not start: exit code {code}\n{self.log()}")
            time.sleep(0.01)  # The file appears in one piece; nothing else tells when.
        with open(self._port_file, encoding="utf-8") as file:
            return int(file.read())

    def log(self):
        """What the server has written to its standard error."""
        with open(self._log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_log(self, text):
        """Waits until the server has written this."""
        deadline = time.monotonic() + STARTUP_SECONDS
        while text not in self.log():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"engramd did not write '{text}'\n{self.log()}")
            time.sleep(0.01)  # Nothing else tells when.

    def kill(self):
        """Ends the server as a crash does."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """Sends SIGTERM and returns at once."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """Waits until the server has ended and returns its exit code."""
        return self.process.wait(timeout=SHUTDOWN_SECONDS)

    def close(self):
        """Stops the server; raises RuntimeError unless it exits with 0. May be called again."""
        if self._temporary is None:
            return
        try:
            if self.process.poll() is None:
                self.terminate()
            code = self.wait()
            if code != 0:
                raise RuntimeError(f"engramd: got exit code {code} after SIGTERM, expected 0\n{self.log()}")
        finally:
            self.abandon()

    def abandon(self):
        """Ends the server, if it still runs, whatever its exit code."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None
