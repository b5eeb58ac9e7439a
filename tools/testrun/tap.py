"""Counting cases in a test's output (TAP: what cmocka prints with CMOCKA_MESSAGE_OUTPUT=TAP).

A program that prints no TAP counts as one case. A plan that does not match, a failing exit status with every case
ok, a time-out, or a process left behind each count as one failed case more, so that nothing ends green by dying.
"""
import re
from dataclasses import dataclass, field

PLAN = re.compile(r"^1\.\.(\d+)\s*(#.*)?$")
CASE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*)$")
SKIP = re.compile(r"#\s*SKIP\b\s*(.*)$", re.IGNORECASE)


@dataclass
class Counts:
    passed: list = field(default_factory=list)
    failed: list = field(default_factory=list)
    skipped: list = field(default_factory=list)


def read(text):
    """The cases of one program's output and the sum of its plans (None without a plan)."""
    counts, planned = Counts(), None
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned = (planned or 0) + int(plan.group(1))
            continue
        case = CASE.match(line)
        if not case:
            continue
        bad, name = case.group(1), case.group(2).strip()
        skip = SKIP.search(case.group(2))
        if skip:
            # cmocka puts the name behind SKIP, others put a reason there and the name before it
            before = name[: name.index("#")].strip()
            counts.skipped.append(before or skip.group(1).strip())
        elif bad:
            counts.failed.append(name)
        else:
            counts.passed.append(name)
    return counts, planned


def judge(name, text, status, trouble, hardware):
    """Counts for one program. `status` is its exit status, `trouble` a list of what went wrong around it,
    `hardware` the names that may be skipped ("test/case" or "test")."""
    counts, planned = read(text)
    seen = len(counts.passed) + len(counts.failed) + len(counts.skipped)
    if seen == 0 and planned is None:
        (counts.passed if status == 0 else counts.failed).append(name)
    else:
        if seen == 0:
            counts.failed.append(f"{name}: ran no case")
        if planned is not None and planned != seen:
            counts.failed.append(f"{name}: {planned} cases planned, {seen} seen")
        if status != 0 and not counts.failed and not counts.skipped:
            counts.failed.append(f"{name}: exit status {status} though every case passed")
    allowed = []
    for case in counts.skipped:
        if f"{name}/{case}" in hardware or name in hardware:
            allowed.append(case)
        else:
            counts.failed.append(f"{case}: skipped, and not named in tests/hardware.txt")
    counts.skipped = allowed
    counts.failed.extend(f"{name}: {what}" for what in trouble)
    return counts


def telling(text, lines):
    """The cases that are not ok with what stands below them, then the end; in all about twice `lines`."""
    all_lines = text.splitlines()
    wrong, keep = [], 0
    for line in all_lines:
        if line.startswith("not ok"):
            keep = 20
        elif not line.startswith("#"):
            keep = 0
        if keep > 0:
            wrong.append(line)
            keep -= 1
    return wrong[:lines] + (["…"] if wrong else []) + all_lines[-lines:]
