"""Two machines, played by two network namespaces: a worker joins late, leaves early, or is refused."""
import os
import subprocess
import sys

from support import QSTAR, RunTest, SMOKE, main, qstar, results, results_of, wait_for

HEAD, AWAY = f"qstar-h{os.getpid()}", f"qstar-w{os.getpid()}"
ADDRESS, PORT = "10.213.7.1", 7000


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True)


def two_machines():
    """Two namespaces joined by a cable; the reason why not, where this machine does not allow it."""
    for name in (HEAD, AWAY):
        made = ip("netns", "add", name)
        if made.returncode != 0:
            return made.stderr.strip()
    for words in (
        ["link", "add", "qh", "netns", HEAD, "type", "veth", "peer", "name", "qw", "netns", AWAY],
        ["-n", HEAD, "addr", "add", f"{ADDRESS}/24", "dev", "qh"],
        ["-n", AWAY, "addr", "add", "10.213.7.2/24", "dev", "qw"],
        ["-n", HEAD, "link", "set", "qh", "up"],
        ["-n", AWAY, "link", "set", "qw", "up"],
        ["-n", HEAD, "link", "set", "lo", "up"],
    ):
        made = ip(*words)
        if made.returncode != 0:
            return made.stderr.strip()
    return ""


class NetworkTest(RunTest):
    def on(self, machine, *words):
        process = subprocess.Popen(["ip", "netns", "exec", machine, QSTAR, *words], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self.end, process)
        return process

    def worker(self, certificates, name):
        return self.on(AWAY, "worker", "--connect", f"{ADDRESS}:{PORT}", "--certs", self.path(certificates),
                       "--name", name)

    def results_of(self, name):
        return results_of(self.path("run"), name)

    def test_workers_join_late_leave_early_or_are_refused(self):
        for name in ("ours", "theirs"):
            self.assert_ok(qstar("certs", self.path(name)))
        head = self.on(HEAD, "train", SMOKE, "--run", self.path("run"), "--listen", f"{ADDRESS}:{PORT}",
                       "--certs", self.path("ours"), "stages.reinforce.rounds=150", "--log-level", "debug")
        answers = lambda: ip("netns", "exec", AWAY, "bash", "-c", f"echo > /dev/tcp/{ADDRESS}/{PORT}").returncode == 0
        self.assertTrue(wait_for(answers, 30))

        stranger = self.worker("theirs", "stranger")
        output, _ = stranger.communicate(timeout=60)
        self.assertEqual(stranger.returncode, 5, output)
        self.assertIn("same CA", output)

        early = self.worker("ours", "early")
        self.assertTrue(wait_for(lambda: self.results_of("early") > 0, 30))
        early.kill()
        late = self.worker("ours", "late")
        log = self.finish(head)
        for line in ("worker early joined (10.213.7.2)", "worker early left: the connection was lost",
                     "worker late joined (10.213.7.2)"):
            self.assertIn(line, log)
        self.assertNotIn("stranger", log)
        said = self.finish(late, 30)
        self.assertIn(f"worker late joined the head at {ADDRESS}:{PORT}: experiment smoke", said)
        self.assertIn(f"worker late ended: the head at {ADDRESS}:{PORT} has no more work for it", said)
        self.assertEqual(results(self.path("run"))["reinforce"]["rounds"], 150)
        self.assertGreater(self.results_of("late"), 0)
        self.assertEqual(self.results_of("stranger"), 0)


if __name__ == "__main__":
    why_not = two_machines()
    try:
        if why_not:
            print(f"skipped: no network namespaces here: {why_not}")
            sys.exit(77)
        main()
    finally:
        for namespace in (HEAD, AWAY):
            ip("netns", "del", namespace)
