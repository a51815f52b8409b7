"""The people of an Action Network group, and the rules by which requests change them."""

import bisect
import hashlib
import operator
import random
import re
import time
import uuid
from datetime import datetime, timezone

from wire import error, page, to_json

EMAIL = re.compile(r"[^\s@]+@[^\s@]+")
FILTER = re.compile(r"\s*(?:email_address\s+eq|(created|modified)_date\s+(eq|gt|ge|lt|le))"
                    r"\s+'((?:[^']|'')*)'\s*")
DATE = "%Y-%m-%dT%H:%M:%SZ"
POSTAL_FIELDS = ("address_lines", "locality", "region", "postal_code", "country")
NAME_FIELDS = ("given_name", "family_name", "languages_spoken")
CONTACT_FIELDS = ("email_addresses", "phone_numbers", "postal_addresses", "custom_fields")


REGIONS = {"massachusetts": "MA", "new york": "NY", "québec": "QC"}
COUNTRIES = {"united states": "US", "usa": "US", "canada": "CA"}


def own_way(name, value):
    """How a part of a postal address is stored with --normalize."""
    if not isinstance(value, str):
        return value
    if name == "postal_code":
        return re.sub(r"^(\d{5})-\d{4}$", r"\1", value)
    return {"region": REGIONS, "country": COUNTRIES}.get(name, {}).get(value.lower(), value)


def ascii_domain(address):
    """The address in lower case, its domain in ASCII."""
    local, at, domain = address.lower().rpartition("@")
    return local + at + domain.encode("idna").decode()


def rfc3339(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(DATE)


def seconds_of(date):
    try:
        return int(datetime.strptime(date, DATE).replace(tzinfo=timezone.utc).timestamp())
    except ValueError:
        raise error(400, f"Invalid date: {date}") from None


def place_of(person):
    """Where somebody stands among all: in no order that means anything, and always the same."""
    return hashlib.sha256(person["id"].encode()).digest(), person["id"]


def merge(into, values):
    """Sets what has a value and removes what is null."""
    into.update(values)
    for name in [name for name, value in values.items() if value is None]:
        del into[name]


def expect(value, kind, what):
    """The value, when it has the JSON type; null is allowed."""
    if value is not None and not isinstance(value, kind):
        raise error(400, f"{what} has the wrong type")
    return value


def primary(sent, name):
    """The entry of a list such as email_addresses that counts: a person has one."""
    entries = expect(sent.get(name), list, name) or []
    entries = [expect(entry, dict, name) or {} for entry in entries]
    return next((entry for entry in entries if entry.get("primary")), entries[0] if entries else {})


def text_of(value):
    """How Action Network stores a custom field's value: as a string."""
    return value if value is None or isinstance(value, str) else to_json(value)


def read_person(sent, ignored):
    """The changes that a person as sent asks for; refuses what is malformed."""
    expect(sent, dict, "person")
    ignored += sorted(set(sent) - {*NAME_FIELDS, *CONTACT_FIELDS})
    email = primary(sent, "email_addresses")
    address = expect(email.get("address"), str, "address")
    if address is not None and not EMAIL.fullmatch(address):
        raise error(400, f"Email address '{address}' is invalid")
    phone = primary(sent, "phone_numbers")
    digits = re.sub(r"\D", "", text_of(phone.get("number")) or "")
    postal = primary(sent, "postal_addresses")
    if sent.get("postal_addresses", ...) is None:
        postal = dict.fromkeys(POSTAL_FIELDS)
    expect(postal.get("address_lines"), list, "address_lines")
    expect(sent.get("languages_spoken"), list, "languages_spoken")
    for name in ("given_name", "family_name"):
        expect(sent.get(name), (str, int, float), name)
    fields = expect(sent.get("custom_fields"), dict, "custom_fields") or {}
    return {"email": address and address.lower(),  # stored in lower case
            "email_status": email.get("status"),
            "phone": ("1" + digits if len(digits) == 10 else digits) or None,
            "phone_status": phone.get("status"),
            "phone_removed": sent.get("phone_numbers", ...) is None,
            "names": {name: sent[name] for name in NAME_FIELDS if name in sent},
            "postal": {name: postal[name] for name in POSTAL_FIELDS if name in postal},
            "custom_fields": {name: text_of(value) for name, value in fields.items()}}


class Group:
    """The people of one Action Network group. Its caller holds the lock. What is dropped without a
    word is appended to `ignored`, for the log."""

    def __init__(self, options):
        self.options = options
        self.people, self.by_email, self.by_phone = {}, {}, {}
        self.places, self.passers, self.dice = [], [], random.Random(options.seed)
        self.tags, self.fields = set(options.tags), {}
        self.add_fields(options.custom_fields)

    def add_fields(self, names):
        for name in names:
            self.fields.setdefault(name, rfc3339(time.time()))

    def read(self, sent, ignored):
        """read_person, written in the group's own way with --normalize."""
        changes = read_person(sent, ignored)
        if self.options.normalize:
            known = {name.lower(): name for name in self.fields}
            changes["email"] = changes["email"] and ascii_domain(changes["email"])
            changes["postal"] = {name: own_way(name, value)
                                 for name, value in changes["postal"].items()}
            changes["custom_fields"] = {known.get(name.lower(), name): value
                                        for name, value in changes["custom_fields"].items()}
        return changes

    def sign_up(self, body, ignored):
        """POST /people: the person signup helper. Returns the person and whether it is new."""
        if not isinstance(body.get("person"), dict):
            raise error(400, "person is missing")
        ignored += sorted(set(body) - {"person", "add_tags", "remove_tags"})
        add, remove = ({text_of(tag) for tag in expect(body.get(name), list, name) or []}
                       for name in ("add_tags", "remove_tags"))
        changes = self.read(body["person"], ignored)
        email, phone = changes["email"], changes["phone"]
        if not email and not phone:
            raise error(400, "A person needs an email address or a phone number")
        person, holder = self.by_email.get(email), self.by_phone.get(phone)
        if person is None and holder and (email is None or holder["email"] is None):
            person = holder
        new = person is None
        if new:
            person = self.create()
        else:
            self.touch(person)
        self.apply(person, changes, ignored)
        ignored += sorted(f"add_tags.{tag}" for tag in add - self.tags)
        person["tags"] = (person["tags"] | (add & self.tags)) - remove
        return person, new

    def update(self, person, sent, ignored):
        """PUT /people/UUID. The body is the bare person, not wrapped as the helper's is."""
        if set(sent) == {"custom_fields"} and not self.options.lenient_put:
            raise page(500)
        self.apply(person, self.read(sent, ignored), ignored)
        self.touch(person)

    def create(self, identifier=None):
        now = int(time.time())
        person = {"id": identifier or str(uuid.uuid4()), "created": now, "modified": now,
                  "email": None, "email_status": "subscribed",
                  "phone": None, "phone_status": "unsubscribed",
                  "names": {}, "postal": {}, "custom_fields": {}, "tags": set()}
        self.people[person["id"]] = person
        bisect.insort(self.places, place_of(person))
        return person

    def forget(self, person):
        """Somebody is deleted: whoever stands behind moves up."""
        del self.people[person["id"]]
        self.places.remove(place_of(person))
        for index, value in ((self.by_email, person["email"]), (self.by_phone, person["phone"])):
            if index.get(value) is person:
                del index[value]

    def remove(self, emails):
        """As an organizer deletes people, or merges them into others."""
        for email in emails:
            if email not in self.by_email:
                raise error(400, f"nobody has the address {email}")
            self.forget(self.by_email[email])

    def churn(self):
        """Somebody who has nothing to do with anybody comes or goes; so the pages shift."""
        if self.passers and self.dice.random() < 0.5:
            passer = self.passers.pop(self.dice.randrange(len(self.passers)))
            if self.people.get(passer["id"]) is passer:
                self.forget(passer)
            return
        passer = self.create(str(uuid.UUID(int=self.dice.getrandbits(128), version=4)))
        passer["email"] = f"passer-{passer['id']}@example.net"
        self.by_email[passer["email"]] = passer
        self.passers.append(passer)

    @staticmethod
    def touch(person):
        """The dates are of whole seconds, and equal only as long as the person is new."""
        person["modified"] = max(int(time.time()), person["created"] + 1)

    def apply(self, person, changes, ignored):
        """Updates what is sent and keeps the rest; null removes."""
        email = changes["email"]
        taken = email and self.by_email.get(email, person) is not person
        if taken and self.options.refuse_taken:
            raise error(400, "Email address has already been taken")
        if taken:
            ignored.append("email_addresses")
        elif email:
            self.by_email.pop(person["email"], None)
            self.by_email[email] = person
            person["email"] = email
        self.apply_phone(person, changes)
        for name in ("email_status", "phone_status"):
            if changes[name] in ("subscribed", "unsubscribed"):
                person[name] = changes[name]
        merge(person["names"], changes["names"])
        merge(person["postal"], changes["postal"])
        if any(changes["postal"].values()):
            # Also when the country was known: any part of an address without one means the US.
            person["postal"]["country"] = changes["postal"].get("country") or "US"
        fields = changes["custom_fields"]
        if self.options.drop_unknown_fields:
            ignored += [f"custom_fields.{name}" for name in fields if name not in self.fields]
            fields = {name: value for name, value in fields.items() if name in self.fields}
        self.add_fields(fields)
        merge(person["custom_fields"], fields)

    def apply_phone(self, person, changes):
        phone = changes["phone"]
        if changes["phone_removed"] and person["email"]:
            self.by_phone.pop(person["phone"], None)
            person["phone"] = None
        if not phone or phone == person["phone"]:
            return
        holder = self.by_phone.pop(phone, None)
        if holder and holder["email"]:
            # Two people with addresses: the number moves from the older to the newer.
            holder["phone"] = None
        elif holder:
            # One of them is only a number: the two become one.
            self.forget(holder)
            for part in ("names", "postal", "custom_fields"):
                person[part] = {**holder[part], **person[part]}
            person["tags"] |= holder["tags"]
        self.by_phone.pop(person["phone"], None)
        self.by_phone[phone] = person
        person["phone"] = phone

    def seed(self, sent):
        """One person to start with: a dump's, or {"email":..., "phone":..., "status":...}."""
        sent = dict(expect(sent, dict, "person"))
        if "email" in sent:
            sent["email_addresses"] = [{"address": sent["email"], "status": sent.get("status")}]
        if "phone" in sent:
            sent["phone_numbers"] = [{"number": sent["phone"]}]
        changes = self.read(sent, [])
        email, phone = changes["email"], changes["phone"]
        if email in self.by_email or phone in self.by_phone or not (email or phone):
            raise error(400, f"cannot start with {to_json(sent)}")
        self.add_fields(changes["custom_fields"])
        person = self.create(sent.get("id"))
        self.apply(person, changes, [])
        person["tags"].update(sent.get("tags", []))
        self.tags |= person["tags"]
        for name in ("created", "modified"):
            if f"{name}_date" in sent:
                person[name] = seconds_of(sent[f"{name}_date"])

    def find(self, condition):
        """The people of filter=email_address eq '...', or of one by a date; all of them without."""
        everybody = (self.people[identifier] for _, identifier in self.places)
        if condition is None:
            return list(everybody)
        match = FILTER.fullmatch(condition)
        if not match:
            raise error(400, f"Invalid filter: {condition}")
        date, comparison, value = match[1], match[2], match[3].replace("''", "'")
        if date:
            bound, compare = seconds_of(value), getattr(operator, comparison)
            return [person for person in everybody if compare(person[date], bound)]
        address = ascii_domain(value) if self.options.normalize else value.lower()
        person = self.by_email.get(address)
        return [person] if person else []

    def resource(self, person):
        """A person as the API shows it."""
        me = f"{self.options.url}/api/v2/people/{person['id']}"
        email = {"primary": True, "address": person["email"], "status": person["email_status"]}
        phone = {"primary": True, "number": person["phone"], "number_type": "Mobile",
                 "status": person["phone_status"]}
        return {"identifiers": [f"action_network:{person['id']}"],
                "created_date": rfc3339(person["created"]),
                "modified_date": rfc3339(person["modified"]),
                "languages_spoken": ["en"], **person["names"],
                "email_addresses": [email] if person["email"] else [],
                "phone_numbers": [phone] if person["phone"] else [],
                "postal_addresses": [{"primary": True, **person["postal"]}],
                "custom_fields": person["custom_fields"],
                "_links": {"self": {"href": me}, "osdi:taggings": {"href": f"{me}/taggings"}}}

    def dump(self):
        """Everybody, with what the API does not show beside it."""
        return [{"id": person["id"], **self.resource(person), "tags": sorted(person["tags"])}
                for person in self.people.values()]
