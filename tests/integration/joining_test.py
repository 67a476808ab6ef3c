"""Workers that join and leave are named on both sides; addresses, ports and signals do what they say."""
import os
import signal
import socket
import stat
import threading
import time

from support import RunTest, SMOKE, log_of, main, qstar, wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class Listener:
    """Collects what a process says, line by line."""

    def __init__(self, process):
        self.process, self.lines = process, []
        self.thread = threading.Thread(target=self.collect, daemon=True)
        self.thread.start()

    def collect(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, text, seconds=60):
        return wait_for(lambda: any(text in line for line in self.lines), seconds)

    def end(self, seconds):
        """The exit code, and how long it took."""
        began = time.monotonic()
        self.process.wait(timeout=seconds)
        took = time.monotonic() - began
        self.thread.join(timeout=5)
        self.process.stdout.close()
        return self.process.returncode, took


class JoiningTest(RunTest):
    def setUp(self):
        super().setUp()
        self.assert_ok(qstar("certs", self.path("certs")))
        self.port = free_port()

    def worker(self, name, *words, address=None):
        return Listener(self.start("worker", "--connect", address or f"127.0.0.1:{self.port}", "--certs",
                                   self.path("certs"), "--name", name, *words))

    def head(self, listen, *words):
        return Listener(self.start("train", SMOKE, "--run", self.path("run"), "--listen", listen, "--certs",
                                   self.path("certs"), "stages.reinforce.rounds=5000", *words))

    def assert_says(self, listener, text, seconds=60):
        self.assertTrue(listener.said(text, seconds), f"{text!r} not in {listener.lines}")

    def assert_stops(self, listener, number, within=1.5):
        listener.process.send_signal(number)
        code, took = listener.end(20)
        self.assertEqual(code, 130, listener.lines)
        self.assertLess(took, within)

    def test_both_sides_name_who_joins_and_leaves(self):
        head = self.head(f"*:{self.port}", "--http", "0", "--http-address", "*")
        self.assert_says(head, f":{self.port}, all interfaces")
        if has_ipv6():
            self.assert_says(head, f"listening on [::]:{self.port}")
            self.assert_says(head, "gateway on http://[::]:")
        stopped, killed, ended = self.worker("stopped"), self.worker("killed"), self.worker("ended")
        for worker, name in ((stopped, "stopped"), (killed, "killed"), (ended, "ended")):
            self.assert_says(worker, f"worker {name} joined the head at 127.0.0.1:{self.port}: experiment smoke")
            self.assert_says(head, f"worker {name} joined (127.0.0.1)")
        self.assert_stops(stopped, signal.SIGTERM)
        self.assert_says(stopped, "worker stopped stopped; its leases go back to the head", 1)
        self.assert_says(head, "worker stopped left: it was stopped", 10)
        killed.process.kill()
        self.assert_says(head, "worker killed left: the connection was lost", 10)
        if has_ipv6():
            six = self.worker("six", address=f"[::1]:{self.port}")
            self.assert_says(six, f"joined the head at [::1]:{self.port}")
            self.assert_says(head, "worker six joined (::1)")
            self.assert_stops(six, signal.SIGINT)
        head.process.send_signal(signal.SIGTERM)
        self.assertEqual(head.end(60)[0], 130, head.lines)
        self.assert_says(head, f" --listen '*:{self.port}' ", 1)  # as a shell reads it
        self.assert_says(head, " --http-address '*' ", 1)
        self.assertEqual(ended.end(30)[0], 0, ended.lines)
        self.assert_says(ended, f"worker ended ended: the head at 127.0.0.1:{self.port} has no more work for it", 1)
        left = [event for event in log_of(self.path("run")) if event["message"] == "worker left: the connection was lost"]
        self.assertEqual([event["node"] for event in left], ["killed"])
        with open(os.path.join(self.path("run"), "metrics.jsonl")) as file:
            self.assertIn('{"phase":"workers","step":3,"connected":3.0}', file.read())

    def test_workers_that_join_at_the_same_moment_all_join(self):
        # A connection that ends while another begins must not take that one with it.
        head = self.head(f"127.0.0.1:{self.port}")
        self.assert_says(head, "listening")
        for turn in range(3):
            workers = [self.worker(f"w{turn}{i}") for i in range(4)]
            for worker in workers:
                self.assert_says(worker, "joined", 20)
            for worker in workers:
                self.assert_stops(worker, signal.SIGTERM, 5)

    def test_a_worker_waiting_for_a_lost_head_says_so_and_stops(self):
        head = self.head(f"127.0.0.1:{self.port}")
        self.assert_says(head, "listening")
        patient, impatient = self.worker("patient", "--rejoin", "50"), self.worker("impatient", "--rejoin", "1")
        for worker in (patient, impatient):
            self.assert_says(worker, "joined")
        head.process.kill()
        self.assert_says(patient, f"worker patient lost the head at 127.0.0.1:{self.port}")
        self.assert_says(patient, "trying to join it again for 50 s")
        self.assertEqual(impatient.end(30)[0], 5)
        self.assert_says(impatient, "did not come back within 1 s", 1)
        self.assert_stops(patient, signal.SIGHUP)

    def test_a_peer_that_hangs_holds_no_worker_up(self):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", self.port))
            silent.listen()
            stopped, waits = self.worker("stopped"), self.worker("waits")
            time.sleep(1)
            self.assert_stops(stopped, signal.SIGTERM)
            code, _ = waits.end(30)
            self.assertEqual(code, 5, waits.lines)
            self.assert_says(waits, "did not answer within", 1)

    def test_why_a_head_cannot_be_joined_is_told_apart(self):
        def refusal(address, code, *words):
            answer = qstar("worker", "--connect", address, "--certs", self.path("certs"), *words, timeout=60)
            self.assertEqual(answer.returncode, code, answer.stderr)
            self.assertNotRegex(answer.stderr, r"system_error|cannot_|caf|sec::")
            return answer.stderr

        self.assertIn("connection refused", refusal(f"127.0.0.1:{self.port}", 5))
        self.assertRegex(refusal("no-such-host.invalid:7000", 5), "no such host|name server")
        self.assertIn("[::1]:7000", refusal("::1:7000", 2))
        self.assertIn("from 1 to 65535", refusal("127.0.0.1:0", 2))
        self.assertIn("--rejoin", refusal("127.0.0.1:1", 2, "--rejoin", "nan"))
        self.assertIn("--rejoin", refusal("127.0.0.1:1", 2, "--rejoin", "1", "--parent", "1"))
        self.assertIn("head, worker", refusal("127.0.0.1:1", 3, "--node", "gpu9"))
        self.assertIn("\\x1b[2J", refusal("127.0.0.1:1", 2, "--name", "\x1b[2J"))
        self.assertNotIn("--parent", qstar("worker", "--help").stdout)
        os.chmod(os.path.join(self.path("certs"), "worker.key"), 0o644)
        self.assertIn("chmod 600", refusal("127.0.0.1:1", 2))

    def test_an_address_that_cannot_be_had_leaves_no_run(self):
        def refused(code, *words):
            answer = self.train("run", "--certs", self.path("certs"), *words)
            self.assertEqual(answer.returncode, code, answer.stderr)
            self.assertNotRegex(answer.stderr, r"system_error|cannot_open|caf")
            self.assertFalse(os.path.exists(self.path("run")))
            return answer.stderr

        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.port))
            taken.listen()
            self.assertIn("another process", refused(4, "--listen", f"127.0.0.1:{self.port}"))
        self.assertIn("not one of this machine", refused(2, "--listen", "203.0.113.7:7000"))
        self.assertIn("[::1]:7000", refused(2, "--listen", "::1:7000"))
        os.truncate(os.path.join(self.path("certs"), "head.key"), 0)
        self.assertIn("head.key is empty", refused(3, "--listen", f"127.0.0.1:{self.port}"))
        answer = self.train("run", "--http-address", "127.0.0.1")
        self.assertEqual(answer.returncode, 2)
        self.assertIn("--http", answer.stderr)
        self.assertFalse(os.path.exists(self.path("run")))

    def test_certificates_are_made_once_and_added_to(self):
        certs = self.path("certs")
        before = set(os.listdir(certs))
        again = qstar("certs", certs)
        self.assertEqual(again.returncode, 2)
        self.assertIn("--node", again.stderr)
        self.assert_ok(qstar("certs", certs, "--node", "gpu3"))
        self.assertEqual(set(os.listdir(certs)) - before, {"gpu3.pem", "gpu3.key"})
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(certs, "gpu3.key")).st_mode), 0o600)
        for node in ("../v2", ".x", "ca", "ca.pem", "ca.key", "gpu1.pem", "-x", "_x", "a b", "é", "x" * 65):
            for words in (("certs", self.path("other"), f"--node={node}"),
                          ("worker", "--connect", "127.0.0.1:1", "--certs", certs, f"--node={node}"),
                          ("worker", "--connect", "127.0.0.1:1", "--certs", certs, f"--name={node}")):
                with self.subTest(words):
                    self.refused(qstar(*words), 2, "is not a node name", "beginning with a letter or digit")
        self.refused(qstar("certs", self.path("other"), "--node", ""), 2, "--node is empty")
        self.assertFalse(os.path.exists(self.path("other")))
        os.remove(os.path.join(certs, "ca.key"))
        late = qstar("certs", certs, "--node", "late")
        self.assertEqual(late.returncode, 3)
        self.assertIn("ca.key is missing", late.stderr)


if __name__ == "__main__":
    main()
