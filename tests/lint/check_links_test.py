"""Plants links in a small tree and asks tools/check_links.py about them."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))
import check_links  # noqa: E402


class CheckLinksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "docs").mkdir()
        (self.root / "docs/page.md").write_text("A page.\n", encoding="utf-8")

    def dead(self, text):
        (self.root / "docs/links.md").write_text(text, encoding="utf-8")
        return [(line, target) for _, line, target in check_links.dead_links(self.root)]

    def test_links_to_files_and_folders_live(self):
        self.assertEqual([], self.dead("[a](page.md) [b](page.md#part) [c](../docs) [d](/docs/page.md)\n"))

    def test_links_elsewhere_are_not_followed(self):
        self.assertEqual([], self.dead("[a](https://example.com/x) [b](mailto:a@b) [c](#part)\n"))

    def test_dead_links_are_found_with_their_line(self):
        self.assertEqual([(2, "none.md")], self.dead("Text.\n[a](none.md)\n"))

    def test_dead_images_and_references_are_found(self):
        self.assertEqual([(1, "none.png"), (2, "../none")], self.dead("![a](none.png)\n[b]: ../none\n"))

    def test_code_holds_no_links(self):
        self.assertEqual([], self.dead("`[a](none.md)`\n```\n[b](none.md)\n```\n"))


if __name__ == "__main__":
    unittest.main()
