"""Starts the sender, the server and the page, delivers the mails, and takes all of it away again.

usage: demo.py --build DIR [--port N] [--check]
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import mails
import sender
import server
import story
import watch

# The sender's own address: the only private one that the server may go to.
SENDER_ADDRESS = "127.0.0.3"


@contextlib.contextmanager
def stage(build):
    """A folder, a sender and a running server; none of it outlives the block."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="shoji-try-"))
    with contextlib.ExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        spy = sender.Sender(SENDER_ADDRESS)
        ending.callback(spy.stop)
        shojid = server.Server(build, folder, spy.address)
        ending.callback(shojid.stop)
        shojid.start()
        ending.callback(deaf)
        yield story.Story(spy, shojid)


def show(a_story, port):
    """Delivers all mails, opens the page and serves it until somebody ends us."""
    for name in mails.MAILS:
        if not a_story.deliver(name):
            print(f"demo: not every picture of {name} was fetched\n{a_story.server.last_words()}",
                  file=sys.stderr)
    page = watch.Watch(a_story, port)
    print(f"\n  {page.url}\n\n  Open it in a browser on this machine; Ctrl-C ends the demo.",
          flush=True)
    if os.environ.get("SSH_CONNECTION"):
        spy, shoji = a_story.sender, a_story.server
        print("  From afar:  ssh"
              f" -L {page.place}:{page.place}"
              f" -L 127.0.0.1:{shoji.port}:127.0.0.1:{shoji.port}"
              f" -L {spy.address}:{spy.port}:{spy.address}:{spy.port} THIS-MACHINE", flush=True)
    display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if display and shutil.which("xdg-open"):
        nothing = subprocess.DEVNULL
        subprocess.Popen(["xdg-open", page.url], stdin=nothing, stdout=nothing, stderr=nothing,
                         start_new_session=True)
    try:
        threading.Event().wait()
    finally:
        page.stop()


def end(number, frame):
    raise KeyboardInterrupt


def deaf():
    """Taking down needs a second or two; an impatient second Ctrl-C must not cut it short."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main():
    parser = argparse.ArgumentParser(description="Shoji's demo: what does the sender learn?")
    parser.add_argument("--build", required=True, help="the build directory")
    parser.add_argument("--port", type=int, default=0, help="of the page (default: any free one)")
    parser.add_argument("--check", action="store_true", help="assert it instead of showing it")
    options = parser.parse_args()
    if not 0 <= options.port <= 65535:
        parser.error("--port: 0 to 65535")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # also when started with "&"
        signal.signal(number, end)
    try:
        if options.check:
            import check
            return check.run(options.build)
        with stage(options.build) as a_story:
            show(a_story, options.port)
    except KeyboardInterrupt:
        print("\nEnded; nothing is left running.")
    except (server.ServerError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
