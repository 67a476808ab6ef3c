"""Starts the real programs for the integration tests."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

# A shell ignores SIGINT in what it starts in the background, and programs keep ignored signals ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release"
QSTAR = os.path.join(BUILD, "qstar")
SMOKE = "configs/smoke.toml"


FIXTURE = os.path.join(BUILD, "tests", "fixture")


def qstar(*words, timeout=120):
    """Runs the command to its end; gives the finished process with its output as text."""
    return subprocess.run([QSTAR, *words], capture_output=True, text=True, timeout=timeout)


def wait_for(condition, seconds):
    """Looks every 20 ms until the condition holds; says whether it came to hold in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def report(run):
    with open(os.path.join(run, "report.json")) as file:
        return json.load(file)


def results(run):
    """What the stages of a finished run have found, by the stages' names."""
    return report(run)["results"]


def groups(run):
    """The attempt groups in the run's store, as the inspector lists them."""
    answer = qstar("replay", "ls", os.path.join(run, "store"), "--limit", "0", "--json")
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line) for line in answer.stdout.splitlines()]


def training_groups(run):
    """Those from which a policy learned: a measurement makes one attempt per problem."""
    return [group for group in groups(run) if group["attempts"] > 1]


def stats(run):
    """What the inspector says of the run's store."""
    answer = qstar("replay", "stats", os.path.join(run, "store"), "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def trained_run(again=False):
    """A finished run of configs/smoke.toml that all scripts share; only to be read. What its training printed is
    beside it, in "said". ctest has it trained first (trained_run.py); a script that is run alone trains it when there
    is none of this build."""
    run, made_by = os.path.join(FIXTURE, "run"), os.path.join(FIXTURE, "made_by")
    build = "".join(f"{os.stat(path).st_mtime_ns} " for path in (QSTAR, os.path.join(BUILD, "qstar-train"), SMOKE))
    os.makedirs(FIXTURE, exist_ok=True)
    with open(os.path.join(FIXTURE, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if again or not os.path.exists(made_by) or read(made_by) != build:
            shutil.rmtree(run, ignore_errors=True)
            answer = qstar("train", SMOKE, "--run", run)
            assert answer.returncode == 0, answer.stderr
            for name, text in (("said", answer.stdout), ("made_by", build)):
                with open(os.path.join(FIXTURE, name), "w") as file:
                    file.write(text)
    return run


def results_of(run, node):
    """The number of tasks whose results the head took from this node; the run logs at the level debug."""
    if not os.path.exists(os.path.join(run, "log", "head.log")):
        return 0
    with open(os.path.join(run, "log", "head.log")) as file:
        events = [json.loads(line) for line in file if line.endswith("\n")]
    return sum(event["message"] == "result taken" and event["node"] == node for event in events)


def log_of(run, process="head"):
    """The events that a process of the run has logged."""
    with open(os.path.join(run, "log", process + ".log")) as file:
        return [json.loads(line) for line in file]


def reached(run, phase):
    """Whether the run has reported a figure of that phase."""
    try:
        with open(os.path.join(run, "metrics.jsonl")) as lines:
            return any(json.loads(line)["phase"] == phase for line in lines if line.endswith("\n"))
    except FileNotFoundError:
        return False


def children(pid):
    """The processes that this one has started and that still run."""
    answer = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(word) for word in answer.stdout.split()]


def read(path):
    with open(path) as file:
        return file.read()


class Terminal:
    """A command on a pseudo-terminal of its own."""

    def __init__(self, *words, term="xterm", columns=100):
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execve(QSTAR, [QSTAR, *words], {**os.environ, "TERM": term})
        self.seen = ""

    def read(self, seconds):
        """What is shown next; nothing when the command has ended, or none came in time."""
        if not select.select([self.screen], [], [], max(0, seconds))[0]:
            return ""
        try:
            return os.read(self.screen, 4096).decode()
        except OSError:  # how Linux says that nobody holds the other side
            return ""

    def shows(self, pattern, seconds):
        """Whether the pattern comes to be seen in time."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            more = self.read(end - time.monotonic())
            if not more:
                return False
            self.seen += more
        return True

    def press(self, key):
        os.write(self.screen, key)

    def end(self, seconds):
        """Reads to the end; gives the exit code."""
        end = time.monotonic() + seconds
        while more := self.read(end - time.monotonic()):
            self.seen += more
        while time.monotonic() < end + 5:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        return None  # it runs on

    def kill(self):
        """Whatever became of it."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


class RunTest(unittest.TestCase):
    """A test with a folder of its own that goes when it ends."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="qstar-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def refused(self, process, code, *words):
        """Nothing on standard output, one line with these words on standard error, and the exit code."""
        self.assertEqual(process.returncode, code, process.stderr)
        self.assertEqual(process.stdout, "")
        line = process.stderr.strip()
        self.assertEqual(len(line.splitlines()), 1, line)
        for word in words:
            self.assertIn(word, line)

    def start(self, *words):
        """Starts the command and leaves it running, its output in one pipe; ended with the test at the latest."""
        process = subprocess.Popen([QSTAR, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.returncode is None:
            process.kill()
            process.communicate()

    def finish(self, process, seconds=120):
        """Waits for a started command to end well; gives what it said."""
        output, _ = process.communicate(timeout=seconds)
        self.assertEqual(process.returncode, 0, output)
        return output

    def path(self, name):
        return os.path.join(self.folder, name)

    def assert_ok(self, process):
        self.assertEqual(process.returncode, 0, f"{process.args}\n{process.stdout}\n{process.stderr}")

    def copy_of_trained_run(self, name="run"):
        """The shared run in this test's own folder, to be changed at will."""
        return shutil.copytree(trained_run(), self.path(name))

    def train(self, run, *words, timeout=120):
        return qstar("train", SMOKE, "--run", self.path(run), *words, timeout=timeout)


def main():
    unittest.main(verbosity=2)
