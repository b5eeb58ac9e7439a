"""What the lints share: the files of the tree, C text without comments, exceptions, and the way of reporting.

Each lint is an executable here. It takes --root DIR (default: this tree), prints `file:line: what and why` for each
finding and ends with 1, or prints nothing and ends with 0.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SKIP_FOLDERS = {".git", "node_modules", "dist", "__pycache__", ".cache"}


class Lint:
    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)))
        parser.add_argument("--build", default=os.environ.get("CERTHALL_RELEASE", ""))
        options = parser.parse_args()
        self.root, self.build = os.path.abspath(options.root), options.build
        self.name = os.path.basename(sys.argv[0])
        self.found = 0
        self.allowed = self.read_allowed()

    def read_allowed(self):
        """tools/lint/allow.txt: `lint path:what  reason`; an exception without a reason is not one."""
        allowed = set()
        path = os.path.join(self.root, "tools/lint/allow.txt")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for line in f:
                    words = line.split("#")[0].split(None, 2)
                    if len(words) == 3 and words[0] == self.name:
                        allowed.add(words[1])
        return allowed

    def files(self, *endings):
        for path in tree(self.root):
            if not endings or path.endswith(endings):
                yield path

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def say(self, path, line, what, key=None):
        if key is not None and f"{path}:{key}" in self.allowed:
            return
        self.found += 1
        print(f"{path}:{line}: {what}")

    def end(self):
        sys.exit(1 if self.found else 0)


def tree(root):
    """Files of the tree, relative: what git tracks or would track; without git everything that is no build output."""
    if os.path.exists(os.path.join(root, ".git")):
        done = subprocess.run(["git", "-c", f"safe.directory={root}", "ls-files", "-co", "--exclude-standard", "-z"],
                              cwd=root, capture_output=True, check=True)
        names = sorted(set(done.stdout.decode().split("\0")) - {""})
        return [n for n in names if os.path.isfile(os.path.join(root, n))]
    names = []
    for base, folders, files in os.walk(root):
        folders[:] = [d for d in folders if d not in SKIP_FOLDERS and not d.startswith("build")]
        names += [os.path.relpath(os.path.join(base, f), root) for f in files]
    return sorted(names)


TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def code_only(text):
    """C text with comments and the inside of literals blanked; lines stay where they are."""
    def put(match):
        token = match.group(0)
        return blank(token) if token[0] == "/" else token[0] + blank(token[1:-1]) + token[-1]
    return TOKEN.sub(put, text)


def literals(text):
    """(line, content) of each string literal outside comments; neighbours that C joins are joined."""
    found, end_of_last = [], None
    for match in TOKEN.finditer(text):
        token = match.group(0)
        if token[0] != '"':
            continue
        line = text.count("\n", 0, match.start()) + 1
        if end_of_last is not None and text[end_of_last:match.start()].strip() == "":
            found[-1][1] += token[1:-1]
        else:
            found.append([line, token[1:-1]])
        end_of_last = match.end()
    return found


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1
