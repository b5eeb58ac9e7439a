#!/usr/bin/env python3
"""Write the broken profiles out as folders: make.py FOLDER. Each gets profile.yaml and expected.txt (line: reason)."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROFILE = HERE.parent.parent / "profiles" / "aml-reporting" / "profile.yaml"


def broken(path):
    head, *edits = path.read_text(encoding="utf-8").split("\n---\n")
    keys = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line and not line.startswith("#"))
    text = PROFILE.read_text(encoding="utf-8")
    for edit in edits:
        old, new = edit.removesuffix("\n").split("\n===\n")
        if text.count(old) != 1:
            sys.exit(f"{path.name}: occurs {text.count(old)} times: {old!r}")
        text = text.replace(old, new)
    lines = [i + 1 for i, line in enumerate(text.splitlines()) if keys["at"] in line]
    if len(lines) != 1:
        sys.exit(f"{path.name}: {len(lines)} lines hold {keys['at']!r}")
    return text, lines[0], keys["says"]


def main():
    out = pathlib.Path(sys.argv[1])
    for path in sorted(HERE.glob("*.broken")):
        text, line, says = broken(path)
        folder = out / path.stem / "aml-reporting"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "profile.yaml").write_text(text, encoding="utf-8")
        (out / path.stem / "expected.txt").write_text(f"{line}: {says}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
