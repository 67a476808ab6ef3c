"""Plants one violation at a time in a small tree and expects tools/check_layers.py to find it."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "tools" / "check_layers.py"

LAWFUL = {
    "core/a.hpp": '#include <vector>\n#include "core/b.hpp"\n',
    "data/a.hpp": '#include "core/a.hpp"\n',
    "model/a.hpp": '#include "data/a.hpp"\n',
    "inference/a.hpp": '#include "model/a.hpp"\n#include "environment/text/e.hpp"\n',
    "search/a.cpp": '#include "search/a.hpp"\n#include "environment/e.hpp"\n',
    "learning/a.cpp": '#include "inference/a.hpp"\n',
    "learning/nn/a.cpp": '#include <torch/torch.h>\n#include "core/a.hpp"\n',
    "actors/a.cpp": '#include <caf/all.hpp>\n#include "learning/a.hpp"\n',
    "serving/a.cpp": "#include <boost/beast/core.hpp>\n",
    "persistence/a.cpp": "#include <rocksdb/db.h>\n",
    "environment/a.cpp": "#include <boost/multiprecision/cpp_int.hpp>\n",
    "cli/a.cpp": '#include <caf/all.hpp>\n#include "actors/a.hpp"\n',
    "core/n.hpp": "namespace qstar {\nnamespace qstar::lanes {\n",
    "search/text/n.cpp": "namespace qstar::search {\nnamespace qstar::search::rows {\n",
    "tests/n.cpp": "namespace qstar {\n",
    "tests/core/a.cpp": "#include <catch2/catch.hpp>\n",
    "core/long_enough.cpp": "\n" * 400,
}

UNLAWFUL = {
    "core/x.hpp": '#include "environment/e.hpp"',
    "data/x.cpp": '#include "model/a.hpp"',
    "model/x.cpp": '#include "environment/e.hpp"',
    "inference/x.cpp": '#include "learning/a.hpp"',
    "environment/x.cpp": '#include "search/a.hpp"',
    "environment/puzzle/x.cpp": '#include "model/a.hpp"',
    "search/y.cpp": '#include "inference/a.hpp"',
    "search/x.cpp": '#include "learning/a.hpp"',
    "learning/x.cpp": '#include "search/a.hpp"',
    "persistence/x.cpp": '#  include "actors/a.hpp"',
    "actors/x.cpp": '#include "cli/a.hpp"',
    "serving/x.hpp": '#include "tests/support/a.hpp"',
    "experiment/x.cpp": '#include "serving/a.hpp"',
    "learning/x.hpp": "#include <torch/torch.h>",
    "learning/nets.hpp": "#include <ATen/core/Tensor.h>",
    "serving/y.cpp": "#include <caf/all.hpp>",
    "actors/y.cpp": "#include <rocksdb/db.h>",
    "cli/y.cpp": "#include <boost/asio.hpp>",
    "core/y.cpp": "#include <catch2/catch.hpp>",
    "data/n.cpp": "namespace qstar::search {",
    "search/n.cpp": "namespace qstar {",
    "learning/nn/n.cpp": "namespace qstar::nn {",
    "core/too_long.cpp": "\n" * 401,
}


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        for name, text in LAWFUL.items():
            self.write(name, text)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def check(self):
        return subprocess.run([sys.executable, SCRIPT, self.root], capture_output=True, text=True)

    def test_lawful_tree_passes(self):
        done = self.check()
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_each_planted_violation_is_found_alone(self):
        for name, text in UNLAWFUL.items():
            with self.subTest(name):
                planted = self.write(name, text)
                done = self.check()
                planted.unlink()
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout.count("\n"), 1, done.stdout)
                self.assertTrue(done.stdout.startswith(name + ":"), done.stdout)


if __name__ == "__main__":
    unittest.main()
