#!/usr/bin/env python3
"""Nothing that goes wrong in a test may be counted as passed: the counting held against bad outputs."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tap  # noqa: E402

#  what must be true, output, exit status, trouble, hardware names → passed, failed, skipped
CASES = [
    ("each ok line is one case", "1..2\nok 1 - a\nok 2 - b\n", 0, [], set(), (2, 0, 0)),
    ("a not ok line is a failed case", "1..2\nok 1 - a\nnot ok 2 - b\n", 1, [], set(), (1, 1, 0)),
    ("a program without TAP is one case", "all well\n", 0, [], set(), (1, 0, 0)),
    ("a program without TAP that fails is one failed case", "", 3, [], set(), (0, 1, 0)),
    ("a program that dies half way fails", "1..3\nok 1 - a\n", 134, [], set(), (1, 1, 0)),
    ("a failing exit status after passed cases fails", "1..1\nok 1 - a\n", 23, [], set(), (1, 1, 0)),
    ("two groups in one program count together", "1..1\nok 1 - a\n1..1\nok 1 - b\n", 0, [], set(), (2, 0, 0)),
    ("an empty plan is not a pass", "1..0\n", 0, [], set(), (0, 1, 0)),
    ("a skipped case fails (cmocka)", "1..1\nnot ok 1 # SKIP key_plugged\n", 0, [], set(), (0, 1, 0)),
    ("a skipped case fails (others)", "1..1\nok 1 - key_plugged # SKIP none\n", 0, [], set(), (0, 1, 0)),
    ("hardware may be missing", "1..1\nok 1 - key_plugged # skip none\n", 0, [], {"prog/key_plugged"}, (0, 0, 1)),
    ("a process left behind fails", "1..1\nok 1 - a\n", 0, ["left running: x"], set(), (1, 1, 0)),
    ("words that begin with ok are no cases", "okay then\nnot okay\n", 0, [], set(), (1, 0, 0)),
]


def main():
    bad = 0
    print(f"1..{len(CASES)}")
    for number, (what, text, status, trouble, hardware, want) in enumerate(CASES, 1):
        got = tap.judge("prog", text, status, trouble, hardware)
        counts = (len(got.passed), len(got.failed), len(got.skipped))
        if counts == want:
            print(f"ok {number} - {what}")
        else:
            bad += 1
            print(f"not ok {number} - {what}\n# want {want}, got {counts}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
