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

BUILD = sys.argv.pop(1) if len(sys.argv) > 1 else "build/release"
QSTAR = os.path.join(BUILD, "qstar")
SMOKE = "configs/smoke.toml"


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


def stats(run):
    """What the inspector says of the run's store."""
    answer = qstar("replay", "stats", os.path.join(run, "store"), "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


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

    def train(self, run, *words, timeout=120):
        return qstar("train", SMOKE, "--run", self.path(run), *words, timeout=timeout)


def main():
    unittest.main(verbosity=2)
