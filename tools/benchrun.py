"""Run the programs of tests/bench one after the other and hold their ratios against what they must be."""
import argparse
import os
import subprocess
import sys
import tempfile


def programs(root, build, only):
    """Scripts in tests/bench, and what meson built there (bench_*)."""
    for folder, start in ((os.path.join(root, "tests/bench"), ""), (os.path.join(build, "tests/bench"), "bench_")):
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            path = os.path.join(folder, name)
            if name.startswith(start) and os.path.isfile(path) and os.access(path, os.X_OK) and only in name:
                yield path


def row(line):
    """`ratio name value must wish` → (name, value, must, wish, at most?), or None."""
    words = line.split()
    if len(words) != 5 or words[0] not in ("ratio", "limit"):
        return None
    return words[1], float(words[2]), float(words[3]), float(words[4]), words[0] == "limit"


def verdict(value, must, wish, at_most):
    better = (lambda a, b: a <= b) if at_most else (lambda a, b: a >= b)
    return "wish" if better(value, wish) else "must" if better(value, must) else "MISSED"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--root", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("--only", default="")
    options = p.parse_args()
    missed, ran = 0, 0
    print(f"{'':32} {'value':>10} {'must':>8} {'wish':>8}")
    for program in programs(options.root, options.build, options.only):
        ran += 1
        with tempfile.TemporaryDirectory(prefix="certhall-bench-") as folder:
            env = dict(os.environ, TMPDIR=folder, CERTHALL_RELEASE=options.build, CERTHALL_SOURCE=options.root)
            done = subprocess.run([program], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            got = row(line)
            if got is None:
                print(line, flush=True)
                continue
            name, value, must, wish, at_most = got
            word = verdict(value, must, wish, at_most)
            missed += word == "MISSED"
            sign = "≤" if at_most else "≥"
            print(f"{name:32} {value:10.3f} {sign} {must:6g} {sign} {wish:6g}  {word}", flush=True)
        if done.returncode != 0:
            missed += 1
            print(f"{os.path.basename(program)} failed (exit status {done.returncode}): {done.stderr.strip()[-400:]}")
    if ran == 0:
        print(f"no bench is called {options.only!r}" if options.only else "there is no bench in tests/bench yet")
        return 1
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
