#!/usr/bin/env python3
"""A server that answers as no server should. What it does to a request is said by the address in it:
KIND.N@example.org. A kind in ONCE misbehaves the first time it sees an address and does what is right
from then on; a kind in ALWAYS always misbehaves; "good" never does.

usage: hostile.py LOG PARENT-PID    prints its URL; ends when the parent does

LOG gets a line for each request: METHOD, the address, and whether the body says is_member False.
A redirect leads to another port of the server's, whose requests are logged as "LEAK".
"""

import asyncio
import collections
import json
import os
import re
import sys
import urllib.parse
import zlib

UUID = "d32fcdd6-7366-466d-a3b8-7e0d87c3cd8b"
JSON = "application/json"


def person(address, member):
    return {"identifiers": [f"action_network:{UUID}"], "email_addresses": [{"address": address}],
            "custom_fields": {"is_member": member}}


def bomb():
    """900 MB in less than a MB of gzip: one flushed block of zeros, again and again."""
    pack = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = pack.compress(bytes(1 << 20)) + pack.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * min(900, 1000_000 // len(block))


BOMB = bomb()


def response(body, status="200 OK", *headers, length=None):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {JSON}",
             f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Visit:
    """One request and the ways to answer it."""

    def __init__(self, server, writer, method, address, body, key):
        self.server, self.writer, self.key = server, writer, key
        member = json.loads(body).get("person", json.loads(body)) if body else {}
        self.person = person(address, member.get("custom_fields", {}).get("is_member", "True"))
        self.answer = self.person if method != "GET" else {"_embedded": {"osdi:people": [self.person]}}
        self.close = False

    def send(self, data):
        self.writer.write(data)

    async def good(self):
        self.send(response(self.answer))

    # Right in the end, and slow or wordy.

    async def bytewise(self):
        for byte in response(self.answer):
            self.send(bytes([byte]))
            await asyncio.sleep(0)

    async def continues(self):
        for _ in range(20):
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
            await self.writer.drain()
        self.send(response(self.answer))

    async def duplicates(self):
        people = [{**self.person, "identifiers": [7, None, "action_network:no-uuid", f"action_network:{UUID}",
                                                  f"action_network:{UUID}", f"action_network:{UUID[::-1]}"]}] * 30
        self.send(response(people[0] if self.answer is self.person else {"_embedded": {"osdi:people": people}}))

    # Wrong the first time.

    async def short(self):
        body = json.dumps(self.answer).encode()
        self.send(response(body, length=len(body) + 10))
        self.close = True

    async def long(self):
        body = json.dumps(self.answer).encode()
        self.send(response(body, length=len(body) - 10))
        self.close = True

    async def negative(self):
        self.send(response(self.answer, length=-5))
        self.close = True

    async def lengths(self):
        self.send(response(self.answer, "200 OK", "Content-Length: 3", "Content-Length: 99999999999999999999"))
        self.close = True

    async def chunks(self):
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n")
        self.close = True

    async def html(self):
        self.send(response(b"<!DOCTYPE html><h1>Back in a moment</h1>"))

    async def gzip(self):
        self.send(response(BOMB, "200 OK", "Content-Encoding: gzip"))

    async def nesting(self):
        self.send(response(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"))

    async def keys(self):
        self.send(response(b'{"a":1,"a":2' + b',"a":3' * 5000 + b"}}"))

    async def bom(self):
        self.send(response(b"\xef\xbb\xbf" + json.dumps(self.answer).encode()))

    async def array(self):
        self.send(response([self.answer]))

    async def nothing(self):
        self.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def empty(self):
        self.send(response(b""))

    async def endless(self):
        self.send(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            self.send(b"X-Filler: " + b"x" * 20_000 + b"\r\n")
            await self.writer.drain()
        self.close = True

    async def line(self):
        self.send(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1_000_000)
        self.close = True

    async def old(self):
        self.send(b"Welcome to this server\r\n")
        self.close = True

    async def status(self):
        self.send(b"HTTP/1.1 banana\r\n\r\n")
        self.close = True

    async def upgrade(self):
        self.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n\0\0\0\0")
        self.close = True

    async def later(self):
        waits = ["-5", "-9223372036854775807", "1e300", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", "", "\xff" * 200]
        self.server.waits = (self.server.waits + 1) % len(waits)
        self.send(response({}, "503 Service Unavailable", f"Retry-After: {waits[self.server.waits]}"))

    async def century(self):
        self.send(response({}, "503 Service Unavailable", "Retry-After: 3155760000"))

    async def cut(self):
        self.writer.transport.abort()

    # Wrong every time.

    async def redirect(self):
        self.send(response({}, "307 Temporary Redirect", f"Location: {self.server.elsewhere}/people"))

    async def latin(self):
        self.send(response("Défense d'entrer: \x1b[31m".encode("latin-1"), "404 Not Found"))

    async def echo(self):
        self.send(response({"error": "x" * 490 + self.key + f" {self.key} " * 100}, "400 Bad Request"))

    async def huge(self):
        self.send(response(b'{"a":"' + b"x" * 1_500_000 + b'"}'))
        self.close = True

    async def other(self):
        self.answer.update(person("somebody.else@example.org", "True"))
        self.send(response(self.answer))

    async def types(self):
        self.send(response({"identifiers": {"a": 1}, "email_addresses": "x", "custom_fields": [1, {}],
                            "postal_addresses": {"a": None}, "_links": [], "given_name": {}, "error": [],
                            "_embedded": {"osdi:people": {"0": 1}}}))

    async def bare(self):
        self.send(response({"email_addresses": [None, 5, {"address": 7}, {"address": None}, []],
                            "identifiers": [[], {}, 1.5], "_embedded": {"osdi:people": [None, [], 3, {}]}}))


ONCE = ["bytewise", "continues", "duplicates", "short", "long", "negative", "lengths", "chunks", "html", "gzip",
        "nesting", "keys", "bom", "array", "nothing", "empty", "endless", "line", "old", "status", "upgrade", "later",
        "century", "cut"]
ALWAYS = ["redirect", "latin", "echo", "huge", "other", "types", "bare"]


class Server:
    def __init__(self, log):
        self.log, self.seen, self.waits, self.elsewhere = log, collections.Counter(), 0, None

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"\r\ncontent-length: *(\d+)", head, re.I)
        body = await reader.readexactly(int(length[1]) if length else 0)
        method, target = head.split(" ", 2)[:2]
        key = re.search(r"\r\nosdi-api-token: *(\S*)", head, re.I)
        found = re.search(r"(\w+)\.\d+@example\.org", urllib.parse.unquote(target) + body.decode())
        address, kind = (found[0], found[1]) if found else ("", "good")
        lapses = b'"is_member":"False"' in body
        print(method, address, "lapses" if lapses else "", file=self.log, flush=True)
        self.seen[address] += 1
        visit = Visit(self, writer, method, address, body, key[1] if key else "")
        behave = getattr(visit, kind) if kind in ALWAYS or self.seen[address] == 1 else visit.good
        await behave()
        return not visit.close

    async def leak(self, reader, writer):
        print("LEAK", await reader.read(1000), file=self.log, flush=True)
        writer.close()


async def main():
    with open(sys.argv[1], "a") as log:
        server = Server(log)
        other = await asyncio.start_server(server.leak, "127.0.0.1", 0)
        server.elsewhere = f"http://localhost:{other.sockets[0].getsockname()[1]}"
        here = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=1 << 20, backlog=512)
        print(f"http://127.0.0.1:{here.sockets[0].getsockname()[1]}", flush=True)
        while os.path.exists(f"/proc/{sys.argv[2]}"):
            await asyncio.sleep(0.25)


if __name__ == "__main__":
    asyncio.run(main())
