"""A server of the tests, which ends with its parent."""

import os
import threading
import time


def alive(process):
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def serve(server, parent):
    """Prints the URL of a socketserver that listens on loopback, and serves until the parent has ended."""
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    while alive(parent):
        time.sleep(0.25)
