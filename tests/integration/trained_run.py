"""The run that other scripts read: trained once before them (Trained), and the same after them (Unchanged)."""
import hashlib
import json
import os

from support import FIXTURE, RunTest, main, read, results, trained_run

DIGESTS = os.path.join(FIXTURE, "digests.json")


def digests(folder):
    """The content of every file, but for the database's lock and its log of messages."""
    found = {}
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if name not in ("LOCK", "LOG"):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Trained(RunTest):
    def test_it_is_trained(self):
        run = trained_run(again=True)
        self.assertEqual(results(run)["reinforce"]["rounds"], 4)
        with open(DIGESTS, "w") as file:
            json.dump(digests(run), file)


class Unchanged(RunTest):
    def test_no_script_has_changed_it(self):
        self.assertEqual(digests(os.path.join(FIXTURE, "run")), json.loads(read(DIGESTS)))


if __name__ == "__main__":
    main()
