"""Run every layer of tests, count each case, and end with the line `N passed, N failed`.

Called by ./test after the builds. Each test is a process group of its own with a folder (TMPDIR), a port range
(CERTHALL_PORT_BASE), a seed (CERTHALL_SEED) and the builds (CERTHALL_BUILD, CERTHALL_RELEASE) in its environment,
no standard input, and a time limit; whatever it leaves running is ended and counts as a failure.
"""
import argparse
import concurrent.futures
import contextlib
import fnmatch
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import plan  # noqa: E402
import tap  # noqa: E402
import world  # noqa: E402

SEED = "20261120"
# One server for a whole run; each test makes databases of its own. Elsewhere the variable is absent: there the same
# programs test SQLite.
POSTGRES = "CERTHALL_TEST_POSTGRES"
WITH_POSTGRES = ("contract", "manuals", "crash", "story")


class Runner:
    def __init__(self, options, place):
        self.options, self.place = options, place
        self.print_lock = threading.Lock()
        self.passed, self.failed, self.skipped = 0, [], []
        self.base_env = self.environment()
        with open(os.path.join(options.root, "tests/hardware.txt"), encoding="utf-8") as f:
            self.hardware = {line.split("#")[0].strip() for line in f} - {""}

    def environment(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("CERTHALL_", "LC_", "MALLOC_"))}
        env.update({
            "LANG": "C.UTF-8", "TZ": "UTC", "CMOCKA_MESSAGE_OUTPUT": "TAP", "CERTHALL_TEST": "1",
            "CERTHALL_SEED": self.options.seed, "CERTHALL_SOURCE": self.options.root,
            "CERTHALL_BUILD": self.options.build, "CERTHALL_RELEASE": self.options.release,
            "CERTHALL_LONG": "1" if self.options.long else "", "CERTHALL_ARTEFACTS": self.options.artefacts,
            "ASAN_OPTIONS": "abort_on_error=0:detect_leaks=1:strict_string_checks=1",
            "LSAN_OPTIONS": f"suppressions={self.options.root}/tests/leaks.txt:print_suppressions=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
        })
        return env

    def run(self, test):
        with world.ports() as base, contextlib.ExitStack() as stack:
            # short, whatever a test is called: sockets stand in it, and their addresses hold 107 characters
            folder = tempfile.mkdtemp(prefix="t-", dir=self.place)
            os.chmod(folder, 0o711)
            stack.callback(self.remove, folder)
            env = dict(self.base_env, TMPDIR=folder, CERTHALL_PORT_BASE=str(base), **test.env)
            if test.layer in WITH_POSTGRES:
                env[POSTGRES] = os.environ[POSTGRES]
            output = folder + ".log"
            started = time.monotonic()
            status, trouble = self.spawn(test, env, output)
            took = time.monotonic() - started
        with open(output, encoding="utf-8", errors="replace") as f:
            text = f.read()
        os.unlink(output)
        self.report(test, tap.judge(test.name, text, status, trouble, self.hardware), text, took)

    @staticmethod
    def remove(folder):
        subprocess.run(["rm", "-rf", "--", folder], check=False)

    def spawn(self, test, env, output):
        trouble = []
        with open(output, "wb") as out:
            try:
                process = subprocess.Popen(test.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                           env=env, cwd=test.cwd or self.options.root, start_new_session=True)
            except OSError as error:
                return 127, [str(error)]
            try:
                status = process.wait(test.seconds)
            except subprocess.TimeoutExpired:
                trouble.append(f"not done after {test.seconds} s")
                world.end(world.descendants_of(world.processes(), process.pid) + [process.pid])
                status = process.wait()
        left = self.left_behind(process.pid, env["TMPDIR"])
        for _ in range(10):  # one that was told to end may need a moment
            if not left:
                break
            time.sleep(0.1)
            left = self.left_behind(process.pid, env["TMPDIR"])
        if left and not trouble:
            trouble.append("left running: " + "; ".join(world.name_of(pid) for pid in left))
        world.end(left)
        return status, trouble

    @staticmethod
    def left_behind(session, folder):
        """Processes of the test's session, and those that a daemon's own session hides but whose TMPDIR tells."""
        mark = f"TMPDIR={folder}".encode()
        left, table = [], world.processes()
        for pid in world.descendants_of(table, os.getpid()):
            if table[pid][1] == session:
                left.append(pid)
                continue
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if mark in f.read().split(b"\0"):
                        left.append(pid)
        return left

    def report(self, test, counts, text, took):
        with self.print_lock:
            self.passed += len(counts.passed)
            self.failed += [f"{test.title}: {name}" for name in counts.failed]
            self.skipped += [f"{test.title}: {name}" for name in counts.skipped]
            word = "FAIL" if counts.failed else "ok"
            print(f"{word:4} {test.title:44} {len(counts.passed):4} passed {len(counts.failed):3} failed {took:7.1f} s",
                  flush=True)
            if counts.failed or self.options.verbose:
                for line in tap.telling(text, self.options.lines):
                    print(f"     | {line}")
                for name in counts.failed:
                    print(f"     failed: {name}", flush=True)

    def run_all(self, tests):
        together = [t for t in tests if not t.alone]
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(self.run, together))
        for test in tests:
            if test.alone:
                self.run(test)


def arguments():
    p = argparse.ArgumentParser(prog="testrun")
    p.add_argument("--root", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("--release", required=True)
    p.add_argument("--artefacts", default="", help="folder that keeps screenshots and reports")
    p.add_argument("--only", default="", help="pattern over layer/name")
    p.add_argument("--long", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("--verbose", action="store_true")
    p.add_argument("--seed", default=SEED)
    p.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    p.add_argument("--lines", type=int, default=60)
    return p.parse_args()


def chosen(options):
    tests = list(plan.lints(options.root)) + list(plan.meson(options.build)) + \
        list(plan.pages(options.root)) + list(plan.scripts(options.root, options.long))
    if options.only:
        patterns = [options.only, f"{options.only}/*", f"*{options.only}*"]
        tests = [t for t in tests if any(fnmatch.fnmatchcase(t.title, p) for p in patterns)]
    return sorted(tests, key=lambda t: plan.LAYERS.index(t.layer) if t.layer in plan.LAYERS else len(plan.LAYERS))


def main():
    options = arguments()
    tests = chosen(options)
    if options.list:
        for test in tests:
            print(f"{test.title:44} {test.seconds:5} s {'alone' if test.alone else ''}")
        return 0
    if POSTGRES not in os.environ and any(t.layer in WITH_POSTGRES for t in tests):
        server = os.path.join(options.root, "tests/tools/with-postgres")
        os.execv(server, [server, sys.executable, *sys.argv])
    world.adopt_orphans()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}; {len(tests)} programs", flush=True)
    with world.folder() as place, contextlib.ExitStack() as stack:
        runner = Runner(options, place)
        if not options.only:
            runner.failed += [f"{path}: executable, but not in tests/list.txt" for path in plan.unlisted(options.root)]
        stack.callback(lambda: world.end(world.descendants_of(world.processes(), os.getpid())))
        for layer in dict.fromkeys(t.layer for t in tests):
            runner.run_all([t for t in tests if t.layer == layer])
    if not tests:
        runner.failed.append("no test matches")
    for name in runner.skipped:
        print(f"skipped for want of hardware: {name}")
    if runner.failed:
        print("failed:")
        for name in runner.failed:
            print(f"  {name}")
    print(f"{runner.passed} passed, {len(runner.failed)} failed", flush=True)
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
