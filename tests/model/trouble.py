"""What goes wrong, for model.py: with the programs and with the service."""

import signal
import time

from pipe import Pipe


class Calm:
    """Nothing does."""

    def hits(self, _program):
        return False

    def moment(self):
        return 0.1

    def options(self):
        return ["-r", "0"]

    def strike(self, _processes):
        return set()


class Trouble(Calm):
    """Programs that are killed, asked to end, or paused, at moments of chance."""

    def __init__(self, dice, lethal=True):
        self.dice = dice
        self.events = []
        for _ in range(dice.randint(0, 3)):
            kinds = ["kill", "kill", "term", "pause"] if lethal else ["pause"]
            event = (dice.choice(kinds), dice.choice(["roster-dump", *Pipe.STAGES]))
            # Who asks it to end asks those who send, too: what it does not note is not sent then.
            if event != ("term", "roster-begin"):
                self.events.append(event)

    def hits(self, program):
        return ("kill", program) in self.events

    def moment(self):
        return self.dice.choice([0.02, 0.1, 0.5]) * self.dice.random()

    def options(self):
        rate = self.dice.choice(["0", "0", "0", "300"])
        jobs = self.dice.choice(["1", "2", "8", "32"])
        deadline = ["--deadline", str(0.01 + self.moment())] if self.dice.random() < 0.1 else []
        return ["-r", rate, "-j", jobs, *deadline]

    def strike(self, processes):
        """Does it, and returns the programs that may have died of it."""
        struck = set()
        for kind, name in self.events:
            if name not in processes:
                continue
            time.sleep(self.moment())
            process = processes[name]
            if kind == "pause":
                process.send_signal(signal.SIGSTOP)
                time.sleep(self.moment())
                process.send_signal(signal.SIGCONT)
            else:
                struck.add(name)
                process.send_signal(signal.SIGKILL if kind == "kill" else signal.SIGTERM)
        return struck


PASSING = ["500", "500-applied", "503", "503-applied", "429", "cut-before", "cut-after", "slow", "garbage",
           "garbage-applied", "truncated"]
FINAL = ["400", "403", "404"]


def trouble_the_service(sandbox, dice, final):
    kinds = dice.sample(PASSING, dice.randint(0, 3)) + (dice.sample(FINAL, 1) if final else [])
    sandbox.ask("faults", {"reset": True, "seed": dice.randrange(10 ** 6),
                           "random": {kind: dice.choice([0.02, 0.1, 0.2]) for kind in kinds}})
    sandbox.ask("settings", {"latency": dice.choice([0, 0, 0.002, 0.02])})


def calm_the_service(sandbox):
    sandbox.ask("faults", {"reset": True})
    sandbox.ask("settings", {"latency": 0})
