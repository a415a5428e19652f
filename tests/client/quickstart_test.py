"""Runs the quickstart example against a real server, twice.

Usage: quickstart_test.py [unittest options] QUICKSTART ENGRAMD
"""

import subprocess
import sys
import unittest

from engram_server import EngramServer

QUICKSTART, ENGRAMD = "", ""

T = ["#####", "..#..", "..#..", "..#..", "..#.."]


def run(address):
    return subprocess.run(
        [QUICKSTART, address], capture_output=True, text=True, timeout=60, check=False
    )


class QuickstartTest(unittest.TestCase):
    def test_the_damaged_letter_is_recalled_every_time(self):
        with EngramServer(ENGRAMD) as server:
            for _ in range(2):  # It leaves nothing behind.
                result = run(server.address)
                self.assertEqual(result.returncode, 0, result.stderr)
                lines = result.stdout.splitlines()
                self.assertEqual([line.split()[1] for line in lines[1:6]], T)
                self.assertIn("This is 'T', weight 1,", lines[6])

    def test_without_a_server_it_says_so(self):
        result = run("127.0.0.1:1")
        self.assertEqual(result.returncode, 1)
        self.assertIn("UNAVAILABLE", result.stderr)


if __name__ == "__main__":
    QUICKSTART, ENGRAMD = sys.argv[-2:]
    unittest.main(argv=sys.argv[:-2])
