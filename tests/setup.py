"""Talks with a program on a pseudo-terminal: setup.py SCRIPT COMMAND...

SCRIPT is JSON, a list of [what is awaited, what is typed], where "^C" is typed as Ctrl-C. All that the terminal showed goes
to standard output; the exit status is the program's, or 128 and its signal.
"""
import json
import os
import pty
import select
import signal
import sys
import time

script = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    # A test that runs in the background has SIGINT ignored; somebody at a terminal has not.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
seen, at, end = b"", 0, time.monotonic() + 60
while time.monotonic() < end:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    if script and script[0][0].encode() in seen[at:]:
        at = len(seen)
        time.sleep(0.2)  # until what asks has switched the echo off
        typed = script.pop(0)[1]
        os.write(terminal, b"\x03" if typed == "^C" else typed.encode() + b"\n")
sys.stdout.buffer.write(seen.replace(b"\r", b""))
sys.stdout.flush()
if script:
    print(f"never came: {script[0][0]}")
if script or time.monotonic() >= end:
    os.kill(pid, 9)
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
