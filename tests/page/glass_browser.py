"""The program in a process of its own, and its page in a browser that is listened to."""

import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager


class Server:
    """`tinygrad-mnist page` in a process of its own."""

    def __init__(self, *arguments, port=0):
        command = [sys.executable, "-m", "tinygrad_mnist", "page", *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, "--no-browser", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, line + self.process.stderr.read()
        self.address, self.port = found[0], int(found[1])

    def stop(self, how=signal.SIGINT):
        """End it; what it said on standard error."""
        self.process.send_signal(how)
        return self.process.communicate(timeout=30)[1]


@contextmanager
def served(*arguments, port=0):
    server = Server(*arguments, port=port)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@contextmanager
def opened(browser, address, expected=(), **options):
    """A page that is ready; fails if it says anything in the console but what is expected."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    page = context.new_page()
    said = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    try:
        yield page
    finally:
        context.close()
    strange = [text for text in said if not any(word in text for word in expected)]
    assert not strange, strange


def until(page, condition, seconds=30):
    """Wait until something is true in the page, whose policy forbids to evaluate it there again and again."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"not within {seconds} s: {condition}"
        time.sleep(0.05)
