"""What a browser does for a person, over HTTP: cookies, the token against forged requests, JSON there and back."""
import http.client
import http.cookies
import json
import os
import subprocess
import time
import urllib.parse
import uuid

AGENT_SECONDS = 120


class Refused(Exception):
    """An answer that is not 2xx: .status, .code, .field and the whole .body."""

    def __init__(self, method, path, status, body):
        self.status, self.body = status, body if isinstance(body, dict) else {}
        self.code, self.field = self.body.get("code", ""), self.body.get("field", "")
        super().__init__(f"{method} {path}: {status} {self.code} {self.field} {self.body.get('message', body)!r}")


class AgentFailed(AssertionError):
    """The agent brought nothing to the browser: .code is the problem that its job shows, "" where it shows none."""

    def __init__(self, status, said, job):
        self.code = (job.get("problem") or {}).get("code", "")
        super().__init__(f"the agent ended with {status}: {said}; the job: {job}")


class Raw:
    """One exchange with nothing done for the caller."""

    def __init__(self, status, headers, data):
        self.status, self.headers, self.data = status, headers, data

    def json(self):
        try:
            return json.loads(self.data)
        except ValueError:
            return self.data.decode(errors="replace")


def exchange(base, method, path, data=None, headers=None, timeout=60):
    place = urllib.parse.urlsplit(base)
    link = http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)
    try:
        link.request(method, path, data, headers or {})
        answer = link.getresponse()
        endless = answer.headers.get_content_type() == "text/event-stream"
        return Raw(answer.status, answer.headers, b"" if endless else answer.read())
    finally:
        link.close()


class Browser:
    """One browser context at one side of the hall ("portal" or "console")."""

    def __init__(self, url, side, language="zh-CN"):
        self.url, self.side, self.language = url, side, language
        self.cookies, self.csrf = {}, ""
        self.refresh()

    def refresh(self):
        session = self.get("/session")
        self.csrf = session["csrf"]
        return session

    def raw(self, method, path, data=None, headers=None, whole=False):
        all_headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "X-CSRF": self.csrf,
                       "Accept-Language": self.language, **(headers or {})}
        place = path if whole else f"/api/v1/{self.side}{path}"
        answer = exchange(self.url, method, place, data, {k: v for k, v in all_headers.items() if v is not None})
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)
        return answer

    def judge(self, method, path, answer):
        if not 200 <= answer.status < 300:
            raise Refused(method, path, answer.status, answer.json())
        return answer.json() if answer.data else None

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return self.judge(method, path, self.raw(method, path, data, headers))

    def get(self, path):
        return self.send("GET", path)

    def post(self, path, body=None):
        return self.send("POST", path, {} if body is None else body)

    def put(self, path, body):
        return self.send("PUT", path, body)

    def delete(self, path):
        return self.send("DELETE", path)

    def download(self, path):
        answer = self.raw("GET", path)
        if answer.status != 200:
            raise Refused("GET", path, answer.status, answer.json())
        return answer.data

    def upload(self, path, fields, files):
        """files: (field, name, bytes)"""
        boundary = uuid.uuid4().hex
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
                 for k, v in fields.items()]
        for field, name, content in files:
            parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                         f"Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
        data = b"".join(parts) + f"--{boundary}--\r\n".encode()
        answer = self.raw("POST", path, data, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
        return self.judge("POST", path, answer)

    def wait(self, path, condition, seconds=30, every=0.1):
        """The first answer that fulfils `condition`."""
        until = time.monotonic() + seconds
        while True:
            body = self.get(path)
            if condition(body):
                return body
            if time.monotonic() > until:
                raise AssertionError(f"{path}: after {seconds} s still {json.dumps(body, ensure_ascii=False)[:600]}")
            time.sleep(every)

    # ---- staff

    def stand_in(self, role, nth=0):
        """The demo's one-click stand-in: the nth person with this role."""
        people = [p for p in self.get("/demo/people")["items"] if role in p["roles"]]
        session = self.post("/demo/session", {"person": people[nth]["id"]})
        self.csrf = session["csrf"]
        return session


class Agent:
    """The real certhall-agent with a scripted PIN window, and a "default browser" that writes down what it opens."""

    def __init__(self, system, name="agent"):
        self.folder = os.path.join(system.folder, name)
        self.program = system.program("certhall-agent")
        self.opened = os.path.join(self.folder, "opened")
        os.makedirs(self.folder, exist_ok=True)
        browser = os.path.join(self.folder, "browser")
        with open(browser, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{self.opened}'\n")
        os.chmod(browser, 0o755)
        with open(os.path.join(system.data, "demo/agent.conf"), encoding="utf-8") as f:
            kept = [line for line in f if not line.startswith(("pinentry", "browser"))]
        self.config = os.path.join(self.folder, "agent.conf")
        pinentry = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pinentry-scripted")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("".join(kept) + f"pinentry = {pinentry}\nbrowser = {browser}\n")
        os.chmod(self.config, 0o600)
        self.answers()

    def answers(self, *lines):
        """What the person will say: `pin TEXT`, `ok`, `cancel`; in the order of the questions."""
        for name, text in (("answers", "".join(line + "\n" for line in lines)), ("opened", "")):
            with open(os.path.join(self.folder, name), "w", encoding="utf-8") as f:
                f.write(text)

    def environment(self):
        return {**os.environ, "CERTHALL_TEST_PINENTRY": self.folder}

    def start(self, link, verb="open", output=None):
        return subprocess.Popen([self.program, "--config", self.config, verb, link], stdin=subprocess.DEVNULL,
                                stdout=output or subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                env=self.environment())

    def open(self, link, *answers, verb="open"):
        """Runs the agent to its end: (exit status, what it said)."""
        if answers:
            self.answers(*answers)
        process = self.start(link, verb)
        try:
            said, _ = process.communicate(timeout=AGENT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
        return process.returncode, said

    def finish_token(self):
        """Of the page that the agent opened, `/agent/finish#p.<token>`, without the mark of its side."""
        with open(self.opened, encoding="utf-8") as f:
            pages = [line.strip() for line in f if "/agent/finish#" in line]
        return pages[-1].split("#", 1)[1][2:] if pages else None

    def job(self, browser, body, *answers):
        """Makes a job in this browser, lets the agent do it, brings its token back: the finished job's answer."""
        return self.carry(browser, browser.post("/jobs", body), *answers)

    def carry(self, browser, made, *answers):
        """The same with a job that was made, or opened again."""
        self.answers(*answers)
        process = self.start(made["link"])
        try:
            token = self.wait_token(process)
            if not token:
                said, _ = process.communicate()
                raise AgentFailed(process.returncode, said, browser.get("/jobs/" + made["id"]))
            done = browser.post("/jobs/finish", {"token": token})
            process.communicate(timeout=AGENT_SECONDS)  # it sees that its work has taken effect
            return done
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def wait_token(self, process):
        """What the agent brings to the browser while its own window is still open; None when it ended without."""
        until, ended_at = time.monotonic() + AGENT_SECONDS, None
        while time.monotonic() < until:
            token = self.finish_token()
            if token:
                return token
            if process.poll() is not None and not ended_at:
                ended_at = time.monotonic()
            if ended_at:  # the browser that it started may be slower than its own end
                until = min(until, ended_at + 3) if process.returncode == 0 else 0
            time.sleep(0.02)
        return None
