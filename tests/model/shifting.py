#!/usr/bin/env python3
"""Whether an-diff says of everybody what is true, while people come and go and the pages shift.

Invents groups and exports, runs an-diff on each while the sandbox lets others come and go between the
pages and while some members are deleted, and compares what it says with judge() below. Of whoever goes
meanwhile, both is right; a member too many may be on no page, and is then left for the next time.
Everything but the moments comes from a seed, which is printed.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import tempfile
import threading
import time

from pipe import KEY, Sandbox, Wrong

FIELDS = ["email", "first_name", "phone"]


def judge(export, people):
    """What is true: of each address what is to be said, nothing of those who agree."""
    said = {address: "lapsed" for address, person in people.items()
            if person["is_member"] == "True" and address not in export}
    for address, row in export.items():
        person = people.get(address)
        if person is None:
            said[address] = "new"
        elif person != {"first_name": row["first_name"], "phone": row["phone"], "is_member": "True"}:
            said[address] = "updated"
    return said


def invent(dice):
    people, export = {}, {}
    for number in range(dice.randint(1, 160)):
        address = f"p{number}@example.org"
        row = {"email": address, "first_name": dice.choice(["Rosa", "Karl"]), "phone": str(number)}
        person = {"first_name": row["first_name"], "phone": row["phone"], "is_member": "True"}
        kind = dice.choices(["same", "missing", "edited", "none", "stray", "stranger"], [60, 10, 10, 5, 10, 10])[0]
        if kind in ("same", "missing", "edited", "none"):
            export[address] = row
        if kind == "edited":
            person[dice.choice(["first_name", "phone"])] = "other"
        if kind in ("none", "stranger"):
            person["is_member"] = dice.choice(["False", ""])
        if kind != "missing":
            people[address] = person
    export.setdefault("p0@example.org", {"email": "p0@example.org", "first_name": "Rosa", "phone": "0"})
    return people, export


def leave(sandbox, dice, leavers):
    for address in leavers:
        time.sleep(dice.random() * 0.02)
        sandbox.ask("remove", [address])


def run(sandbox, directory, export, options):
    with open(os.path.join(directory, "export.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(export.values())
    environment = {**os.environ, "AN_API_KEY": KEY, "AN_API_URL": sandbox.url + "/api/v2",
                   "AN_FIELD_MAP": os.path.join(directory, "map.json")}
    done = subprocess.run(["an-diff", "-r", "0", *options, "export.csv"], env=environment, cwd=directory,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"an-diff ended with {done.returncode}: {done.stderr}")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    said = {record["key"]: record["change"] for record in records[:-1]}
    if len(said) != len(records) - 1:
        raise Wrong("somebody was named twice")
    return said, records[-1]["summary"]


def try_seed(seed, sandbox, directory):
    dice = random.Random(seed)
    people, export = invent(dice)
    sandbox.ask("reset", {})
    sandbox.ask("settings", {"churn": dice.choice([0, 0.3, 1]), "latency": dice.choice([0, 0.005])})
    sandbox.ask("people", [{"email": address, "given_name": person["first_name"], "custom_fields":
                            {"Phone": person["phone"], "is_member": person["is_member"]}}
                           for address, person in people.items()])
    leavers = dice.sample(sorted(people), min(len(people), dice.choice([0, 0, 5])))
    leaving = threading.Thread(target=leave, args=(sandbox, dice, leavers))
    leaving.start()
    said, summary = run(sandbox, directory, export, ["-j", dice.choice(["1", "2", "8", "32"])])
    leaving.join()
    true = judge(export, people)
    gone = judge(export, {address: person for address, person in people.items() if address not in leavers})
    for address in sorted({*said, *true, *gone}):
        right = {true.get(address), gone.get(address)} if address in leavers else {true.get(address)}
        if true.get(address) == "lapsed":
            right.add(None)
        if said.get(address) not in right:
            raise Wrong(f"{address} is said to be {said.get(address)}, and is {right}")
    agreeing = sum(address not in true for address in export)
    if not leavers and summary["unchanged"] != agreeing:
        raise Wrong(f"{summary['unchanged']} are said to agree, and {agreeing} do")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200, help="with new seeds (200)")
    parser.add_argument("seeds", type=int, nargs="*", metavar="SEED", help="try these only")
    options = parser.parse_args()
    seeds = options.seeds or [random.SystemRandom().randrange(10 ** 9) for _ in range(options.runs)]
    with tempfile.TemporaryDirectory() as directory:
        with open(os.path.join(directory, "map.json"), "w") as file:
            json.dump({"email": "email", "given_name": "first_name",
                       "custom_fields": {"Phone": "phone", "is_member": {"value": "True"}}}, file)
        sandbox = Sandbox(directory)
        try:
            for seed in seeds:
                try:
                    try_seed(seed, sandbox, directory)
                except Wrong as wrong:
                    raise SystemExit(f"seed {seed}: {wrong}") from None
        finally:
            sandbox.close()
    print(f"{len(seeds)} runs: nobody wrongly said to be anything")


if __name__ == "__main__":
    main()
