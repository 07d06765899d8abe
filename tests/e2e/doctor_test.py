"""doctor: the picture of this machine, a real firewall, a port that is taken."""
import json
import os
import shutil
import socket
import subprocess
import unittest

import harness
from harness import Case


class Doctor(Case):
    def rows(self, *arguments, code=0):
        done = self.check(self.run_dts("doctor", "--json", *arguments), code)
        return {row["check"]: row for row in self.check_schema(done.out, "doctor")}

    def test_the_checks_are_listed_and_explained(self):
        done = self.check(self.run_dts("doctor", "--list"))
        for line in done.lines():
            explained = self.check(self.run_dts("wtf", "--explain", line.split()[0]))
            self.assertGreater(len(explained.out.splitlines()), 2)
        self.check(self.run_dts("doctor", "--explain", "X99"), 2)
        self.check(self.run_dts("doctor", "--only", "X99"), 2)

    def test_a_sound_machine_has_no_problem(self):
        done = self.run_dts("doctor")
        self.assert_matches(done.out, r"\Adts \d+\.\d+\.\d+ · \S+ · domain 'test-\w+' · ")
        self.assert_matches(done.out, r"^✓ N03 loopback         multicast works on lo$")
        self.assert_matches(done.out, r"^! N08 peers            no other node heard on domain 'test-")
        self.assert_matches(done.err, r"^\d+ problems?, \d+ warnings?\. Details: dts doctor --explain ")

    def test_peers_are_heard(self):
        self.publish("T", "x=1")
        row = self.rows("--only", "N08")["N08"]
        self.assertEqual(row["verdict"], "ok")
        self.assertIn("/dts-pub", row["text"])

    def test_who_is_reached_by_memory_is_told(self):
        self.publish("T", "x=1")
        row = self.rows("--only", "S01")["S01"]
        self.assertEqual(row["verdict"], "ok")
        self.assertEqual(row["text"], "1 node reached by /dev/shm")

    def test_warnings_are_failures_only_when_strict(self):
        self.check(self.run_dts("doctor", "--only", "N08"))
        self.check(self.run_dts("doctor", "--only", "N08", "--strict"), 3)

    def test_a_port_held_by_one_alone_is_named_with_its_holder(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
            greedy.bind(("0.0.0.0", 25555))
            row = self.rows("--only", "N07", code=1)["N07"]
        self.assertEqual(row["verdict"], "failed")
        self.assertIn(f"(pid {os.getpid()}) holds UDP port 25555 for itself", row["text"])

    def test_a_firewall_is_found_by_the_copy_that_does_not_return(self):
        if not harness.in_own_namespace() or not shutil.which("nft"):
            print("skipped loudly: needs root, a network namespace and nft")
            return
        self.assertEqual(self.rows("--only", "N05")["N05"]["verdict"], "ok")
        try:
            self.nft("table inet lab {\n chain inbound {\n  type filter hook input priority 0\n"
                     "  udp dport 25555 drop\n }\n}\n")
            row = self.rows("--only", "N05", code=1)["N05"]
            self.assertIn("did not come back on lo", row["text"])
            self.assertIn("25555", row["cure"])
            self.nft("delete table inet lab\n")
            self.nft("table inet lab {\n chain outbound {\n  type filter hook output priority 0\n"
                     "  ip daddr 239.255.0.0/16 drop\n }\n}\n")
            row = self.rows("--only", "N06", code=1)["N06"]
            self.assertIn("a firewall on this machine refuses to send on lo", row["text"])
        finally:
            subprocess.run(["nft", "flush", "ruleset"], check=True)

    def nft(self, text):
        subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


if __name__ == "__main__":
    harness.main()
