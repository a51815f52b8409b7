#!/usr/bin/env python3
"""Whether a group ends up right, whatever happens on the way.

Invents weeks of a chapter (chapter.py), runs the real pipe on each week's export (pipe.py) while
programs are killed, asked to end and paused, and while the sandbox Action Network fails in every way
it can (trouble.py), sometimes on an older export, sometimes with another field map; and compares
Action Network's people and the roster, after a last undisturbed run, with what sync() below says.
Everything but the moments at which things happen comes from a seed, which is printed.

An export that was begun may be given up for the next one, as it is when mails come faster than they
can be synced. Which of its changes Action Network has is then for nobody to know; what must be true
after the next one is what taken_back() says, and from there on sync() counts again.
"""

import argparse
import collections
import os
import random
import shutil
import sys
import tempfile
import time

from chapter import Chapter, address_of, is_members, mark_of
from pipe import COLUMNS, Pipe, Sandbox, Wrong, take_programs
from trouble import Calm, Trouble, calm_the_service, trouble_the_service

HERE = os.path.dirname(os.path.abspath(__file__))
FIELDS = {"given_name": "first_name", "locality": "city", "Phone": "phone", "AK_ID": "akid"}
MORE_FIELDS = {**FIELDS, "Called": "first_name"}  # of the other field map


# The row and the field map that were sent; None: begun. And whether nobody knows that there is such a member, since all
# that is known is that somebody new was begun.
Member = collections.namedtuple("Member", "row fields doubtful", defaults=[False])


# ---- the rules ----


def read(export):
    """The rows of an export's members by address, and the marks of those who have none."""
    rows, unknown = collections.defaultdict(list), []
    for row in filter(is_members, export):  # who shares an address, however they spell it, is one member
        address = address_of(row)
        if address:
            rows[address].append({**row, "email": address})
        else:
            unknown.append(mark_of(row))
    return rows, unknown


def sync(people, members, export, fields):
    """What a run makes of Action Network's people and of the members, both by address."""
    rows, unknown = read(export)
    gone = [address for address in sorted(members) if address not in rows]

    def recognise(mark, doubtful):
        """The first who would lapse and has the mark, once; None without one. Who is doubtful moves nowhere."""
        found = next((address for address in gone if mark_of(members[address].row) == mark
                      and (doubtful or not members[address].doubtful)), None)
        if found:
            gone.remove(found)
        return found

    for new, shared in rows.items():
        # Somebody new may be somebody who would lapse, at another address.
        old = recognise(mark_of(shared[0]), False) if new not in members or members[new].doubtful else None
        was = members.pop(old or new, Member({}, None))
        if was.row in shared and was.fields == fields:
            members[new] = was
            continue
        members[new] = Member(shared[0], fields)
        if old and new not in people:  # the address is free: the person takes it along
            people[new] = people.pop(old)
        for address in [new, old] if old in people else [new]:  # else it is the other one's
            person = people.setdefault(address, {})
            person.update({field: shared[0][column] for field, column in fields.items()
                           if shared[0][column] or was.row.get(column)})  # emptied: removed
            person["is_member"] = "True" if address == new else "False"
    held = {recognise(mark, True) for mark in unknown}  # who is there without an address stays as they are
    for lapsed in members.keys() - rows.keys() - held:
        if lapsed in people:
            people[lapsed]["is_member"] = "False"
        del members[lapsed]


def taken_back(people, members, was, given_up, export):
    """Tells what is wrong with Action Network's people after an export that came while others were given
    up half done. `was` is what people and members were before those."""
    known, old_members = was
    rows, unknown = read(export)
    held = {address for address, member in members.items() if address not in rows and mark_of(member.row) in unknown}
    if members.keys() - held != rows.keys():
        yield f"the roster has {sorted(members)}, the export {sorted(rows)}, and held are {sorted(held)}"
        return
    for address in (people.keys() | rows.keys()) - held:
        is_member = people.get(address, {}).get("is_member")
        if (is_member == "True") != (address in rows):
            yield f"{address}: is_member is {is_member}"
    for address in rows:
        row, fields = members[address].row, members[address].fields
        if row not in rows[address]:
            yield f"{address}: the roster's row is none of the export's"
        person = people.get(address, {})
        before = [old_members[address].row] if address in old_members else []
        # What they had since then, if they were themselves all the time, and who they are is certain.
        begun = [one for each in given_up for one in each if address_of(one) == address and is_members(one)]
        alone = len(before + begun) == 1 + len(given_up) and len({mark_of(one) for one in before + begun + [row]}) == 1
        for field, column in fields.items():
            if row[column]:
                if person.get(field) != row[column]:
                    yield f"{address}: {field} is {person.get(field)}, not {row[column]}"
            elif alone and len(rows[address]) == 1 and field in FIELDS:
                had = any(one[column] for one in before + begun)
                if person.get(field) != (None if had else known.get(address, {}).get(field) or None):
                    yield f"{address}: {field} is {person.get(field)}, and should be empty, or as it was"


# ---- what people do by hand, and the audit that puts it right ----


def edit(sandbox, dice, people, members):
    """Edits, deletes and adds people, in Action Network and in the model."""
    known = sorted(address for address, member in members.items() if member.fields)
    for address in dice.sample(known, min(len(known), dice.randint(0, 3))):
        kind = dice.choice(["given_name", "Phone", "is_member", "delete"])
        if kind == "delete":
            sandbox.ask("remove", [address])
            people[address] = {}
            continue
        people[address][kind] = "False" if kind == "is_member" else "by hand"
        sandbox.edit(address, {kind: people[address][kind]})
    stray = f"stray{dice.randrange(3)}@example.org"
    if dice.random() < 0.5 and stray not in people:
        sandbox.ask("people", [{"email": stray, "custom_fields": {"is_member": "True"}}])
        people[stray] = {"is_member": "True"}


def audit(people, members, fields):
    """What an audit that repairs makes of people: what a row has is there, and nobody else is a member. Those of whom a
    change was begun are left alone."""
    for address, member in members.items():
        if member.fields is None:
            continue
        people[address].update({field: member.row[column] for field, column in fields.items()
                                if member.row[column]}, is_member="True")
    for address, person in people.items():
        if address not in members and person.get("is_member") == "True":
            person["is_member"] = "False"


def try_audit(sandbox, pipe, dice, people, members, fields, export):
    calm_the_service(sandbox)
    edit(sandbox, dice, people, members)
    for _ in range(dice.randint(0, 2)):
        trouble_the_service(sandbox, dice, final=False)
        pipe.audit(Trouble(dice))
    calm_the_service(sandbox)
    if not pipe.audit(Calm()):
        raise Wrong("an undisturbed audit did not end well")
    audit(people, members, fields)
    try:
        check(sandbox, pipe, people, members, export)
    except Wrong as wrong:
        raise Wrong(f"after an audit: {wrong}") from None


# ---- one seed ----


def compare(what, is_now, should_be):
    if is_now == should_be:
        return
    lines = [f"{what} are not what they should be:"]
    for address in sorted({*is_now, *should_be}):
        if is_now.get(address) != should_be.get(address):
            lines.append(f"  {address}: {is_now.get(address)}\n    but should be {should_be.get(address)}")
    raise Wrong("\n".join(lines))


def check(sandbox, pipe, people, members, export):
    """Compares all there is with the model, after a run of the export."""
    without_empty = {address: {name: value for name, value in person.items() if value}
                     for address, person in people.items()}
    compare("Action Network's people", sandbox.people(), without_empty)
    roster = pipe.roster()
    compare("the roster's rows", {address: {**{column: row[column] for column in COLUMNS}, "email": address}
                                  for address, row in roster.items()},
            {address: member.row for address, member in members.items()})
    ids = {person["email_addresses"][0]["address"]: person["id"] for person in sandbox.ask("people")}
    compare("the roster's ids", {address: row["action_network_id"] for address, row in roster.items()
                                 if members[address].fields},
            {address: ids[address] for address, member in members.items() if member.fields})
    check_map(pipe, roster, export)


def check_map(pipe, roster, export):
    """Whoever is held is not sent, and so not by another map."""
    named, _ = read(export)
    maps = {address: roster[address]["action_network_map"] for address in named}
    if any(one != pipe.digest() for one in maps.values()):
        raise Wrong(f"the roster's field map is not the current one, {pipe.digest()}: {maps}")


def members_of(pipe, export):
    roster = pipe.roster()
    check_map(pipe, roster, export)
    return {address: Member({**{column: row[column] for column in COLUMNS}, "email": address},
                            pipe.fields.get(row["action_network_map"]), row["action_network_map"] == "begun-new")
            for address, row in roster.items()}


def begin(sandbox, dice, chapter):
    """A group that has some people already, who left the mailing list: these, and their ids."""
    calm_the_service(sandbox)
    sandbox.ask("reset", {})
    supporters = dice.sample(chapter.addresses, 3)
    sandbox.ask("people", [{"email": address, "status": "unsubscribed", "given_name": "Known"}
                           for address in supporters])
    return ({address: {"given_name": "Known"} for address in supporters},
            {person["id"] for person in sandbox.ask("people")})


def finish(pipe, sandbox, dice, export):
    """Runs an export until it is done: at last nothing is in its way."""
    for _ in range(dice.randint(0, 2)):
        trouble_the_service(sandbox, dice, final=False)
        if pipe.run(export, Trouble(dice, lethal=False)):
            return
    calm_the_service(sandbox)
    if not pipe.run(export, Calm()):
        raise Wrong("an undisturbed run did not end well")


def try_seed(seed, sandbox, directory, most_weeks):
    dice, hands = random.Random(seed), random.Random(f"by hand {seed}")
    chapter = Chapter(dice)
    people, supporters = begin(sandbox, dice, chapter)
    pipe, members, exports, fields = Pipe(directory, sandbox), {}, [], FIELDS
    pipe.use_map(fields)
    for _ in range(dice.randint(2, most_weeks)):
        given_up = []
        while dice.random() < 0.3:
            exports.append(chapter.week())
            trouble_the_service(sandbox, dice, final=dice.random() < 0.3)
            pipe.run(exports[-1], Trouble(dice))
            given_up.append(exports[-1])
        if not exports or dice.random() < 0.75:
            exports.append(chapter.week())
        export = exports[-1] if dice.random() < 0.8 else dice.choice(exports)
        fields = dice.choice([fields] * 3 + [FIELDS, MORE_FIELDS])
        pipe.use_map(fields)
        for _ in range(dice.randint(0, 2)):
            trouble_the_service(sandbox, dice, final=dice.random() < 0.3)
            pipe.run(export, Trouble(dice))
        finish(pipe, sandbox, dice, export)
        if not given_up:
            sync(people, members, export, fields)
            if hands.random() < 0.4:
                try_audit(sandbox, pipe, hands, people, members, fields, export)
            continue
        was, people, members = (people, members), sandbox.people(), members_of(pipe, export)
        wrong = list(taken_back(people, members, was, given_up, export))
        if wrong:
            raise Wrong("\n  ".join(["after exports that were given up:", *wrong]))
    calm_the_service(sandbox)
    before = sandbox.ask("stats")["requests"]
    if not pipe.run(export, Calm()):
        raise Wrong("an undisturbed run did not end well")
    if sandbox.ask("stats")["requests"] != before:
        raise Wrong("a run without changes has sent something")
    check(sandbox, pipe, people, members, export)
    for person in sandbox.ask("people"):
        if person["id"] in supporters and person["email_addresses"][0]["status"] != "unsubscribed":
            raise Wrong(f"somebody was put back on the mailing list: {person}")
    return pipe.runs


# ---- the program ----


def seeds(options):
    """Those asked for, else those that ever failed and then new ones until the time is over."""
    if options.seeds:
        yield from options.seeds
        return
    end = time.monotonic() + options.seconds
    with open(os.path.join(HERE, "seeds")) as file:
        yield from (int(line.split()[0]) for line in file if line.strip() and line[0] != "#")
    while time.monotonic() < end:
        yield random.SystemRandom().randrange(10 ** 9)


def main():
    os.umask(0o022)  # where a group may write, an-sync refuses to keep a roster
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20, help="of new seeds (20)")
    parser.add_argument("--weeks", type=int, default=6, help="at the most (6)")
    parser.add_argument("--keep", metavar="DIRECTORY", help="leave there what a run that was wrong had")
    parser.add_argument("seeds", type=int, nargs="*", metavar="SEED", help="try these only")
    options = parser.parse_args()
    tried = runs = 0
    with tempfile.TemporaryDirectory() as directory:
        take_programs(os.path.join(directory, "bin"))
        sandbox = Sandbox(directory)
        try:
            for seed in seeds(options):
                work = os.path.join(directory, f"{seed}.{tried}")
                os.mkdir(work)
                try:
                    runs += try_seed(seed, sandbox, work, options.weeks)
                except Wrong as wrong:
                    print(f"seed {seed}: {wrong}\nagain: {sys.argv[0]} {seed}", flush=True)
                    if options.keep:
                        shutil.copytree(work, os.path.join(options.keep, str(seed)), dirs_exist_ok=True)
                    sys.exit(1)
                tried += 1
                print(f"seed {seed}: ok", flush=True)
        finally:
            sandbox.close()
    print(f"{tried} seeds, {runs} runs of the pipe: all as it should be")


if __name__ == "__main__":
    main()
