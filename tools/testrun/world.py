"""What a test gets from the runner: a folder, ports, and an end to all it started.

Two runs at once share nothing: folders are made by mkdtemp, port ranges are leased by an abstract UNIX socket
(gone with the process).
"""
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import tempfile
import time

PORTS = 20  # to a test: CERTHALL_PORT_BASE … + 19
FIRST_PORT, LAST_PORT = 20000, 31000
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Grandchildren whose parent ended become ours, so that one left behind is seen and ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="certhall-test-", dir="/tmp")
    os.chmod(path, 0o711)  # other users (postgres, certhall-*) may pass through, not list
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def ports():
    """The first port of a free range, leased until the end of the block."""
    start = FIRST_PORT + os.getpid() % 400 * PORTS
    count = (LAST_PORT - FIRST_PORT) // PORTS
    for i in range(count):
        base = FIRST_PORT + (start - FIRST_PORT + i * PORTS) % (count * PORTS)
        lease = socket.socket(socket.AF_UNIX)
        try:
            lease.bind(f"\0certhall-test-ports-{base}")
        except OSError:
            lease.close()
            continue
        if all(port_is_free(base + k) for k in range(PORTS)):
            try:
                yield base
            finally:
                lease.close()
            return
        lease.close()
    raise RuntimeError("no free range of ports on 127.0.0.1")


def processes():
    """pid → (parent, session), from /proc."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as f:
                rest = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if rest[0] != "Z":
            found[int(entry)] = (int(rest[1]), int(rest[3]))
    return found


def descendants_of(table, pid):
    children = {}
    for child, (parent, _) in table.items():
        children.setdefault(parent, []).append(child)
    found, todo = [], [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.append(child)
            todo.append(child)
    return found


def end(pids):
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, sig)
        for _ in range(30):
            alive = processes()
            if not any(pid in alive for pid in pids):
                return
            time.sleep(0.1)


def name_of(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace").strip()[:120]
    except OSError:
        return "?"
