#!/usr/bin/env python3
"""Dockerfile and compose.yaml, held to rules without a Docker engine: what is built is not what is
shipped, nobody is root in it, no package lists stay behind, what is copied exists, ./dev's list of
packages is what the image installs, and the demo runs verbs that exist, with nothing it does not need."""
import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
INSTRUCTIONS = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "ENTRYPOINT", "CMD"}
problems = []


def hold(right, text):
    if not right:
        problems.append(text)


text = (ROOT / "Dockerfile").read_text()
lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).strip().split("\n")
steps = [line.split(None, 1) for line in lines if line]
hold({name for name, _ in steps} <= INSTRUCTIONS, "Dockerfile: an unknown instruction")
bases = [rest for name, rest in steps if name == "FROM"]
hold(len(bases) == 2, "Dockerfile: one stage to build, one to ship")
hold(all(re.match(r"debian:bookworm-slim\b", base) for base in bases), "Dockerfile: a base without its version")
shipped = steps[max(i for i, (name, _) in enumerate(steps) if name == "FROM"):]
users = [rest for name, rest in shipped if name == "USER"]
hold(users and users[-1] not in ("root", "0"), "Dockerfile: it runs as root")
for name, rest in steps:
    if name == "RUN" and "apt-get install" in rest:
        hold("apt-get update" in rest and "--no-install-recommends" in rest and
             "rm -rf /var/lib/apt/lists/*" in rest, f"Dockerfile: {rest[:50]}: update, install, clean in one step")
    if name == "COPY" and not rest.startswith("--from=build "):
        hold((ROOT / rest.split()[0]).exists(), f"Dockerfile: COPY {rest}: not there")
    if name == "RUN":
        hold(subprocess.run(["sh", "-n", "-c", rest]).returncode == 0, f"Dockerfile: {rest[:50]}: no shell")
found = re.search(r"source <\((sed [^)]*\)[^)]*)\)", text)
packages = subprocess.run(["bash", "-c", f'source <({found[1]}); echo "${{build_packages[*]}}"'],
                          cwd=ROOT, capture_output=True, text=True).stdout.split() if found else []
hold("cmake" in packages and "g++" in packages, "Dockerfile: the packages are not those of ./dev")

compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
verbs = {path.stem for path in (ROOT / "docs/reference/cli").glob("*.md")}
hold(set(compose) == {"services"}, "compose.yaml: more than services")
for name, service in compose["services"].items():
    hold(service["command"][0] in verbs, f"compose.yaml: {name}: no such verb: {service['command'][0]}")
    hold(service.get("cap_drop") == ["ALL"] and service.get("read_only") is True and "privileged" not in service,
         f"compose.yaml: {name} may do more than it needs")
    hold(set(service.get("depends_on", [])) <= set(compose["services"]), f"compose.yaml: {name}: depends on nobody")
print("\n".join(problems))
sys.exit(1 if problems else 0)
