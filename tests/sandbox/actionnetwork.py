#!/usr/bin/env python3
"""A sandbox Action Network: API v2's people, and a Slack webhook, on loopback.

It keeps the rules that matter to whoever syncs people: the person signup helper matches by address
and by phone number, PUT drops a taken address without a word, unknown tags are ignored, a refused
key is repeated in the answer. It can be slow, refuse, break connections and lie on demand, and it
remembers every request, so that a test can ask what was really sent. Standard library only.

  /api/v2/          the API: people, people/UUID, metadata/custom_fields
  /slack/ANYTHING   an incoming webhook
  /sandbox/         for tests (never logged, limited or faulty):
    GET  people, log, stats, slack, faults, ping
    POST people     a list of people to start with: as GET people gives them, or {"email":...}
    POST settings   {"rate":..., "latency":..., "key":..., "tags":[...], "drop_unknown_fields":...}
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
import urllib.parse
import uuid
from datetime import datetime, timezone
from http import HTTPStatus

PAGE_SIZE = 25
BODY_LIMIT = 16 * 1024 * 1024
LINE_LIMIT = 64 * 1024
# Requests that leave a client exactly a second apart can arrive a little closer together on a busy
# machine. That much shorter is the second of the rate limit and of the statistics.
TOLERANCE = 0.050
HTML = "text/html; charset=utf-8"
HAL = "application/hal+json"
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
FAULT_KIND = re.compile(
    r"(slack-)?([45]\d\d(-applied)?|slow|cut-before|cut-after|garbage(-applied)?|truncated)")
EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
FILTER = re.compile(r"\s*email_address\s+eq\s+'((?:[^']|'')*)'\s*")
POSTAL_FIELDS = ("address_lines", "locality", "region", "postal_code", "country")
NAME_FIELDS = ("given_name", "family_name", "languages_spoken")
HELPER_FIELDS = {"person", "add_tags", "remove_tags"}
PERSON_FIELDS = {*NAME_FIELDS, "email_addresses", "phone_numbers", "postal_addresses",
                 "custom_fields"}


class Refusal(Exception):
    """A request that is answered by a status of its own and changes nothing."""

    def __init__(self, status, message, kind="application/json"):
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind


class Response:
    """What goes back; `truncated` sends half of the body and closes."""

    def __init__(self, status, value, kind=HAL, retry_after=None):
        self.status, self.kind, self.retry_after = status, kind, retry_after
        self.truncated = False
        text = value if isinstance(value, str) else to_json(value)
        self.body = text.encode("utf-8", "replace")

    def encode(self, close):
        phrase = HTTPStatus(self.status).phrase if self.status in STATUSES else "Unknown"
        head = [f"HTTP/1.1 {self.status} {phrase}", f"Content-Type: {self.kind}",
                f"Content-Length: {len(self.body)}"]
        if self.retry_after is not None:
            head.append(f"Retry-After: {self.retry_after}")
        if close:
            head.append("Connection: close")
        body = self.body[:len(self.body) // 2] if self.truncated else self.body
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body


STATUSES = {status.value for status in HTTPStatus}


def to_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def page_of(status):
    return PAGE.format(f"{status} {HTTPStatus(status).phrase}" if status in STATUSES else status)


def expect(value, kind, what):
    """The value, when it has the JSON type; null is allowed."""
    if value is not None and not isinstance(value, kind):
        raise Refusal(400, {"error": f"{what} has the wrong type"})
    return value


def text_of(value):
    """How Action Network stores a scalar: as a string."""
    if isinstance(value, str):
        return value
    return to_json(value)


def primary(sent, name):
    """The entry of a list such as email_addresses that counts: a person has one."""
    entries = expect(sent.get(name), list, name) or []
    for entry in entries:
        expect(entry, dict, name)
    entries = [entry for entry in entries if entry]
    return next((entry for entry in entries if entry.get("primary")), entries[0] if entries else {})


# ---- the group and its rules ----


class Group:
    """The people of one Action Network group. Its caller holds the lock."""

    def __init__(self, options):
        self.options = options
        self.people, self.by_email, self.by_phone = {}, {}, {}
        self.tags = set(options.tags)
        self.fields = {name: rfc3339(time.time()) for name in options.custom_fields}

    # What a request names.

    @staticmethod
    def email_of(sent):
        """The address that is sent, in lower case as it is stored; None without one."""
        address = expect(primary(sent, "email_addresses").get("address"), str, "address")
        if address is None:
            return None
        if not EMAIL.fullmatch(address):
            raise Refusal(400, {"error": f"Email address '{address}' is invalid"})
        return address.lower()

    @staticmethod
    def phone_of(sent):
        """The number that is sent: digits only, with the 1 of North America; None without one."""
        number = expect(primary(sent, "phone_numbers").get("number"), (str, int), "number")
        digits = re.sub(r"\D", "", str(number)) if number is not None else ""
        return ("1" + digits if len(digits) == 10 else digits) or None

    # What a request does.

    def sign_up(self, body, ignored):
        """POST /people: the person signup helper. Returns the person and whether it is new."""
        sent = expect(body.get("person"), dict, "person")
        if sent is None:
            raise Refusal(400, {"error": "person is missing"})
        ignored += sorted(set(body) - HELPER_FIELDS)
        email, phone = self.email_of(sent), self.phone_of(sent)
        if not email and not phone:
            raise Refusal(400, {"error": "A person needs an email address or a phone number"})
        tags = {name: [text_of(tag) for tag in expect(body.get(name), list, name) or []]
                for name in ("add_tags", "remove_tags")}
        person = self.by_email.get(email)
        holder = self.by_phone.get(phone)
        if person is None and holder and (email is None or holder["email"] is None):
            person = holder
        new = person is None
        changes = self.check(sent, ignored)
        if new:
            person = self.create()
        self.apply(person, sent, changes, ignored)
        self.tag(person, tags["add_tags"], tags["remove_tags"], ignored)
        return person, new

    def update(self, person, sent, ignored):
        """PUT /people/UUID. The body is the bare person, not wrapped as the helper's is."""
        if set(sent) == {"custom_fields"} and not self.options.lenient_put:
            raise Refusal(500, page_of(500), HTML)
        self.apply(person, sent, self.check(sent, ignored), ignored)

    def check(self, sent, ignored):
        """Refuses what is malformed before anything is changed; returns the plain fields."""
        ignored += sorted(set(sent) - PERSON_FIELDS)
        for name in ("given_name", "family_name"):
            expect(sent.get(name), (str, int, float), name)
        expect(sent.get("languages_spoken"), list, "languages_spoken")
        self.email_of(sent), self.phone_of(sent)
        postal = primary(sent, "postal_addresses")
        expect(postal.get("address_lines"), list, "address_lines")
        if sent.get("postal_addresses", ...) is None:
            postal = dict.fromkeys(POSTAL_FIELDS)
        return {"names": {name: sent[name] for name in NAME_FIELDS if name in sent},
                "postal": {name: postal[name] for name in POSTAL_FIELDS if name in postal},
                "fields": expect(sent.get("custom_fields"), dict, "custom_fields") or {}}

    def create(self, identifier=None):
        now = int(time.time())
        person = {"id": identifier or str(uuid.uuid4()), "created": now, "modified": now,
                  "email": None, "email_status": "subscribed", "phone": None,
                  "phone_status": "unsubscribed", "names": {}, "postal": {}, "custom_fields": {},
                  "tags": set(), "fresh": True}
        self.people[person["id"]] = person
        return person

    def apply(self, person, sent, changes, ignored):
        """Updates what is sent and keeps the rest; null removes."""
        self.apply_email(person, sent, ignored)
        self.apply_phone(person, sent)
        merge(person["names"], changes["names"])
        merge(person["postal"], changes["postal"])
        if any(value for value in changes["postal"].values()):
            # Also when the country was known: any part of an address without one means the US.
            person["postal"]["country"] = changes["postal"].get("country") or "US"
        for name, value in changes["fields"].items():
            self.apply_field(person, name, value, ignored)
        if person.pop("fresh", False):
            return
        # The dates are of whole seconds, and equal only as long as the person is new.
        person["modified"] = max(int(time.time()), person["created"] + 1)

    def apply_email(self, person, sent, ignored):
        email, status = self.email_of(sent), primary(sent, "email_addresses").get("status")
        if email and email != person["email"]:
            if email in self.by_email:
                ignored.append("email_addresses")
                return
            self.by_email.pop(person["email"], None)
            self.by_email[email] = person
            person["email"] = email
        if status in ("subscribed", "unsubscribed"):
            person["email_status"] = status

    def apply_phone(self, person, sent):
        phone, status = self.phone_of(sent), primary(sent, "phone_numbers").get("status")
        if "phone_numbers" in sent and sent["phone_numbers"] is None and person["email"]:
            self.by_phone.pop(person["phone"], None)
            person["phone"] = None
        if phone and phone != person["phone"]:
            holder = self.by_phone.pop(phone, None)
            if holder and holder["email"]:
                # Two people with addresses: the number moves from the older to the newer.
                holder["phone"] = None
            elif holder:
                # One of them is only a number: the two become one.
                del self.people[holder["id"]]
                person["names"] = {**holder["names"], **person["names"]}
                person["postal"] = {**holder["postal"], **person["postal"]}
                person["custom_fields"] = {**holder["custom_fields"], **person["custom_fields"]}
                person["tags"] |= holder["tags"]
            self.by_phone.pop(person["phone"], None)
            self.by_phone[phone] = person
            person["phone"] = phone
        if status in ("subscribed", "unsubscribed"):
            person["phone_status"] = status

    def apply_field(self, person, name, value, ignored):
        if name not in self.fields:
            if self.options.drop_unknown_fields:
                ignored.append(f"custom_fields.{name}")
                return
            self.fields[name] = rfc3339(time.time())
        merge(person["custom_fields"], {name: None if value is None else text_of(value)})

    def tag(self, person, add, remove, ignored):
        ignored += [f"add_tags.{tag}" for tag in add if tag not in self.tags]
        person["tags"] |= {tag for tag in add if tag in self.tags}
        person["tags"] -= set(remove)

    def seed(self, sent):
        """One person to start with: a dump's, or {"email":..., "phone":..., "status":...}."""
        sent = dict(sent)
        if "email" in sent:
            sent["email_addresses"] = [{"address": sent["email"], "status": sent.get("status")}]
        if "phone" in sent:
            sent["phone_numbers"] = [{"number": sent["phone"]}]
        self.fields.update({name: rfc3339(time.time()) for name in sent.get("custom_fields") or {}
                            if name not in self.fields})
        self.tags.update(sent.get("tags", []))
        email, phone = self.email_of(sent), self.phone_of(sent)
        if email in self.by_email or (not email and (not phone or phone in self.by_phone)):
            raise Refusal(400, {"error": f"cannot start with {email or phone or sent}"})
        changes = self.check(sent, [])
        person = self.create(sent.get("id"))
        self.apply(person, sent, changes, [])
        person["tags"].update(sent.get("tags", []))
        for name in ("created", "modified"):
            if f"{name}_date" in sent:
                date = datetime.strptime(sent[f"{name}_date"], "%Y-%m-%dT%H:%M:%SZ")
                person[name] = int(date.replace(tzinfo=timezone.utc).timestamp())

    # What is asked.

    def find(self, condition):
        """The people of filter=email_address eq '...', all of them without a filter."""
        if condition is None:
            return list(self.people.values())
        match = FILTER.fullmatch(condition)
        if not match:
            raise Refusal(400, {"error": f"Invalid filter: {condition}"})
        person = self.by_email.get(match[1].replace("''", "'").lower())
        return [person] if person else []

    def resource(self, person):
        """A person as the API shows it."""
        me = f"{self.options.url}/api/v2/people/{person['id']}"
        shown = {"identifiers": [f"action_network:{person['id']}"],
                 "created_date": rfc3339(person["created"]),
                 "modified_date": rfc3339(person["modified"]),
                 **person["names"]}
        shown.setdefault("languages_spoken", ["en"])
        shown["email_addresses"] = [] if not person["email"] else [
            {"primary": True, "address": person["email"], "status": person["email_status"]}]
        shown["phone_numbers"] = [] if not person["phone"] else [
            {"primary": True, "number": person["phone"], "number_type": "Mobile",
             "status": person["phone_status"]}]
        shown["postal_addresses"] = [{"primary": True, **person["postal"]}]
        shown["custom_fields"] = person["custom_fields"]
        shown["_links"] = {"self": {"href": me}, "osdi:taggings": {"href": f"{me}/taggings"}}
        return shown

    def dump(self):
        """Everybody, with what the API does not show beside it."""
        return [{"id": person["id"], **self.resource(person), "tags": sorted(person["tags"])}
                for person in self.people.values()]


def merge(into, values):
    for name, value in values.items():
        if value is None:
            into.pop(name, None)
        else:
            into[name] = value


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
                raise Refusal(400, {"error": f"no such fault: {kind}"})
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
                "most_in_a_second": self.most_in_a_second}


# ---- the service ----


class Sandbox:
    """Answers requests. One lock around all state; nothing waits while holding it."""

    SETTINGS = ("rate", "latency", "key", "drop_unknown_fields", "lenient_put")

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
            self.group.fields.update(dict.fromkeys(state["custom_fields"], rfc3339(time.time())))
            for person in state["people"]:
                self.group.seed(person)
            self.slack = state["slack"]

    def clear(self):
        self.group, self.slack = Group(self.options), []
        self.journal, self.accepted, self.refused = Journal(self.log_file), Window(), 0

    def save(self):
        if not self.options.state:
            return
        state = {"people": self.group.dump(), "tags": sorted(self.group.tags),
                 "custom_fields": sorted(self.group.fields), "slack": self.slack}
        with open(self.options.state + ".new", "w") as file:
            file.write(json.dumps(state, indent=1) + "\n")
        os.replace(self.options.state + ".new", self.options.state)

    def answer(self, request):
        """The response, or None: close the connection without one."""
        if request.path.startswith("/sandbox/"):
            with self.lock:
                try:
                    return self.control(request)
                except Refusal as refusal:
                    return Response(refusal.status, refusal.message, refusal.kind)
        service = "slack" if request.path.startswith("/slack/") else "api"
        with self.lock:
            now = time.monotonic()
            entry = self.journal.begin(request, now)
            limited = service == "api" and self.over_rate(now)
            fault = {} if limited else self.faults.draw(service, request)
        self.stop.wait(self.options.latency)
        with self.lock:
            kind = fault.get("kind", "").replace("slack-", "")
            entry.update(fault=fault.get("kind"), key=self.judge_key(request), id=None, did=None,
                         ignored=[], body=request.json)
            try:
                response = self.too_many(None) if limited else self.outcome(
                    service, request, entry, kind, fault)
            except Exception:
                self.journal.in_flight -= 1
                raise
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

    def too_many(self, retry_after):
        """429; every second one says for how long, unless the test does."""
        self.refused += 1
        if retry_after is None and self.refused % 2 == 0:
            retry_after = 1
        return Response(429, {"error": "Too many requests"}, "application/json", retry_after)

    def outcome(self, service, request, entry, kind, fault):
        """Carries the request out, unless its fault comes first; then the fault, if any."""
        before = kind in ("cut-before", "garbage") or kind.isdigit()
        response = None
        if not before:
            serve = self.serve_slack if service == "slack" else self.serve_api
            try:
                response = serve(request, entry)
            except Refusal as refusal:
                response = Response(refusal.status, refusal.message, refusal.kind)
        if kind.startswith("cut-"):
            return None
        if kind.startswith("garbage"):
            return Response(200, PAGE.format("Back in a moment"), HTML)
        if kind == "truncated":
            response.truncated = True
        elif kind[:3].isdigit():
            return self.faulty(service, int(kind[:3]), request, fault)
        return response

    def faulty(self, service, status, request, fault):
        retry_after = fault.get("retry_after")
        if service == "slack":
            words = {400: "invalid_payload", 403: "invalid_token", 404: "no_service",
                     410: "channel_is_archived", 429: "rate_limited"}
            return Response(status, words.get(status, "server_error"), "text/plain",
                            1 if status == 429 and "retry_after" not in fault else retry_after)
        if status == 429:
            return self.too_many(retry_after)
        if status == 503 and "retry_after" not in fault:
            retry_after = 1
        if status in (401, 403):
            return Response(status, self.key_message(request), "application/json", retry_after)
        if status == 404 or status > 500:
            return Response(status, page_of(status), HTML, retry_after)
        return Response(status, {"error": f"Sandbox fault {status}"}, "application/json",
                        retry_after)

    # The API.

    def judge_key(self, request):
        key = request.headers.get("osdi-api-token")
        return "missing" if key is None else "right" if key == self.options.key else "wrong"

    @staticmethod
    def key_message(request):
        key = request.headers.get("osdi-api-token", "")
        return {"error": f"API Key invalid or not present {key}".rstrip()}

    def serve_api(self, request, entry):
        if entry["key"] != "right":
            raise Refusal(403, self.key_message(request))
        path = request.path.rstrip("/")
        identifier = path[len("/api/v2/people/"):] if path.startswith("/api/v2/people/") else None
        routes = {"/api/v2": {"GET": self.entry_point},
                  "/api/v2/metadata/custom_fields": {"GET": self.custom_fields},
                  "/api/v2/people": {"GET": self.list_people, "POST": self.post_person}}
        route = routes.get(path)
        if identifier and "/" not in identifier:
            if identifier not in self.group.people:
                raise Refusal(404, page_of(404), HTML)
            entry["id"] = identifier
            route = {"GET": self.get_person, "PUT": self.put_person}
        if route is None:
            raise Refusal(404, page_of(404), HTML)
        if request.method not in route:
            raise Refusal(405, page_of(405), HTML)
        if request.method != "GET":
            self.check_body(request)
        return Response(200, route[request.method](request, entry))

    @staticmethod
    def check_body(request):
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("application/json", HAL):
            raise Refusal(400, {"error": "Content-Type must be application/json"})
        if not isinstance(request.json, dict):
            raise Refusal(400, {"error": "The body is not a JSON object"})

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

    def list_people(self, request, entry):
        page = request.query.get("page", "1")
        if not page.isdecimal() or int(page) < 1:
            raise Refusal(400, {"error": f"Invalid page: {page}"})
        found = self.group.find(request.query.get("filter"))
        page = int(page)
        shown = found[(page - 1) * PAGE_SIZE:page * PAGE_SIZE]
        if len(found) == 1:
            entry["id"] = found[0]["id"]
        here = f"{self.options.url}/api/v2/people"
        people = [self.group.resource(person) for person in shown]
        links = {"self": {"href": f"{here}?page={page}"},
                 "osdi:people": [person["_links"]["self"] for person in people]}
        if len(shown) == PAGE_SIZE:
            links["next"] = {"href": f"{here}?page={page + 1}"}
        # No totals: the real collection of people has none either.
        return {"per_page": PAGE_SIZE, "page": page, "_links": links,
                "_embedded": {"osdi:people": people}}

    def post_person(self, request, entry):
        person, new = self.group.sign_up(request.json, entry["ignored"])
        entry.update(id=person["id"], did="created" if new else "updated")
        return self.group.resource(person)

    def get_person(self, _request, entry):
        return self.group.resource(self.group.people[entry["id"]])

    def put_person(self, request, entry):
        person = self.group.people[entry["id"]]
        self.group.update(person, request.json, entry["ignored"])
        entry["did"] = "updated"
        return self.group.resource(person)

    def serve_slack(self, request, entry):
        if request.method != "POST":
            raise Refusal(405, "method_not_allowed", "text/plain")
        message = request.json
        if not isinstance(message, dict):
            raise Refusal(400, "invalid_payload", "text/plain")
        if not isinstance(message.get("text"), str) or not message["text"]:
            raise Refusal(400, "no_text", "text/plain")
        self.slack.append(message)
        entry["did"] = "posted"
        return Response(200, "ok", "text/plain")

    # For tests.

    def control(self, request):
        what = request.path[len("/sandbox/"):]
        if request.method == "GET":
            shown = {"ping": lambda: {"ping": "pong"}, "people": self.group.dump,
                     "log": lambda: sorted(self.journal.entries, key=lambda entry: entry["n"]),
                     "stats": self.journal.stats, "slack": lambda: self.slack,
                     "faults": lambda: {"random": self.faults.random, "next": self.faults.next}}
            if what in shown:
                return Response(200, shown[what](), "application/json")
        elif request.method == "POST":
            done = {"people": self.control_people, "faults": self.faults.configure,
                    "settings": self.control_settings, "save": lambda _wish: self.save(),
                    "reset": lambda _wish: (self.faults.reset(), self.clear())}
            if what in done:
                if request.text and request.json is None:
                    raise Refusal(400, {"error": "The body is not JSON"})
                done[what](request.json or {})
                return Response(200, {"ok": True}, "application/json")
        raise Refusal(404, {"error": f"no such control: {request.method} {what}"})

    def control_people(self, people):
        for person in people:
            self.group.seed(person)

    def control_settings(self, wish):
        for name, value in wish.items():
            if name == "tags":
                self.group.tags = set(value)
            elif name in self.SETTINGS:
                setattr(self.options, name, value)
            else:
                raise Refusal(400, {"error": f"no such setting: {name}"})


# ---- HTTP/1.1 ----


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
            raise Refusal(414, page_of(414), HTML)
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise Refusal(400, page_of(400), HTML)
    headers = {}
    while True:
        line = stream.readline(LINE_LIMIT)
        if line in (b"\r\n", b"\n"):
            break
        name, colon, value = line.decode("latin-1").partition(":")
        if not line.endswith(b"\n") or not colon or len(headers) > 100:
            raise Refusal(400, page_of(400), HTML)
        headers[name.lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise Refusal(501, page_of(501), HTML)
    length = headers.get("content-length", "0")
    if words[0] in ("POST", "PUT") and "content-length" not in headers:
        raise Refusal(411, page_of(411), HTML)
    if not length.isdecimal():
        raise Refusal(400, page_of(400), HTML)
    if int(length) > BODY_LIMIT:
        raise Refusal(413, page_of(413), HTML)
    body = stream.read(int(length))
    return Request(*words, headers, body) if len(body) == int(length) else None


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
            except Refusal as refusal:
                response, close = Response(refusal.status, refusal.message, refusal.kind), True
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
    add("--state", metavar="FILE", help="load it if it exists; write it on /sandbox/save and at "
        "the end")
    add("--log", metavar="FILE", help="append every request as a line of JSON")
    add("--with-parent", type=int, metavar="PID", help="end when this process has ended")
    return parser.parse_args(arguments)


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def main():
    options = parse_options(sys.argv[1:])
    options.url = None
    with Server(("127.0.0.1", options.port), Connection) as server:
        port = server.server_address[1]
        options.url = f"http://127.0.0.1:{port}"
        sandbox = server.sandbox = Sandbox(options)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sandbox.stop.set())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if options.port_file:
            with open(options.port_file + ".new", "w") as file:
                file.write(f"{port}\n")
            os.replace(options.port_file + ".new", options.port_file)
        print(options.url, flush=True)
        while not sandbox.stop.wait(0.25 if options.with_parent else None):
            if not alive(options.with_parent):
                break
        with sandbox.lock:
            sandbox.save()


if __name__ == "__main__":
    main()
