#!/usr/bin/env python3
"""A sandbox Action Network: API v2's people, and a Slack webhook, on loopback.

It keeps the rules that matter to whoever syncs people: the person signup helper matches by address
and by phone number, PUT drops a taken address without a word, unknown tags are ignored, a refused
key is repeated in the answer. It can be slow, refuse, break connections and lie on demand, and it
remembers every request, so that a test can ask what was really sent. Standard library only; the
rules are in group.py, HTTP in wire.py.

  /api/v2/          the API: people, people/UUID, metadata/custom_fields
  /slack/ANYTHING   an incoming webhook
  /sandbox/         for tests (never logged, limited or faulty):
    GET  people, log, stats, slack, faults, ping
    POST people     a list of people to start with: as GET people gives them, or {"email":...}
    POST remove     a list of addresses whose people are deleted
    POST settings   {"rate":..., "latency":..., "key":..., "tags":[...], "drop_unknown_fields":...,
                     "churn":0.5}, the share of pages before which somebody else comes or goes
    POST faults     {"reset":true, "seed":7, "random":{"500":0.1},
                     "next":[{"kind":"cut-after", "count":3, "skip":1, "method":"PUT",
                              "contains":"rosa@", "seconds":2, "retry_after":1}]}
                    "count":null is for ever; "contains" looks into the decoded URL and the body
    POST save, reset

Kinds of faults: a status (500, 503, 429, 400, 403 ...) in place of an answer, and STATUS-applied,
the same after the request was carried out; cut-before and cut-after (the connection is closed
without an answer, before or after the request was carried out); slow; garbage and garbage-applied
(200 with a page of HTML); truncated (carried out; less is sent than Content-Length says). With
slack- before it (slack-429, slack-404, slack-cut-before) a fault is the webhook's.

A client whose kept-alive connection is cut may repeat the request by itself, as libcurl does.
"""

import argparse
import collections
import json
import os
import random
import re
import signal
import socketserver
import sys
import threading
import time
import traceback
from datetime import datetime, timezone

from group import Group
from serving import alive
from wire import HAL, HTML, PAGE, Response, error, page, read_request, to_json

PAGE_SIZE = 25
# Requests that leave a client exactly a second apart can arrive a little closer together on a busy
# machine. That much shorter is the second of the rate limit and of the statistics.
TOLERANCE = 0.050
FAULT_KIND = re.compile(
    r"(slack-)?([45]\d\d(-applied)?|slow|cut-before|cut-after|garbage(-applied)?|truncated)")


# ---- faults, the rate, the memory of what came ----


class Faults:
    """Which request goes wrong, and how. Its caller holds the lock."""

    def __init__(self, options):
        self.options = options
        self.reset()
        self.random = dict(options.faults)

    def reset(self):
        self.dice, self.random, self.next = random.Random(self.options.seed), {}, []

    def configure(self, wish):
        rules = wish.get("next", [])
        chances = wish.get("random", {})
        for kind in [*chances, *(rule.get("kind") for rule in rules)]:
            if not FAULT_KIND.fullmatch(str(kind)):
                raise error(400, f"no such fault: {kind}")
        if wish.get("reset"):
            self.reset()
        if "seed" in wish:
            self.dice = random.Random(wish["seed"])
        self.random.update(chances)
        self.next += [{"count": 1, **rule} for rule in rules]

    def draw(self, service, request):
        """The fault of this request as a rule ({} for none): the first in the list that fits, else
        one by chance."""
        for rule in self.next:
            if (rule["kind"].startswith("slack-") == (service == "slack")
                    and rule.get("method", request.method) == request.method
                    and (rule.get("contains", "") in request.url
                         or rule.get("contains", "") in request.text)):
                if rule.get("skip", 0) > 0:
                    rule["skip"] -= 1
                    continue
                if rule["count"] is not None:
                    rule["count"] -= 1
                    self.next = [other for other in self.next if other["count"] != 0]
                return rule
        chance = self.dice.random()
        for kind, share in self.random.items():
            if kind.startswith("slack-") == (service == "slack"):
                if chance < share:
                    return {"kind": kind}
                chance -= share
        return {}


class Window:
    """How many events lie within the last second, less the tolerance."""

    def __init__(self):
        self.times = collections.deque()

    def count(self, now):
        while self.times and self.times[0] <= now - 1 + TOLERANCE:
            self.times.popleft()
        return len(self.times)

    def add(self, now):
        self.times.append(now)


class Journal:
    """Every request to the API and the webhook. Its caller holds the lock."""

    def __init__(self, file=None):
        self.file, self.started = file, time.monotonic()
        self.entries, self.number = [], 0
        self.in_flight = self.most_in_flight = self.most_in_a_second = self.too_many = 0
        self.late = 0
        self.counts = {name: collections.Counter() for name in ("methods", "statuses", "faults")}
        self.window = Window()

    def begin(self, request, now):
        self.number += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.window.add(now)
        self.most_in_a_second = max(self.most_in_a_second, self.window.count(now))
        return {"n": self.number, "time": datetime.now(timezone.utc).isoformat(),
                "at": round(now - self.started, 4), "method": request.method,
                "path": request.path, "query": request.query}

    def record(self, entry):
        """Called before the answer leaves, so that who got it finds it here."""
        self.entries.append(entry)
        self.counts["methods"][entry["method"]] += 1
        self.counts["statuses"][str(entry["status"])] += 1
        if entry["fault"]:
            self.counts["faults"][entry["fault"]] += 1
        self.too_many += entry["status"] == 429
        if self.file:
            self.file.write(to_json(entry).encode("utf-8", "replace").decode() + "\n")

    def stats(self):
        return {"requests": self.number, **self.counts, "too_many": self.too_many,
                "in_flight": self.in_flight, "most_in_flight": self.most_in_flight,
                "most_in_a_second": self.most_in_a_second, "late": round(self.late, 3)}


# ---- the service ----


class Api:
    """The paths under /api/v2. Each method returns what the answer holds."""

    def __init__(self, options, group):
        self.options, self.group = options, group

    def judge_key(self, request):
        key = request.headers.get("osdi-api-token")
        return "missing" if key is None else "right" if key == self.options.key else "wrong"

    @staticmethod
    def refused_key(request, status=403):
        key = request.headers.get("osdi-api-token", "")
        return error(status, f"API Key invalid or not present {key}".rstrip())

    def serve(self, request, entry):
        if entry["key"] != "right":
            raise self.refused_key(request)
        path = request.path.rstrip("/")
        parent, _, identifier = path.rpartition("/")
        route = {"/api/v2": {"GET": self.entry_point},
                 "/api/v2/metadata/custom_fields": {"GET": self.custom_fields},
                 "/api/v2/people": {"GET": self.people, "POST": self.sign_up}}.get(path)
        if parent == "/api/v2/people" and identifier in self.group.people:
            entry["id"] = identifier
            route = {"GET": self.person, "PUT": self.update}
        if route is None:
            raise page(404)
        if request.method not in route:
            raise page(405)
        if request.method != "GET":
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind not in ("application/json", HAL):
                raise error(400, "Content-Type must be application/json")
            if not isinstance(request.json, dict):
                raise error(400, "The body is not a JSON object")
        return Response(200, route[request.method](request, entry))

    def entry_point(self, _request, _entry):
        here = f"{self.options.url}/api/v2"
        return {"motd": "Welcome to the sandbox", "max_pagesize": PAGE_SIZE,
                "osdi_version": "1.1.1",
                "_links": {"self": {"href": here}, "osdi:people": {"href": f"{here}/people"},
                           "osdi:person_signup_helper": {"href": f"{here}/people"}}}

    def custom_fields(self, _request, _entry):
        return {"name": "Custom Fields", "action_network:custom_fields": [
            {"name": name, "created_date": date, "modified_date": date, "notes": None}
            for name, date in sorted(self.group.fields.items())]}

    @staticmethod
    def number(request, name, default):
        text = request.query.get(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise error(400, f"Invalid {name}: {text}")
        return int(text)

    def people(self, request, entry):
        number, size = (self.number(request, name, default)
                        for name, default in (("page", 1), ("per_page", PAGE_SIZE)))
        size = min(size, PAGE_SIZE)
        condition = request.query.get("filter")
        if self.group.dice.random() < self.options.churn:
            self.group.churn()
        found = self.group.find(condition)
        entry["id"] = found[0]["id"] if len(found) == 1 else None
        shown = [self.group.resource(person) for person in found[(number - 1) * size:number * size]]
        here = f"{self.options.url}/api/v2/people?page="
        links = {"self": {"href": f"{here}{number}"},
                 "osdi:people": [person["_links"]["self"] for person in shown]}
        if len(shown) == size:
            links["next"] = {"href": f"{here}{number + 1}"}
        # No totals: the real collection of people has none either.
        return {"per_page": size, "page": number, "_links": links,
                "_embedded": {"osdi:people": shown}}

    def sign_up(self, request, entry):
        person, new = self.group.sign_up(request.json, entry["ignored"])
        entry.update(id=person["id"], did="created" if new else "updated")
        return self.group.resource(person)

    def person(self, _request, entry):
        return self.group.resource(self.group.people[entry["id"]])

    def update(self, request, entry):
        self.group.update(self.group.people[entry["id"]], request.json, entry["ignored"])
        entry["did"] = "updated"
        return self.person(request, entry)


class Sandbox:
    """Answers requests. One lock around all state; nothing waits while holding it."""

    SETTINGS = ("rate", "latency", "key", "tags", "drop_unknown_fields", "lenient_put",
                "churn", "normalize", "refuse_taken")

    def __init__(self, options):
        self.options = options
        self.lock, self.stop = threading.Lock(), threading.Event()
        self.log_file = open(options.log, "a", buffering=1) if options.log else None
        self.faults = Faults(options)
        self.clear()
        if options.state and os.path.exists(options.state):
            with open(options.state) as file:
                state = json.load(file)
            self.group.tags.update(state["tags"])
            self.group.add_fields(state["custom_fields"])
            self.control_people(state["people"])
            self.slack = state["slack"]

    def clear(self):
        self.group, self.slack = Group(self.options), []
        self.api = Api(self.options, self.group)
        self.journal, self.accepted, self.refused = Journal(self.log_file), Window(), 0

    def watch(self):
        """By how many seconds this machine, when it is busy, wakes a process too late."""
        while True:
            before = time.monotonic()
            time.sleep(TOLERANCE / 2)
            self.journal.late = max(self.journal.late, time.monotonic() - before - TOLERANCE / 2)

    def save(self):
        if not self.options.state:
            return
        state = {"people": self.group.dump(), "tags": sorted(self.group.tags),
                 "custom_fields": sorted(self.group.fields), "slack": self.slack}
        write_file(self.options.state, json.dumps(state, indent=1) + "\n")

    def answer(self, request):
        """The response, or None: close the connection without one."""
        if request.path.startswith("/sandbox/"):
            with self.lock:
                return self.control(request)
        service = "slack" if request.path.startswith("/slack/") else "api"
        with self.lock:
            now = time.monotonic()
            entry = self.journal.begin(request, now)
            limited = service == "api" and self.over_rate(now)
            fault = {} if limited else self.faults.draw(service, request)
        self.stop.wait(self.options.latency)
        with self.lock:
            entry.update(fault=fault.get("kind"), key=self.api.judge_key(request), id=None,
                         did=None, ignored=[], body=request.json)
            kind = fault.get("kind", "").replace("slack-", "")
            response = (self.too_many() if limited
                        else self.outcome(service, request, entry, kind, fault))
            entry["status"] = response.status if response else 0
            self.journal.record(entry)
        if kind == "slow":
            self.stop.wait(fault.get("seconds", self.options.slow_seconds))
        with self.lock:
            self.journal.in_flight -= 1
        return response

    def over_rate(self, now):
        """Only accepted requests use up the rate."""
        if self.options.rate and self.accepted.count(now) >= self.options.rate:
            return True
        self.accepted.add(now)
        return False

    def too_many(self):
        """429; every second one says for how long."""
        self.refused += 1
        response = error(429, "Too many requests")
        response.retry_after = 1 if self.refused % 2 == 0 else None
        return response

    def outcome(self, service, request, entry, kind, fault):
        """Carries the request out, unless its fault comes first; then the fault, if any."""
        response = None
        if kind not in ("cut-before", "garbage") and not kind.isdigit():
            try:
                serve = self.serve_slack if service == "slack" else self.api.serve
                response = serve(request, entry)
            except Response as refusal:
                response = refusal
        if kind.startswith("cut-"):
            return None
        if kind.startswith("garbage"):
            return Response(200, PAGE.format("Back in a moment"), HTML)
        if kind == "truncated":
            response.truncated = True
        if kind[:3].isdigit():
            response = self.faulty(service, int(kind[:3]), request)
            response.retry_after = fault.get("retry_after", response.retry_after)
        return response

    def faulty(self, service, status, request):
        if service == "slack":
            words = {400: "invalid_payload", 403: "invalid_token", 404: "no_service",
                     410: "channel_is_archived", 429: "rate_limited"}
            return Response(status, words.get(status, "server_error"), "text/plain",
                            1 if status == 429 else None)
        if status == 429:
            return self.too_many()
        if status in (401, 403):
            return self.api.refused_key(request, status)
        response = page(status) if status == 404 or status > 500 else error(status, "Sandbox fault")
        response.retry_after = 1 if status == 503 else None
        return response

    def serve_slack(self, request, entry):
        message = request.json
        if request.method != "POST":
            raise Response(405, "method_not_allowed", "text/plain")
        if not isinstance(message, dict):
            raise Response(400, "invalid_payload", "text/plain")
        if not isinstance(message.get("text"), str) or not message["text"]:
            raise Response(400, "no_text", "text/plain")
        self.slack.append(message)
        entry["did"] = "posted"
        return Response(200, "ok", "text/plain")

    # For tests.

    def control(self, request):
        shown = {"ping": lambda: {"ping": "pong"}, "people": self.group.dump,
                 "log": lambda: sorted(self.journal.entries, key=lambda entry: entry["n"]),
                 "stats": self.journal.stats, "slack": lambda: self.slack,
                 "faults": lambda: {"random": self.faults.random, "next": self.faults.next}}
        done = {"people": self.control_people, "remove": lambda wish: self.group.remove(wish),
                "faults": self.faults.configure, "settings": self.control_settings,
                "save": lambda _wish: self.save(),
                "reset": lambda _wish: (self.faults.reset(), self.clear())}
        what = request.path[len("/sandbox/"):]
        try:
            if request.method == "GET" and what in shown:
                return Response(200, shown[what](), "application/json")
            if request.method == "POST" and what in done:
                if request.text and request.json is None:
                    raise error(400, "The body is not JSON")
                done[what](request.json or {})
                return Response(200, {"ok": True}, "application/json")
            raise error(404, f"no such control: {request.method} {what}")
        except Response as refusal:
            return refusal

    def control_people(self, people):
        for person in people:
            self.group.seed(person)

    def control_settings(self, wish):
        for name in wish:
            if name not in self.SETTINGS:
                raise error(400, f"no such setting: {name}")
        vars(self.options).update(wish)
        self.group.tags |= set(self.options.tags)


# ---- the server ----


class Connection(socketserver.StreamRequestHandler):
    """One connection in a thread of its own, kept alive until either side closes it."""

    disable_nagle_algorithm = True

    def handle(self):
        while True:
            try:
                request = read_request(self.rfile)
                if request is None:
                    return
                response, close = self.server.sandbox.answer(request), request.close
            except Response as refusal:
                response, close = refusal, True
            if response is None:
                return
            close = close or response.truncated
            self.request.sendall(response.encode(close and not response.truncated))
            if close:
                return


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """A client that leaves early is no error; anything else is a defect of the sandbox."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            traceback.print_exc()


# ---- the program ----


def fault_option(text):
    kind, equals, share = text.partition("=")
    if not equals or not FAULT_KIND.fullmatch(kind):
        raise argparse.ArgumentTypeError(f"not KIND=PROBABILITY: {text}")
    return kind, float(share)


def parse_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--port", type=int, default=0, help="on 127.0.0.1; 0, the default: the kernel chooses")
    add("--port-file", metavar="FILE", help="write the port there when listening")
    add("--key", default="sandbox-key", help="the API key that is accepted")
    add("--rate", type=float, default=0, metavar="N", help="429 beyond N requests a second")
    add("--latency", type=float, default=0, metavar="SECONDS", help="of every answer")
    add("--fault", type=fault_option, action="append", default=[], dest="faults",
        metavar="KIND=PROBABILITY", help="see the top of the source; may be repeated")
    add("--slow-seconds", type=float, default=5, metavar="SECONDS", help="of the fault slow")
    add("--seed", type=int, default=1, help="of the faults' chance")
    add("--tag", action="append", default=[], dest="tags", metavar="NAME", help="the group has")
    add("--custom-field", action="append", default=[], dest="custom_fields", metavar="NAME",
        help="the group has")
    add("--drop-unknown-fields", action="store_true", help="instead of adding them to the group")
    add("--lenient-put", action="store_true", help="no 500 for a PUT of custom fields alone")
    add("--churn", type=float, default=0, metavar="SHARE", help="of the pages of people, before "
        "which somebody else comes or goes")
    add("--refuse-taken", action="store_true", help="answer 400 to a PUT whose address somebody else has, "
        "instead of dropping it")
    add("--normalize", action="store_true", help="store ZIP codes without +4, states and countries "
        "by their letters, domains in ASCII, custom fields under the name that the group has")
    add("--state", metavar="FILE", help="load it if it exists; write it on /sandbox/save and at "
        "the end")
    add("--log", metavar="FILE", help="append every request as a line of JSON")
    add("--with-parent", type=int, metavar="PID", help="end when this process has ended")
    return parser.parse_args(arguments)


def write_file(path, text):
    """In one step: nobody sees half of it."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def main():
    options = parse_options(sys.argv[1:])
    options.url = None
    with Server(("127.0.0.1", options.port), Connection) as server:
        port = server.server_address[1]
        options.url = f"http://127.0.0.1:{port}"
        sandbox = server.sandbox = Sandbox(options)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if options.rate:
            threading.Thread(target=sandbox.watch, daemon=True).start()
        try:
            # The handler raises in this thread, which holds no lock: setting an event there could
            # wait for a lock that this very thread holds.
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: sys.exit())
            if options.port_file:
                write_file(options.port_file, f"{port}\n")
            print(options.url, flush=True)
            while options.with_parent is None or alive(options.with_parent):
                time.sleep(0.25)
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            sandbox.stop.set()
            with sandbox.lock:
                sandbox.save()


if __name__ == "__main__":
    main()
