"""JSON over HTTP over a UNIX socket, and a proxy in a socket's place: what somebody who owns the hall can do."""
import http.client
import json
import os
import socket
import threading


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def peer_key(system):
    with open(os.path.join(system.data, "peer.key"), encoding="ascii") as f:
        return f.read().strip()


def call(path, method, url, body=None, headers=None):
    """(status, what it answers)"""
    link = UnixConnection(path)
    try:
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        link.request(method, url, data, {"Content-Type": "application/json", **(headers or {})})
        answer = link.getresponse()
        raw = answer.read()
    finally:
        link.close()
    try:
        return answer.status, json.loads(raw)
    except ValueError:
        return answer.status, raw


class Proxy:
    """Takes a socket's place; `on_request(method, url, body)` sees each request before it goes on."""

    def __init__(self, path, on_request):
        self.path, self.real, self.on_request = path, path + ".real", on_request
        os.rename(self.path, self.real)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        real = os.stat(self.real)  # the processes are not root's: they must come to this one as to the real one
        os.chown(self.path, real.st_uid, real.st_gid)
        os.chmod(self.path, real.st_mode & 0o777)
        self.listener.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        """The real one back in its place."""
        self.listener.close()
        os.rename(self.real, self.path)

    def _serve(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._exchange, args=(link,), daemon=True).start()

    def _exchange(self, link):
        with link, link.makefile("rb") as f:
            while True:
                head = f.readline()
                if not head:
                    return
                method, url, _ = head.decode().split(" ", 2)
                headers = http.client.parse_headers(f)
                body = f.read(int(headers.get("Content-Length") or 0))
                self.on_request(method, url, body)
                up = UnixConnection(self.real, 60)
                up.request(method, url, body or None, {k: v for k, v in headers.items() if k.lower() not in (
                    "host", "content-length", "connection", "expect")})
                answer = up.getresponse()
                data = answer.read()
                up.close()
                kept = "".join(f"{k}: {v}\r\n" for k, v in answer.getheaders() if k.lower() not in (
                    "content-length", "connection", "transfer-encoding"))
                link.sendall(f"HTTP/1.1 {answer.status} {answer.reason}\r\n{kept}Content-Length: {len(data)}\r\n\r\n"
                             .encode() + data)
