"""The named places where a process can be ended (src/base/boundary.def), and the folders of a demo through which it is."""
import collections
import contextlib
import os
import re
import shutil

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROW = re.compile(r'^BOUNDARY\(\w+,\s*"([a-z_.]+)",\s*"([a-z ]+)"\)', re.MULTILINE)
FOLDERS = {"hall": "hall", "ca": "ca", "kmc": "kmc", "responder": "responder", "serve": "demo", "bank": "sim"}


def table():
    """(process, place) of every place in every process that passes it."""
    with open(os.path.join(ROOT, "src/base/boundary.def"), encoding="utf-8") as f:
        return [(process, name) for name, processes in ROW.findall(f.read()) for process in processes.split()]


class Boundaries:
    """Of one demo. The processes find the folders only when they are there before they start."""

    def __init__(self, data, agents):
        self.folders = {process: os.path.join(data, place, "boundary") for process, place in FOLDERS.items()}
        self.folders["agent"] = os.path.join(agents, "boundary")
        for folder in self.folders.values():
            os.makedirs(folder)
            owner = os.stat(os.path.dirname(folder))
            os.chown(folder, owner.st_uid, owner.st_gid)

    def arm(self, process, name):
        """Whoever comes there next is ended."""
        path = os.path.join(self.folders[process], name)
        with open(path, "w", encoding="ascii"):
            pass
        owner = os.stat(self.folders[process])
        with contextlib.suppress(FileNotFoundError):  # it was there at once
            os.chown(path, owner.st_uid, owner.st_gid)

    def waits(self, process, name):
        return os.path.exists(os.path.join(self.folders[process], name))

    def disarm(self, process, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.folders[process], name))

    def counts(self):
        """(how often each was passed, how often somebody was ended there)"""
        passed, killed = collections.Counter(), collections.Counter()
        for process, folder in self.folders.items():
            with contextlib.suppress(FileNotFoundError), open(os.path.join(folder, "passed"), encoding="ascii") as f:
                for line in f:
                    name, _, end = line.strip().partition(" ")
                    passed[process, name] += 1
                    killed[process, name] += bool(end)
        return passed, killed

    def clear(self):
        for folder in self.folders.values():
            shutil.rmtree(folder, ignore_errors=True)
