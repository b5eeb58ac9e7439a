"""What there is to run: lints, the suites of meson, and the scripts of tests/list.txt."""
import json
import os
import subprocess
from dataclasses import dataclass, field

LAYERS = ["lint", "unit", "contract", "interop", "manuals", "crash", "story", "attack", "load", "fuzz", "mutants", "bare",
          "histories", "profiles", "flips", "sm2"]


@dataclass
class Test:
    layer: str
    name: str
    argv: list
    seconds: int
    env: dict = field(default_factory=dict)
    alone: bool = False
    cwd: str = ""

    @property
    def title(self):
        return f"{self.layer}/{self.name}"


def lints(root):
    folder = os.path.join(root, "tools/lint")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            yield Test("lint", name, [path], 120)
    yield Test("lint", "selftest", ["python3", os.path.join(folder, "selftest.py")], 120)
    yield Test("lint", "testrun", ["python3", os.path.join(root, "tools/testrun/selftest.py")], 60)
    yield Test("lint", "trace", [os.path.join(root, "tests/trace"), "--check"], 60)


def meson(build):
    done = subprocess.run(["meson", "introspect", "--tests", build], capture_output=True, text=True, check=True)
    for row in json.loads(done.stdout):
        suite = row["suite"][0].split(":")[-1] if row["suite"] else "unit"
        program = os.path.basename(row["cmd"][0])
        name = program.removeprefix("test_") if program.startswith("test_") else row["name"]
        yield Test(suite, name, row["cmd"], max(int(row["timeout"]), 30) * 3, row["env"], not row["is_parallel"],
                   row["workdir"] or build)


def pages(root):
    """Tests of the pages (vitest), when there are some."""
    folder = os.path.join(root, "web/tests")
    if any(name.endswith(".test.ts") for _, _, files in os.walk(folder) for name in files):
        yield Test("unit", "web", ["npm", "--prefix", os.path.join(root, "web"), "run", "--silent", "test", "--",
                                   "--reporter=tap-flat"], 300)


def scripts(root, long):
    """tests/list.txt: `layer seconds always|long shared|alone path [argument …]`, # starts a comment."""
    path = os.path.join(root, "tests/list.txt")
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) < 5 or words[0] not in LAYERS or words[2] not in ("always", "long") or \
                    words[3] not in ("shared", "alone") or not words[1].isdigit():
                raise ValueError(f"{path}:{number}: want `layer seconds always|long shared|alone path`")
            script = os.path.join(root, words[4])
            if not os.access(script, os.X_OK):
                raise ValueError(f"{path}:{number}: {words[4]} is not there or not executable")
            if words[2] == "long" and not long:
                continue
            name = "-".join([os.path.relpath(script, os.path.join(root, "tests", words[0]))] + words[5:])
            yield Test(words[0], name, [script] + words[5:], int(words[1]), alone=words[3] == "alone")


def unlisted(root):
    """Executable scripts in the script layers that the list does not name: a test nobody runs is not one."""
    with open(os.path.join(root, "tests/list.txt"), encoding="utf-8") as f:
        listed = {word for line in f for word in line.split("#")[0].split()[4:5]}
    for layer in ("manuals", "crash", "story", "attack", "load", "fuzz", "mutants", "bare", "histories", "flips", "sm2"):
        for base, folders, files in os.walk(os.path.join(root, "tests", layer)):
            folders[:] = [d for d in folders if d not in ("lib", "node_modules", "__pycache__")]
            for name in files:
                path = os.path.relpath(os.path.join(base, name), root)
                if os.access(os.path.join(base, name), os.X_OK) and path not in listed:
                    yield path
