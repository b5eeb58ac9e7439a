"""A demo of its own for one test: data directory, databases, server processes, bank, mail server.

Everything stands below one folder, listens on loopback, and is ended by pid. Layout as installed: `app/bin`,
`app/share/certhall`.
"""
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "testrun"))
import world  # noqa: E402

PROJECT = "aml-reporting"
PROCESSES = ("ca", "kmc", "responder", "hall")
PROGRAMS = ("main/certhall", "sim/certhall-sim", "agent/certhall-agent", "tour/certhall-tour")
START_SECONDS = 60
ONE_USER = "nobody"  # by root: the users of an installation may not be there; they have a test of their own
MAIL_PORT = 7  # behind the base, beside hall, responder and bank


class SystemFailed(Exception):
    pass


def build_folder():
    """The release build where there is one: a story is about the whole; sanitizers have the tests of the parts."""
    for folder in (os.environ.get("CERTHALL_RELEASE"), os.environ.get("CERTHALL_BUILD"),
                   os.path.join(ROOT, "build-release"), os.path.join(ROOT, "build")):
        if folder and os.path.exists(os.path.join(folder, "src/main/certhall")):
            return folder
    raise SystemFailed("no build with src/main/certhall; run ./test or ninja -C build first")


def wait_until(what, condition, seconds=START_SECONDS, every=0.05):
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise SystemFailed(f"{what}: not after {seconds} s")
        time.sleep(every)


def has_ended(pid):
    """Also where its parent has yet to hear of it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status < 500
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def takes_connections(port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


class System:
    """`with System() as s:` makes the data and starts everything. A system call that a filter refused fails the test, unless
    `refuses_calls` says that it is there for that."""

    refuses_calls = False

    def __init__(self, postgres=False, mail=False, folder=None, algorithm="P-256"):
        self.stack = contextlib.ExitStack()
        self.algorithm = algorithm
        self.postgres, self.mail, self.own_folder = postgres, mail, folder
        self.running = {}  # name → Popen

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.stack = stack
            self._places()
            self._install()
            if self.mail:
                self.start_mail()
            self._init()
            self.start()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        refused = [] if self.refuses_calls or kind else self.refused_calls()
        self.stack.close()
        if refused:
            raise SystemFailed("a process made a system call that it may not:\n" + "".join(refused))

    # ---- places

    def _places(self):
        base = os.environ.get("CERTHALL_PORT_BASE")
        self.port = int(base) if base else self.stack.enter_context(world.ports())
        self.folder = self.own_folder
        if not self.folder:
            self.folder = tempfile.mkdtemp(prefix="hall-", dir=os.environ.get("TMPDIR", "/tmp"))
            os.chmod(self.folder, 0o711)  # the processes, which are not root's, pass through
            self.stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.data, self.run = os.path.join(self.folder, "data"), os.path.join(self.folder, "run")
        self.bin, self.share = os.path.join(self.folder, "app/bin"), os.path.join(self.folder, "app/share/certhall")
        self.logs = os.path.join(self.folder, "log")
        self.mails = os.path.join(self.folder, "mail")
        self.url = f"http://127.0.0.1:{self.port}"
        self.status_url = f"http://127.0.0.1:{self.port + 1}"
        self.bank_url = f"http://127.0.0.1:{self.port + 2}"
        self.stack.callback(self.stop)

    def _install(self):
        build = build_folder()
        for folder in (self.bin, self.share, self.logs, self.mails):
            os.makedirs(folder, exist_ok=True)
        for program in PROGRAMS:
            from_path, to = os.path.join(build, "src", program), os.path.join(self.bin, os.path.basename(program))
            try:
                os.link(from_path, to)
            except OSError:
                shutil.copy2(from_path, to)
        shutil.copytree(os.path.join(ROOT, "profiles"), os.path.join(self.share, "profiles"))
        self._choose_algorithm()
        pages = os.path.join(ROOT, "web/dist")
        if os.path.isdir(pages):
            shutil.copytree(pages, os.path.join(self.share, "web"))
        else:
            os.makedirs(os.path.join(self.share, "web"))

    def _choose_algorithm(self):
        """As an operator does it: two lines of the project's profile."""
        path = os.path.join(self.share, "profiles", PROJECT, "profile.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        suffix = {"P-256": "", "SM2": "-sm2", "RSA-2048": "-rsa2048"}[self.algorithm]
        for old, new in (("  algorithm: P-256\n", f"  algorithm: {self.algorithm}\n"),
                         (f"  profile: {PROJECT}\n", f"  profile: {PROJECT}{suffix}\n")):
            if text.count(old) != 1:
                raise SystemFailed(f"{path} has not one line {old!r}")
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    # ---- data

    def _init(self):
        argv = [self.program("certhall"), "init", "--demo", "--data", self.data, "--run", self.run,
                "--port-base", str(self.port), "--share", self.share, "--algorithms", self.algorithm]
        argv += self.whose()
        if self.postgres:
            argv += ["--database", self._databases()]
        if self.mail:
            argv += ["--smtp-url", f"smtp://127.0.0.1:{self.port + MAIL_PORT}"]
        self.command(argv)

    @staticmethod
    def whose():
        """Options of init that say who the processes are."""
        return ["--user", ONE_USER] if os.geteuid() == 0 else []

    def _databases(self):
        """A server of its own: the names of the databases are fixed, so two tests on one server would meet."""
        env = {k: v for k, v in os.environ.items() if k != "CERTHALL_TEST_POSTGRES"}
        told = os.path.join(self.folder, "postgres")
        server = subprocess.Popen(
            [os.path.join(ROOT, "tests/tools/with-postgres"), "sh", "-c",
             f'echo "$CERTHALL_TEST_POSTGRES" >{told}.new && mv {told}.new {told} && exec sleep 100000'],
            env=env, stdin=subprocess.DEVNULL)
        self.stack.callback(self.end, server)
        wait_until("PostgreSQL", lambda: server.poll() is not None or os.path.exists(told))
        if server.poll() is not None:
            raise SystemFailed("PostgreSQL did not start")
        with open(told, encoding="utf-8") as f:
            url = f.read().strip()
        for name in ("hall", "ca", "kmc"):
            subprocess.run(["psql", "-q", "-d", url, "-c", f"CREATE DATABASE certhall_{name}"], check=True)
        self.postgres_url = url
        return url.replace("/postgres?", "/?")

    def database(self, process):
        """How psql or sqlite3 finds the database of a process."""
        if self.postgres:
            return self.postgres_url.replace("/postgres?", f"/certhall_{process}?")
        return os.path.join(self.data, process, f"{process}.db")

    # ---- processes

    def program(self, name):
        return os.path.join(self.bin, name)

    def spawn(self, name, argv, env=None):
        log = open(os.path.join(self.logs, name + ".log"), "ab")
        with log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        self.running[name] = process
        return process

    def start_mail(self, *options):
        port = self.port + MAIL_PORT
        self.spawn("mail", [os.path.join(ROOT, "tests/tools/smtp-sink"), "--port", str(port), "--folder", self.mails,
                            *options])
        wait_until("the mail server", lambda: takes_connections(port))

    def start_bank(self):
        self.spawn("bank", [self.program("certhall-sim"), "bank", "--config-dir", os.path.join(self.data, "sim"),
                            "--port", str(self.port + 2)])
        self.wait_healthy("bank")

    def start_serve(self):
        self.spawn("serve", [self.program("certhall"), "serve", "--data", self.data, "--run", self.run])
        self.wait_healthy("hall", "responder")

    def start(self):
        self.start_bank()
        self.start_serve()

    def wait_healthy(self, *names):
        urls = {"hall": f"{self.url}/api/v1/portal/projects", "responder": f"{self.status_url}/",
                "bank": f"{self.bank_url}/"}
        for name in names:
            owner = self.running["bank" if name == "bank" else "serve"]

            def alive_and_well(name=name, owner=owner):
                if owner.poll() is not None:
                    raise SystemFailed(f"{name} ended while it started:\n{self.log_end(name)}")
                return answers(urls[name])
            wait_until(f"{name} answers", alive_and_well)

    def wait_ready(self, name):
        """The ready file of a process (ca and kmc have no port)."""
        wait_until(f"{name} is ready", lambda: os.path.exists(os.path.join(self.run, name, "ready")))

    def pid(self, name):
        """Of a process that serve supervises, of serve, of the bank; 0 when it does not run."""
        if name in self.running:
            return self.running[name].pid if self.running[name].poll() is None else 0
        serve = self.running["serve"].pid
        for child in world.descendants_of(world.processes(), serve):
            if world.name_of(child).startswith(f"certhall-{name} "):
                return child
        return 0

    def kill(self, name, sig=signal.SIGKILL):
        """Ends one process; what supervises it starts it again, serve and bank are started again by restart()."""
        pid = self.pid(name)
        if not pid:
            raise SystemFailed(f"{name} does not run")
        os.kill(pid, sig)
        if name in self.running:
            self.running[name].wait(30)
            if name == "serve":  # a killed supervisor takes its children with it
                wait_until("the four processes end", lambda: not any(
                    takes_connections(self.port + k) for k in (0, 1)) and not self._orphans(), 30)
        else:
            wait_until(f"{name} ends", lambda: has_ended(pid), 30)

    def _orphans(self):
        """Processes of this demo, whoever their parent is now."""
        mark = f"\0{self.data}\0".encode()
        found = []
        for pid in world.processes():
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if mark in f.read() and pid != os.getpid():
                        found.append(pid)
        return found

    def restart(self, name):
        if name == "bank":
            self.start_bank()
        elif name == "serve":
            self.start_serve()

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stop(self):
        for name in ("serve", "bank", "mail"):
            if name in self.running:
                self.end(self.running.pop(name))
        world.end(self._orphans() if hasattr(self, "data") else [])

    # ---- telling

    def refused_calls(self):
        found = []
        for name in os.listdir(self.logs):
            with open(os.path.join(self.logs, name), encoding="utf-8", errors="replace") as f:
                found += [line for line in f if "sandbox.refused" in line or "serve.sandbox" in line]
        return found

    def log_end(self, name, lines=30):
        path = os.path.join(self.logs, ("serve" if name in PROCESSES else name) + ".log")
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])
        return ""

    def command(self, argv, said="", **options):
        """What it prints; `said` is what it reads from standard input."""
        done = subprocess.run(argv, capture_output=True, text=True, input=said, check=False, **options)
        if done.returncode:
            raise SystemFailed(f"{' '.join(argv[:3])} … ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def clock(self, at=None):
        """Moves business time; gives the time it is then."""
        return self.command([self.program("certhall"), "demo", "clock", "--data", self.data, "--share", self.share] +
                            (["--at", at] if at else [])).strip()

    def passwords(self):
        with open(os.path.join(self.data, "demo/passwords.json"), encoding="utf-8") as f:
            return {person["login"]: person for person in json.load(f)}

    def environment(self):
        return {"CERTHALL_URL": self.url, "CERTHALL_STATUS_URL": self.status_url, "CERTHALL_BANK_URL": self.bank_url,
                "CERTHALL_DATA": self.data, "CERTHALL_RUN": self.run, "CERTHALL_BIN": self.bin,
                "CERTHALL_SHARE": self.share, "CERTHALL_MAILS": self.mails, "CERTHALL_FOLDER": self.folder,
                "CERTHALL_LOGS": self.logs}
