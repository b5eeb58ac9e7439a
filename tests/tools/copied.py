"""A copy of the tree in which something may be changed, with a build of its own and the tests that meson knows there."""
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools/lint"))
from lintlib import tree  # noqa: E402


def copy_tree(to):
    """Without the pages: no test of a program reads them."""
    for path in tree(ROOT):
        if path.startswith("web/"):
            continue
        os.makedirs(os.path.dirname(os.path.join(to, path)), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, path), os.path.join(to, path))


def call(argv, cwd, seconds, **options):
    return subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
                          **options)


def set_up(place, *options):
    env = dict(os.environ, CC="ccache gcc" if shutil.which("ccache") else "gcc")
    subprocess.run(["meson", "setup", "build", "-Dwerror=false", "-Doptimization=0", "-Ddebug=false", *options], cwd=place,
                   env=env, check=True, stdout=subprocess.DEVNULL)


def build(place, programs_):
    done = call(["ninja", "-C", os.path.join(place, "build"), *sorted(programs_)], place, 1800)
    if done.returncode != 0:
        raise RuntimeError("does not build: " + done.stdout.strip()[-300:])


def programs(place):
    """test → its program, as ninja names it."""
    done = call(["meson", "introspect", "--tests", os.path.join(place, "build")], place, 300)
    prefix = os.path.join(place, "build") + "/"
    return {test["name"]: test["cmd"][0].removeprefix(prefix) for test in json.loads(done.stdout)
            if test["cmd"][0].startswith(prefix)}
