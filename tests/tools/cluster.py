"""A PostgreSQL server of a test's own that may be ended by SIGKILL and started again: tests/tools/with-postgres serves those
who only want one."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

SECONDS = 60


def programs():
    done = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
    found = [done.stdout.strip()] if done.returncode == 0 else []
    base = "/usr/lib/postgresql"
    if os.path.isdir(base):
        found += [os.path.join(base, v, "bin") for v in sorted(os.listdir(base), key=float, reverse=True)]
    return next(f for f in found if os.path.exists(os.path.join(f, "initdb")))


class Cluster:
    """SIGKILL takes nothing from what the kernel has: without fsync it is as good as with it, and a test takes seconds."""

    def __init__(self):
        self.bin, self.server = programs(), None
        self.folder = tempfile.mkdtemp(prefix="certhall-pg-", dir="/tmp")
        self.data = os.path.join(self.folder, "data")
        self.user = {}
        if os.geteuid() == 0:
            postgres = pwd.getpwnam("postgres")
            os.chown(self.folder, postgres.pw_uid, postgres.pw_gid)
            self.user = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
        os.chmod(self.folder, 0o711)
        self.url = f"postgresql://certhall@/postgres?host={self.folder}"
        subprocess.run([os.path.join(self.bin, "initdb"), "-D", self.data, "-U", "certhall", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, capture_output=True, cwd=self.folder, **self.user)
        self.start()

    def start(self):
        """Until it answers; what a killed one left behind may need a moment to go."""
        until = time.monotonic() + SECONDS
        while True:
            with open(os.path.join(self.folder, "server.log"), "ab") as log:
                self.server = subprocess.Popen(
                    [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.folder, "-c", "listen_addresses=",
                     "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=150",
                     "-c", "deadlock_timeout=100ms", "-c", "shared_buffers=16MB"],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, **self.user)
            while self.server.poll() is None:
                if subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.folder, "-U", "certhall"],
                                  check=False).returncode == 0:
                    return
                if time.monotonic() > until:
                    break
                time.sleep(0.05)
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL in {self.folder} does not start")
            time.sleep(0.2)

    def backends(self):
        """Processes that serve connections."""
        with open(f"/proc/{self.server.pid}/task/{self.server.pid}/children", encoding="ascii") as f:
            children = [int(p) for p in f.read().split()]
        found = []
        for pid in children:
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as f:
                if b"certhall" in f.read().replace(self.folder.encode(), b""):
                    found.append(pid)
        return found

    def kill(self, whole, chance):
        """The whole server, or one of its backends, upon which it ends all others by itself."""
        victims = [] if whole else self.backends()
        os.kill(chance.choice(victims) if victims else self.server.pid, signal.SIGKILL)
        if not victims:
            self.server.wait()
            self.start()

    def end(self):
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGQUIT)
            self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
