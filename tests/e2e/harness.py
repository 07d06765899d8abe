"""What the e2e tests share: the command under test, children that are always ended, and, where the
system permits it, a network namespace of the test's own, so that nothing else is on the bus."""
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import unittest

import json_schema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "docs/reference/cli/schema"
DTS = None
DEADLINE_S = 60  # of one run of the command; generous, as sanitizers and busy machines are slow


def main():
    """The last argument is the command; re-executes itself in a network namespace when root."""
    global DTS
    if os.environ.get("DTS_E2E_NAMESPACE") is None and os.geteuid() == 0 and shutil.which("unshare"):
        probe = subprocess.run(["unshare", "-n", "true"], capture_output=True)
        if probe.returncode == 0:
            os.environ["DTS_E2E_NAMESPACE"] = "1"
            script = "ip link set lo up && exec \"$@\""
            os.execvp("unshare", ["unshare", "-n", "bash", "-c", script, "bash",
                                  sys.executable, *sys.argv])
    DTS = sys.argv.pop(1)
    own = sys.modules["harness"]
    own.DTS = DTS
    unittest.main(module="__main__", verbosity=2)


def in_own_namespace():
    return os.environ.get("DTS_E2E_NAMESPACE") == "1"


class Done:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"exit {self.code}\nstdout:\n{self.out}\nstderr:\n{self.err}"


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC",
            "DTS_DOMAIN": "test-" + secrets.token_hex(6), "DTS_IFACE": "lo",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.children = []

    def tearDown(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        for child in self.children:
            try:
                child.communicate(timeout=DEADLINE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.communicate()

    def run_dts(self, *arguments, stdin=None, **environment):
        """Runs the command to its end."""
        done = subprocess.run([DTS, *arguments], input=stdin if stdin is not None else "", text=True,
                              capture_output=True, timeout=DEADLINE_S, errors="surrogateescape",
                              env={**self.environment, **environment})
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments, **options):
        """Starts the command; it is ended with the test."""
        child = subprocess.Popen([DTS, *arguments], text=True, env=self.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        self.children.append(child)
        return child

    def publish(self, type_name, *values, define=None, labels=(), rate="20"):
        """A publisher that goes on until the test ends; returns when a subscriber has heard it."""
        arguments = ["pub", type_name, *values, "-r", rate, "-q"]
        if define:
            arguments += ["--define", define]
        for label in labels:
            arguments += ["-l", label]
        child = self.start(*arguments)
        filters = [word for label in labels for word in ("-l", label)]
        heard = self.run_dts("sub", type_name, "-n", "1", "-q", "--timeout", "40s", *filters)
        self.assertEqual(heard.code, 0, f"the publisher was not heard: {heard}")
        return child

    def check(self, done, code=0):
        self.assertEqual(done.code, code, done)
        return done

    def check_schema(self, text, schema):
        """Every line of text is JSON that the committed schema allows."""
        rules = json.loads((SCHEMAS / f"{schema}.json").read_text())
        objects = [json.loads(line) for line in text.splitlines()]
        for value in objects:
            problems = json_schema.problems(value, rules)
            self.assertEqual(problems, [], f"{schema}.json: {value}")
        return objects

    def assert_matches(self, text, pattern):
        self.assertRegex(text, re.compile(pattern, re.M))
