"""Large values: limits, compression, progress on a terminal, and transfers that die."""
import base64
import json
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import time

import harness
from harness import Case

MIB = 1 << 20
TEXT = b"".join(b"line %d of a text that compresses well\n" % i for i in range(60_000))


class Large(Case):
    def file_of(self, content):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.write(content)
        file.flush()
        return file.name

    def send(self, path, *arguments):
        return self.run_dts("pub", "lab.Scan", "--file", path, "--format", "raw", "--require", "1",
                            "--timeout", "50s", *arguments)

    def received(self, child):
        out, err = child.communicate(timeout=harness.DEADLINE_S)
        return child.returncode, out, err

    def test_a_large_file_arrives_as_it_was_and_nothing_is_drawn_into_pipes(self):
        content = os.urandom(8 * MIB)
        child = self.start("sub", "lab.Scan", "--json", "-n", "1")
        done = self.check(self.send(self.file_of(content)))
        code, out, err = self.received(child)
        self.assertEqual(code, 0, err)
        self.assertEqual(base64.b64decode(json.loads(out)["v"]["data"]), content)
        self.assertNotIn("\r", done.err + err)

    def test_a_compressed_one_arrives_as_it_was(self):
        for how in ("lz4", "zstd:1MB"):
            child = self.start("sub", "lab.Scan", "--json", "-n", "1")
            done = self.check(self.send(self.file_of(TEXT), "--compress", how, "-v"))
            code, out, err = self.received(child)
            self.assertEqual(code, 0, err)
            self.assertEqual(base64.b64decode(json.loads(out)["v"]["data"]), TEXT)
            sent = int(re.search(r"udp\.bytes_sent ([\d,]+)", done.err)[1].replace(",", ""))
            self.assertLess(sent, len(TEXT) / 2)

    def test_how_to_compress_is_checked(self):
        for wrong in ("gzip", "zstd:", "zstd:many", ":4096"):
            done = self.run_dts("pub", "Note", "text=x", "--compress", wrong)
            self.assertEqual(done.code, 2, done)
            self.assertIn("lz4 or zstd is expected", done.err)

    def test_a_value_above_the_limit_is_named_and_told_to_the_publisher(self):
        child = self.start("sub", "lab.Scan", "--max-bytes", "1MB", "--json", "-d", "8s")
        done = self.check(self.send(self.file_of(os.urandom(4 * MIB))))
        self.assertRegex(done.err, r"/dts-sub takes no lab\.Scan larger than 1000000 bytes")
        child.send_signal(signal.SIGINT)
        code, out, err = self.received(child)
        self.assertEqual(code, 0, err)
        self.check_schema(out, "sub")
        (gap,) = [json.loads(line)["gap"] for line in out.splitlines()]
        self.assertEqual(gap["reason"], "too_large")

    def test_the_limit_is_named_to_people_too(self):
        child = self.start("sub", "lab.Scan", "--max-bytes", "1MB")
        self.check(self.send(self.file_of(os.urandom(4 * MIB))))
        child.send_signal(signal.SIGINT)
        code, _, err = self.received(child)
        self.assertEqual(code, 0, err)
        self.assertIn("a value of lab.Scan is too large: 4194304 bytes, at most 1000000", err)
        self.assertIn("1 too large", err)

    def test_a_limit_is_a_size(self):
        for wrong in ("0", "much", "-1MB"):
            done = self.run_dts("sub", "T", "--max-bytes", wrong)
            self.assertEqual(done.code, 2, done)
            self.assertIn("a number of bytes is expected", done.err)

    def on_terminal(self, *arguments):
        """The command with a terminal as its stderr, and that terminal's other end."""
        terminal, end = pty.openpty()
        child = subprocess.Popen([harness.DTS, *arguments], stdout=subprocess.DEVNULL, stderr=end,
                                 stdin=subprocess.DEVNULL,
                                 env={**self.environment, "NO_COLOR": "1"})
        os.close(end)
        self.addCleanup(os.close, terminal)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child, terminal

    def drawn(self, terminal, pattern, seconds=harness.DEADLINE_S, text=""):
        """What the terminal shows until there is the pattern, or the time is over."""
        end = time.monotonic() + seconds
        while not re.search(pattern, text) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.05)[0]:
                try:
                    text += os.read(terminal, 65536).decode()
                except OSError:  # its other end was closed
                    break
        return text

    BAR = r"\r\x1b\[Klab\.Scan.*\[.*\] +\d+ % +[\d.]+ MB of 16\.8 MB"

    def test_a_publisher_that_is_ended_says_how_far_it_came(self):
        self.start("sub", "lab.Scan", "-q")
        # One after the other without end: whenever it is ended, one is on its way.
        sender, sending = self.on_terminal(
            "pub", "lab.Scan", "--file", self.file_of(os.urandom(16 * MIB)), "--format", "raw",
            "--require", "1", "-n", "1000000")
        self.assertRegex(self.drawn(sending, self.BAR), self.BAR)
        sender.send_signal(signal.SIGINT)
        dead = r"! lab\.Scan stopped at \d+ %"
        self.assertRegex(self.drawn(sending, dead), dead)


if __name__ == "__main__":
    harness.main()
