"""The pipe that an-sync composes, and the sandbox that it talks to, for model.py."""

import contextlib
import csv
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request

from chapter import UNSEEN

HERE = os.path.dirname(os.path.abspath(__file__))
SANDBOX = os.path.join(HERE, "..", "sandbox", "actionnetwork.py")
PROGRAMS = ["csv-diff", "an-diff", "an-upsert", "an-lapse", "roster-dump", "roster-commit", "slack-notify"]
KEY = "model-key-that-opens-nothing"
COLUMNS = ["akid", "letter", "first_name", "city", "phone", "email"]  # of the export, beside list_date
PATIENCE = 120  # seconds for one run of the pipe
MOVED_FIRST = """/"action_network_map":"begun-moved-/ { print; next }
{ rest = rest $0 "\\n" }
END { printf "%s", rest }"""  # as an-sync does


class Wrong(Exception):
    """What must not be."""


def take_programs(directory):
    """Copies the programs, and looks for them there first: who builds others meanwhile disturbs nothing."""
    os.mkdir(directory)
    for name in PROGRAMS:
        shutil.copy(shutil.which(name) or name, directory)
    os.environ["PATH"] = f"{directory}:{os.environ['PATH']}"


class Pipe:
    """The pipe that an-sync composes, in a directory with a roster and two field maps."""

    STAGES = ["csv-diff", "roster-begin", "an-upsert", "an-lapse", "roster-commit", "slack-notify"]
    STATUSES = {0, 1, 65, 69, 74, 75, 77}

    def __init__(self, directory, sandbox):
        self.directory, self.runs = directory, 0
        self.environment = {**os.environ, "AN_API_KEY": KEY, "AN_API_URL": sandbox.url + "/api/v2",
                            "AN_STATE": directory, "LC_ALL": "C.UTF-8"}
        # The leak sanitizer stops a program that ends by ptrace, and waits for ever when a SIGCONT of ours takes that back.
        self.environment["ASAN_OPTIONS"] = f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"
        for name in ("AN_ROSTER", "SLACK_WEBHOOK_URL", "SLACK_WEBHOOK_URL_FILE", "AN_API_KEY_FILE"):
            self.environment.pop(name, None)
        self.columns, self.digests, self.fields = {}, {}, {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def use_map(self, fields):
        """Takes another field map."""
        path = self.path(f"map{len(fields)}.json")
        custom = {name: column for name, column in fields.items() if name not in ("given_name", "locality")}
        with open(path, "w") as file:
            json.dump({"email": "email", "given_name": "first_name", "locality": "city",
                       "custom_fields": {**custom, "is_member": {"value": "True"}}}, file)
        self.environment["AN_FIELD_MAP"] = path
        if path not in self.digests:
            self.columns[path] = self.output("an-upsert", "--print-columns")
            self.digests[path] = self.output("an-upsert", "--print-digest").strip()
            self.fields[self.digests[path]] = fields

    def digest(self):
        return self.digests[self.environment["AN_FIELD_MAP"]]

    def output(self, *command):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Wrong(f"{command[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def roster(self):
        """The members' rows by address, with the roster's two columns, and those of whom a run began to
        make members."""
        rows = csv.DictReader(self.output("roster-dump", "--begun").splitlines(keepends=True))
        return {row["email"].strip(UNSEEN).lower(): row for row in rows}

    def run(self, export, disturbance):
        """Runs it to its end. Returns whether all programs ended with 0."""
        self.runs += 1
        write_export(self.path("newer.csv"), export)
        with open(self.path("older.csv"), "wb") as older:
            dump = subprocess.Popen(["roster-dump", "--begun"], env=self.environment, stdout=older)
        if disturbance.hits("roster-dump"):
            time.sleep(disturbance.moment() / 10)
            dump.kill()
        if dump.wait() != 0:  # an-sync ends here, too
            return False
        return self.carry_out(self.commands(disturbance), disturbance)

    def audit(self, disturbance):
        """Compares the roster with Action Network itself, and repairs what differs: an-sync audit --repair."""
        self.runs += 1
        with open(self.path("roster.csv"), "wb") as roster:
            if subprocess.run(["roster-dump", "--begun"], env=self.environment, stdout=roster, check=False).returncode:
                return False
        if os.path.getsize(self.path("roster.csv")) == 0:
            return True
        options = disturbance.options()
        return self.carry_out({"an-diff": ["an-diff", "-r", "0", "-A", "roster.csv"], "an-upsert": ["an-upsert", *options],
                               "an-lapse": ["an-lapse", *options], "roster-commit": ["roster-commit"],
                               "tee": ["tee", "-p", "results.ndjson"], "slack-notify": ["slack-notify", "-n"]},
                              disturbance)

    def carry_out(self, commands, disturbance):
        """Runs the programs as one pipe. Returns whether all of them ended with 0."""
        processes, errors, source = {}, {}, subprocess.DEVNULL
        for name, command in commands.items():
            errors[name] = open(self.path(f"{name}.err"), "w+")
            sink = subprocess.PIPE if name != "slack-notify" else subprocess.DEVNULL
            processes[name] = subprocess.Popen(command, env=self.environment, stdin=source, stdout=sink,
                                               stderr=errors[name], cwd=self.directory)
            if source is not subprocess.DEVNULL:
                source.close()
            source = processes[name].stdout
        killed = disturbance.strike(processes)
        return self.judge(processes, errors, killed)

    def commands(self, disturbance):
        """The programs and their options. tee keeps what the second roster-commit has let through."""
        path = self.environment["AN_FIELD_MAP"]
        upsert, lapse = disturbance.options(), disturbance.options()
        return {"csv-diff": ["csv-diff", "-c", self.columns[path], "--follow", "akid", "--current",
                             f"action_network_map={self.digests[path]}", "--doubtful",
                             "action_network_map=begun-new", "--addresses", "--where", "letter=M",
                             "older.csv", "newer.csv"],
                "moved-first": ["awk", MOVED_FIRST],
                "roster-begin": ["roster-commit", "--begin"],
                "an-upsert": ["an-upsert", *upsert], "an-lapse": ["an-lapse", *lapse],
                "roster-commit": ["roster-commit"],
                "tee": ["tee", "-p", "results.ndjson"], "slack-notify": ["slack-notify", "-n"]}

    def judge(self, processes, errors, killed):
        """What must be true after every run."""
        statuses = {}
        for name, process in processes.items():
            with contextlib.suppress(subprocess.TimeoutExpired):
                statuses[name] = process.wait(PATIENCE)
            if name not in statuses:
                raise Wrong(f"{name} does not end:\n{give_up(processes)}")
            errors[name].seek(0)
            said = errors[name].read()
            errors[name].close()
            if KEY in said:
                raise Wrong(f"{name} printed the key: {said}")
            if name in killed and statuses[name] < 0:
                continue
            if name in self.STAGES and statuses[name] not in self.STATUSES:
                raise Wrong(f"{name} ended with {statuses[name]}: {said}")
        self.check_durable()
        return not any(statuses.values())

    def check_durable(self):
        """What roster-commit let through is in the roster."""
        roster = self.roster()
        with open(self.path("results.ndjson"), encoding="utf-8") as results:
            for line in results:
                if not line.endswith("\n"):
                    break  # tee was left with half of it
                record = json.loads(line)
                if record.get("result", {}).get("status") != "ok":
                    continue
                map_there = roster.get(record["key"], {}).get("action_network_map")
                if map_there != (record["result"]["map"] if record["change"] != "lapsed" else None):
                    raise Wrong(f"acknowledged, passed on, and not in the roster: {line}")


def give_up(processes):
    """Ends what is left of a pipe, and returns what each program was at."""
    left = {name: process for name, process in processes.items() if process.poll() is None}
    states = []
    for name, process in left.items():
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/stat") as stat, \
             open(f"/proc/{process.pid}/wchan") as wchan:
            states.append(f"  {name}: {stat.read().rpartition(')')[2].split()[0]} {wchan.read()}")
    for process in left.values():
        process.kill()
        process.wait()
    return "\n".join(states)


class Sandbox:
    def __init__(self, directory):
        self.errors = open(os.path.join(directory, "sandbox.err"), "w+")
        self.process = subprocess.Popen(
            # Slow is longer than what happens to the programs takes, and no longer: the tests of the engine wait longer.
            [sys.executable, "-B", SANDBOX, "--key", KEY, "--with-parent", str(os.getpid()), "--slow-seconds", "1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.url = self.process.stdout.readline().strip()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, what, wish=None):
        data = None if wish is None else json.dumps(wish).encode()
        with self.opener.open(f"{self.url}/sandbox/{what}", data, 30) as answer:
            return json.load(answer)

    def edit(self, address, values):
        """Changes a person's fields, as an organizer does."""
        identifier = next(person["id"] for person in self.ask("people")
                          if person["email_addresses"][0]["address"] == address)
        person = {"email_addresses": [{"address": address}],
                  "custom_fields": {name: value for name, value in values.items() if name != "given_name"},
                  **{name: value for name, value in values.items() if name == "given_name"}}
        request = urllib.request.Request(f"{self.url}/api/v2/people/{identifier}", json.dumps(person).encode(),
                                         {"Content-Type": "application/json", "OSDI-API-Token": KEY}, method="PUT")
        with self.opener.open(request, timeout=30):
            pass

    def people(self):
        """By address, as sync() has them, the empty left out."""
        found = {}
        for person in self.ask("people"):
            values = {"given_name": person.get("given_name"),
                      "locality": person["postal_addresses"][0].get("locality"), **person["custom_fields"]}
            found[person["email_addresses"][0]["address"]] = {
                name: value for name, value in values.items() if value}
        return found

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.errors.seek(0)
        said = self.errors.read()
        if said:
            raise Wrong(f"the sandbox had an error of its own:\n{said}")


def write_export(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "list_date"], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({**row, "list_date": time.monotonic()} for row in rows)
