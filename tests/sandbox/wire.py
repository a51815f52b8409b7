"""HTTP/1.1 for the sandbox: one request read, one response written. By hand, because http.server
is half as fast, and because half an answer must be possible, too."""

import json
import urllib.parse
from http import HTTPStatus

BODY_LIMIT = 16 * 1024 * 1024
LINE_LIMIT = 64 * 1024
HAL = "application/hal+json"
HTML = "text/html; charset=utf-8"
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"


class Response(Exception):
    """What goes back. It is raised where a request is refused."""

    def __init__(self, status, value, kind=HAL, retry_after=None):
        self.status, self.kind, self.retry_after = status, kind, retry_after
        self.truncated = False  # sends half of the body and closes
        self.body = (value if isinstance(value, str) else to_json(value)).encode("utf-8", "replace")

    def encode(self, close):
        head = [f"HTTP/1.1 {self.status} {phrase(self.status)}", f"Content-Type: {self.kind}",
                f"Content-Length: {len(self.body)}"]
        if self.retry_after is not None:
            head.append(f"Retry-After: {self.retry_after}")
        if close:
            head.append("Connection: close")
        body = self.body[:len(self.body) // 2] if self.truncated else self.body
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def error(status, message):
    return Response(status, {"error": message}, "application/json")


def page(status):
    """The kind of answer that is not JSON at all."""
    return Response(status, PAGE.format(f"{status} {phrase(status)}"), HTML)


def phrase(status):
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unassigned"


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Request:
    """One request, wholly read."""

    def __init__(self, method, target, version, headers, body):
        self.method, self.headers = method, headers
        path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(path)
        # As a form decodes it: a raw plus is a space.
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.url = f"{self.path}?{urllib.parse.unquote_plus(query)}"
        self.text = body.decode("utf-8", "replace")
        self.close = version != "HTTP/1.1" or "close" in headers.get("connection", "").lower()
        try:
            self.json = json.loads(body) if body else None
        except (ValueError, RecursionError):
            self.json = None


def read_request(stream):
    """The next request; None when the client has gone."""
    line = stream.readline(LINE_LIMIT)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(LINE_LIMIT)
    if not line.endswith(b"\n"):
        if len(line) == LINE_LIMIT:
            raise page(414)
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise page(400)
    headers = {}
    while True:
        line = stream.readline(LINE_LIMIT)
        if line in (b"\r\n", b"\n"):
            break
        name, colon, value = line.decode("latin-1").partition(":")
        if not line.endswith(b"\n") or not colon or len(headers) > 100:
            raise page(400)
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise page(501)
    length = headers.get("content-length", "0")
    if words[0] in ("POST", "PUT") and "content-length" not in headers:
        raise page(411)
    if not length.isdecimal():
        raise page(400)
    if int(length) > BODY_LIMIT:
        raise page(413)
    body = stream.read(int(length))
    return Request(*words, headers, body) if len(body) == int(length) else None
