"""Many people at once: their sessions and orders in a real demo, the program that sends what they ask (load_client), and
what the hall takes meanwhile."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/tools"))
import client  # noqa: E402
import story  # noqa: E402
import system  # noqa: E402

REV, COUNT = "@" * 10, "#" * 8  # load_client puts the draft's revision and the client's count there
STAFF = ("regulator", "maker", "support", "finance")
ADDRESSES = 16  # clients come from so many addresses of loopback


def from_address(n):
    return f"127.0.1.{1 + n % ADDRESSES}"


# ---- people

class Person:
    """Signed in to the portal, with an order of his own that is being filled in."""

    def __init__(self, s, n, code):
        self.number, self.code = n, code
        self.story = story.Story.__new__(story.Story)
        self.story.system, self.story.person, self.story.code = s, story.someone(n), code
        self.browser = self.story.applicant = client.Browser(s.url, "portal")

    def begin(self):
        self.story.sign_in()
        self.story.begin()
        self.order = self.story.order
        return self


def import_people(s, n):
    """A list of n people: their codes, good from now on."""
    teller = story.Story(s)
    codes = [f"7QF42KXM{k:08}" for k in range(n)]
    teller.staff.stand_in("regulator")
    content = story.list_file(*(story.list_row(story.someone(k), code=codes[k]) for k in range(n)))
    batch = story.import_file(teller.staff, s, content)
    teller.staff.wait(f"/imports/{batch['id']}", lambda b: b.get("ca_state") == "entered", 120)
    s.clock("+2wd")
    return codes


def people(s, n):
    codes = import_people(s, n)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda k: Person(s, k, codes[k]).begin(), range(n)))


def staff(s, n):
    """n sessions of the console, people of several roles in turn."""
    browsers = []
    for k in range(n):
        browser = client.Browser(s.url, "console")
        browser.role = STAFF[k % len(STAFF)]
        browser.stand_in(browser.role)
        browsers.append(browser)
    return browsers


# ---- what they ask

def request(s, browser, method, path, body=None):
    lines = [f"{method} /api/v1/{browser.side}{path} HTTP/1.1", f"Host: 127.0.0.1:{s.port}", "Accept-Language: en",
             "Cookie: " + "; ".join(f"{k}={v}" for k, v in browser.cookies.items()), f"X-CSRF: {browser.csrf}"]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join(lines) + "\r\n\r\n" + (body or "")


def saving(s, p):
    """A draft's section, with the client's count in the address."""
    body = json.dumps({"rev": REV, "final": False, "values": {"mailing.address": f"Road {COUNT} of {p.order}"}})
    return request(s, p.browser, "PUT", f"/orders/{p.order}/form/mailing", body.replace(f'"{REV}"', REV))


def writer(s, p):
    """Fills in the form, looking at it and at the list in between."""
    reporting = p.story.person["reporting"]
    form = {"text": request(s, p.browser, "GET", f"/orders/{p.order}/form"), "must": reporting, "draft": True}
    save = {"text": saving(s, p), "must": '"state":'}
    return [form, save, form, {"text": request(s, p.browser, "GET", "/orders"), "must": f'"{p.order}"'}]


def reader(s, p):
    browser = p.browser
    return [{"text": request(s, browser, "GET", "/session"), "must": f'"csrf":"{browser.csrf}"'},
            {"text": request(s, browser, "GET", "/orders"), "must": f'"{p.order}"'},
            {"text": request(s, browser, "GET", f"/orders/{p.order}"), "must": f'"{p.order}"'},
            {"text": request(s, browser, "GET", f"/orders/{p.order}/form"), "must": p.story.person["reporting"]}]


def clerk(s, browser, p):
    """Somebody at the console: his tasks, and the order that he is asked about."""
    asked = [{"text": request(s, browser, "GET", "/session"), "must": f'"csrf":"{browser.csrf}"'},
             {"text": request(s, browser, "GET", "/work"), "must": '"summary":'},
             {"text": request(s, browser, "GET", f"/orders/{p.order}"), "must": f'"{p.order}"'},
             {"text": request(s, browser, "GET", f"/search?q={p.order}"), "must": f'"{p.order}"'}]
    return asked


def plan(s, everybody, clerks, clients):
    """Of eight clients one writes, one is at the console, six read. Each order has one writer, or revisions would collide."""
    rows, writers = [], iter(everybody)
    for n in range(clients):
        p = everybody[n % len(everybody)]
        kind = n % 8
        if kind == 0:
            p = next(writers)
            asked = writer(s, p)
        elif kind == 1:
            asked = clerk(s, clerks[n // 8 % len(clerks)], p)
        else:
            asked = reader(s, p)
        rows.append({"from": from_address(n), "requests": asked, "begin": n // 8, "rev": 0})
    return {"port": s.port, "pid": s.pid("hall"), "clients": rows}


class LoadClient:
    """The program that asks; `with` ends it."""

    def __init__(self, s, made, name="plan"):
        path = os.path.join(s.folder, name + ".json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(made, f, ensure_ascii=False)
        self.process = subprocess.Popen([program(), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def round(self, clients, seconds, manner="patient"):
        self.process.stdin.write(f"round {clients} {seconds} {manner}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"load_client ended with {self.process.wait()}")
        got = json.loads(line)
        got["rate"] = got["good"] / got["seconds"]
        # what others on this machine took away is not the hall's: right answers for each second of processor time there was
        there = got["server_cpu"] + got["client_cpu"] + got["idle"]
        got["keep"] = got["good"] / max(0.01, there)
        got["others"] = max(0, 1 - there / (got["seconds"] * os.sysconf("SC_NPROCESSORS_ONLN")))
        return got


def program():
    folder = os.environ.get("CERTHALL_BUILD", os.path.join(ROOT, "build-test"))
    return os.path.join(folder, "tests/load/load_client")


# ---- what the hall takes

def memory_kib(pid, name="VmRSS"):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    return 0


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def descriptors(pid):
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/fd"))
    return 0


class Watch:
    """The largest memory of a process while `with` lasts."""

    def __init__(self, pid):
        self.pid, self.largest, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def look(self):
        while not self.over.wait(0.05):
            self.largest = max(self.largest, memory_kib(self.pid))

    def __enter__(self):
        self.before = self.largest = memory_kib(self.pid)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def may_open(n):
    """Raise our own limit of open files; what it is then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(n, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


median = statistics.median


def still_serves(s, seconds=5):
    """The slowest of a few ordinary answers, in seconds; AssertionError where one is not 200."""
    slowest, until = 0, time.monotonic() + seconds
    for path in ("/api/v1/portal/projects", "/api/v1/portal/session", "/"):
        begun = time.monotonic()
        try:
            answer = client.exchange(s.url, "GET", path, timeout=max(1, until - begun))
        except (OSError, http.client.HTTPException) as error:
            raise AssertionError(f"{path}: {error!r} after {time.monotonic() - begun:.1f} s") from error
        if answer.status != 200:
            raise AssertionError(f"{path}: {answer.status} {answer.data[:200]!r}")
        slowest = max(slowest, time.monotonic() - begun)
    return slowest


class Second(system.System):
    """A demo beside another one of the same test, on the later half of its ports."""

    def _places(self):
        base = os.environ.get("CERTHALL_PORT_BASE")
        if base:
            os.environ["CERTHALL_PORT_BASE"] = str(int(base) + 10)
        try:
            super()._places()
        finally:
            if base:
                os.environ["CERTHALL_PORT_BASE"] = base
