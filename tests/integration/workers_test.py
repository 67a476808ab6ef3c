"""Worker processes: they do work, are replaced when killed, and never outlive the head."""
import json
import os
import signal
import socket
import time

from support import RunTest, children, log_of, main, qstar, read, results, results_of, wait_for, SMOKE


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class WorkersTest(RunTest):
    def test_a_killed_worker_is_replaced_and_the_run_finishes(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--workers", "1", "stages.reinforce.rounds=12",
                             "--log-level", "debug")
        self.assertTrue(wait_for(lambda: children(process.pid), 30))
        first = children(process.pid)[0]
        time.sleep(1)
        os.kill(first, signal.SIGKILL)
        self.assertTrue(wait_for(lambda: [c for c in children(process.pid) if c != first], 30))
        self.finish(process)
        self.assertEqual(results(self.path("run"))["reinforce"]["rounds"], 12)
        self.assertGreater(self.results_of("worker-1"), 0)
        events = log_of(self.path("run"))
        ended = [event for event in events if event["message"] == "a worker process ended: signal 9"]
        self.assertEqual([(event["level"], event["node"]) for event in ended], [("warning", "worker-1")])
        joined = [event["node"] for event in events if event["message"].startswith("worker joined")]
        self.assertEqual(joined, ["worker-1", "worker-1"])
        self.assertIn("the run starts", [event["message"] for event in events])
        self.assertIn("checkpoint written", [event["message"] for event in events])
        self.assertEqual({event["process"] for event in log_of(self.path("run"), "worker-1")}, {"worker-1"})

    def test_leases_of_a_frozen_worker_are_logged_when_they_expire(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--workers", "1", "stages.reinforce.rounds=40",
                             "engine.lease_seconds=1", "--log-level", "debug", "--log-terminal")
        self.assertTrue(wait_for(lambda: children(process.pid), 30))
        worker = children(process.pid)[0]
        self.assertTrue(wait_for(lambda: [e for e in self.events() if e["message"] == "lease granted" and
                                          e["node"] == "worker-1"], 30))
        os.kill(worker, signal.SIGSTOP)
        self.assertTrue(wait_for(lambda: [e for e in self.events() if e["message"] == "lease expired"], 30))
        os.kill(worker, signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        expired = [event for event in self.events() if event["message"] == "lease expired"]
        self.assertEqual({(event["level"], event["node"]) for event in expired}, {("warning", "worker-1")})
        self.assertIn('"message":"lease expired"', output)  # --log-terminal
        self.assertEqual(self.events()[-1]["code"], "interrupted")

    def events(self):
        """What is logged so far, but for a line that is being written."""
        try:
            lines = read(os.path.join(self.path("run"), "log", "head.log")).splitlines(keepends=True)
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def test_a_frozen_worker_holds_nobody_up(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--workers", "1", "stages.reinforce.rounds=12",
                             "engine.lease_seconds=1")
        self.assertTrue(wait_for(lambda: children(process.pid), 30))
        frozen = children(process.pid)[0]
        time.sleep(1)
        os.kill(frozen, signal.SIGSTOP)
        self.finish(process)
        self.assertEqual(results(self.path("run"))["reinforce"]["rounds"], 12)
        self.assertTrue(wait_for(lambda: not alive(frozen), 10))

    def test_workers_that_the_head_stops_are_not_lost(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--workers", "2", "stages.reinforce.rounds=4000")
        log = os.path.join(self.path("run"), "log", "head.log")
        self.assertTrue(wait_for(lambda: os.path.exists(log) and read(log).count("worker joined") == 2, 60))
        os.kill(children(process.pid)[0], signal.SIGSTOP)  # this one has to be killed
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, output)
        self.assertNotIn("connection was lost", output + read(log))

    def test_a_killed_head_leaves_no_orphans(self):
        process = self.start("train", SMOKE, "--run", self.path("run"), "--workers", "2", "stages.reinforce.rounds=40")
        self.assertTrue(wait_for(lambda: len(children(process.pid)) == 2, 30))
        workers = children(process.pid)
        time.sleep(1)
        process.kill()
        process.communicate()
        self.assertTrue(wait_for(lambda: not any(alive(w) for w in workers), 10))

    def test_a_worker_with_a_foreign_certificate_is_refused(self):
        for name in ("ours", "theirs"):
            self.assert_ok(qstar("certs", self.path(name)))
        port = free_port()
        process = self.start("train", SMOKE, "--run", self.path("run"), "--listen", f"127.0.0.1:{port}", "--certs",
                        self.path("ours"), "stages.reinforce.rounds=30", "--log-level", "debug")
        self.assertTrue(wait_for(lambda: listening(port), 30))
        refused = qstar("worker", "--connect", f"127.0.0.1:{port}", "--certs", self.path("theirs"), timeout=60)
        self.assertEqual(refused.returncode, 5, refused.stderr)
        visitor = self.start("worker", "--connect", f"127.0.0.1:{port}", "--certs", self.path("ours"),
                             "--name", "visitor")
        self.finish(process)
        self.finish(visitor, 30)  # ends with the run
        self.assertGreater(self.results_of("visitor"), 0)

    def test_a_worker_waits_for_a_killed_head_that_is_resumed(self):
        self.assert_ok(qstar("certs", self.path("certs")))
        port = free_port()
        head = ["train", SMOKE, "--run", self.path("run"), "--listen", f"127.0.0.1:{port}", "--certs",
                self.path("certs"), "stages.reinforce.rounds=120", "--log-level", "debug"]
        first = self.start(*head)
        self.assertTrue(wait_for(lambda: listening(port), 30))
        visitor = self.start("worker", "--connect", f"127.0.0.1:{port}", "--certs", self.path("certs"),
                             "--name", "visitor")
        impatient = self.start("worker", "--connect", f"127.0.0.1:{port}", "--certs", self.path("certs"),
                               "--name", "impatient", "--rejoin", "0")
        self.assertTrue(wait_for(lambda: self.results_of("visitor") and self.results_of("impatient"), 60))
        first.kill()
        first.communicate()
        output, _ = impatient.communicate(timeout=60)
        self.assertEqual(impatient.returncode, 5, output)
        before = self.results_of("visitor")
        second = self.start(*head, "--resume")
        self.finish(second)
        self.finish(visitor, 30)
        self.assertGreater(self.results_of("visitor"), before)

    def results_of(self, node):
        return results_of(self.path("run"), node)

    def test_beyond_loopback_wants_certificates(self):
        answer = self.train("run", "--listen", "0.0.0.0:0")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("qstar certs", answer.stderr)


if __name__ == "__main__":
    main()
