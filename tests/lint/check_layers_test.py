"""Plants includes in a small tree and asks tools/check_layers.py about them."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
import check_layers  # noqa: E402


class CheckLayersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def plant(self, source, header):
        path = self.root / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"// A file.\n#include {header}\n", encoding="utf-8")

    def assert_allowed(self, source, header):
        self.plant(source, header)
        self.assertEqual([], list(check_layers.violations(self.root)))

    def assert_refused(self, source, header, why):
        self.plant(source, header)
        found = list(check_layers.violations(self.root))
        self.assertEqual([(source, 2, header.strip('<>"'))], [violation[:3] for violation in found])
        self.assertIn(why, found[0][3])

    def test_layers_may_look_down(self):
        self.assert_allowed("core/engine/engine.cc", '"core/sweep/sweeper.h"')
        self.assert_allowed("core/bank/memory_bank.cc", '"core/storage/journal.h"')
        self.assert_allowed("server/parse_request.cc", '"core/engine/engine.h"')
        self.assert_allowed("server/parse_request.cc", '"engram/v1/bank.pb.h"')
        self.assert_allowed("client/engram/client.cc", '"engram/v1/bank.pb.h"')

    def test_layers_may_look_at_themselves(self):
        self.assert_allowed("core/sweep/cpu/screen.cc", '"core/sweep/canonical_score.h"')
        self.assert_allowed("client/cli/main.cc", '"engram/client.h"')

    def test_layers_may_not_look_up(self):
        self.assert_refused("core/base/status.h", '"core/transform/entmax.h"', "core/base may include nothing else")

    def test_layers_may_not_look_sideways(self):
        self.assert_refused("core/transform/entmax.cc", '"core/bank/memory_bank.h"', "of layer core/bank")

    def test_core_does_not_see_the_server(self):
        self.assert_refused("core/engine/engine.cc", '"server/options.h"', "of layer server")

    def test_the_client_sees_neither_core_nor_server(self):
        self.assert_refused("client/cli/main.cc", '"core/base/mutex.h"', "of layer core/base")

    def test_the_server_does_not_see_the_client(self):
        self.assert_refused("server/main.cc", '"engram/client.h"', "of layer client")

    def test_core_sees_no_rpc_and_nothing_that_throws(self):
        for header in ("<grpcpp/grpcpp.h>", "<google/protobuf/message.h>", '"engram/v1/bank.pb.h"',
                       "<spdlog/spdlog.h>", "<CLI/CLI.hpp>", "<nlohmann/json.hpp>"):
            self.assert_refused("core/engine/engine.cc", header, "is only for server")

    def test_cuda_stays_in_its_folder(self):
        for header in ("<cuda_runtime.h>", "<cuda.h>", "<cublasLt.h>", "<cub/cub.cuh>", "<cuda/std/span>"):
            self.assert_refused("core/sweep/sweep.cc", header, "is only for core/sweep/cuda")
        self.assert_allowed("core/sweep/sweep.cc", "<vector>")
        self.assert_allowed("core/sweep/cuda/stream.h", "<cuda_runtime_api.h>")

    def test_a_new_folder_of_core_must_be_given_a_place(self):
        self.assert_refused("core/novelty/novelty.cc", '"core/base/mutex.h"', "does not know")

    def test_spaces_and_angle_brackets_hide_nothing(self):
        self.plant("core/base/status.h", '"core/base/error.h"')
        (self.root / "core/base/status.h").write_text("  #  include <core/engine/engine.h>\n", encoding="utf-8")
        self.assertEqual(1, len(list(check_layers.violations(self.root))))


if __name__ == "__main__":
    unittest.main()
