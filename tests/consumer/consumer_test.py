"""Installs the build tree, builds a program against the installed package and runs it against the installed
server. The environment says where everything is: CMAKE, CXX, SOURCE_DIR, BUILD_DIR, SANITIZE.
"""

import os
import pathlib
import subprocess
import tempfile
import unittest

from engram_server import EngramServer

PROJECT = pathlib.Path(__file__).parent / "project"
CMAKE, CXX = os.environ["CMAKE"], os.environ["CXX"]
SOURCE_DIR, BUILD_DIR = os.environ["SOURCE_DIR"], os.environ["BUILD_DIR"]
SANITIZE = os.environ.get("SANITIZE", "")


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{command} failed:\n{result.stdout}{result.stderr}")
    return result.stdout


class ConsumerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.temporary.cleanup)
        folder = pathlib.Path(cls.temporary.name)
        installed = folder / "installed"
        run(CMAKE, "--install", BUILD_DIR, "--prefix", str(installed))
        # A package must not care where it was installed first.
        cls.prefix = installed.rename(folder / "moved")
        cls.build = folder / "build"
        # What the libraries were instrumented for is needed to link them.
        sanitize = f"-DCMAKE_CXX_FLAGS=-fsanitize={SANITIZE}" if SANITIZE else "-DCMAKE_CXX_FLAGS="
        run(
            *[CMAKE, "-S", str(PROJECT), "-B", str(cls.build), sanitize, f"-DCMAKE_CXX_COMPILER={CXX}"],
            *[f"-DCMAKE_PREFIX_PATH={cls.prefix}", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"],
        )
        run(CMAKE, "--build", str(cls.build))

    def exported(self):
        return list(self.prefix.glob("lib/**/engram*.cmake"))

    def test_the_program_talks_to_the_installed_server(self):
        with EngramServer(str(self.prefix / "bin" / "engramd")) as server:
            self.assertRegex(run(str(self.build / "consumer"), server.address), r"^engramd \d+\.\d+\.\d+\n$")

    def test_the_installed_command_line_runs(self):
        self.assertRegex(run(str(self.prefix / "bin" / "engram"), "--version"), r"^engram ")

    def test_the_package_names_no_folder_of_the_source_or_build_tree(self):
        names = [path.name for path in self.exported()]
        self.assertIn("engramConfig.cmake", names)
        self.assertIn("engramTargets.cmake", names)
        for path in self.exported():
            text = path.read_text(encoding="utf-8")
            self.assertNotIn(SOURCE_DIR, text, path)
            self.assertNotIn(BUILD_DIR, text, path)

    def test_no_compile_option_of_ours_reaches_the_consumer(self):
        commands = (self.build / "compile_commands.json").read_text(encoding="utf-8")
        for option in ("-Wall", "-Werror", "-Wpedantic", "-fno-exceptions", "-ffp-contract", "-UNDEBUG"):
            self.assertNotIn(option, commands)
        for path in self.exported():
            self.assertNotIn("compile_options", path.read_text(encoding="utf-8").lower(), path)

    def test_headers_protos_and_mocks_are_installed(self):
        for header in ("client.h", "connection.h", "matrix.h", "mocks/mock_connection.h"):
            self.assertTrue((self.prefix / "include/engram" / header).is_file(), header)
        for proto in pathlib.Path(SOURCE_DIR, "proto/engram/v1").glob("*.proto"):
            self.assertTrue((self.prefix / "share/engram/proto/engram/v1" / proto.name).is_file(), proto)
            self.assertTrue((self.prefix / "include/engram/v1" / f"{proto.stem}.pb.h").is_file(), proto)


if __name__ == "__main__":
    unittest.main()
