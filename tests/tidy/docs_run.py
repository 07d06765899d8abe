#!/usr/bin/env python3
"""docs_run.py DTS: runs every `$ dts ...` line of the ```console blocks of README and docs.

In a network namespace of its own, beside a demo brewery and a host source, each line must end with
exit code 0, by itself or on Ctrl-C (a `<!-- exit N -->` line before a block allows code N). A
`$ ./dev VERB` line must name a verb of ./dev. What a command prints is the business of tests/e2e.
"""
import os
import re
import signal
import subprocess
import sys
import time

import tidy

DTS = os.path.abspath(sys.argv[1])
PATIENCE_S = 20      # a command that should end by itself
WATCHING_S = 3       # one that goes on until Ctrl-C
ENDLESS = re.compile(r"^dts (source|sub(?!.*( -n | -d |--once)))")


def lines():
    for page in tidy.tracked("README.md", "docs/*.md"):
        text = page.read_text()
        for number, language, code in tidy.blocks(text):
            if language != "console":
                continue
            before = "\n".join(text.split("\n")[max(0, number - 2):number])
            allowed = re.search(r"<!-- exit (\d+) -->", before)
            for offset, line in enumerate(code.split("\n"), 1):
                if line.startswith("$ "):
                    yield page, number + offset, line[2:].strip(), int(allowed[1]) if allowed else 0


def run(command, environment):
    """(exit code, output); Ctrl-C after a while for what goes on."""
    process = subprocess.Popen(["bash", "-c", "exec " + command], env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=WATCHING_S if ENDLESS.match(command) else PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            output, _ = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            return -1, "does not end on Ctrl-C\n" + process.communicate()[0]
        if not ENDLESS.match(command):
            return -1, f"still running after {PATIENCE_S} s\n" + output
    return process.returncode, output


def private_network():
    """Re-executes itself in a network namespace, so that no real network hears the docs."""
    if os.environ.get("DTS_DOCS_PRIVATE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    environment = dict(os.environ, DTS_DOCS_PRIVATE="1")
    prefix = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL).returncode == 0:
        os.execvpe(prefix[0], [*prefix, sys.executable, *sys.argv], environment)
    print("docs_run: namespaces are not permitted here: using lo of this machine", flush=True)
    os.environ["DTS_IFACE"] = "lo"
    os.environ["DTS_DOMAIN"] = f"docs-{os.getpid()}"


def main():
    private_network()
    environment = dict(os.environ, PATH=os.path.dirname(DTS) + ":" + os.environ["PATH"])
    verbs = set(re.findall(r"^  (\w+)(?:\|[^)]*)?\)", (tidy.ROOT / "dev").read_text(), re.M))
    sources = [subprocess.Popen([DTS, "source", *kind], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
               for kind in (["demo", "brewery"], ["host"])]
    failures, count = 0, 0
    try:
        # The sources are there when a value of each has arrived.
        for name in ("brewery.Temperature", "host.Memory"):
            subprocess.run([DTS, "sub", name, "-n", "1", "--timeout", "20s"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for page, number, command, allowed in lines():
            count += 1
            where = f"{page.relative_to(tidy.ROOT)}:{number}: $ {command}"
            if command.startswith("./dev"):
                if command.split()[1] not in verbs:
                    failures += 1
                    print(f"{where}\n  ./dev has no such verb")
                continue
            began = time.monotonic()
            code, output = run(command, environment)
            if code not in (0, allowed):
                failures += 1
                print(f"{where}\n  exit {code} after {time.monotonic() - began:.1f} s\n  " +
                      output[-2000:].replace("\n", "\n  "))
    finally:
        for source in sources:
            source.terminate()
        for source in sources:
            source.wait()
    print(f"{count} lines of the docs, {failures} failed")
    sys.exit(1 if failures or not count else 0)


if __name__ == "__main__":
    main()
