#!/usr/bin/env python3
"""Runs a command again and again, and each time another one of its calls fails (fail.c): first the
first one, then the second, until there is none left to fail. Tells of every run that crashed, that
ended with a status that is none of the programs', that failed without a word, or that claimed success
though its output is not that of an undisturbed run.

Each run has a directory of its own, in which --check, a shell command, can look at what was left
behind; it finds the output in ./out and the status in $STATUS, and says what is wrong on stdout.
"""

import argparse
import concurrent.futures
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

STATUSES = {0, 1, 64, 65, 69, 74, 75, 77, 78}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--library", required=True, help="fail.c, compiled")
    add("--kind", default="alloc", choices=["alloc", "place", "write", "read", "sync", "sqlite"])
    add("--stride", type=int, default=1, help="try each STRIDEth call only")
    add("--all", action="store_true", help="all calls from then on fail")
    add("--input", default="/dev/null", help="standard input")
    add("--setup", help="a shell command to run in the directory first")
    add("--check", help="a shell command to run in the directory afterwards")
    add("--compare", default="cat", help="a shell filter for outputs before they are compared")
    add("--fatal", action="store_true", help="none of them can be done without, so no run may succeed")
    add("--least", type=int, default=1, help="so many calls there must be")
    add("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


class Torture:
    def __init__(self, options):
        self.options, self.counts, self.wrong = options, {}, 0

    def run(self, number):
        """Lets one call fail (none for 0). Returns whether there was one, the status, the output as
        --compare makes it, and what is wrong."""
        options = self.options
        directory = tempfile.mkdtemp(dir=os.getcwd())
        environment = dict(os.environ)
        report = os.path.join(directory, "failed")
        if options.setup:
            subprocess.run(options.setup, shell=True, cwd=directory, check=True)
        if number > 0:
            environment.update(FAIL_KIND=options.kind, FAIL_AT=str(number), FAIL_REPORT=report,
                               LD_PRELOAD=options.library, **({"FAIL_ALL": "1"} if options.all else {}))
        with open(options.input, "rb") as source, open(os.path.join(directory, "out"), "wb") as out:
            done = subprocess.run(options.command, cwd=directory, env=environment, stdin=source, stdout=out,
                                  stderr=subprocess.PIPE, timeout=90)
        output = subprocess.run(f"({options.compare}) <out", shell=True, cwd=directory, stdout=subprocess.PIPE).stdout
        wrong = []
        if options.check:
            said = subprocess.run(options.check, shell=True, cwd=directory, stdout=subprocess.PIPE,
                                  env={**os.environ, "STATUS": str(done.returncode)})
            wrong += [said.stdout.decode()] if said.stdout else []
        if done.returncode < 0:
            wrong.append(f"died of {signal.Signals(-done.returncode).name}: {done.stderr[:200]}")
        elif done.returncode not in STATUSES:
            wrong.append(f"ended with {done.returncode}: {done.stderr[:200]}")
        elif done.returncode != 0 and not done.stderr:
            wrong.append(f"ended with {done.returncode} without a word")
        failed = os.path.exists(report) and pathlib.Path(report).read_bytes() == b"x"
        shutil.rmtree(directory)
        return failed, done.returncode, output, wrong

    def judge(self, number, good, outcome):
        """Counts a run and tells what is wrong. Whether a call has failed in it."""
        failed, status, output, wrong = outcome
        if status == 0 and output != good:
            wrong.append("claimed success, with another output")
        if status == 0 and failed and self.options.fatal:
            wrong.append("claimed success without what it could not do")
        for what in wrong:
            self.wrong += 1
            print(f"{self.options.kind} {number}: {what}", flush=True)
        if failed:
            self.counts[status] = self.counts.get(status, 0) + 1
        return failed

    def go(self):
        _, status, good, wrong = self.run(0)
        if status != 0 or wrong:
            sys.exit(f"it fails without torture, too: status {status} {wrong}")
        width = os.cpu_count() or 1
        with concurrent.futures.ThreadPoolExecutor(width) as pool:
            numbers = itertools.count(1, self.options.stride)
            while True:
                some = list(itertools.islice(numbers, 4 * width))
                # Not any(): every run is judged.
                if not all([self.judge(number, good, outcome)
                            for number, outcome in zip(some, pool.map(self.run, some))]):
                    break
        runs = sum(self.counts.values())
        shown = ", ".join(f"{count} times status {status}" for status, count in sorted(self.counts.items()))
        print(f"{runs} {self.options.kind} calls failed: {shown}")
        if runs < self.options.least or self.wrong:
            sys.exit(1)


if __name__ == "__main__":
    Torture(parse()).go()
