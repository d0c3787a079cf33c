"""The real program in a pseudo-terminal: pexpect holds the process, pyte reads what it drew."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pexpect
import pyte

WAIT = 20.0
"""seconds that a journey waits for something to appear: generous, as machines are noisy"""


class Terminal:
    """A program under a pseudo-terminal of ``size`` (rows, columns). Use as a context manager."""

    def __init__(
        self,
        *arguments: str,
        env: Mapping[str, str],
        size: tuple[int, int] = (24, 80),
        cwd: Path | None = None,
    ) -> None:
        rows, columns = size
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.process = pexpect.spawn(
            sys.executable,
            ["-m", "hf2ms_tui", *arguments],
            env={**clean_environment(), **env},
            dimensions=size,
            timeout=WAIT,
            cwd=str(cwd) if cwd else None,
        )

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
        self.process.close(force=True)

    @property
    def lines(self) -> list[str]:
        """The screen as it stands, one string per row without trailing blanks."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.lines)

    def pump(self, seconds: float = 0.05) -> None:
        """Read what was drawn until nothing comes for ``seconds``, or for two seconds at most."""
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            try:
                data = self.process.read_nonblocking(1 << 16, timeout=seconds)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
            self.raw += data
            self.stream.feed(data)

    def wait_for(self, what: str | Callable[[str], bool], timeout: float = WAIT) -> str:
        """Wait until the text is on the screen (or the predicate holds for it); fail with the screen otherwise."""
        until = time.monotonic() + timeout
        while True:
            self.pump()
            text = self.text
            if what(text) if callable(what) else re.search(what, text):
                return text
            if time.monotonic() > until:
                name = getattr(what, "__name__", "it") if callable(what) else repr(what)
                raise AssertionError(f"waited {timeout:.0f} s for {name}; the screen shows\n{text}")
            if not self.process.isalive():
                self.pump()
                if what(self.text) if callable(what) else re.search(what, self.text):
                    return self.text
                raise AssertionError(
                    f"the program ended while waiting for {what!r}; the screen shows\n{self.text}"
                )

    def press(self, *keys: str, pause: float = 0.25) -> None:
        """Press keys one after another, as far apart as a person would: names of ``KEYS`` or characters as they are."""
        for key in keys:
            self.process.send(KEYS.get(key, key))
            time.sleep(pause)
            self.pump()

    def press_until(self, key: str, what: str, timeout: float = WAIT) -> None:
        """Press a key that may have to wait for something, once a second, until it does what is expected."""
        until = time.monotonic() + timeout
        while not re.search(what, self.text):
            if time.monotonic() > until:
                raise AssertionError(f"{key} did not bring {what!r}; the screen shows\n{self.text}")
            self.press(key, pause=1.0)

    def type(self, text: str) -> None:
        """Type a text, a character at a time."""
        for char in text:
            self.process.send(char)
            time.sleep(0.02)
        self.pump(0.2)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window's size."""
        self.process.setwinsize(rows, columns)
        self.screen.resize(rows, columns)
        self.pump(0.5)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the program and wait for its end."""
        self.process.kill(number)
        self.ended()

    def ended(self, timeout: float = 10.0) -> int:
        """Wait for the program's end; its exit code, or minus the signal that ended it."""
        until = time.monotonic() + timeout
        while self.process.isalive():
            self.pump()
            if time.monotonic() > until:
                raise AssertionError(f"the program did not end; the screen shows\n{self.text}")
        self.pump()
        self.process.close()
        return (
            self.process.exitstatus
            if self.process.exitstatus is not None
            else -(self.process.signalstatus or 0)
        )

    @property
    def restored(self) -> bool:
        """Whether the last word on each mode was: main screen, cursor visible, mouse off."""
        last = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", self.raw))
        return (
            last.get(b"1049", b"l") == b"l"
            and last.get(b"25", b"h") == b"h"
            and all(last.get(mode, b"l") == b"l" for mode in (b"1000", b"1002", b"1003", b"1006", b"2004"))
        )


KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "tab": "\t",
    "end": "\x1b[F",
    "home": "\x1b[H",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "ctrl+c": "\x03",
    "backspace": "\x7f",
}


def clean_environment() -> dict[str, str]:
    """The environment without anything that changes what the program reads or draws."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "PYTHONPATH")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    return env | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,127.0.0.2",
    }
