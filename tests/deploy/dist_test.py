"""Packs the programs of a build tree with tools/dist.sh and runs them from a folder that was moved, with nothing set.

Usage: dist_test.py [unittest options] BUILD_DIR
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

from engram_server import EngramServer

DIST = pathlib.Path(__file__).parents[2] / "tools/dist.sh"
EPOCH = 1_700_000_000
# What must be the machine's own: glibc, its loader, and the NVIDIA driver.
SYSTEM_LIBRARIES = re.compile(
    r"(ld-linux.*|lib(c|m|mvec|dl|pthread|rt|util|anl|resolv|cuda|nvidia.*|nss_.*))(-[\d.]+)?\.so(\..*)?"
)
SKIPPED = 77  # Exit code, which CMakeLists.txt knows.


def dist(*arguments, env=None):
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), **(env or {})}
    return subprocess.run([DIST, *arguments], env=environment, capture_output=True, text=True, timeout=240, check=False)


def run_bare(*command):
    """Runs a program with an empty environment."""
    return subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False)


def loaded_from(pid):
    """The shared libraries that a process has mapped."""
    lines = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    paths = {pathlib.Path(line.split(maxsplit=5)[5]) for line in lines if "/" in line}
    return {path for path in paths if ".so" in path.suffixes}


class DistTest(unittest.TestCase):
    """One bundle, which the tests only read."""

    build = None

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name).resolve()
        cls.output = folder / "output"
        made = dist(cls.build, cls.output, "--with-tests", "mutex_test")
        if made.returncode != 0:
            raise RuntimeError(f"{DIST} failed:\n{made.stdout}{made.stderr}")
        cls.said = made.stderr
        (cls.archive,) = cls.output.glob("engram-*-linux-*.tar.gz")
        moved = folder / "another place"
        with tarfile.open(cls.archive) as archive:
            archive.extractall(moved)
        (cls.bundle,) = moved.iterdir()

    def test_it_is_named_for_version_and_machine_and_unpacked_beside(self):
        self.assertRegex(self.archive.name, rf"^engram-\d+\.\d+\.\d+-linux-{os.uname().machine}\.tar\.gz$")
        self.assertEqual(f"{self.bundle.name}.tar.gz", self.archive.name)
        self.assertTrue((self.output / self.bundle.name / "bin/engramd").is_file())

    def test_the_programs_run_with_an_empty_environment(self):
        for program in ("engramd", "engram"):
            result = run_bare(self.bundle / "bin" / program, "--version")
            self.assertEqual(0, result.returncode, result.stderr)
            self.assertRegex(result.stdout, rf"^{program} \d+\.\d+\.\d+\n$")

    def test_a_running_server_has_loaded_nothing_else_of_the_machine_than_glibc_and_the_driver(self):
        with EngramServer(self.bundle / "bin/engramd", env={"LD_LIBRARY_PATH": ""}) as server:
            info = run_bare(self.bundle / "bin/engram", "info", "--server", server.address)
            self.assertEqual(0, info.returncode, info.stderr)
            loaded = loaded_from(server.process.pid)
        inside = {path for path in loaded if path.is_relative_to(self.bundle)}
        self.assertTrue(inside, "nothing was loaded from the bundle")
        foreign = {str(path) for path in loaded - inside if not SYSTEM_LIBRARIES.fullmatch(path.name)}
        self.assertEqual(set(), foreign)

    def test_what_others_put_into_ld_library_path_is_not_mixed_in(self):
        with tempfile.TemporaryDirectory() as folder:
            bait = pathlib.Path(folder, "libstdc++.so.6")
            bait.write_text("no library", encoding="utf-8")
            result = subprocess.run([self.bundle / "bin/engram", "--version"], env={"LD_LIBRARY_PATH": folder},
                                    capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(0, result.returncode, result.stderr)

    def test_the_programs_are_stripped_and_look_for_libraries_in_the_bundle_alone(self):
        for program in (self.bundle / "bin").iterdir():
            sections = subprocess.run(["readelf", "--wide", "--section-headers", "--dynamic", program],
                                      capture_output=True, text=True, check=True).stdout
            self.assertNotIn(".symtab", sections, program)
            self.assertIn("[$ORIGIN/../lib]", sections, program)

    def test_the_readme_says_what_the_bundle_needs(self):
        text = (self.bundle / "README.txt").read_text(encoding="utf-8")
        self.assertRegex(text, r"glibc \d+\.\d+ or later")
        self.assertRegex(text, r"computes on the CPU only|NVIDIA driver")

    @unittest.skipUnless(shutil.which("dpkg"), "packages are what says whose a library is")
    def test_libraries_come_with_their_licences(self):
        self.assertNotIn("licence", self.said, "one is missing")
        text = next((self.bundle / "licences").glob("libgrpc*")).read_text(encoding="utf-8")
        self.assertIn("Apache", text)

    def test_the_same_programs_make_the_same_archive(self):
        with tempfile.TemporaryDirectory() as again:
            result = dist(self.build, again, "--with-tests", "mutex_test")
            self.assertEqual(0, result.returncode, result.stderr)
            other = pathlib.Path(again, self.archive.name)
            self.assertEqual(*[hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.archive, other)])
        with tarfile.open(self.archive) as archive:
            self.assertEqual({(EPOCH, 0, 0)}, {(member.mtime, member.uid, member.gid) for member in archive})


class GpuTestRunnerTest(unittest.TestCase):
    """run-gpu-tests.sh over programs that only say what GoogleTest would."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "bin").mkdir()
        shutil.copy(DIST.parents[1] / "deploy/bundle/run-gpu-tests.sh", self.root)
        self.plant("engramd", "exit 1")
        for name in ("engram", "engram_gpu_bench", "engram_echo_server"):
            self.plant(name, "exit 1")

    def plant(self, name, body):
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def run_tests(self, *options, **env):
        result = subprocess.run([self.root / "run-gpu-tests.sh", *options], env={**os.environ, **env},
                                capture_output=True, text=True, timeout=60, check=False)
        return result.returncode, result.stdout.splitlines()

    def test_passed_and_skipped_tests_are_counted(self):
        self.plant("a_test", "echo '[  PASSED  ] 3 tests.'; echo '[  SKIPPED ] 2 tests, listed below:'\n"
                             "echo '[  SKIPPED ] A.B'")
        self.plant("b_test", "echo '[  PASSED  ] 0 tests.'; echo '[  SKIPPED ] 1 test, listed below:'")
        self.assertEqual((0, ["ok       a_test: 3 passed, 2 skipped", "SKIPPED  b_test: 0 passed, 1 skipped",
                              "1 ok, 1 skipped, 0 failed"]), self.run_tests())

    def test_a_failure_is_shown_and_the_others_still_run(self):
        self.plant("a_test", "echo what went wrong; exit 1")
        self.plant("b_test", "echo '[  PASSED  ] 1 test.'")
        self.assertEqual((1, ["FAILED   a_test: exit code 1", "         what went wrong",
                              "ok       b_test: 1 passed, 0 skipped", "1 ok, 0 skipped, 1 failed"]), self.run_tests())

    def test_a_program_that_hangs_is_ended(self):
        self.plant("a_test", "exec sleep 600")
        self.assertEqual((1, ["FAILED   a_test: not done after 1 s", "0 ok, 0 skipped, 1 failed"]),
                         self.run_tests(TIMEOUT_SECONDS="1"))

    def test_no_test_at_all_is_no_success(self):
        self.plant("a_test", "echo '[  PASSED  ] 0 tests.'")
        self.assertEqual(77, self.run_tests()[0])

    def test_options_reach_the_programs(self):
        self.plant("a_test", """[ "$1" = --gtest_filter=A ] && echo '[  PASSED  ] 1 test.'""")
        self.assertEqual(0, self.run_tests("--gtest_filter=A")[0])


class ChangedTreeTest(unittest.TestCase):
    """Copies of the programs, which the tests may change."""

    build = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name, "tree")
        self.output = pathlib.Path(folder.name, "output")
        (self.tree / "bin").mkdir(parents=True)
        for program in ("engramd", "engram"):
            shutil.copy(pathlib.Path(self.build, "bin", program), self.tree / "bin")

    def patch(self, program, *options):
        subprocess.run(["patchelf", *options, self.tree / "bin" / program], check=True)

    def assert_refused(self, *words, code=1):
        result = dist(self.tree, self.output)
        self.assertEqual(code, result.returncode, result.stderr)
        self.assertTrue(result.stderr.startswith("dist: "), result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertFalse(self.output.exists())

    def test_a_missing_program_is_named(self):
        (self.tree / "bin/engram").unlink()
        self.assert_refused("bin/engram is missing")

    def test_what_is_no_program_is_named(self):
        (self.tree / "bin/engram").write_text("#!/bin/sh\n", encoding="utf-8")
        self.assert_refused("bin/engram is not a dynamically linked program")

    def test_a_library_that_is_not_found_is_named(self):
        self.patch("engram", "--add-needed", "libnowhere.so.1")
        self.assert_refused("bin/engram needs libnowhere.so.1")

    def test_a_library_from_outside_the_bundle_is_named(self):
        outside = next(path for path in self.libraries("engram") if path.endswith("/libstdc++.so.6"))
        self.patch("engram", "--add-needed", outside)
        self.assert_refused(f"loads {outside} from outside")

    def libraries(self, program):
        traced = subprocess.run(["ldd", self.tree / "bin" / program], capture_output=True, text=True, check=True)
        return re.findall(r"=> (\S+)", traced.stdout)

    def test_a_program_with_code_for_gpus_names_the_driver(self):
        server = self.tree / "bin/engramd"
        sections = subprocess.run(["readelf", "--section-headers", "--wide", server], check=True, capture_output=True)
        if b" .nv_fatbin " not in sections.stdout:  # A build without CUDA.
            subprocess.run(["objcopy", "--add-section", f".nv_fatbin={__file__}", server], check=True)
        compiler = self.tree / "CMakeFiles/3.25.1/CMakeCUDACompiler.cmake"
        compiler.parent.mkdir(parents=True)
        for line, words in (('set(CMAKE_CUDA_COMPILER_VERSION "13.0.88")', "NVIDIA driver, 580 or later"),
                            ("", "NVIDIA driver, of a version that knows CUDA")):
            compiler.write_text(f"{line}\n", encoding="utf-8")
            result = dist(self.tree, self.output)
            self.assertEqual(0, result.returncode, result.stderr)
            (readme,) = self.output.glob("engram-*/README.txt")
            self.assertIn(words, readme.read_text(encoding="utf-8"))

    def test_what_cannot_be_understood_is_a_usage_error(self):
        for arguments in ((), (self.tree,), (self.tree, self.output, "--nonsense"),
                          (self.tree, self.output, "--with-tests")):
            result = dist(*arguments)
            self.assertEqual(2, result.returncode, arguments)
            self.assertTrue(result.stderr.startswith("dist: "), result.stderr)

    def test_help_says_how_to_call_it(self):
        result = dist("--help")
        self.assertEqual(0, result.returncode)
        self.assertIn("tools/dist.sh BUILD_DIR OUTPUT_DIR", result.stdout)


if __name__ == "__main__":
    if not shutil.which("patchelf"):
        print("skipped: no patchelf here; tools/setup.sh dist installs it", file=sys.stderr)
        sys.exit(SKIPPED)
    DistTest.build = ChangedTreeTest.build = sys.argv.pop()
    unittest.main()
