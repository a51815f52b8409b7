#!/usr/bin/env python3
"""A server that answers every request with the same bytes, whatever they are: for answers that the
sandbox Action Network would never give.

usage: canned.py ANSWER-FILE LOG-FILE PARENT-PID

Prints its URL when it listens on a port of loopback that the kernel chose, and ends with its parent.
The file is read for each request, and sent as it is; the connection is closed then. The log has a
line of JSON for each request: method, target, headers (names in lower case), body.
"""

import json
import socketserver
import sys
import threading

from serving import serve


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        words = self.rfile.readline().decode("latin-1").split()
        if len(words) != 3:
            return
        headers = {}
        while (line := self.rfile.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", "0"))).decode("utf-8", "replace")
        entry = {"method": words[0], "target": words[1], "headers": headers, "body": body}
        with self.server.lock, open(self.server.log, "a") as log:
            log.write(json.dumps(entry) + "\n")
        with open(self.server.answer, "rb") as answer:
            try:
                self.wfile.write(answer.read())
            except ConnectionError:
                pass  # the client has read enough


def main():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Connection) as server:
        server.answer, server.log, server.lock = sys.argv[1], sys.argv[2], threading.Lock()
        serve(server, int(sys.argv[3]))


if __name__ == "__main__":
    main()
