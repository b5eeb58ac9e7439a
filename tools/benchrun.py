"""Run the programs of tests/bench one after the other, hold their ratios against what they must be, and write the table."""
import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import tempfile

DOCUMENT = "docs/performance.md"
BEGIN, END = "<!-- figures: ./bench writes them -->", "<!-- end of figures -->"
# row → what is done, against what; rows stand in this order
WORDS = {
    "issue-p256": ("issue P-256, 64 in flight, SQLite on disk: CSR and evidence checked, intent, certificate and audit rows durable",
                   "1/(1/verify + 1/sign) of OpenSSL alone"),
    "sm2-sign": ("SM2 signature of a finished digest, by our own code", "OpenSSL's P-256 signature of one"),
    "sm2-vs-openssl": ("the same", "OpenSSL's SM2 signature of one"),
    "issue-pair": ("issue an SM2 pair with escrow, 64 in flight, from a filled pool: CSR and evidence checked, both certificates durable; ca and kmc",
                   "the same SM2 operations of OpenSSL alone: 3 verifications, 4 signatures, 1 encryption"),
    "ocsp-get": ("OCSP GET, 5 % unknown", "nginx `return 200`, same body, 64 kept connections, 1 worker, no access log"),
    "ocsp-post": ("OCSP POST, the same", "the same"),
    "ocsp-many": ("OCSP GET with 10,000,000 certificates known, 200,000 of them asked for uniformly", "the same with 10,000"),
    "crl-million": ("full list of 1,000,000 from the ca's index, one change later: signed, recorded, written", "hashing its bytes"),
    "crl-memory": ("the same, what the process grows by while it makes it", "its size"),
    "order-list": ("order list of the portal at 1,000,000 orders: second page of 50, filtered", "all its SQL run in-process"),
    "order-view": ("order view of the console, values decrypted and masked, at 1,000,000 orders", "all its SQL run in-process"),
    "search-seconds": ("slowest kind of search at 1,000,000 orders, seconds of CPU", "–"),
    "start-seconds": ("start of the responder with 10,000,000 certificates, 1,000,000 revoked: exec to the first right OCSP answer, "
                      "warm page cache, seconds of CPU", "–"),
    "idle-mib": ("idle: Pss of all server processes after 60 s, 1,000,000 orders in the database, MiB", "–"),
}


def programs(root, build, only):
    """What meson built in tests/bench (bench_*), then the scripts there: these fill the disk, which others would feel."""
    for folder, start in ((os.path.join(build, "tests/bench"), "bench_"), (os.path.join(root, "tests/bench"), "")):
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


def answer_of(argv, root):
    """The first line of a command; "" where it does not run."""
    try:
        done = subprocess.run(argv, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else ""
    except OSError:
        return ""


def machine():
    """Processor and memory, as Linux tells them."""
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = re.search(r"^model name\s*:\s*(.+)$", f.read(), re.MULTILINE)
    with open("/proc/meminfo", encoding="ascii") as f:
        kib = int(re.search(r"^MemTotal:\s+(\d+)", f.read()).group(1))
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), {kib / 1048576:.0f} GiB, "
            f"load {os.getloadavg()[0]:.0f} at the end")


def table(rows, notes, rounds, root):
    """Markdown: when and where, the rows, and what the programs said beside them."""
    commit = answer_of(["git", "rev-parse", "--short=10", "HEAD"], root) or "unknown"
    changed = " with changes" if answer_of(["git", "status", "--porcelain", "--untracked-files=no"], root) else ""
    lines = [f"{datetime.date.today().isoformat()}, commit {commit}{changed}, {machine()}; median of {rounds} interleaved rounds.",
             "", "| work | against | value | must | wish | |", "|---|---|---|---|---|---|"]
    for name, value, must, wish, at_most in sorted(rows, key=lambda r: (list(WORDS) + [r[0]]).index(r[0])):
        work, against = WORDS.get(name, (name, ""))
        sign, word = "≤" if at_most else "≥", verdict(value, must, wish, at_most)
        word = "**missed**" if word == "MISSED" else word
        lines.append(f"| {work} | {against} | {value:.3g} | {sign} {must:g} | {sign} {wish:g} | {word} |")
    return "\n".join([*lines, "", "```", *notes, "```"])


def write_document(root, text):
    """Between the two marks; what stands around them is written by hand."""
    path = os.path.join(root, DOCUMENT)
    with open(path, encoding="utf-8") as f:
        before, found, rest = f.read().partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not found or not ended:
        raise SystemExit(f"{DOCUMENT} has not both marks: {BEGIN} and {END}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{before}{BEGIN}\n{text}\n{END}{after}")


def run(program, options):
    """(rows, notes, did it work) of one program, told as they come."""
    rows, notes = [], []
    with tempfile.TemporaryDirectory(prefix="certhall-bench-") as folder:
        os.chmod(folder, 0o711)  # processes with a user of their own pass through
        env = dict(os.environ, TMPDIR=folder, CERTHALL_RELEASE=options.build, CERTHALL_SOURCE=options.root,
                   CERTHALL_BENCH_ROUNDS=str(options.rounds))
        with tempfile.TemporaryFile("w+") as said:
            with subprocess.Popen([program], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True) as p:
                for line in map(str.rstrip, p.stdout):
                    got = row(line)
                    if got is None:
                        notes += [line[2:]] if line.startswith("# ") else []
                        print(line, flush=True)
                        continue
                    rows.append(got)
                    name, value, must, wish, at_most = got
                    sign = "≤" if at_most else "≥"
                    print(f"{name:32} {value:10.3f} {sign} {must:6g} {sign} {wish:6g}  {verdict(*got[1:])}", flush=True)
            said.seek(0)
            if p.returncode != 0:
                print(f"{os.path.basename(program)} failed (exit status {p.returncode}): {said.read().strip()[-400:]}")
    return rows, notes, p.returncode == 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--root", required=True)
    p.add_argument("--build", required=True)
    p.add_argument("--only", default="")
    p.add_argument("--rounds", type=int, default=7)
    options = p.parse_args()
    rows, notes, well, ran = [], [], True, 0
    print(f"{'':32} {'value':>10} {'must':>8} {'wish':>8}")
    for program in programs(options.root, options.build, options.only):
        more, said, worked = run(program, options)
        ran, rows, notes, well = ran + 1, rows + more, notes + said, well and worked
    if ran == 0:
        print(f"no bench is called {options.only!r}" if options.only else "there is no bench in tests/bench yet")
        return 1
    if not options.only and well:
        write_document(options.root, table(rows, notes, options.rounds, options.root))
        print(f"written to {DOCUMENT}")
    return 0 if well and all(verdict(*r[1:]) != "MISSED" for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
